"""Loading declarations into a scratch database: Postgres is the parser, and its verdict comes back with file, line and column.

The statements go in batches, a transaction each; where one fails, the rest go one by one, and what only lacks something that comes
later is tried again at the end, so that the order of files does not matter.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from colonnade.core.errors import ColonnadeError, Conflict, InvalidSpec, Unauthorized
from colonnade.engines import Declaration, Source
from colonnade.engines.postgres.catalog import SUCCESSORS
from colonnade.engines.postgres.declared.on_behalf import on_behalf
from colonnade.engines.postgres.declared.script import ROLES, Statement, statements, wanted
from colonnade.engines.postgres.declared.unfilled import UNFILLED, unfilled
from colonnade.engines.postgres.errors import membership
from colonnade.engines.postgres.live.strangers import KEPT_STILL
from colonnade.engines.postgres.session import Connection, run

BATCH = 300
LATER = ("42P01", "42704", "42883", "3F000", "42703", "42P02", "42830")
COMMITTED = ("25001", "55P04", "53200")
"""What only works outside a transaction, or after one was committed, or needs more locks than one transaction may hold."""
NOT_ABOUT_IT = ("08", "53", "57", "XX")
"""What says nothing about the statement: the connection, the server's resources, somebody's intervention."""
LIMIT = 30.0
"""Seconds that one statement may take: on an empty database only what sleeps or loops takes that long, and it would hold up everybody."""
TAKEN = ("42P07", "42710", "42723", "42P06", "42P03", "42712")

ADVICE: dict[str, str] = {
    "42601": "correct the syntax there",
    "42P01": "declare it, in this resource or another of the same Datastore, or correct the name",
    "42704": "declare it, create the role or extension it comes from, or correct the name",
    "42883": "declare the function, add a cast, or name the extension it comes from",
    "42703": "correct the column's name, or declare the column",
    "42P17": "correct the definition",
    "42830": "the columns referred to need a primary key or unique constraint of just these columns",
    "42804": "make the two types agree, or add an explicit cast",
    "42P07": "it is declared twice; keep one",
    "42710": "it is declared twice; keep one",
    "42723": "it is declared twice; keep one",
    "42701": "the column is declared twice; keep one",
    "0A000": "this server cannot do that; say it in another way",
    "42501": "grant what is missing to the user in the Secret, or take the statement out",
    "58P01": "install the extension's package on the server, or take it out",
    "3F000": "declare the schema: list it under schemas, or add CREATE SCHEMA",
    "42622": "shorten the name to 63 bytes",
    "42P16": "correct the table's definition",
}
BY_WORDS: dict[str, str] = {
    "immutable": "use only immutable functions there: now() and the like differ from one moment to the next",
    "cannot use column reference in default": "put a text into quotes: '…'; a default cannot look at other columns",
    'permission denied to create "pg_catalog.': "declare it in a schema of your own: that one is the server's",
}
"""Where the server's words, in small letters, tell more than its code."""
NEWER: dict[int, re.Pattern[str]] = {
    15: re.compile(
        r"\bNULLS\s+NOT\s+DISTINCT\b|\bTABLES\s+IN\s+SCHEMA\b|\bsecurity_invoker\b|\bSET\s+(?:NULL|DEFAULT)\s*\(",
        re.IGNORECASE,
    ),
    18: re.compile(
        r"\bVIRTUAL\b|\bNOT\s+ENFORCED\b|\bWITHOUT\s+OVERLAPS\b|\bPERIOD\s+\w+|\bCONSTRAINT\s+\S+\s+NOT\s+NULL\b",
        re.IGNORECASE,
    ),
}
"""What older servers take for a mistake. https://www.postgresql.org/docs/release/"""


RESERVED: LiteralString = """
SELECT n.nspname, x.name FROM (
  SELECT oid AS namespace, nspname AS name, oid, 'pg_namespace'::regclass AS catalog FROM pg_namespace WHERE nspname LIKE 'colonnade%'
  UNION ALL SELECT relnamespace, relname, oid, 'pg_class'::regclass FROM pg_class
  UNION ALL SELECT pronamespace, proname, oid, 'pg_proc'::regclass FROM pg_proc
  UNION ALL SELECT typnamespace, typname, oid, 'pg_type'::regclass FROM pg_type WHERE typrelid = 0 AND typelem = 0
) x JOIN pg_namespace n ON n.oid = x.namespace
WHERE x.oid >= 16384 AND (n.nspname IN ('pg_catalog', 'information_schema') OR n.nspname ~ '^(pg_temp|colonnade)')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = x.catalog AND d.objid = x.oid AND d.deptype IN ('e', 'i')) ORDER BY x.oid LIMIT 1"""


