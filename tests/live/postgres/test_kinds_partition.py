"""How tables are partitioned, and changes of that: the table is made anew, its rows stay, and all that stands on it is there again."""

from __future__ import annotations

import pytest

from colonnade.core.errors import DataViolation
from colonnade.core.gate import Policy
from colonnade.engines.postgres.statement import printed, q
from tests.live.postgres.flow import Flow, approved
from tests.live.postgres.walk import Walk, cases

KEYS = cases("""
== plain_and_partitioned
CREATE TABLE t (id int NOT NULL, at date NOT NULL, note text DEFAULT 'x' CHECK (note <> ''), PRIMARY KEY (id, at));
CREATE INDEX i ON t (note) WHERE note <> 'y';
--
CREATE TABLE t (id int NOT NULL, at date NOT NULL, note text DEFAULT 'x' CHECK (note <> ''), PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE t_old PARTITION OF t FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE t_rest PARTITION OF t DEFAULT;
CREATE INDEX i ON t (note) WHERE note <> 'y';
== strategy
CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10);
CREATE TABLE q PARTITION OF t DEFAULT;
--
CREATE TABLE t (a int, b text) PARTITION BY LIST (b);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('a', NULL);
CREATE TABLE q PARTITION OF t FOR VALUES IN ('b');
--
CREATE TABLE t (a int, b text) PARTITION BY HASH (a, lower(b));
CREATE TABLE p PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE q PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);
== a_part_of_a_part
CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10);
--
CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10) PARTITION BY LIST (b);
CREATE TABLE pp PARTITION OF p DEFAULT;
--
CREATE TABLE t (a int, b int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10) PARTITION BY LIST (a);
CREATE TABLE pp PARTITION OF p DEFAULT;
--
CREATE TABLE t (a int, b int) PARTITION BY LIST (b);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1) PARTITION BY RANGE (a);
CREATE TABLE pp PARTITION OF p FOR VALUES FROM (1) TO (9);
== a_part_stays_by_itself
CREATE TABLE t (a int NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t DEFAULT;
--
CREATE TABLE t (a int NOT NULL);
CREATE TABLE p (a int NOT NULL);
== identity_and_serial
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, n serial, a int, twice int GENERATED ALWAYS AS (a * 2) STORED);
--
CREATE TABLE t (id int, n serial, a int, twice int GENERATED ALWAYS AS (a * 2) STORED) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t DEFAULT;
== referred_to
CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t);
CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t);
CREATE TABLE w (id int REFERENCES u);
--
CREATE TABLE t (id int PRIMARY KEY, up int) PARTITION BY RANGE (id);
CREATE TABLE p PARTITION OF t DEFAULT;
CREATE TABLE u (id int PRIMARY KEY, t int REFERENCES t);
CREATE TABLE w (id int REFERENCES u);
== dependents
CREATE TABLE t (id int, a int NOT NULL);
CREATE VIEW v AS SELECT id, a FROM t;
GRANT SELECT ON v TO PUBLIC;
CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION g() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY y ON t USING (id > 0);
GRANT SELECT (id) ON t TO PUBLIC;
COMMENT ON TABLE t IS 'of t';
COMMENT ON COLUMN t.a IS 'of a';
CREATE STATISTICS s ON id, a FROM t;
ALTER TABLE t ALTER a SET STATISTICS 7;
--
CREATE TABLE t (id int, a int NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t DEFAULT;
CREATE VIEW v AS SELECT id, a FROM t;
GRANT SELECT ON v TO PUBLIC;
CREATE MATERIALIZED VIEW m AS SELECT * FROM v;
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION g() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t';
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY y ON t USING (id > 0);
GRANT SELECT (id) ON t TO PUBLIC;
COMMENT ON TABLE t IS 'of t';
COMMENT ON COLUMN t.a IS 'of a';
CREATE STATISTICS s ON id, a FROM t;
ALTER TABLE t ALTER a SET STATISTICS 7;
== another_joins
CREATE TABLE t (a text);
CREATE TABLE p (a text);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
--
CREATE TABLE t (a text) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('abc');
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
== children_that_only_inherit
CREATE TABLE t (a int);
CREATE TABLE c (a int) INHERITS (t);
--
CREATE TABLE t (a int) PARTITION BY LIST (a);
CREATE TABLE c (a int);
== another_joins_with_keys
CREATE TABLE t (a text, b int, UNIQUE (a, b));
CREATE UNIQUE INDEX i ON t (a);
CREATE TABLE p (a text, b int, UNIQUE (a, b));
--
CREATE TABLE t (a text, b int, UNIQUE (a, b)) PARTITION BY LIST (a);
CREATE UNIQUE INDEX i ON t (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
== bounds
CREATE TABLE t (a int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10);
CREATE TABLE q PARTITION OF t FOR VALUES FROM (10) TO (20);
--
CREATE TABLE t (a int) PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF t FOR VALUES FROM (1) TO (10);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (10) TO (20);
--
CREATE TABLE t (a int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (MINVALUE) TO (10);
CREATE TABLE q (a int);
== typed
CREATE TYPE row_t AS (a int, b text);
CREATE TABLE t OF row_t;
--
CREATE TYPE row_t AS (a int, b text);
CREATE TABLE t (a int, b text);
""")

