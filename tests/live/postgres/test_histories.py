"""What the schemas of applications go through over the years, and no list of features tells: leftover names, long names, the way back."""

import pytest

from colonnade.core.gate import Policy
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

ROUTINES = cases("""
== signatures_that_differ_only_far_to_the_right
CREATE TYPE state_of_a_delivery AS ENUM ('a', 'b');
CREATE FUNCTION finish_the_delivery(bigint, state_of_a_delivery) RETURNS int LANGUAGE sql AS 'SELECT 2';
CREATE FUNCTION finish_the_delivery(bigint, state_of_a_delivery, text) RETURNS int LANGUAGE sql AS 'SELECT 3';
CREATE FUNCTION finish_the_delivery(bigint, state_of_a_delivery, int) RETURNS int LANGUAGE sql AS 'SELECT 4';
CREATE PROCEDURE finish_it_by_itself(bigint, state_of_a_delivery, text) LANGUAGE sql AS 'SELECT 3';
CREATE PROCEDURE finish_it_by_itself(bigint, state_of_a_delivery, int) LANGUAGE sql AS 'SELECT 4';
CREATE FUNCTION counted(int, bigint, state_of_a_delivery, text) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION counted(int, bigint, state_of_a_delivery, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE all_that_were_delivered(bigint, state_of_a_delivery, text) (sfunc = counted, stype = int);
CREATE AGGREGATE all_that_were_delivered(bigint, state_of_a_delivery, int) (sfunc = counted, stype = int);
--
CREATE TYPE state_of_a_delivery AS ENUM ('a', 'b');
CREATE FUNCTION finish_the_delivery(bigint, state_of_a_delivery, text) RETURNS int LANGUAGE sql AS 'SELECT 5';
CREATE PROCEDURE finish_it_by_itself(bigint, state_of_a_delivery, int) LANGUAGE sql AS 'SELECT 5';
CREATE FUNCTION counted(int, bigint, state_of_a_delivery, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE all_that_were_delivered(bigint, state_of_a_delivery, int) (sfunc = counted, stype = int, initcond = '0');
== a_function_goes_and_the_type_of_its_arguments_is_replaced
CREATE TYPE state AS ENUM ('a', 'b', 'c');
CREATE TABLE t (s state);
CREATE FUNCTION of_state(state) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE last_state(state) (sfunc = enum_larger, stype = state);
--
CREATE TYPE state AS ENUM ('a', 'b');
CREATE TABLE t (s state);
== a_function_of_rows_goes_and_their_table_is_made_anew
CREATE TABLE t (id int PRIMARY KEY);
CREATE FUNCTION id_of(r t) RETURNS int LANGUAGE sql AS 'SELECT r.id';
--
CREATE TABLE t (id int PRIMARY KEY) PARTITION BY HASH (id);
""")
NAMES = cases("""
== the_primary_key_has_another_name
CREATE TABLE t (id int CONSTRAINT t_pkey1 PRIMARY KEY, other int NOT NULL);
CREATE TABLE u (id int REFERENCES t);
--
CREATE TABLE t (id int NOT NULL, other int CONSTRAINT t_pkey PRIMARY KEY);
CREATE TABLE u (id int REFERENCES t);
== an_identity_s_sequence_keeps_the_name_of_a_table_that_was
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
--
CREATE TABLE t2 (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME t_id_seq) CONSTRAINT t_pkey PRIMARY KEY);
--
CREATE TABLE t2 (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME t_id_seq1) CONSTRAINT t_pkey PRIMARY KEY);
CREATE TABLE t3 (id int GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME t_id_seq));
--
CREATE TABLE t2 (id int CONSTRAINT t_pkey PRIMARY KEY);
CREATE TABLE t3 (id int);
CREATE SEQUENCE t_id_seq;
== a_column_s_not_null_keeps_the_name_that_the_column_had
CREATE TABLE t (id int, name text NOT NULL, other text);
--
CREATE TABLE t (id int, label text NOT NULL, other text NOT NULL);
ALTER TABLE t RENAME COLUMN label TO tag;
ALTER TABLE t RENAME COLUMN other TO label;
--
CREATE TABLE t (id int, tag text NOT NULL, label text NOT NULL);
--
CREATE TABLE t (id int, tag text NOT NULL, label text NOT NULL);
ALTER TABLE t RENAME COLUMN tag TO name;
--
CREATE TABLE t (id int, tag text NOT NULL, name text);
== a_sequence_outlives_the_table_that_it_was_made_for
CREATE TABLE t (id serial PRIMARY KEY);
--
CREATE TABLE t (id serial PRIMARY KEY);
ALTER TABLE t RENAME TO t2;
--
CREATE TABLE t2 (id int CONSTRAINT t_pkey PRIMARY KEY);
CREATE SEQUENCE t_id_seq AS int;
""")
NOT_NULLS = cases("""
== a_not_null_has_the_usual_name_of_another_table_s
CREATE TABLE a (b_c int NOT NULL);
--
CREATE TABLE a (b_c int NOT NULL);
CREATE TABLE a_b (c int);
ALTER TABLE a_b ADD CONSTRAINT a_b_c_not_null NOT NULL c;
--
CREATE TABLE _a (b_c int CONSTRAINT a_b_c_not_null NOT NULL);
CREATE TABLE b (c int);
""")
BODIES = cases("""
== body
CREATE TABLE t (x int);
--
CREATE FUNCTION z_inmost(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';
CREATE FUNCTION b_inner(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT body.z_inmost($1)';
CREATE FUNCTION a_outer(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT body.b_inner($1)';
CREATE TABLE t (x int, y int GENERATED ALWAYS AS (a_outer(x)) STORED);
--
CREATE FUNCTION y_inmost(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 2';
CREATE FUNCTION a_outer(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT body.y_inmost($1)';
CREATE TABLE t (x int, y int GENERATED ALWAYS AS (a_outer(x)) STORED, z int GENERATED ALWAYS AS (a_outer(x)) STORED);
== bodies_in_a_circle
CREATE FUNCTION even(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT $1 = 0 OR bodies_in_a_circle.odd($1 - 1) OR $1 IN (SELECT x FROM bodies_in_a_circle.t)); END';
CREATE FUNCTION odd(int) RETURNS bool LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT $1 <> 0 AND bodies_in_a_circle.even($1 - 1)); END';
CREATE FUNCTION z_inner(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 /* as in t */';
CREATE FUNCTION a_outer(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bodies_in_a_circle.z_inner($1)';
CREATE TABLE t (x int CHECK (even(x)), y int GENERATED ALWAYS AS (a_outer(x)) STORED);
--
CREATE TABLE t (x int);
""")
KEYS = cases("""
== beside_types_that_are_compared_by_any
CREATE TYPE mood AS ENUM ('sad');
CREATE TYPE pair AS (x int, y int);
CREATE TABLE a (k text, m mood, s int4range, l int[], p pair, PRIMARY KEY (k, m), UNIQUE (k, s), UNIQUE (k, l), UNIQUE (k, p));
CREATE TABLE b (k varchar(10), m mood, s int4range, l int[], p pair, FOREIGN KEY (k, m) REFERENCES a,
  FOREIGN KEY (k, s) REFERENCES a (k, s), FOREIGN KEY (k, l) REFERENCES a (k, l), FOREIGN KEY (k, p) REFERENCES a (k, p));
--
CREATE TYPE mood AS ENUM ('sad');
CREATE TYPE pair AS (x int, y int);
CREATE TABLE a (k varchar(90), m mood, s int4range, l int[], p pair, PRIMARY KEY (k, m), UNIQUE (k, s), UNIQUE (k, l), UNIQUE (k, p));
CREATE TABLE b (k varchar(20), m mood, s int4range, l int[], p pair, FOREIGN KEY (k, m) REFERENCES a,
  FOREIGN KEY (k, s) REFERENCES a (k, s), FOREIGN KEY (k, l) REFERENCES a (k, l), FOREIGN KEY (k, p) REFERENCES a (k, p));
== both_ends_of_a_reference_get_another_type
CREATE TABLE a (k text, v varchar(5), PRIMARY KEY (k, v));
CREATE TABLE b (k text, v varchar(5), FOREIGN KEY (k, v) REFERENCES a);
--
CREATE TYPE e AS ENUM ('p', 'q', 'r');
CREATE TABLE a (k text, v e, PRIMARY KEY (k, v));
CREATE TABLE b (k text, v e, FOREIGN KEY (k, v) REFERENCES a);
--
CREATE TYPE e AS ENUM ('p', 'r');
CREATE TABLE a (k text, v e, PRIMARY KEY (k, v));
CREATE TABLE b (k text, v e, FOREIGN KEY (k, v) REFERENCES a);
== one_key_is_declared_twice
CREATE TABLE t (a int, b int, PRIMARY KEY (a, b));
ALTER TABLE t ADD UNIQUE (a, b);
ALTER TABLE t ADD CONSTRAINT again UNIQUE (a, b);
--
CREATE TABLE t (a int NOT NULL, b int NOT NULL, UNIQUE (a, b));
ALTER TABLE t ADD CONSTRAINT again UNIQUE (a, b);
""")


def test_routines_are_told_apart_by_all_of_their_arguments(walk: Walk) -> None:
    walk.cases(ROUTINES)


def test_a_name_is_taken_over_from_what_has_it_no_longer(walk: Walk) -> None:
    walk.cases(NAMES)


@pytest.mark.postgres(">=18")
def test_a_not_null_has_the_usual_name_of_another(walk: Walk) -> None:
    walk.cases(NOT_NULLS)


def test_keys_of_the_same_columns_are_all_made(walk: Walk) -> None:
    walk.cases(KEYS)


def test_what_a_body_speaks_of_is_made_before_what_runs_it(walk: Walk) -> None:
    walk.cases(BODIES)


def test_a_constraint_gets_the_name_of_what_goes(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (a int CONSTRAINT y UNIQUE, b int); CREATE VIEW x AS SELECT 1 AS q")
    flow.apply("CREATE TABLE t (a int CONSTRAINT x UNIQUE, b int)", Policy(drops="Drop"))
    flow.apply("CREATE TABLE t (a int CONSTRAINT z UNIQUE, b int); CREATE INDEX x ON t (b)")
    flow.apply("CREATE TABLE t (a int CONSTRAINT x UNIQUE, b int)")
