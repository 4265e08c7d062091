"""Indexes that no constraint owns, and their place in a partitioned table's index.

https://www.postgresql.org/docs/current/sql-createindex.html. On a table in use they are built and dropped concurrently. A partitioned
table's index is made on the parent alone, built leaf by leaf, and the leaves attached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from colonnade.core.hazards import BUILDS_INDEX, DROPS_INDEX, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import SUCCESSORS
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.rewriting.retuned import retuned
from colonnade.engines.postgres.statement import Part, name, printed, q, step, value
from colonnade.engines.postgres.told.indexed import computable, duplicates

INDEXES = f"""
SELECT i.indexrelid AS oid, i.indrelid AS rel, ARRAY[n.nspname, c.relname] AS name, ARRAY[tn.nspname, t.relname] AS table,
  t.relkind::text AS table_kind, i.indisunique AS "unique", i.indisvalid OR c.relkind = 'I' AS valid, c.relkind = 'I' AS partitioned,
  substr(pg_get_indexdef(i.indexrelid), length(format('CREATE %sINDEX %I ON %s%I.%I ', CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END,
    c.relname, CASE WHEN c.relkind = 'I' THEN 'ONLY ' ELSE '' END, tn.nspname, t.relname)) + 1) AS definition,
  coalesce((SELECT array_agg(a.attnum::text || '=' || a.attstattarget::text ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = i.indexrelid AND a.attstattarget >= 0), '{{}}') AS statistics
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
WHERE c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%'
  AND c.relname !~ {SUCCESSORS}
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) ORDER BY 3"""

ATTACHMENTS = """
SELECT c.oid, c.oid AS rel, ARRAY[n.nspname, c.relname] AS name, ARRAY[pn.nspname, p.relname] AS parent,
  ARRAY[ARRAY[tn.nspname, t.relname], ARRAY[un.nspname, u.relname]] AS tables
FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid AND c.relkind IN ('i', 'I') JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
JOIN pg_index ci ON ci.indexrelid = c.oid JOIN pg_class t ON t.oid = ci.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_index pi ON pi.indexrelid = p.oid JOIN pg_class u ON u.oid = pi.indrelid JOIN pg_namespace un ON un.oid = u.relnamespace
WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""


@dataclass(frozen=True)
class Index:
    """The index as the server prints it, from its method on."""

    table: tuple[str, str]
    table_kind: str
    unique: bool
    valid: bool
    partitioned: bool
    definition: str
    statistics: tuple[str, ...]


@dataclass(frozen=True)
class IndexAttachment:
    """The partitioned index that this one is a part of; `tables` are those of the two."""

    parent: tuple[str, str]
    tables: tuple[tuple[str, str], tuple[str, str]]


WITH_THE_WHOLE = "it goes with the index of the whole"


def _create(oid: ObjectId, spec: Index, *, concurrently: bool) -> Part:
    return q(
        "CREATE {}INDEX {}{} ON {}{} {}",
        q("UNIQUE ") if spec.unique else q(""),
        q("CONCURRENTLY ") if concurrently else q(""),
        name(oid.name[1]),
        q("ONLY ") if spec.partitioned else q(""),
        name(*spec.table),
        printed(spec.definition),
    )


def create(oid: ObjectId, spec: Index, context: Context) -> Steps:
    in_use = context.live and not context.is_fresh(spec.table) and not spec.partitioned
    back: Part | str = (
        q("DROP INDEX CONCURRENTLY {}", name(*oid.name)) if in_use else q("DROP INDEX {}", name(*oid.name))
    )
    if (part := context.new.objects.get(ObjectId("index attachment", oid.name))) and not _comes_with(
        spec, part, context
    ):
        back = WITH_THE_WHOLE
    risk = (hazard(BUILDS_INDEX, f"table {'.'.join(spec.table)}"),) if in_use else ()
    yield replace(
        step(oid, _create(oid, spec, concurrently=in_use), alone=in_use, hazards=risk, undo=back),
        checks=(*duplicates(oid, spec, context), *computable(oid, spec, context)) if in_use else (),
    )
    yield from _settings(oid, spec)


