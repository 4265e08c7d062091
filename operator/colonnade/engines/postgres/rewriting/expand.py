"""Expand and contract: a column of a large table gets another type while the table serves.

A second column, the successor, follows the first by a trigger; the rows that are there are filled in slices; its indexes and constraints
are built beside the old ones; then, in one short transaction, all of them take the old ones' place and names. Until then the second
column shows only to who asks for all columns (`SELECT *`), no reader of ours sees it, and every step can be run again: a run that was cut short begins anew and finds done what is done.
https://www.postgresql.org/docs/current/sql-altertable.html (Notes: a change of type rewrites the table under an exclusive lock)
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from colonnade.core.hazards import FILLS_COLUMN, MOVES_COLUMN, TIGHTENS_RULE, Hazard, hazard
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import SUCCESSOR
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.kinds.column import settings
from colonnade.engines.postgres.kinds.column_identity import identity
from colonnade.engines.postgres.kinds.column_type import retyped_back
from colonnade.engines.postgres.kinds.not_null import constraint_name, no_nulls
from colonnade.engines.postgres.planning.work import Work, kind_of
from colonnade.engines.postgres.rewriting.fallback import CannotFollow
from colonnade.engines.postgres.rewriting.latecomers import nothing_new
from colonnade.engines.postgres.rewriting.obstacles import LAST
from colonnade.engines.postgres.rewriting.remade import other_name
from colonnade.engines.postgres.statement import Part, joined, listed, name, printed, q, step, text, value, words
from colonnade.engines.postgres.told import refilled
from colonnade.engines.postgres.told.narrowing import confirms
from colonnade.engines.postgres.told.subtypes import holds_all

KEYS = ("primary key", "unique")
FOLLOWING = ("index", *KEYS, "check", "foreign key")
"""What is built on the successor while the old one serves."""
NOTE = "the change of the type is taken back as a whole"
IN_PLACE = "; or raise policy.maxBlocking, and the table is rewritten in place while others wait"


# -- names


def _name(stem: str, *what: object) -> str:
    """A name that no reader of the database sees, the same each time."""
    digest = hashlib.sha256("\0".join(map(str, what)).encode()).hexdigest()[:8]
    return f"{stem.encode()[:38].decode(errors='ignore')}_{digest}{SUCCESSOR}"


def successor(oid: ObjectId, new: Any) -> str:
    """What the second column is called."""
    return _name(oid.name[2], oid, new.type, new.collation)


def _follow(oid: ObjectId, new: Any) -> tuple[Part, Part, Part]:
    """The names of the trigger that keeps the successor up, of its function, and of the check that proves it."""
    trigger = _name(LAST, oid, new.type)
    return name(trigger), name("colonnade", trigger), name(_name("same", oid, new.type))


# -- before: the successor


def expanded(oid: ObjectId, context: Context) -> Iterator[Step]:
    """The successor is added, and follows every write from then on."""
    yield _added(oid, context)
    for statement in _following(oid, context.new.objects[oid], *_values(oid, context)):
        yield step(oid, statement, undo=NOTE)


def _values(oid: ObjectId, context: Context) -> tuple[Part, Part]:
    """The old value as it is given to the successor, and as the successor has it."""
    new, wish, was = context.new.objects[oid], context.expansions[oid], name(oid.name[2])
    converted = q("{}{}::{}", was, q("::text") if wish.how == "text" else q(""), printed(new.type))
    return was if wish.how == "assigned" else converted, converted


def together(oid: ObjectId, work: Work) -> list[ObjectId]:
    """The columns with successors of this one's table: the rows are written once for all of them, with the first."""
    return sorted(o for o in work.expanded if o.name[:2] == oid.name[:2])


