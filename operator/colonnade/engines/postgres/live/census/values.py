"""What a column of a catalog says once OIDs, column numbers and parse trees are taken out of it, as SQL over the row `t`.

Most follows from the column's type and from what it refers to. Only parse trees (always) and lists whose order or numbering is
of no consequence need an expression of their own. A parse tree without one is refused: it holds OIDs and places in a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import LiteralString

from psycopg import sql

from colonnade.core.errors import Unsupported
from colonnade.engines.postgres.live.census.catalogs import Catalog, Reference

NAMED_BY_CAST: Mapping[str, LiteralString] = {
    "pg_authid": "regrole",
    "pg_class": "regclass",
    "pg_collation": "regcollation",
    "pg_namespace": "regnamespace",
    "pg_operator": "regoperator",
    "pg_proc": "regprocedure",
    "pg_ts_config": "regconfig",
    "pg_ts_dict": "regdictionary",
    "pg_type": "regtype",
}

# Much read, and a scan of these few rows is faster than pg_identify_object.
NAMED_BY_LOOKUP: Mapping[str, LiteralString] = {
    "pg_am": "(SELECT n.amname FROM pg_catalog.pg_am n WHERE n.oid = {})",
    "pg_language": "(SELECT n.lanname FROM pg_catalog.pg_language n WHERE n.oid = {})",
    "pg_tablespace": "(SELECT n.spcname FROM pg_catalog.pg_tablespace n WHERE n.oid = {})",
}


def _open(closed: LiteralString = "pass|pwd|secret|token|key|cred") -> LiteralString:
    """What nobody may see is nobody's to declare, nor is it told whether it is there."""
    return "(pg_catalog.split_part(o, '=', 1) !~* '" + closed + "' OR pg_catalog.starts_with(o, 'password_required='))"


def _columns_in_no_order(numbers: LiteralString, relation: LiteralString) -> LiteralString:
    return (
        (
            "CASE WHEN t.{numbers} IS NOT NULL THEN ARRAY(SELECT a.attname FROM pg_catalog.pg_attribute a"
            " WHERE a.attrelid = t.{relation} AND a.attnum = ANY (t.{numbers}) ORDER BY a.attname) END"
        )
        .replace("{numbers}", numbers)
        .replace("{relation}", relation)
    )


def _options(column: LiteralString, open_: LiteralString) -> LiteralString:
    return (
        "(SELECT pg_catalog.array_agg(o ORDER BY n) FROM pg_catalog.unnest(t."
        + column
        + ") WITH ORDINALITY x (o, n) WHERE "
        + open_
        + ")"
    )


