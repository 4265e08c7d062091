"""What stands on a whole and on its parts: where one of them gets it, loses it, or has it of its own."""

from __future__ import annotations

import pytest

from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

PLACES = cases("""
== a_part_gets_parts_under_an_index_of_the_whole
CREATE TABLE t (a int PRIMARY KEY, v text) PARTITION BY RANGE (a);
CREATE INDEX ON t (v);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
INSERT INTO t SELECT i, i::text FROM generate_series(0, 9) i;
--
CREATE TABLE t (a int PRIMARY KEY, v text) PARTITION BY RANGE (a);
CREATE INDEX ON t (v);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY LIST (a);
CREATE TABLE pa PARTITION OF p FOR VALUES IN (1, 2, 3);
CREATE TABLE pb PARTITION OF p DEFAULT;
== guards_of_the_whole_and_of_a_part_under_one_name
CREATE TABLE r (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p DEFAULT;
ALTER TABLE q ADD CONSTRAINT k FOREIGN KEY (k) REFERENCES r;
CREATE TRIGGER g BEFORE INSERT ON q FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER h AFTER INSERT ON q EXECUTE FUNCTION f();
--
CREATE TABLE r (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p DEFAULT;
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (k) REFERENCES r;
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER h AFTER INSERT ON t EXECUTE FUNCTION f();
== a_key_of_a_part_gives_way_to_one_of_the_whole
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p DEFAULT;
ALTER TABLE q ADD CONSTRAINT own FOREIGN KEY (k) REFERENCES r;
--
CREATE TABLE r (id int PRIMARY KEY);
CREATE TABLE t (a int, k int CONSTRAINT shared REFERENCES r) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p DEFAULT;
== an_index_of_a_part_gets_parameters
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON t (k);
CREATE INDEX j ON p (k) WITH (deduplicate_items = off, fillfactor = 70) WHERE a > 0;
--
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE INDEX i ON t (k);
ALTER INDEX p_k_idx SET (fillfactor = 70);
CREATE INDEX j ON p (k) WITH (fillfactor = 80) WHERE a > 0;
== an_index_without_those_of_the_parts
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE q PARTITION OF t DEFAULT;
CREATE INDEX i ON t (k);
--
CREATE TABLE t (a int, k int) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE q PARTITION OF t DEFAULT;
CREATE INDEX i ON ONLY t (k);
CREATE INDEX p_k_idx ON p (k);
""")


NOT_NULLS = cases("""
== another_type_with_not_null_far_below
CREATE TABLE t (a int, k int, v text) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p FOR VALUES IN (1);
--
CREATE TABLE t (a int, k int, v varchar(20) NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p FOR VALUES IN (1);
--
CREATE TABLE t (a int, k int, v text CONSTRAINT mine NOT NULL) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p FOR VALUES IN (1);
""")


COPIES = cases("""
== what_is_said_of_them
CREATE TABLE t (k int) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p DEFAULT;
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
--
CREATE TABLE t (k int) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p DEFAULT;
CREATE TRIGGER g AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON p IS 'one'; COMMENT ON TRIGGER g ON q IS 'two'; ALTER TABLE q DISABLE TRIGGER g;
--
CREATE TABLE t (k int) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 2) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p DEFAULT;
CREATE TRIGGER g AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON p IS 'another'; COMMENT ON TRIGGER g ON q IS 'two'; ALTER TABLE t ENABLE ALWAYS TRIGGER g;
--
CREATE TABLE t (k int) PARTITION BY LIST (k);
CREATE TABLE p (k int) PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF p DEFAULT;
CREATE TRIGGER g AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE TRIGGER g AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION f();
COMMENT ON TRIGGER g ON q IS 'two';
""")


def test_copies_of_the_triggers_of_a_whole(walk: Walk) -> None:
    walk.cases(COPIES, base="CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';\n")


def test_not_null_of_parts_of_parts(walk: Walk) -> None:
    walk.cases(NOT_NULLS)