def filled(columns: Sequence[ObjectId], context: Context) -> Iterator[Step]:
    """The successors in one table are filled, row by row all of them at once, and are proved to be the same."""
    news = {o: context.new.objects[o] for o in columns}
    first, table = columns[0], name(*columns[0].name[:2])
    about = first if len(columns) == 1 else ObjectId("table", first.name[:2])
    thens = {o: name(successor(o, new)) for o, new in news.items()}
    values = {o: _values(o, context) for o in columns}
    changes = listed(q("{} = {}", thens[o], taken) for o, (taken, _) in values.items())
    odd = [q("{} IS DISTINCT FROM {}", thens[o], converted) for o, (_, converted) in values.items()]
    which = odd[0] if len(odd) == 1 else q("({})", joined(" OR ", odd))
    fill = step(about, q("UPDATE ONLY {} SET {} WHERE {}", table, changes, which), alone=True, undo=NOTE)
    there = joined(" OR ", [q("{} IS NOT NULL", name(o.name[2])) for o in columns])
    asked = tuple(refilled.asked(first.name[:2], there, context, {}, IN_PLACE))
    yield replace(fill, batched=text(table), unwatched=context.expansions[first].unwatched, checks=asked)
    proofs = listed(q("VALIDATE CONSTRAINT {}", _follow(o, new)[2]) for o, new in news.items())
    proved = step(about, q("ALTER TABLE {} {}", table, proofs), alone=True, undo=NOTE)
    yield replace(proved, confirms=tuple(c for o in columns for c in confirms(o, context.expansions[o].hazards)))
    yield step(about, q("ANALYZE {} ({})", table, listed(thens.values())), alone=True, undo=NOTE)


def _added(oid: ObjectId, context: Context) -> Step:
    """The step that adds the successor, with what is asked and told before anything is done."""
    old, new, wish = context.old.objects[oid], context.new.objects[oid], context.expansions[oid]
    column = words(
        name(successor(oid, new)),
        printed(new.type),
        q("COLLATE {}", printed(new.collation)) if new.collation else None,
        q("COMPRESSION {}", printed(new.compression)) if new.compression else None,
    )
    moves = () if _is_last(oid, context.old) else (hazard(MOVES_COLUMN, oid),)
    checks = (no_nulls(oid, context),) if new.not_null and not old.not_null else ()
    add = q("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {}", name(*oid.name[:2]), column)
    hazards = (hazard(FILLS_COLUMN, oid), *wish.hazards, *moves, *_refusals(oid, old, new))
    told = step(oid, add, hazards=hazards, undo=NOTE)
    return replace(told, checks=(*wish.checks, *checks))


def _refusals(oid: ObjectId, old: Any, new: Any) -> Iterator[Hazard]:
    """While both columns are served, a write must fit both."""
    if not holds_all(old.type, new.type):
        yield replace(
            hazard(TIGHTENS_RULE, oid),
            message=f"writes to {oid} of values that are not valid as {new.type} fail from this step on, although the column is "
            f"still {old.type} until the rows are filled",
            safe_way="have the applications write only values that fit first; or raise policy.maxBlocking, and the table is rewritten "
            "in place while others wait",
        )


