"""Changes to constraints and indexes."""

from typing import LiteralString

from tests.live.catalog_changes.change import Change, T

PARENT: LiteralString = "CREATE TABLE u (id int PRIMARY KEY, x int, UNIQUE (id, x)); CREATE TABLE t (a int, b int); "
FOREIGN: LiteralString = "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; "

CONSTRAINTS: dict[str, Change] = {
    "check": Change(
        T,
        "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT c",
        "table constraint c on public.t",
    ),
    "check's expression": Change(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 1)",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0)",
        "table constraint c on public.t",
    ),
    "valid": Change(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "ALTER TABLE t VALIDATE CONSTRAINT c",
        "ALTER TABLE t DROP CONSTRAINT c; ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID",
        "table constraint c on public.t",
    ),
    "no inherit": Change(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0) NO INHERIT",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0)",
        "table constraint c on public.t",
    ),
    "not enforced": Change(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED",
        "ALTER TABLE t DROP CONSTRAINT c, ADD CONSTRAINT c CHECK (a > 0)",
        "table constraint c on public.t",
        ">=18",
    ),
    "constraint's name": Change(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "ALTER TABLE t RENAME CONSTRAINT c TO d",
        "ALTER TABLE t RENAME CONSTRAINT d TO c",
        "table constraint d on public.t",
    ),
    "comment on a constraint": Change(
        T + "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)",
        "COMMENT ON CONSTRAINT c ON t IS 'x'",
        "COMMENT ON CONSTRAINT c ON t IS NULL",
        "table constraint c on public.t",
    ),
    "primary key": Change(
        "CREATE TABLE t (a int NOT NULL)",
        "ALTER TABLE t ADD PRIMARY KEY (a)",
        "ALTER TABLE t DROP CONSTRAINT t_pkey",
        "table constraint t_pkey on public.t",
    ),
    "order of a key": Change(
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a, b)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (b, a)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a, b)",
        "table constraint k on public.t",
    ),
    "nulls not distinct": Change(
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE NULLS NOT DISTINCT (a)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a)",
        "index public.k",
        ">=15",
    ),
    "unique index instead of constraint": Change(
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "ALTER TABLE t DROP CONSTRAINT k; CREATE UNIQUE INDEX k ON t (a)",
        "DROP INDEX k; ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "table constraint k on public.t",
    ),
    "deferrable": Change(
        T + "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a) DEFERRABLE",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a)",
        "table constraint k on public.t",
    ),
    "without overlaps": Change(
        "CREATE TABLE t (a int4range, b int4range, CONSTRAINT k UNIQUE (a, b))",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a, b WITHOUT OVERLAPS)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a, b)",
        "table constraint k on public.t",
        ">=18",
    ),
    "exclusion instead of unique": Change(
        "CREATE TABLE t (a int4range, CONSTRAINT k UNIQUE (a))",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k EXCLUDE USING gist (a WITH &&)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k UNIQUE (a)",
        "table constraint k on public.t",
    ),
    "exclusion's operator": Change(
        "CREATE TABLE t (a int4range, CONSTRAINT k EXCLUDE USING gist (a WITH &&))",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k EXCLUDE USING gist (a WITH =)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k EXCLUDE USING gist (a WITH &&)",
        "table constraint k on public.t",
    ),
    "foreign key": Change(
        PARENT,
        "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u",
        "ALTER TABLE t DROP CONSTRAINT k",
        "table constraint k on public.t",
    ),
    "referential action": Change(
        PARENT + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u ON DELETE CASCADE",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u",
        "table constraint k on public.t",
    ),
    "columns set to null": Change(
        PARENT + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES u (id, x) ON DELETE SET NULL",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES u (id, x) ON DELETE SET NULL (b)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES u (id, x) ON DELETE SET NULL",
        "table constraint k on public.t",
        ">=15",
    ),
    "match": Change(
        PARENT + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES u (id, x)",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES u (id, x) MATCH FULL",
        "ALTER TABLE t DROP CONSTRAINT k, ADD CONSTRAINT k FOREIGN KEY (a, b) REFERENCES u (id, x)",
        "table constraint k on public.t",
    ),
    "deferred": Change(
        PARENT + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u",
        "ALTER TABLE t ALTER CONSTRAINT k DEFERRABLE INITIALLY DEFERRED",
        "ALTER TABLE t ALTER CONSTRAINT k NOT DEFERRABLE",
        "table constraint k on public.t",
    ),
    "disabled foreign key": Change(
        PARENT + "ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES u",
        "ALTER TABLE t DISABLE TRIGGER ALL",
        "ALTER TABLE t ENABLE TRIGGER ALL",
        "triggers of constraint k on public.t",
    ),
}