INSTEAD: Mapping[tuple[str, str], LiteralString] = {
    # parse trees, as the server itself prints them
    ("pg_attrdef", "adbin"): "pg_catalog.pg_get_expr(t.adbin, t.adrelid)",
    ("pg_class", "relpartbound"): "pg_catalog.pg_get_expr(t.relpartbound, t.oid)",
    ("pg_constraint", "conbin"): "pg_catalog.pg_get_expr(t.conbin, t.conrelid)",
    ("pg_index", "indexprs"): "pg_catalog.pg_get_expr(t.indexprs, t.indrelid)",
    ("pg_index", "indpred"): "pg_catalog.pg_get_expr(t.indpred, t.indrelid)",
    ("pg_partitioned_table", "partexprs"): "pg_catalog.pg_get_expr(t.partexprs, t.partrelid)",
    ("pg_policy", "polqual"): "pg_catalog.pg_get_expr(t.polqual, t.polrelid)",
    ("pg_policy", "polwithcheck"): "pg_catalog.pg_get_expr(t.polwithcheck, t.polrelid)",
    ("pg_proc", "proargdefaults"): "pg_catalog.pg_get_expr(t.proargdefaults, 0)",
    ("pg_proc", "prosqlbody"): "pg_catalog.pg_get_function_sqlbody(t.oid)",
    ("pg_publication_rel", "prqual"): "pg_catalog.pg_get_expr(t.prqual, t.prrelid)",
    ("pg_rewrite", "ev_action"): "CASE WHEN t.rulename = '_RETURN' THEN pg_catalog.pg_get_viewdef(t.ev_class)"
    " ELSE pg_catalog.pg_get_ruledef(t.oid) END",
    ("pg_rewrite", "ev_qual"): "NULL",  # part of the above
    ("pg_statistic_ext", "stxexprs"): "pg_catalog.pg_get_expr(t.stxexprs, t.stxrelid)",
    ("pg_trigger", "tgqual"): "CASE WHEN t.tgqual IS NOT NULL THEN pg_catalog.pg_get_triggerdef(t.oid) END",
    ("pg_type", "typdefaultbin"): "pg_catalog.pg_get_expr(t.typdefaultbin, 0)",
    ("pg_type", "typdefault"): "CASE WHEN t.typdefaultbin IS NULL THEN t.typdefault END",
    # sets that the server keeps in column order or by OID
    ("pg_constraint", "confdelsetcols"): _columns_in_no_order("confdelsetcols", "conrelid"),
    ("pg_policy", "polroles"): 'ARRAY(SELECT u::pg_catalog.regrole::pg_catalog.text COLLATE "C"'
    " FROM pg_catalog.unnest(t.polroles) u ORDER BY 1)",
    ("pg_publication_rel", "prattrs"): _columns_in_no_order("prattrs", "prrelid"),
    ("pg_statistic_ext", "stxkeys"): _columns_in_no_order("stxkeys", "stxrelid"),
    # in the identity
    ("pg_constraint", "conkey"): "CASE WHEN t.conkey IS NOT NULL AND t.contype <> 'n' THEN ARRAY(SELECT"
    " (SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.conrelid AND a.attnum = u)"
    " FROM pg_catalog.unnest(t.conkey) u) END",
    # order counts, gaps left by removed ones do not
    ("pg_enum", "enumsortorder"): "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_enum e"
    " WHERE e.enumtypid = t.enumtypid AND e.enumsortorder < t.enumsortorder)",
    ("pg_inherits", "inhseqno"): "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_inherits i"
    " WHERE i.inhrelid = t.inhrelid AND i.inhseqno < t.inhseqno)",
    ("pg_ts_config_map", "mapseqno"): "(SELECT pg_catalog.count(*) FROM pg_catalog.pg_ts_config_map m"
    " WHERE m.mapcfg = t.mapcfg AND m.maptokentype = t.maptokentype AND m.mapseqno < t.mapseqno)",
    # the order of columns counts in a composite type, as values are written in it, and in an index
    (
        "pg_attribute",
        "attnum",
    ): "CASE r.relkind WHEN 'c' THEN (SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute a"
    " WHERE a.attrelid = t.attrelid AND a.attnum > 0 AND a.attnum < t.attnum AND NOT a.attisdropped)"
    " WHEN 'i' THEN t.attnum WHEN 'I' THEN t.attnum END",
    # an index or constraint made with its partition says no about this, one attached later says yes; a partition's NOT NULL says
    # yes where its CREATE repeats its parent's, and no once it was dumped and attached
    ("pg_constraint", "conislocal"): "CASE WHEN t.contype IN ('c', 'n') THEN"
    " t.conislocal AND NOT (r.partition IS TRUE AND t.coninhcount > 0) END",
    # whether the rows of a child were looked at when it was made after its parent's check: nothing brings that about
    ("pg_constraint", "convalidated"): "CASE WHEN t.contype <> 'c' OR t.conislocal THEN t.convalidated END",
    ("pg_constraint", "connoinherit"): "CASE WHEN t.contype IN ('c', 'n') THEN t.connoinherit END",
    # always the table's
    (
        "pg_class",
        "relowner",
    ): "CASE WHEN t.relkind NOT IN ('i', 'I') THEN t.relowner::pg_catalog.regrole::pg_catalog.text END",
    # the table that holds long values has options of its own, and nothing else that counts
    ("pg_class", "reltoastrelid"): "CASE WHEN t.reltoastrelid <> 0 THEN"
    " (SELECT s.reloptions FROM pg_catalog.pg_class s WHERE s.oid = t.reltoastrelid) END",
    # passwords and keys must not leave the server, not even hashed: they can be guessed
    ("pg_foreign_data_wrapper", "fdwoptions"): _options("fdwoptions", _open()),
    ("pg_foreign_server", "srvoptions"): _options("srvoptions", _open()),
    ("pg_foreign_table", "ftoptions"): _options(
        "ftoptions", _open("pass|pwd|secret|token|cred")
    ),  # their keys open no doors
    ("pg_user_mapping", "umoptions"): "(SELECT pg_catalog.array_agg(CASE WHEN pg_catalog.starts_with(o, 'user=') THEN o"
    " ELSE pg_catalog.split_part(o, '=', 1) END ORDER BY n) FROM pg_catalog.unnest(t.umoptions) WITH ORDINALITY x (o, n) WHERE "
    + _open()
    + ")",
    # what the rows that say (catalog, OID, column) point at
    ("pg_depend", "refobjid"): "(pg_catalog.pg_identify_object(t.refclassid, t.refobjid, t.refobjsubid)).identity",
}

# The letter by which acldefault() knows the objects of a catalog; for others every privilege that is set counts.
_DEFAULTS: Mapping[str, LiteralString] = {
    "pg_attribute": "'c'",
    "pg_class": "CASE t.relkind WHEN 'S' THEN 's' ELSE 'r' END::pg_catalog.\"char\"",
    "pg_foreign_data_wrapper": "'F'",
    "pg_foreign_server": "'S'",
    "pg_language": "'l'",
    "pg_namespace": "'n'",
    "pg_proc": "'f'",
    "pg_type": "'T'",
}
_PRIVILEGES: LiteralString = """ARRAY(SELECT DISTINCT (CASE p.grantee WHEN 0 THEN 'PUBLIC' WHEN {owner} THEN '(owner)'
  ELSE p.grantee::pg_catalog.regrole::pg_catalog.text END || '=' || p.privilege_type
  || CASE WHEN p.is_grantable THEN '*' ELSE '' END{grantor}) COLLATE "C"
  FROM pg_catalog.aclexplode({acl}) p ORDER BY 1)"""
