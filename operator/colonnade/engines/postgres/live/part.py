"""The part of two large databases that a change is about: what differs, all that stands on it, and all that either needs.

A change to one table of ten thousand is planned and rehearsed with that table, not with ten thousand. Which part it is, the servers
say: by the hashes of relations, routines and types, and by the dependencies that they keep. What is no part of any of these
(extensions, operators, publications …) is always looked at.
https://www.postgresql.org/docs/current/catalog-pg-depend.html
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import LiteralString

from colonnade.engines.postgres.session import Connection

ELSE = ""
"""The home of all that is no part of a relation, routine or type."""

_ADDRESSED: LiteralString = """SELECT 'pg_class'::regclass::oid AS classid, to_regclass(substr(h, 10))::oid AS objid FROM unnest({}) h WHERE starts_with(h, 'relation ')
    UNION ALL SELECT 'pg_proc'::regclass, to_regprocedure(substr(h, 9)) FROM unnest({}) h WHERE starts_with(h, 'routine ')
    UNION ALL SELECT 'pg_type'::regclass, to_regtype(substr(h, 6)) FROM unnest({}) h WHERE starts_with(h, 'type ')"""
_OTHERS: LiteralString = """SELECT d.classid, d.objid FROM pg_depend d JOIN pg_class c ON c.oid = d.classid
    WHERE d.objid >= 16384 AND c.relname NOT IN ('pg_class', 'pg_proc', 'pg_type', 'pg_constraint', 'pg_attrdef', 'pg_trigger', 'pg_rewrite',
      'pg_policy', 'pg_statistic_ext', 'pg_publication', 'pg_publication_rel', 'pg_publication_namespace', 'pg_extension')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype = 'e')"""


def _walk(wide: LiteralString, narrow: LiteralString) -> LiteralString:
    """All that is met on the way from some homes, as homes with their OIDs.

    From what differs (`wide`) the way goes to what needs it and to what it needs; from the rest only to its own parts and to what it
    needs. A foreign key that points at what differs is met with its table, but does not lead to all that stands on that.
    """
    return (
        """WITH RECURSIVE met (classid, objid, wide) AS (
  SELECT s.classid, s.objid, s.wide FROM (SELECT *, true AS wide FROM ("""
        + wide
        + """) w UNION ALL SELECT *, false FROM ("""
        + narrow
        + """) n) s WHERE s.objid IS NOT NULL
  UNION
  SELECT e.* FROM met m CROSS JOIN LATERAL (
    SELECT d.refclassid, d.refobjid, m.wide AND d.deptype IN ('i', 'P', 'S') FROM pg_depend d
    WHERE d.classid = m.classid AND d.objid = m.objid AND d.refobjid >= 16384
    UNION ALL
    SELECT d.classid, d.objid, m.wide AND NOT (d.deptype = 'n' AND d.classid = 'pg_constraint'::regclass) FROM pg_depend d
    WHERE d.refclassid = m.classid AND d.refobjid = m.objid AND d.objid >= 16384 AND (d.deptype IN ('a', 'i', 'P', 'S')
      OR m.wide AND d.deptype IN ('n', 'x') AND m.classid <> 'pg_namespace'::regclass)
  ) e
) SELECT DISTINCT m.objid::int8, CASE m.classid WHEN 'pg_class'::regclass THEN 'relation ' || m.objid::regclass::text
    WHEN 'pg_proc'::regclass THEN 'routine ' || m.objid::regprocedure::text ELSE 'type ' || m.objid::regtype::text END
FROM met m WHERE NOT EXISTS (SELECT FROM pg_class t WHERE t.oid = m.objid AND m.classid = 'pg_class'::regclass AND t.relnamespace = 'pg_toast'::regnamespace)
  AND m.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)"""
    )


WALK: LiteralString = _walk(
    _ADDRESSED.replace("{}", "%(wide)s::text[]"),
    _ADDRESSED.replace("{}", "%(narrow)s::text[]") + " UNION ALL " + _OTHERS,
)


SPEAKING: LiteralString = r"""SELECT 'routine ' || p.oid::regprocedure::text FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
  WHERE p.oid >= 16384 AND l.lanname = 'plpgsql' AND p.prosrc ~* (
    SELECT '(^|\W)(' || string_agg(regexp_replace(c.relname, '(\W)', '\\\1', 'g'), '|') || ')(\W|$)' FROM unnest(%s::text[]) h
    JOIN pg_class c ON starts_with(h, 'relation ') AND c.oid = to_regclass(substr(h, 10)))"""
"""Routines in whose bodies these relations are named: no dependency is kept of it, and sessions have to compile them anew."""


@dataclass(frozen=True)
class Part:
    """A part of a database: its relations, routines and types by their OIDs there, and the homes that go by the same names on both sides."""

    oids: frozenset[int]
    homes: frozenset[str]


SIZE: LiteralString = """SELECT (SELECT count(*) FROM pg_class WHERE oid >= 16384 AND relkind <> 't')
  + (SELECT count(*) FROM pg_proc WHERE oid >= 16384) + (SELECT count(*) FROM pg_type WHERE oid >= 16384)"""


def size(connection: Connection) -> int:
    """How many relations, routines and types there are at most."""
    row = connection.execute(SIZE).fetchone()
    assert row is not None
    return int(row[0])


def differing(here: Mapping[str, str], there: Mapping[str, str]) -> frozenset[str]:
    """The homes that are not the same on both sides."""
    return frozenset(h for h in here.keys() | there.keys() if here.get(h) != there.get(h))


def between(one: Connection, other: Connection, odd: Collection[str]) -> tuple[Part, Part]:
    """The part that a change of these homes is about, in both databases: what belongs to it on one side does on the other."""
    homes: frozenset[str] = frozenset()
    while True:
        found = [_walked(c, odd, homes) for c in (one, other)]
        names = frozenset().union(*(each.values() for each in found))
        if names == homes:
            return Part(frozenset(found[0]), homes | {ELSE}), Part(frozenset(found[1]), homes | {ELSE})
        homes = names


def _walked(connection: Connection, wide: Collection[str], narrow: Collection[str]) -> dict[int, str]:
    speaking = [home for (home,) in connection.execute(SPEAKING, [[*wide]]).fetchall()]
    rows = connection.execute(WALK, {"wide": [*wide], "narrow": [*narrow, *speaking]}).fetchall()
    return dict(rows)
