"""Columns of composite types, of arrays of these, and of types that are made of others: what is in them stays where it belongs."""

from __future__ import annotations

import pytest

from colonnade.core.errors import Unsupported
from colonnade.core.gate import Policy
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, take_back

PLACES = """CREATE TYPE c AS ({}); CREATE DOMAIN d AS c; CREATE DOMAIN e AS c[]; CREATE TYPE o AS (one c, more c[]);
    CREATE TABLE t (id int PRIMARY KEY, v c, w c[], x d, y e, z o)"""
OLD, NEW = "lat float8, note text, lon float8", "lon float8, lat float8, n int"
VALUES = """INSERT INTO t VALUES (1, (1, 'a', 2), ARRAY[(1, 'a', 2)::c, NULL, (NULL, NULL, NULL)::c], (1, 'a', 2), ARRAY[(1, 'a', 2)::c],
    ((1, 'a', 2)::c, ARRAY[(1, 'a', 2)::c])), (2, NULL, NULL, NULL, NULL, NULL), (3, (NULL, NULL, NULL), '{}', NULL, NULL, (NULL, NULL))"""
FIRST = "(2,1,) {(2,1,),NULL,(,,)} (2,1,) {(2,1,)} ((2,1,),{(2,1,)})"
SHOWN = r"""SELECT translate(concat_ws(' ', v, w, x, y, z), '"\', '') FROM t WHERE id = 1"""
NULLS = "SELECT v IS NOT DISTINCT FROM NULL FROM t ORDER BY id"


@pytest.mark.parametrize("max_blocking", [0.0, 60.0])
@pytest.mark.parametrize("whole", [";", " PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;"])
def test_attributes_go_over_by_their_names(flow: Flow, whole: str, max_blocking: float) -> None:
    flow.apply(PLACES.format(OLD) + ";")
    flow.run(VALUES)
    policy = Policy(max_blocking=max_blocking)
    wanted = PLACES.format(NEW) + whole
    told = {h.message.partition(" and ")[0] for h in flow.plan(wanted, policy).hazards if h.code == "DELETES_DATA"}
    assert told == {"composite type public.c.note"}
    flow.apply(wanted, policy)
    assert flow.ask(SHOWN) == FIRST
    assert flow.column(NULLS) == [False, True, False], "a row of nothing is no nothing"
    assert flow.ask("SELECT w::text FROM t WHERE id = 3") == "{}"


def test_attributes_come_back_by_their_names(walk: Walk) -> None:
    live, wanted = walk.place(PLACES.format(OLD) + ";" + VALUES), walk.place(PLACES.format(NEW) + ";")
    before = live.ask("SELECT string_agg(replace(concat(v, w, x, y, z), 'a', ''), '|' ORDER BY id) FROM public.t")
    taken = walk.go(live, wanted)
    take_back(walk.psql, live.url, taken)
    assert live.ask("SELECT string_agg(concat(v, w, x, y, z), '|' ORDER BY id) FROM public.t") == before


ELSEWHERE = """DO $$ BEGIN EXECUTE format('ALTER DATABASE %1$I SET timezone = ''Asia/Kolkata''; ALTER DATABASE %1$I SET datestyle = ''SQL, DMY'';
    ALTER DATABASE %1$I SET extra_float_digits = -5', current_database()); END $$;"""


def test_values_come_back_whatever_the_database_says_of_zones_dates_and_digits(walk: Walk) -> None:
    declared = "CREATE TYPE c AS (n {}, at timestamptz, f float8); CREATE TABLE t (x c);"
    row = "INSERT INTO t VALUES (ROW(1, '2020-01-02 03:04:05+00', 0.12345678901234567));"
    live, wanted = walk.place(declared.format("int") + row + ELSEWHERE), walk.place(declared.format("bigint"))
    before = live.ask("SELECT x::text FROM public.t")
    walk.there_and_back(live, wanted)
    assert live.ask("SELECT x::text FROM public.t") == before