INHERITED = cases("""
== a_child_keeps_its_own
CREATE TABLE t (a int, e int);
CREATE TABLE c (b int) INHERITS (t);
CREATE TABLE d () INHERITS (c);
CREATE TABLE x () INHERITS (t);
CREATE TABLE y (f int, e int) INHERITS (t);
--
CREATE TABLE t (a int);
CREATE TABLE c (b int, e int) INHERITS (t);
CREATE TABLE d () INHERITS (c);
CREATE TABLE x () INHERITS (t);
CREATE TABLE y (f int, e int) INHERITS (t);
== a_grandchild_keeps_its_own
CREATE TABLE t (a int, e int);
CREATE TABLE c (b int) INHERITS (t);
CREATE TABLE d () INHERITS (c);
--
CREATE TABLE t (a int);
CREATE TABLE c (b int) INHERITS (t);
CREATE TABLE d (e int) INHERITS (c);
""")
KEYED = cases("""
== foreign_keys_both_ways
CREATE TABLE t (a text UNIQUE, b text);
CREATE TABLE u (a text UNIQUE, b text);
ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES u (a);
ALTER TABLE u ADD CONSTRAINT u_t FOREIGN KEY (a) REFERENCES t (a);
--
CREATE TABLE t (a text UNIQUE, b text) PARTITION BY LIST (a);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN ('a');
CREATE TABLE u (a text UNIQUE, b text) PARTITION BY LIST (a);
ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES u (a);
ALTER TABLE u ADD CONSTRAINT u_t FOREIGN KEY (a) REFERENCES t (a);
""")


def test_columns_of_children_that_outlive_the_parents(walk: Walk) -> None:
    for versions in INHERITED.values():
        old, new = (walk.place(v) for v in versions)
        walk.psql(old.url, "INSERT INTO c (e) VALUES (7); INSERT INTO d (e) VALUES (7)")
        walk.go(old, new)
        kept = "public.c" if "c (b int, e int)" in versions[1] else "public.d"
        assert old.connection.execute(q("SELECT e FROM ONLY {}", printed(kept))).fetchall() == [(7,)]


def test_foreign_keys_of_tables_made_anew(walk: Walk) -> None:
    walk.cases(KEYED)


def test_keys_and_parts(walk: Walk) -> None:
    walk.cases(KEYS)


