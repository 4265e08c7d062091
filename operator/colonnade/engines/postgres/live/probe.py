"""What a server is and what this session may do there, with the command that mends what is missing. Writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import LiteralString

from colonnade.engines import Probe
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import name, text

FACTS: LiteralString = """
SELECT pg_catalog.current_setting('server_version'), pg_catalog.pg_is_in_recovery(), r.rolsuper, r.rolcreatedb,
  pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE'), r.rolname, pg_catalog.current_database(),
  pg_catalog.current_setting('default_transaction_read_only')::pg_catalog.bool
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user"""

FOREIGN: LiteralString = """
SELECT DISTINCT pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') ORDER BY 1 LIMIT 20"""


def probe(connection: Connection, *, own_shadow: bool) -> Probe:
    """Version, capabilities, what is missing."""
    row = connection.execute(FACTS).fetchone()
    assert row is not None
    version, standby, superuser, createdb, create, role, database, told_to_write_nothing = row
    others = [o for (o,) in connection.execute(FOREIGN).fetchall()]
    problems = (
        list(_problems(superuser or createdb or own_shadow, create, str(role), str(database), others))
        if not (standby or told_to_write_nothing)
        else []
    )
    can = ["concurrent-indexes", "not-valid-constraints"]
    if connection.info.server_version >= 180000:
        can += ["not-null-not-valid", "virtual-columns"]
    return Probe(
        str(version).split(" ")[0],
        tuple(can),
        tuple(problems),
        bool(standby or told_to_write_nothing),
        bool(connection.pgconn.ssl_in_use),
        {"role": str(role), "database": str(database)},
    )


def _problems(createdb: bool, create: bool, role: str, database: str, others: list[str]) -> Iterator[str]:
    quoted = text(name(role))
    if not createdb:
        yield f"no scratch databases can be made; run: ALTER ROLE {quoted} CREATEDB, or set spec.shadow"
    if not create:
        yield f"no schemas can be made, Colonnade's own among them; run: GRANT CREATE ON DATABASE {text(name(database))} TO {quoted}"
    for other in others:
        yield f"objects of {other} cannot be changed; run: GRANT {text(name(other))} TO {quoted}"
