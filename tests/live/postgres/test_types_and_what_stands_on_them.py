"""A column gets another type, and what stands on it is there at every moment: carried along by the server, or away for one transaction."""

from __future__ import annotations

import psycopg
import pytest

from colonnade.core.errors import DataViolation
from colonnade.core.gate import Policy
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

OLD = """CREATE TABLE t (id int PRIMARY KEY, email varchar(100), state varchar(10) DEFAULT 'a' CHECK (state IN ('a', 'b')), n int);
CREATE UNIQUE INDEX t_email ON t (lower(email)); CREATE INDEX t_state ON t (id) WHERE state = 'a';
CREATE VIEW v AS SELECT email, state, n FROM t; COMMENT ON VIEW v IS 'what is read';"""
NEW = OLD.replace("varchar(100)", "text").replace("varchar(10)", "text")
ROWS = "INSERT INTO t SELECT i, 'X' || i, 'a', i FROM generate_series(1, 50) i"


def test_an_index_whose_printing_follows_from_the_type_is_not_made_again(flow: Flow) -> None:
    flow.apply(OLD)
    flow.run(ROWS)
    plan = flow.plan(NEW)
    assert not plan.hazards
    assert not [s for s in plan.steps if "INDEX" in s.statement]
    flow.apply(NEW)
    assert "lower(email)" in flow.ask("SELECT pg_get_indexdef('t_email'::regclass)")


def test_what_is_dropped_around_a_type_comes_back_in_its_transaction_and_rows_are_looked_at_afterwards(
    flow: Flow,
) -> None:
    flow.apply(OLD)
    flow.run(ROWS)
    wanted = NEW.replace("n int", "n bigint NOT NULL")
    plan = flow.plan(wanted)
    alone = [i for i, s in enumerate(plan.steps) if not s.transactional]
    together = [i for i, s in enumerate(plan.steps) if s.subject in ("view public.v", "check public.t.t_state_check")]
    assert not plan.hazards
    assert len([i for i in together if i < alone[0]]) == 4, "both go and come back before anything is looked at"
    flow.apply(wanted)
    assert flow.ask("SELECT bool_and(convalidated) FROM pg_constraint WHERE conrelid = 't'::regclass")


def test_a_foreign_key_comes_back_with_the_types_of_both_its_ends(flow: Flow) -> None:
    old = """CREATE TABLE a (id varchar(9) PRIMARY KEY, at timestamp NOT NULL DEFAULT '2024-01-01');
        CREATE TABLE b (id int PRIMARY KEY, a varchar(9) REFERENCES a, n int);"""
    new = old.replace("varchar(9)", "int").replace("n int", "n bigint NOT NULL")
    flow.apply(old)
    flow.run("INSERT INTO a VALUES ('1'); INSERT INTO b VALUES (1, '1', 2)")
    plan = flow.plan(new)
    steps = [s for s in plan.steps if s.subject.startswith("foreign key")]
    assert [s.transactional for s in steps] == [True, True, False]
    assert "DROPS_GUARANTEE" not in [h.code for h in plan.hazards]
    flow.apply(new)


@pytest.mark.parametrize("unique", ["UNIQUE ", ""])
def test_where_an_index_would_be_built_while_others_wait_the_column_has_a_successor(flow: Flow, unique: str) -> None:
    old = f"CREATE TABLE t (id int PRIMARY KEY, email varchar(100)); CREATE {unique}INDEX i ON t (lower(email));"
    flow.apply(old)
    flow.run("INSERT INTO t SELECT i, 'X' || i FROM generate_series(1, 50) i")
    new = old.replace("varchar(100)", "text")
    plan = flow.plan(new, Policy(max_blocking=0))
    assert {h.code for h in plan.hazards} == {"FILLS_COLUMN", "BUILDS_INDEX"}
    flow.apply(new, Policy(max_blocking=0))
    assert flow.ask("SELECT count(email) FROM t WHERE email = 'X' || id") == 50


