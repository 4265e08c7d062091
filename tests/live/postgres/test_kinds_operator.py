"""Operators, their classes and families, casts, languages, transforms, access methods."""

from typing import LiteralString

from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

BASE = """
CREATE TYPE v AS (a int, b int);
CREATE FUNCTION v_lt(v, v) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2.a';
CREATE FUNCTION v_gt(v, v) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a > $2.a';
CREATE FUNCTION v_le(v, v) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a <= $2.a';
CREATE FUNCTION v_ge(v, v) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a >= $2.a';
CREATE FUNCTION v_eq(v, v) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a = $2.a';
CREATE FUNCTION v_cmp(v, v) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2.a';
CREATE FUNCTION v_int_lt(v, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1.a < $2';
CREATE FUNCTION v_int_cmp(v, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a - $2';
CREATE FUNCTION v_neg(v) RETURNS v LANGUAGE sql IMMUTABLE AS 'SELECT $1';
"""
OPERATORS = cases("""
== plain
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v);
COMMENT ON OPERATOR <<< (v, v) IS 'less';
--
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
--
CREATE OPERATOR <<< (FUNCTION = v_le, LEFTARG = v, RIGHTARG = v, RESTRICT = scalarlesel);
== prefix
CREATE OPERATOR @@@ (FUNCTION = v_neg, RIGHTARG = v);
COMMENT ON OPERATOR @@@ (NONE, v) IS 'turns';
--
CREATE OPERATOR !!! (FUNCTION = v_neg, RIGHTARG = v);
== pair
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v, COMMUTATOR = >>>, NEGATOR = >=>);
CREATE OPERATOR >>> (FUNCTION = v_gt, LEFTARG = v, RIGHTARG = v, COMMUTATOR = <<<);
CREATE OPERATOR >=> (FUNCTION = v_ge, LEFTARG = v, RIGHTARG = v, NEGATOR = <<<);
--
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v);
--
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v, COMMUTATOR = >>>);
CREATE OPERATOR >>> (FUNCTION = v_gt, LEFTARG = v, RIGHTARG = v, COMMUTATOR = <<<, RESTRICT = scalargtsel);
--
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v);
CREATE OPERATOR >>> (FUNCTION = v_gt, LEFTARG = v, RIGHTARG = v, RESTRICT = scalargtsel);
== of_itself
CREATE OPERATOR === (FUNCTION = v_eq, LEFTARG = v, RIGHTARG = v, COMMUTATOR = ===);
--
CREATE OPERATOR === (FUNCTION = v_eq, LEFTARG = v, RIGHTARG = v, COMMUTATOR = ===, HASHES, MERGES);
--
CREATE OPERATOR === (FUNCTION = v_eq, LEFTARG = v, RIGHTARG = v);
== used
CREATE OPERATOR === (FUNCTION = v_eq, LEFTARG = v, RIGHTARG = v);
CREATE TABLE t (x v, CHECK (x OPERATOR(used.===) '(1,2)'::v));
CREATE VIEW w AS SELECT x OPERATOR(used.===) x AS same FROM t;
--
CREATE OPERATOR === (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v);
CREATE TABLE t (x v, CHECK (x OPERATOR(used.===) '(1,2)'::v));
CREATE VIEW w AS SELECT x OPERATOR(used.===) x AS same FROM t;
== of_an_aggregate
CREATE OPERATOR <<< (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v);
CREATE FUNCTION least_v(v, v) RETURNS v LANGUAGE sql AS 'SELECT $1';
CREATE AGGREGATE m(v) (sfunc = least_v, stype = v, sortop = OPERATOR(of_an_aggregate.<<<));
--
""")
FULL = """
CREATE OPERATOR < (FUNCTION = v_lt, LEFTARG = v, RIGHTARG = v);
CREATE OPERATOR > (FUNCTION = v_gt, LEFTARG = v, RIGHTARG = v);
CREATE OPERATOR <= (FUNCTION = v_le, LEFTARG = v, RIGHTARG = v);
CREATE OPERATOR >= (FUNCTION = v_ge, LEFTARG = v, RIGHTARG = v);
CREATE OPERATOR = (FUNCTION = v_eq, LEFTARG = v, RIGHTARG = v);
CREATE OPERATOR < (FUNCTION = v_int_lt, LEFTARG = v, RIGHTARG = int);
"""
CLASSES = cases("""
== btree
CREATE OPERATOR CLASS c FOR TYPE v USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 v_cmp(v, v);
COMMENT ON OPERATOR CLASS c USING btree IS 'sorts';
COMMENT ON OPERATOR FAMILY c USING btree IS 'sorts, too';
--
CREATE OPERATOR CLASS c DEFAULT FOR TYPE v USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 v_cmp(v, v);
--
CREATE OPERATOR CLASS c FOR TYPE v USING btree AS OPERATOR 1 <, FUNCTION 1 v_cmp(v, v);
== family
CREATE OPERATOR FAMILY f USING btree;
CREATE OPERATOR CLASS c FOR TYPE v USING btree FAMILY f AS OPERATOR 1 <, FUNCTION 1 v_cmp(v, v);
--
CREATE OPERATOR FAMILY f USING btree;
CREATE OPERATOR CLASS c FOR TYPE v USING btree FAMILY f AS OPERATOR 1 <, FUNCTION 1 v_cmp(v, v);
ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (v, int), FUNCTION 1 (v, int) v_int_cmp(v, int);
--
CREATE OPERATOR FAMILY f USING btree;
ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (v, int);
--
CREATE OPERATOR FAMILY "F g" USING btree;
== other_methods
CREATE OPERATOR CLASS g FOR TYPE v USING gin AS OPERATOR 1 <, FUNCTION 1 v_cmp(v, v), STORAGE int;
--
CREATE OPERATOR CLASS g FOR TYPE v USING hash AS OPERATOR 1 =;
--
CREATE OPERATOR CLASS g FOR TYPE v USING gist AS STORAGE int;
--
CREATE OPERATOR CLASS g FOR TYPE v USING brin AS OPERATOR 1 <;
== used_by_an_index
CREATE OPERATOR CLASS c FOR TYPE v USING btree AS OPERATOR 1 <, OPERATOR 3 =, FUNCTION 1 v_cmp(v, v);
CREATE TABLE t (x v);
CREATE INDEX i ON t (x c);
--
CREATE OPERATOR CLASS c FOR TYPE v USING btree AS OPERATOR 1 <, OPERATOR 3 =, OPERATOR 5 >, FUNCTION 1 v_cmp(v, v);
CREATE TABLE t (x v);
CREATE INDEX i ON t (x c);
""")
CASTS = cases("""
== cast
CREATE FUNCTION to_int(v) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a';
CREATE CAST (v AS int) WITH FUNCTION to_int(v);
COMMENT ON CAST (v AS int) IS 'the first';
--
CREATE FUNCTION to_int(v) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1.a';
CREATE CAST (v AS int) WITH FUNCTION to_int(v) AS ASSIGNMENT;
CREATE CAST (v AS text) WITH INOUT AS IMPLICIT;
--
CREATE CAST (v AS text) WITH INOUT;
CREATE CAST (text AS bytea) WITHOUT FUNCTION AS ASSIGNMENT;
CREATE TYPE r AS RANGE (subtype = int);
""")
LANGUAGE = """
CREATE FUNCTION pl_call() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
CREATE FUNCTION pl_inline(internal) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_inline_handler';
CREATE FUNCTION pl_check(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';
CREATE TYPE v AS (a int);
CREATE FUNCTION from_sql(internal) RETURNS internal LANGUAGE internal IMMUTABLE AS 'array_agg_array_finalfn';
CREATE FUNCTION to_sql(internal) RETURNS v LANGUAGE internal IMMUTABLE AS 'array_agg_array_finalfn';
"""