PLACING = cases("""
== a_routine_says_where_rows_belong
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (x int) PARTITION BY LIST (f(x));
CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 2);
CREATE VIEW v AS SELECT f(x) FROM t;
INSERT INTO t VALUES (1), (2);
--
CREATE FUNCTION f(k int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT k';
CREATE TABLE t (x int) PARTITION BY LIST (f(x));
CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 2);
CREATE VIEW v AS SELECT f(x) FROM t;
--
CREATE FUNCTION f(k int, l int DEFAULT 0) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT k';
CREATE TABLE t (x int) PARTITION BY LIST (f(x));
CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 2);
CREATE VIEW v AS SELECT f(x) FROM t;
--
CREATE TABLE t (x int) PARTITION BY LIST (x);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1, 2);
""")


def test_a_routine_of_a_partition_key_gets_other_arguments(walk: Walk) -> None:
    walk.cases(PLACING)


def test_what_the_parts_have_under_the_whole(walk: Walk) -> None:
    walk.cases(PLACES)
    assert any(s.statement.endswith("""."p_k_idx" SET ("fillfactor" = '70')""") for s in walk.steps), "built anew"


BOUNDS = cases("""
== with_another_key
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
ALTER TABLE t ADD UNIQUE (k, a);
--
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x', 'y');
ALTER TABLE t ADD PRIMARY KEY (k, a);
== with_another_index
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
CREATE INDEX i ON t (a);
--
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x', 'y');
CREATE INDEX i ON t (a, k);
== with_another_type_under_another_index
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
CREATE INDEX i ON t (a);
--
CREATE TABLE t (a bigint, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x', 'y');
CREATE INDEX i ON t (a DESC);
== and_parts_with_another_key
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
ALTER TABLE t ADD UNIQUE (k, a);
--
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x') PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p DEFAULT;
ALTER TABLE t ADD PRIMARY KEY (k, a);
== and_parts_with_another_type
CREATE TABLE t (a int, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x') PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p DEFAULT;
INSERT INTO t VALUES (1, 'x');
--
CREATE TABLE t (a bigint, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
== under_what_refers_to_its_rows_by_way_of_the_whole
CREATE TABLE t (a int, k text, up int, PRIMARY KEY (a, k), FOREIGN KEY (up, k) REFERENCES t) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x') PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (9);
CREATE TABLE r (a int, k text, FOREIGN KEY (a, k) REFERENCES t);
CREATE TABLE s (a int, k text, FOREIGN KEY (a, k) REFERENCES p) PARTITION BY LIST (k);
CREATE TABLE sp PARTITION OF s DEFAULT;
INSERT INTO t VALUES (1, 'x', NULL), (2, 'x', 1);
INSERT INTO r VALUES (1, 'x'), (NULL, NULL);
INSERT INTO s VALUES (2, 'x');
--
CREATE TABLE t (a int, k text, up int, PRIMARY KEY (a, k), FOREIGN KEY (up, k) REFERENCES t) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x', 'y') PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (99);
CREATE TABLE r (a int, k text, FOREIGN KEY (a, k) REFERENCES t);
CREATE TABLE s (a int, k text, FOREIGN KEY (a, k) REFERENCES p) PARTITION BY LIST (k);
CREATE TABLE sp PARTITION OF s DEFAULT;
== beside_what_begins_to_refer_to_the_whole_when_another_goes
CREATE TABLE t (a int, k text, PRIMARY KEY (a, k)) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
CREATE TABLE q PARTITION OF t FOR VALUES IN ('y');
CREATE TABLE r (a int, k text);
--
CREATE TABLE t (a int, k text, PRIMARY KEY (a, k)) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x', 'z');
CREATE TABLE r (a int, k text, FOREIGN KEY (a, k) REFERENCES t);
== with_parts_below_it_and_an_identity
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x') PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (a);
CREATE TABLE qq PARTITION OF q DEFAULT;
INSERT INTO t (k) VALUES ('x'), ('x');
--
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, k text) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x', 'y') PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (a);
CREATE TABLE qq PARTITION OF q DEFAULT;
--
CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, k text) PARTITION BY LIST (k);
CREATE TABLE p (a int NOT NULL, k text) PARTITION BY RANGE (a);
CREATE TABLE q PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY RANGE (a);
CREATE TABLE qq PARTITION OF q DEFAULT;
""")


