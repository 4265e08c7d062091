"""Changes to all else: schemas, privileges, extensions, statistics, publications, foreign data."""

from typing import LiteralString

from tests.live.catalog_changes.change import FUNCTION, Change, T

FOREIGN: LiteralString = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "

ELSE: dict[str, Change] = {
    "schema": Change("", "CREATE SCHEMA x", "DROP SCHEMA x", "schema x"),
    "privilege on a schema": Change(
        "CREATE SCHEMA x", "GRANT USAGE ON SCHEMA x TO PUBLIC", "REVOKE USAGE ON SCHEMA x FROM PUBLIC", "schema x"
    ),
    "privilege on schema public": Change(
        "",
        "GRANT CREATE ON SCHEMA public TO pg_monitor",
        "REVOKE CREATE ON SCHEMA public FROM pg_monitor",
        "schema public",
    ),
    "comment on schema public": Change(
        "", "COMMENT ON SCHEMA public IS NULL", "COMMENT ON SCHEMA public IS 'standard public schema'", "schema public"
    ),
    "privilege": Change(T, "GRANT SELECT ON t TO PUBLIC", "REVOKE SELECT ON t FROM PUBLIC", "table public.t"),
    "grant option": Change(
        T + "GRANT SELECT ON t TO pg_monitor",
        "GRANT SELECT ON t TO pg_monitor WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON t FROM pg_monitor",
        "table public.t",
    ),
    "owner's privilege": Change(
        T, "REVOKE INSERT ON t FROM CURRENT_USER", "GRANT INSERT ON t TO CURRENT_USER", "table public.t"
    ),
    "owner": Change(T, "ALTER TABLE t OWNER TO pg_monitor", "ALTER TABLE t OWNER TO CURRENT_USER", "table public.t"),
    "default privileges": Change(
        "",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM PUBLIC",
        "default acl for role postgres on tables",
    ),
    "default privileges of a schema": Change(
        "",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM PUBLIC",
        "default acl for role postgres in schema public on tables",
    ),
    "privilege on what comes with the server": Change(
        "",
        "REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(float8) TO PUBLIC",
        "function pg_catalog.pg_sleep(double precision)",
    ),
    "extension": Change("", "CREATE EXTENSION citext", "DROP EXTENSION citext", "extension citext"),
    "extension's schema": Change(
        "CREATE SCHEMA x; CREATE EXTENSION citext",
        "ALTER EXTENSION citext SET SCHEMA x",
        "ALTER EXTENSION citext SET SCHEMA public",
        "extension citext",
    ),
    "privilege on what comes with an extension": Change(
        "CREATE EXTENSION citext",
        "REVOKE EXECUTE ON FUNCTION citext_eq(citext, citext) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION citext_eq(citext, citext) TO PUBLIC",
        "function public.citext_eq(public.citext,public.citext)",
    ),
    "dependency on an extension": Change(
        "CREATE EXTENSION citext; " + FUNCTION,
        "ALTER FUNCTION f(int) DEPENDS ON EXTENSION citext",
        "ALTER FUNCTION f(int) NO DEPENDS ON EXTENSION citext",
        "function public.f(integer)",
    ),
    "statistics": Change(
        "CREATE TABLE t (a int, b int); CREATE STATISTICS s (ndistinct) ON a, b FROM t",
        "DROP STATISTICS s; CREATE STATISTICS s (dependencies) ON a, b FROM t",
        "DROP STATISTICS s; CREATE STATISTICS s (ndistinct) ON a, b FROM t",
        "statistics object public.s",
    ),
    "expression of statistics": Change(
        "CREATE TABLE t (a int, b int); CREATE STATISTICS s ON (a + 1), b FROM t",
        "DROP STATISTICS s; CREATE STATISTICS s ON (a + 2), b FROM t",
        "DROP STATISTICS s; CREATE STATISTICS s ON (a + 1), b FROM t",
        "statistics object public.s",
    ),
    "target of statistics": Change(
        "CREATE TABLE t (a int, b int); CREATE STATISTICS s ON a, b FROM t",
        "ALTER STATISTICS s SET STATISTICS 9",
        "ALTER STATISTICS s SET STATISTICS -1",
        "statistics object public.s",
    ),
    "publication": Change("", "CREATE PUBLICATION x", "DROP PUBLICATION x", "publication x"),
    "what a publication says": Change(
        "CREATE PUBLICATION x",
        "ALTER PUBLICATION x SET (publish = 'insert')",
        "ALTER PUBLICATION x SET (publish = 'insert, update, delete, truncate')",
        "publication x",
    ),
    "published table": Change(
        T + "CREATE PUBLICATION x",
        "ALTER PUBLICATION x ADD TABLE t",
        "ALTER PUBLICATION x DROP TABLE t",
        "publication relation public.t in publication x",
    ),
    "published rows": Change(
        T + "CREATE PUBLICATION x FOR TABLE t",
        "ALTER PUBLICATION x SET TABLE t WHERE (a > 0)",
        "ALTER PUBLICATION x SET TABLE t",
        "publication relation public.t in publication x",
        ">=15",
    ),
    "published columns": Change(
        T + "CREATE PUBLICATION x FOR TABLE t",
        "ALTER PUBLICATION x SET TABLE t (a)",
        "ALTER PUBLICATION x SET TABLE t",
        "publication relation public.t in publication x",
        ">=15",
    ),
    "published schema": Change(
        "CREATE PUBLICATION x",
        "ALTER PUBLICATION x ADD TABLES IN SCHEMA public",
        "ALTER PUBLICATION x DROP TABLES IN SCHEMA public",
        "publication namespace public in publication x",
        ">=15",
    ),
    "subscription": Change(
        "",
        "CREATE SUBSCRIPTION x CONNECTION 'host=nowhere' PUBLICATION y WITH (connect = false)",
        "ALTER SUBSCRIPTION x SET (slot_name = NONE); DROP SUBSCRIPTION x",
        "subscription x",
    ),
    "wrapper": Change("", "CREATE FOREIGN DATA WRAPPER w", "DROP FOREIGN DATA WRAPPER w", "foreign-data wrapper w"),
    "server option": Change(
        FOREIGN, "ALTER SERVER s OPTIONS (ADD host 'x')", "ALTER SERVER s OPTIONS (DROP host)", "server s"
    ),
    "user mapping": Change(
        FOREIGN + "CREATE USER MAPPING FOR PUBLIC SERVER s",
        "ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (ADD user 'x')",
        "ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (DROP user)",
        "user mapping public on server s",
    ),
    "foreign table option": Change(
        FOREIGN + "CREATE FOREIGN TABLE t (a int) SERVER s",
        "ALTER FOREIGN TABLE t OPTIONS (ADD x '1')",
        "ALTER FOREIGN TABLE t OPTIONS (DROP x)",
        "foreign table public.t",
    ),
    "foreign column option": Change(
        FOREIGN + "CREATE FOREIGN TABLE t (a int) SERVER s",
        "ALTER FOREIGN TABLE t ALTER a OPTIONS (ADD x '1')",
        "ALTER FOREIGN TABLE t ALTER a OPTIONS (DROP x)",
        "foreign table column public.t.a",
    ),
}

CHANGES: dict[str, Change] = ELSE
