"""Who owns an object, where that is not who reads. https://www.postgresql.org/docs/current/ddl-priv.html

A declaration says it by ALTER … OWNER TO. What it says nothing about belongs to whoever loads it, and so to nobody in particular: of
such an object the live owner stays, and is the owner again where the object has to be made anew. Owners that the session
may not act for are not looked at: it could change nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import CHANGES_ACCESS, hazard
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS, USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, name, printed, q, step

CATALOGS: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("pg_operator", "opr"),
    ("pg_opclass", "opc"),
    ("pg_opfamily", "opf"),
    ("pg_collation", "coll"),
    ("pg_conversion", "con"),
    ("pg_language", "lan"),
    ("pg_statistic_ext", "stx"),
    ("pg_ts_dict", "dict"),
    ("pg_ts_config", "cfg"),
    ("pg_foreign_data_wrapper", "fdw"),
    ("pg_foreign_server", "srv"),
    ("pg_event_trigger", "evt"),
    ("pg_publication", "pub"),
    ("pg_proc", "pro"),
)
SIMPLE: LiteralString = " UNION ALL ".join(
    f"SELECT '{catalog}'::regclass, x.oid, x.{prefix}owner FROM {catalog} x" for catalog, prefix in CATALOGS
)
QUERY: LiteralString = f"""
WITH owned (class, oid, owner) AS (
  SELECT 'pg_class'::regclass, c.oid, c.relowner FROM pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE c.relkind = 'S' AND d.classid = 'pg_class'::regclass AND d.objid = c.oid
      AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i'))
  UNION ALL SELECT 'pg_type'::regclass, t.oid, t.typowner FROM pg_type t WHERE t.typtype IN ('e', 'd', 'r', 'b', 'c')
    AND (t.typrelid = 0 OR EXISTS (SELECT FROM pg_class k WHERE k.oid = t.typrelid AND k.relkind = 'c'))
    AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  UNION ALL SELECT 'pg_namespace'::regclass, n.oid, n.nspowner FROM pg_namespace n
    WHERE {USER_SCHEMA} AND NOT (n.nspname = 'public' AND n.nspowner < {FIRST_OF_USERS})
  UNION ALL {SIMPLE})
SELECT o.oid, o.class::oid::int8 AS target_class, o.oid AS target, 0 AS target_sub, ARRAY[i.type, i.identity] AS name, r.rolname::text AS role
FROM owned o JOIN pg_roles r ON r.oid = o.owner CROSS JOIN LATERAL pg_identify_object(o.class, o.oid, 0) i
WHERE r.rolname <> current_user AND pg_has_role(o.owner, 'MEMBER') AND (o.oid >= {FIRST_OF_USERS} OR o.class = 'pg_namespace'::regclass) AND i.identity IS NOT NULL
  AND coalesce(i.schema, '') !~ '^(pg_|colonnade)' AND coalesce(i.schema, '') <> 'information_schema'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.objsubid = 0 AND d.deptype IN ('e', 'i') AND o.class <> 'pg_type'::regclass)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'e') ORDER BY 5"""

WORDS: dict[str, LiteralString] = {
    "statistics object": "STATISTICS",
    "foreign-data wrapper": "FOREIGN DATA WRAPPER",
    "function": "ROUTINE",
    "procedure": "ROUTINE",
    "aggregate": "ROUTINE",
}


@dataclass(frozen=True)
class Owner:
    """The role."""

    role: str


def _to(oid: ObjectId, owner: Part) -> Part:
    kind, identity = oid.name
    return q("ALTER {} {} OWNER TO {}", printed(WORDS.get(kind, kind.upper())), printed(identity), owner)


def belongs_to(oid: ObjectId, role: str) -> Part:
    """How a declaration says so."""
    return _to(oid, name(role))


def create(oid: ObjectId, spec: Owner, context: Context) -> Steps:
    made = context.new.parents.get(oid, NOTHING) & context.fresh
    risk = () if made else (hazard(CHANGES_ACCESS, " ".join(oid.name)),)
    yield step(oid, _to(oid, name(spec.role)), hazards=risk, undo=_to(oid, q("CURRENT_USER")))


def alter(oid: ObjectId, old: Owner, new: Owner, context: Context) -> Steps:
    risk = (hazard(CHANGES_ACCESS, " ".join(oid.name)),)
    yield step(oid, _to(oid, name(new.role)), hazards=risk, undo=_to(oid, name(old.role)))


def drop(oid: ObjectId, spec: Owner, context: Context) -> Steps:
    """It goes with its object; nobody says who else should have it."""
    return ()


KINDS = (PgKind(name="owner", catalog="", spec=Owner, query=QUERY, create=create, alter=alter, drop=drop, rank=92),)
