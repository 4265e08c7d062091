"""Foreign keys: see constraint.py for how they reach a table in use."""

from __future__ import annotations

from colonnade.engines.postgres.kind import PgKind
from colonnade.engines.postgres.kinds.constraint import (
    Constraint,
    alter,
    constraint_query,
    create_foreign_key,
    drop,
    table_of,
)

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