RESERVED_COLUMNS: LiteralString = (
    r"SELECT attname FROM pg_attribute WHERE attname LIKE 'colonnade\_quarantine\_%' OR attname ~ "
    + SUCCESSORS
    + " LIMIT 1"
)


class NeedsDatabase(Exception):
    """The declaration cannot be loaded within one transaction: it needs a database of its own."""


@dataclass(frozen=True)
class Item:
    """One statement ready to run, how to name a position in it, and the search_path that it was written under where that is known."""

    text: str
    place: Callable[[int], str]
    origin: str = ""
    path: str | None = None


def items(declaration: Declaration) -> Iterator[Item]:
    """The statements of a declaration: its YAML compiled, then its SQL. Raises InvalidSpec for what may not be declared."""
    if declaration.spec is not None:
        from colonnade.engines.postgres.declared.compile import (
            compile_sql,  # brings pydantic, which plain SQL does without
        )

        for made in compile_sql(declaration.spec):
            yield Item(unfilled(made.sql), made.origin_at, made.origin)
    for source in declaration.sources:
        yield from script(source)


def script(source: Source) -> Iterator[Item]:
    """The statements of one SQL text that say something about the schema."""
    for statement, before in on_behalf(statements(source)):
        if statement.words[:2] in ROLES and statement.words[:3] != ("CREATE", "USER", "MAPPING"):
            yield Item(_needs_role(statement), statement.place)
        elif not wanted(statement):
            continue
        elif before:
            place = partial(_place_behind, statement, before)
            yield Item(f"{before}{statement.text}\n; RESET ROLE", place)
        else:
            yield Item(unfilled(_schema_at_most_once(statement)), statement.place)


def _place_behind(statement: Statement, before: str, position: int) -> str:
    return statement.place(max(position - len(before), 1))


def _schema_at_most_once(statement: Statement) -> str:
    """A schema that the resource lists is there already when its SQL makes it, as that of a dump does."""
    plain = (
        statement.words[:2] == ("CREATE", "SCHEMA")
        and "IF" not in statement.words[2:3]
        and "CREATE" not in statement.words[2:]
    )
    return (
        re.sub(r"^CREATE\s+SCHEMA", "CREATE SCHEMA IF NOT EXISTS", statement.text, count=1, flags=re.IGNORECASE)
        if plain
        else statement.text
    )


def _needs_role(statement: Statement) -> str:
    """Roles belong to the server, not to one database: one that is declared has to be there already."""
    found = re.match(
        r'\s*CREATE\s+(?:ROLE|USER|GROUP)\s+(?:IF\s+NOT\s+EXISTS\s+)?("(?:[^"]|"")+"|[\w$]+)',
        statement.text,
        re.IGNORECASE,
    )
    name = found[1] if found else ""
    plain = name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()
    return (
        sql.SQL("SELECT {}::pg_catalog.regrole")
        .format(sql.Literal(sql.Identifier(plain).as_string(None)))
        .as_string(None)
    )


Waiting = list[tuple[Item, psycopg.Error]]
"""What lacked something so far, with the server's verdict."""


def load(connection: Connection, declaration: Declaration, schemas: Sequence[str], left: Waiting | None = None) -> None:
    """Bring the declaration into this database. Raises InvalidSpec, Conflict, Unauthorized; the database is then to be thrown away.

    What lacks something that is not there is put into `left` where that is given, to be tried `again`.
    """
    path = sql.SQL(", ").join(sql.Identifier(s) for s in schemas).as_string(None)
    todo = list(items(declaration))
    connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", [path])
    _limit(connection)
    for start in range(0, len(todo), BATCH):
        if not _batch(connection, todo[start : start + BATCH]):
            _one_by_one(connection, todo[start:], left)
            break
    _only_where_it_may(connection, todo)


def _limit(connection: Connection) -> None:
    connection.execute("SELECT pg_catalog.set_config('statement_timeout', %s, false)", [f"{LIMIT:.0f}s"])


