"""What once made every change impossible, for a copy of the database could not be built from what was read of it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from colonnade.core.errors import Unsupported
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk, cases

FUNCTION = "CREATE FUNCTION tf() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
WALKS = f"""== clustering
CREATE TABLE t (id int PRIMARY KEY, u int, CONSTRAINT u UNIQUE (u)); CREATE INDEX i ON t (u); ALTER TABLE t CLUSTER ON t_pkey;
--
CREATE TABLE t (id int PRIMARY KEY, u int, CONSTRAINT u UNIQUE (u)); CREATE INDEX i ON t (u); ALTER TABLE t CLUSTER ON i;
--
CREATE TABLE t (id int PRIMARY KEY, u int, CONSTRAINT u UNIQUE (u)); CREATE INDEX i ON t (u); ALTER TABLE t CLUSTER ON u;
--
CREATE TABLE t (id int PRIMARY KEY, u bigint, CONSTRAINT u UNIQUE (u, id)); CREATE INDEX i ON t (u DESC); ALTER TABLE t CLUSTER ON u;
--
CREATE TABLE t (id int PRIMARY KEY, u int, CONSTRAINT u UNIQUE (u)); CREATE INDEX i ON t (u);
== copies_of_triggers
CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE p11 PARTITION OF p1 DEFAULT; {FUNCTION} CREATE TRIGGER r AFTER INSERT ON p FOR EACH ROW EXECUTE FUNCTION tf();
ALTER TABLE p11 DISABLE TRIGGER r;
--
CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE p11 PARTITION OF p1 DEFAULT; {FUNCTION} CREATE TRIGGER r AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION tf();
ALTER TABLE p1 ENABLE ALWAYS TRIGGER r; ALTER TABLE p11 ENABLE REPLICA TRIGGER r;
--
CREATE TABLE p (id int) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9) PARTITION BY LIST (id);
CREATE TABLE p11 PARTITION OF p1 DEFAULT; {FUNCTION} CREATE TRIGGER r AFTER UPDATE ON p FOR EACH ROW EXECUTE FUNCTION tf();
ALTER TABLE p DISABLE TRIGGER r; ALTER TABLE p11 ENABLE TRIGGER r;
== columns_of_materialized_views
CREATE TABLE t (a int, b text); CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t; ALTER MATERIALIZED VIEW m ALTER a SET STATISTICS 50;
ALTER MATERIALIZED VIEW m ALTER b SET STORAGE EXTERNAL; ALTER MATERIALIZED VIEW m ALTER b SET (n_distinct = 5);
--
CREATE TABLE t (a int, b text); CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t; ALTER MATERIALIZED VIEW m ALTER b SET STATISTICS 50;
ALTER MATERIALIZED VIEW m ALTER b SET STORAGE MAIN; ALTER MATERIALIZED VIEW m ALTER b SET COMPRESSION pglz;
--
CREATE TABLE t (a int, b text); CREATE MATERIALIZED VIEW m AS SELECT a, b FROM t;
== casts_in_expressions
CREATE TYPE mood AS ENUM ('a', 'b'); CREATE CAST (text AS mood) WITH INOUT AS ASSIGNMENT; CREATE TABLE t (m mood DEFAULT lower('A'));
--
CREATE TYPE mood AS ENUM ('a', 'b'); CREATE FUNCTION f(int) RETURNS mood LANGUAGE sql IMMUTABLE AS $$SELECT 'a'::casts_in_expressions.mood$$;
CREATE CAST (int AS mood) WITH FUNCTION f(int) AS IMPLICIT;
CREATE TABLE t (n int, m mood GENERATED ALWAYS AS (n::mood) STORED, CHECK ((n::mood) = 'a'));
== operators_named_on_one_side
CREATE FUNCTION f(point, point) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR === (LEFTARG = point, RIGHTARG = point, FUNCTION = f, NEGATOR = !==);
CREATE OPERATOR !== (LEFTARG = point, RIGHTARG = point, FUNCTION = f);
"""


def test_each_is_made_changed_and_taken_back(walk: Walk) -> None:
    walk.cases(cases(WALKS))


@pytest.mark.parametrize("case", cases(WALKS).items(), ids=cases(WALKS).keys())
def test_beside_it_another_change_is_made(flow: Flow, case: tuple[str, tuple[str, ...]]) -> None:
    there = case[1][0].replace("casts_in_expressions", "public")
    flow.run(there)
    assert len(flow.plan(there + "CREATE TABLE another (i int);").steps) == 1


def test_a_default_that_asks_for_a_setting_says_where_to_set_it(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int)")
    flow.run("INSERT INTO t VALUES (1)")
    wanted = "CREATE TABLE t (id int, tenant int NOT NULL DEFAULT current_setting('app.tenant')::int)"
    with pytest.raises(Unsupported, match=r"run ALTER ROLE … SET app\.tenant = …"):
        flow.plan(wanted)
    flow.close()
    flow.run(f"ALTER ROLE {urlsplit(flow.url).username} SET app.tenant = '7'")
    flow.apply(wanted)
    assert flow.ask("SELECT tenant FROM t") == 7
