"""Whose each catalog row is, and which rows count: for each catalog where to read (`t`, its relation as `r`), the identity of
the object that the row tells of, and the condition to keep it.

Identities are those of `pg_identify_object` (https://www.postgresql.org/docs/current/functions-info.html). For the catalogs
with most rows they are put together here, which is ten times as fast. By rule, a row with an OID is an object of its own; one
without belongs to what its first column refers to; one with a class and an OID to what these name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import LiteralString

from psycopg import sql

from colonnade.engines.postgres.catalog import FIRST_OF_USERS, SUCCESSORS
from colonnade.engines.postgres.live.census.catalogs import Catalog
from colonnade.engines.postgres.live.census.left_out import CATALOGS, OF_ONE_DATABASE
from colonnade.engines.postgres.live.census.values import all_privileges
from colonnade.engines.postgres.live.prepared import Key

NO_HOME = sql.SQL("''")


@dataclass(frozen=True)
class Source:
    """Where facts come from. `columns` are the only ones to take, where it is not all of them.

    `home` is the relation, routine or type that the object is or is a part of, as in ``relation public.orders``; '' for others.
    Where no row has a `key` that a user's has, there are no facts; without one, what came with the server has facts, too.
    """

    catalog: Catalog
    rows: sql.Composable
    identity: sql.Composable
    keep: sql.Composable
    columns: frozenset[str] | None = None
    home: sql.Composable = field(default_factory=lambda: NO_HOME)
    key: Key | None = None


_HOMES: Mapping[str, LiteralString] = {
    "pg_class": "'relation ' || t.{}::pg_catalog.regclass::pg_catalog.text",
    "pg_proc": "'routine ' || t.{}::pg_catalog.regprocedure::pg_catalog.text",
    "pg_type": "'type ' || t.{}::pg_catalog.regtype::pg_catalog.text",
}
_OF_RELATION = sql.SQL("'relation ' || r.name")

_COLUMN: LiteralString = "r.kind || ' column ' || r.name || '.' || pg_catalog.quote_ident(t.attname)"
_ON_RELATION: LiteralString = " || ' on ' || r.name"

# Not-null constraints (18 on tables, 17 on domains) belong to their column or domain: their names are mostly made up.
_CONSTRAINT: LiteralString = """CASE
  WHEN t.contype = 'n' AND t.conrelid <> 0 THEN r.kind || ' column ' || r.name || '.' || (SELECT pg_catalog.quote_ident(a.attname)
    FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.conrelid AND a.attnum = t.conkey[1])
  WHEN t.contype = 'n' THEN 'type ' || t.contypid::pg_catalog.regtype::pg_catalog.text
  WHEN t.conrelid <> 0 THEN 'table constraint ' || pg_catalog.quote_ident(t.conname) || ' on ' || r.name
  ELSE 'domain constraint ' || pg_catalog.quote_ident(t.conname) || ' on ' || t.contypid::pg_catalog.regtype::pg_catalog.text
END"""
_COMMENTED: LiteralString = """CASE WHEN t.classoid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
THEN coalesce((SELECT (pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.conrelid, c.conkey[1])).type
    || ' ' || (pg_catalog.pg_identify_object('pg_catalog.pg_class'::pg_catalog.regclass, c.conrelid, c.conkey[1])).identity
  FROM pg_catalog.pg_constraint c WHERE c.oid = t.objoid AND c.contype = 'n' AND c.conrelid <> 0), i.type || ' ' || i.identity)
ELSE i.type || ' ' || i.identity END"""
_TRIGGER: LiteralString = """CASE WHEN t.tgisinternal AND t.tgconstraint <> 0
THEN 'triggers of constraint ' || pg_catalog.quote_ident((SELECT c.conname FROM pg_catalog.pg_constraint c WHERE c.oid = t.tgconstraint))
ELSE 'trigger ' || pg_catalog.quote_ident(t.tgname) END || ' on ' || r.name"""
_DEFAULT: LiteralString = """'default value for ' || r.name || '.' || (SELECT pg_catalog.quote_ident(a.attname)
FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.adrelid AND a.attnum = t.adnum)"""


@dataclass(frozen=True)
class Related:
    """A catalog whose rows belong to a relation: the column with its OID, the object's identity."""

    relation: str
    identity: LiteralString = "r.kind || ' ' || r.name"


