"""Queries about the catalogs that a session plans once, however often it asks.

Where there is little to read, to plan such a query takes several times as long as to run it. The driver would forget what it has
prepared at every DROP, ALTER and ROLLBACK, as that may have been about what is gone; what is asked here is about the catalogs alone,
which stay. https://www.postgresql.org/docs/current/sql-prepare.html
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, LiteralString
from weakref import WeakKeyDictionary

import psycopg
from psycopg import sql

SIZE: LiteralString = "SELECT pg_catalog.pg_relation_size('pg_catalog.pg_class') / 8192"
"""Pages of the list of relations: how much there is to read."""

Value = bool | Sequence[str]

_names = count()
_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[tuple[bytes, int], sql.Identifier]] = WeakKeyDictionary()


class Prepared:
    """What one session has prepared, for a database of this size: for twice as much to read, plans are made anew."""

    def __init__(self, connection: psycopg.Connection[Any], pages: int) -> None:
        self.connection, self.size = connection, pages.bit_length()
        self._known = _prepared.setdefault(connection, {})

    def statements(self, queries: Sequence[bytes], *values: Value) -> list[sql.Composed]:
        """What runs each query, whose ``$1`` and so on are the values."""
        names = {query: sql.Identifier(f"colonnade_{next(_names)}") for query in queries if not self._has(query)}
        if names:
            made = [sql.SQL("PREPARE {} AS ").format(name).as_bytes() + query for query, name in names.items()]
            self.connection.execute(b";\n".join(made))
            self._known.update({(query, self.size): name for query, name in names.items()})
        given = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Literal, values))) if values else sql.SQL("")
        return [sql.SQL("EXECUTE {}{}").format(self._known[query, self.size], given) for query in queries]

    def _has(self, query: bytes) -> bool:
        return (query, self.size) in self._known


def prepared(connection: psycopg.Connection[Any]) -> Prepared:
    """What the session has prepared for as much as the database holds now."""
    row = connection.execute(SIZE).fetchone()
    assert row is not None
    return Prepared(connection, int(row[0]))
