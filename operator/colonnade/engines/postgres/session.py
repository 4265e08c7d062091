"""Connecting, and what every session of ours is pinned to.

A hostile database must not run code in our session: only pg_catalog is on the search path, and all times, dates and numbers are printed
one way. https://www.postgresql.org/docs/current/ddl-schemas.html#DDL-SCHEMAS-PATH
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from colonnade.core.errors import InvalidSpec
from colonnade.engines import Target
from colonnade.engines.postgres.errors import translated
from colonnade.engines.postgres.statement import printed

PINS: Mapping[str, str] = {
    "client_encoding": "UTF8",
    "search_path": "pg_catalog, pg_temp",
    "timezone": "UTC",
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "escape_string_warning": "off",
    "client_min_messages": "warning",
    "check_function_bodies": "off",
    "default_transaction_isolation": "read committed",
    "row_security": "off",
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    "default_tablespace": "",
    "default_table_access_method": "heap",
    "quote_all_identifiers": "off",
    "xmlbinary": "base64",
    "bytea_output": "hex",
    "lc_messages": "C",
}
SCRATCH: Mapping[str, str] = {"default_transaction_read_only": "off"}
"""What is pinned where everything is ours to be thrown away. The target's role, database or server may be told to write nothing, for a
reason: such as that the disk is nearly full. That is left as it is, and we write nothing there, either."""
TLS = {
    "VerifyFull": "verify-full",
    "VerifyCa": "verify-ca",
    "VerifyCA": "verify-ca",
    "Require": "require",
    "Prefer": "prefer",
    "Disable": "disable",
}

Connection = psycopg.Connection[tuple[Any, ...]]


def parameters(target: Target) -> dict[str, Any]:
    """Connection parameters beyond the URL. https://www.postgresql.org/docs/current/libpq-connect.html"""
    given: dict[str, Any] = {"connect_timeout": 5, "application_name": "colonnade", "keepalives_idle": 30}
    if target.tls_mode:
        given["sslmode"] = TLS.get(target.tls_mode, target.tls_mode)
    files = {"sslrootcert": target.ca_file, "sslcert": target.certificate_file, "sslkey": target.key_file}
    return given | {key: file for key, file in files.items() if file}


def connect(target: Target, *, database: str | None = None, shadow: bool = False) -> Connection:
    """A pinned session in autocommit. Raises Unreachable, Unauthorized or Failed, without the URL in the text."""
    url = target.shadow_url if shadow and target.shadow_url else target.url
    more: dict[str, Any] = parameters(target) | ({"dbname": database} if database else {})
    with translated(target.name):
        try:  # the driver prepares nothing: it would give up what is prepared (see live/prepared.py) with its own
            connection = psycopg.connect(url, autocommit=True, prepare_threshold=None, **more)
        except (
            psycopg.ProgrammingError
        ):  # libpq quotes what it does not understand, and that may be the password: not even as a cause
            why = "the address of the database is not understood; check its options, and that special characters are percent-encoded"
            raise InvalidSpec(f"{target.name}: {why}") from None
        try:
            pin(connection, **(SCRATCH if shadow else {}))
        except BaseException:
            connection.close()
            raise
    return connection


def pin(connection: Connection, **more: str) -> None:
    """Set the session to what ours are, in one round trip."""
    settings = {**PINS, **more}
    if connection.info.parameter_status("is_superuser") != "on":
        del settings["lc_messages"]  # a superuser's to set
    if connection.info.server_version >= 170000:
        settings["transaction_timeout"] = "0"
    calls = sql.SQL(", ").join(
        sql.SQL("pg_catalog.set_config({}, {}, false)").format(sql.Literal(k), sql.Literal(v))
        for k, v in settings.items()
    )
    connection.execute(sql.SQL("SELECT {}").format(calls))


def run(connection: Connection, statement: str) -> None:
    """Run a statement that was composed earlier (it comes out of a plan), exactly as it is."""
    connection.execute(printed(statement))


@contextmanager
def opened(target: Target, **how: Any) -> Iterator[Connection]:
    """A connection for the length of a block."""
    connection = connect(target, **how)
    try:
        yield connection
    finally:
        connection.close()
