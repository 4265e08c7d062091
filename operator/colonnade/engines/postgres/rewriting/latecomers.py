"""What others have put on a column while its successor was filled: it would go with the old column, and nobody would be told.

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


def nothing_new(column: ObjectId, context: Context) -> Confirm:
    """That nothing stands on the column but what the plan knows of."""
    table = text(name(*column.name[:2]))
    query = q(NEW, value(table), value(table), value(column.name[2]), value(sorted(_known(column, context))))
    told = f"{column} is about to give its place to one of another type, and others have put something on it since the plan was made"
    return Confirm((text(query),), table, told)


def _known(column: ObjectId, context: Context) -> set[str]:
    """The names of the indexes, constraints and statistics of the table."""
    table = column.name[:2]
    found = {o.name[-1] for o, s in context.old.objects.items() if table in (o.name[:2], getattr(s, "table", None))}
    return found | {context.old.objects[column].not_null_called or usual_not_null(column)}
