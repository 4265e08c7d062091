"""Exclusion constraints: they have no way round a lock; see constraint.py."""

from __future__ import annotations

from colonnade.engines.postgres.kind import PgKind
from colonnade.engines.postgres.kinds.constraint import (
    Constraint,
    alter,
    constraint_query,
    create_exclusion,
    drop,
    inline,
    table_of,
)

KINDS = (
    PgKind(
        name="exclusion",
        catalog="pg_constraint",
        spec=Constraint,
        query=constraint_query("x"),
        needs=table_of,
        alter=alter,
        create=create_exclusion,
        drop=drop,
        rank=13,
        space="constraint",
        foldable=True,
        inline=inline,
    ),
)