def test_a_column_of_another_type_with_these_attributes(flow: Flow) -> None:
    old = "CREATE TYPE a AS (x int, y int); CREATE TABLE t (id int PRIMARY KEY, v a);"
    flow.apply(old)
    flow.run("INSERT INTO t VALUES (1, (1, 2))")
    wanted = "CREATE TYPE b AS (z int, y int); CREATE TABLE t (id int PRIMARY KEY, v b);"
    assert [h.code for h in flow.plan(wanted).hazards if h.code == "DELETES_DATA"] == ["DELETES_DATA"]
    flow.apply(wanted)
    assert flow.ask("SELECT v::text FROM t") == "(,2)"


def test_rows_of_a_table_that_is_made_anew(flow: Flow) -> None:
    column = "CREATE TABLE t (id int PRIMARY KEY, v k);"
    flow.apply("CREATE TABLE k (a int, b int);" + column)
    flow.run("INSERT INTO t VALUES (1, (1, 2))")
    flow.apply("CREATE TABLE k (b int, a int) PARTITION BY LIST (a);" + column)
    assert flow.ask("SELECT (v).a FROM t") == 1


def test_a_column_changes_its_type_in_a_table_of_whose_rows_others_hold_some(flow: Flow) -> None:
    wanted = """CREATE TABLE k (id int PRIMARY KEY, a {}, b text[]); CREATE TABLE t (id int PRIMARY KEY, v k, w k[]);
        CREATE VIEW s AS SELECT k FROM k; CREATE FUNCTION f(k) RETURNS int LANGUAGE sql AS 'SELECT ($1).id';"""
    flow.apply(wanted.format("int"))
    flow.run("INSERT INTO k VALUES (1, 2, '{x}'); INSERT INTO t SELECT 1, k, ARRAY[k] FROM k")
    assert "COPIES_TABLE" in {h.code for h in flow.plan(wanted.format("bigint")).hazards}
    flow.apply(wanted.format("bigint"))
    assert flow.ask("SELECT concat((t.v).a, (w[1]).b, k.a, f(k)) FROM t, k") == "2{x}21"


def test_a_table_whose_rows_nobody_holds_is_changed_in_place(flow: Flow) -> None:
    wanted = "CREATE TABLE k (id int PRIMARY KEY, a {}, b text[]); CREATE TABLE t (id int PRIMARY KEY REFERENCES k, v text[]);"
    flow.apply(wanted.format("int"))
    assert "COPIES_TABLE" not in {h.code for h in flow.plan(wanted.format("bigint")).hazards}


def test_a_table_changes_before_others_come_to_hold_rows_of_it(walk: Walk) -> None:
    walk(
        "CREATE TABLE t (n int); CREATE TABLE u (k int); CREATE TABLE b (r u);",
        "CREATE TABLE t (n bigint); CREATE TABLE u (k int); CREATE TYPE x AS (y t); CREATE TABLE b (r t, more t[], far x); CREATE TABLE c (r t);",
    )


def test_a_table_is_written_anew_once_others_hold_its_rows_no_more(flow: Flow) -> None:
    """What waits in quarantine still holds them."""
    flow.apply("CREATE TABLE t (id int); CREATE TABLE b (q int, r t, s t[]);")
    flow.run("INSERT INTO t VALUES (1); INSERT INTO b VALUES (1, ROW(7), NULL)")
    after = "CREATE TABLE t (id int, g int GENERATED ALWAYS AS (id * 2) STORED); CREATE TABLE b (q int, s text);"
    with pytest.raises(Unsupported, match=r"what goes to quarantine needs it: let it go once that is over"):
        flow.plan(after)
    flow.apply(after, Policy(drops="Drop"))
    assert (flow.ask("SELECT g FROM t"), flow.ask("SELECT q FROM b")) == (2, 1)


def test_rows_of_a_view_that_becomes_a_table(flow: Flow) -> None:
    rest = """CREATE FUNCTION f(a) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT ($1).x; END;
        CREATE VIEW c AS SELECT f(a) AS z FROM a; CREATE TABLE t (r a, s a[]);"""
    flow.apply("CREATE TABLE b (x int); CREATE VIEW a AS SELECT x FROM b;" + rest)
    flow.run("INSERT INTO b VALUES (1); INSERT INTO t SELECT a, ARRAY[a] FROM a")
    flow.apply("CREATE TABLE a (x int); CREATE VIEW b AS SELECT x FROM a;" + rest)
    assert flow.ask("SELECT concat(r, s) FROM t") == "(1){(1)}"