def _following(oid: ObjectId, new: Any, taken: Part, converted: Part) -> Iterator[Part]:
    """The statements by which the successor follows every write, and can be proved to have the same value."""
    trigger, function, same = _follow(oid, new)
    table, then = name(*oid.name[:2]), name(successor(oid, new))
    body = q("BEGIN NEW.{} := NEW.{}; RETURN NEW; END", then, taken)
    proof = q("{} IS NOT DISTINCT FROM {}", then, converted)
    yield q("CREATE SCHEMA IF NOT EXISTS colonnade")
    yield q("CREATE OR REPLACE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS {}", function, value(text(body)))
    yield q(
        "CREATE OR REPLACE TRIGGER {} BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION {}()",
        trigger,
        table,
        function,
    )
    yield q("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}", table, trigger)
    yield q("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, same)
    if new.not_null:
        proof = q("{} IS NOT NULL AND {}", then, proof)
    yield q("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({}) NOT VALID", table, same, proof)


def _is_last(oid: ObjectId, model: Model) -> bool:
    return [o for o in model.objects if o.kind == "column" and o.name[:2] == oid.name[:2]][-1] == oid


# -- before: what stands on it


def followers(work: Work) -> set[ObjectId]:
    """The indexes and constraints that are built on the successors. Raises CannotFollow where something cannot be."""
    found = {
        o
        for o in work.dropped & work.created
        if o.kind in (*FOLLOWING, "exclusion") and _columns(o, work, work.old) | _columns(o, work, work.new)
    }
    for oid in found:
        spec = work.new.objects[oid]
        plain = not getattr(spec, "partitioned", False) and not getattr(spec, "inherited", False)
        definition = getattr(spec, "definition", "")
        columns = _columns(oid, work, work.old) | _columns(oid, work, work.new)
        whole = work.new.objects.get(work.home(oid))
        if oid.kind == "exclusion" or not plain or "PERIOD " in definition or "WITHOUT OVERLAPS" in definition:
            raise CannotFollow(f"{oid} cannot be built beside the one that is there", columns)
        if whole is None or whole.partition_key or not _columns(oid, work, work.new):
            raise CannotFollow(f"{oid} cannot follow to the new column", columns)
    return found


def _columns(oid: ObjectId, work: Work, model: Model) -> frozenset[ObjectId]:
    """The columns with successors that an index or constraint stands on."""
    return frozenset(model.needs.get(oid, NOTHING) & work.expanded)


def groups(work: Work) -> list[tuple[ObjectId, ...]]:
    """The columns with successors, in groups that something stands on together: each group changes places at once."""
    found: list[set[ObjectId]] = [{o} for o in sorted(work.expanded)]
    for oid in work.followers:
        joint = _columns(oid, work, work.new) | _columns(oid, work, work.old)
        touched = [g for g in found if g & joint]
        found = [g for g in found if g not in touched] + [set().union(*touched)]
    return [tuple(sorted(g)) for g in found]


def columns_of(oid: ObjectId, work: Work) -> frozenset[ObjectId]:
    """The columns with successors that this follower needs."""
    return _columns(oid, work, work.new)


def _follower(oid: ObjectId, work: Work) -> tuple[ObjectId, Any]:
    """The follower under its own name for now, on the successors."""
    spec = work.new.objects[oid]
    own, target = _renames(work, work.home(oid).name), _renames(work, tuple(getattr(spec, "target", ())))
    changed: dict[str, Any] = {}
    if oid.kind == "foreign key":
        changed["definition"] = key_on_others(spec.definition, own, target)
        changed["columns"] = tuple(own.get(c, c) for c in spec.columns)
        changed["target_columns"] = tuple(target.get(c, c) for c in spec.target_columns)
    elif oid.kind in KEYS:
        changed["definition"], changed["index"] = (on_others(d, own) for d in (spec.definition, spec.index or ""))
        changed["columns"] = tuple(own.get(c, c) for c in spec.columns)
    else:
        changed["definition"] = on_others(spec.definition, own)
    then = replace(spec, **changed)
    if oid.kind == "index":
        then = replace(then, statistics=())
    called = _name(oid.name[-1], oid, then)
    return ObjectId(oid.kind, (*oid.name[:-1], called)), then


def _renames(work: Work, table: tuple[str, ...]) -> Mapping[str, str]:
    """The successors' names in this table, by the columns' names."""
    return {o.name[2]: successor(o, work.new.objects[o]) for o in work.expanded if o.name[:2] == table}


def built(oid: ObjectId, work: Work, context: Context) -> Iterator[Step]:
    """The follower is built under a name of its own; what an earlier run has built already stays."""
    then, spec = _follower(oid, work)
    kind, table = kind_of(oid), name(*work.home(oid).name)
    steps = list(kind.create(then, spec, context))
    if oid.kind in KEYS:
        steps = steps[:1]
    asked = next(iter(kind.create(oid, work.new.objects[oid], context))).checks
    if oid.kind in ("check", "foreign key"):
        yield step(oid, q("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, name(then.name[-1])), undo=NOTE)
    for i, one in enumerate(steps):
        statement = one.statement.replace(" INDEX CONCURRENTLY ", " INDEX CONCURRENTLY IF NOT EXISTS ", 1)
        yield replace(
            one, subject=str(oid), statement=statement, checks=asked if i == 0 else (), undo=None, undo_note=NOTE
        )


# -- the change of places


def swapped(group: Sequence[ObjectId], work: Work, context: Context) -> Iterator[Step]:
    """The successors and all that was built on them take the places and names of the old ones, in one transaction."""
    following = sorted(o for o in work.followers if columns_of(o, work) & set(group))
    for oid in following:
        if oid.kind == "foreign key":
            gone = q("ALTER TABLE {} DROP CONSTRAINT {}", name(*oid.name[:2]), name(oid.name[2]))
            yield step(oid, gone, undo=NOTE)
    for i, oid in enumerate(group):
        first, *rest = _succeeds(oid, context)
        first = replace(first, confirms=(nothing_new(oid, context),))
        yield replace(first, undo=_back(group, following, context), undo_note="") if i == 0 else first
        yield from rest
    for oid in sorted(following, key=lambda o: o.kind == "foreign key"):
        yield from _takes_its_name(oid, work, context)


def _back(group: Sequence[ObjectId], following: Collection[ObjectId], context: Context) -> str:
    """The columns get back their types, and all else that they were; and so do the indexes, which the server builds anew by that."""
    after = Context(context.new, context.old, context.version, live=False)
    texts: list[str] = []
    for oid in group:
        old, new = context.old.objects[oid], context.new.objects[oid]
        texts.append(text(retyped_back(oid, old, new, context)))
        rest = kind_of(oid).alter(oid, replace(new, type=old.type, collation=old.collation), old, after)
        texts += [s.statement for s in rest or ()]
    for oid in following:
        if oid.kind == "index":
            texts += [s.statement for s in list(kind_of(oid).create(oid, context.old.objects[oid], after))[1:]]
    return ";\n".join(texts)


def _succeeds(oid: ObjectId, context: Context) -> Iterator[Step]:
    old, new = context.old.objects[oid], context.new.objects[oid]
    table, was, then = name(*oid.name[:2]), name(oid.name[2]), name(successor(oid, new))
    trigger, function, _ = _follow(oid, new)
    proved = name(_name("not_null", oid, new.type))
    named = context.version >= 180000 and new.not_null
    yield step(oid, q("DROP TRIGGER {} ON {}", trigger, table), undo=NOTE)
    yield step(oid, q("DROP FUNCTION {}()", function), undo=NOTE)
    if named:
        never = q("ALTER TABLE {} ADD CONSTRAINT {} NOT NULL {}", table, proved, then)
        yield step(oid, words(never, "NO INHERIT" if new.not_null_no_inherit else None), undo=NOTE)
    elif new.not_null:
        yield step(oid, q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, then), undo=NOTE)
    yield from _numbered_on(oid, old, new)
    yield step(oid, q("ALTER TABLE {} DROP COLUMN {}", table, was), undo=NOTE)
    yield step(oid, q("ALTER TABLE {} RENAME COLUMN {} TO {}", table, then, was), undo=NOTE)
    if named:
        kept = old.not_null_called if old.not_null and old.not_null_name == new.not_null_name else ""
        called = name(kept or constraint_name(oid, new, context))
        yield step(oid, q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, proved, called), undo=NOTE)
    yield from (replace(s, undo=None, undo_note=NOTE) for s in settings(oid, None, new))


def _numbered_on(oid: ObjectId, old: Any, new: Any) -> Iterator[Step]:
    """An identity column goes on with the number that it had got to."""
    if not new.identity:
        return
    then = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(successor(oid, new)))
    away = ""
    if old.identity:
        schema, sequence = old.sequence[:2]
        away = other_name(sequence)
        yield step(oid, q("ALTER SEQUENCE {} RENAME TO {}", name(schema, sequence), name(away)), undo=NOTE)
    yield step(oid, q("{} ADD {}", then, identity(new)), undo=NOTE)
    numbering = value(text(name(*new.sequence[:2])))
    if old.identity:
        go_on = q("SELECT pg_catalog.setval({}, last_value, is_called) FROM {}", numbering, name(old.sequence[0], away))
        yield step(oid, go_on, undo=NOTE)


