"""What a database holds that no kind knows: it is told of by name, so that nobody takes silence for order.

https://www.postgresql.org/docs/current/sql-createtype.html (base types), sql-createsubscription.html, sql-security-label.html,
sql-altertable.html (DISABLE TRIGGER ALL)
"""

from __future__ import annotations

import re
from typing import LiteralString

from colonnade.engines.postgres.catalog import FIRST_OF_USERS, USER_SCHEMA
from colonnade.engines.postgres.session import Connection

KEPT_STILL: LiteralString = f"""
SELECT DISTINCT format('triggers of constraint %I on %s, %s', k.conname, k.conrelid::regclass,
  CASE t.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled for replicas' ELSE 'always enabled' END)
FROM pg_trigger t JOIN pg_constraint k ON k.oid = t.tgconstraint AND k.contype <> 't'
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE t.tgisinternal AND {USER_SCHEMA}
  AND t.tgenabled <> coalesce((SELECT p.tgenabled FROM pg_trigger p WHERE p.oid = t.tgparentid), 'O')"""
"""What enforces foreign keys and deferrable keys has names that differ from database to database, and no dump tells its state."""
SEEN = ("triggers of constraint ", "subscription ")
"""How the fingerprint names such where they are not enabled as usual, and what fetches from other servers."""
OF_SERVER = re.compile(r"[a-z ]+ pg_catalog(?:\.|$)")
"""What came with the server, where its rights are others than it came with."""

QUERY: LiteralString = f"""
SELECT CASE WHEN t.typisdefined THEN 'base type ' ELSE 'shell type ' END || t.oid::regtype FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE (t.typtype = 'b' OR NOT t.typisdefined) AND t.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA}
  AND NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION ALL SELECT 'subscription ' || s.subname FROM pg_subscription s
WHERE s.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
UNION ALL SELECT format('security label of %s on %s %s', l.provider, i.type, i.identity) FROM pg_seclabel l
CROSS JOIN LATERAL pg_identify_object(l.classoid, l.objoid, l.objsubid) i WHERE coalesce(i.schema, '') !~ '^(pg_|colonnade)'
UNION ALL {KEPT_STILL}
ORDER BY 1"""


def strangers(connection: Connection) -> tuple[str, ...]:
    """Their names."""
    return tuple(str(name) for (name,) in connection.execute(QUERY).fetchall())


def is_ours(identity: str, connection: Connection) -> bool:
    """Whether what the fingerprint names so is ours to mend, and no stranger, nor a right that only a superuser gives."""
    superuser = connection.info.parameter_status("is_superuser") == "on"
    return not identity.startswith(SEEN) and (superuser or not OF_SERVER.match(identity))
