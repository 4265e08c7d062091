"""What belongs to a table but its columns and constraints: rules, statistics objects, replica identity."""

from tests.live.postgres.walk import Walk, cases

RULES = cases("""
== definition
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.a);
--
CREATE RULE r AS ON INSERT TO t WHERE new.a > 1 DO INSTEAD NOTHING;
== event
CREATE RULE r AS ON UPDATE TO t DO ALSO NOTHING;
--
CREATE RULE r AS ON DELETE TO t DO INSTEAD (DELETE FROM log;
INSERT INTO log VALUES (old.a));
== state
CREATE RULE r AS ON UPDATE TO t DO ALSO NOTHING;
--
CREATE RULE r AS ON UPDATE TO t DO ALSO NOTHING;
ALTER TABLE t DISABLE RULE r;
--
CREATE RULE r AS ON UPDATE TO t DO INSTEAD NOTHING;
ALTER TABLE t ENABLE ALWAYS RULE r;
--
CREATE RULE r AS ON UPDATE TO t DO INSTEAD NOTHING;
ALTER TABLE t ENABLE REPLICA RULE r;
== of_a_view
CREATE VIEW v AS SELECT a FROM t;
CREATE RULE r AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (new.a);
--
CREATE VIEW v AS SELECT a + 1 AS b FROM t;
CREATE RULE r AS ON DELETE TO v DO INSTEAD DELETE FROM t;
== retyped_column
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.a);
--
ALTER TABLE t ALTER a TYPE bigint;
CREATE RULE r AS ON INSERT TO t DO ALSO INSERT INTO log VALUES (new.a);
== quoted_names
CREATE RULE "My rule" AS ON INSERT TO "T" DO ALSO NOTHING;
--
CREATE RULE "My rule" AS ON INSERT TO "T" DO INSTEAD NOTHING;
ALTER TABLE "T" DISABLE RULE "My rule";
""")
STATISTICS = cases("""
== kinds
CREATE STATISTICS s ON a, b FROM t;
--
CREATE STATISTICS s (ndistinct) ON a, b FROM t;
--
CREATE STATISTICS s (dependencies, mcv) ON a, b, c FROM t;
== expressions
CREATE STATISTICS s ON (a % 10) FROM t;
--
CREATE STATISTICS s ON (a % 10), lower(c), b FROM t;
--
CREATE STATISTICS s (mcv) ON (a % 10), (lower(c) || 'x') FROM t;
== target
CREATE STATISTICS s ON a, b FROM t;
--
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 500;
--
CREATE STATISTICS s ON a, b FROM t;
ALTER STATISTICS s SET STATISTICS 0;
== another_order_of_columns
CREATE STATISTICS s ON a, b FROM t;
--
ALTER TABLE t DROP b;
ALTER TABLE t ADD b int;
CREATE STATISTICS s ON b, a FROM t;
== retyped_column
CREATE STATISTICS s ON a, b FROM t;
CREATE STATISTICS e ON (a + b) FROM t;
--
ALTER TABLE t ALTER a TYPE bigint;
CREATE STATISTICS s ON a, b FROM t;
CREATE STATISTICS e ON (a + b) FROM t;
== column_goes
CREATE STATISTICS s ON a, b FROM t;
--
ALTER TABLE t DROP b;
CREATE STATISTICS s ON a, c FROM t;
== other_schema
CREATE STATISTICS s ON a, b FROM t;
--
CREATE STATISTICS public."S" ON a, b FROM t;
""")
IDENTITIES = cases("""
== full_and_nothing
ALTER TABLE t REPLICA IDENTITY FULL;
--
ALTER TABLE t REPLICA IDENTITY NOTHING;
== index
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
--
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX j;
== index_changes
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
--
CREATE UNIQUE INDEX i ON t (a, b);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
== index_goes
CREATE UNIQUE INDEX i ON t (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
--
== constraint
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a);
ALTER TABLE t REPLICA IDENTITY USING INDEX k;
--
ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX k;
== table_goes
ALTER TABLE t REPLICA IDENTITY FULL;
--
DROP TABLE t;
== partitioned
CREATE TABLE p (a int NOT NULL) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF p DEFAULT;
--
CREATE TABLE p (a int NOT NULL) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF p DEFAULT;
ALTER TABLE p REPLICA IDENTITY FULL;
""")


def test_rules(walk: Walk) -> None:
    walk.cases(RULES, base='CREATE TABLE t (a int); CREATE TABLE log (a int); CREATE TABLE "T" (a int);')


def test_statistics_objects(walk: Walk) -> None:
    walk.cases(STATISTICS, base="CREATE TABLE t (a int, b int, c text);")


def test_a_target_of_statistics_is_changed_in_place(walk: Walk) -> None:
    table = "CREATE TABLE t (a int, b int); CREATE STATISTICS s ON a, b FROM t; "
    taken = walk.go(walk.place(table), walk.place(table + "ALTER STATISTICS s SET STATISTICS 9;"))
    assert [s.statement for s in taken] == ['ALTER STATISTICS "public"."s" SET STATISTICS 9']


def test_replica_identities(walk: Walk) -> None:
    walk.cases(IDENTITIES, base="CREATE TABLE t (a int NOT NULL, b int NOT NULL);")
