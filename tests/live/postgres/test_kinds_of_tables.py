"""What belongs to a table: rules, statistics objects, replica identity, keys with options, and how its rows are numbered."""

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
== index_of_what_may_be_null
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
--
ALTER TABLE t ALTER a DROP NOT NULL;
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
--
ALTER TABLE t ALTER b DROP NOT NULL;
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX i;
--
ALTER TABLE t ALTER a DROP NOT NULL;
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
ALTER TABLE t REPLICA IDENTITY USING INDEX j;
--
ALTER TABLE t ALTER a DROP NOT NULL;
CREATE UNIQUE INDEX i ON t (a);
CREATE UNIQUE INDEX j ON t (b);
ALTER TABLE t REPLICA IDENTITY FULL;
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
KEYS = cases("""
== options
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) INCLUDE (b) WITH (fillfactor = 50, deduplicate_items = off) DEFERRABLE INITIALLY DEFERRED;
--
ALTER TABLE t ADD CONSTRAINT k UNIQUE (a) INCLUDE (b) WITH (fillfactor = 60) DEFERRABLE;
--
ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a) WITH (fillfactor = 70);
--
ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a);
""")
NUMBERS = cases("""
== usual
CREATE SEQUENCE s;
== all_said
CREATE SEQUENCE s AS smallint START 5 INCREMENT 2 MINVALUE 3 MAXVALUE 99 CACHE 7 CYCLE;
== falling
CREATE SEQUENCE s AS integer INCREMENT -1;
CREATE SEQUENCE r INCREMENT -2 MAXVALUE 10 START 4;
== identity
ALTER TABLE t ADD n integer GENERATED ALWAYS AS IDENTITY;
CREATE TABLE u (n smallint GENERATED BY DEFAULT AS IDENTITY);
== identity_all_said
ALTER TABLE t ADD n integer GENERATED BY DEFAULT AS IDENTITY (START 5 INCREMENT -5 MINVALUE -50 MAXVALUE 5 CYCLE);
CREATE TABLE u (n integer GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME other INCREMENT -1));
== identity_whose_usual_name_is_taken
CREATE SEQUENCE u_n_seq;
CREATE TABLE u (n int GENERATED ALWAYS AS IDENTITY);
""")


PERSISTENCE = cases("""
== read_as_a_catalog
CREATE UNLOGGED TABLE t (id int, a text);
--
CREATE TABLE t (id int, a int, v float8 DEFAULT random()) WITH (user_catalog_table = true);
== refers
CREATE UNLOGGED TABLE a (id int PRIMARY KEY); CREATE UNLOGGED TABLE b (id int REFERENCES a, up int);
--
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int REFERENCES a, up int);
== in_a_circle
CREATE UNLOGGED TABLE a (id int PRIMARY KEY, b int); CREATE UNLOGGED TABLE b (id int PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES a;
--
CREATE TABLE a (id int PRIMARY KEY, b int); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b; ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES a;
== the_key_goes_or_comes
CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int REFERENCES a); CREATE UNLOGGED TABLE c (id int PRIMARY KEY);
--
CREATE UNLOGGED TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int); CREATE UNLOGGED TABLE c (id int PRIMARY KEY REFERENCES a);
""")
CIRCLES = cases("""
== a_check_that_calls_what_takes_the_row
CREATE TABLE t (a int, b int);
CREATE FUNCTION f(t) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1.a > 0';
ALTER TABLE t ADD CONSTRAINT k CHECK (f(t));
CREATE INDEX i ON t (f(t));
CREATE POLICY p ON t USING (f(t));
--
== policies_and_rules_that_read_one_another
CREATE TABLE a (id int);
CREATE TABLE b (id int);
CREATE TABLE c (id int);
CREATE VIEW v AS SELECT * FROM b;
CREATE POLICY p ON a USING (EXISTS (SELECT FROM v));
CREATE POLICY p ON b USING (EXISTS (SELECT FROM c));
CREATE POLICY p ON c USING (EXISTS (SELECT FROM a));
CREATE RULE r AS ON DELETE TO a DO ALSO DELETE FROM b;
CREATE RULE r AS ON INSERT TO b DO ALSO INSERT INTO a VALUES (1);
--
== keys_to_and_from_a_partition
CREATE TABLE t (a int PRIMARY KEY, b int) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN (1);
ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (b) REFERENCES t (a);
CREATE TABLE u (a int REFERENCES p (a));
--
""")


def test_what_stands_on_its_own_table_by_way_of_others_is_dropped_with_it(walk: Walk) -> None:
    walk.cases(CIRCLES)


INCLUDED = cases("""
== beside_a_key_that_others_refer_to
CREATE TABLE t (id int, a int, UNIQUE (id) INCLUDE (a));
CREATE TABLE u (id int REFERENCES t (id));
--
CREATE TABLE t (id int, a bigint, UNIQUE (id) INCLUDE (a));
CREATE TABLE u (id int REFERENCES t (id));
== beside_a_primary_key_of_the_same_table
CREATE TABLE t (id int, a int, b int, PRIMARY KEY (id) INCLUDE (a));
ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES t;
--
CREATE TABLE t (id int, a text, b int, PRIMARY KEY (id) INCLUDE (a));
ALTER TABLE t ADD FOREIGN KEY (b) REFERENCES t;
""")