def _only_where_it_may(connection: Connection, todo: Sequence[Item]) -> None:
    """What is made in the server's own schemas, in Colonnade's or for the session is no part of what is compared: it is refused."""
    _columns_of_its_own(connection, todo)
    _guards_at_work(connection, todo)
    row = connection.execute(RESERVED).fetchone()
    if row is None:
        return
    schema, made = row
    item = next((i for i in todo if re.search(rf"\b{re.escape(made)}\b", i.text)), todo[0])
    if schema.startswith("pg_temp"):
        raise InvalidSpec(
            f"{item.place(1)}: {made} is temporary, and a declaration says what stays; take TEMPORARY or the statement out"
        )
    ours = schema.startswith("colonnade")
    whose, dump = (
        ("Colonnade", "; leave it out of a dump: pg_dump --exclude-schema='colonnade*'") if ours else ("the server", "")
    )
    raise InvalidSpec(
        f"{item.place(1)}: {made} is declared in schema {schema}, which is {whose}'s own; declare it in another schema{dump}"
    )


def _guards_at_work(connection: Connection, todo: Sequence[Item]) -> None:
    """What enforces a constraint works as usual in what is declared: another state could be neither compared nor kept."""
    row = connection.execute(KEPT_STILL).fetchone()
    if row is not None:
        item = next((i for i in todo if re.search(r"\bTRIGGER\s+ALL\b", i.text, re.IGNORECASE)), todo[0])
        raise InvalidSpec(
            f"{item.place(1)}: {row[0]}: no dump tells of that, and it is not managed; say TRIGGER USER, "
            "which leaves the constraints' own alone, or take the statement out"
        )


def _columns_of_its_own(connection: Connection, todo: Sequence[Item]) -> None:
    """A column called as one in quarantine, or as the successor of another, would not be seen."""
    row = connection.execute(RESERVED_COLUMNS).fetchone()
    if row is not None:
        item = next((i for i in todo if str(row[0]) in i.text), todo[0])
        raise InvalidSpec(
            f"{item.place(1)}: column {row[0]} has a name of the sort that Colonnade gives to columns for a while; call it something else"
        )


def _batch(connection: Connection, batch: Sequence[Item]) -> bool:
    try:
        with connection.transaction():
            between = f"\n;SET statement_timeout TO '{LIMIT:.0f}s';\n".encode()  # which the one before may have changed
            connection.execute(between.join(i.text.encode() for i in batch))
    except psycopg.Error:
        if connection.closed:
            raise
        return False
    return True


def _one_by_one(connection: Connection, todo: Sequence[Item], left: Waiting | None) -> None:
    waiting: Waiting = []
    for item in todo:
        if _SETS_FOR_ALL.match(item.text):
            waiting = again(connection, waiting)
        _tried(connection, item, waiting)
    waiting = again(connection, waiting)
    if left is not None:
        left += waiting
    elif waiting:
        raise lacking(connection, waiting) from waiting[0][1]


def lacking(connection: Connection, waiting: Waiting) -> ColonnadeError:
    """What the first of them lacks, and the way out."""
    item, error = waiting[0]
    return explained(item, error, _version(connection), _circle(item, error, waiting))


MAKES = "(?:OR|REPLACE|RECURSIVE|MATERIALIZED|UNLOGGED|FOREIGN|VIEW|TABLE|FUNCTION|PROCEDURE|TYPE|DOMAIN|IF|NOT|EXISTS)"
"""What may stand before the name of what is made."""


def _circle(item: Item, error: psycopg.Error, waiting: Waiting) -> str:
    """What else waits and would make what this lacks."""
    lacks = re.match(r'(?:relation|function|type) "?(?:\w+\.)?([^"(\s]+)', error.diag.message_primary or "")
    if lacks is None:
        return ""
    makes = re.compile(rf'\s*CREATE\s+(?:{MAKES}\s+)+(?:"?\w+"?\.)?"?{re.escape(lacks[1])}"?(?!\w)', re.IGNORECASE)
    other = next((one for one, _ in waiting if one is not item and makes.match(one.text)), None)
    return (
        f"what makes it ({other.place(1)}) needs something itself that is not there: break the circle" if other else ""
    )


