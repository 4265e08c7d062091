"""Schemas over every kind, for tests that go from any to any other.

Each object of OBJECTS has some variants, and may be there or not. A variant that cannot be, for want of what it needs or on this version of
Postgres, is left out: so any choice is a schema. `reader`, `writer` and `keeper` are roles. All stand in the order in which they can be made.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg

TEXT = """
== schema s
CREATE SCHEMA s;
== schema quoted
CREATE SCHEMA "S t";
== schema comment
COMMENT ON SCHEMA s IS 'ours';
--
COMMENT ON SCHEMA s IS 'it''s "ours"';
== extension
CREATE EXTENSION citext;
--
CREATE EXTENSION citext SCHEMA s;
== extension btree_gist
CREATE EXTENSION btree_gist;
== language
CREATE LANGUAGE other HANDLER plpgsql_call_handler;
--
CREATE TRUSTED LANGUAGE other HANDLER plpgsql_call_handler INLINE plpgsql_inline_handler;
== access method
CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
== collation
CREATE COLLATION s.words FROM "C";
--
CREATE COLLATION s.words FROM "POSIX";
== enum
CREATE TYPE mood AS ENUM ('sad', 'ok');
--
CREATE TYPE mood AS ENUM ('sad', 'it''s', 'ok', 'happy');
--
CREATE TYPE mood AS ENUM ('ok', 'sad');
== enum comment
COMMENT ON TYPE mood IS 'how one is';
== domain
CREATE DOMAIN s.amount AS numeric(10,2);
--
CREATE DOMAIN s.amount AS numeric(10,2) DEFAULT 1 CONSTRAINT positive CHECK (VALUE >= 0);
--
CREATE DOMAIN s.amount AS numeric(12,3) NOT NULL CHECK (VALUE > -1);
--
CREATE DOMAIN s.amount AS integer CONSTRAINT positive CHECK (VALUE > 0) CHECK (VALUE < 1000);
== domain over a domain
CREATE DOMAIN total AS s.amount CHECK (VALUE <> 13);
--
CREATE DOMAIN total AS s.amount[];
== composite
CREATE TYPE pair AS (a int, b text);
--
CREATE TYPE pair AS (a bigint, b text, c mood);
--
CREATE TYPE pair AS (b text COLLATE "C", x s.amount);
== composite for a table
CREATE TYPE shape AS (id int, label text);
--
CREATE TYPE shape AS (id int, label varchar(40), more text);
== range
CREATE TYPE span AS RANGE (SUBTYPE = numeric);
--
CREATE TYPE span AS RANGE (SUBTYPE = int, SUBTYPE_DIFF = int4mi);
== dictionary
CREATE TEXT SEARCH DICTIONARY s.plain (TEMPLATE = simple, STOPWORDS = english);
--
CREATE TEXT SEARCH DICTIONARY s.plain (TEMPLATE = simple, ACCEPT = false);
== parser
CREATE TEXT SEARCH PARSER s.pieces (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
== template
CREATE TEXT SEARCH TEMPLATE s.tmpl (INIT = dsimple_init, LEXIZE = dsimple_lexize);
== configuration
CREATE TEXT SEARCH CONFIGURATION s.conf (COPY = simple);
--
CREATE TEXT SEARCH CONFIGURATION s.conf (COPY = english); ALTER TEXT SEARCH CONFIGURATION s.conf ALTER MAPPING FOR asciiword WITH s.plain, simple;
== function
CREATE FUNCTION plus(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + 1';
--
CREATE FUNCTION plus(a int) RETURNS int LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 7 AS 'SELECT a + 2';
--
CREATE FUNCTION plus(b int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT b + 1';
--
CREATE FUNCTION plus(a int, c int DEFAULT 2) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT a + c';
--
CREATE FUNCTION plus(a int) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN a + 1; END';
== function of types
CREATE FUNCTION s.of(m mood, p pair) RETURNS mood LANGUAGE sql STABLE AS 'SELECT m';
--
CREATE FUNCTION s.of(m mood, OUT one mood, OUT two text) LANGUAGE sql STABLE AS $$SELECT m, 'x'$$;
--
CREATE FUNCTION s.of(VARIADIC m mood[]) RETURNS SETOF mood LANGUAGE sql STABLE ROWS 5 AS 'SELECT unnest(m)';
== function atomic
CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql IMMUTABLE RETURN plus(a) * 2;
--
CREATE FUNCTION twice(a int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT plus(a) + plus(a); END;
== function comment
COMMENT ON FUNCTION plus(int) IS 'one more';
== trigger function
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
--
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS 'BEGIN RETURN NULL; END';
== event function
CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
== procedure
CREATE PROCEDURE s.work(a int) LANGUAGE sql AS 'SELECT 1';
--
CREATE PROCEDURE s.work(a int, INOUT b text DEFAULT 'x') LANGUAGE plpgsql AS 'BEGIN b := a; END';
== aggregate
CREATE AGGREGATE s.sum_up(int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
--
CREATE AGGREGATE s.sum_up(int) (SFUNC = int4mul, STYPE = int, INITCOND = '1', PARALLEL = SAFE);
--
CREATE AGGREGATE s.sum_up(mood) (SFUNC = enum_larger, STYPE = mood, SORTOP = >);
== operator
CREATE FUNCTION same(a pair, b pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).b = ($2).b'; CREATE OPERATOR === (FUNCTION = same, LEFTARG = pair, RIGHTARG = pair);
--
CREATE FUNCTION same(a pair, b pair) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT ($1).b = ($2).b'; CREATE OPERATOR === (FUNCTION = same, LEFTARG = pair, RIGHTARG = pair, COMMUTATOR = ===, RESTRICT = eqsel, JOIN = eqjoinsel, HASHES);
== operator family
CREATE OPERATOR FAMILY s.fam USING btree;
--
CREATE OPERATOR FAMILY s.fam USING btree; ALTER OPERATOR FAMILY s.fam USING btree ADD OPERATOR 1 < (int, bigint), FUNCTION 1 btint48cmp(int, bigint);
== operator class
CREATE OPERATOR CLASS s.backwards FOR TYPE int USING btree FAMILY s.fam AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(int, int);
--
CREATE OPERATOR CLASS s.backwards FOR TYPE int USING btree AS OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <, FUNCTION 1 btint4cmp(int, int);
== cast
CREATE FUNCTION to_int(m mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1::text)'; CREATE CAST (mood AS int) WITH FUNCTION to_int(mood);
--
CREATE FUNCTION to_int(m mood) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT length($1::text)'; CREATE CAST (mood AS int) WITH FUNCTION to_int(mood) AS ASSIGNMENT;
--
CREATE CAST (mood AS int) WITH INOUT;
== conversion
CREATE CONVERSION s.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
--
CREATE DEFAULT CONVERSION s.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
== transform
CREATE TRANSFORM FOR citext LANGUAGE plpgsql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal));
--
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION pg_catalog.prsd_lextype(internal));
== sequence
CREATE SEQUENCE numbers;
--
CREATE SEQUENCE numbers AS int INCREMENT 5 MAXVALUE 1000 CACHE 3 CYCLE;
--
CREATE SEQUENCE numbers START 100 MINVALUE 10;
== table t
CREATE TABLE t (id int);
--
CREATE TABLE t (id bigint);
--
CREATE UNLOGGED TABLE t (id int) WITH (fillfactor = 70, autovacuum_enabled = false);
--
CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY);
--
CREATE TABLE t (id int) PARTITION BY RANGE (id);
--
CREATE TABLE t (id serial);
== part
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (100);
--
CREATE TABLE t_1 PARTITION OF t FOR VALUES FROM (0) TO (1000) PARTITION BY LIST (id);
--
CREATE TABLE t_1 (id int);
== part rest
CREATE TABLE t_rest PARTITION OF t DEFAULT;
== part of a part
CREATE TABLE t_1_1 PARTITION OF t_1 FOR VALUES IN (1, 2);
--
CREATE TABLE t_1_1 PARTITION OF t_1 DEFAULT;
== table u
CREATE TABLE s.u (k int, w text);
--
CREATE TABLE s.u (k bigint NOT NULL, w varchar(30) COLLATE "C" DEFAULT 'w');
--
CREATE TABLE s.u (k int, w text) USING pile;
== child
CREATE TABLE s.child (more int) INHERITS (s.u);
--
CREATE TABLE s.child (k int, w text, more int);
--
CREATE TABLE s.child (w text, more text) INHERITS (s.u);
== typed table
CREATE TABLE typed OF shape;
--
CREATE TABLE typed OF shape (PRIMARY KEY (id), label WITH OPTIONS DEFAULT 'x');
--
CREATE TABLE typed (id int, label text);
== quoted table
CREATE TABLE "S t"."T b" ("Id" int, "order" text, "ä" date);
--
CREATE TABLE "S t"."T b" ("Id" bigint, "order" text, "ä" timestamptz);
== column a
ALTER TABLE t ADD a int;
--
ALTER TABLE t ADD a bigint NOT NULL DEFAULT 7;
--
ALTER TABLE t ADD a text;
--
ALTER TABLE t ADD a s.amount;
--
ALTER TABLE t ADD a int DEFAULT plus(1);
== column b
ALTER TABLE t ADD b text;
--
ALTER TABLE t ADD b text COLLATE s.words DEFAULT 'b';
--
ALTER TABLE t ADD b varchar(20) NOT NULL;
--
ALTER TABLE t ADD b citext;
--
ALTER TABLE t ADD b mood DEFAULT 'ok';
== column m
ALTER TABLE t ADD m mood;
--
ALTER TABLE t ADD m mood DEFAULT 'sad' NOT NULL;
--
ALTER TABLE t ADD m mood[] DEFAULT '{ok}';
--
ALTER TABLE t ADD m text;
== column p
ALTER TABLE t ADD p pair;
--
ALTER TABLE t ADD p pair[];
--
ALTER TABLE t ADD p total;
--
ALTER TABLE t ADD p span;
== column n
ALTER TABLE t ADD n bigint DEFAULT nextval('numbers');
--
ALTER TABLE t ADD n bigint;
--
ALTER TABLE t ADD n int GENERATED BY DEFAULT AS IDENTITY (START 10);
== sequence owner
ALTER SEQUENCE numbers OWNED BY t.n;
--
ALTER SEQUENCE numbers OWNED BY s.u.k;
== column g
ALTER TABLE t ADD g int GENERATED ALWAYS AS (plus(id::int)) STORED;
--
ALTER TABLE t ADD g text GENERATED ALWAYS AS (b || 'x') STORED;
--
ALTER TABLE t ADD g int GENERATED ALWAYS AS (id * 2) VIRTUAL;
--
ALTER TABLE t ADD g int;
== column of rows
ALTER TABLE "S t"."T b" ADD r t;
--
ALTER TABLE "S t"."T b" ADD r s.u[];
== column storage
ALTER TABLE t ALTER b SET STORAGE EXTERNAL;
--
ALTER TABLE t ALTER b SET STORAGE MAIN, ALTER b SET COMPRESSION pglz;
== column statistics
ALTER TABLE t ALTER b SET STATISTICS 50;
--
ALTER TABLE t ALTER a SET STATISTICS 0, ALTER a SET (n_distinct = 5);
== column comment
COMMENT ON COLUMN t.a IS 'a';
--
COMMENT ON COLUMN t.b IS 'b';
== table comment
COMMENT ON TABLE t IS 'a table';
--
COMMENT ON TABLE t IS 'the table';
== primary key
ALTER TABLE t ADD PRIMARY KEY (id);
--
ALTER TABLE t ADD CONSTRAINT t_key PRIMARY KEY (id) INCLUDE (a);
--
ALTER TABLE t ADD PRIMARY KEY (id, a) DEFERRABLE;
== primary key u
ALTER TABLE s.u ADD PRIMARY KEY (k);
--
ALTER TABLE s.u ADD CONSTRAINT "U key" UNIQUE (k);
== unique
ALTER TABLE t ADD UNIQUE (a, id);
--
ALTER TABLE t ADD CONSTRAINT t_once UNIQUE NULLS NOT DISTINCT (b, id);
--
ALTER TABLE t ADD CONSTRAINT t_once UNIQUE (id, a) DEFERRABLE INITIALLY DEFERRED;
== unique at a time
ALTER TABLE t ADD CONSTRAINT t_at_a_time UNIQUE (id, p WITHOUT OVERLAPS);
== foreign key
ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES s.u;
--
ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES s.u (k) ON DELETE CASCADE DEFERRABLE;
--
ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES s.u (k) ON UPDATE SET NULL NOT VALID;
--
ALTER TABLE t ADD CONSTRAINT t_u FOREIGN KEY (a) REFERENCES s.u (k) NOT ENFORCED;
== foreign key to t
ALTER TABLE s.u ADD CONSTRAINT u_t FOREIGN KEY (k) REFERENCES t (id);
--
ALTER TABLE "S t"."T b" ADD FOREIGN KEY ("Id") REFERENCES t;
== check
ALTER TABLE t ADD CHECK (a IS NOT NULL);
--
ALTER TABLE t ADD CONSTRAINT t_c CHECK (id > 0 AND plus(id::int) > 1);
--
ALTER TABLE t ADD CONSTRAINT t_c CHECK (b::text <> '') NOT VALID;
--
ALTER TABLE t ADD CONSTRAINT t_c CHECK (m::text IN ('ok', 'sad')) NO INHERIT;
== not null
ALTER TABLE t ADD CONSTRAINT b_there NOT NULL b;
--
ALTER TABLE t ALTER b SET NOT NULL;
== not null of a part
ALTER TABLE t_1 ALTER a SET NOT NULL;
--
ALTER TABLE s.child ALTER more SET NOT NULL;
== default of a part
ALTER TABLE t_1 ALTER b SET DEFAULT 'ok';
--
ALTER TABLE s.child ALTER w SET DEFAULT 'child';
== exclusion
ALTER TABLE t ADD CONSTRAINT t_x EXCLUDE USING gist (p WITH &&);
--
ALTER TABLE t ADD CONSTRAINT t_x EXCLUDE USING btree (lower(b::text) WITH =) WHERE (a IS NOT NULL) DEFERRABLE;
--
ALTER TABLE "S t"."T b" ADD EXCLUDE USING hash ("order" WITH =);
== index
CREATE INDEX t_i ON t (a);
--
CREATE INDEX t_i ON t (b DESC NULLS LAST, a) WHERE a IS NOT NULL;
--
CREATE UNIQUE INDEX t_i ON t (id, a) INCLUDE (b);
--
CREATE INDEX t_i ON t USING hash (b);
--
CREATE INDEX t_i ON t USING gist (p);
== index of expressions
CREATE INDEX ON t (plus(id::int), (b::text || 'x') text_pattern_ops);
--
CREATE INDEX ON t ((a IS NULL), id s.backwards);
--
CREATE INDEX ON t USING gin (to_tsvector('s.conf', b::text)) WITH (fastupdate = off);
== index of u
CREATE UNIQUE INDEX u_w ON s.u (w COLLATE s.words, k);
--
CREATE INDEX u_w ON s.u USING brin (w) WITH (pages_per_range = 8);
== index of a part
CREATE INDEX t_1_own ON t_1 (id);
== index comment
COMMENT ON INDEX t_i IS 'fast';
== statistics
CREATE STATISTICS t_s (ndistinct, dependencies) ON a, b FROM t;
--
CREATE STATISTICS t_s ON id, (a IS NULL), (lower(b::text)) FROM t;
--
CREATE STATISTICS t_s (mcv) ON m, id FROM t; ALTER STATISTICS t_s SET STATISTICS 33;
== cluster
ALTER TABLE t CLUSTER ON t_i;
--
ALTER TABLE s.u CLUSTER ON u_pkey;
== replica identity
ALTER TABLE t REPLICA IDENTITY FULL;
--
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
--
ALTER TABLE s.u REPLICA IDENTITY NOTHING;
== view
CREATE VIEW v AS SELECT id, a, b FROM t;
--
CREATE VIEW v AS SELECT * FROM t;
--
CREATE VIEW v WITH (security_barrier) AS SELECT id, a, plus(1) AS c FROM t WHERE a IS NOT NULL WITH CHECK OPTION;
--
CREATE VIEW v AS SELECT t.id, u.w AS b, count(*) AS a FROM t JOIN s.u ON u.k = t.id GROUP BY 1, 2;
--
CREATE TABLE v (id int, a int, b text);
== view over a view
CREATE VIEW s.vv AS SELECT id, a FROM v WHERE id > 1;
--
CREATE VIEW s.vv (x, y) WITH (security_invoker) AS SELECT v.*::text, v.id FROM v;
== view of a type
CREATE VIEW vm AS SELECT 'ok'::mood AS m, NULL::pair AS p, 1::s.amount AS a;
--
CREATE VIEW vm AS SELECT s.sum_up(id::int) AS m FROM t;
--
CREATE VIEW vm AS SELECT m::int AS m FROM t;
== view default
ALTER VIEW v ALTER a SET DEFAULT 5;
== view comment
COMMENT ON VIEW v IS 'to look at';
--
COMMENT ON COLUMN v.a IS 'in the view';
== rule
CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING;
--
CREATE RULE r AS ON INSERT TO v DO ALSO INSERT INTO s.u (k) VALUES (NEW.id);
--
CREATE RULE r AS ON DELETE TO t WHERE OLD.id = 1 DO INSTEAD NOTHING; ALTER TABLE t DISABLE RULE r;
== materialized view
CREATE MATERIALIZED VIEW s.mv AS SELECT id, a FROM t;
--
CREATE MATERIALIZED VIEW s.mv AS SELECT id, count(*) AS a FROM v GROUP BY id WITH NO DATA;
--
CREATE MATERIALIZED VIEW s.mv WITH (fillfactor = 80) AS SELECT k AS id, w AS a FROM ONLY s.u;
--
CREATE VIEW s.mv AS SELECT id, a FROM t;
== index of a materialized view
CREATE UNIQUE INDEX mv_i ON s.mv (id);
--
CREATE INDEX mv_i ON s.mv (a, id);
== statement of a view in a function
CREATE FUNCTION of_v() RETURNS SETOF v LANGUAGE sql STABLE AS 'SELECT * FROM v';
--
CREATE FUNCTION of_v() RETURNS SETOF t LANGUAGE sql STABLE BEGIN ATOMIC SELECT * FROM t; END;
--
CREATE FUNCTION of_v() RETURNS TABLE (x t.id%TYPE) LANGUAGE sql STABLE AS 'SELECT id FROM t';
== trigger
CREATE TRIGGER g BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION stamp();
--
CREATE TRIGGER g AFTER UPDATE OF a ON t FOR EACH ROW WHEN (OLD.a IS DISTINCT FROM NEW.a) EXECUTE FUNCTION stamp('x');
--
CREATE CONSTRAINT TRIGGER g AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION stamp();
--
CREATE TRIGGER g AFTER INSERT ON t REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION stamp();
== trigger of a view
CREATE TRIGGER gv INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION stamp();
== trigger state
ALTER TABLE t DISABLE TRIGGER g;
--
ALTER TABLE t ENABLE ALWAYS TRIGGER g;
== trigger state of a part
ALTER TABLE t_1 DISABLE TRIGGER g;
== trigger comment
COMMENT ON TRIGGER g ON t IS 'looks';
== row security
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
--
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
== policy
CREATE POLICY own ON t USING (id > 0);
--
CREATE POLICY own ON t AS RESTRICTIVE FOR UPDATE TO reader USING (a IS NOT NULL) WITH CHECK (plus(id::int) > 0);
--
CREATE POLICY own ON s.u FOR SELECT TO writer, reader USING (k IN (SELECT id FROM t));
== publication
CREATE PUBLICATION pub;
--
CREATE PUBLICATION pub FOR TABLE t WITH (publish = 'insert');
--
CREATE PUBLICATION pub FOR TABLE t (id, a) WHERE (id > 5), s.u;
--
CREATE PUBLICATION pub FOR ALL TABLES;
--
CREATE PUBLICATION pub FOR TABLES IN SCHEMA s WITH (publish_via_partition_root);
== event trigger
CREATE EVENT TRIGGER watch ON ddl_command_end EXECUTE FUNCTION seen();
--
CREATE EVENT TRIGGER watch ON sql_drop WHEN TAG IN ('DROP VIEW') EXECUTE FUNCTION seen();
== wrapper
CREATE FOREIGN DATA WRAPPER far;
--
CREATE FOREIGN DATA WRAPPER far OPTIONS (debug 'true');
== server
CREATE SERVER there FOREIGN DATA WRAPPER far;
--
CREATE SERVER there TYPE 'x' VERSION '2' FOREIGN DATA WRAPPER far OPTIONS (host 'h');
== user mapping
CREATE USER MAPPING FOR reader SERVER there OPTIONS (u 'x');
--
CREATE USER MAPPING FOR PUBLIC SERVER there;
== foreign table
CREATE FOREIGN TABLE ft (id int, b text) SERVER there;
--
CREATE FOREIGN TABLE ft (id bigint OPTIONS (c 'i'), b text NOT NULL DEFAULT 'x', CHECK (id > 0)) SERVER there OPTIONS (t 'x');
--
CREATE FOREIGN TABLE ft (more int) INHERITS (s.u) SERVER there;
== owner
ALTER TABLE t OWNER TO keeper;
--
ALTER VIEW v OWNER TO keeper; ALTER FUNCTION plus OWNER TO keeper;
--
ALTER TYPE mood OWNER TO keeper; ALTER SCHEMA s OWNER TO keeper;
== grant schema
GRANT USAGE ON SCHEMA s TO reader;
--
GRANT USAGE, CREATE ON SCHEMA s TO writer WITH GRANT OPTION;
== grant table
GRANT SELECT ON t TO reader;
--
GRANT SELECT, INSERT, UPDATE ON t TO PUBLIC, writer;
--
GRANT ALL ON t TO writer WITH GRANT OPTION;
== grant column
GRANT SELECT (a), UPDATE (id) ON t TO reader;
--
GRANT UPDATE (b) ON t TO reader WITH GRANT OPTION;
== grant view
GRANT SELECT ON v TO reader;
--
GRANT SELECT, DELETE ON v, s.vv TO writer;
== grant other
GRANT USAGE ON SEQUENCE numbers TO reader;
--
GRANT USAGE ON TYPE mood TO reader; REVOKE USAGE ON TYPE mood FROM PUBLIC;
--
GRANT USAGE ON FOREIGN SERVER there TO writer;
== grant function
REVOKE EXECUTE ON FUNCTION plus FROM PUBLIC;
--
GRANT EXECUTE ON FUNCTION plus TO reader, writer;
== default privileges
ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO reader;
--
ALTER DEFAULT PRIVILEGES GRANT USAGE ON SEQUENCES TO writer;
--
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
== other comment
COMMENT ON CONSTRAINT t_c ON t IS 'checked';
--
COMMENT ON POLICY own ON t IS 'policy';
--
COMMENT ON RULE r ON v IS 'rule';
--
COMMENT ON STATISTICS t_s IS 'statistics';
--
COMMENT ON MATERIALIZED VIEW s.mv IS 'materialized';
--
COMMENT ON DOMAIN s.amount IS 'money';
"""


def _objects() -> Mapping[str, Sequence[str]]:
    found = (one.partition("\n") for one in re.split(r"^== ", TEXT, flags=re.MULTILINE)[1:])
    return {name: [v.strip() for v in re.split(r"^--$", body, flags=re.MULTILINE)] for name, _, body in found}


OBJECTS = _objects()

Choice = Mapping[str, int | None]
"""The variant of each object that is there."""
ROLES = ("reader", "writer", "keeper")
"""The last owns things, and is given no rights: those of an owner that nobody declares are refused."""


def load(connection: psycopg.Connection[Any], choice: Choice, roles: Sequence[str] = ROLES) -> str:
    """Make what can be made of the choice, in this empty database in autocommit; the script that makes it, with the roles by these names."""
    called = dict(zip(ROLES, roles, strict=True))
    made: list[str] = []
    for name, variants in OBJECTS.items():
        if (variant := choice.get(name)) is not None:
            script = re.sub(rf"\b(?:{'|'.join(ROLES)})\b", lambda m: called[m[0]], variants[variant])
            with suppress(psycopg.Error), connection.transaction():
                connection.execute(script.encode())
                made.append(script)
    return "\n".join(made)
