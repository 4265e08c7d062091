"""Comments, on every kind of object. https://www.postgresql.org/docs/current/sql-comment.html

The server names the object (pg_identify_object) in just the words that COMMENT ON takes, so one kind serves all. A NOT NULL is a
constraint that can be spoken of, and a part of its column or domain; the copy of a trigger that a partition has is there with the
trigger of the whole, for as long as the partition is one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, printed, q, step, value

QUERY = """
SELECT d.objoid AS oid, d.objoid AS rel, coalesce(k.home, d.classoid) AS target_class, coalesce(k.oid, g.oid, d.objoid) AS target,
  coalesce(k.sub, d.objsubid) AS target_sub, ARRAY[i.type, i.identity] AS name, d.description AS text, coalesce(g.parts, '{}') AS parts
FROM pg_description d CROSS JOIN LATERAL pg_identify_object(d.classoid, d.objoid, d.objsubid) i
LEFT JOIN LATERAL (SELECT CASE conrelid WHEN 0 THEN 'pg_type' ELSE 'pg_class' END::regclass::oid AS home,
    coalesce(nullif(conrelid, 0), contypid) AS oid, CASE conrelid WHEN 0 THEN 0 ELSE conkey[1] END::int AS sub
  FROM pg_constraint WHERE oid = d.objoid AND contype = 'n') k ON d.classoid = 'pg_constraint'::regclass
LEFT JOIN LATERAL (WITH RECURSIVE up AS (SELECT t.oid, t.tgparentid, t.tgrelid, 1 AS step FROM pg_trigger t WHERE t.oid = d.objoid
      UNION ALL SELECT t.oid, t.tgparentid, t.tgrelid, step + 1 FROM up JOIN pg_trigger t ON t.oid = up.tgparentid)
    SELECT max(up.oid) FILTER (WHERE up.tgparentid = 0) AS oid, array_agg(ARRAY[n.nspname, c.relname] ORDER BY step)
      FILTER (WHERE up.tgparentid <> 0) AS parts
    FROM up JOIN pg_class c ON c.oid = up.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace HAVING count(*) > 1) g
  ON d.classoid = 'pg_trigger'::regclass
WHERE (d.objoid >= 16384 OR (d.classoid = 'pg_namespace'::regclass AND d.objoid =
    (SELECT n.oid FROM pg_namespace n WHERE n.nspname = 'public')))
  AND i.identity IS NOT NULL AND coalesce(i.schema, '') !~ '^(pg_|colonnade)' ORDER BY 6"""

WORDS: dict[str, LiteralString] = {
    "table column": "COLUMN",
    "view column": "COLUMN",
    "materialized view column": "COLUMN",
    "foreign table column": "COLUMN",
    "composite type column": "COLUMN",
    "table constraint": "CONSTRAINT",
    "statistics object": "STATISTICS",
    "aggregate": "ROUTINE",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
}


@dataclass(frozen=True)
class Comment:
    """What is said of the object; of a trigger's copy, the `parts` that have one, from its own up to the whole."""

    text: str
    parts: tuple[tuple[str, ...], ...]


def needs(oid: ObjectId, spec: Comment) -> Iterable[ObjectId]:
    return (ObjectId("inheritance", part) for part in spec.parts)


def _on(oid: ObjectId) -> Part:
    kind, identity = oid.name
    if kind == "domain constraint":
        constraint, _, domain = identity.partition(" on ")
        return q("COMMENT ON CONSTRAINT {} ON DOMAIN {} IS", printed(constraint), printed(domain))
    if kind == "transform":  # before Postgres 16: for <type> on language <name>
        identity = " language ".join(identity.rsplit(" on language ", 1))
    return q("COMMENT ON {} {} IS", printed(WORDS.get(kind, kind.upper())), printed(identity))


def create(oid: ObjectId, spec: Comment, context: Context) -> Steps:
    yield step(oid, q("{} {}", _on(oid), value(spec.text)), undo=q("{} NULL", _on(oid)))


def alter(oid: ObjectId, old: Comment, new: Comment, context: Context) -> Steps:
    yield step(oid, q("{} {}", _on(oid), value(new.text)), undo=q("{} {}", _on(oid), value(old.text)))


def drop(oid: ObjectId, spec: Comment, context: Context) -> Steps:
    yield step(oid, q("{} NULL", _on(oid)), undo=q("{} {}", _on(oid), value(spec.text)))


KINDS = (
    PgKind(
        name="comment",
        catalog="",
        spec=Comment,
        query=QUERY,
        needs=needs,
        create=create,
        alter=alter,
        drop=drop,
        rank=90,
    ),
)
