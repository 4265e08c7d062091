"""Range types. https://www.postgresql.org/docs/current/sql-createtype.html"""

from __future__ import annotations

from dataclasses import dataclass

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import listed, name, printed, q, step

QUERY = """
SELECT t.oid, ARRAY[n.nspname, t.typname] AS name, format_type(r.rngsubtype, NULL) AS subtype,
  format('%I.%I', on_.nspname, o.opcname) AS subtype_opclass,
  CASE WHEN r.rngcollation <> 0 THEN (SELECT format('%I.%I', x.nspname, c.collname) FROM pg_collation c
    JOIN pg_namespace x ON x.oid = c.collnamespace WHERE c.oid = r.rngcollation) END AS collation,
  CASE WHEN r.rngcanonical <> 0 THEN (SELECT format('%I.%I', x.nspname, p.proname) FROM pg_proc p
    JOIN pg_namespace x ON x.oid = p.pronamespace WHERE p.oid = r.rngcanonical) END AS canonical,
  CASE WHEN r.rngsubdiff <> 0 THEN (SELECT format('%I.%I', x.nspname, p.proname) FROM pg_proc p
    JOIN pg_namespace x ON x.oid = p.pronamespace WHERE p.oid = r.rngsubdiff) END AS subtype_diff,
  (SELECT format('%I.%I', x.nspname, m.typname) FROM pg_type m JOIN pg_namespace x ON x.oid = m.typnamespace
    WHERE m.oid = r.rngmultitypid) AS multirange
FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid JOIN pg_namespace n ON n.oid = t.typnamespace
JOIN pg_opclass o ON o.oid = r.rngsubopc JOIN pg_namespace on_ ON on_.oid = o.opcnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""


@dataclass(frozen=True)
class Range:
    """Everything CREATE TYPE … AS RANGE takes, names qualified."""

    subtype: str
    subtype_opclass: str
    collation: str | None
    canonical: str | None
    subtype_diff: str | None
    multirange: str | None


def create(oid: ObjectId, spec: Range, context: Context) -> Steps:
    options = listed(
        q("{} = {}", printed(key), printed(v))
        for key, v in (
            ("SUBTYPE", spec.subtype),
            ("SUBTYPE_OPCLASS", spec.subtype_opclass),
            ("COLLATION", spec.collation),
            ("CANONICAL", spec.canonical),
            ("SUBTYPE_DIFF", spec.subtype_diff),
            ("MULTIRANGE_TYPE_NAME", spec.multirange),
        )
        if v
    )
    yield step(
        oid, q("CREATE TYPE {} AS RANGE ({})", name(*oid.name), options), undo=q("DROP TYPE {}", name(*oid.name))
    )


def drop(oid: ObjectId, spec: Range, context: Context) -> Steps:
    yield step(oid, q("DROP TYPE {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="range",
        words="TYPE",
        catalog="pg_type",
        spec=Range,
        query=QUERY,
        create=create,
        alter=never,
        drop=drop,
        rank=3,
        space="type",
    ),
)
