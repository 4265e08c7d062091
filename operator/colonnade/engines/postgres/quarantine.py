"""Quarantine: dropped tables wait in a schema of their own; once their time is over they are really dropped.

Never by CASCADE: where something outside has come to need what waits here, it goes on waiting.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import LiteralString

import psycopg
from psycopg import sql

from colonnade.core.plan import Plan
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import listed, name, printed, q

SCHEMA = re.compile(r'SET SCHEMA "(colonnade_quarantine_[0-9a-f]+)"$')

SCHEMAS: LiteralString = (
    "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'colonnade_quarantine%' ORDER BY 1"
)
TABLES: LiteralString = """
SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY 1"""
OTHERS: LiteralString = """
SELECT 'ROUTINE', p.proname, pg_catalog.format('(%%s)', (SELECT pg_catalog.string_agg(pg_catalog.format_type(t, NULL), ', ' ORDER BY o)
    FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY x(t, o))) FROM pg_catalog.pg_proc p WHERE p.pronamespace = pg_catalog.to_regnamespace(%(schema)s)
UNION ALL SELECT 'SEQUENCE', c.relname, '' FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_catalog.to_regnamespace(%(schema)s) AND c.relkind = 'S'
UNION ALL SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typname, '' FROM pg_catalog.pg_type t
  WHERE t.typnamespace = pg_catalog.to_regnamespace(%(schema)s) AND (t.typtype IN ('e', 'd', 'r')
    OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))"""


def entered(plan: Plan) -> dict[str, list[str]]:
    """What a plan has put into quarantine: objects by schema."""
    found: dict[str, list[str]] = {}
    for one in plan.steps:
        if m := SCHEMA.search(one.statement):
            found.setdefault(m[1], []).append(one.subject)
    return found


def schemas(connection: Connection) -> list[str]:
    """The quarantines that there are."""
    return [s for (s,) in connection.execute(SCHEMAS).fetchall()]


def empty(connection: Connection, schema: str) -> bool:
    """Really drop what waits in this schema; False where something outside needs it."""
    try:
        with connection.transaction():
            for statement in _drops(connection, schema):
                connection.execute(statement)
    except psycopg.errors.DependentObjectsStillExist:
        return False
    return True


def _drops(connection: Connection, schema: str) -> Iterator[sql.Composed]:
    """Tables together, for they may refer to one another; then what they needed."""
    if tables := [t for (t,) in connection.execute(TABLES, [schema]).fetchall()]:
        yield q("DROP TABLE {}", listed(name(schema, t) for t in tables))
    for kind, other, tail in connection.execute(OTHERS, {"schema": name(schema).as_string(None)}).fetchall():
        yield q("DROP {} {}{}", printed(kind), name(schema, other), printed(tail))
    yield q("DROP SCHEMA IF EXISTS {}", name(schema))