def test_a_check_of_columns_that_are_filled_comes_after_both(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, a int, b int); CREATE VIEW v AS SELECT a, b FROM t;")
    flow.run("INSERT INTO t SELECT i FROM generate_series(1, 50) i")
    flow.apply("""spec:
  backfills: [{table: t, column: a, expression: id}, {table: t, column: b, expression: id}]
  sql: |
    CREATE TABLE t (id int PRIMARY KEY, a bigint NOT NULL, b bigint NOT NULL, CHECK ((a IS NULL) = (b IS NULL)));
    CREATE VIEW v AS SELECT a, b FROM t;
""")
    assert flow.ask("SELECT count(*) FROM t WHERE a = b") == 50


def test_a_view_is_back_before_rows_are_filled(flow: Flow) -> None:
    old = "CREATE TABLE u (id int PRIMARY KEY, mail varchar(30)); CREATE VIEW uv AS SELECT id, mail FROM u;"
    flow.apply(old)
    flow.run("INSERT INTO u SELECT i FROM generate_series(1, 50) i")
    wanted = f"""spec:
  backfills: [{{table: u, column: mail, expression: "'x'"}}]
  sql: {old.replace("varchar(30)", "text NOT NULL")}
"""
    steps = flow.plan(wanted).steps
    alone = next(i for i, s in enumerate(steps) if not s.transactional)
    assert len([i for i, s in enumerate(steps) if s.subject == "view public.uv" and i < alone]) == 2
    flow.apply(wanted)
    assert flow.ask("SELECT count(*) FROM uv WHERE mail = 'x'") == 50


@pytest.mark.parametrize(
    "index", ["INDEX i ON t (id) WHERE s IN ('a', 'b')", "UNIQUE INDEX i ON t (id, coalesce(s, 'q'))"]
)
def test_an_index_serves_where_its_printing_is_another_only_because_of_the_type(flow: Flow, index: str) -> None:
    old = f"CREATE TABLE t (id int PRIMARY KEY, s varchar(10)); CREATE {index};"
    flow.apply(old)
    flow.run("INSERT INTO t SELECT i, 'a' FROM generate_series(1, 50) i")
    wanted = old.replace("varchar(10)", "text")
    plan = flow.plan(wanted)
    assert "DROPS_GUARANTEE" not in [h.code for h in plan.hazards]
    about = [s.statement for s in plan.steps if s.subject == "index public.i"]
    assert not about or about[-1].startswith("DROP INDEX"), "the old one goes last"
    flow.apply(wanted)


def test_a_key_that_goes_along_with_a_generated_column_is_told(flow: Flow) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, a {0}, g {0} GENERATED ALWAYS AS (a * 2) STORED, CONSTRAINT gk UNIQUE (g));"
    flow.apply(table.format("int"))
    flow.run("INSERT INTO t (id, a) SELECT i, i FROM generate_series(1, 50) i")
    plan = flow.plan(table.format("bigint"))
    alone = any(not s.transactional for s in plan.steps)
    assert alone == ("DROPS_GUARANTEE" in [h.code for h in plan.hazards])


def test_a_checked_domain_of_which_columns_are_arrays(flow: Flow) -> None:
    wanted = "CREATE DOMAIN a AS {} CHECK (VALUE > 0); CREATE TABLE t (id int PRIMARY KEY, v a[]);"
    flow.apply(wanted.format("int"))
    flow.run("INSERT INTO t VALUES (1, '{5,6}')")
    flow.apply(wanted.format("bigint"))
    assert flow.ask("SELECT v::text FROM t") == "{5,6}"
    with flow.session() as other, pytest.raises(psycopg.errors.CheckViolation):
        other.execute("INSERT INTO t VALUES (2, '{0}')")


