"""Conversions between encodings. https://www.postgresql.org/docs/current/sql-createconversion.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, name, q, step, value

QUERY: LiteralString = f"""
SELECT c.oid, ARRAY[n.nspname, c.conname] AS name, pg_encoding_to_char(c.conforencoding) AS source,
  pg_encoding_to_char(c.contoencoding) AS target, ARRAY[x.nspname, p.proname] AS function, c.condefault AS "default"
FROM pg_conversion c JOIN pg_namespace n ON n.oid = c.connamespace JOIN pg_proc p ON p.oid = c.conproc
JOIN pg_namespace x ON x.oid = p.pronamespace WHERE {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class Conversion:
    """From which encoding to which, by which function."""

    source: str
    target: str
    function: tuple[str, str]
    default: bool


def _create(oid: ObjectId, spec: Conversion) -> Part:
    head = q("CREATE DEFAULT CONVERSION") if spec.default else q("CREATE CONVERSION")
    ends = value(spec.source), value(spec.target)
    return q("{} {} FOR {} TO {} FROM {}", head, name(*oid.name), *ends, name(*spec.function))


def create(oid: ObjectId, spec: Conversion, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP CONVERSION {}", name(*oid.name)))


def drop(oid: ObjectId, spec: Conversion, context: Context) -> Steps:
    yield step(oid, q("DROP CONVERSION {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="conversion",
        catalog="pg_conversion",
        spec=Conversion,
        query=QUERY,
        create=create,
        alter=never,
        drop=drop,
        rank=20,
    ),
)
