"""The census as queries: one hash for all, one hash a home, one hash an object, or the facts themselves.

All are made from the same sources and values, so that what differs in a hash differs in the facts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import LiteralString

from psycopg import sql

from colonnade.engines.postgres.catalog import FIRST_OF_USERS, SUCCESSORS
from colonnade.engines.postgres.live.census.catalogs import Catalog
from colonnade.engines.postgres.live.census.left_out import COLUMNS
from colonnade.engines.postgres.live.census.sources import Source, counted
from colonnade.engines.postgres.live.census.values import value
from colonnade.engines.postgres.live.prepared import Key

# hidden: schemas that are not looked at. member: what came with extensions, and what vanishes with it. left_out: that, and what
# is in hidden schemas. relation: every other relation and what to call it.
_WITH: LiteralString = """WITH RECURSIVE hidden AS MATERIALIZED (
  SELECT n.oid FROM pg_catalog.pg_namespace n WHERE pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
    OR n.nspname = 'information_schema' OR n.nspname LIKE ANY ($1::pg_catalog.text[])
), member AS (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend d WHERE d.deptype = 'e'
  UNION SELECT d.classid, d.objid FROM member m
  JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid AND d.deptype IN ('a', 'i', 'P', 'S')
), left_out AS (
  SELECT m.classid, m.objid FROM member m
  UNION SELECT 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid, h.oid FROM hidden h
  UNION SELECT d.classid, d.objid FROM left_out l
  JOIN pg_catalog.pg_depend d ON d.refclassid = l.classid AND d.refobjid = l.objid AND (d.deptype IN ('a', 'i', 'P', 'S')
    OR d.deptype = 'n' AND d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
), relation AS MATERIALIZED (
  SELECT c.oid, c.relkind, c.oid::pg_catalog.regclass::pg_catalog.text AS name, CASE c.relkind WHEN 'r' THEN 'table'
    WHEN 'p' THEN 'table' WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view'
    WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'composite type' ELSE 'relation' END AS kind,
    c.relispartition AS partition
  FROM pg_catalog.pg_class c WHERE c.oid >= {first} AND c.relname !~ {successors} AND c.relnamespace NOT IN (SELECT h.oid FROM hidden h)
    AND NOT EXISTS (SELECT FROM left_out l WHERE l.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND l.objid = c.oid)
), facts AS (
{facts}
) """

_OBJECTS: LiteralString = (
    "SELECT object, pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.string_agg(fact, E'\\n' ORDER BY fact), 'UTF8')) AS hash"
    " FROM facts GROUP BY object"
)
_LISTED: LiteralString = "SELECT object, pg_catalog.encode(hash, 'hex') FROM ({objects}) o"
_LISTED_OR_ONE: LiteralString = (
    "SELECT object, pg_catalog.encode(hash, 'hex') FROM objects WHERE NOT $3 UNION ALL SELECT '',"
    " pg_catalog.encode(pg_catalog.sha256(coalesce(pg_catalog.string_agg(name || '\\x00' || hash, NULL ORDER BY name), '')), 'hex')"
    " FROM (SELECT pg_catalog.convert_to(object, 'UTF8') AS name, hash FROM objects) n HAVING $3"
)
_EXPLAIN: LiteralString = "SELECT object, catalog, fact FROM facts WHERE object = ANY ($3::pg_catalog.text[]) ORDER BY 1, 2, fact::pg_catalog.text"


class Census:
    """The queries for one version of the server about a database in which the keys `there` are.

    ``$1`` are the schemas to leave out, as patterns; without ``$2``, who owns an object does not count. What ``$3`` is, each says.
    """

    def __init__(self, sources: Collection[Source], there: Collection[Key]) -> None:
        self._sources = [source for source in sources if source.key is None or source.key in there]

    @cached_property
    def objects(self) -> bytes:
        """A row an object: its identity, its hash; or (``$3``) one row with a hash of all."""
        objects = sql.SQL(", objects AS ({})").format(sql.SQL(_OBJECTS))
        return (_facts(self._sources, _HASHED) + objects + sql.SQL(_LISTED_OR_ONE)).as_bytes()

    @cached_property
    def homes(self) -> bytes:
        """A row for each relation, routine and type with all that is a part of it, and one, '', for all else: its name, its hash."""
        return (_facts(self._sources, _HOMED) + sql.SQL(_LISTED).format(objects=sql.SQL(_OBJECTS))).as_bytes()

    @cached_property
    def part(self) -> bytes:
        """A row an object as above, of the homes ``$3``."""
        facts = _facts(self._sources, _HASHED + _OF_HOMES)
        return (facts + sql.SQL(_LISTED).format(objects=sql.SQL(_OBJECTS))).as_bytes()

    @cached_property
    def explain(self) -> bytes:
        """A row a fact of the objects ``$3``: identity, catalog, values."""
        return (_facts(self._sources, _SHOWN) + sql.SQL(_EXPLAIN)).as_bytes()


class Censuses:
    """The censuses of one version of the server, each composed when first asked for."""

    def __init__(self, catalogs: Iterable[Catalog]) -> None:
        self._sources = tuple(counted(catalogs))
        self.keys = tuple(dict.fromkeys(source.key for source in self._sources if source.key))
        self._known: dict[frozenset[Key], Census] = {}

    def of(self, there: frozenset[Key]) -> Census:
        """That of a database where there is no more than these `keys`."""
        if there not in self._known:
            self._known[there] = Census(self._sources, there)
        return self._known[there]


_HASHED: LiteralString = (
    'SELECT ({object}) COLLATE "C" AS object, ({catalog} || f::pg_catalog.text) COLLATE "C" AS fact'
    " FROM {rows} CROSS JOIN LATERAL (SELECT {values}) f WHERE {keep}"
)
_HOMED: LiteralString = (
    'SELECT ({home}) COLLATE "C" AS object, ({object} || {catalog} || f::pg_catalog.text) COLLATE "C" AS fact'
    " FROM {rows} CROSS JOIN LATERAL (SELECT {values}) f WHERE {keep}"
)
_OF_HOMES: LiteralString = " AND ({home}) = ANY ($3::pg_catalog.text[])"
_SHOWN: LiteralString = (
    "SELECT {object} AS object, {catalog} AS catalog, pg_catalog.to_jsonb(f) AS fact"
    " FROM {rows} CROSS JOIN LATERAL (SELECT {values}) f WHERE {keep}"
)


def _facts(sources: Collection[Source], row: LiteralString) -> sql.Composed:
    rows = [
        sql.SQL(row).format(
            object=source.identity,
            catalog=sql.Literal(source.catalog.name),
            rows=source.rows,
            values=_values(source),
            keep=source.keep,
            home=source.home,
        )
        for source in sources
    ]
    facts = sql.SQL("\nUNION ALL\n").join(rows)
    return sql.SQL(_WITH).format(first=sql.SQL(FIRST_OF_USERS), successors=sql.SQL(SUCCESSORS), facts=facts)


def _values(source: Source) -> sql.Composable:
    catalog, left_out = source.catalog, COLUMNS.get(source.catalog.name, {})
    names = [
        name
        for name in catalog.columns
        if name != "oid" and name not in left_out and (source.columns is None or name in source.columns)
    ]
    return sql.SQL(", ").join(
        sql.SQL("{} AS {}").format(_counted(catalog, name), sql.Identifier(name)) for name in names
    )


def _counted(catalog: Catalog, column: str) -> sql.Composable:
    fact = value(catalog, column)
    return sql.SQL("CASE WHEN $2 THEN {} END").format(fact) if column == catalog.owner else fact
