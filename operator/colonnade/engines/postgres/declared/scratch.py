"""Scratch databases: made beside the target, named, dropped after use, swept after a crash.

https://www.postgresql.org/docs/current/sql-createdatabase.html. They come from template0 with the target's encoding and locale.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import LiteralString

import psycopg
from psycopg import sql

from colonnade.core.errors import ColonnadeError, Unauthorized
from colonnade.engines import Target
from colonnade.engines.postgres.errors import translated
from colonnade.engines.postgres.session import Connection, connect

PREFIX = "colonnade_scratch_"
LIFETIME = timedelta(minutes=10)
"""What is older and has nobody in it was left behind: whoever uses one is in it all the time."""

LIKE_HERE = """
SELECT pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()"""

ABANDONED: LiteralString = """
SELECT d.datname FROM pg_catalog.pg_database d WHERE d.datname LIKE 'colonnade\\_scratch\\_%' AND pg_catalog.pg_has_role(d.datdba, 'USAGE')
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)"""


class Scratch:
    """Makes scratch databases on the target's server, or on the shadow server where one is given.

    One empty database is kept until `rest`: what is only looked at happens in a transaction there that is rolled back. Databases are
    copied page by page through the log (the default): a file copy would force checkpoints on a busy server.
    """

    def __init__(self, target: Target, here: Connection) -> None:
        self.target = target
        with translated(target.name):
            row = here.execute(LIKE_HERE).fetchone()
        assert row is not None
        self.encoding, self.collate, self.ctype = row
        self._admin: Connection | None = None
        self._empty: list[Connection] = []
        self._names: dict[Connection, str] = {}
        self._drops: list[threading.Thread] = []
        self._coming: threading.Thread | None = None
        self._lent = 0

    @property
    def admin(self) -> Connection:
        """A session from which databases are made and dropped."""
        if self._admin is None or self._admin.closed:
            self._admin = connect(self.target, shadow=True)
        return self._admin

    def rest(self) -> None:
        """Hold nothing on the server; what a crash left behind goes, too. The next trial begins anew."""
        with translated(self.target.name):
            self._give_up()
            self._sweep()
        self._leave()

    def close(self) -> None:
        """As `rest`, where anything was made; where the server is out of reach, a later sweep drops it."""
        with suppress(ColonnadeError), translated(self.target.name):
            self._give_up()
            if self._admin is not None:
                self._sweep()
        self._leave()

    def expect(self) -> None:
        """One will be asked for soon: it is made meanwhile, unless one will be free by then."""
        if self._coming is None and not self._empty and not self._lent:
            self._coming = threading.Thread(target=self._come, name="scratch", daemon=True)
            self._coming.start()

    def _come(self) -> None:
        """Where that fails, whoever asks for one is told."""
        with suppress(ColonnadeError, psycopg.Error), translated(self.target.name):
            self._empty.append(self._new())

    def _arrived(self) -> None:
        if self._coming is not None:
            self._coming.join()
            self._coming = None

    def _give_up(self) -> None:
        """Drop what was kept, and wait until all that was used is gone."""
        self._arrived()
        while self._empty:
            self._drop(self._empty.pop())
        self._dropped()

    def _leave(self) -> None:
        if self._admin is not None:
            self._admin.close()
        self._admin = None

    @contextmanager
    def trial(self) -> Iterator[Connection]:
        """An empty database within a transaction that is rolled back: nearly free, for what needs no transaction of its own."""
        connection = self._made()
        self._lent += 1
        try:
            with connection.transaction(force_rollback=True):
                yield connection
        finally:
            self._lent -= 1
            if connection.closed:
                self._drop(connection)
            else:
                self._empty.append(connection)

    @contextmanager
    def database(self) -> Iterator[Connection]:
        """An empty database for the length of a block, in autocommit. Nobody waits for its end."""
        connection = self._made()
        try:
            yield connection
        finally:
            drop = threading.Thread(target=self._drop_quietly, args=[connection], name="drop", daemon=True)
            self._drops.append(drop)
            drop.start()

    def _drop_quietly(self, connection: Connection) -> None:
        """Where that fails, a later sweep drops it."""
        with suppress(ColonnadeError):
            self._drop(connection)

    def _dropped(self) -> None:
        while self._drops:
            self._drops.pop().join()

    def _made(self) -> Connection:
        self._arrived()
        if self._empty:
            return self._empty.pop()
        self._dropped()
        return self._new()

    def _new(self) -> Connection:
        name = f"{PREFIX}{self._now():x}_{secrets.token_hex(6)}"
        make = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}").format(
            sql.Identifier(name), *(sql.Literal(v) for v in (self.encoding, self.collate, self.ctype))
        )
        try:
            self.admin.execute(make)
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
        self._names[connection] = name
        return connection

    def _now(self) -> int:
        row = self.admin.execute(
            "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp())::bigint"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def _drop(self, connection: Connection) -> None:
        connection.close()
        name = self._names.pop(connection)
        for patience in (0.1, 0.5, 1.0):
            try:
                self._drop_named(name)
                return
            except ColonnadeError as e:  # the server may be cleaning up there, and only a superuser can end that
                if not isinstance(e.__cause__, psycopg.errors.InsufficientPrivilege | psycopg.errors.ObjectInUse):
                    raise
            time.sleep(patience)
        self._drop_named(name)

    def _drop_named(self, name: str) -> None:
        with translated(self.target.name):
            self.admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _sweep(self) -> None:
        """Drop what a crash left behind. Another process may be quicker."""
        oldest = self._now() - LIFETIME.total_seconds()
        for (name,) in self.admin.execute(ABANDONED).fetchall():
            born = re.fullmatch(PREFIX + "([0-9a-f]+)_[0-9a-f]+", name)
            if born and int(born[1], 16) < oldest:
                with suppress(ColonnadeError):
                    self._drop_named(name)
