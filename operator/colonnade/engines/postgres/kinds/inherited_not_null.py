"""NOT NULL that a child of plain inheritance has of its own on a column that a parent has, too, or has alone.

https://www.postgresql.org/docs/current/ddl-inherit.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, LiteralString

from colonnade.core.hazards import DROPS_GUARANTEE, hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.kinds.not_null import (
    by_check,
    changed_nullability,
    constraint_name,
    other_constraint,
    set_not_null,
)
from colonnade.engines.postgres.statement import Part, keys, name, q, question, step, text

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.column import Column


ITS_PARENTS: LiteralString = "nothing to take back: its parent's says the same"


def needs_value(oid: ObjectId, context: Context) -> Check:
    """Whether there are rows at all, for which a new column would have no value."""
    return question(
        keys(context.key_of(oid.name)),
        q("FROM {}", name(*oid.name[:2])),
        problem=f"{oid} is new and NOT NULL, and the rows that are there would have no value for it",
        remedy="give it a default, declare a backfill for it, or let it be nullable",
    )


def own_not_null(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    """The NOT NULL of a new column that comes along with a parent's, which does not bring it."""
    if not spec.not_null or not spec.not_null_valid or not spec.not_null_local:
        return
    if context.version < 180000 and _given(oid, context.new):  # until then nothing tells whose it is
        return
    empty = context.is_fresh(oid.name) or not context.live
    filled = empty or ObjectId("default", oid.name) in context.new.objects or spec.generated
    checks = () if filled else (needs_value(oid, context),)
    yield from (replace(s, checks=checks if s.checks else ()) for s in set_not_null(oid, spec, context))


def own_constraint(oid: ObjectId, spec: Column, context: Context) -> Part | None:
    """What a new child says of a column that comes with a parent: said later it would go by the parent's name."""
    if context.version < 180000 or not (spec.not_null and spec.not_null_valid and spec.not_null_local):
        return None
    no_inherit = q(" NO INHERIT") if spec.not_null_no_inherit else q("")
    called = name(constraint_name(oid, spec, context))
    return q("CONSTRAINT {} NOT NULL {}{}", called, name(oid.name[2]), no_inherit)


def nullability(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    """From nullable to not, the other way, and from a child's own NOT NULL to its parent's and the other way."""
    if old.not_null and new.not_null and old.not_null_local != new.not_null_local:
        yield from _other_origin(oid, old, new, context)
    elif not old.not_null or new.not_null or old.not_null_local or not _goes_with_a_parents(oid, context):
        goes = old.not_null and not new.not_null
        yield from _kept_below(oid, context) if goes else ()
        again = list(_proved_below(oid, context)) if goes and context.version < 180000 else []
        yield from (s for proof in again for s in proof[:2])
        made = changed_nullability(oid, old, new, context)
        made = map(_by_itself, made) if _has_children_apart(oid, context) else made
        yield from (_with_parts(s, oid, context) for s in made) if context.version < 180000 else made
        yield from (s for proof in again for s in proof[2:])


def _other_origin(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    if new.not_null_local and _given(oid, context.new):
        yield step(oid, q("{} SET NOT NULL", column), undo=ITS_PARENTS)
    elif new.not_null_local and _stays_with_the_child(oid, context):
        yield from other_constraint(oid, old, new, context)
    elif new.not_null_local:  # it went with its parent's
        yield from set_not_null(oid, new, context)
    elif not _given(oid, context.old):  # else the server would refuse it: it is the parent's, too
        risk = hazard(DROPS_GUARANTEE, oid, "until its parent's holds for it")
        yield step(oid, q("{} DROP NOT NULL", column), hazards=(risk,), undo=q("{} SET NOT NULL", column))


def _kept_below(oid: ObjectId, context: Context) -> Iterator[Step]:
    """What parts keep when the whole loses it becomes their own before, or it would go with the whole's."""
    for part in _parts_below(oid, context) if context.version >= 180000 else ():
        now = context.new.objects[part]
        if now.not_null and not now.not_null_inherited:
            there = q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", name(*part.name[:2]), name(part.name[2]))
            yield step(part, there, undo=ITS_PARENTS)


def _proved_below(oid: ObjectId, context: Context) -> Iterator[list[Step]]:
    """Before 18 a NOT NULL is nobody's: it goes with the whole's, and parts that keep it get it again, which is proved before."""
    for part in _parts_below(oid, context):
        if context.old.objects[part].not_null and context.new.objects[part].not_null:
            proof, proved, again, away = by_check(part, ())
            yield [proof, proved, replace(again, undo=None, undo_note=ITS_PARENTS), away]


def _with_parts(made: Step, oid: ObjectId, context: Context) -> Step:
    """With a way back on which the parts that had one before the whole get it again."""
    if not made.undo or not made.undo.endswith(" DROP NOT NULL"):
        return made
    own = (o for o in _parts_below(oid, context) if context.old.objects[o].not_null)
    again = (text(q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", name(*o.name[:2]), name(o.name[2]))) for o in own)
    return replace(made, undo=";\n".join([made.undo, *again]))


def _parts_below(oid: ObjectId, context: Context) -> Iterator[ObjectId]:
    """The column in those partitions, near and far, that stay where they are."""
    for place, spec in context.old.objects.items():
        part = ObjectId("column", (*place.name, oid.name[2]))
        stays = part in context.new.objects and place in context.new.objects and place not in context.gone
        if stays and place.kind == "inheritance" and spec.bound and oid.name[:2] in spec.parents:
            yield part
            yield from _parts_below(part, context)


def _by_itself(made: Step) -> Step:
    """With no change to the children where NOT NULL goes, or is taken back."""
    there, back = (
        s.replace("ALTER TABLE ", "ALTER TABLE ONLY ", 1) if s and s.endswith(" DROP NOT NULL") else s
        for s in (made.statement, made.undo)
    )
    return replace(made, statement=there or made.statement, undo=back)


def _given(oid: ObjectId, model: Model) -> bool:
    """Whether a parent's column is NOT NULL."""
    place = model.objects.get(ObjectId("inheritance", oid.name[:2]))
    above = (model.objects.get(ObjectId("column", (*p, oid.name[2]))) for p in (place.parents if place else ()))
    return any(column.not_null for column in above if column)


def _goes_with_a_parents(oid: ObjectId, context: Context) -> bool:
    """Whether a table that stays a parent has it now; a child that leaves takes it along."""
    places = (m.objects.get(ObjectId("inheritance", oid.name[:2])) for m in (context.old, context.new))
    before, after = (set(place.parents) if place else set() for place in places)
    above = (context.old.objects.get(ObjectId("column", (*p, oid.name[2]))) for p in before & after)
    return any(column.not_null for column in above if column)


def _stays_with_the_child(oid: ObjectId, context: Context) -> bool:
    """Whether a table that it leaves has it, or one that gives the column up: the server makes it the child's own then."""
    places = (m.objects.get(ObjectId("inheritance", oid.name[:2])) for m in (context.old, context.new))
    before, after = (set(place.parents) if place else set() for place in places)
    columns = {ObjectId("column", (*p, oid.name[2])): p for p in before}
    above = (context.old.objects.get(o) for o, p in columns.items() if p not in after or o not in context.new.objects)
    return any(column.not_null for column in above if column)


def _has_children_apart(oid: ObjectId, context: Context) -> bool:
    """Whether there are children that would lose it, too, own or not: before Postgres 18 nothing tells, and each is changed by itself."""
    return context.version < 180000 and not context.partitioned(oid.name) and any(context.children(oid.name[:2]))
