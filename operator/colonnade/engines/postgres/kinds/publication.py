"""Publications, and the tables and schemas in them. https://www.postgresql.org/docs/current/sql-createpublication.html

Each table is an object of its own, for it holds on to the columns that its filter and its list name. It cannot be changed inside a
publication but by naming all tables anew, so it is taken out and put in again, in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, value, words


def publications(version: int) -> LiteralString:
    generated: LiteralString = "p.pubgencols::text" if version >= 180000 else "'n'"
    return f"""
SELECT p.oid, ARRAY[p.pubname] AS name, p.puballtables AS all_tables, array_to_string(ARRAY[CASE WHEN p.pubinsert THEN 'insert' END,
  CASE WHEN p.pubupdate THEN 'update' END, CASE WHEN p.pubdelete THEN 'delete' END, CASE WHEN p.pubtruncate THEN 'truncate' END],
  ', ') AS operations, p.pubviaroot AS via_root, {generated} AS generated FROM pg_publication p ORDER BY 2"""


def tables(version: int) -> LiteralString:
    columns: LiteralString = """ARRAY(SELECT a.attname::text FROM pg_attribute a
    WHERE a.attrelid = r.prrelid AND a.attnum = ANY (r.prattrs) ORDER BY 1)"""
    since_15: LiteralString = f"pg_get_expr(r.prqual, r.prrelid) AS condition, {columns} AS columns"
    before: LiteralString = "NULL::text AS condition, '{}'::text[] AS columns"
    return f"""
SELECT r.oid, r.prrelid AS rel, ARRAY[p.pubname, n.nspname, c.relname] AS name, {since_15 if version >= 150000 else before}
FROM pg_publication_rel r JOIN pg_publication p ON p.oid = r.prpubid JOIN pg_class c ON c.oid = r.prrelid
JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {USER_SCHEMA} ORDER BY 3"""


SCHEMAS: LiteralString = f"""
SELECT s.oid, ARRAY[p.pubname, n.nspname] AS name FROM pg_publication_namespace s JOIN pg_publication p ON p.oid = s.pnpubid
JOIN pg_namespace n ON n.oid = s.pnnspid WHERE {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class Publication:
    """What is published of each row; `generated` columns: s(tored) ones or n(one)."""

    all_tables: bool
    operations: str
    via_root: bool
    generated: str


@dataclass(frozen=True)
class PublicationTable:
    """Which rows and columns of the table: all where none are named."""

    condition: str | None
    columns: tuple[str, ...]


@dataclass(frozen=True)
class PublicationSchema:
    """All tables of the schema, those to come too."""


USUAL = Publication(all_tables=False, operations="insert, update, delete, truncate", via_root=False, generated="n")


def _options(spec: Publication, was: Publication = USUAL) -> list[Part]:
    generated = q("stored") if spec.generated == "s" else q("none")
    out: list[Part] = [q("publish = {}", value(spec.operations))] if spec.operations != was.operations else []
    out += [q("publish_via_partition_root = {}", value(spec.via_root))] if spec.via_root != was.via_root else []
    out += [q("publish_generated_columns = {}", generated)] if spec.generated != was.generated else []
    return out


def _create(oid: ObjectId, spec: Publication) -> Part:
    options = _options(spec)
    return words(
        q("CREATE PUBLICATION {}", name(*oid.name)),
        "FOR ALL TABLES" if spec.all_tables else None,
        q("WITH ({})", listed(options)) if options else None,
    )


def _risk(oid: ObjectId, context: Context) -> tuple[Hazard, ...]:
    """For whoever subscribes; a new publication has no subscribers."""
    publication = ObjectId("publication", oid.name[:1])
    return () if publication in context.fresh else (hazard(BREAKS_CLIENTS, oid, "subscribers"),)


def create(oid: ObjectId, spec: Publication, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP PUBLICATION {}", name(*oid.name)))


def alter(oid: ObjectId, old: Publication, new: Publication, context: Context) -> Steps | None:
    if old.all_tables != new.all_tables:
        return None
    p = q("ALTER PUBLICATION {}", name(*oid.name))
    there, back = (q("{} SET ({})", p, listed(_options(a, b))) for a, b in ((new, old), (old, new)))
    return (step(oid, there, hazards=_risk(oid, context), undo=back),)


def drop(oid: ObjectId, spec: Publication, context: Context) -> Steps:
    risk = (hazard(BREAKS_CLIENTS, oid, "subscribers"),)
    yield step(oid, q("DROP PUBLICATION {}", name(*oid.name)), hazards=risk)


def _add(oid: ObjectId, spec: PublicationTable) -> Part:
    columns = q(" ({})", listed(name(c) for c in spec.columns)) if spec.columns else q("")
    where = q(" WHERE ({})", printed(spec.condition)) if spec.condition else q("")
    return q("ALTER PUBLICATION {} ADD TABLE ONLY {}{}{}", name(oid.name[0]), name(*oid.name[1:]), columns, where)


def _take_out(oid: ObjectId) -> Part:
    return q("ALTER PUBLICATION {} DROP TABLE ONLY {}", name(oid.name[0]), name(*oid.name[1:]))


def add_table(oid: ObjectId, spec: PublicationTable, context: Context) -> Steps:
    yield step(oid, _add(oid, spec), undo=_take_out(oid))


def drop_table(oid: ObjectId, spec: PublicationTable, context: Context) -> Steps:
    risk = () if oid in context.new.objects else _risk(oid, context)
    yield step(oid, _take_out(oid), hazards=risk)


def _schema(oid: ObjectId, verb: LiteralString) -> Part:
    return q("ALTER PUBLICATION {} {} TABLES IN SCHEMA {}", name(oid.name[0]), q(verb), name(oid.name[1]))


def add_schema(oid: ObjectId, spec: PublicationSchema, context: Context) -> Steps:
    yield step(oid, _schema(oid, "ADD"), undo=_schema(oid, "DROP"))


def drop_schema(oid: ObjectId, spec: PublicationSchema, context: Context) -> Steps:
    yield step(oid, _schema(oid, "DROP"), hazards=_risk(oid, context))


KINDS = (
    PgKind(
        name="publication",
        catalog="pg_publication",
        spec=Publication,
        query=publications,
        create=create,
        alter=alter,
        drop=drop,
        rank=30,
    ),
    PgKind(
        name="publication table",
        catalog="pg_publication_rel",
        spec=PublicationTable,
        query=tables,
        create=add_table,
        alter=never,
        drop=drop_table,
        rank=31,
    ),
    PgKind(
        name="publication schema",
        catalog="pg_publication_namespace",
        spec=PublicationSchema,
        query=SCHEMAS,
        create=add_schema,
        alter=never,
        drop=drop_schema,
        rank=31,
        since=150000,
    ),
)
