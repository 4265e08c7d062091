"""Aggregates, beside functions of the same names; event triggers; conversions."""

from __future__ import annotations

import pytest

from colonnade.core.errors import Failed, Unsupported
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

BASE = """
CREATE FUNCTION sf(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE FUNCTION inv(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE FUNCTION ff(int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION fx(int, int) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1::text';
CREATE FUNCTION of_set(int, int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE FUNCTION of_any(internal, VARIADIC "any") RETURNS bigint LANGUAGE internal AS 'hypothetical_rank_final';
"""
AGGREGATES = cases("""
== plain
CREATE AGGREGATE a(int) (sfunc = sf, stype = int);
--
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, initcond = '0', sspace = 8, combinefunc = sf, parallel = safe);
--
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, initcond = '1', parallel = restricted);
--
CREATE AGGREGATE a(int) (sfunc = int4larger, stype = int, sortop = >);
== final
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, finalfunc = ff);
--
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, finalfunc = fx, finalfunc_extra, finalfunc_modify = shareable);
--
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, finalfunc = ff, finalfunc_modify = read_write);
== moving
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, msfunc = sf, minvfunc = inv, mstype = int, minitcond = '0');
--
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, finalfunc = ff, msfunc = sf, minvfunc = inv, mstype = int, msspace = 16, mfinalfunc = fx, mfinalfunc_extra, mfinalfunc_modify = read_write);
== serial
CREATE AGGREGATE a(numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg, combinefunc = numeric_avg_combine, serialfunc = numeric_avg_serialize, deserialfunc = numeric_avg_deserialize);
--
CREATE AGGREGATE a(numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg);
== names_and_arguments
CREATE AGGREGATE a(x int) (sfunc = sf, stype = int);
--
CREATE AGGREGATE a(y int) (sfunc = sf, stype = int);
--
CREATE AGGREGATE a(*) (sfunc = int8inc, stype = bigint, initcond = '0');
--
CREATE AGGREGATE a(VARIADIC x int[]) (sfunc = array_cat, stype = int[]);
== ordered_set
CREATE AGGREGATE a(int ORDER BY int) (sfunc = sf, stype = int, finalfunc = of_set, finalfunc_extra);
--
CREATE AGGREGATE a(int ORDER BY int) (sfunc = sf, stype = int, finalfunc = of_set, finalfunc_extra, finalfunc_modify = read_only);
--
CREATE AGGREGATE a(int, int) (sfunc = of_set, stype = int);
== hypothetical
CREATE AGGREGATE a(VARIADIC "any" ORDER BY VARIADIC "any") (sfunc = ordered_set_transition_multi, stype = internal, finalfunc = of_any, finalfunc_extra, hypothetical);
--
== becomes_a_function
CREATE AGGREGATE a(int) (sfunc = sf, stype = int);
--
CREATE FUNCTION a(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
--
CREATE PROCEDURE a(int) LANGUAGE sql AS 'SELECT 1';
== function_is_replaced
CREATE FUNCTION g(x int, y int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE a(int) (sfunc = g, stype = int);
--
CREATE FUNCTION g(y int, z int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE a(int) (sfunc = g, stype = int);
== own_type
CREATE TYPE e AS ENUM ('a');
CREATE FUNCTION g(e, e) RETURNS e LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE a(e) (sfunc = g, stype = e);
--
CREATE TYPE e AS (x int);
CREATE FUNCTION g(e, e) RETURNS e LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE a(e) (sfunc = g, stype = e);
== used_by_a_view
CREATE AGGREGATE a(int) (sfunc = sf, stype = int);
CREATE VIEW v AS SELECT a(x) FROM (VALUES (1)) t (x);
--
CREATE AGGREGATE a(int) (sfunc = sf, stype = int, finalfunc = ff);
CREATE VIEW v AS SELECT a(x) FROM (VALUES (1)) t (x);
== quoted_names
CREATE AGGREGATE "A g"(int) (sfunc = sf, stype = int);
--
CREATE AGGREGATE "A h"(int) (sfunc = sf, stype = int);
""")
COMMENTS = cases("""
== one
CREATE AGGREGATE a(int) (sfunc = sf, stype = int);
COMMENT ON AGGREGATE a(int) IS 'of one';
--
CREATE AGGREGATE a(*) (sfunc = int8inc, stype = bigint, initcond = '0');
COMMENT ON AGGREGATE a(*) IS 'of all';
--
CREATE AGGREGATE a(int ORDER BY int) (sfunc = sf, stype = int);
COMMENT ON AGGREGATE a(int ORDER BY int) IS 'of a set';
""")
FUNCTION = "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';"
CONVERSIONS = cases("""
== conversion
CREATE CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
--
CREATE DEFAULT CONVERSION c FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
COMMENT ON CONVERSION c IS 'is told';
--
CREATE CONVERSION c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
""")


