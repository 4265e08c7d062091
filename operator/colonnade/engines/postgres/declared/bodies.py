"""The bodies of routines are read once all is there: a slip of the pen would else show only when one is called.

Our sessions make routines unread (check_function_bodies), as a dump does, for a body may speak of what comes later, or of what only an
application's search_path finds. Whether it can be read at all depends on neither.
https://www.postgresql.org/docs/current/plhandler.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import LiteralString

import psycopg

from colonnade.core.kind import ObjectId
from colonnade.engines import Declaration
from colonnade.engines.postgres.declared.load import items
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import printed, q, value

UNREADABLE = "42601"
READERS: dict[str, LiteralString] = {"plpgsql": "plpgsql_validator", "sql": "fmgr_sql_validator"}
BODIES: LiteralString = """
SELECT l.lanname, p.oid::int8, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, format('%s(%s)', p.proname,
  (SELECT coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY o), '') FROM unnest(p.proargtypes) WITH ORDINALITY x(t, o)))
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE p.oid >= 16384 AND l.lanname IN ('plpgsql', 'sql') AND p.prosqlbody IS NULL AND p.prokind IN ('f', 'p')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') ORDER BY p.oid"""


def unreadable_bodies(connection: Connection, loaded: Sequence[Declaration]) -> Iterator[tuple[ObjectId, str]]:
    """Routines whose language cannot read their bodies, each with its place and what the server says of it."""
    by_language: dict[str, list[tuple[int, ObjectId]]] = {}
    for language, oid, kind, schema, called in connection.execute(BODIES).fetchall():
        by_language.setdefault(language, []).append((oid, ObjectId(kind, (schema, called))))
    for language, routines in by_language.items():
        if _read(connection, language, [oid for oid, _ in routines]) is None:
            continue
        for oid, routine in routines:
            error = _read(connection, language, [oid])
            if error is not None and error.sqlstate == UNREADABLE:
                said = f"{error.diag.message_primary}{_line(error)}; correct its body"
                yield routine, f"{_place(routine, loaded)}{routine}: {said}"


def _read(connection: Connection, language: str, oids: list[int]) -> psycopg.Error | None:
    """All of them at once; the first error."""
    read = q("SELECT pg_catalog.{}(oid) FROM pg_catalog.unnest({}::oid[]) oid", printed(READERS[language]), value(oids))
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("SELECT pg_catalog.set_config('check_function_bodies', 'on', true)")
            connection.execute(read)
    except psycopg.Error as error:
        if connection.closed:
            raise
        return error
    return None


def _place(routine: ObjectId, loaded: Sequence[Declaration]) -> str:
    """Of the statement that makes it."""
    called = re.escape(routine.name[1].partition("(")[0])
    makes = re.compile(rf'\s*CREATE\s[^(]*\b(?:FUNCTION|PROCEDURE)\s[^(]*(?<!\w)"?{called}"?\s*\(', re.IGNORECASE)
    return next((f"{item.place(1)}: " for d in loaded for item in items(d) if makes.match(item.text)), "")


def _line(error: psycopg.Error) -> str:
    """Where in the body, if the server says so."""
    before = (error.diag.internal_query or "")[: int(error.diag.internal_position or 0)]
    return f" in line {before.count(chr(10)) + 1} of its body" if before else ""
