"""Renames: declared ones come first, so that what follows sees one object; undeclared ones are suspected and told.

https://www.postgresql.org/docs/current/sql-altertable.html (RENAME). A rename is never a drop and an add: that would lose the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from colonnade.core.diff import Change
from colonnade.core.errors import Unsupported
from colonnade.core.hazards import BREAKS_CLIENTS, LOOKS_LIKE_RENAME, hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.planning import names
from colonnade.engines.postgres.statement import Part, name, printed, q, step, text, value

WORDS: dict[str, tuple[LiteralString, tuple[str, ...]]] = {
    "Schema": ("SCHEMA", ("schema",)),
    "Table": ("TABLE", ("table", "foreign table")),
    "View": ("VIEW", ("view",)),
    "MaterializedView": ("MATERIALIZED VIEW", ("materialized view",)),
    "Index": ("INDEX", ("index",)),
    "Sequence": ("SEQUENCE", ("sequence",)),
    "Type": ("TYPE", ("enum", "composite type", "range", "domain", "base type")),
    "Function": ("ROUTINE", ("function", "procedure", "aggregate")),
}
TABLES = ("Table", "View", "MaterializedView")
PARTS: dict[str, tuple[LiteralString, tuple[str, ...]]] = {
    "Column": ("COLUMN", ("column",)),
    "Constraint": ("CONSTRAINT", ("check", "primary key", "unique", "exclusion", "foreign key")),
    "Trigger": ("TRIGGER", ("trigger",)),
    "Policy": ("POLICY", ("policy",)),
}


@dataclass(frozen=True)
class Rename:
    """One declared rename with full names: what sort, within which table or type, from, to."""

    sort: str
    within: tuple[str, ...]
    old: tuple[str, ...]
    new: tuple[str, ...]

    @classmethod
    def declared(cls, spec: Any, one: Any) -> Rename:
        """As a PostgresSchemaSpec says it."""
        if one.kind in PARTS or one.kind == "EnumValue":
            return cls(one.kind, spec.placed(one.table or one.type), (one.from_,), (one.to,))
        if one.kind == "Schema":
            return cls(one.kind, (), (one.from_,), (one.to,))
        return cls(one.kind, (), spec.placed(one.from_), spec.placed(one.to))

    def sources(self, model: Model) -> Iterator[ObjectId]:
        """The objects of the model that it is about, under their old names."""
        return self._called(self.old, model)

    def _called(self, called: tuple[str, ...], model: Model) -> Iterator[ObjectId]:
        kinds = (WORDS | PARTS).get(self.sort, ("", ()))[1]
        for oid, spec in model.objects.items():
            if oid.kind not in kinds:
                continue
            own = (oid.name[0], spec.function) if self.sort == "Function" else oid.name
            if own == (*self.within, *called):
                yield oid

    def knows(self, called: tuple[str, ...], model: Model) -> bool:
        """Whether there is anything in the model that it could be about, by this name."""
        if self.sort == "EnumValue":
            spec = model.objects.get(ObjectId("enum", self.within))
            return spec is not None and called[0] in spec.labels
        return next(self._called(called, model), None) is not None

    def __str__(self) -> str:
        """As it is declared."""
        within = f"{'type' if self.sort == 'EnumValue' else 'table'}: {'.'.join(self.within)}, " if self.within else ""
        return f"renames: {{kind: {self.sort}, {within}from: {'.'.join(self.old)}, to: {'.'.join(self.new)}}}"


def due(declared: Iterable[Rename], model: Model, wanted: Model) -> list[Rename]:
    """Those of one table, or of whole objects, that are not yet carried out: each after the one that frees its name. Raises Unsupported.

    A name that is to be given up and is there may be that of another by now; then the new name is there as well, and both are declared.
    """
    left = [r for r in declared if r.knows(r.old, model)]
    for one in left:
        if not one.knows(one.new, wanted):
            raise Unsupported(f"{one}: {'.'.join(one.new)} is declared nowhere; declare it, or take the rename out")
    over = [r for r in left if r.knows(r.new, model) and r.knows(r.old, wanted)]
    while carried_out := [r for r in over if r in left and not _freed(r, left)]:
        left = [r for r in left if r not in carried_out]
    found: list[Rename] = []
    while left:
        free = [r for r in left if not _freed(r, left)]
        if not free:
            raise Unsupported(
                f"{left[0]}: names are to be exchanged, and nothing that is there can tell whether they were; give one a third name first, "
                "and the names that are wanted in a later change"
            )
        for one in free:
            if one.knows(one.new, model) and not any(r.new != one.new and r.old == one.new for r in found):
                raise Unsupported(
                    f"{one}: both are there; take the rename out where it was carried out, or let one of them go first"
                )
        found += free
        left = [r for r in left if r not in free]
    return found


def _freed(one: Rename, renames: Iterable[Rename]) -> bool:
    """Whether the name that it gives is one that another of these gives up."""
    return any((r.sort, r.within, r.old) == (one.sort, one.within, one.new) for r in renames)


def steps(model: Model, renames: Iterable[Rename]) -> Iterator[Step]:
    """The statements for those renames whose old name is still there."""
    for one in renames:
        if one.sort == "EnumValue":
            yield from _label(model, one)
            continue
        for oid in one.sources(model):
            yield from _rename(oid, one, model.objects[oid])


def _label(model: Model, one: Rename) -> Iterator[Step]:
    oid = ObjectId("enum", one.within)
    spec = model.objects.get(oid)
    if spec and one.old[0] in spec.labels and one.new[0] not in spec.labels:
        rename = [
            q("ALTER TYPE {} RENAME VALUE {} TO {}", name(*one.within), value(a), value(b))
            for a, b in ((*one.old, *one.new), (*one.new, *one.old))
        ]
        yield step(oid, rename[0], undo=rename[1], hazards=(hazard(BREAKS_CLIENTS, oid),))


def _rename(oid: ObjectId, one: Rename, spec: Any) -> Iterator[Step]:
    risk = (
        ()
        if oid.kind in ("index", "sequence", "check", "foreign key", "trigger", "policy")
        else (hazard(BREAKS_CLIENTS, oid),)
    )
    if one.sort in PARTS:
        there, back = (_within(one, a, b) for a, b in ((one.old[0], one.new[0]), (one.new[0], one.old[0])))
        yield step(oid, there, undo=back, hazards=risk)
        return
    word = printed(WORDS[one.sort][0])
    tail = q("({})", printed(spec.arguments)) if one.sort == "Function" else q("")
    if one.old[-1] != one.new[-1]:
        yield step(
            oid,
            q("ALTER {} {}{} RENAME TO {}", word, name(*one.old), tail, name(one.new[-1])),
            hazards=risk,
            undo=q("ALTER {} {}{} RENAME TO {}", word, name(*one.old[:-1], one.new[-1]), tail, name(one.old[-1])),
        )
    if one.old[:-1] != one.new[:-1]:
        yield step(
            oid,
            q("ALTER {} {}{} SET SCHEMA {}", word, name(one.old[0], one.new[-1]), tail, name(one.new[0])),
            hazards=risk,
            undo=q("ALTER {} {}{} SET SCHEMA {}", word, name(*one.new), tail, name(one.old[0])),
        )


def _within(one: Rename, old: str, new: str) -> Part:
    table = name(*one.within)
    if one.sort in ("Trigger", "Policy"):
        return q("ALTER {} {} ON {} RENAME TO {}", printed(PARTS[one.sort][0]), name(old), table, name(new))
    return q("ALTER TABLE {} RENAME {} {} TO {}", table, printed(PARTS[one.sort][0]), name(old), name(new))


def by_old_names(question: str, renames: Iterable[Rename]) -> str:
    """The question as it is put before anything is called otherwise: of tables by the names that they have until then."""
    tables = {_quoted(one.new): _quoted(one.old) for one in renames if one.sort in TABLES}
    schemas = {_quoted(one.new) + ".": _quoted(one.old) + "." for one in renames if one.sort == "Schema"}
    return _asked_of(schemas, _asked_of(tables, question))


def _asked_of(names: Mapping[str, str], question: str) -> str:
    new = "|".join(rf'(?<![".])(?:{re.escape(n)})' for n in names)
    return re.sub(new, lambda found: names[found[0]], question) if new else question


def _quoted(called: tuple[str, ...]) -> str:
    return text(name(*called))


def suspected(steps: Sequence[Step], changes: Iterable[Change], old: Model, new: Model) -> list[Step]:
    """The steps, with those drops marked that look like one half of a rename, and the line that would declare it."""
    changes = list(changes)
    told: dict[str, str] = {}
    for gone in (c for c in changes if c.new is None):
        for come in (c for c in changes if c.old is None and c.id.kind == gone.id.kind):
            if line := _looks_like(gone, come, old, new):
                told.setdefault(str(gone.id), line)
    return [_marked(s, told) for s in steps]


def _marked(one: Step, told: dict[str, str]) -> Step:
    if one.subject in told and any(h.code == "DELETES_DATA" for h in one.hazards):
        found = hazard(LOOKS_LIKE_RENAME, one.subject)
        return one.with_hazard(replace(found, safe_way=f"if it is one, declare it: {told[one.subject]}"))
    return one


def _looks_like(gone: Change, come: Change, old: Model, new: Model) -> str:
    """The line to declare, where the two have the same shape."""
    kind, a, b = gone.id.kind, gone.id.name, come.id.name
    if kind == "column" and a[:2] == b[:2] and gone.old.type == come.new.type:
        return f"renames: [{{kind: Column, table: {'.'.join(a[:2])}, from: {a[2]}, to: {b[2]}}}]"
    if kind == "table" and _columns(old, a) and _columns(old, a) == _columns(new, b) and _one_place(a, old, b, new):
        return f"renames: [{{kind: Table, from: {'.'.join(a)}, to: {'.'.join(b)}}}]"
    return ""


def _one_place(a: tuple[str, ...], old: Model, b: tuple[str, ...], new: Model) -> bool:
    """Whether not both are partitions, for rows of their own each: one that goes out of use is not the one for what is to come."""
    was, now = (getattr(m.objects.get(ObjectId("inheritance", t)), "bound", None) for m, t in ((old, a), (new, b)))
    return not (was and now) or was == now


def _columns(model: Model, table: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(o.name[2], s.type) for o, s in model.objects.items() if o.kind == "column" and o.name[:2] == table}


ALIKE = ("index", "check", "primary key", "unique", "exclusion", "foreign key", "trigger", "policy")
"""Kinds that hold no data of their own and are one object when all but the name is the same: the name is changed, nothing rebuilt."""


def alike(changes: Iterable[Change], model: Model) -> Iterator[Step]:
    """Renames for what would else be dropped and made again just as it was."""
    changes = list(changes)
    taken = {key for o, spec in model.objects.items() for key in names.taken(o, spec, EVERY_NAME)}
    gone: dict[Any, list[Change]] = {}
    for c in changes:
        if c.new is None and c.id.kind in ALIKE:
            gone.setdefault((c.id.kind, _home(c.id, c.old), _nameless(c.old)), []).append(c)
    for c in changes:
        if c.old is not None or c.id.kind not in ALIKE or getattr(c.new, "inherited", False):
            continue
        same = gone.get((c.id.kind, _home(c.id, c.new), _nameless(c.new)), [])
        if same and not _wanted(c, same[-1]) & taken and not _part(same[-1].id, model):
            yield _called(same.pop().id, c.id)


def _nameless(spec: Any) -> Any:
    """As it is by any name, which the definition of a trigger begins with; that of a constraint's has the constraint's, too."""
    if getattr(spec, "enabled", None) is None or spec.constraint:
        return spec
    return replace(spec, definition=NAME_OF_A_TRIGGER.sub("", spec.definition, count=1))


NAME_OF_A_TRIGGER = re.compile(r'(?<=^CREATE TRIGGER )(?:"(?:[^"]|"")+"|\S+)')
EVERY_NAME = 180000
"""The server's version from which on NOT NULL has a name, too."""