def _takes_its_name(oid: ObjectId, work: Work, context: Context) -> Iterator[Step]:
    then, spec = _follower(oid, work)
    schema, called, now = oid.name[0], then.name[-1], name(oid.name[-1])
    if oid.kind in ("check", "foreign key"):
        table = name(*oid.name[:2])
        yield step(oid, q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, name(called), now), undo=NOTE)
        return
    for column, was in _renames(work, work.home(oid).name).items():
        if lists(getattr(spec, "index", None) or spec.definition, was):
            its = q("ALTER TABLE {} RENAME COLUMN {} TO {}", name(schema, called), name(was), name(column))
            yield step(oid, its, undo=NOTE)
    yield step(oid, q("ALTER INDEX {} RENAME TO {}", name(schema, called), now), undo=NOTE)
    rest = list(kind_of(oid).create(oid, work.new.objects[oid], context))[1:]
    yield from (replace(s, undo=None, undo_note=NOTE) for s in rest)


# -- names in what the server prints

TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|[^\W\d][\w$]*|::|\s+|.""", re.DOTALL)
"""https://www.postgresql.org/docs/current/sql-syntax-lexical.html"""


def on_others(definition: str, renames: Mapping[str, str]) -> str:
    """The definition with columns by other names. A name after a point, of a type, a collation or a function is none of a column."""
    tokens = [m[0] for m in TOKEN.finditer(definition)]
    told = ["", *(t for t in tokens if not t.isspace()), ""]
    around = iter(zip(told, told[1:], told[2:], strict=False))
    return "".join(t if t.isspace() else _by_its_other_name(*next(around), renames) for t in tokens)