RELATED: Mapping[str, Related] = {
    "pg_attrdef": Related("adrelid", _DEFAULT),
    "pg_attribute": Related(
        "attrelid", "CASE WHEN r.relkind IN ('i', 'I') THEN r.kind || ' ' || r.name ELSE " + _COLUMN + " END"
    ),
    "pg_class": Related("oid"),
    "pg_policy": Related("polrelid", "'policy ' || pg_catalog.quote_ident(t.polname)" + _ON_RELATION),
    "pg_rewrite": Related(
        "ev_class",
        "CASE t.rulename WHEN '_RETURN' THEN r.kind || ' ' || r.name"
        " ELSE 'rule ' || pg_catalog.quote_ident(t.rulename) || ' on ' || r.name END",
    ),
    "pg_trigger": Related("tgrelid", _TRIGGER),
}

_NOT_MADE_BY_A_TYPE: LiteralString = (
    "NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = t.tableoid AND d.objid = t.oid AND d.deptype = 'i'"
    " AND d.refclassid = 'pg_catalog.pg_type'::pg_catalog.regclass)"
)

KEEP: Mapping[str, LiteralString] = {
    # Columns in quarantine are as good as dropped; what is to take the place of something is not there before it does.
    # System columns count where someone has been given privileges on them; of an index only the statistics targets and the
    # operator classes' options are not in pg_index; those of a sequence are always the same.
    "pg_attribute": "NOT t.attisdropped AND NOT pg_catalog.starts_with(t.attname::pg_catalog.text, 'colonnade_quarantine_')"
    " AND (r.relkind IN ('i', 'I') OR t.attname !~ "
    + SUCCESSORS
    + ") AND (t.attnum > 0 OR t.attacl IS NOT NULL) AND CASE WHEN r.relkind IN ('i', 'I')"
    " THEN t.attstattarget >= 0 OR t.attoptions IS NOT NULL WHEN r.relkind = 'S' THEN t.attacl IS NOT NULL ELSE true END",
    "pg_cast": _NOT_MADE_BY_A_TYPE,  # the cast from a range to its multirange
    "pg_class": "t.relkind <> 'c'",  # the type says the same
    # The server makes a foreign key's copies for each partition, with names that it makes up.
    "pg_constraint": "(t.contype <> 'f' OR t.conparentid = 0) AND t.conname !~ " + SUCCESSORS,
    # Of dependencies, most follow from what the objects are. These are declared: DEPENDS ON EXTENSION, OWNED BY, and which
    # members belong to an operator class and not only to its family.
    "pg_depend": "(t.deptype = 'x' OR t.deptype IN ('a', 'i') AND t.refobjsubid > 0"
    " AND t.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
    " AND EXISTS (SELECT FROM pg_catalog.pg_class s WHERE s.oid = t.objid AND s.relkind = 'S')"
    " OR t.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass AND t.classid IN"
    " ('pg_catalog.pg_amop'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass))",
    "pg_proc": _NOT_MADE_BY_A_TYPE,  # the constructors of a range
    "pg_subscription": "t.subdbid = (SELECT d.oid FROM pg_catalog.pg_database d"
    " WHERE d.datname = pg_catalog.current_database())",
    # The copies of a trigger for partitions, and the triggers that enforce foreign keys, count where they are not enabled as
    # the original is: a disabled one lets bad rows in.
    "pg_trigger": "t.tgname !~ "
    + SUCCESSORS
    + " AND (NOT t.tgisinternal AND t.tgparentid = 0 OR t.tgenabled <> coalesce("
    "(SELECT p.tgenabled FROM pg_catalog.pg_trigger p WHERE p.oid = t.tgparentid), 'O'))",
    # Array types and the row types of tables are made with what they are of.
    "pg_type": "(t.typrelid = 0 OR EXISTS (SELECT FROM pg_catalog.pg_class k WHERE k.oid = t.typrelid AND k.relkind = 'c'))"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_type e WHERE e.typarray = t.oid)",
}

INSTEAD_OF: Mapping[str, LiteralString] = {
    # only superusers may read the catalog; the view shows others what they may see
    "pg_user_mapping": "(SELECT m.umid AS oid, m.umuser, m.srvid AS umserver, m.umoptions FROM pg_catalog.pg_user_mappings m)",
}

OWNED: Mapping[str, str] = {"pg_enum": "enumtypid"}
"""Catalogs whose rows have an OID yet are no objects by themselves."""


def counted(catalogs: Iterable[Catalog]) -> Iterator[Source]:
    """The sources of all facts."""
    for catalog in catalogs:
        if catalog.name in CATALOGS or (catalog.shared and catalog.name not in OF_ONE_DATABASE):
            continue
        yield _source(catalog)
        if catalog.acl and catalog.name != "pg_default_acl":
            yield _changed_privileges(catalog)


