"""What leaves the schema as it is: (setup, what is done then)."""

from typing import LiteralString

from tests.live.catalog_changes.change import FUNCTION, T

WITH_ROWS: LiteralString = """
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, b text);
CREATE INDEX i ON t (a); CREATE MATERIALIZED VIEW v AS SELECT count(*) FROM t; CREATE SEQUENCE s;
CREATE STATISTICS st ON a, b FROM t;
INSERT INTO t (a, b) SELECT n, repeat('x', n) FROM generate_series(1, 100) n;"""

NEUTRAL: dict[str, tuple[LiteralString, LiteralString]] = {
    "rows": (WITH_ROWS, "INSERT INTO t (a) VALUES (1); UPDATE t SET a = 2; DELETE FROM t"),
    "analyze": (WITH_ROWS, "ANALYZE"),
    "vacuum": (WITH_ROWS, "VACUUM FULL"),
    "reindex": (WITH_ROWS, "REINDEX TABLE t"),
    "reindex concurrently": (WITH_ROWS, "REINDEX TABLE CONCURRENTLY t"),
    "truncate": (WITH_ROWS, "TRUNCATE t RESTART IDENTITY"),
    "refresh": (WITH_ROWS, "REFRESH MATERIALIZED VIEW v WITH NO DATA"),
    "next value": (WITH_ROWS, "SELECT nextval('s'), setval('t_id_seq', 77)"),
    "restart": (WITH_ROWS, "ALTER SEQUENCE s RESTART WITH 50"),
    "large object": ("", "SELECT lo_create(0)"),
    "temporary table": ("", "CREATE TEMPORARY TABLE x (a int PRIMARY KEY, b text)"),
    "renamed and back": (T, "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME TO t"),
    "column renamed and back": (T, "ALTER TABLE t RENAME a TO c; ALTER TABLE t RENAME c TO a"),
    "dropped column": (T, "ALTER TABLE t ADD c int DEFAULT 7 NOT NULL; ALTER TABLE t DROP c"),
    "dropped attribute": (
        "CREATE TYPE c AS (a int, b int)",
        "ALTER TYPE c ADD ATTRIBUTE x int; ALTER TYPE c DROP ATTRIBUTE x",
    ),
    "default of old rows": (
        "CREATE TABLE t (a int, b int DEFAULT 7)",
        "ALTER TABLE t DROP b; ALTER TABLE t ADD b int DEFAULT 7",
    ),
    "column order": (
        "CREATE TABLE t (a int, b int, c text DEFAULT 'x', UNIQUE (b, a), CHECK (b > a)); CREATE STATISTICS s ON b, a FROM t",
        (
            "DROP TABLE t; CREATE TABLE t (c text DEFAULT 'x', b int, a int, UNIQUE (b, a), CHECK (b > a));"
            "CREATE STATISTICS s ON b, a FROM t"
        ),
    ),
    "made anew": (T, "DROP TABLE t; CREATE TABLE t (a int, b text)"),
    "cluster": (WITH_ROWS + "ALTER TABLE t CLUSTER ON i", "CLUSTER t"),
    "the privileges one has anyway": (FUNCTION, "GRANT ALL ON FUNCTION f(int) TO CURRENT_USER, PUBLIC"),
    "privilege given and taken": (T, "GRANT SELECT ON t TO pg_monitor; REVOKE SELECT ON t FROM pg_monitor"),
    "order of grants": (
        T + "GRANT SELECT ON t TO pg_monitor; GRANT SELECT ON t TO PUBLIC",
        "REVOKE ALL ON t FROM pg_monitor, PUBLIC; GRANT SELECT ON t TO PUBLIC; GRANT SELECT ON t TO pg_monitor",
    ),
    "label in between": (
        "CREATE TYPE m AS ENUM ('a', 'b', 'c')",
        "DROP TYPE m; CREATE TYPE m AS ENUM ('a', 'c'); ALTER TYPE m ADD VALUE 'b' BEFORE 'c'",
    ),
    "serial by hand": (
        "CREATE TABLE t (a serial)",
        (
            "DROP TABLE t; CREATE SEQUENCE t_a_seq AS int;"
            "CREATE TABLE t (a int NOT NULL DEFAULT nextval('t_a_seq')); ALTER SEQUENCE t_a_seq OWNED BY t.a"
        ),
    ),
    "attached instead of made a partition": (
        (
            "CREATE TABLE p (a int PRIMARY KEY, b int CHECK (b > 0)) PARTITION BY LIST (a); CREATE INDEX ON p (b);"
            "CREATE TABLE q PARTITION OF p FOR VALUES IN (1)"
        ),
        (
            "DROP TABLE q; CREATE TABLE q (a int PRIMARY KEY, b int CONSTRAINT p_b_check CHECK (b > 0)); CREATE INDEX ON q (b);"
            "ALTER TABLE p ATTACH PARTITION q FOR VALUES IN (1)"
        ),
    ),
    "foreign key of a partition": (
        (
            "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE p (a int REFERENCES u) PARTITION BY LIST (a);"
            "CREATE TABLE q PARTITION OF p FOR VALUES IN (1)"
        ),
        "DROP TABLE q; CREATE TABLE q (a int CONSTRAINT other REFERENCES u); ALTER TABLE p ATTACH PARTITION q FOR VALUES IN (1)",
    ),
    "parent left and found again": (
        "CREATE TABLE t (a int); CREATE TABLE u (a int); ALTER TABLE u INHERIT t",
        "ALTER TABLE u NO INHERIT t; ALTER TABLE u INHERIT t",
    ),
    "name of a not-null constraint": (
        "CREATE TABLE t (a int NOT NULL)",
        "DROP TABLE t; CREATE TABLE t (b int NOT NULL); ALTER TABLE t RENAME b TO a",
    ),
    "array type's name": (
        "CREATE TYPE m AS ENUM ()",
        "DROP TYPE m; CREATE TABLE _m (); CREATE TYPE m AS ENUM (); DROP TABLE _m",
    ),
    "password": (
        (
            "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
            "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'x')"
        ),
        "ALTER USER MAPPING FOR PUBLIC SERVER s OPTIONS (SET password 'y')",
    ),
    "extension's objects": ("CREATE EXTENSION citext", "DROP EXTENSION citext; CREATE EXTENSION citext"),
    "index on what an extension made": (
        "CREATE EXTENSION citext; CREATE TABLE e (a int); ALTER EXTENSION citext ADD TABLE e",
        "CREATE INDEX ON e (a)",
    ),
}
