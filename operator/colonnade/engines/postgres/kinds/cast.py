"""Casts, but for those that come with a range type. https://www.postgresql.org/docs/current/sql-createcast.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, printed, q, step

QUERY: LiteralString = f"""
SELECT c.oid, ARRAY[format_type(c.castsource, NULL), format_type(c.casttarget, NULL)] AS name, c.castmethod::text AS method,
  CASE WHEN c.castfunc <> 0 THEN c.castfunc::regprocedure::text END AS function, c.castcontext::text AS context
FROM pg_cast c WHERE c.oid >= {FIRST_OF_USERS} AND NOT EXISTS
  (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = c.oid AND d.deptype = 'i') ORDER BY 2"""

CONTEXTS: dict[str, LiteralString] = {"e": "", "a": " AS ASSIGNMENT", "i": " AS IMPLICIT"}


@dataclass(frozen=True)
class Cast:
    """How: by a f(unction), by i(nput and output), b(inary); and when: e(xplicitly), on a(ssignment), i(mplicitly)."""

    method: str
    function: str | None
    context: str


def _types(oid: ObjectId) -> Part:
    return q("({} AS {})", printed(oid.name[0]), printed(oid.name[1]))


def _create(oid: ObjectId, spec: Cast) -> Part:
    if spec.function:
        how = q("WITH FUNCTION {}", printed(spec.function))
    else:
        how = q("WITH INOUT") if spec.method == "i" else q("WITHOUT FUNCTION")
    return q("CREATE CAST {} {}{}", _types(oid), how, q(CONTEXTS[spec.context]))


def create(oid: ObjectId, spec: Cast, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP CAST {}", _types(oid)))


def drop(oid: ObjectId, spec: Cast, context: Context) -> Steps:
    yield step(oid, q("DROP CAST {}", _types(oid)))


KINDS = (
    PgKind(name="cast", catalog="pg_cast", spec=Cast, query=QUERY, create=create, alter=never, drop=drop, rank=20),
)
