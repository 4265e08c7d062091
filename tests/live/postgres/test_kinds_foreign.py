"""Foreign data wrappers, servers, user mappings, foreign tables."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from colonnade.core.errors import ColonnadeError
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

WRAPPERS = """
CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'true');
COMMENT ON FOREIGN DATA WRAPPER w IS 'wraps';
CREATE SERVER s FOREIGN DATA WRAPPER w;
COMMENT ON SERVER s IS 'serves';
--
CREATE FOREIGN DATA WRAPPER w VALIDATOR postgresql_fdw_validator;
CREATE SERVER s TYPE 'x' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'a', dbname 'b');
CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS ("user" 'joe');
--
CREATE FOREIGN DATA WRAPPER w OPTIONS (debug 'false', other 'it''s');
CREATE SERVER s TYPE 'x' VERSION '2' FOREIGN DATA WRAPPER w OPTIONS (host 'c', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS ("user" 'ann', fetch 'yes');
--
CREATE FOREIGN DATA WRAPPER w;
CREATE FOREIGN DATA WRAPPER "W 2";
CREATE SERVER s FOREIGN DATA WRAPPER "W 2";
CREATE SERVER "S 2" TYPE 'y' FOREIGN DATA WRAPPER w;
"""
SERVER = (
    "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE SERVER s2 FOREIGN DATA WRAPPER w;"
)
TABLES = cases("""
== options
CREATE FOREIGN TABLE t (a int, b text) SERVER s;
COMMENT ON FOREIGN TABLE t IS 'far';
COMMENT ON COLUMN t.a IS 'near';
--
CREATE FOREIGN TABLE t (a int, b text) SERVER s OPTIONS (table_name 'x', key 'a');
--
CREATE FOREIGN TABLE t (a int, b text) SERVER s OPTIONS (table_name 'y', "Schema" 'z');
--
CREATE FOREIGN TABLE t (a int, b text) SERVER s2 OPTIONS (table_name 'y');
== columns
CREATE FOREIGN TABLE t (a int OPTIONS (column_name 'x') NOT NULL, b text COLLATE "C" DEFAULT 'q') SERVER s;
--
CREATE FOREIGN TABLE t (a bigint OPTIONS (column_name 'y', key 'true'), b text NOT NULL, c int GENERATED ALWAYS AS (a + 1) STORED)
  SERVER s;
--
CREATE FOREIGN TABLE t (b varchar(9) NOT NULL, d int OPTIONS (key 'true') NOT NULL) SERVER s;
ALTER FOREIGN TABLE t ALTER b SET STATISTICS 9, ALTER b SET (n_distinct = 5), ALTER b SET STORAGE EXTERNAL;
== constraints
CREATE FOREIGN TABLE t (a int, CONSTRAINT c CHECK (a > 1)) SERVER s;
--
CREATE FOREIGN TABLE t (a int, CONSTRAINT c CHECK (a > 2), CONSTRAINT d CHECK (a < 9) NO INHERIT) SERVER s;
--
CREATE FOREIGN TABLE t (a int, CONSTRAINT d CHECK (a < 8) NOT VALID) SERVER s;
== inheritance
CREATE TABLE p (a int, b text);
CREATE FOREIGN TABLE t () INHERITS (p) SERVER s;
--
CREATE TABLE p (a int, b text);
CREATE FOREIGN TABLE t (c int) INHERITS (p) SERVER s2;
== leaves_its_parent
CREATE TABLE p (a int, b text);
CREATE FOREIGN TABLE t (a int, b text) INHERITS (p) SERVER s;
--
CREATE TABLE p (a int, b text);
CREATE FOREIGN TABLE t (a int, b text) SERVER s;
== partition
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES IN (1) SERVER s;
CREATE TABLE u PARTITION OF p DEFAULT;
--
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE t PARTITION OF p FOR VALUES IN (1, 2) SERVER s OPTIONS (x '1');
--
CREATE TABLE p (a int, b text) PARTITION BY LIST (a);
CREATE FOREIGN TABLE t (a int, b text) SERVER s;
== dependents
CREATE FOREIGN TABLE t (a int, b text) SERVER s;
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
GRANT SELECT ON t TO PUBLIC;
GRANT INSERT (a) ON t TO PUBLIC;
CREATE STATISTICS st ON a, b FROM t;
--
CREATE FOREIGN TABLE t (a bigint, b text) SERVER s2;
CREATE VIEW v AS SELECT a FROM t;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
GRANT SELECT ON t TO PUBLIC;
GRANT INSERT (a) ON t TO PUBLIC;
CREATE STATISTICS st ON a, b FROM t;
== becomes_a_table
CREATE FOREIGN TABLE t (a int) SERVER s;
--
CREATE TABLE t (a int);
--
CREATE VIEW t AS SELECT 1 AS a;
""")


def test_wrappers_servers_and_mappings(walk: Walk) -> None:
    walk(*WRAPPERS.split("--"))


def test_foreign_tables(walk: Walk) -> None:
    walk.cases(TABLES, before=SERVER)


def test_a_mapping_of_a_role(walk: Walk, make_role: Callable[..., str], postgres_url: str) -> None:
    role = urlsplit(make_role(postgres_url)).username
    walk(f"CREATE USER MAPPING FOR {role} SERVER s OPTIONS (x 'y');", base=SERVER)


def test_secrets_are_neither_read_nor_written(walk: Walk) -> None:
    mapping = "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (\"user\" '{user}', password 'hush{user}');"
    live = walk.place(SERVER + mapping.format(user="joe"))
    taken = walk.once(live, walk.place(SERVER + mapping.format(user="ann")))
    assert [s.statement for s in taken] == [
        'ALTER USER MAPPING FOR "postgres" SERVER "s" OPTIONS (SET "user" \'ann\')',
    ]
    dropped = walk.once(live, walk.place(SERVER))
    assert "hush" not in repr([taken, dropped, live.model])
    assert live.ask("SELECT count(*) FROM pg_user_mapping") == 0


def test_nothing_is_asked_of_the_other_side(walk: Walk) -> None:
    types = "CREATE TYPE e AS ENUM ({}); CREATE TYPE c AS ({});"
    had = types.format("'a', 'b'", "x text, y int") + "CREATE FOREIGN TABLE t (a int, k text, l e, m c) SERVER s;"
    live = walk.place(SERVER + had)
    wanted = types.format("'a'", "y int, x int")
    wanted += (
        "CREATE FOREIGN TABLE t (a int NOT NULL, b int NOT NULL, k int, l e, m c, CONSTRAINT c CHECK (a > 1)) SERVER s;"
    )
    taken = walk.go(live, walk.place(SERVER + wanted))
    assert not [c for s in taken for c in (*s.checks, *s.confirms)]
    assert not [h for s in taken for h in s.hazards if h.asks]
    assert not [s.statement for s in taken if "VALIDATE" in s.statement]


def test_a_view_of_what_is_out_of_reach_is_only_filled_where_it_is_to_be(flow: Flow) -> None:
    far = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER far;
CREATE FOREIGN TABLE ft (id int) SERVER far;
CREATE TABLE near (id int);
"""
    both = "CREATE MATERIALIZED VIEW seen AS SELECT id FROM near; CREATE MATERIALIZED VIEW mv AS SELECT id FROM ft{};"
    flow.run(f"{far}{both.format(' WITH NO DATA')} INSERT INTO near VALUES (7); REFRESH MATERIALIZED VIEW seen;")
    more = both.format("").replace("SELECT id", "SELECT id, id + 1 AS next")
    made = [s for s in flow.statements(far + more) if s.startswith("CREATE MATERIALIZED VIEW")]
    assert (len(made), [s for s in made if "NO DATA" in s]) == (2, [])
    with pytest.raises(ColonnadeError, match="could not connect to server"):
        flow.apply(far + more)
    assert flow.ask("SELECT id FROM seen") == 7, "nothing was changed"
    flow.apply(
        far.replace("CREATE FOREIGN TABLE ft", "CREATE FOREIGN TABLE elsewhere") + more.replace("FROM ft", "FROM near")
    )
    assert flow.ask("SELECT next FROM mv JOIN seen USING (id, next)") == 8, (
        "what is new, and what is made again, is filled"
    )


def test_what_a_view_of_something_far_takes_is_asked_of_nobody(flow: Flow) -> None:
    far = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE ft (id int) SERVER s; CREATE TABLE t (id int);"
    flow.apply(f"{far} CREATE VIEW v AS SELECT id FROM t; CREATE VIEW vv AS SELECT id FROM v")
    further = f"{far} CREATE VIEW v AS SELECT id FROM ft; CREATE VIEW vv AS SELECT id FROM v"
    assert [h.code for h in flow.plan(further).hazards] == []
    flow.apply(further)


def test_a_password_that_was_set_by_hand_is_left_as_it_is_and_nothing_is_restless_for_it(flow: Flow) -> None:
    far = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '1');
CREATE USER MAPPING FOR PUBLIC SERVER far OPTIONS ("user" '{}');
"""
    flow.apply(far.format("joe"))
    flow.run("ALTER USER MAPPING FOR PUBLIC SERVER far OPTIONS (ADD password 'hush')")
    flow.apply(far.format("joe"))
    flow.apply(far.format("ann"))
    assert flow.ask("SELECT array_to_string(umoptions, ' ') FROM pg_user_mapping") in (
        "user=ann password=hush",
        "password=hush user=ann",
    )
