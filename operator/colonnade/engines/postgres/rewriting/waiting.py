"""Columns that wait in quarantine: what comes to be a part, or a child, of their table has them, too, or the server would not let it.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import LiteralString

from colonnade.core.plan import Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, name, printed, q, text, value

WAITING: LiteralString = r"""
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) || coalesce((
    SELECT pg_catalog.format(' COLLATE %I.%I', x.nspname, k.collname) FROM pg_catalog.pg_collation k
    JOIN pg_catalog.pg_namespace x ON x.oid = k.collnamespace WHERE k.oid = a.attcollation AND k.oid <> t.typcollation), '')
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attname LIKE 'colonnade\_quarantine\_%' AND NOT a.attisdropped ORDER BY 1, 2, 3"""
"""Each column with its table and its type."""

TABLE = r'((?:"(?:[^"]|"")+"\.)"(?:[^"]|"")+")'
COMES = (
    re.compile(rf"ALTER TABLE (?P<parent>{TABLE}) ATTACH PARTITION (?P<child>{TABLE})"),
    re.compile(rf"ALTER TABLE (?P<child>{TABLE}) INHERIT (?P<parent>{TABLE})"),
)
FRESH = re.compile(rf"CREATE (?:UNLOGGED )?TABLE {TABLE}")
ROOT: LiteralString = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_ancestors(pg_catalog.to_regclass({})) WITH ORDINALITY x (relid, far)
JOIN pg_catalog.pg_class c ON c.oid = x.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY x.far DESC LIMIT 1"""
Waiting = dict[str, dict[str, str]]
"""By table, its columns that wait, with their types."""


def waits(subject: str, table: Part, column: str, type_: str, *, blocks: tuple[str, ...] = ()) -> Step:
    """The step by which the table gets the column, under the name that it has in quarantine; others use those that it `blocks`."""
    there = q("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}", table, name(column), printed(type_))
    undo = text(q("ALTER TABLE {} DROP COLUMN IF EXISTS {}", table, name(column)))
    return Step(text(there), subject, undo=undo, lock="ACCESS EXCLUSIVE" if blocks else "", blocks=blocks)


def with_what_waits(connection: Connection, steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, with those by which tables get what waits in the ones that they come to: on the copy there is none of it.

    A whole gets what waits in a table that comes to be a part, for a part has no columns of its own.
    """
    there = _waiting(connection) if any(pattern.match(s.statement) for pattern in COMES for s in steps) else {}
    fresh = {m[1] for s in steps if (m := FRESH.match(s.statement))} if there else set[str]()
    for one in steps:
        found = next((m for m in (pattern.match(one.statement) for pattern in COMES) if m), None) if there else None
        if found:
            child, parent = found["child"], found["parent"]
            pairs = [(child, there.get(parent, {}))]
            if found.re is COMES[0]:
                pairs.append((_root(connection, parent, fresh), there.get(child, {})))
            for table, columns in pairs:
                mine = there.setdefault(table, {})
                blocks = () if table in fresh else (table.replace('"', ""),)
                for column in sorted(columns.keys() - mine.keys()):
                    yield waits(one.subject, printed(table), column, columns[column], blocks=blocks)
                mine |= columns
                there.setdefault(parent, {}).update(columns)
        yield one


def _waiting(connection: Connection) -> Waiting:
    found: Waiting = {}
    for schema, table, column, type_ in connection.execute(WAITING).fetchall():
        found.setdefault(text(name(schema, table)), {})[column] = type_
    return found


def _root(connection: Connection, table: str, fresh: Collection[str]) -> str:
    """The whole that this is a part of, near or far; only that can get columns."""
    row = None if table in fresh else connection.execute(q(ROOT, value(table))).fetchone()
    return text(name(*row)) if row else table
