"""Triggers tried on a row: a trigger function's body is only looked at when it runs, so it runs once, in the scratch database.

Each table with row triggers is freed of what would keep a bare row out, gets one, has it updated and deleted; all is rolled back. Only
what cannot work on any row counts: a column, table or function that is not there. A business rule that refuses the bare row does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

import psycopg

from colonnade.core.kind import Model, ObjectId
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, listed, name, q

BROKEN = ("42703", "42P01")
ADVICE = "correct the function, declare the column that it uses, or take the trigger off this table"

IN_THE_WAY: LiteralString = """
SELECT quote_ident(k.conname) FROM pg_constraint k WHERE k.conrelid = %s::regclass AND k.contype IN ('c', 'f', 'p', 'u', 'x', 'n')
  AND k.coninhcount = 0 ORDER BY k.contype IN ('p', 'u'), 1"""
NOT_NULL: LiteralString = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull AND attidentity = ''"""
UPDATABLE: LiteralString = """
SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' AND attidentity <> 'a'
ORDER BY attnum"""


def broken_triggers(connection: Connection, model: Model) -> Iterator[tuple[ObjectId, str]]:
    """Triggers that cannot work on any row of their table, each with what the server says and what to do."""
    tables: dict[tuple[str, ...], list[ObjectId]] = {}
    for oid, spec in model.objects.items():
        if (
            oid.kind == "trigger"
            and " FOR EACH ROW " in spec.definition
            and ObjectId("table", oid.name[:2]) in model.objects
        ):
            tables.setdefault(oid.name[:2], []).append(oid)
    for table, triggers in tables.items():
        for error in _tried(connection, table, _path(table, model)):
            where = next((line for line in (error.diag.context or "").split("\n") if "function " in line), "")
            yield _culprit(triggers, where, model), f"{error.diag.message_primary} ({where}); {ADVICE}"
            break


def _culprit(triggers: list[ObjectId], where: str, model: Model) -> ObjectId:
    """The trigger whose function the server was in."""
    for oid in triggers:
        function = model.objects[oid].definition.rsplit("EXECUTE FUNCTION ", 1)[-1].split("(")[0]
        if function.split(".")[-1].strip('"') + "(" in where:
            return oid
    return triggers[0]


def _path(table: tuple[str, ...], model: Model) -> str:
    """Every schema, the table's first: an application's search_path is not known here, and a name is only wrong where none has it."""
    schemas = dict.fromkeys([table[0], *(o.name[0] for o in model.objects if o.kind == "schema")])
    return listed(name(s) for s in schemas).as_string(None)


def _tried(connection: Connection, table: tuple[str, ...], path: str) -> Iterator[psycopg.Error]:
    found: list[psycopg.Error] = []
    relation = name(*table)
    with connection.transaction(force_rollback=True):
        connection.execute("SELECT pg_catalog.set_config('statement_timeout', '5s', true)")
        _freed(connection, relation)
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, true)", [path])
        columns = [c for (c,) in connection.execute(UPDATABLE, [relation.as_string(None)]).fetchall()]
        changed = [q("UPDATE {} SET {} = {}", relation, name(c), name(c)) for c in columns]
        for statement in (q("INSERT INTO {} DEFAULT VALUES", relation), *changed, q("DELETE FROM {}", relation)):
            if (error := _attempted(connection, statement)) is not None and error.sqlstate in BROKEN:
                found.append(error)
                break
    yield from found


def _attempted(connection: Connection, statement: Part) -> psycopg.Error | None:
    """Run the statement, or take it back and answer with its error; in one round trip, for there are many of them."""
    try:
        connection.execute(q("SAVEPOINT attempt; {}; RELEASE attempt", statement))
    except psycopg.Error as error:
        connection.execute("ROLLBACK TO attempt; RELEASE attempt")
        return error
    return None


def _freed(connection: Connection, relation: Part) -> None:
    """Take off what would keep a bare row out; what cannot be taken off, stays."""
    text = relation.as_string(None)
    off = [
        q("ALTER TABLE {} DROP CONSTRAINT {} CASCADE", relation, _quoted(k))
        for (k,) in connection.execute(IN_THE_WAY, [text]).fetchall()
    ]
    off += [
        q("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", relation, name(c))
        for (c,) in connection.execute(NOT_NULL, [text]).fetchall()
    ]
    for statement in off:
        _attempted(connection, statement)


def _quoted(identifier: str) -> Part:
    return name(identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier)