EVENTS = "CREATE TABLE events (id bigint GENERATED ALWAYS AS IDENTITY, at date NOT NULL, n serial, note text, PRIMARY KEY (id, at))"
YEARS = """ PARTITION BY RANGE (at);
CREATE TABLE events_2020 PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE events_2021 PARTITION OF events FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');"""
ROWS = "INSERT INTO events (at, note) SELECT '2020-01-01'::date + i, 'note ' || i FROM generate_series(0, 700, 7) i;"
REFERRING = """
CREATE VIEW notes AS SELECT note FROM events; GRANT SELECT ON notes TO PUBLIC;
CREATE TABLE seen (id bigint, at date, FOREIGN KEY (id, at) REFERENCES events);
CREATE FUNCTION boom() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a row came'; END $$;
CREATE TRIGGER boom BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION boom();
"""
SAME = "SELECT md5(string_agg(e::text, ',' ORDER BY id)) FROM events e"


def test_rows_numbering_and_all_that_refers_to_them_stay_while_a_table_is_partitioned_and_back(flow: Flow) -> None:
    flow.apply(EVENTS + ";")
    flow.run(ROWS + "GRANT SELECT ON events TO PUBLIC; COMMENT ON TABLE events IS 'by hand'")
    flow.apply(EVENTS + ";" + REFERRING)
    flow.run("INSERT INTO seen SELECT id, at FROM events WHERE id < 9")
    before = flow.ask(SAME)
    held = flow.reconcile(EVENTS + YEARS + REFERRING).held
    assert held is not None
    assert held.reason == "ApprovalRequired"
    assert "table public.events is made anew and its rows are copied" in held.message
    for wanted in (EVENTS + YEARS + REFERRING, EVENTS + ";" + REFERRING):
        result = flow.apply(wanted)
        assert result.plan is not None
        assert "DELETES_DATA" not in {h.code for h in result.plan.hazards}
        assert flow.ask(SAME) == before
        assert flow.ask("SELECT count(*) FROM notes JOIN seen ON true") == 101 * 8
        assert flow.ask("SELECT obj_description('events'::regclass)") == "by hand"
        assert flow.ask("SELECT has_table_privilege('public', 'events', 'SELECT')")
        home = flow.ask("SELECT tableoid::regclass::text FROM events WHERE note = 'note 700'")
        assert home == ("events_2021" if "PARTITION" in wanted else "events")
    flow.run("DROP TRIGGER boom ON events; INSERT INTO events (at) VALUES ('2020-05-05')")
    assert flow.ask("SELECT id || ' ' || n FROM events WHERE note IS NULL") == "102 102", "the numbering goes on"


def test_rows_that_fit_no_partition_are_told_before_anything_is_changed(flow: Flow) -> None:
    flow.apply(EVENTS + ";")
    flow.run(ROWS + "INSERT INTO events (at) VALUES ('2019-12-31'), ('2022-01-01')")
    before = flow.whole()
    with pytest.raises(DataViolation, match=r"has rows that fit no partition: 2 of them, such as \(id, at\) = \(102,"):
        flow.reconcile(EVENTS + YEARS, approved)
    assert flow.whole() == before
    flow.apply(EVENTS + YEARS + "CREATE TABLE events_rest PARTITION OF events DEFAULT;")
    assert flow.ask("SELECT count(*) FROM events_rest") == 2


def test_a_row_that_does_not_fit_the_new_bound_is_told_before_anything_is_changed(flow: Flow) -> None:
    flow.apply(EVENTS + YEARS)
    flow.run(ROWS)
    before = flow.whole()
    with pytest.raises(DataViolation, match=r"events_2020 has rows that do not fit its place"):
        flow.reconcile(EVENTS + YEARS.replace("('2020-01-01') TO", "('2020-03-01') TO"), approved)
    rest = "CREATE TABLE events_rest PARTITION OF events DEFAULT;"
    assert flow.whole() == before
    flow.apply(EVENTS + YEARS + rest)
    flow.run("INSERT INTO events (at) VALUES ('2024-01-01')")
    more = "CREATE TABLE events_2024 PARTITION OF events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"
    assert "COPIES_TABLE" in [h.code for h in flow.plan(EVENTS + YEARS + rest + more).hazards]
    flow.run("DELETE FROM events WHERE at = '2024-01-01'")
    flow.apply(
        EVENTS
        + YEARS.replace("2021-01-01') TO", "2020-12-31') TO").replace("TO ('2021-01-01')", "TO ('2020-12-31')")
        + rest
        + more
    )
    assert flow.ask("SELECT count(*) FROM events") == 101


