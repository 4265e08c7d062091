"""Foreign keys: see constraint.py for how they reach a table in use."""

from __future__ import annotations

from colonnade.core.kind import Model, ObjectId
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