def test_columns_that_are_included_in_a_key(walk: Walk) -> None:
    walk.cases(INCLUDED)


FAMILIES = cases("""
== defaults_of_their_own
CREATE TABLE t (a text DEFAULT '1', b int DEFAULT 2, c int);
--
CREATE TABLE t (a text DEFAULT '1', b int DEFAULT 2, c int);
CREATE TABLE one () INHERITS (t);
ALTER TABLE one ALTER a SET DEFAULT '9', ALTER b DROP DEFAULT, ALTER c SET DEFAULT 3;
CREATE TABLE two () INHERITS (t);
CREATE TABLE three (a text DEFAULT '8') INHERITS (two);
--
CREATE TABLE t (a text DEFAULT '1', b int DEFAULT 2, c int, d int DEFAULT 4, e int);
CREATE TABLE one () INHERITS (t);
ALTER TABLE one ALTER d SET DEFAULT 5, ALTER e SET DEFAULT 6;
CREATE TABLE two () INHERITS (t);
ALTER TABLE two ALTER d DROP DEFAULT;
CREATE TABLE three (a text DEFAULT '1') INHERITS (two);
== while_the_parents_changes
CREATE TABLE t (a text DEFAULT '1', id serial);
CREATE TABLE one () INHERITS (t);
CREATE TABLE two (a text DEFAULT '7') INHERITS (t);
--
CREATE TABLE t (a int DEFAULT 1, id serial);
--
CREATE TABLE t (a int DEFAULT 2, id serial);
CREATE TABLE one () INHERITS (t);
ALTER TABLE one ALTER a SET DEFAULT 1;
CREATE TABLE two (a int DEFAULT 7) INHERITS (t);
--
CREATE TABLE t (a bigint, id serial);
CREATE TABLE one () INHERITS (t);
ALTER TABLE one ALTER a SET DEFAULT 1;
CREATE TABLE two (a bigint) INHERITS (t);
== who_leaves_keeps_its_type
CREATE TABLE t (a int DEFAULT 1, b int);
CREATE TABLE one (a int DEFAULT 1, b int) INHERITS (t);
--
CREATE TABLE t (a bigint DEFAULT 1, b int);
CREATE TABLE one (a int DEFAULT 1, b int);
""")


def test_defaults_of_children(walk: Walk) -> None:
    walk.cases(FAMILIES)


def test_logged_and_unlogged(walk: Walk) -> None:
    walk.cases(PERSISTENCE)


def test_keys_with_options(walk: Walk) -> None:
    walk.cases(KEYS, base="CREATE TABLE t (a int, b int);")


def test_how_rows_are_numbered(walk: Walk) -> None:
    walk.cases(NUMBERS, base="CREATE TABLE t (a int);")


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


def test_how_values_are_stored_around_a_change_of_type(walk: Walk) -> None:
    """Another type brings its own storage, on the way there and back."""
    walk(
        'CREATE TABLE t (a char(6), b bytea, c text, d text COMPRESSION pglz COLLATE "C"); '
        "ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER b SET COMPRESSION pglz;",
        "CREATE TABLE t (a text, b text, c jsonb); ALTER TABLE t ALTER a SET STORAGE EXTERNAL, ALTER c SET STORAGE MAIN;",
    )


OTHER_KEYS = cases("""
== of_the_same_columns
CREATE TABLE r (name text PRIMARY KEY); CREATE TABLE m (room text REFERENCES r (name) ON UPDATE CASCADE, PRIMARY KEY (room));
--
CREATE TABLE r (id int PRIMARY KEY, name text NOT NULL UNIQUE); CREATE TABLE m (room text REFERENCES r (name), PRIMARY KEY (room));
== that_is_numbered_otherwise
CREATE TABLE r (id bigserial PRIMARY KEY); CREATE TABLE m (id bigint REFERENCES r);
--
CREATE TABLE r (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY); CREATE TABLE m (id bigint REFERENCES r ON DELETE CASCADE);
== that_is_deferred
CREATE TABLE t (a int, r tsrange, CONSTRAINT ex EXCLUDE USING gist (r WITH &&) WHERE (a > 0));
--
CREATE TABLE t (a bigint, r tstzrange, CONSTRAINT ex EXCLUDE USING gist (r WITH -|-) DEFERRABLE INITIALLY DEFERRED);
== that_goes_with_a_column_it_only_counts_with
CREATE TABLE t (id int, m jsonb, CONSTRAINT ex EXCLUDE USING btree (((m ->> 'u')) WITH =), CONSTRAINT ey EXCLUDE (id WITH =) WHERE (m IS NOT NULL));
--
CREATE TABLE t (id int);
== of_a_whole_that_is_only_an_index
CREATE TABLE a (k int, v text, CONSTRAINT au UNIQUE (k, v)) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF a FOR VALUES IN (1);
--
CREATE TABLE a (k int, v text) PARTITION BY LIST (k); CREATE TABLE p1 PARTITION OF a FOR VALUES IN (1); CREATE UNIQUE INDEX au ON a (k, v);
""")


def test_what_refers_to_a_key_whose_column_or_place_changes(walk: Walk) -> None:
    """On the way back, too: of two keys of the same columns the server would take the older."""
    walk.cases(OTHER_KEYS)