INDEXES: dict[str, Change] = {
    "index": Change(T, "CREATE INDEX i ON t (a)", "DROP INDEX i", "index public.i"),
    "index's name": Change(
        T + "CREATE INDEX i ON t (a)", "ALTER INDEX i RENAME TO j", "ALTER INDEX j RENAME TO i", "index public.j"
    ),
    "unique": Change(
        T + "CREATE INDEX i ON t (a)",
        "DROP INDEX i; CREATE UNIQUE INDEX i ON t (a)",
        "DROP INDEX i; CREATE INDEX i ON t (a)",
        "index public.i",
    ),
    "indexed columns": Change(
        T + "CREATE INDEX i ON t (a, b)",
        "DROP INDEX i; CREATE INDEX i ON t (b, a)",
        "DROP INDEX i; CREATE INDEX i ON t (a, b)",
        "index public.i",
    ),
    "direction": Change(
        T + "CREATE INDEX i ON t (a)",
        "DROP INDEX i; CREATE INDEX i ON t (a DESC)",
        "DROP INDEX i; CREATE INDEX i ON t (a)",
        "index public.i",
    ),
    "index method": Change(
        T + "CREATE INDEX i ON t (a)",
        "DROP INDEX i; CREATE INDEX i ON t USING hash (a)",
        "DROP INDEX i; CREATE INDEX i ON t (a)",
        "index public.i",
    ),
    "index's operator class": Change(
        T + "CREATE INDEX i ON t (b)",
        "DROP INDEX i; CREATE INDEX i ON t (b text_pattern_ops)",
        "DROP INDEX i; CREATE INDEX i ON t (b)",
        "index public.i",
    ),
    "operator class option": Change(
        "CREATE TABLE t (v tsvector); CREATE INDEX i ON t USING gist (v)",
        "DROP INDEX i; CREATE INDEX i ON t USING gist (v tsvector_ops (siglen = 100))",
        "DROP INDEX i; CREATE INDEX i ON t USING gist (v)",
        "index public.i",
    ),
    "index's collation": Change(
        T + "CREATE INDEX i ON t (b)",
        'DROP INDEX i; CREATE INDEX i ON t (b COLLATE "C")',
        "DROP INDEX i; CREATE INDEX i ON t (b)",
        "index public.i",
    ),
    "predicate": Change(
        T + "CREATE INDEX i ON t (a)",
        "DROP INDEX i; CREATE INDEX i ON t (a) WHERE b = 'x'",
        "DROP INDEX i; CREATE INDEX i ON t (a)",
        "index public.i",
    ),
    "indexed expression": Change(
        T + "CREATE INDEX i ON t (lower(b))",
        "DROP INDEX i; CREATE INDEX i ON t (upper(b))",
        "DROP INDEX i; CREATE INDEX i ON t (lower(b))",
        "index public.i",
    ),
    "place of an expression": Change(
        T + "CREATE INDEX i ON t (lower(b), a)",
        "DROP INDEX i; CREATE INDEX i ON t (a, lower(b))",
        "DROP INDEX i; CREATE INDEX i ON t (lower(b), a)",
        "index public.i",
    ),
    "included columns": Change(
        T + "CREATE INDEX i ON t (a, b)",
        "DROP INDEX i; CREATE INDEX i ON t (a) INCLUDE (b)",
        "DROP INDEX i; CREATE INDEX i ON t (a, b)",
        "index public.i",
    ),
    "index option": Change(
        T + "CREATE INDEX i ON t (a)",
        "ALTER INDEX i SET (fillfactor = 50)",
        "ALTER INDEX i RESET (fillfactor)",
        "index public.i",
    ),
    "statistics target of an expression": Change(
        T + "CREATE INDEX i ON t (lower(b))",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 500",
        "ALTER INDEX i ALTER COLUMN 1 SET STATISTICS -1",
        "index public.i",
    ),
    "invalid index": Change(
        T + "CREATE INDEX i ON t (a)",
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass",
        "UPDATE pg_index SET indisvalid = true WHERE indexrelid = 'i'::regclass",
        "index public.i",
    ),
    "attached index": Change(
        "CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE q PARTITION OF p FOR VALUES IN (1);"
        "CREATE INDEX i ON ONLY p (a); CREATE INDEX j ON q (a)",
        "ALTER INDEX i ATTACH PARTITION j",
        "DROP INDEX i; CREATE INDEX i ON ONLY p (a); CREATE INDEX j ON q (a)",
        "index public.j",
    ),
}

CHANGES: dict[str, Change] = CONSTRAINTS | INDEXES