WITHIN = """CREATE DOMAIN d AS int {}; CREATE DOMAIN e AS d[]; CREATE TYPE c AS (x d); CREATE TABLE t (id int PRIMARY KEY, v d, w e, x c[]);
    {}"""
FILLED = "INSERT INTO t VALUES (1, 5, '{5}', ARRAY[row(2000)::c])"


@pytest.mark.parametrize(
    "narrower", ["CONSTRAINT d1 CHECK (VALUE > 0)", "NOT NULL", "CONSTRAINT d1 CHECK (VALUE > 0) NOT NULL DEFAULT 7"]
)
def test_a_domain_gets_narrower_that_columns_have_inside_of_others(flow: Flow, narrower: str) -> None:
    later = "ALTER DOMAIN d ADD CONSTRAINT d2 CHECK (VALUE < 1000) NOT VALID;"
    flow.apply(WITHIN.format("CONSTRAINT d1 CHECK (VALUE > -5)", ""))
    flow.run(FILLED)
    flow.apply(WITHIN.format(narrower, later))
    assert flow.ask("SELECT concat(v, w, x) FROM t") == "5{5}{(2000)}"
    with flow.session() as other, pytest.raises(psycopg.errors.CheckViolation):
        other.execute("INSERT INTO t VALUES (2, 1, '{5000}')")
    flow.apply(WITHIN.format("", ""))


def test_rows_that_do_not_fit_a_narrower_domain_inside_of_others_are_told(flow: Flow) -> None:
    flow.apply(WITHIN.format("", ""))
    flow.run(FILLED)
    with pytest.raises(
        DataViolation, match=r"column public\.t\.x .* has values that are none: 1 of them, such as id = 1"
    ):
        flow.apply(WITHIN.format("CHECK (VALUE < 1000)", ""))
    assert flow.ask("SELECT concat(v, w, x) FROM t") == "5{5}{(2000)}"


@pytest.mark.parametrize("column", ["e", "d"])
def test_an_enum_that_loses_a_label_by_which_rows_are_told_apart(flow: Flow, column: str) -> None:
    wanted = f"""CREATE TYPE e AS ENUM ({{}}); CREATE DOMAIN d AS e; CREATE TABLE t (id int, v {column}) PARTITION BY LIST (v);
        CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE t2 PARTITION OF t FOR VALUES IN ('b');"""
    flow.apply(wanted.format("'a', 'b', 'c'"))
    flow.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    flow.apply(wanted.format("'a', 'b'"))
    assert flow.column("SELECT id FROM t1") == [1]
    assert flow.column("SELECT id FROM t2") == [2]


def test_an_enum_that_loses_a_label_under_a_partial_index_and_a_key_of_partitions(flow: Flow) -> None:
    wanted = """CREATE TYPE e AS ENUM ({}); CREATE TABLE t (id int, v e DEFAULT 'a', PRIMARY KEY (id, v)) PARTITION BY LIST (v);
        CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a'); CREATE TABLE t2 PARTITION OF t DEFAULT; CREATE INDEX i ON t (v) WHERE v = 'a';"""
    flow.apply(wanted.format("'a', 'b', 'c'"))
    flow.run("INSERT INTO t VALUES (1, 'a'), (2, 'b')")
    flow.apply(wanted.format("'a', 'b'"))
    assert flow.column("SELECT id FROM t2") == [2]


def test_a_cast_by_which_a_column_is_generated_gets_another_function(flow: Flow) -> None:
    wanted = """CREATE TYPE c AS (x int); CREATE FUNCTION {0}(c) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT ($1).x + {1}';
        CREATE CAST (c AS int) WITH FUNCTION {0}(c); CREATE TABLE t (a c, g int GENERATED ALWAYS AS (a::int) STORED);
        CREATE INDEX i ON t ((a::int));"""
    flow.apply(wanted.format("one", 1))
    flow.run("INSERT INTO t VALUES (row(1))")
    flow.apply(wanted.format("two", 2))
    assert flow.ask("SELECT g FROM t") == 3
    flow.apply(wanted.format("one", 1))
    assert flow.ask("SELECT g FROM t") == 2


