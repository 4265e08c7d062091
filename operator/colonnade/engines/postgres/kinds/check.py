"""Check constraints: see constraint.py for how they reach a table in use."""

from __future__ import annotations

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.kinds.constraint import (
    Constraint,
    added,
    alter,
    constraint_query,
    create_check,
    drop,
    inline,
    table_of,
)
from colonnade.engines.postgres.statement import step


def alter_check(oid: ObjectId, old: Constraint, new: Constraint, context: Context) -> Steps | None:
    """A child's own becomes its parent's by being dropped first; what it has from a parent it can have of its own, too."""
    if old.definition != new.definition or old.local == new.local:
        return alter(oid, old, new, context)
    if new.local and new.inherited:
        return (step(oid, added(oid, new), undo="nothing to take back: its parent's says the same"),)
    if new.local:
        return None if _goes_with_a_parents(oid, context) else ()
    return () if old.inherited or context.joins(oid.name) else None


def _goes_with_a_parents(oid: ObjectId, context: Context) -> bool:
    """Whether it is only there because a table has it that stays a parent, and loses it; a child that leaves takes it along."""
    places = (m.objects.get(ObjectId("inheritance", oid.name[:2])) for m in (context.old, context.new))
    before, after = (set(place.parents) if place else set() for place in places)
    return any(ObjectId("check", (*p, oid.name[2])) not in context.new.objects for p in before & after)


KINDS = (
    PgKind(
        name="check",
        catalog="pg_constraint",
        spec=Constraint,
        query=constraint_query("c"),
        needs=table_of,
        create=create_check,
        alter=alter_check,
        drop=drop,
        rank=10,
        space="constraint",
        foldable=True,
        inline=inline,
    ),
)
