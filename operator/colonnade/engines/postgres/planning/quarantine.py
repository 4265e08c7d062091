"""Quarantine: dropped tables wait in a schema of their own, dropped columns in their table under a name of their own.

Once their time is over they are really dropped; until then they can be brought back. Never by CASCADE: where something outside has
come to need what waits here, it goes on waiting. What waits is found in the catalogs; the journal says until when and what it was called.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import LiteralString

import psycopg
from psycopg import sql

from colonnade.core.errors import Conflict, InvalidSpec
from colonnade.core.plan import Plan, Step
from colonnade.engines import Waiting
from colonnade.engines.postgres.kinds.column_drop import was_called
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import listed, name, printed, q

PLACE = re.compile(
    r'SET SCHEMA "(colonnade_quarantine_[0-9a-f]+)"$|RENAME COLUMN "(?:[^"]|"")+" TO "(colonnade_quarantine_[0-9a-f]+)_'
)

PLACES: LiteralString = r"""
SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname LIKE 'colonnade\_quarantine\_%'
UNION SELECT pg_catalog.substring(attname, '^colonnade_quarantine_[0-9a-f]+') FROM pg_catalog.pg_attribute
  WHERE attname LIKE 'colonnade\_quarantine\_%' AND NOT attisdropped ORDER BY 1"""
TABLES: LiteralString = """
SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') ORDER BY 1"""
COLUMNS: LiteralString = """
SELECT n.nspname, c.relname, a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE pg_catalog.starts_with(a.attname::text, %s || '_') AND NOT a.attisdropped AND a.attinhcount = 0 AND c.relkind IN ('r', 'p') ORDER BY 1, 2, 3"""
OTHERS: LiteralString = """
SELECT 'ROUTINE', p.proname, pg_catalog.format('(%%s)', (SELECT pg_catalog.string_agg(pg_catalog.format_type(t, NULL), ', ' ORDER BY o)
    FROM pg_catalog.unnest(p.proargtypes) WITH ORDINALITY x(t, o))) FROM pg_catalog.pg_proc p WHERE p.pronamespace = pg_catalog.to_regnamespace(%(schema)s)
UNION ALL SELECT 'SEQUENCE', c.relname, '' FROM pg_catalog.pg_class c WHERE c.relnamespace = pg_catalog.to_regnamespace(%(schema)s) AND c.relkind = 'S'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refclassid = d.classid AND d.deptype IN ('a', 'i'))
UNION ALL SELECT CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, t.typname, '' FROM pg_catalog.pg_type t
  WHERE t.typnamespace = pg_catalog.to_regnamespace(%(schema)s) AND (t.typtype IN ('e', 'd', 'r')
    OR EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = t.typrelid AND c.relkind = 'c'))"""
ENTRIES: LiteralString = "SELECT schema, objects, until FROM colonnade.quarantine ORDER BY until, schema"


@dataclass(frozen=True)
class _Found(Waiting):
    """What waits, where it is now, and how to bring it back."""

    place: str
    back: tuple[sql.Composed, ...]


def entered(plan: Plan) -> dict[str, list[str]]:
    """What a plan has put into quarantine: objects by place."""
    found: dict[str, list[str]] = {}
    for one in plan.steps:
        if m := PLACE.search(one.statement):
            found.setdefault(m[1] or m[2], []).append(one.subject)
    return found


def places(connection: Connection) -> list[str]:
    """The quarantines that there are."""
    return [s for (s,) in connection.execute(PLACES).fetchall()]


def empty(connection: Connection, place: str, patience: float) -> bool:
    """Really drop what waits in this place; False where something outside needs it, or others use its table for too long now."""
    try:
        with connection.transaction():
            connection.execute(
                "SELECT pg_catalog.set_config('lock_timeout', %s, true)", [f"{max(1, int(patience * 1000))}ms"]
            )
            for statement in _drops(connection, place):
                connection.execute(statement)
    except (psycopg.errors.DependentObjectsStillExist, psycopg.errors.LockNotAvailable):
        return False
    return True


def _drops(connection: Connection, place: str) -> Iterator[sql.Composed]:
    """Columns, for as long as there are some, for a child may keep its own when its parent's has gone; tables together, for they may
    refer to one another; then what they needed."""
    while columns := connection.execute(COLUMNS, [place]).fetchall():
        yield from (
            q("ALTER TABLE {} DROP COLUMN {}", name(schema, table), name(column)) for schema, table, column in columns
        )
    if tables := [t for (t,) in connection.execute(TABLES, [place]).fetchall()]:
        yield q("DROP TABLE {}", listed(name(place, t) for t in tables))
    for kind, other, tail in connection.execute(OTHERS, {"schema": name(place).as_string(None)}).fetchall():
        yield q("DROP {} {}{}", printed(kind), name(place, other), printed(tail))
    yield q("DROP SCHEMA IF EXISTS {}", name(place))


