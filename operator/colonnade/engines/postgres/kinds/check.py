"""Check constraints: see constraint.py for how they reach a table in use."""

from __future__ import annotations

from colonnade.engines.postgres.kind import PgKind
from colonnade.engines.postgres.kinds.constraint import (
    Constraint,
    alter,
    constraint_query,
    create_check,
    drop,
    inline,
    table_of,
)

KINDS = (
    PgKind(
        name="check",
        catalog="pg_constraint",
        spec=Constraint,
        query=constraint_query("c"),
        needs=table_of,
        create=create_check,
        alter=alter,
        drop=drop,
        rank=10,
        space="constraint",
        foldable=True,
        inline=inline,
    ),
)
