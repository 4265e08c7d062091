"""How a column goes: at once, or by way of quarantine, under another name in its table. https://www.postgresql.org/docs/current/sql-altertable.html"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from colonnade.core.hazards import BREAKS_CLIENTS, DELETES_DATA, hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, Steps
from colonnade.engines.postgres.kinds.column_identity import identity
from colonnade.engines.postgres.rewriting.held import becomes_plain, can_be_held
from colonnade.engines.postgres.rewriting.waiting import waits
from colonnade.engines.postgres.statement import Part, name, printed, q, step
from colonnade.engines.postgres.told.narrowing import base_of

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.column import Column

WHOLE = {"character": "pg_catalog.bpchar", "bit": 'pg_catalog."bit"'}
"""Types that are one long where nothing else is said, by names that say nothing of it."""
ASKS_OF_NONE = re.compile(r"\b(?:IS|COALESCE|CASE)\b|\w\(")
"""In a check: what may be false of NULL, of which plain operators know nothing."""


def comes_along(spec: Column) -> bool:
    """Whether the column is there because a parent has it."""
    return spec.inherited and not spec.local


def drop(oid: ObjectId, spec: Column, context: Context) -> Steps:
    if comes_along(spec) and not context.stays_behind(oid):
        return
    if kept_aside(oid, context):
        yield from _aside(oid, spec, context)
        return
    seen = becomes_plain(oid, context) and not (oid in context.backfills or can_be_held(oid, context))
    code = BREAKS_CLIENTS if context.is_foreign(oid.name) else DELETES_DATA
    risk = () if spec.generated and not seen else (hazard(code, oid),)
    for one, only in _going(oid, context):
        table, column = name(*one.name[:2]), name(one.name[2])
        if only:
            yield from _let_go(one, context)
        gone: Part | str = "the values are gone; restore them from quarantine or a backup"
        if comes_along(spec):  # so that the parent can be come back to
            gone = q("ALTER TABLE {} ADD COLUMN {} {}", table, column, printed(spec.type))
        there = q("ALTER TABLE {}{} DROP COLUMN {}", q("ONLY ") if only else q(""), table, column)
        yield step(one, there, hazards=risk, undo=gone)


def kept_aside(oid: ObjectId, context: Context) -> bool:
    """Whether the dropped column stays in its table under another name until its time in quarantine is over.

    Where it has no values of its own, or a child is to keep its own, or its name cannot be changed, it goes at once.
    """
    spec, table = context.old.objects[oid], context.old.objects.get(ObjectId("table", oid.name[:2]))
    if not context.quarantine or table is None or context.is_gone(oid.name) or oid in context.fresh:
        return False
    apart = context.stays_behind(oid)
    if comes_along(spec) and not apart:
        parents = context.old.objects[ObjectId("inheritance", oid.name[:2])].parents
        above = [ObjectId("column", (*p, oid.name[2])) for p in parents]
        return all(kept_aside(a, context) for a in above if a in context.gone)
    below = (ObjectId("column", (*c, oid.name[2])) for c in context.children(oid.name))
    return not (
        (spec.inherited and not apart) or spec.generated or table.of_type or any(_kept(c, context) for c in below)
    )


def _aside(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    """Under another name, and with nothing that would ask writers for a value."""
    assert context.quarantine
    table, column, now = name(*oid.name[:2]), name(oid.name[2]), name(_called_there(oid, context))
    alter = q("ALTER TABLE {} ALTER COLUMN {}", table, column)
    if spec.identity:
        yield step(oid, q("{} DROP IDENTITY", alter), undo=q("{} ADD {}", alter, identity(spec)))
    if spec.not_null:
        yield step(oid, q("{} DROP NOT NULL", alter), undo=q("{} SET NOT NULL", alter))
    if refuses_none(oid, context):
        type_ = q("{} TYPE {}", alter, printed(_type(oid, context)))
        yield step(oid, type_, undo=q("{} TYPE {}", alter, printed(spec.type)))
    yield step(
        oid,
        q("ALTER TABLE {} RENAME COLUMN {} TO {}", table, column, now),
        hazards=(hazard(DELETES_DATA, oid, "after the quarantine"),),
        undo=q("ALTER TABLE {} RENAME COLUMN {} TO {}", table, now, column),
    )


def _called_there(oid: ObjectId, context: Context) -> str:
    """What the column is called in quarantine; where others of its name and of another type go there, too, its type shows in that.

    A table that comes to be a part, or a child, of both could not have both else; in a family all have one type.
    """
    alike = (o for o in context.gone if o.kind == "column" and o.name[2] == oid.name[2] and kept_aside(o, context))
    mine, place = _type(oid, context), context.quarantine or ""
    return quarantined(oid.name[2], place, "" if all(_type(o, context) == mine for o in alike) else mine)


def _type(oid: ObjectId, context: Context) -> str:
    """That in quarantine: not of a domain that would refuse new rows, which have no value there."""
    spec, model = context.old.objects[oid], context.old
    type_ = _unbounded(base_of(oid, spec.type, model)) if refuses_none(oid, context) else spec.type
    collation = spec.collation or next((model.objects[n].collation for n in _domains(oid, model)), None)
    return f"{type_} COLLATE {collation}" if collation and (spec.collation or type_ != spec.type) else str(type_)


def _unbounded(type_: str) -> str:
    """Without a length or the like: what takes it for granted from a domain is rewritten, and else is not."""
    base, many = re.sub(r"\([^)]*\)", "", type_).removesuffix("[]"), type_.endswith("[]")
    return WHOLE.get(base, base) + ("[]" if many else "")


def refuses_none(oid: ObjectId, context: Context) -> bool:
    """Whether the column is of a domain that may not take NULL, now or then: by a check that asks for more than operators say, too."""
    if context.old.objects[oid].type.endswith("[]"):
        return False
    domains = {d.name for d in _domains(oid, context.old)}
    specs = ((o, s) for m in (context.old, context.new) for o, s in m.objects.items() if o.name[:2] in domains)
    return any(
        (o.kind == "domain" and s.not_null) or (o.kind == "domain constraint" and ASKS_OF_NONE.search(s.definition))
        for o, s in specs
    )


def _domains(oid: ObjectId, model: Model) -> Iterator[ObjectId]:
    """The domains that it is of, the nearest first."""
    for one in model.needs.get(oid, ()):
        if one.kind == "domain":
            yield one
            yield from _domains(one, model)


def quarantined(column: str, place: str, type_: str = "") -> str:
    """What a column is called in quarantine: after the place that dropped tables go to, and never longer than the server keeps."""
    whole = f"{place}_{column}"
    if len(whole.encode()) <= 63 and not type_:
        return whole
    digest = _digest(column, 8) + (_digest(type_, 6) if type_ else "")
    return f"{place}_{digest}_{column.encode()[: 32 - len(digest)].decode(errors='ignore')}"


def was_called(now: str, column: str, place: str) -> bool:
    """Whether this column may be called so in quarantine, of whatever type it is."""
    typed, at = quarantined(column, place, "-"), len(place) + 9
    return now == quarantined(column, place) or (now[:at], now[at + 6 :]) == (typed[:at], typed[at + 6 :])


def _digest(text: str, length: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def _going(oid: ObjectId, context: Context) -> Iterator[tuple[ObjectId, bool]]:
    """The column, and whether it goes of this table alone: a child may keep its own as one that it has by itself from then on.

    Then those children that do not keep theirs lose it one by one.
    """
    below = [ObjectId("column", (*child, oid.name[2])) for child in context.children(oid.name)]
    only = any(_kept(c, context) for c in below)
    yield oid, only
    for one in below if only else ():
        if one not in context.new.objects and comes_along(context.old.objects[one]):
            yield from _going(one, context)


def _let_go(oid: ObjectId, context: Context) -> Iterator[Step]:
    """The NOT NULL that children have from here: who keeps the column would have it as one that can never be dropped."""
    if context.version < 180000 or not context.old.objects[oid].not_null:
        return
    for below in (ObjectId("column", (*c, oid.name[2])) for c in context.children(oid.name)):
        now = context.new.objects.get(below)
        if now and now.not_null and below not in context.gone:
            theirs = q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", name(*below.name[:2]), name(below.name[2]))
            yield step(below, theirs, undo="nothing to take back: its parent's says the same")
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    yield step(oid, q("{} DROP NOT NULL", column), undo=q("{} SET NOT NULL", column))


def _kept(oid: ObjectId, context: Context) -> bool:
    """Whether a child's column, or that of one of its children, is there by itself in the end."""
    new = context.new.objects.get(oid)
    if new is not None and oid not in context.gone:
        return not comes_along(new)
    return any(_kept(ObjectId("column", (*c, oid.name[2])), context) for c in context.children(oid.name))