# Who passed it on, but for roles that the session may not act for: it could change nothing there, nor make a copy of it.
_GRANTOR: LiteralString = """ || '/' || CASE WHEN p.grantor = {owner} THEN '(owner)' WHEN pg_catalog.pg_has_role(p.grantor,
  CASE WHEN pg_catalog.current_setting('server_version_num')::pg_catalog.int4 < 160000 THEN 'MEMBER' ELSE 'SET' END)
  THEN p.grantor::pg_catalog.regrole::pg_catalog.text ELSE '(owner)' END"""


def value(catalog: Catalog, column: str) -> sql.Composable:
    """The column's fact."""
    here = sql.SQL("t.{}").format(sql.Identifier(column))
    kind, reference = catalog.columns[column], catalog.reference(column)
    if (instead := INSTEAD.get((catalog.name, column))) is not None:
        return sql.SQL(instead)
    if kind == "pg_node_tree":
        raise Unsupported(
            f"this version of Postgres keeps parse trees in {catalog.name}.{column}, which Colonnade cannot compare; "
            "use Colonnade with a version of Postgres that it supports"
        )
    if kind == "aclitem[]":
        return _privileges(catalog, here)
    if reference is None:
        return sql.SQL("pg_catalog.encode({}, 'escape')").format(here) if kind == "bytea" else here
    if len(reference.columns) > 1:
        return _column_names(reference, here)
    return _each(reference, here) if reference.many else named(reference.table, here)


def named(table: str, oid: sql.Composable) -> sql.Composable:
    """The name of a catalog's row, given its OID."""
    if cast := NAMED_BY_CAST.get(table):
        return sql.SQL("{}::pg_catalog.{}::pg_catalog.text").format(oid, sql.SQL(cast))
    if lookup := NAMED_BY_LOOKUP.get(table):
        return sql.SQL(lookup).format(oid)
    return sql.SQL("(pg_catalog.pg_identify_object({}::pg_catalog.regclass, {}, 0)).identity").format(
        sql.Literal(f"pg_catalog.{table}"), oid
    )


def _each(reference: Reference, oids: sql.Composable) -> sql.Composable:
    return sql.SQL(
        "CASE WHEN {oids} IS NOT NULL THEN ARRAY(SELECT {name} FROM pg_catalog.unnest({oids}) u) END"
    ).format(name=named(reference.table, sql.SQL("u")), oids=oids)


def _column_names(reference: Reference, numbers: sql.Composable) -> sql.Composable:
    """Names instead of column numbers; 0 stands for an expression, and keeps its place."""
    name = sql.SQL("(SELECT a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.{} AND a.attnum = {})")
    relation = sql.Identifier(reference.columns[0])
    if not reference.many:
        return name.format(relation, numbers)
    return sql.SQL(
        "CASE WHEN {numbers} IS NOT NULL THEN ARRAY(SELECT {name} FROM pg_catalog.unnest({numbers}) u) END"
    ).format(name=name.format(relation, sql.SQL("u")), numbers=numbers)


def _privileges(catalog: Catalog, acl: sql.Composable) -> sql.Composable:
    """Who may do what; NULL where it is what a new object of this owner has anyway."""
    if catalog.name not in _DEFAULTS:
        return _spelled(catalog, acl)
    default = _spelled(catalog, all_privileges(catalog, sql.NULL))
    return sql.SQL("CASE WHEN {} IS NOT NULL THEN nullif({}, {}) END").format(acl, _spelled(catalog, acl), default)


def all_privileges(catalog: Catalog, acl: sql.Composable) -> sql.Composable:
    """The privileges in force: those of a new object where there are none of its own."""
    if letter := _DEFAULTS.get(catalog.name):
        return sql.SQL("coalesce({}, pg_catalog.acldefault({}, {}))").format(acl, sql.SQL(letter), _owner(catalog))
    return acl


def _spelled(catalog: Catalog, acl: sql.Composable) -> sql.Composable:
    """Privileges as sorted texts like ``(owner)=SELECT*/(owner)``."""
    grantor = sql.SQL(_GRANTOR).format(owner=_owner(catalog))
    return sql.SQL(_PRIVILEGES).format(owner=_owner(catalog), acl=acl, grantor=grantor)


def _owner(catalog: Catalog) -> sql.Composable:
    if catalog.name == "pg_attribute":
        return sql.SQL("(SELECT o.relowner FROM pg_catalog.pg_class o WHERE o.oid = t.attrelid)")
    return sql.SQL("t.{}").format(sql.Identifier(catalog.owner or "oid"))