def test_a_part_changes_together_with_what_stands_on_the_whole(walk: Walk) -> None:
    walk.cases(BOUNDS)


CARRIED = cases("""
== with_its_whole
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE t (k text, v e) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x') PARTITION BY LIST (v);
CREATE TABLE q PARTITION OF t FOR VALUES IN ('y');
CREATE INDEX i ON t (k) WHERE v = 'b';
CREATE VIEW w AS SELECT v FROM q;
INSERT INTO t VALUES ('y', 'a');
--
CREATE TYPE e AS ENUM ('a', 'b', 'z');
CREATE TABLE t (k text, v e) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x') PARTITION BY LIST (k);
CREATE TABLE q PARTITION OF t FOR VALUES IN ('y');
CREATE VIEW w AS SELECT v FROM q;
== with_a_parent
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE t (v e DEFAULT 'a');
CREATE TABLE c () INHERITS (t);
CREATE TABLE d (v e NOT NULL) INHERITS (t);
CREATE INDEX i ON c (v) WHERE v = 'b';
--
CREATE TYPE e AS ENUM ('a', 'b', 'z');
CREATE TABLE t (v e DEFAULT 'a');
CREATE TABLE c () INHERITS (t);
CREATE TABLE d (v e NOT NULL) INHERITS (t);
== out_of_the_family
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE t (v e);
CREATE TABLE c (v e) INHERITS (t);
--
CREATE TYPE e AS ENUM ('a', 'b', 'z');
CREATE TABLE t (v e);
CREATE TABLE c (v e);
== from_one_whole_to_another
CREATE TYPE e AS ENUM ('a', 'b', 'c');
CREATE TABLE t (k text, v e, n int) PARTITION BY LIST (k);
CREATE TABLE u (k text, v e, n int) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
INSERT INTO t VALUES ('x', 'a', 1);
--
CREATE TYPE e AS ENUM ('a', 'b', 'z');
CREATE TABLE t (k text, v e, n bigint) PARTITION BY LIST (k);
CREATE TABLE u (k text, v e, n bigint) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF u FOR VALUES IN ('x');
""")


def test_a_type_is_replaced_under_tables_and_their_children(walk: Walk) -> None:
    walk.cases(CARRIED)


ANEW = cases("""
== its_parent_is_tuned
CREATE TABLE t (a bigint PRIMARY KEY, v text);
CREATE TABLE c (n int, v text) INHERITS (t);
INSERT INTO c VALUES (1, 'x', 2);
--
CREATE TABLE t (a bigint PRIMARY KEY, v text);
CREATE TABLE c (n int) INHERITS (t);
ALTER TABLE t SET (fillfactor = 80);
ALTER TABLE t ALTER v SET STORAGE EXTERNAL;
== its_parent_gets_another_type
CREATE TABLE t (a int, v text);
CREATE TABLE c (n int, v text) INHERITS (t);
INSERT INTO c VALUES (1, 'x', 2);
--
CREATE TABLE t (a bigint, v text);
CREATE TABLE c (n int) INHERITS (t);
""")


def test_a_child_is_made_anew_beside_changes_of_its_parent(walk: Walk) -> None:
    walk.cases(ANEW)