def waits_too(table: tuple[str, ...], parent: tuple[str, ...], context: Context) -> Iterator[Step]:
    """The steps by which a table gets what this plan puts aside in one that it comes to be a part, or a child, of: it must have it, too.

    A new part of a new part comes once that is one. What the table itself puts aside the whole gets, for a part has nothing of its own.
    """
    place = ObjectId("inheritance", parent)
    above = context.new.objects.get(place) if context.is_fresh(parent) and place not in context.gone else None
    if above and above.bound:
        yield from waits_too(table, above.parents[0], context)
    yield from _waits(table, parent, table, context)
    here = context.new.objects.get(ObjectId("inheritance", table))
    if here and here.bound:
        yield from _waits(_root(parent, context), table, table, context)


def _waits(to: tuple[str, ...], of: tuple[str, ...], subject: tuple[str, ...], context: Context) -> Iterator[Step]:
    """What one table puts aside, for another."""
    for oid in sorted(o for o in context.gone if o.kind == "column" and o.name[:2] == of and kept_aside(o, context)):
        yield waits(str(ObjectId("inheritance", subject)), name(*to), _called_there(oid, context), _type(oid, context))


def _root(table: tuple[str, ...], context: Context) -> tuple[str, ...]:
    """The whole that this is a part of, near or far, and stays one; only that can get columns."""
    place = ObjectId("inheritance", table)
    spec = context.old.objects.get(place) if place not in context.gone else None
    return _root(spec.parents[0], context) if spec and spec.bound else table
