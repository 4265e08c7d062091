"""Changes to types, and to how values are converted, compared and searched."""

from typing import LiteralString

from tests.live.catalog_changes.change import Change

OPERATOR: LiteralString = "CREATE OPERATOR === (PROCEDURE = int4eq, LEFTARG = int, RIGHTARG = int); "
BTREE: LiteralString = (
    "OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(int, int)"
)

TYPES: dict[str, Change] = {
    "enum label": Change(
        "CREATE TYPE m AS ENUM ('a', 'c')",
        "ALTER TYPE m ADD VALUE 'b' BEFORE 'c'",
        "DROP TYPE m; CREATE TYPE m AS ENUM ('a', 'c')",
        "type public.m",
    ),
    "enum label's text": Change(
        "CREATE TYPE m AS ENUM ('a')",
        "ALTER TYPE m RENAME VALUE 'a' TO 'b'",
        "ALTER TYPE m RENAME VALUE 'b' TO 'a'",
        "type public.m",
    ),
    "order of enum labels": Change(
        "CREATE TYPE m AS ENUM ('a', 'b')",
        "DROP TYPE m; CREATE TYPE m AS ENUM ('b', 'a')",
        "DROP TYPE m; CREATE TYPE m AS ENUM ('a', 'b')",
        "type public.m",
    ),
    "domain's check": Change(
        "CREATE DOMAIN d AS int",
        "ALTER DOMAIN d ADD CONSTRAINT c CHECK (VALUE > 0)",
        "ALTER DOMAIN d DROP CONSTRAINT c",
        "domain constraint c on public.d",
    ),
    "domain's default": Change(
        "CREATE DOMAIN d AS int", "ALTER DOMAIN d SET DEFAULT 1", "ALTER DOMAIN d DROP DEFAULT", "type public.d"
    ),
    "domain's not null": Change(
        "CREATE DOMAIN d AS int", "ALTER DOMAIN d SET NOT NULL", "ALTER DOMAIN d DROP NOT NULL", "type public.d"
    ),
    "domain's type": Change(
        "CREATE DOMAIN d AS varchar(10)",
        "DROP DOMAIN d; CREATE DOMAIN d AS varchar(20)",
        "DROP DOMAIN d; CREATE DOMAIN d AS varchar(10)",
        "type public.d",
    ),
    "attribute": Change(
        "CREATE TYPE c AS (a int)",
        "ALTER TYPE c ADD ATTRIBUTE b int",
        "ALTER TYPE c DROP ATTRIBUTE b",
        "composite type column public.c.b",
    ),
    "order of attributes": Change(
        "CREATE TYPE c AS (a int, b int)",
        "DROP TYPE c; CREATE TYPE c AS (b int, a int)",
        "DROP TYPE c; CREATE TYPE c AS (a int, b int)",
        "composite type column public.c.a",
    ),
    "range": Change(
        "CREATE TYPE r AS RANGE (SUBTYPE = int)",
        "DROP TYPE r; CREATE TYPE r AS RANGE (SUBTYPE = bigint)",
        "DROP TYPE r; CREATE TYPE r AS RANGE (SUBTYPE = int)",
        "type public.r",
    ),
    "type's name": Change(
        "CREATE TYPE c AS (a int)", "ALTER TYPE c RENAME TO d", "ALTER TYPE d RENAME TO c", "type public.d"
    ),
    "privilege on a type": Change(
        "CREATE TYPE m AS ENUM ()",
        "REVOKE USAGE ON TYPE m FROM PUBLIC",
        "GRANT USAGE ON TYPE m TO PUBLIC",
        "type public.m",
    ),
    "collation": Change(
        "CREATE COLLATION x (LC_COLLATE = 'C', LC_CTYPE = 'C')",
        "DROP COLLATION x; CREATE COLLATION x (LC_COLLATE = 'POSIX', LC_CTYPE = 'POSIX')",
        "DROP COLLATION x; CREATE COLLATION x (LC_COLLATE = 'C', LC_CTYPE = 'C')",
        "collation public.x",
    ),
    "cast": Change(
        "CREATE TYPE c AS (a int); CREATE CAST (c AS text) WITH INOUT",
        "DROP CAST (c AS text); CREATE CAST (c AS text) WITH INOUT AS ASSIGNMENT",
        "DROP CAST (c AS text); CREATE CAST (c AS text) WITH INOUT",
        "cast (public.c AS pg_catalog.text)",
    ),
    "conversion": Change(
        "",
        "CREATE CONVERSION x FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8",
        "DROP CONVERSION x",
        "conversion public.x",
    ),
    "transform": Change(
        "",
        "CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal))",
        "DROP TRANSFORM FOR int LANGUAGE sql",
        "transform for integer language sql",
        ">=16",
    ),
    "operator": Change("", OPERATOR, "DROP OPERATOR === (int, int)", "operator public.===(integer,integer)"),
    "operator's property": Change(
        OPERATOR,
        "ALTER OPERATOR === (int, int) SET (RESTRICT = eqsel)",
        "ALTER OPERATOR === (int, int) SET (RESTRICT = NONE)",
        "operator public.===(integer,integer)",
    ),
    "operator class": Change(
        "CREATE OPERATOR FAMILY o USING btree",
        "CREATE OPERATOR CLASS o FOR TYPE int USING btree FAMILY o AS " + BTREE,
        "DROP OPERATOR CLASS o USING btree",
        "operator class public.o USING btree",
    ),
    "member of an operator family": Change(
        "CREATE OPERATOR FAMILY o USING btree",
        "ALTER OPERATOR FAMILY o USING btree ADD OPERATOR 1 < (int, bigint)",
        "ALTER OPERATOR FAMILY o USING btree DROP OPERATOR 1 (int, bigint)",
        "operator of access method operator 1 (integer, bigint) of public.o USING btree",
    ),
    "method of access": Change(
        "", "CREATE ACCESS METHOD x TYPE TABLE HANDLER heap_tableam_handler", "DROP ACCESS METHOD x", "access method x"
    ),
    "text search dictionary": Change(
        "CREATE TEXT SEARCH DICTIONARY x (TEMPLATE = simple)",
        "ALTER TEXT SEARCH DICTIONARY x (STOPWORDS = english)",
        "ALTER TEXT SEARCH DICTIONARY x (STOPWORDS)",
        "text search dictionary public.x",
    ),
    "order of dictionaries": Change(
        "CREATE TEXT SEARCH CONFIGURATION x (PARSER = default); ALTER TEXT SEARCH CONFIGURATION x ADD MAPPING FOR word WITH simple, english_stem",
        "ALTER TEXT SEARCH CONFIGURATION x ALTER MAPPING FOR word WITH english_stem, simple",
        "ALTER TEXT SEARCH CONFIGURATION x ALTER MAPPING FOR word WITH simple, english_stem",
        "text search configuration public.x",
    ),
}

CHANGES: dict[str, Change] = TYPES