def test_operators(walk: Walk) -> None:
    walk.cases(OPERATORS, base=BASE)


def test_operator_classes_and_families(walk: Walk) -> None:
    walk.cases(CLASSES, base=BASE + FULL)


def test_casts(walk: Walk) -> None:
    walk.cases(CASTS, base="CREATE TYPE v AS (a int);")


COMPUTED = cases("""
== by_an_operator_of_other_types
CREATE FUNCTION f(bigint, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE OPERATOR ### (FUNCTION = f, LEFTARG = bigint, RIGHTARG = bigint);
CREATE TABLE t (a int, b int, g int GENERATED ALWAYS AS (a ### b) STORED, CHECK ((a ### b) > 0));
--
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE OPERATOR ### (FUNCTION = f, LEFTARG = int, RIGHTARG = int);
CREATE TABLE t (a int, b int, g int GENERATED ALWAYS AS (a ### b) STORED, CHECK ((a ### b) > 0));
== by_an_operator_of_another_function
CREATE FUNCTION f(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
CREATE OPERATOR ### (FUNCTION = f, LEFTARG = int, RIGHTARG = int);
CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a ### 1) STORED);
--
CREATE FUNCTION h(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 - $2';
CREATE OPERATOR ### (FUNCTION = h, LEFTARG = int, RIGHTARG = int);
CREATE TABLE t (a int, g int GENERATED ALWAYS AS (a ### 1) STORED);
""")


