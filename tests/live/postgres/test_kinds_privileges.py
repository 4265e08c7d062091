"""Privileges and default privileges."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.live.postgres.walk import Walk, cases

CASES = cases("""
== table
CREATE TABLE t (a int, "B c" int);
GRANT SELECT, INSERT ON t TO {a};
--
CREATE TABLE t (a int, "B c" int);
GRANT SELECT ON t TO {a}, {b} WITH GRANT OPTION;
GRANT UPDATE ON t TO PUBLIC;
--
CREATE TABLE t (a int, "B c" int);
GRANT SELECT ON t TO {a};
GRANT ALL ON t TO {b};
--
CREATE TABLE t (a int, "B c" int);
REVOKE DELETE, TRUNCATE ON t FROM CURRENT_USER;
== columns
CREATE TABLE t (a int, "B c" int);
GRANT SELECT (a, "B c"), UPDATE (a) ON t TO {a};
--
CREATE TABLE t (a int, "B c" int);
GRANT SELECT (a) ON t TO {a} WITH GRANT OPTION;
GRANT SELECT ON t TO {b};
--
CREATE TABLE t (a bigint);
GRANT INSERT (a), REFERENCES (a) ON t TO {a}, PUBLIC;
== view
CREATE TABLE t (a int);
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON v TO {a};
GRANT SELECT (a) ON v TO {b};
COMMENT ON COLUMN v.a IS 'of the view';
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
GRANT SELECT ON m TO {a};
GRANT SELECT (a) ON m TO {b};
--
CREATE TABLE t (a bigint);
CREATE VIEW v AS SELECT a FROM t;
GRANT SELECT ON v TO {a};
GRANT SELECT (a) ON v TO {b};
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
GRANT SELECT ON m TO {a};
GRANT SELECT (a) ON m TO {b};
== sequence
CREATE SEQUENCE s;
GRANT USAGE ON SEQUENCE s TO {a};
CREATE TABLE t (id serial, n int GENERATED ALWAYS AS IDENTITY);
GRANT SELECT, UPDATE ON SEQUENCE t_id_seq TO {a};
GRANT USAGE ON SEQUENCE t_n_seq TO {b};
--
CREATE SEQUENCE s;
GRANT ALL ON SEQUENCE s TO {b};
CREATE TABLE t (id serial, n int GENERATED ALWAYS AS IDENTITY);
GRANT SELECT ON SEQUENCE t_n_seq TO {b};
== routines
CREATE FUNCTION f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO {a};
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON PROCEDURE p() TO {a} WITH GRANT OPTION;
CREATE FUNCTION sf(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE g(int) (sfunc = sf, stype = int);
REVOKE EXECUTE ON FUNCTION g(int) FROM PUBLIC;
--
CREATE FUNCTION f(int, text) RETURNS bigint LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO {a};
CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION sf(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE g(int) (sfunc = sf, stype = int);
GRANT EXECUTE ON FUNCTION g(int) TO {b};
== schema
CREATE SCHEMA "Other one";
GRANT USAGE ON SCHEMA "Other one" TO {a};
GRANT CREATE ON SCHEMA schema TO {b};
--
CREATE SCHEMA "Other one";
GRANT USAGE, CREATE ON SCHEMA "Other one" TO PUBLIC;
== types
CREATE TYPE e AS ENUM ('a');
CREATE DOMAIN d AS int;
CREATE TYPE c AS (x int);
CREATE TYPE r AS RANGE (subtype = int);
REVOKE ALL ON TYPE e, d, c, r FROM PUBLIC;
GRANT USAGE ON TYPE e TO {a};
--
CREATE TYPE e AS ENUM ('b');
CREATE DOMAIN d AS int;
GRANT USAGE ON DOMAIN d TO {a};
CREATE TYPE c AS (x int);
CREATE TYPE r AS RANGE (subtype = int);
REVOKE ALL ON TYPE e, c FROM PUBLIC;
== partitions
CREATE TABLE t (a int) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
GRANT SELECT ON t TO {a};
--
CREATE TABLE t (a int) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
GRANT SELECT ON t1 TO {b};
== object_goes
CREATE TABLE t (a int);
GRANT SELECT ON t TO {a};
--
== what_came_with_the_server
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_logdir() TO {a};
GRANT SELECT (rolname, rolsuper) ON pg_catalog.pg_authid TO {b};
REVOKE USAGE ON TYPE pg_catalog.point FROM PUBLIC;
--
GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO {b};
REVOKE SELECT ON pg_catalog.pg_roles FROM PUBLIC;
GRANT CREATE ON SCHEMA pg_catalog TO {a};
""")
PUBLIC = (
    "REVOKE ALL ON SCHEMA public FROM PUBLIC;",
    "GRANT CREATE, USAGE ON SCHEMA public TO PUBLIC; GRANT USAGE ON SCHEMA public TO {a};",
    "DROP SCHEMA public; CREATE SCHEMA public;",
    "DROP SCHEMA public; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO {a};",
)
DEFAULTS = """
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {a};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {a}, {b};
--
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO {a} WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES FOR ROLE {b} IN SCHEMA public GRANT ALL ON TYPES TO {a};
--
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {a};
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SCHEMAS TO {b};
ALTER DEFAULT PRIVILEGES FOR ROLE {a} REVOKE ALL ON TABLES FROM {a};
"""

Named = Callable[[str], str]


@pytest.fixture
def named(make_role: Callable[..., str], postgres_url: str) -> Named:
    """Puts roles into a text, for {a}, {b} and {c}."""
    roles = {letter: f'"{urlsplit(make_role(postgres_url)).username}"' for letter in "abc"}

    def put(text: str) -> str:
        for letter, role in roles.items():
            text = text.replace(f"{{{letter}}}", role)
        return text

    return put


def test_privileges(walk: Walk, named: Named) -> None:
    walk.cases({name: tuple(map(named, versions)) for name, versions in CASES.items()})


def test_privileges_on_the_public_schema(walk: Walk, named: Named) -> None:
    walk(*map(named, PUBLIC))


def test_default_privileges(walk: Walk, named: Named) -> None:
    walk(*map(named, DEFAULTS.split("--")))


@pytest.mark.postgres(">=18")
def test_default_privileges_on_large_objects(walk: Walk, named: Named) -> None:
    walk(named("ALTER DEFAULT PRIVILEGES GRANT SELECT ON LARGE OBJECTS TO {a};"))


def test_default_privileges_do_not_meet_what_comes_with_them(walk: Walk, named: Named) -> None:
    first = walk.place(named("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {a};"))
    table, other = "CREATE TABLE t (a int);", "ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO {b};"
    walk.go(first, walk.place(named(table + other)))


def test_what_is_made_again_on_the_way_back_has_the_privileges_that_it_had(walk: Walk, named: Named) -> None:
    base = named("""
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {a};
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON ROUTINES TO {a};
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;""")
    there = named("""
CREATE VIEW bare AS SELECT 1 AS x;
REVOKE ALL ON bare FROM {a};
CREATE VIEW other AS SELECT 1 AS x;
REVOKE ALL ON other FROM {a};
GRANT INSERT ON other TO {a}, {b};
CREATE VIEW usual AS SELECT 1 AS x;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION f FROM {a};
GRANT EXECUTE ON FUNCTION f TO PUBLIC;""")
    live, gone = walk.place(base + there), walk.place(base)
    walk.there_and_back(live, gone)


def test_what_an_extension_gave_is_its_own_business(walk: Walk, named: Named) -> None:
    extension = "CREATE EXTENSION pg_stat_statements;"
    walk(
        extension,
        named(extension + "GRANT EXECUTE ON FUNCTION pg_stat_statements_reset TO {a};"),
        named(extension + "REVOKE SELECT ON pg_stat_statements FROM PUBLIC; GRANT USAGE ON LANGUAGE plpgsql TO {a};"),
    )
    assert not [
        oid for oid in walk.place(extension).model.objects if oid.kind == "privileges" and oid.name[0] != "schema"
    ]


def test_only_taking_rights_away_from_what_is_in_use_is_a_hazard(walk: Walk, named: Named) -> None:
    function = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';"
    live, revoked = walk.place(), walk.place(function + "REVOKE ALL ON FUNCTION f FROM PUBLIC;")
    assert not [h for s in walk.go(live, revoked) for h in s.hazards]
    assert not [h for s in walk.go(live, walk.place(function)) for h in s.hazards]
    taken = walk.go(live, revoked)
    assert [h.code for s in taken for h in s.hazards] == ["CHANGES_ACCESS"]
    assert [s.undo for s in taken] == ["GRANT EXECUTE ON ROUTINE public.f() TO PUBLIC"]


def test_a_right_stays_when_only_passing_it_on_ends(walk: Walk, named: Named) -> None:
    table = "CREATE TABLE t (a int);"
    live = walk.place(named(table + "GRANT SELECT, INSERT ON t TO {a} WITH GRANT OPTION;"))
    taken = walk.go(live, walk.place(named(table + "GRANT SELECT ON t TO {a};")))
    assert [s.statement.partition(" ON ")[0] for s in taken] == [
        "REVOKE INSERT",
        "REVOKE GRANT OPTION FOR SELECT",
        "GRANT SELECT",
    ]


def test_what_was_passed_on_is_given_again(walk: Walk, named: Named) -> None:
    table = "CREATE TABLE t (a int);"
    passed_on = "GRANT SELECT ON t TO {a} WITH GRANT OPTION; SET ROLE {a}; GRANT SELECT ON t TO {b}; RESET ROLE;"
    live = walk.place(named(table + passed_on))
    walk.go(live, walk.place(named(table + "GRANT SELECT ON t TO {b};")))


PASSED_ON = cases("""
== once
CREATE TABLE t (a int);
GRANT SELECT ON t TO {a} WITH GRANT OPTION;
GRANT SELECT ON t TO {b};
--
CREATE TABLE t (a int);
GRANT SELECT ON t TO {a} WITH GRANT OPTION;
SET ROLE {a}; GRANT SELECT ON t TO {b}; RESET ROLE;
--
CREATE TABLE t (a int);
GRANT SELECT ON t TO {a} WITH GRANT OPTION;
GRANT SELECT ON t TO {b};
SET ROLE {a}; GRANT SELECT ON t TO {b}, {c}; RESET ROLE;
== and_on
CREATE TABLE t (a int);
GRANT SELECT, UPDATE ON t TO {a} WITH GRANT OPTION;
SET ROLE {a}; GRANT SELECT ON t TO {b}; RESET ROLE;
--
CREATE TABLE t (a int);
GRANT SELECT ON t TO {b} WITH GRANT OPTION;
SET ROLE {b}; GRANT SELECT ON t TO {a} WITH GRANT OPTION;
SET ROLE {a}; GRANT SELECT ON t TO {c}; RESET ROLE;
--
CREATE TABLE t (a int);
GRANT UPDATE ON t TO {a} WITH GRANT OPTION;
GRANT SELECT ON t TO {c} WITH GRANT OPTION;
SET ROLE {a}; GRANT UPDATE ON t TO {b};
SET ROLE {c}; GRANT SELECT ON t TO {b}; RESET ROLE;
== of_columns
CREATE TABLE t (a int);
GRANT UPDATE ON t TO {b} WITH GRANT OPTION;
SET ROLE {b}; GRANT UPDATE (a) ON t TO {a}; RESET ROLE;
--
CREATE TABLE t (a int);
GRANT UPDATE ON t TO {c} WITH GRANT OPTION;
SET ROLE {c}; GRANT UPDATE (a) ON t TO {a}, {b}; RESET ROLE;
== of_what_everybody_has
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
REVOKE ALL ON FUNCTION f FROM PUBLIC;
GRANT EXECUTE ON FUNCTION f TO {a} WITH GRANT OPTION;
SET ROLE {a}; GRANT EXECUTE ON FUNCTION f TO PUBLIC; RESET ROLE;
--
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON FUNCTION f TO {a} WITH GRANT OPTION;
""")


def test_who_passed_a_right_on_counts(walk: Walk, named: Named) -> None:
    """As a dump tells it; the role needs the schema by then, whose rights come first and go last."""
    seen = "GRANT USAGE ON SCHEMA schema TO {a}, {b}, {c};"
    walk.cases(
        {name: tuple(named(seen.replace("schema", name) + v) for v in versions) for name, versions in PASSED_ON.items()}
    )
