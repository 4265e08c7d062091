"""Columns that wait in quarantine: what comes to be a part, or a child, of their table has them, too, or the server would not let it.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import LiteralString

from colonnade.core.plan import Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, name, printed, q, text

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


def waits(subject: str, table: Part, column: str, type_: str) -> Step:
    """The step by which the table gets the column, under the name that it has in quarantine."""
    there = q("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}", table, name(column), printed(type_))
    return Step(text(there), subject, undo=text(q("ALTER TABLE {} DROP COLUMN {}", table, name(column))))


def with_what_waits(connection: Connection, steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, with those by which tables get what waits in the ones that they come to: on the copy there is none of it."""
    comes = any(pattern.match(s.statement) for pattern in COMES for s in steps)
    there: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, type_ in connection.execute(WAITING).fetchall() if comes else ():
        there.setdefault(text(name(schema, table)), []).append((column, type_))
    for one in steps:
        found = next((m for m in (pattern.match(one.statement) for pattern in COMES) if m), None) if there else None
        if found and (columns := there.get(found["parent"])):
            there.setdefault(found["child"], columns)
            yield from (waits(one.subject, printed(found["child"]), c, type_) for c, type_ in columns)
        yield one