def _by_its_other_name(before: str, token: str, after: str, renames: Mapping[str, str]) -> str:
    column = token[1:-1].replace('""', '"') if token.startswith('"') else token
    if column not in renames or before in (".", "::", "COLLATE") or after in ("(", "."):
        return token
    return text(name(renames[column]))


def lists(definition: str, column: str) -> bool:
    """Whether an index has this column as it is, and so a column of this name, which renaming the table's does not rename."""
    depth, before = 0, ""
    for word in (m[0] for m in TOKEN.finditer(definition) if not m[0].isspace()):
        if depth == 0 and word in ("WITH", "WHERE"):
            break
        if depth == 1 and before in ("(", ",") and word in (column, text(name(column))):
            return True
        depth += (word == "(") - (word == ")")
        before = word
    return False


def key_on_others(definition: str, own: Mapping[str, str], target: Mapping[str, str]) -> str:
    """A foreign key's definition: its own columns by their other names, and those that it refers to by theirs."""
    head, refers, tail = definition.partition(" REFERENCES ")
    table, opened, rest = tail.partition("(")
    columns, closed, actions = rest.partition(")")
    return f"{on_others(head, own)}{refers}{table}{opened}{on_others(columns, target)}{closed}{on_others(actions, own)}"


def replaced_with(group: Collection[ObjectId], work: Work) -> Collection[ObjectId]:
    """What is dropped and made again around the change of places: all of it shares that transaction."""
    found: set[ObjectId] = set()
    todo = list(group)
    while todo:
        for user in work.users.get(todo.pop(), ()):
            if user in work.dropped & work.created and user not in found:
                found.add(user)
                todo.append(user)
    return found - work.followers - work.expanded
