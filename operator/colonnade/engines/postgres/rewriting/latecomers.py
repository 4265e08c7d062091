"""What others have put on a column, or on a table, since the plan was made: it would go with the old one, and nobody would be told.

https://www.postgresql.org/docs/current/catalog-pg-depend.html
"""

from __future__ import annotations

from typing import LiteralString

from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Confirm
from colonnade.engines.postgres.kind import Context, usual_not_null
from colonnade.engines.postgres.statement import name, q, text, value

NEW: LiteralString = r"""SELECT pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) FROM pg_catalog.pg_depend d
  CROSS JOIN LATERAL (SELECT c.relname FROM pg_catalog.pg_class c WHERE d.classid = 'pg_catalog.pg_class'::regclass AND c.oid = d.objid AND c.relkind = 'i'
    UNION ALL SELECT k.conname FROM pg_catalog.pg_constraint k WHERE d.classid = 'pg_catalog.pg_constraint'::regclass AND k.oid = d.objid AND k.conrelid = d.refobjid
    UNION ALL SELECT s.stxname FROM pg_catalog.pg_statistic_ext s WHERE d.classid = 'pg_catalog.pg_statistic_ext'::regclass AND s.oid = d.objid) o (called)
  WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = {}::regclass AND d.refobjsubid =
      (SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = {}::regclass AND a.attname = {})
    AND o.called <> ALL ({}::name[]) AND o.called !~ '_colonnade_(new|old)$'"""

NEW_ON_TABLE: LiteralString = r"""SELECT o.what, o.called FROM (SELECT {}::regclass::oid) t (oid) CROSS JOIN LATERAL (
    SELECT 'column', a.attname FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT 'NOT NULL', a.attname || ' NOT NULL' FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid AND a.attnotnull AND a.attnum > 0
    UNION ALL SELECT 'index', c.relname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = t.oid
    UNION ALL SELECT 'constraint', k.conname FROM pg_catalog.pg_constraint k WHERE k.conrelid = t.oid AND k.contype NOT IN ('n', 't')
    UNION ALL SELECT 'trigger', g.tgname FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.oid AND NOT g.tgisinternal
    UNION ALL SELECT 'policy', p.polname FROM pg_catalog.pg_policy p WHERE p.polrelid = t.oid
    UNION ALL SELECT 'rule', r.rulename FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid
    UNION ALL SELECT 'statistics', s.stxname FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = t.oid
    UNION ALL SELECT 'partition', c.relname FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = t.oid
    UNION ALL SELECT 'right', pg_catalog.concat_ws(' ', x.privilege_type, 'of', g.who)
      FROM pg_catalog.pg_class c CROSS JOIN LATERAL (SELECT c.relacl UNION ALL SELECT a.attacl FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid) l (acl)
      CROSS JOIN LATERAL pg_catalog.aclexplode(l.acl) x
      CROSS JOIN LATERAL (SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) END) g (who)
      WHERE c.oid = t.oid AND x.grantee <> c.relowner) o (what, called)
  WHERE o.called <> ALL ({}::text[]) AND o.called !~ '^colonnade_quarantine_|_colonnade_(new|old)$'"""


def nothing_new(column: ObjectId, context: Context) -> Confirm:
    """That nothing stands on the column but what the plan knows of."""
    table = text(name(*column.name[:2]))
    query = q(NEW, value(table), value(table), value(column.name[2]), value(sorted(_known(column, context))))
    told = f"{column} is about to give its place to one of another type, and others have put something on it since the plan was made"
    return Confirm((text(query),), table, told)


def nothing_new_on(table: ObjectId, context: Context) -> Confirm:
    """That the table has nothing but what the plan knows of: no part, rule or right of it."""
    called = text(name(*table.name))
    known = sorted(_named(table, context) | _nots(table, context) | _rights(table, context))
    told = f"{table} is about to be made anew, and others have put something on it since the plan was made"
    return Confirm((text(q(NEW_ON_TABLE, value(called), value(known))),), called, told)


def _known(column: ObjectId, context: Context) -> set[str]:
    """The names of the indexes, constraints and statistics of the table."""
    found = _named(ObjectId("table", column.name[:2]), context)
    return found | {context.old.objects[column].not_null_called or usual_not_null(column)}


def _named(table: ObjectId, context: Context) -> set[str]:
    """The names of what belongs to the table, its columns and partitions among them."""
    found = {
        o.name[-1] for o, s in context.old.objects.items() if table.name in (o.name[:2], getattr(s, "table", None))
    }
    places = ((o, s) for o, s in context.old.objects.items() if o.kind == "inheritance")
    return found | {o.name[-1] for o, s in places if table.name in s.parents}


def _nots(table: ObjectId, context: Context) -> set[str]:
    columns = (o for o, s in context.old.objects.items() if o.kind == "column" and s.not_null)
    return {f"{o.name[2]} NOT NULL" for o in columns if o.name[:2] == table.name}


def _rights(table: ObjectId, context: Context) -> set[str]:
    """Whose they are, of the table and of its columns."""
    parents = context.old.parents
    granted = ((o, s) for o, s in context.old.objects.items() if o.kind == "privileges")
    mine = (s for o, s in granted if any(p.name[:2] == table.name for p in parents.get(o, NOTHING)))
    return {f"{what} of {who}" for s in mine for who, what, *_ in s.granted}