JOINING = cases("""
== as_it_is
CREATE TABLE t (k text, v int) PARTITION BY LIST (k);
CREATE TABLE p (k text, v int);
INSERT INTO p VALUES ('x', 1);
--
CREATE TABLE t (k text, v int) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
== with_rules_of_other_names
CREATE TABLE t (k text NOT NULL, v int DEFAULT 3, PRIMARY KEY (k, v), CHECK (v > 0)) PARTITION BY LIST (k);
CREATE INDEX ON t (v DESC);
CREATE TABLE p (k text, v int DEFAULT 3, CHECK (v > 0));
INSERT INTO p VALUES ('x', 1);
--
CREATE TABLE t (k text NOT NULL, v int DEFAULT 3, PRIMARY KEY (k, v), CHECK (v > 0)) PARTITION BY LIST (k);
CREATE INDEX ON t (v DESC);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
== a_whole_that_gets_the_same_rule
CREATE TABLE t (k text, v int) PARTITION BY LIST (k);
CREATE TABLE p (k text, v int, CONSTRAINT c CHECK (v > 0));
--
CREATE TABLE t (k text, v int, CONSTRAINT c CHECK (v > 0)) PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
== a_whole_that_gets_a_column
CREATE TABLE t (k text, v int) PARTITION BY LIST (k);
CREATE TABLE p (k text, v int);
INSERT INTO p VALUES ('x', 1);
--
CREATE TABLE t (k text, v bigint, n text NOT NULL DEFAULT 'q') PARTITION BY LIST (k);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('x');
== a_whole_that_gets_another_key
CREATE TABLE t (a int, b int NOT NULL, PRIMARY KEY (a)) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE r (a int, b int, FOREIGN KEY (a) REFERENCES t);
CREATE TABLE q (a int NOT NULL, b int NOT NULL, PRIMARY KEY (a, b));
--
CREATE TABLE t (a int, b int NOT NULL, PRIMARY KEY (a, b)) PARTITION BY RANGE (a);
CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10);
CREATE TABLE r (a int, b int, FOREIGN KEY (a, b) REFERENCES t);
CREATE TABLE q PARTITION OF t FOR VALUES FROM (10) TO (20);
CREATE TABLE o PARTITION OF t FOR VALUES FROM (20) TO (30);
""")


def test_a_table_becomes_a_part_with_its_rows_where_they_are(walk: Walk) -> None:
    walk.cases(JOINING)
    assert not [s.statement for s in walk.steps if " RENAME TO " in s.statement]


AT_ONCE = cases("""
== the_key_of_a_part_of_the_whole_changes_with_all_else
CREATE TABLE t (id bigint NOT NULL, region text, note text, UNIQUE (region, id)) PARTITION BY LIST (region);
CREATE TABLE t_eu PARTITION OF t FOR VALUES IN ('eu') PARTITION BY RANGE (id);
CREATE TABLE t_eu_1 PARTITION OF t_eu FOR VALUES FROM (0) TO (100);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
INSERT INTO t SELECT i, CASE WHEN i > 5 THEN 'eu' ELSE 'us' END, 'n' || i FROM generate_series(1, 9) i;
--
CREATE TABLE t (id int NOT NULL, region text NOT NULL, note text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE t_eu PARTITION OF t FOR VALUES IN ('eu') PARTITION BY RANGE (id);
CREATE TABLE t_eu_1 PARTITION OF t_eu FOR VALUES FROM (0) TO (100);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
== an_extension_moves_beside_a_child_made_anew
CREATE SCHEMA ext; CREATE EXTENSION citext SCHEMA ext;
CREATE TABLE t (id int, name ext.citext NOT NULL);
CREATE TABLE c (extra int, name ext.citext) INHERITS (t);
INSERT INTO t VALUES (1, 'a'); INSERT INTO c VALUES (2, 'b', 3);
--
CREATE SCHEMA ext; CREATE SCHEMA away; CREATE EXTENSION citext SCHEMA away;
CREATE TABLE t (id int, name away.citext NOT NULL);
CREATE TABLE c (extra int) INHERITS (t);
""")


def test_what_only_goes_with_all_around_it_is_made_anew_with_that(walk: Walk) -> None:
    walk.cases(AT_ONCE)