def test_a_column_is_computed_anew_where_what_reads_its_words_is_replaced(flow: Flow) -> None:
    wanted = """CREATE TEXT SEARCH DICTIONARY d ({}); CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
        ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR asciiword WITH d;
        CREATE TABLE t (b text, v tsvector GENERATED ALWAYS AS (to_tsvector('c', b)) STORED, z int);
        CREATE INDEX i ON t USING gin (to_tsvector('c', b));"""
    flow.apply(wanted.format("TEMPLATE = simple, stopwords = english"))
    flow.run("INSERT INTO t (b, z) VALUES ('running', 1)")
    stems = wanted.format("TEMPLATE = snowball, language = english")
    assert "MOVES_COLUMN" in {h.code for h in flow.plan(stems).hazards}
    flow.apply(stems)
    assert flow.ask("SELECT v::text FROM t WHERE to_tsvector('c', b) @@ 'run'") == "'run':1"


ROUTINES = """CREATE TABLE log (t int, v bigint);
CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (NEW.id, NEW.v + 1); RETURN NEW; END $$;
CREATE FUNCTION one() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN SELECT * INTO r FROM t LIMIT 1; RETURN r.v + 1; END $$;
CREATE TABLE t (id int PRIMARY KEY, v int); CREATE TRIGGER tt AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION tf();"""


@pytest.mark.parametrize("max_blocking", [0.0, 60.0], ids=["by a successor", "in place"])
def test_sessions_that_have_compiled_a_routine_go_on(flow: Flow, max_blocking: float) -> None:
    flow.apply(ROUTINES)
    with flow.session() as application:
        application.execute("INSERT INTO t VALUES (1, 1)")
        application.execute("SELECT one()")
        application.commit()
        flow.apply(ROUTINES.replace("v int)", "v bigint)"), Policy(max_blocking=max_blocking))
        application.execute("INSERT INTO t VALUES (2, 2)")
        assert application.execute("SELECT one()").fetchone() == ("2",)
        application.commit()
    assert flow.column("SELECT v FROM log ORDER BY t") == [2, 3]


def test_an_extension_moves_out_of_a_schema_that_goes(walk: Walk) -> None:
    declared = "CREATE EXTENSION citext{}; CREATE TABLE t (a {}citext PRIMARY KEY); CREATE VIEW v AS SELECT a FROM t;"
    walk("CREATE SCHEMA e;" + declared.format(" SCHEMA e", "e."), declared.format("", ""))


def test_a_routine_that_an_index_runs_says_where_an_extension_has_gone(flow: Flow) -> None:
    """The server builds the index anew with the type of its column, and runs the routine for that."""
    before, after = (
        f"""CREATE EXTENSION pg_trgm SCHEMA {place}; CREATE TABLE t (a {type_});
        CREATE FUNCTION s(text) RETURNS real LANGUAGE sql IMMUTABLE AS $$SELECT {place}.similarity($1, 'z')$$;
        CREATE INDEX i ON t (s(a)); ALTER TABLE t ADD CONSTRAINT c CHECK (s(a) < 2);"""
        for place, type_ in (("public", "text"), ("ext", "varchar(50)"))
    )
    flow.apply(before)
    flow.run("INSERT INTO t VALUES ('zz')")
    flow.apply(f"CREATE SCHEMA ext; {after}")
    flow.apply(before)


def test_what_uses_a_cast_comes_once_that_is_there(flow: Flow) -> None:
    """The server binds an expression to the casts of that moment, and prints it alike."""
    declared = """CREATE TYPE w AS (v text); CREATE FUNCTION to_w(text) RETURNS w LANGUAGE sql IMMUTABLE AS 'SELECT row($1)::public.w';
        CREATE CAST (text AS w) WITH FUNCTION to_w(text); CREATE TABLE t (a text, CHECK ((a::w) IS NOT NULL));"""
    flow.apply("CREATE TYPE w AS (v text); CREATE TABLE t (a text);")
    flow.apply(declared)
    flow.run("INSERT INTO t VALUES ('a')")


