"""Tables that are made anew with their rows, for how a table is partitioned cannot be changed in place.

The old table is named aside, the new one made with its partitions, the rows are copied, the old one is dropped, all in one transaction.
Partitions that stay partitions of it are made anew with it: their rows come by way of the whole, which knows where each belongs.
https://www.postgresql.org/docs/current/ddl-partitioning.html
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from colonnade.core.hazards import COPIES_TABLE, Hazard, hazard
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import LEFT_BEHIND, Context, unasked
from colonnade.engines.postgres.kinds.not_null import set_not_null
from colonnade.engines.postgres.rewriting.by_name import ByName
from colonnade.engines.postgres.rewriting.latecomers import nothing_new_on
from colonnade.engines.postgres.sequences import at_least, numbering, rises, successors
from colonnade.engines.postgres.statement import Part, keys, listed, name, printed, q, question, step, text, value
from colonnade.engines.postgres.told.narrowing import confirms, risks

AFTER_ROWS = (
    "trigger",
    "rule",
    "policy",
    "row security",
    "index",
    "primary key",
    "unique",
    "exclusion",
    "foreign key",
    "statistics",
)
WATCHERS = ("trigger", "rule")
KEYS = ("primary key", "unique", "exclusion")


def other_name(one: str) -> str:
    """A name for what gives its own up for a while; another for each, and never longer than the server keeps."""
    digest = hashlib.sha256(one.encode()).hexdigest()[:6]
    return f"{one.encode()[:40].decode(errors='ignore')}_{digest}{LEFT_BEHIND}"


def below(model: Model, table: ObjectId) -> set[ObjectId]:
    """The partitions of a table, and theirs."""
    children: defaultdict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
    for oid, spec in model.objects.items():
        if oid.kind == "inheritance" and spec.bound:
            children[spec.parents[0]].append(ObjectId("foreign table" if spec.relkind == "f" else "table", oid.name))
    found: set[ObjectId] = set()
    todo = [table]
    while todo:
        for one in children.get(todo.pop().name, ()):
            if one not in found:
                found.add(one)
                todo.append(one)
    return found


def made_anew(
    old: Model,
    new: Model,
    altered: Collection[ObjectId],
    types: Iterable[ObjectId],
    users: Mapping[ObjectId, set[ObjectId]],
) -> set[ObjectId]:
    """The tables of these columns that cannot be altered in place; for `types` and `users`, see `_keyed_anew`."""
    return _keyed_anew(old, new, altered, types, users) | _no_longer_their_own(old, new, altered)


def _no_longer_their_own(old: Model, new: Model, altered: Iterable[ObjectId]) -> set[ObjectId]:
    """Children with columns that are to be their parents' alone: once a child has one of its own, the server keeps it so; a partition
    gives its columns up to the whole."""
    columns = (o for o in altered if o.kind == "column" and old.objects[o].local and not new.objects[o].local)
    tables = {ObjectId("table", o.name[:2]) for o in columns} & old.objects.keys() & new.objects.keys()
    places = {t: new.objects.get(ObjectId("inheritance", t.name)) for t in tables}
    return {t for t, place in places.items() if place and not place.bound}


def _keyed_anew(
    old: Model,
    new: Model,
    altered: Iterable[ObjectId],
    types: Iterable[ObjectId],
    users: Mapping[ObjectId, set[ObjectId]],
) -> set[ObjectId]:
    """The tables of columns that say where a row belongs, where they are altered to another type, or theirs is one of `types`, which are
    replaced: the server never changes such a column. `users` is what uses what."""
    found: set[ObjectId] = set()
    replaced = with_containers(types, users)
    columns = {u for t in replaced for u in users.get(t, ())}
    for oid in {*altered, *columns}:
        table = ObjectId("table", oid.name[:2])
        key = getattr(old.objects.get(table), "partition_key", None) if oid.kind == "column" else None
        if key and table in new.objects and oid in new.objects:
            was, now = old.objects[oid], new.objects[oid]
            same = (was.type, was.collation) == (now.type, now.collation) and not old.needs[oid] & replaced
            called = "|".join(map(re.escape, {oid.name[2], text(name(oid.name[2]))}))
            if not same and re.search(rf'(?<![\w"])(?:{called})(?![\w"])', key):
                found.add(table)
    return found


def wholes(old: Model, new: Model, oids: Iterable[ObjectId]) -> set[ObjectId]:
    """The partitioned tables, in both models, that these belong to a part of: made anew, they go with all that is below them at once."""
    found: set[ObjectId] = set()
    for oid in set(oids):
        for model in (old, new):
            top = model.objects[oid].table if oid.kind == "index" and oid in model.objects else oid.name[:2]
            while (place := model.objects.get(ObjectId("inheritance", top))) and place.bound:
                (top,) = place.parents
            found.add(ObjectId("table", top))
    return {t for t in found if all(getattr(m.objects.get(t), "partition_key", None) for m in (old, new))}


def with_containers(types: Iterable[ObjectId], users: Mapping[ObjectId, set[ObjectId]]) -> set[ObjectId]:
    """These types, and the domains and composites that are made of them."""
    found = set(types)
    todo = list(found)
    while todo:
        further = {u for u in users.get(todo.pop(), ()) if u.kind in ("domain", "composite type")} - found
        found |= further
        todo += further
    return found


def with_them(old: Model, new: Model, tables: Collection[ObjectId]) -> set[ObjectId]:
    """What has to be made anew with these tables: partitions that stay, and what would watch the rows come into others."""
    olds, news = (set().union(*(below(m, t) for t in tables)) for m in (old, new))
    again = olds & news
    joins = {t.name for t in news - again if t in old.objects}
    watching = {o for o in new.objects if o.kind in WATCHERS and o in old.objects and o.name[:2] in joins}
    return again | watching


@dataclass(frozen=True)
class Remade:
    """The tables made anew; those of them that are `copied`, with all below; partitions that are `emptied` so, and go."""

    tables: frozenset[ObjectId] = NOTHING
    copied: frozenset[ObjectId] = NOTHING
    emptied: frozenset[ObjectId] = NOTHING

    @classmethod
    def of(cls, old: Model, new: Model, dropped: Collection[ObjectId], created: Collection[ObjectId]) -> Remade:
        """By what is dropped and created."""
        tables = frozenset(o for o in dropped if o.kind == "table" and o in created)
        if not tables:
            return cls()
        through = {t: below(old, t) & below(new, t) for t in tables}
        copied = tables - set().union(*through.values())
        emptied = set().union(*(below(old, t) for t in copied))
        return cls(tables, copied, frozenset(o for o in emptied if o in dropped and o not in created))

    def under(self, model: Model, table: ObjectId) -> Iterator[ObjectId]:
        """The places of its children."""
        return (o for o, s in model.objects.items() if o.kind == "inheritance" and table.name in s.parents)

    def takes_in(self, model: Model, table: ObjectId) -> Iterator[ObjectId]:
        """The places of its partitions, near and far."""
        return (ObjectId("inheritance", o.name) for o in below(model, table))

    def holds(self, model: Model, table: ObjectId) -> Iterator[ObjectId]:
        """Its partitions and their places, near and far."""
        for one in below(model, table):
            yield from (one, ObjectId("inheritance", one.name))

    def after(self, model: Model, table: ObjectId, created: Collection[ObjectId]) -> set[ObjectId]:
        """Of what is created, what must not be there yet while rows are copied: nothing is to count or watch them coming."""
        homes = {table, *below(model, table)}
        return {
            o
            for o in created
            if o.kind in AFTER_ROWS or (o.kind == "check" and unasked(model.objects[o]) and model.objects[o].local)
            for home in model.vanishes_with(o) & homes
            if home in self.tables or home in created or o.kind in WATCHERS
        }

    def elsewhere(self, model: Model, oid: ObjectId) -> bool:
        """Whether this is a partition's place that it leaves by being moved aside, together with its parent."""
        if oid.kind != "inheritance" or ObjectId("table", oid.name) not in self.tables:
            return False
        return any(ObjectId("table", p) in self.tables for p in model.objects[oid].parents)


