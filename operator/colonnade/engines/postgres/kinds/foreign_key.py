"""Foreign keys: see constraint.py for how they reach a table in use."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.kind import PgKind
from colonnade.engines.postgres.kinds.constraint import (
    Constraint,
    alter,
    constraint_query,
    create_foreign_key,
    drop,
    table_of,
)


def compared_by_any(oid: ObjectId, model: Model) -> bool:
    """Whether one of its columns is compared by an operator for any type of its sort: enums, arrays, ranges, rows, domains of these.

    When another column of it changes, the server looks for a cast to that sort, finds none, and refuses ("could not find cast").
    """
    spec = model.objects[oid]
    ends = ((oid.name[:2], spec.columns), (spec.target, spec.target_columns))
    columns = (model.objects.get(ObjectId("column", (*table, c))) for table, found in ends for c in found)
    return any(c is not None and ("." in c.type or c.type.endswith(("[]", "range"))) for c in columns)


def held_by_included(old: Model, new: Model, altered: Collection[ObjectId]) -> set[ObjectId]:
    """Foreign keys to keys that INCLUDE one of these columns, whose type changes: the server makes such a key anew, and not what refers to it."""
    retyped = {o for o in altered if o.kind == "column" and _sort(old.objects[o]) != _sort(new.objects[o])}
    keys: set[ObjectId] = set()
    for oid in old.objects if retyped else ():
        if oid.kind in ("primary key", "unique") and " INCLUDE (" in old.objects[oid].definition:
            compared = {ObjectId("column", (*oid.name[:2], c)) for c in old.objects[oid].columns}
            if (old.needs.get(oid, NOTHING) - compared) & retyped:
                keys.add(oid)
    users = (o for o, needs in old.needs.items() if o.kind == "foreign key" and needs & keys)
    return {o for o in users if o in new.objects}


def _sort(column: Any) -> tuple[str, str | None]:
    return column.type, column.collation


KINDS = (
    PgKind(
        name="foreign key",
        catalog="pg_constraint",
        spec=Constraint,
        query=constraint_query("f"),
        needs=table_of,
        alter=alter,
        create=create_foreign_key,
        drop=drop,
        rank=16,
        space="constraint",
    ),
)