def test_a_column_that_goes_while_its_table_is_made_anew_is_told_as_lost(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (a int, b text, c text)")
    flow.run("INSERT INTO t VALUES (1, 'x', 'y')")
    wanted = "CREATE TABLE t (a bigint, b text) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT"
    plan = flow.plan(wanted, Policy(drops="Drop"))
    (lost,) = [h.message for h in plan.hazards if h.code == "DELETES_DATA"]
    assert lost.startswith("column public.t.c and everything in it is deleted")
    flow.apply(wanted)
    assert flow.ask("SELECT p::text FROM p") == "(1,x)"


ORDER = cases("""
== parents_in_another_order
CREATE TABLE p (a int);
CREATE TABLE q (b int);
CREATE TABLE c (a int, b int) INHERITS (p, q);
--
CREATE TABLE p (a int);
CREATE TABLE q (b int);
CREATE TABLE c (a int, b int) INHERITS (q, p);
""")
NOT_NULLS = cases("""
== not_valid
CREATE TABLE t (a int NOT NULL, b int);
--
CREATE TABLE t (a int, b int);
ALTER TABLE t ADD CONSTRAINT t_a_not_null NOT NULL a NOT VALID;
ALTER TABLE t ADD CONSTRAINT mine NOT NULL b NOT VALID;
--
CREATE TABLE t (a int, b int CONSTRAINT mine NOT NULL, c int);
ALTER TABLE t ADD CONSTRAINT c_there NOT NULL c NOT VALID;
== no_inherit
CREATE TABLE t (a int NOT NULL, b int);
--
CREATE TABLE t (a int NOT NULL NO INHERIT, b int CONSTRAINT k NOT NULL NO INHERIT);
--
CREATE TABLE t (a int NOT NULL, b int CONSTRAINT other NOT NULL);
""")
COMMENTED = cases("""
== comments_on_not_null
CREATE TABLE t (a int NOT NULL, b int CONSTRAINT k NOT NULL);
CREATE DOMAIN d AS int NOT NULL;
COMMENT ON CONSTRAINT t_a_not_null ON t IS 'one';
COMMENT ON CONSTRAINT k ON t IS 'two';
COMMENT ON CONSTRAINT d_not_null ON DOMAIN d IS 'three';
--
CREATE TABLE t (a int, b int CONSTRAINT other NOT NULL);
CREATE DOMAIN d AS int;
COMMENT ON CONSTRAINT other ON t IS 'two';
== a_check_called_as_not_null_is
CREATE TABLE t (a int NOT NULL, CONSTRAINT t_a_not_null CHECK (a > 0));
--
CREATE TABLE t (b int);
""")
PARTS = cases("""
== a_part_with_an_index_of_its_own_name
CREATE TABLE t (a int UNIQUE, b int) PARTITION BY LIST (a);
CREATE INDEX i ON t (b);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q (a int, b int);
--
CREATE TABLE t (a int UNIQUE, b int) PARTITION BY LIST (a);
CREATE INDEX i ON t (b);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE o PARTITION OF t FOR VALUES IN (2);
CREATE TABLE q (a int, b int, CONSTRAINT q_own UNIQUE (a));
CREATE INDEX q_i ON q (b);
ALTER TABLE t ATTACH PARTITION q FOR VALUES IN (3);
== a_key_of_the_whole
CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2) PARTITION BY RANGE (b);
CREATE TABLE r PARTITION OF q DEFAULT;
--
CREATE TABLE t (a int NOT NULL, b int, UNIQUE (a, b)) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2) PARTITION BY RANGE (b);
CREATE TABLE r PARTITION OF q DEFAULT;
CREATE TABLE u (a int, b int, FOREIGN KEY (a, b) REFERENCES t (a, b));
--
CREATE TABLE t (a int NOT NULL, b int NOT NULL, PRIMARY KEY (b, a)) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2) PARTITION BY RANGE (b);
CREATE TABLE r PARTITION OF q DEFAULT;
== not_null_of_the_whole_and_its_parts
CREATE TABLE t (a int, b int) PARTITION BY LIST (a);
CREATE TABLE u PARTITION OF t FOR VALUES IN (1);
CREATE TABLE s PARTITION OF t FOR VALUES IN (2);
--
CREATE TABLE t (a int, b int NOT NULL) PARTITION BY LIST (a);
CREATE TABLE u PARTITION OF t FOR VALUES IN (1);
CREATE TABLE s PARTITION OF t FOR VALUES IN (2);
== not_null_of_a_parent_and_its_children
CREATE TABLE t (a int, b int);
CREATE TABLE u () INHERITS (t);
CREATE TABLE s (c int) INHERITS (t);
--
CREATE TABLE t (a int, b int NOT NULL);
CREATE TABLE u () INHERITS (t);
CREATE TABLE s (c int) INHERITS (t);
== a_part_leaves_and_gets_a_column
CREATE TABLE t (a int, b int) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
--
CREATE TABLE t (a int, b int) PARTITION BY LIST (a);
CREATE TABLE p (a int, b int, c int);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
== a_part_comes_to_what_loses_its_check_and_key
CREATE TABLE t (a int PRIMARY KEY, b int CONSTRAINT k CHECK (b > 0)) PARTITION BY LIST (a);
CREATE INDEX i ON t (b);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
--
CREATE TABLE t (a int NOT NULL, b int) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2) PARTITION BY RANGE (b);
== a_part_of_what_others_refer_to
CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
CREATE TABLE u (a int REFERENCES t);
--
CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
CREATE TABLE u (a int REFERENCES t);
--
CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t) PARTITION BY LIST (a);
CREATE TABLE u (a int REFERENCES t);
== a_part_gets_another_place_and_loses_an_index
CREATE TABLE t (a int, b int) PARTITION BY LIST (a);
CREATE INDEX i ON t (abs(b));
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
--
CREATE TABLE t (a int, b int) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (2);
== a_part_goes_and_the_whole_has_another_type
CREATE TABLE t (a int, b int) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
CREATE INDEX i ON p ((b + 1));
CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
--
CREATE TABLE t (a int, b text) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF t FOR VALUES IN (2);
""")
KEY_TYPES = cases("""
== of_the_column_that_says_where_a_row_belongs
CREATE TABLE t (a int PRIMARY KEY, "A b" timestamp) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10);
CREATE TABLE u ("A b" timestamp, b int) PARTITION BY LIST ("A b");
CREATE TABLE v PARTITION OF u DEFAULT;
CREATE VIEW w AS SELECT a FROM t;
--
CREATE TABLE t (a bigint PRIMARY KEY, "A b" date) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (10);
CREATE TABLE u ("A b" date, b int) PARTITION BY LIST ("A b");
CREATE TABLE v PARTITION OF u DEFAULT;
CREATE VIEW w AS SELECT a FROM t;
""")


def test_a_table_is_made_anew_for_another_type_of_its_partition_key(walk: Walk) -> None:
    walk.cases(KEY_TYPES)


def test_indexes_and_keys_of_parts_are_there_before_the_whole_makes_others(walk: Walk) -> None:
    walk.cases(PARTS)


@pytest.mark.postgres(">=18")
def test_names_of_not_null_and_what_is_said_of_it(walk: Walk) -> None:
    walk.cases(COMMENTED)


def test_parents_in_another_order(walk: Walk) -> None:
    walk.cases(ORDER)


@pytest.mark.postgres(">=18")
def test_not_null_that_is_not_checked_or_not_inherited(walk: Walk) -> None:
    walk.cases(NOT_NULLS)