def move(oid: ObjectId, context: Context, going_first: Collection[ObjectId]) -> Iterator[Step]:
    """Out of the way, with the names of its indexes, but for those that go by themselves, and of the sequences in its columns."""
    security = context.old.objects.get(ObjectId("row security", oid.name))
    if security and security.forced:
        no_force = q("ALTER TABLE {} {} FORCE ROW LEVEL SECURITY", name(*oid.name), q("NO"))
        yield step(oid, no_force, undo=q("ALTER TABLE {} FORCE ROW LEVEL SECURITY", name(*oid.name)))
    yield replace(_renamed(oid, q("TABLE"), oid.name), confirms=(nothing_new_on(oid),))
    for sequence in _sequences(oid, context.old).values():
        yield _renamed(oid, q("SEQUENCE"), sequence)
    for one, spec in context.old.objects.items():
        if (one.kind in KEYS and one.name[:2] == oid.name) or (
            one.kind == "index" and spec.table == oid.name and one not in going_first
        ):
            yield _renamed(oid, q("INDEX"), (one.name[0], one.name[-1]))


def _renamed(oid: ObjectId, word: Part, was: tuple[str, ...]) -> Step:
    now = other_name(was[-1])
    there, back = (
        q("ALTER {} {} RENAME TO {}", word, name(was[0], a), name(b)) for a, b in ((was[1], now), (now, was[1]))
    )
    return step(oid, there, undo=back)


