"""Scratch databases: made beside the target, named, time-boxed, dropped after use, swept after a crash.

https://www.postgresql.org/docs/current/sql-createdatabase.html. They come from template0 with the target's encoding and locale.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
from psycopg import sql

from colonnade.core.errors import Unauthorized
from colonnade.engines import Target
from colonnade.engines.postgres.errors import translated
from colonnade.engines.postgres.session import Connection, connect

PREFIX = "colonnade_scratch_"
LIFETIME = timedelta(hours=1)

LIKE_HERE = """
SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"""

STALE = """
SELECT d.datname FROM pg_catalog.pg_database d JOIN pg_catalog.pg_shdescription s ON s.objoid = d.oid
  AND s.classoid = 'pg_catalog.pg_database'::pg_catalog.regclass
WHERE d.datname LIKE 'colonnade\\_scratch\\_%%' AND s.description ~ '^[0-9]+$' AND pg_catalog.to_timestamp(s.description::float8) < pg_catalog.now() - %s
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)"""


class Scratch:
    """Makes scratch databases on the target's server, or on the shadow server where one is given.

    One empty database is kept for as long as this object lives: what is only looked at happens in a transaction there that is rolled
    back. Databases are copied page by page through the log (the default): a file copy would force checkpoints on a busy server.
    """

    def __init__(self, target: Target, here: Connection) -> None:
        self.target = target
        with translated(target.name):
            row = here.execute(LIKE_HERE).fetchone()
        assert row is not None
        self.encoding, self.collate, self.ctype = row
        self._admin: Connection | None = None
        self._empty: list[Connection] = []

    @property
    def admin(self) -> Connection:
        """A session from which databases are made and dropped."""
        if self._admin is None or self._admin.closed:
            self._admin = connect(self.target, shadow=True)
        return self._admin

    def close(self) -> None:
        """Drop what was kept and let the sessions go."""
        while self._empty:
            self._drop(self._empty.pop())
        if self._admin is not None:
            self._admin.close()
            self._admin = None

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """An empty database within a transaction that is rolled back: nearly free, for what needs no transaction of its own."""
        connection = self._empty.pop() if self._empty else self._made()
        try:
            with connection.transaction(force_rollback=True):
                yield connection
        finally:
            if connection.closed:
                self._drop(connection)
            else:
                self._empty.append(connection)

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """An empty database for the length of a block, in autocommit."""
        connection = self._empty.pop() if self._empty else self._made()
        try:
            yield connection
        finally:
            self._drop(connection)

    def _made(self) -> Connection:
        name = PREFIX + secrets.token_hex(6)
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            sql.Identifier(name), *(sql.Literal(v) for v in (self.encoding, self.collate, self.ctype))
        )
        try:
            self.admin.execute(make)
            self.admin.execute(sql.SQL("DO {}").format(sql.Literal(_STAMP % name)))
        except psycopg.errors.InsufficientPrivilege as e:
            raise Unauthorized(
                f"{self.target.name}: no scratch database can be made, which every plan needs; "
                f"run: ALTER ROLE {self.admin.info.user} CREATEDB, or give the Datastore a spec.shadow"
            ) from e
        try:
            connection = connect(self.target, database=name, shadow=True)
            connection.execute("SELECT pg_catalog.set_config('synchronous_commit', 'off', false)")
        except BaseException:
            self._drop_named(name)
            raise
        return connection

    def _drop(self, connection: Connection) -> None:
        name = connection.info.dbname
        connection.close()
        self._drop_named(name)

    def _drop_named(self, name: str) -> None:
        with translated(self.target.name):
            self.admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def sweep(self) -> None:
        """Drop those that a crash left behind: older than LIFETIME, with nobody in them."""
        with translated(self.target.name):
            for (name,) in self.admin.execute(STALE, [LIFETIME]).fetchall():
                self._drop_named(name)


_STAMP = "BEGIN EXECUTE pg_catalog.format('COMMENT ON DATABASE %s IS %%L', pg_catalog.date_part('epoch', pg_catalog.now())::bigint); END"
