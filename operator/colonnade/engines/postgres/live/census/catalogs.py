"""The server's catalogs as the server describes them: columns, and which column refers to which catalog.

https://www.postgresql.org/docs/current/functions-info.html (pg_get_catalog_foreign_keys, since 14)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Cursor


@dataclass(frozen=True)
class Reference:
    """`columns` hold OIDs of rows of `table`, or (an OID, column numbers) of `pg_attribute`."""

    table: str
    columns: tuple[str, ...]
    many: bool


@dataclass(frozen=True)
class Catalog:
    """One system catalog. `columns` are the names and types of its columns, in order."""

    name: str
    shared: bool
    columns: Mapping[str, str]
    references: tuple[Reference, ...]

    def reference(self, column: str) -> Reference | None:
        """What the column refers to; column numbers come last in theirs."""
        return next((r for r in self.references if r.columns[-1] == column), None)

    @property
    def acl(self) -> str | None:
        """The column with the privileges."""
        return next((name for name, kind in self.columns.items() if kind == "aclitem[]"), None)

    @property
    def namespace(self) -> str | None:
        """The column that says in which schema the object is, for objects that always are in one."""
        return next((name for name in self.columns if name.endswith("namespace") and name != "defaclnamespace"), None)

    @property
    def owner(self) -> str | None:
        """The column with the object's owner."""
        return next((name for name in self.columns if name.endswith("owner") or name == "defaclrole"), None)


DESCRIBE = """
SELECT c.relname, c.relisshared,
  (SELECT pg_catalog.json_object_agg(a.attname, a.atttypid::pg_catalog.regtype ORDER BY a.attnum)
   FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0),
  coalesce(f.refs, '[]')
FROM pg_catalog.pg_class c
LEFT JOIN (SELECT k.fktable,
             pg_catalog.json_agg(pg_catalog.json_build_array(k.pktable, k.fkcols, k.is_array) ORDER BY k.fkcols) AS refs
           FROM pg_catalog.pg_get_catalog_foreign_keys() k GROUP BY k.fktable) f ON f.fktable = c.oid
WHERE c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace AND c.relkind = 'r' AND c.oid < 16384
ORDER BY c.relname"""


def describe(cursor: Cursor[tuple[Any, ...]]) -> tuple[Catalog, ...]:
    """Every catalog of this server, and no table that somebody has put among them. Names are as in search_path pg_catalog."""
    return tuple(
        Catalog(name, shared, columns, _references(references))
        for name, shared, columns, references in cursor.execute(DESCRIBE)
    )


def _references(rows: Iterable[tuple[str, list[str], bool]]) -> tuple[Reference, ...]:
    return tuple(Reference(table, tuple(columns), many) for table, columns, many in rows)