_SETS_FOR_ALL = re.compile(r"\s*ALTER\s+DEFAULT\s", re.IGNORECASE)
"""What is before such a statement has to be made before it: its privileges are for what comes later."""


def again(connection: Connection, waiting: Waiting) -> Waiting:
    """Try until nothing more works; what is left."""
    while waiting:
        before, waiting = waiting, []
        for item, _ in before:
            _tried(connection, item, waiting)
        if len(waiting) == len(before):
            break
    return waiting


def _tried(connection: Connection, item: Item, waiting: Waiting) -> None:
    """Run it, or let it wait."""
    began = time.monotonic()
    try:
        _run(connection, item)
    except psycopg.Error as e:
        if (final := _final(connection, item, e, time.monotonic() - began)) is not None:
            raise final from (None if final is e else e)
        waiting.append((replace(item, path=item.path or _path(connection)), e))


def _final(connection: Connection, item: Item, error: psycopg.Error, seconds: float) -> Exception | None:
    """What is to be raised of an error; None where the statement may work later, once others have run."""
    if error.sqlstate in COMMITTED and _in_transaction(connection):
        return NeedsDatabase()
    if error.sqlstate == "57014" and seconds >= LIMIT:
        return InvalidSpec(
            f"{item.place(1)}: it ran for {LIMIT:.0f} s, and that on an empty database; take out what waits or loops"
        )
    if connection.closed or str(error.sqlstate)[:2] in NOT_ABOUT_IT:
        return error
    return explained(item, error, _version(connection)) if error.sqlstate not in LATER else None


def _path(connection: Connection) -> str:
    row = connection.execute("SELECT pg_catalog.current_setting('search_path')").fetchone()
    assert row is not None
    return str(row[0])


def _run(connection: Connection, item: Item) -> None:
    if item.path is not None:
        connection.execute("SELECT pg_catalog.set_config('search_path', %s, false)", [item.path])
    _limit(connection)  # the statement before may have changed it
    if _in_transaction(connection):
        with connection.transaction():
            run(connection, item.text)
    else:
        run(connection, item.text)


def _in_transaction(connection: Connection) -> bool:
    return connection.info.transaction_status != TransactionStatus.IDLE


def explained(item: Item, error: psycopg.Error, version: int, circle: str = "") -> ColonnadeError:
    """The server's verdict with the place in the user's own text, and the usual way out."""
    state = error.sqlstate or ""
    position = int(error.diag.statement_position or 1)
    said = error.diag.message_primary or type(error).__name__
    if item.text.endswith(UNFILLED) and position > len(item.text.removesuffix(UNFILLED)):
        said, position = "syntax error at end of input", len(item.text.removesuffix(UNFILLED))
    told = error.diag.message_detail if state[:2] in ("42", "0A") else ""
    detail = f" ({told})" if told else ""
    hint = f"; the server says: {error.diag.message_hint}" if error.diag.message_hint else ""
    advice = circle or _newer(item.text, position, said, version) or _advice(state, said)
    if "extension " in said and "is not available" in said:
        hint = ""
    lacks_rights = state == "42501" and 'create "pg_catalog.' not in said
    kind = Unauthorized if lacks_rights else Conflict if state in TAKEN else InvalidSpec
    return kind(f"{item.place(position)}: {said}{detail}{hint}; {advice}")


def _advice(state: str, said: str) -> str:
    """By what the server complains of."""
    if "extension " in said and "is not available" in said:
        return ADVICE["58P01"]
    if granted := membership(said):
        return f"{granted}; or take the statement out: who owns it then stays as it is"
    if "role " in said and "does not exist" in said:
        return "create the role on the server first: roles are not part of one database's schema"
    return next((way for words, way in BY_WORDS.items() if words in said.lower()), ADVICE.get(state, "correct it"))


def _newer(statement: str, position: int, said: str, version: int) -> str:
    """What the server stumbles over for not knowing it yet: it stands at this place, or is named in what was said."""
    for since, words in NEWER.items():
        for found in words.finditer(statement) if version // 10000 < since else ():
            if (found.start() < position <= found.end() and "syntax error" in said) or f'"{found[0]}"' in said:
                return f"{found[0]} is of Postgres {since} and later, and this is {version // 10000}: take it out, or use a newer server"
    return ""


def _version(connection: Connection) -> int:
    return connection.info.server_version
