"""Queries about the catalogs, asked as often as one likes: each session plans them once, and none is asked of what is not there.

Where there is little to read, to plan such a query takes several times as long as to run it. The driver would forget what it has
prepared at every DROP, ALTER and ROLLBACK, as that may have been about what is gone; what is asked here is about the catalogs alone,
which stay. https://www.postgresql.org/docs/current/sql-prepare.html
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count
from typing import Any, LiteralString, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql
from psycopg.errors import InvalidSqlStatementName
from psycopg.rows import tuple_row

from colonnade.engines.postgres.catalog import FIRST_OF_USERS

Value = bool | Sequence[str]


class Key(NamedTuple):
    """The column of a catalog whose value says whose a row is: the server's own, or that of a user."""

    catalog: str
    column: str


SIZE: LiteralString = "SELECT pg_catalog.pg_relation_size('pg_catalog.pg_class') / 8192, ARRAY[{there}]::bool[]"
"""Pages of the list of relations: how much there is to read; and which catalogs have rows of users."""
THERE: LiteralString = "EXISTS (SELECT FROM pg_catalog.{catalog} t WHERE t.{column} >= {first})"

MOST = 2**20
"""Bytes of queries that a session may have prepared. A plan takes some fifty times as much of the server's memory."""

_names = count()
_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[bytes, int], sql.Identifier]] = WeakKeyDictionary()


class Prepared:
    """What one session has prepared, for a database of this size: for twice as much to read, plans are made anew.

    `there` are those keys of which there is any row that is not the server's own, `absent` the others.
    """

    def __init__(self, connection: psycopg.Connection[Any], keys: Collection[Key] = ()) -> None:
        self.connection, self.size = connection, 0
        self._known = _prepared.setdefault(connection, {})
        try:
            pages, found = self._looked(keys)
        except InvalidSqlStatementName:  # a trigger or the like of the database has said DEALLOCATE ALL in our session
            self._known.clear()
            pages, found = self._looked(keys)
        self.size = int(pages).bit_length()
        self.there = frozenset(key for key, there in zip(keys, found, strict=True) if there)
        self.absent = frozenset(keys) - self.there

    def _looked(self, keys: Collection[Key]) -> tuple[Any, ...]:
        (statement,) = self.statements([_size(keys)])
        with self.connection.transaction(), self.connection.cursor(row_factory=tuple_row) as cursor:
            (row,) = cursor.execute(statement).fetchall()
        return row

    def statements(self, queries: Sequence[bytes], *values: Value) -> list[sql.Composed]:
        """What runs each query, whose ``$1`` and so on are the values."""
        if sum(len(query) for query, _ in self._known) > MOST:
            self.connection.execute("DEALLOCATE ALL")
            self._known.clear()
        names = {query: sql.Identifier(f"colonnade_{next(_names)}") for query in queries if not self._has(query)}
        if names:
            made = [sql.SQL("PREPARE {} AS ").format(name).as_bytes() + query for query, name in names.items()]
            self.connection.execute(b";\n".join(made))
            self._known.update({(query, self.size): name for query, name in names.items()})
        given = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Literal, values))) if values else sql.SQL("")
        return [sql.SQL("EXECUTE {}{}").format(self._known[query, self.size], given) for query in queries]

    def _has(self, query: bytes) -> bool:
        return (query, self.size) in self._known


def _size(keys: Collection[Key]) -> bytes:
    there = [
        sql.SQL(THERE).format(
            catalog=sql.Identifier(key.catalog), column=sql.Identifier(key.column), first=sql.SQL(FIRST_OF_USERS)
        )
        for key in keys
    ]
    return sql.SQL(SIZE).format(there=sql.SQL(", ").join(there)).as_bytes()