def test_what_is_computed_by_an_operator_gives_way_to_it(walk: Walk) -> None:
    walk.cases(COMPUTED)


def test_what_casts_goes_by_the_cast_that_is_declared(flow: Flow) -> None:
    """A dump says the same whichever function an expression has been bound to, and so do both of our readers."""
    made = """CREATE TYPE v AS (a text);
    CREATE FUNCTION one(text{0}) RETURNS v LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1 || 1)::public.v';
    CREATE FUNCTION two(text) RETURNS v LANGUAGE sql IMMUTABLE AS 'SELECT ROW($1 || 2)::public.v';"""
    users = "CREATE TABLE t (a text, CHECK ((a::v) IS NOT NULL)); CREATE VIEW w AS SELECT (a::v).a AS a FROM t;"
    flow.apply(made.replace("{0}", "") + users)
    flow.run("INSERT INTO t VALUES ('(x)')")
    versions = (
        ("one(text)", "", "(x)1"),
        ("", "", "x"),
        ("two(text)", "", "(x)2"),
        ("one(text, int)", ", int DEFAULT 1", "(x)1"),
    )
    for function, more, seen in versions:
        cast = f"CREATE CAST (text AS v) WITH FUNCTION {function};" if function else ""
        flow.apply(made.replace("{0}", more) + cast + users)
        assert flow.ask("SELECT a FROM w") == seen
        assert flow.ask(BOUND) == (2 if cast else 0)


BOUND: LiteralString = """SELECT count(DISTINCT classid) FROM pg_depend WHERE refobjid IN (SELECT oid FROM pg_proc WHERE proname IN ('one', 'two'))
AND classid IN ('pg_constraint'::regclass, 'pg_rewrite'::regclass)"""


def test_languages_and_transforms(walk: Walk) -> None:
    walk(
        "CREATE LANGUAGE pl HANDLER pl_call;",
        "CREATE TRUSTED LANGUAGE pl HANDLER pl_call INLINE pl_inline VALIDATOR pl_check; COMMENT ON LANGUAGE pl IS 'mine';",
        "CREATE LANGUAGE pl HANDLER pl_call; CREATE FUNCTION f() RETURNS int LANGUAGE pl AS 'BEGIN RETURN 1; END';"
        "CREATE TRANSFORM FOR v LANGUAGE pl (FROM SQL WITH FUNCTION from_sql(internal), TO SQL WITH FUNCTION to_sql(internal));"
        "COMMENT ON TRANSFORM FOR v LANGUAGE pl IS 'there and back';",
        "CREATE LANGUAGE pl HANDLER pl_call; CREATE TRANSFORM FOR v LANGUAGE pl (FROM SQL WITH FUNCTION from_sql(internal));",
        base=LANGUAGE,
    )


def test_access_methods(walk: Walk) -> None:
    walk(
        "CREATE ACCESS METHOD mine TYPE TABLE HANDLER heap_tableam_handler; CREATE TABLE t (a int) USING mine;",
        "CREATE ACCESS METHOD mine TYPE INDEX HANDLER bthandler; COMMENT ON ACCESS METHOD mine IS 'a tree';",
        base="CREATE TABLE u (a int);",
    )