def test_rows_of_a_view_with_its_columns_in_another_order(flow: Flow) -> None:
    """A column fewer, one more, and each where it is called so."""
    declared = (
        "CREATE TABLE p (id int, n int, s text); CREATE VIEW v AS SELECT {} FROM p; CREATE TABLE h (x v, xs v[]);"
    )
    flow.apply(declared.format("id, n"))
    flow.run("INSERT INTO h VALUES (ROW(1, 1000), ARRAY[ROW(2, 2000)::v])")
    flow.apply(declared.format("n, 'x' AS more, id"))
    shown = "SELECT concat_ws(' ', (x).id, (x).n, (x).more, (xs[1]).id, (xs[1]).n) FROM h"
    assert flow.ask(shown) == "1 1000 2 2000"


CHANGING = {
    "a domain in a composite": "CREATE DOMAIN s AS {}; CREATE TYPE c AS (p s); CREATE TABLE t (x c, xs c[]);",
    "a column of a table": "CREATE TABLE c (p {}); CREATE TABLE t (x c, xs c[]);",
    "deeper": "CREATE DOMAIN s AS {}; CREATE TYPE a AS (p s); CREATE TYPE c AS (n int, i a[]); CREATE TABLE t (x c, xs c[]);",
}


@pytest.mark.parametrize("declared", CHANGING.values(), ids=CHANGING.keys())
def test_values_that_change_inside_of_others_are_told(flow: Flow, declared: str) -> None:
    flow.apply(declared.format("numeric"))
    told = [h.message for h in flow.plan(declared.format("numeric(6,2)")).hazards if h.code == "NARROWS_DATA"]
    assert any("p from numeric to numeric(6,2)" in one for one in told), told
    assert "NARROWS_DATA" not in [h.code for h in flow.plan(declared.format("text")).hazards]


def test_arrays_that_cannot_be_taken_one_by_one_are_told(flow: Flow) -> None:
    wanted = "CREATE TYPE c AS ({}); CREATE TABLE t (id int PRIMARY KEY, v c[]);"
    flow.apply(wanted.format("a int, b int"))
    flow.run("INSERT INTO t VALUES (1, ARRAY[ARRAY[(1, 2)::c]])")
    with pytest.raises(Exception, match="arrays of several dimensions"):
        flow.apply(wanted.format("b int, a int"))
    assert flow.ask("SELECT v::text FROM t") == '{{"(1,2)"}}'


def test_ranges_of_rows_are_refused_by_name(flow: Flow) -> None:
    wanted = "CREATE TYPE c AS ({}); CREATE TYPE r AS RANGE (subtype = c); CREATE TABLE t (id int PRIMARY KEY, v r);"
    flow.apply(wanted.format("a int, b int"))
    with pytest.raises(Unsupported, match=r"range public\.r is of a type whose attributes change places"):
        flow.plan(wanted.format("b int, a int"))


ENUM, OTHER_WAY = "CREATE TYPE e AS ENUM ('a', 'b');", "CREATE TYPE e AS ENUM ('b', 'a');"
THROUGH = """CREATE DOMAIN d AS e; CREATE TYPE c AS (m e, n d[]); CREATE TYPE o AS (c c);
    CREATE TABLE t (id int PRIMARY KEY, x d, y c, z o[]);"""
