"""Statistics objects. https://www.postgresql.org/docs/current/sql-createstatistics.html

The server keeps their columns in the order of the table's, which does not count: they are compared by name.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, value

QUERY: LiteralString = f"""
SELECT s.oid, s.stxrelid AS rel, ARRAY[n.nspname, s.stxname] AS name, ARRAY[tn.nspname, t.relname] AS table,
  ARRAY(SELECT k::text FROM unnest(s.stxkind) k WHERE k <> 'e' ORDER BY 1) AS kinds,
  ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = s.stxrelid AND a.attnum = ANY (s.stxkeys) ORDER BY 1) AS columns,
  coalesce(pg_get_statisticsobjdef_expressions(s.oid), '{{}}') AS expressions, coalesce(s.stxstattarget, -1)::int AS target
FROM pg_statistic_ext s JOIN pg_namespace n ON n.oid = s.stxnamespace JOIN pg_class t ON t.oid = s.stxrelid
JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE {USER_SCHEMA} ORDER BY 3"""

KINDS_OF_STATISTICS: dict[str, LiteralString] = {"d": "ndistinct", "f": "dependencies", "m": "mcv"}


@dataclass(frozen=True)
class Statistics:
    """What is measured together, and how many values of it (-1: the server's default)."""

    table: tuple[str, str]
    kinds: tuple[str, ...]
    columns: tuple[str, ...]
    expressions: tuple[str, ...]
    target: int


def _definition(oid: ObjectId, spec: Statistics) -> Part:
    kinds = q(" ({})", listed(q(KINDS_OF_STATISTICS[k]) for k in spec.kinds)) if spec.kinds else q("")
    what = listed([*(name(c) for c in spec.columns), *(q("({})", printed(e)) for e in spec.expressions)])
    return q("CREATE STATISTICS {}{} ON {} FROM {}", name(*oid.name), kinds, what, name(*spec.table))


def _target(oid: ObjectId, old: int, new: int) -> Step:
    there, back = (q("ALTER STATISTICS {} SET STATISTICS {}", name(*oid.name), value(n)) for n in (new, old))
    return step(oid, there, undo=back)


def create(oid: ObjectId, spec: Statistics, context: Context) -> Steps:
    yield step(oid, _definition(oid, spec), undo=q("DROP STATISTICS {}", name(*oid.name)))
    if spec.target >= 0:
        yield _target(oid, -1, spec.target)


def alter(oid: ObjectId, old: Statistics, new: Statistics, context: Context) -> Steps | None:
    if replace(old, target=0) != replace(new, target=0):
        return None
    return (_target(oid, old.target, new.target),)


def drop(oid: ObjectId, spec: Statistics, context: Context) -> Steps:
    yield step(oid, q("DROP STATISTICS {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="statistics",
        catalog="pg_statistic_ext",
        spec=Statistics,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=16,
    ),
)