def _comes_with(spec: Index, part: IndexAttachment, context: Context) -> bool:
    """Whether its table comes to the partitions of a table that has the index, and so takes the part along when it leaves."""
    return ObjectId("inheritance", spec.table) in context.fresh and ObjectId("index", part.parent) not in context.fresh


def _settings(oid: ObjectId, spec: Index) -> Iterator[Step]:
    for one in spec.statistics:
        column, _, target = one.partition("=")
        yield step(
            oid,
            q(
                "ALTER INDEX {} ALTER COLUMN {} SET STATISTICS {}",
                name(*oid.name),
                value(int(column)),
                value(int(target)),
            ),
            undo=q("ALTER INDEX {} ALTER COLUMN {} SET STATISTICS -1", name(*oid.name), value(int(column))),
        )


def alter(oid: ObjectId, old: Index, new: Index, context: Context) -> Steps | None:
    if _bare(old) != _bare(new):
        return None
    tuned = retuned(oid, old.definition, new.definition, context)
    return None if tuned is None else (*tuned, *_changed(oid, old, new))


def _bare(spec: Index) -> Index:
    return replace(spec, definition="", statistics=())


def _changed(oid: ObjectId, old: Index, new: Index) -> Iterator[Step]:
    gone = tuple(
        f"{o.partition('=')[0]}=-1"
        for o in old.statistics
        if o.partition("=")[0] not in {n.partition("=")[0] for n in new.statistics}
    )
    yield from _settings(oid, replace(new, statistics=(*gone, *new.statistics)))


def drop(oid: ObjectId, spec: Index, context: Context) -> Steps:
    if ObjectId("index attachment", oid.name) in context.old.objects and _gone_before(oid, context):
        return
    alone = (
        context.live
        and not spec.partitioned
        and not context.is_gone(spec.table)
        and ObjectId("index attachment", oid.name) not in context.old.objects
    )
    what = q("DROP INDEX CONCURRENTLY {}", name(*oid.name)) if alone else q("DROP INDEX {}", name(*oid.name))
    yield step(
        oid,
        what,
        alone=alone,
        hazards=(hazard(DROPS_INDEX, f"{oid} of table {'.'.join(spec.table)}"),),
    )


def _gone_before(oid: ObjectId, context: Context) -> bool:
    """A part of a partitioned index goes with the whole, unless its table was detached before."""
    table = context.old.objects[oid].table
    if ObjectId("inheritance", table) in context.gone and not context.is_gone(table):
        return False
    parent = context.old.objects[ObjectId("index attachment", oid.name)].parent
    return (
        any(ObjectId(k, parent) in context.gone for k in ("index",))
        or ObjectId("index", parent) not in context.new.objects
    )


def attachment_needs(oid: ObjectId, spec: IndexAttachment) -> Iterable[ObjectId]:
    yield ObjectId("inheritance", spec.tables[0])
    for index, table in zip((oid.name, spec.parent), spec.tables, strict=True):
        yield ObjectId("index", index)
        yield from (ObjectId(kind, (*table, index[1])) for kind in ("primary key", "unique", "exclusion"))


def part_of(oid: ObjectId, spec: IndexAttachment) -> Iterable[ObjectId]:
    return ObjectId("index", oid.name), ObjectId("index", spec.parent), ObjectId("inheritance", spec.tables[0])


def attach(oid: ObjectId, spec: IndexAttachment, context: Context) -> Steps:
    whole = ObjectId("index", spec.parent)
    yield step(
        oid,
        q("ALTER INDEX {} ATTACH PARTITION {}", name(*spec.parent), name(*oid.name)),
        undo=WITH_THE_WHOLE if whole in context.fresh else "an attached index cannot be detached",
    )


def detach(oid: ObjectId, spec: IndexAttachment, context: Context) -> Steps:
    return ()


KINDS = (
    PgKind(
        name="index",
        catalog="pg_class",
        spec=Index,
        query=INDEXES,
        create=create,
        alter=alter,
        drop=drop,
        rank=14,
        space="relation",
    ),
    PgKind(
        name="index attachment",
        catalog="",
        spec=IndexAttachment,
        query=ATTACHMENTS,
        needs=attachment_needs,
        goes_with=part_of,
        create=attach,
        alter=never,
        drop=detach,
        rank=15,
    ),
)