UNASKED = cases("""
== a_rule_that_no_row_is_asked_for
CREATE TABLE t (id int PRIMARY KEY, b int);
INSERT INTO t VALUES (1, 0), (2, 5);
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 1) NOT VALID;
--
CREATE TABLE t (id int PRIMARY KEY, b int) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT;
ALTER TABLE t ADD CONSTRAINT ck CHECK (b > 1) NOT VALID;
== a_sequence_that_counts_otherwise
CREATE TABLE t (id serial PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);
INSERT INTO t VALUES (DEFAULT), (DEFAULT);
--
CREATE TABLE t (id bigserial PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (100);
ALTER SEQUENCE t_id_seq INCREMENT 10 CACHE 5;
== a_domain_of_what_an_index_calls
CREATE DOMAIN d AS int;
CREATE FUNCTION f(d) RETURNS d LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (id int PRIMARY KEY, v d);
CREATE INDEX i ON t (f(v));
--
CREATE DOMAIN d AS bigint;
CREATE FUNCTION f(d) RETURNS d LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (id int PRIMARY KEY, v d) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;
CREATE INDEX i ON t (f(v));
== a_routine_that_says_otherwise
CREATE FUNCTION d(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE TABLE t (id int PRIMARY KEY, b int DEFAULT d(1), CONSTRAINT ck CHECK (d(b) > 0), g int GENERATED ALWAYS AS (d(id)) STORED)
  PARTITION BY RANGE (id);
CREATE TABLE t1 PARTITION OF t DEFAULT;
CREATE INDEX i ON t (d(b));
--
CREATE FUNCTION d(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE TABLE t (id int PRIMARY KEY, b int DEFAULT d(1), CONSTRAINT ck CHECK (d(b) > 0), g int GENERATED ALWAYS AS (d(id)) STORED);
CREATE INDEX i ON t (d(b));
== a_routine_that_is_another
CREATE FUNCTION plus(a int) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS 'SELECT a + 2';
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
ALTER TABLE t ADD a int DEFAULT plus(1);
ALTER TABLE t ADD CONSTRAINT t_c CHECK (id > 0 AND plus(id::int) > 1);
CREATE INDEX ON t (plus(id));
--
CREATE FUNCTION plus(a int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a + 1; END';
CREATE TABLE t (id int) PARTITION BY RANGE (id);
CREATE TABLE t_rest PARTITION OF t DEFAULT;
ALTER TABLE t ADD a int DEFAULT plus(1);
ALTER TABLE t ADD CONSTRAINT t_c CHECK (id > 0 AND plus(id::int) > 1);
CREATE INDEX ON t (plus(id));
""")


def test_a_whole_is_made_anew_with_what_guards_and_numbers_it_and_what_it_calls(walk: Walk) -> None:
    walk.cases(UNASKED)


def test_rows_go_over_that_a_rule_was_never_asked_of(flow: Flow) -> None:
    before, after = UNASKED["a_rule_that_no_row_is_asked_for"]
    flow.run(before)
    flow.apply(after)
    assert flow.ask("SELECT sum(b) FROM t1") == 5


@pytest.mark.postgres(">=18")
def test_rows_are_not_asked_for_what_is_not_enforced(flow: Flow) -> None:
    rule = "CONSTRAINT ck CHECK (b > 0) NOT ENFORCED"
    flow.run(
        f"CREATE TABLE t (b int, {rule}); CREATE TABLE k (b int); CREATE TABLE w (b int, {rule}); INSERT INTO k VALUES (-1); INSERT INTO w VALUES (-1)"
    )
    flow.apply(
        f"CREATE TABLE t (b int, {rule}); CREATE TABLE k () INHERITS (t); "
        f"CREATE TABLE w (b int, {rule}) PARTITION BY LIST (b); CREATE TABLE p PARTITION OF w DEFAULT"
    )
    assert (flow.ask("SELECT b FROM t"), flow.ask("SELECT b FROM p")) == (-1, -1)


@pytest.mark.postgres(">=18")
def test_rows_go_over_that_need_no_value(flow: Flow) -> None:
    table, said = "CREATE TABLE t (id int PRIMARY KEY, b int)", "ALTER TABLE t ADD CONSTRAINT nn NOT NULL b NOT VALID;"
    own = "CREATE TABLE t2 (id int PRIMARY KEY, b int); ALTER TABLE t2 ADD CONSTRAINT mine NOT NULL b NOT VALID;"
    flow.run(f"{table}; INSERT INTO t VALUES (1, NULL); {said}")
    flow.apply(
        f"{table} PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (5); {own} "
        f"ALTER TABLE t ATTACH PARTITION t2 DEFAULT; {said}"
    )
    assert flow.ask("SELECT id FROM t1 WHERE b IS NULL") == 1
    flow.apply(f"{table}; {said}")
    assert flow.ask("SELECT id FROM t WHERE b IS NULL") == 1