OVERLOADS = cases("""
== called_by_what_stands
CREATE FUNCTION d(x int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + 1';
COMMENT ON FUNCTION d(int) IS 'one';
CREATE DOMAIN dm AS int CHECK (d(VALUE) > 0);
CREATE TABLE t (n int DEFAULT d(1) CHECK (d(n) > 0), m dm, g int GENERATED ALWAYS AS (d(n)) STORED);
CREATE INDEX i ON t (d(n));
CREATE POLICY p ON t USING (d(n) > 1);
CREATE VIEW v AS SELECT d(n) FROM t;
CREATE FUNCTION e(x int) RETURNS int LANGUAGE sql AS 'SELECT d(x)';
--
CREATE FUNCTION d(x int, y int DEFAULT 0) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT x + 1';
CREATE DOMAIN dm AS int CHECK (d(VALUE) > 0);
CREATE TABLE t (n int DEFAULT d(2) CHECK (d(n) > 0), m dm, g int GENERATED ALWAYS AS (d(n)) STORED);
CREATE INDEX i ON t (d(n));
CREATE POLICY p ON t USING (d(n) > 1);
CREATE VIEW v AS SELECT d(n) FROM t;
CREATE FUNCTION e(x int) RETURNS int LANGUAGE sql AS 'SELECT d(x)';
== of_any_type
CREATE FUNCTION d(x anyelement, y anyelement) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t (n int DEFAULT d(1, 2) CHECK (d(n, n) > 0));
--
CREATE FUNCTION d(x anycompatible, y anycompatible) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE TABLE t (n int DEFAULT d(1, 2) CHECK (d(n, n) > 0));
== replaced_below_a_generated_column
CREATE FUNCTION d(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE TABLE t (e text, g text GENERATED ALWAYS AS (d(e)) STORED, z int);
CREATE UNIQUE INDEX i ON t (g);
CREATE TABLE c () INHERITS (t);
CREATE VIEW v AS SELECT g FROM t;
--
CREATE FUNCTION d(x text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE TABLE t (e text, g text GENERATED ALWAYS AS (d(e)) STORED, z int);
CREATE UNIQUE INDEX i ON t (g);
CREATE TABLE c () INHERITS (t);
CREATE VIEW v AS SELECT g FROM t;
--
CREATE FUNCTION d(x text) RETURNS varchar LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE TABLE t (e text, g varchar GENERATED ALWAYS AS (d(e)) STORED, z int);
CREATE UNIQUE INDEX i ON t (g);
CREATE TABLE c () INHERITS (t);
CREATE VIEW v AS SELECT g FROM t;
== an_aggregate
CREATE AGGREGATE g(int) (sfunc = int4pl, stype = int);
CREATE VIEW v AS SELECT g(n) FROM (VALUES (1)) x (n);
--
CREATE AGGREGATE g(bigint) (sfunc = int8pl, stype = bigint);
CREATE VIEW v AS SELECT g(n) FROM (VALUES (1)) x (n);
""")


def test_what_calls_a_routine_by_a_name_that_another_takes_comes_back_after_it(walk: Walk) -> None:
    walk(
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a'; CREATE TABLE t (id int, b int CHECK (f(b) > 0)); "
        "CREATE INDEX ON t (f(id), b);",
        "CREATE FUNCTION f(a int, c int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a'; CREATE TABLE t (id int);",
    )