def _wanted(come: Change, gone: Change) -> set[tuple[str, ...]]:
    """The names that the new one takes up and the old one does not."""
    new, old = (set(names.taken(o, s, EVERY_NAME)) for o, s in ((come.id, come.new), (gone.id, gone.old)))
    return new - old


def _home(oid: ObjectId, spec: Any) -> tuple[str, ...]:
    return (oid.name[0], *spec.table) if oid.kind == "index" else oid.name[:2]


def _part(oid: ObjectId, model: Model) -> bool:
    """Whether it is a part of a partitioned index, which is told by its place there."""
    return ObjectId("index attachment", (oid.name[0], oid.name[-1])) in model.objects


def _called(old: ObjectId, new: ObjectId) -> Step:
    if old.kind in ("trigger", "policy"):
        ways = ((old, new), (new, old))
        there, back = (_within(Rename(old.kind.title(), a.name[:2], (), ()), a.name[2], b.name[2]) for a, b in ways)
    elif old.kind == "index":
        there, back = (
            q("ALTER INDEX {} RENAME TO {}", name(*a.name), name(b.name[-1])) for a, b in ((old, new), (new, old))
        )
    else:
        table = name(*old.name[:2])
        there, back = (
            q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, name(a.name[-1]), name(b.name[-1]))
            for a, b in ((old, new), (new, old))
        )
    return step(old, there, undo=back)