def _columns(table: ObjectId, model: Model) -> Mapping[str, tuple[ObjectId, Any]]:
    found = ((o, s) for o, s in model.objects.items() if o.kind == "column" and o.name[:2] == table.name)
    return {o.name[2]: (o, s) for o, s in found}


def _sequences(table: ObjectId, model: Model) -> Mapping[str, tuple[str, str]]:
    found = ((o, s) for o, s in model.objects.items() if o.kind == "column" and o.name[:2] == table.name)
    return {o.name[2]: s.sequence[:2] for o, s in found if s.identity and s.sequence}


def source(oid: ObjectId, context: Context, table: str) -> Part:
    """The rows that the table shows, without those of children that only inherit."""
    only = q("") if context.old.objects[oid].partition_key else q("ONLY ")
    return q("{}{}", only, name(oid.name[0], table))


def copy(oid: ObjectId, context: Context) -> Iterator[Step]:
    """The rows, then where the numbering of identity columns had got to."""
    ways = [_copy(oid, context, how) for how in ("assigned", "cast", "text")]
    rest = tuple(dict.fromkeys(text(w) for w in ways[1:] if text(w) != text(ways[0])))
    hazards = (hazard(COPIES_TABLE, oid), *_narrowed(oid, context))
    yield replace(
        step(oid, ways[0], hazards=hazards, undo="the change the other way round copies them back"),
        otherwise=rest,
        checks=tuple(_no_nulls(oid, context)),
        confirms=confirms(oid, hazards),
    )
    yield from _positions(oid, context)
    yield from _unasked_not_nulls(oid, context)


def after_rows(column: ObjectId, context: Context) -> bool:
    """Whether its NOT NULL comes once the rows do: to a table, or a whole above, that is made anew, and of rows that it does not ask."""
    spec, table = context.new.objects[column], column.name[:2]
    while not context.is_remade(table):
        place = context.new.objects.get(ObjectId("inheritance", table))
        if place is None or not place.bound:
            return False
        table = place.parents[0]
    return bool(spec.not_null and not spec.not_null_valid)


def _unasked_not_nulls(oid: ObjectId, context: Context) -> Iterator[Step]:
    """What rows that are there need not agree with comes to the table, and to parts that have it of their own, once they are copied."""
    parts = below(context.new, oid)
    through = {p for p in parts if not context.is_remade(p.name)} | (parts & below(context.old, oid))
    for table in (oid, *sorted(through)):
        for column, spec in _columns(table, context.new).values():
            whole = table != oid and getattr(spec, "not_null_inherited", False)
            if column.kind == "column" and not whole and after_rows(column, context):
                yield from set_not_null(column, spec, context)