def test_routines_that_others_take_the_place_of_though_called_in_the_same_way(walk: Walk) -> None:
    walk.cases(OVERLOADS)


def test_aggregates(walk: Walk) -> None:
    walk.cases(AGGREGATES, base=BASE)


def test_comments_on_aggregates(walk: Walk) -> None:
    walk.cases(COMMENTS, base=BASE)


def test_an_aggregate_is_replaced_in_place(walk: Walk) -> None:
    first = walk.place(BASE + "CREATE AGGREGATE a(int) (sfunc = sf, stype = int);")
    taken = walk.go(first, walk.place(BASE + "CREATE AGGREGATE a(int) (sfunc = sf, stype = int, initcond = '1');"))
    assert [s.statement.split("(")[0] for s in taken] == ['CREATE OR REPLACE AGGREGATE "public"."a"']


def test_event_triggers(walk: Walk) -> None:
    walk(
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f();",
        "CREATE EVENT TRIGGER e ON ddl_command_start EXECUTE FUNCTION f(); ALTER EVENT TRIGGER e DISABLE;",
        "CREATE EVENT TRIGGER e ON ddl_command_end WHEN tag IN ('CREATE TABLE', 'DROP TABLE') EXECUTE FUNCTION f();"
        "ALTER EVENT TRIGGER e ENABLE ALWAYS; COMMENT ON EVENT TRIGGER e IS 'watches';",
        'CREATE EVENT TRIGGER "E e" ON table_rewrite EXECUTE FUNCTION f(); ALTER EVENT TRIGGER "E e" ENABLE REPLICA;',
        base=FUNCTION,
    )


def test_an_event_trigger_does_not_fire_at_the_plan_that_makes_or_drops_it(walk: Walk) -> None:
    stop = "CREATE FUNCTION f() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;"
    script = "CREATE TABLE t (a int); CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f();"
    live = walk.place()
    walk.go(live, walk.place(stop + script))
    walk.go(live, walk.place("CREATE TABLE t (b int);"))


WATCHED = """CREATE TABLE t (a int{});
CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS $$BEGIN RAISE 'no'; END$$;
CREATE EVENT TRIGGER "Et" ON ddl_command_start WHEN TAG IN ({}) EXECUTE FUNCTION no();"""


def test_an_event_trigger_that_refuses_the_change_is_told_with_the_way_out(flow: Flow) -> None:
    way_out = 'no.*event trigger "Et" of the database refuses it: .* ALTER EVENT TRIGGER "Et" DISABLE'
    flow.run(WATCHED.format("", "'CREATE TABLE'"))
    with pytest.raises(Failed, match=f"the records that Colonnade keeps there: {way_out}"):
        flow.apply("CREATE TABLE t (a int, b int);")
    flow.run('DROP EVENT TRIGGER "Et"; DROP FUNCTION no; DROP TABLE t;' + WATCHED.format("", "'ALTER TABLE'"))
    with pytest.raises(Unsupported, match=f"does not work on a copy of the database: {way_out}"):
        flow.apply(WATCHED.format(", b int", "'ALTER TABLE'"))


def test_conversions(walk: Walk) -> None:
    walk.cases(CONVERSIONS)


@pytest.mark.postgres(">=17")
def test_a_column_stays_where_it_is_while_another_routine_computes_it(flow: Flow, walk: Walk) -> None:
    declared = """CREATE FUNCTION {0}(i int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT i + {1}';
        CREATE TABLE t (a int, g int GENERATED ALWAYS AS ({0}(a)) STORED, z int); CREATE INDEX i ON t (g);
        CREATE VIEW v AS SELECT g FROM t;"""
    one, other = declared.format("one", 1), declared.format("other", 2)
    flow.apply(one)
    flow.run("INSERT INTO t (a) VALUES (5)")
    assert [s.statement.partition(" ")[0] for s in flow.plan(other).steps] == ["CREATE", "ALTER", "DROP"]
    flow.apply(other)
    assert flow.ask("SELECT t::text FROM t") == "(5,7,)"
    walk(one, other)
