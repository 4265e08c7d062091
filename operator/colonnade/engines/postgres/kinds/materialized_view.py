"""Materialized views. https://www.postgresql.org/docs/current/sql-creatematerializedview.html

A changed query means a new one, filled while it is made where the old one was; its indexes follow. Whether it is filled is data, and
not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from colonnade.core.hazards import BLOCKS_WRITES, BREAKS_CLIENTS, hazard
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.kinds.view import TYPES
from colonnade.engines.postgres.options import changed_options, options
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step

QUERY = f"""
SELECT c.oid, ARRAY[n.nspname, c.relname] AS name, rtrim(pg_get_viewdef(c.oid), ';') AS definition, coalesce(am.amname, '') AS access_method,
  coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0), '{{}}') AS columns,
  {TYPES},
  (SELECT coalesce(array_agg(ARRAY[a.attname::text, s.what, s.value] ORDER BY a.attnum, s.what, s.value), '{{}}')
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid CROSS JOIN LATERAL (
      SELECT 'STATISTICS', a.attstattarget::text WHERE a.attstattarget >= 0
      UNION ALL SELECT 'STORAGE', CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END
        WHERE a.attstorage <> t.typstorage
      UNION ALL SELECT 'COMPRESSION', CASE a.attcompression WHEN 'p' THEN 'pglz' ELSE 'lz4' END WHERE a.attcompression <> ''
      UNION ALL SELECT '', unnest(a.attoptions)) s(what, value)
    WHERE a.attrelid = c.oid AND a.attnum > 0) AS settings,
  coalesce(c.reloptions, '{{}}') AS options, c.relispopulated AS populated
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.relkind = 'm' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""


Setting = tuple[str, str, str]
USUAL = {"STATISTICS": "-1", "COMPRESSION": "DEFAULT", "STORAGE": "DEFAULT"}
"""What stands for none; of storage only since 16, and it is not asked for before."""


@dataclass(frozen=True)
class MaterializedView:
    """The query as the server prints it; `settings` of columns: which, of what (or an option), and which it is."""

    definition: str
    access_method: str
    columns: tuple[str, ...]
    types: tuple[str, ...] = field(compare=False)
    settings: tuple[tuple[str, str, str], ...]
    options: tuple[str, ...]
    populated: bool = field(compare=False)


def _create(oid: ObjectId, spec: MaterializedView, context: Context) -> Part:
    columns = q(" ({})", listed(name(c) for c in spec.columns)) if spec.columns else q("")
    using = q(" USING {}", name(spec.access_method)) if spec.access_method not in ("heap", "") else q("")
    with_ = q(" WITH ({})", options(spec.options)) if spec.options else q("")
    unfilled = not context.live or _stays_empty(oid, spec, context) or _on_what_is_empty(oid, context)
    empty = q("\nWITH NO DATA") if unfilled else q("")
    made = q(
        "CREATE MATERIALIZED VIEW {}{}{}{} AS\n{}", name(*oid.name), columns, using, with_, printed(spec.definition)
    )
    return q("{}{}", made, empty)


def _stays_empty(oid: ObjectId, spec: MaterializedView, context: Context) -> bool:
    """One that nobody has filled is not filled for being made anew just as it was: that may take hours, and others wait."""
    before = context.old.objects.get(oid)
    return before is not None and not before.populated and before.definition == spec.definition


def _on_what_is_empty(oid: ObjectId, context: Context) -> bool:
    """Whether it reads one that was never filled, which the server refuses: it cannot be filled either."""
    seen, todo = set[ObjectId](), [oid]
    while todo:
        for one in context.new.needs.get(todo.pop(), NOTHING) - seen:
            if one.kind == "materialized view" and one not in context.fresh and not context.old.objects[one].populated:
                return True
            if one.kind in ("view", "materialized view") and (one.kind == "view" or one in context.fresh):
                seen.add(one)
                todo.append(one)
    return False


def create(oid: ObjectId, spec: MaterializedView, context: Context) -> Steps:
    yield step(oid, _create(oid, spec, context), undo=q("DROP MATERIALIZED VIEW {}", name(*oid.name)))
    for one in _set(oid, (), spec.settings):
        yield replace(one, undo=None, undo_note="nothing to take back: it goes with its view")


def _set(oid: ObjectId, old: Iterable[Setting], new: Iterable[Setting]) -> Iterator[Step]:
    """Those that are not as they were; one that is no more is as usual again."""
    was, now = ({(c, w or v.partition("=")[0]): (c, w, v) for c, w, v in some} for some in (old, new))
    for key in sorted(was.keys() | now.keys()):
        if was.get(key) != now.get(key):
            there, back = (_one(oid, a.get(key), b.get(key)) for a, b in ((now, was), (was, now)))
            yield step(oid, there, undo=back)


def _one(oid: ObjectId, wanted: Setting | None, other: Setting | None) -> Part:
    column, what, given = wanted or other or ("", "", "")
    alter = q("ALTER MATERIALIZED VIEW {} ALTER COLUMN {}", name(*oid.name), name(column))
    if not what:
        key = given.partition("=")[0]
        return q("{} SET ({})", alter, printed(given)) if wanted else q("{} RESET ({})", alter, printed(key))
    return q("{} SET {} {}", alter, printed(what), printed(given if wanted else USUAL[what]))


def alter(oid: ObjectId, old: MaterializedView, new: MaterializedView, context: Context) -> Steps | None:
    if (old.definition, old.access_method, old.columns) != (new.definition, new.access_method, new.columns):
        return None
    stored, wanted = ({c for c, what, _ in s.settings if what == "STORAGE"} for s in (old, new))
    if stored != wanted:
        return None
    options_ = changed_options(oid, q("ALTER MATERIALIZED VIEW {}", name(*oid.name)), old.options, new.options)
    return [*options_, *_set(oid, old.settings, new.settings)]


def drop(oid: ObjectId, spec: MaterializedView, context: Context) -> Steps:
    gone = oid not in context.new.objects
    risk = (
        (hazard(BREAKS_CLIENTS, oid),) if gone else (hazard(BLOCKS_WRITES, oid, "reads wait until it is filled again"),)
    )
    yield step(oid, q("DROP MATERIALIZED VIEW {}", name(*oid.name)), hazards=risk)


KINDS = (
    PgKind(
        name="materialized view",
        catalog="pg_class",
        spec=MaterializedView,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=22,
        space="relation",
        derived=("definition",),
    ),
)