def _source(catalog: Catalog) -> Source:
    if catalog.name == "pg_constraint":
        return _constraints(catalog)
    if related := RELATED.get(catalog.name):
        return _of_relation(catalog, related)
    if "objsubid" in catalog.columns:
        return _of_address(catalog)
    if "oid" in catalog.columns and catalog.name not in OWNED:
        return _objects(catalog)
    column = OWNED.get(catalog.name) or next(iter(catalog.columns))
    reference = catalog.reference(column)
    if reference is not None and reference.table == "pg_class":
        return _of_relation(catalog, Related(column))
    return _owned(catalog, column, reference.table if reference else catalog.name)


def _of_relation(catalog: Catalog, related: Related) -> Source:
    rows = sql.SQL("{} JOIN relation r ON r.oid = t.{}").format(_table(catalog), sql.Identifier(related.relation))
    key = Key(catalog.name, related.relation)
    return Source(catalog, rows, sql.SQL(related.identity), _all(_keep(catalog)), home=_OF_RELATION, key=key)


def _constraints(catalog: Catalog) -> Source:
    rows = sql.SQL("{} LEFT JOIN relation r ON r.oid = t.conrelid").format(_table(catalog))
    of_domain = sql.SQL("t.contypid >= {} AND {}").format(sql.SQL(FIRST_OF_USERS), _not_left_out("pg_type", "contypid"))
    keep = sql.SQL("(r.oid IS NOT NULL OR t.conrelid = 0 AND {})").format(of_domain)
    home = sql.SQL("CASE WHEN t.conrelid <> 0 THEN {} ELSE {} END").format(_OF_RELATION, _home("pg_type", "contypid"))
    return Source(catalog, rows, sql.SQL(_CONSTRAINT), _all(keep, _keep(catalog)), home=home)


def _objects(catalog: Catalog) -> Source:
    rows = sql.SQL("{} CROSS JOIN LATERAL pg_catalog.pg_identify_object({}::pg_catalog.regclass, t.oid, 0) i").format(
        _table(catalog), sql.Literal(f"pg_catalog.{catalog.name}")
    )
    made = sql.SQL("t.oid >= {}").format(sql.SQL(FIRST_OF_USERS))
    if catalog.name == "pg_namespace":
        made = sql.SQL("({} OR t.nspname = 'public') AND t.oid NOT IN (SELECT h.oid FROM hidden h)").format(made)
    if catalog.namespace and catalog.name != "pg_namespace":
        made = sql.SQL("{} AND t.{} NOT IN (SELECT h.oid FROM hidden h)").format(
            made, sql.Identifier(catalog.namespace)
        )
    identity = sql.SQL("i.type || ' ' || i.identity")
    keep = _all(made, _not_left_out(catalog.name, "oid"), _keep(catalog))
    all_of_users = catalog.name != "pg_namespace" and catalog.name not in INSTEAD_OF and not catalog.shared
    key = Key(catalog.name, "oid") if all_of_users else None
    return Source(catalog, rows, identity, keep, home=_home_of(catalog), key=key)


def _home_of(catalog: Catalog) -> sql.Composable:
    """Of an object with an OID of its own: itself, or the relation that it is about."""
    if catalog.name in _HOMES:
        return _home(catalog.name, "oid")
    about = next(
        (r.columns[0] for r in catalog.references if r.table == "pg_class" and r.columns[0].endswith("relid")), None
    )
    return _home("pg_class", about) if about else NO_HOME


def _home(table: str, column: str) -> sql.Composable:
    return sql.SQL(_HOMES[table]).format(sql.Identifier(column))


def _owned(catalog: Catalog, column: str, owner: str) -> Source:
    key = sql.Identifier(column)
    rows = sql.SQL("{} CROSS JOIN LATERAL pg_catalog.pg_identify_object({}::pg_catalog.regclass, t.{}, 0) i").format(
        _table(catalog), sql.Literal(f"pg_catalog.{owner}"), key
    )
    made = sql.SQL("t.{} >= {}").format(key, sql.SQL(FIRST_OF_USERS))
    keep = _all(made, _not_left_out(owner, column), _keep(catalog))
    home = _home(owner, column) if owner in _HOMES else NO_HOME
    return Source(catalog, rows, sql.SQL("i.type || ' ' || i.identity"), keep, home=home, key=Key(catalog.name, column))


