"""Views. https://www.postgresql.org/docs/current/sql-createview.html

A view is replaced in place where only columns are added at its end; else it is dropped and made again with all it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.options import changed_options, options
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step

TYPES: LiteralString = """coalesce((SELECT array_agg(format_type(a.atttypid, a.atttypmod) || CASE WHEN k.oid IS NULL THEN '' ELSE
      format(' COLLATE %I.%I', x.nspname, k.collname) END
      ORDER BY a.attnum) FROM pg_attribute a LEFT JOIN pg_collation k ON k.oid = a.attcollation LEFT JOIN pg_namespace x
      ON x.oid = k.collnamespace WHERE a.attrelid = c.oid AND a.attnum > 0), '{}') AS types"""
"""The types of the columns of a view."""

FAR: LiteralString = """WITH RECURSIVE far AS (SELECT oid FROM pg_class WHERE relkind = 'f' UNION SELECT r.ev_class FROM far
  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = far.oid AND d.classid = 'pg_rewrite'::regclass
  JOIN pg_rewrite r ON r.oid = d.objid)"""
"""Foreign tables, and the views of them: what these take, their wrapper's own code would have to say, if it has any."""

WRITES: LiteralString = """CASE WHEN c.oid IN (SELECT oid FROM far) THEN NULL ELSE
    ARRAY(SELECT w.verb FROM (VALUES (8, 'INSERT'), (4, 'UPDATE'), (16, 'DELETE')) w (bit, verb)
      WHERE pg_relation_is_updatable(c.oid, true) & w.bit <> 0) END AS takes,
  CASE WHEN c.oid IN (SELECT oid FROM far) THEN NULL ELSE
    ARRAY(SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0
      AND pg_column_is_updatable(c.oid, a.attnum, true) ORDER BY a.attnum) END AS settable"""
"""What is written through it, by itself or by its triggers and rules, and into which of its columns.
https://www.postgresql.org/docs/current/functions-info.html"""

QUERY = f"""
{FAR}
SELECT c.oid, ARRAY[n.nspname, c.relname] AS name, rtrim(pg_get_viewdef(c.oid), ';') AS definition,
  coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0), '{{}}') AS columns,
  {TYPES},
  coalesce(c.reloptions, '{{}}') AS options,
  {WRITES}
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""


@dataclass(frozen=True)
class View:
    """The query as the server prints it, with the columns that come out of it; what it `takes` follows from it and all that it reads, and
    is not known where that is elsewhere."""

    definition: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    options: tuple[str, ...]
    takes: tuple[str, ...] | None = field(compare=False)
    settable: tuple[str, ...] | None = field(compare=False)


def _create(oid: ObjectId, spec: View, head: Part) -> Part:
    with_ = q(" WITH ({})", options(spec.options)) if spec.options else q("")
    columns = q(" ({})", listed(name(c) for c in spec.columns)) if spec.columns else q("")
    return q("{} {}{}{} AS\n{}", head, name(*oid.name), columns, with_, printed(spec.definition))


def create(oid: ObjectId, spec: View, context: Context) -> Steps:
    yield step(oid, _create(oid, spec, q("CREATE VIEW")), undo=q("DROP VIEW {}", name(*oid.name)))


def alter(oid: ObjectId, old: View, new: View, context: Context) -> Steps | None:
    n = len(old.columns)
    if new.columns[:n] != old.columns or new.types[:n] != old.types:
        return None
    return _in_place(oid, old, new)


def _in_place(oid: ObjectId, old: View, new: View) -> Iterator[Step]:
    if old.definition != new.definition:
        reverse = (
            _create(oid, old, q("CREATE OR REPLACE VIEW"))
            if old.columns == new.columns
            else "columns cannot be taken off a view"
        )
        yield step(oid, _create(oid, new, q("CREATE OR REPLACE VIEW")), undo=reverse)
    else:
        yield from changed_options(oid, q("ALTER VIEW {}", name(*oid.name)), old.options, new.options)


def drop(oid: ObjectId, spec: View, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(BREAKS_CLIENTS, oid),)
    yield step(oid, q("DROP VIEW {}", name(*oid.name)), hazards=risk)


KINDS = (
    PgKind(
        name="view",
        catalog="pg_class",
        spec=View,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=21,
        space="relation",
        derived=("definition", "types"),
    ),
)