RANGE = "CREATE TYPE r AS RANGE (subtype = float8{}); CREATE TABLE t (id int PRIMARY KEY, x r, y r_multirange, z r[]);"
BETWEEN = "CREATE TYPE i AS (a {}); CREATE TYPE o AS (i i, b int); CREATE TABLE t (id int PRIMARY KEY, x o[]);"
SORTS = ["CREATE DOMAIN k AS text;", "CREATE TYPE k AS ENUM ('a');", "CREATE TYPE k AS (a int);"]
OF_K = "CREATE DOMAIN l AS k; CREATE TABLE t (id int PRIMARY KEY, x k, y l[]);"
CHECKED = "CREATE TYPE e AS ENUM ({}); CREATE DOMAIN d AS e CHECK (VALUE <> 'b'); CREATE TABLE t (id int PRIMARY KEY, x d, y d[]);"
COMPARED = """CREATE FUNCTION f({}) RETURNS float8 LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
    CREATE TYPE r AS RANGE (subtype = float8, subtype_diff = f); CREATE TABLE t (id int PRIMARY KEY, x r); CREATE INDEX i ON t USING gist (x);"""
INSIDE = "CREATE DOMAIN d AS int {}; CREATE TYPE c AS (x d); CREATE TABLE t (id int PRIMARY KEY, x d, y d[], z c);"
REPLACED = {
    "a domain that gets narrower": (
        INSIDE.format("DEFAULT 5"),
        INSIDE.format("NOT NULL CHECK (VALUE > 0)"),
        "1, '{1}', row(1)",
    ),
    "an enum that a check of a domain names": (
        CHECKED.format("'a', 'b', 'c'"),
        CHECKED.format("'b', 'a'"),
        "'a', '{a}'",
    ),
    "a range by its function": (COMPARED.format("a float8, float8"), COMPARED.format("float8, b float8"), "'[1,2]'"),
    "an enum": (ENUM + THROUGH, OTHER_WAY + THROUGH, "'a', ('b', '{a}'), ARRAY[row(('b', '{a}'))::o]"),
    "a range": (RANGE.format(""), RANGE.format(", subtype_diff = float8mi"), "'[1,2]', '{[1,2]}', '{\"[1,2]\"}'"),
    "an attribute": (BETWEEN.format("int"), BETWEEN.format("bigint"), "ARRAY[row(row(1), 2)::o]"),
    "a domain by an enum": (SORTS[0] + OF_K, SORTS[1] + OF_K, "'a', '{a}'"),
    "an enum by a domain": (SORTS[1] + OF_K, SORTS[0] + OF_K, "'a', '{a}'"),
    "rows by a domain": (SORTS[2] + OF_K, SORTS[0] + OF_K, "row(1), ARRAY[row(1)::k]::l[]"),
}


@pytest.mark.parametrize("case", REPLACED.values(), ids=REPLACED.keys())
def test_a_type_is_replaced_that_columns_have_through_others(walk: Walk, case: tuple[str, str, str]) -> None:
    old, new, values = case
    live, wanted = walk.place(f"{old} INSERT INTO t VALUES (1, {values})"), walk.place(new)
    before = live.ask("SELECT t::text FROM public.t")
    walk.there_and_back(live, wanted)
    assert live.ask("SELECT t::text FROM public.t") == before


def test_a_key_and_what_refers_to_it_go_by_text_where_there_is_no_cast(flow: Flow) -> None:
    old = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);"
    new = old.replace("a (id int", "a (id uuid").replace("a int", "a uuid")
    flow.apply(old)
    flow.apply(new)
    flow.apply(old)
    flow.run("INSERT INTO a VALUES (1)")
    with pytest.raises(Exception, match=r"column public\.a\.id.*declare a conversion"):
        flow.apply(new)


def test_a_check_of_what_is_inside_calls_a_routine(flow: Flow) -> None:
    """The server adds no check to a domain that columns have inside of others: it comes before them."""
    plain = "CREATE TABLE t (id int PRIMARY KEY{});"
    declared = """CREATE FUNCTION ok(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 > 0'; CREATE DOMAIN d AS int CHECK (ok(VALUE));
        CREATE TYPE c AS (v d);"""
    flow.apply(plain.format(""))
    flow.apply(declared + plain.format(", a d[], b c[]"))
    flow.run("INSERT INTO t VALUES (1, '{1}', ARRAY[ROW(1)::c])")
    assert flow.statements(declared + plain.format(", a d[], b c[]")) == []
    flow.apply(plain.format(""))
    assert flow.ask("SELECT to_regtype('d') IS NULL AND to_regprocedure('ok(int)') IS NULL"), (
        "both wait with the values"
    )