def _of_address(catalog: Catalog) -> Source:
    class_, oid = ("classid", "objid") if "classid" in catalog.columns else ("classoid", "objoid")
    rows = sql.SQL("{} CROSS JOIN LATERAL pg_catalog.pg_identify_object(t.{}, t.{}, t.objsubid) i").format(
        _table(catalog), sql.Identifier(class_), sql.Identifier(oid)
    )
    keep = sql.SQL(
        "(t.{oid} >= {first} OR t.{cls} = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND t.{oid} ="
        " (SELECT n.oid FROM pg_catalog.pg_namespace n WHERE n.nspname = 'public'))"
        " AND NOT EXISTS (SELECT FROM left_out l WHERE l.classid = t.{cls} AND l.objid = t.{oid})"
    ).format(oid=sql.Identifier(oid), cls=sql.Identifier(class_), first=sql.SQL(FIRST_OF_USERS))
    identity = _COMMENTED if class_ == "classoid" else "i.type || ' ' || i.identity"
    return Source(catalog, rows, sql.SQL(identity), _all(keep, _keep(catalog)), home=_home_by_address(class_, oid))


def _home_by_address(class_: str, oid: str) -> sql.Composable:
    cases = (
        sql.SQL("WHEN {}::pg_catalog.regclass THEN {}").format(sql.Literal(f"pg_catalog.{table}"), _home(table, oid))
        for table in _HOMES
    )
    return sql.SQL("CASE t.{} {} ELSE '' END").format(sql.Identifier(class_), sql.SQL(" ").join(cases))


def _changed_privileges(catalog: Catalog) -> Source:
    """Privileges on what came with the server or an extension, where they are no longer those it came with."""
    acl, is_column = sql.Identifier(catalog.acl or ""), catalog.name == "pg_attribute"
    class_ = sql.Literal("pg_catalog.pg_class" if is_column else f"pg_catalog.{catalog.name}")
    oid, part = (sql.SQL("t.attrelid"), sql.SQL("t.attnum")) if is_column else (sql.SQL("t.oid"), sql.SQL("0"))
    rows = sql.SQL(
        "{table} LEFT JOIN pg_catalog.pg_init_privs p"
        " ON p.classoid = {cls}::pg_catalog.regclass AND p.objoid = {oid} AND p.objsubid = {part}"
        " CROSS JOIN LATERAL pg_catalog.pg_identify_object({cls}::pg_catalog.regclass, {oid}, {part}) i"
    ).format(table=_table(catalog), cls=class_, oid=oid, part=part)
    keep = sql.SQL(
        "t.{acl} IS DISTINCT FROM p.initprivs AND {sorted_now} <> {sorted_then} AND ({of_server}"
        " OR EXISTS (SELECT FROM member m WHERE m.classid = {cls}::pg_catalog.regclass AND m.objid = {oid}))"
    ).format(
        acl=acl,
        sorted_now=_sorted(all_privileges(catalog, sql.SQL("t.{}").format(acl))),
        sorted_then=_sorted(all_privileges(catalog, sql.SQL("p.initprivs"))),
        of_server=_of_server(catalog, oid),
        cls=class_,
        oid=oid,
    )
    return Source(catalog, rows, sql.SQL("i.type || ' ' || i.identity"), keep, frozenset({catalog.acl or ""}))


def _sorted(acl: sql.Composable) -> sql.Composable:
    return sql.SQL("ARRAY(SELECT u::pg_catalog.text FROM pg_catalog.unnest({}) u ORDER BY 1)").format(acl)


def _of_server(catalog: Catalog, oid: sql.Composable) -> sql.Composable:
    """Those that a dump looks at too: nobody is meant to change information_schema."""
    if catalog.name == "pg_namespace":
        return sql.SQL("t.nspname = 'pg_catalog'")
    condition = sql.SQL("{} < {}").format(oid, sql.SQL(FIRST_OF_USERS))
    schema = sql.SQL("'pg_catalog'::pg_catalog.regnamespace")
    if catalog.name == "pg_attribute":
        return sql.SQL(
            "{} AND {} = (SELECT k.relnamespace FROM pg_catalog.pg_class k WHERE k.oid = t.attrelid)"
        ).format(condition, schema)
    if catalog.namespace:
        return sql.SQL("{} AND t.{} = {}").format(condition, sql.Identifier(catalog.namespace), schema)
    return condition


def _table(catalog: Catalog) -> sql.Composable:
    if rows := INSTEAD_OF.get(catalog.name):
        return sql.SQL(rows + " t")
    return sql.SQL("pg_catalog.{} t").format(sql.Identifier(catalog.name))


def _keep(catalog: Catalog) -> sql.Composable:
    return sql.SQL(KEEP.get(catalog.name, "true"))


def _not_left_out(class_: str, column: str) -> sql.Composable:
    return sql.SQL(
        "NOT EXISTS (SELECT FROM left_out l WHERE l.classid = {}::pg_catalog.regclass AND l.objid = t.{})"
    ).format(sql.Literal(f"pg_catalog.{class_}"), sql.Identifier(column))


def _all(*conditions: sql.Composable) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions)
