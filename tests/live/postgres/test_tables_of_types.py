"""Tables that are of a composite type: they follow it, and their rows keep what they have."""

from __future__ import annotations

import pytest

from colonnade.core.gate import Policy
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

OF = "CREATE TABLE t OF c (id WITH OPTIONS PRIMARY KEY"
WALKS = f"""== attributes_come_and_go
CREATE TYPE c AS (id int, b text); {OF}, b DEFAULT 'x'); CREATE VIEW v AS SELECT id, b FROM t;
--
CREATE TYPE c AS (id int, d date); {OF}, d NOT NULL DEFAULT '2020-01-01'); CREATE VIEW v AS SELECT id, d FROM t;
== another_type
CREATE TYPE c AS (id int, b text); {OF}); CREATE TABLE u OF c; CREATE TABLE r (c int REFERENCES t); CREATE INDEX i ON u (b);
--
CREATE TYPE c AS (id bigint, b int); {OF}); CREATE TABLE u OF c; CREATE TABLE r (c int REFERENCES t); CREATE INDEX i ON u (b);
== partitioned
CREATE TYPE c AS (id int, b text); CREATE TABLE t OF c PARTITION BY LIST (id); CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
--
CREATE TYPE c AS (id int, b varchar, d int); CREATE TABLE t OF c PARTITION BY LIST (id); CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
"""


def test_a_table_follows_its_type(walk: Walk) -> None:
    walk.cases(cases(WALKS))


@pytest.mark.parametrize("max_blocking", [0.0, 60.0])
def test_its_rows_keep_what_they_have(flow: Flow, max_blocking: float) -> None:
    one = "CREATE TYPE c AS (id {}, {}); CREATE TABLE t OF c (PRIMARY KEY (id){});"
    flow.apply(one.format("int", "a text, b text", ""))
    flow.run("INSERT INTO t SELECT i, i, -i FROM generate_series(1, 50) i")
    wanted, policy = one.format("bigint", "b int, d int", ", d NOT NULL DEFAULT 7"), Policy(max_blocking=max_blocking)
    told = [(s.subject, h.code) for s in flow.plan(wanted, policy).steps for h in s.hazards]
    assert ("column public.t.a", "DELETES_DATA") in told
    assert (("column public.t.id", "REWRITES_TABLE") in told) == (max_blocking == 0.0)
    flow.apply(wanted, policy)
    assert flow.ask("SELECT string_agg(t::text, ' ' ORDER BY id) FROM t WHERE id < 3") == "(1,-1,7) (2,-2,7)"


def test_values_that_another_type_does_not_hold_are_told(flow: Flow) -> None:
    one = "CREATE TYPE c AS (id int, b {}); CREATE TABLE t OF c (PRIMARY KEY (id));"
    flow.apply(one.format("numeric"))
    flow.run("INSERT INTO t VALUES (1, 1.5)")
    assert "NARROWS_DATA" in {h.code for h in flow.plan(one.format("int")).hazards}


def test_attributes_in_another_order_and_of_types_that_are_replaced(flow: Flow) -> None:
    one = "CREATE TYPE e AS ENUM ({}); CREATE TYPE c AS ({}); CREATE TABLE t OF c (PRIMARY KEY (id)); CREATE TABLE u (c c);"
    flow.apply(one.format("'a', 'b'", "id int, e e, n int"))
    flow.run("INSERT INTO t VALUES (1, 'b', 3); INSERT INTO u VALUES ((1, 'b', 3))")
    flow.apply(one.format("'b'", "id int, e e, n int"))
    flow.apply(one.format("'b'", "id int, n bigint, e e"))
    assert flow.ask("SELECT concat(t, c) FROM t, u") == "(1,3,b)(1,3,b)"


def test_a_table_that_waits_in_quarantine_does_not_hold_its_type_back(flow: Flow) -> None:
    flow.apply("CREATE TYPE c AS (id int, b text); CREATE TABLE t OF c;")
    flow.run("INSERT INTO t VALUES (1, 'b')")
    flow.apply("CREATE TYPE c AS (id int);")
    left = "SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = 'c'::regclass AND NOT attisdropped"
    assert flow.ask(left) == ["id"]


@pytest.mark.postgres(">=18")
def test_its_rules_against_null_are_called_as_where_it_is_loaded(flow: Flow) -> None:
    one = """CREATE TYPE c AS ({}); CREATE TABLE t OF c (a NOT NULL, PRIMARY KEY (b)); CREATE TABLE u OF c (CONSTRAINT said NOT NULL a);
        CREATE TABLE w {};"""
    names = "SELECT conname FROM pg_constraint WHERE contype = 'n' AND connamespace = 'public'::regnamespace ORDER BY 1"
    flow.apply(one.format("a int, b int", "(a int NOT NULL, b int)"))
    for wanted in ("a int, b bigint", "a bigint, b bigint", "b bigint, a bigint", "c int, b bigint, a bigint"):
        flow.apply(one.format(wanted, "OF c (a NOT NULL)"))
        assert flow.column(names) == ["said", "t_a_not_null", "t_b_not_null", "w_a_not_null"]