def test_a_way_back_that_leaves_a_whole_leaves_the_type_of_its_key(walk: Walk) -> None:
    """And what else is of that: all of it says so."""
    declared = """CREATE TYPE e AS ENUM ('a', 'b'{}); CREATE DOMAIN d AS e; CREATE TABLE t (id int, k d) PARTITION BY LIST (k);
        CREATE TABLE t_1 PARTITION OF t FOR VALUES IN ('a'); CREATE INDEX i ON t (k); CREATE TABLE u (v e UNIQUE);
        CREATE VIEW w AS SELECT v FROM u;"""
    walk(declared.format(", 'c'"), declared.format(""))


UNDER_A_RANGE = cases("""
== enum
CREATE TYPE e AS ENUM ('a', 'b'); CREATE TYPE er AS RANGE (subtype = e); CREATE TABLE t (r er, m er_multirange);
--
CREATE TYPE e AS ENUM ('b', 'a'); CREATE TYPE er AS RANGE (subtype = e); CREATE TABLE t (r er, m er_multirange);
== domain
CREATE DOMAIN d AS int; CREATE TYPE dr AS RANGE (subtype = d); CREATE TABLE t (r dr);
--
CREATE DOMAIN d AS bigint; CREATE TYPE dr AS RANGE (subtype = d); CREATE TABLE t (r dr);
== composite
CREATE TYPE c AS (x int, y int); CREATE TYPE cr AS RANGE (subtype = c); CREATE TABLE t (r cr, EXCLUDE USING gist (r WITH &&));
--
CREATE TYPE c AS (x int, y bigint); CREATE TYPE cr AS RANGE (subtype = c); CREATE TABLE t (r cr, EXCLUDE USING gist (r WITH &&));
""")


def test_a_type_under_a_range_is_replaced(walk: Walk) -> None:
    walk.cases(UNDER_A_RANGE)


@pytest.mark.parametrize("held", ["", "CREATE TABLE h (r t);"], ids=["in place", "made anew"])
def test_an_index_over_whole_rows_is_away_while_a_column_changes(flow: Flow, held: str) -> None:
    declared = f"""CREATE TABLE t (id int, a {{}}); {held}
        CREATE FUNCTION fn(t) RETURNS text LANGUAGE sql IMMUTABLE AS $$SELECT $1.a::text$$; CREATE INDEX i ON t (fn(t.*));"""
    flow.apply(declared.format("bigint"))
    flow.run("INSERT INTO t VALUES (1, 5)")
    flow.apply(declared.format("int"))
    assert flow.ask("SELECT id FROM t WHERE fn(t.*) = '5'") == 1


COMPUTED = """
CREATE TABLE t (a {}, b int, CONSTRAINT c CHECK (a > 1));
CREATE INDEX i ON t (b) WHERE a > 5;
CREATE INDEX k ON t (a) WHERE a > 5;
CREATE INDEX j ON t ((a + 1)); ALTER INDEX j ALTER COLUMN 1 SET STATISTICS 50;
COMMENT ON INDEX i IS 'kept'; COMMENT ON CONSTRAINT c ON t IS 'said';
CREATE STATISTICS st ON a, b FROM t; ALTER STATISTICS st SET STATISTICS 77; COMMENT ON STATISTICS st IS 'of both';
CREATE STATISTICS se ON (a + 1), b FROM t;
"""


def test_what_computes_with_a_column_comes_back_as_it_was_with_its_type(walk: Walk) -> None:
    walk(*(COMPUTED.format(type_) for type_ in ("int", "numeric", "double precision", "bigint")), rounds=2)
