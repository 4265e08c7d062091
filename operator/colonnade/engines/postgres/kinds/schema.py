"""Schemas. https://www.postgresql.org/docs/current/sql-createschema.html (takes no lock on relations)"""

from __future__ import annotations

from dataclasses import dataclass

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import name, q, step

QUERY = """
SELECT n.oid, ARRAY[n.nspname] AS name FROM pg_namespace n
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY n.nspname"""


@dataclass(frozen=True)
class Schema:
    """A schema is only its name."""


def create(oid: ObjectId, spec: Schema, context: Context) -> Steps:
    yield step(oid, q("CREATE SCHEMA {}", name(*oid.name)), undo=q("DROP SCHEMA {}", name(*oid.name)))


def alter(oid: ObjectId, old: Schema, new: Schema, context: Context) -> Steps:
    return ()


def drop(oid: ObjectId, spec: Schema, context: Context) -> Steps:
    yield step(oid, q("DROP SCHEMA {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="schema", catalog="pg_namespace", spec=Schema, query=QUERY, create=create, alter=alter, drop=drop, rank=0
    ),
)
