"""Primary keys: see constraint.py for how they reach a table in use."""

from __future__ import annotations

from colonnade.engines.postgres.kind import PgKind
from colonnade.engines.postgres.kinds.constraint import (
    Constraint,
    alter,
    constraint_query,
    create_key,
    drop,
    inline,
    table_of,
)

KINDS = (
    PgKind(
        name="primary key",
        catalog="pg_constraint",
        spec=Constraint,
        query=constraint_query("p"),
        needs=table_of,
        create=create_key,
        alter=alter,
        drop=drop,
        rank=11,
        space="constraint",
        foldable=True,
        inline=inline,
    ),
)