def waiting(connection: Connection) -> list[_Found]:
    """What waits and can be brought back."""
    found: list[_Found] = []
    for place, objects, until in connection.execute(ENTRIES).fetchall():
        found += _tables(connection, place, objects, until)
        found += _columns(connection, place, objects, until)
    return found


def _tables(connection: Connection, place: str, objects: Sequence[str], until: datetime) -> Iterator[_Found]:
    for (table,) in connection.execute(TABLES, [place]).fetchall():
        if (schema := _schema(objects, "table ", table)) is not None:
            back = q("ALTER TABLE {} SET SCHEMA {}", name(place, table), name(schema))
            yield _found("table", (schema, table), until, place, (back, *_others(connection, place, objects, schema)))


def _found(kind: str, called: tuple[str, ...], until: datetime, place: str, back: tuple[sql.Composed, ...]) -> _Found:
    return _Found(kind, ".".join(called), until.isoformat(timespec="seconds"), place, back)


def _others(connection: Connection, place: str, objects: Sequence[str], schema: str) -> Iterator[sql.Composed]:
    """What went along, back to where it was."""
    for kind, other, tail in connection.execute(OTHERS, {"schema": name(place).as_string(None)}).fetchall():
        home = _schema(objects, "", other + tail) or schema
        yield q("ALTER {} {}{} SET SCHEMA {}", printed(kind), name(place, other), printed(tail), name(home))


def _schema(objects: Sequence[str], starts: str, ends: str) -> str | None:
    """The schema that an object of this name was in, by the journal's words for it, such as ``table public.orders``."""
    for one in objects:
        if one.startswith(starts) and one.endswith(f".{ends}"):
            return one.removesuffix(f".{ends}").rpartition(" ")[2]
    return None


def _columns(connection: Connection, place: str, objects: Sequence[str], until: datetime) -> Iterator[_Found]:
    for schema, table, now in connection.execute(COLUMNS, [place]).fetchall():
        was = _called(objects, now, place)
        back = q("ALTER TABLE {} RENAME COLUMN {} TO {}", name(schema, table), name(now), name(was))
        rest = _others(connection, place, objects, schema)
        yield _found("column", (schema, table, was), until, place, (back, *rest))


def _called(objects: Sequence[str], now: str, place: str) -> str:
    """What the column was called: its name here says it, unless it was too long for that, or its type had to show."""
    for one in objects:
        parts = one.removeprefix("column ").split(".")
        for i in range(2, len(parts)):
            if one.startswith("column ") and was_called(now, ".".join(parts[i:]), place):
                return ".".join(parts[i:])
    return now.removeprefix(f"{place}_")


def restore(connection: Connection, wanted: str) -> Waiting:
    """Bring back the table or column of this name, the one that was dropped last. Raises InvalidSpec, Conflict."""
    there = waiting(connection)
    found = [w for w in there if wanted in (w.name, f"{w.kind} {w.name}", w.name.partition(".")[2])]
    if not found:
        known = ", ".join(f"{w.kind} {w.name}" for w in there) or "nothing"
        raise InvalidSpec(f"{wanted} is not in quarantine; {known} is")
    if len({(w.kind, w.name) for w in found}) > 1:
        raise InvalidSpec(f"{wanted} could be {' or '.join(f'{w.kind} {w.name}' for w in found)}; say which")
    one = found[-1]
    try:
        with connection.transaction():
            for statement in one.back:
                connection.execute(statement)
            if not connection.execute(TABLES, [one.place]).fetchall():
                connection.execute(q("DROP SCHEMA IF EXISTS {}", name(one.place)))
    except (psycopg.errors.DuplicateTable, psycopg.errors.DuplicateColumn, psycopg.errors.DuplicateObject) as e:
        raise Conflict(
            f"{one.kind} {one.name} cannot come back: {e.diag.message_primary}; rename or drop what has the name, then try again"
        ) from e
    return one


def each_place_once(steps: Iterable[Step]) -> Iterator[Step]:
    """Without making again what several have asked for: on the way back, it is to be empty before it goes."""
    made: set[str] = set()
    for one in steps:
        if one.statement.startswith("CREATE SCHEMA IF NOT EXISTS "):
            if one.statement in made:
                continue
            made.add(one.statement)
        yield one