def _positions(oid: ObjectId, context: Context) -> Iterator[Step]:
    """What numbers a column goes on from where that has got to which did so before: its own sequence, as an identity, or another."""
    before, after = (_counted(oid, m) for m in (context.old, context.new))
    for column in before.keys() & after.keys():
        was, now = before[column], after[column]
        if now.kind == was.kind == "sequence":
            if now in successors(was, context.old, context.new):
                there, here, up = name(*was.name), name(*now.name), rises(now, context.new)
                yield step(oid, at_least(here, there, rising=up), undo=at_least(there, here, rising=up))
            continue
        moved = was.kind == "column" or was in context.gone
        if now.kind == "sequence" and now not in context.fresh:
            continue
        called = [
            m.objects[o].sequence[:2] if o.kind == "column" else o.name
            for o, m in ((was, context.old), (now, context.new))
        ]
        there = name(called[0][0], other_name(called[0][1]) if moved else called[0][1])
        position = q(
            "SELECT pg_catalog.setval({}, last_value, is_called) FROM {}", value(text(name(*called[1]))), there
        )
        yield step(oid, position, undo="the old sequence keeps its own position")


def _counted(oid: ObjectId, model: Model) -> dict[str, ObjectId]:
    """What numbers the columns of a table: themselves, as identities, or the sequence of their default."""
    found: dict[str, ObjectId] = {}
    for column, (one, spec) in _columns(oid, model).items():
        if counted := one if getattr(spec, "identity", "") else numbering(one, model):
            found[column] = counted
    return found


def _narrowed(oid: ObjectId, context: Context) -> Iterator[Hazard]:
    """What becomes of values on the way."""
    old = _columns(oid, context.old)
    for column, (new_id, new) in _columns(oid, context.new).items():
        was, now = (getattr(s, "type", "") for s in (old[column][1] if column in old else None, new))
        if was and not getattr(new, "generated", ""):
            yield from risks(new_id, was, now, context)


def _copy(oid: ObjectId, context: Context, how: str) -> Part:
    found = list(_values(oid, context, how))
    if not found:
        return q("SELECT 1 FROM {} LIMIT 0", source(oid, context, other_name(oid.name[1])))
    return q(
        "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}",
        name(*oid.name),
        listed(name(c) for c, _ in found),
        listed(v for _, v in found),
        source(oid, context, other_name(oid.name[1])),
    )


def _values(oid: ObjectId, context: Context, how: str) -> Iterator[tuple[str, Part]]:
    """What goes into each column: what was in it, what a wish says, else nothing, so that its default does."""
    old = _columns(oid, context.old)
    for column, (new_id, new) in _columns(oid, context.new).items():
        wish, conversion = context.backfills.get(new_id), context.conversions.get(new_id)
        if getattr(new, "generated", ""):
            continue
        if column not in old:
            if wish:
                yield column, q("({})", printed(wish.expression))
            continue
        was, now = (getattr(s, "type", "") for s in (old[column][1], new))
        same = was == now and not context.old.needs.get(old[column][0], NOTHING) & context.gone & context.fresh - {oid}
        ways = ByName(context.old, context.new)
        if conversion and not same:
            yield column, q("({})", printed(conversion))
        elif not same and ways.differs(was, now):
            yield column, ways.value(name(column), was, now)
        elif same or how == "assigned":
            yield column, name(column)
        else:
            cast = q("{}::{}", name(column), printed(now)) if how == "cast" else None
            yield column, cast or q("{}::text::{}", name(column), printed(now))


def _no_nulls(oid: ObjectId, context: Context) -> Iterator[Check]:
    old = _columns(oid, context.old)
    for column, (new_id, new) in _columns(oid, context.new).items():
        was = old[column][1] if column in old else None
        if was is None or _asks(was) or not _asks(new):
            continue
        rows = q("FROM {} WHERE {} IS NULL", source(oid, context, oid.name[1]), name(column))
        yield question(
            keys(context.key_of(oid.name)),
            rows,
            problem=f"{new_id} is to be NOT NULL and has rows without a value",
            remedy="fill the rows by hand",
        )


def _asks(spec: object) -> bool:
    """Whether a column refuses every row that has no value."""
    return bool(getattr(spec, "not_null", False) and getattr(spec, "not_null_valid", True))


def lost(oid: ObjectId, context: Context) -> Iterable[ObjectId]:
    """The columns whose values are not copied, for the new table has them not."""
    new = _columns(oid, context.new)
    return [
        one
        for column, (one, spec) in _columns(oid, context.old).items()
        if column not in new and not getattr(spec, "generated", "")
    ]
