"""What others have put on a column, or on a table, since the plan was made: it would go with the old one, and nobody would be told.

https://www.postgresql.org/docs/current/catalog-pg-depend.html
"""

from __future__ import annotations

from typing import LiteralString

from colonnade.core.kind import ObjectId
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

STATE: LiteralString = r"""SELECT o.line FROM (SELECT {}::regclass::oid) t (oid) CROSS JOIN LATERAL (
    SELECT pg_catalog.concat_ws(' ', 'table', c.relowner::regrole, c.relacl, c.reloptions, c.relrowsecurity, c.relforcerowsecurity,
        c.relpersistence, c.relreplident, c.relam, c.reltablespace) FROM pg_catalog.pg_class c WHERE c.oid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'column', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation, a.attnotnull,
        a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attstattarget, a.attoptions, a.attacl)
      FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'default', d.adnum, pg_catalog.pg_get_expr(d.adbin, d.adrelid))
      FROM pg_catalog.pg_attrdef d WHERE d.adrelid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'constraint', k.conname, pg_catalog.pg_get_constraintdef(k.oid))
      FROM pg_catalog.pg_constraint k WHERE k.conrelid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'index', pg_catalog.pg_get_indexdef(i.indexrelid)) FROM pg_catalog.pg_index i WHERE i.indrelid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'trigger', g.tgenabled, pg_catalog.pg_get_triggerdef(g.oid))
      FROM pg_catalog.pg_trigger g WHERE g.tgrelid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'policy', p.polname, p.polcmd, p.polpermissive, p.polroles,
        pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid))
      FROM pg_catalog.pg_policy p WHERE p.polrelid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'rule', r.ev_enabled, pg_catalog.pg_get_ruledef(r.oid)) FROM pg_catalog.pg_rewrite r WHERE r.ev_class = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'statistics', pg_catalog.pg_get_statisticsobjdef(s.oid))
      FROM pg_catalog.pg_statistic_ext s WHERE s.stxrelid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'child', h.inhrelid::regclass) FROM pg_catalog.pg_inherits h WHERE h.inhparent = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'comment', d.objsubid, d.description)
      FROM pg_catalog.pg_description d WHERE d.classoid = 'pg_catalog.pg_class'::regclass AND d.objoid = t.oid
    UNION ALL SELECT pg_catalog.concat_ws(' ', 'publication', u.prpubid) FROM pg_catalog.pg_publication_rel u WHERE u.prrelid = t.oid
    ) o (line) WHERE o.line !~ '_colonnade_(new|old)'"""
"""What a table has and is, a line for each."""


def nothing_new(column: ObjectId, context: Context) -> Confirm:
    """That nothing stands on the column but what the plan knows of."""
    table = text(name(*column.name[:2]))
    query = q(NEW, value(table), value(table), value(column.name[2]), value(sorted(_known(column, context))))
    told = f"{column} is about to give its place to one of another type, and others have put something on it since the plan was made"
    return Confirm((text(query),), table, told, says=True)


def nothing_new_on(table: ObjectId) -> Confirm:
    """That the table has nothing, and is nothing, but what it had and was."""
    called = text(name(*table.name))
    told = f"{table} is about to be made anew, and others have changed it since the plan was made"
    return Confirm((text(q(STATE, value(called))),), called, told, beyond=True, says=True)


def _known(column: ObjectId, context: Context) -> set[str]:
    """The names of the indexes, constraints and statistics of the table."""
    table = column.name[:2]
    found = {o.name[-1] for o, s in context.old.objects.items() if table in (o.name[:2], getattr(s, "table", None))}
    return found | {context.old.objects[column].not_null_called or usual_not_null(column)}
