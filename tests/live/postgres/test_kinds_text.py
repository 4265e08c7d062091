"""What words are made of: collations, text search."""

import pytest

from tests.live.postgres.walk import Walk, cases

COLLATIONS = cases("""
== libc
CREATE COLLATION c (locale = 'C');
COMMENT ON COLLATION c IS 'plain';
--
CREATE COLLATION c (lc_collate = 'C', lc_ctype = 'POSIX');
--
CREATE COLLATION "C d" FROM "C";
== used
CREATE COLLATION c (locale = 'C');
CREATE TABLE t (a text COLLATE c, b int);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t ((b::text) COLLATE c);
--
CREATE COLLATION c (locale = 'POSIX');
CREATE TABLE t (a text COLLATE c, b int);
CREATE INDEX i ON t (a);
CREATE INDEX j ON t ((b::text) COLLATE c);
== by_a_domain
CREATE COLLATION c (locale = 'C');
CREATE DOMAIN d text COLLATE c;
CREATE TABLE t (a d);
--
CREATE COLLATION c (locale = 'POSIX');
CREATE DOMAIN d text COLLATE c;
CREATE TABLE t (a d);
== by_a_view
CREATE COLLATION c (locale = 'C');
CREATE TABLE t (a text);
CREATE VIEW v AS SELECT a COLLATE c AS a FROM t;
--
CREATE COLLATION c (locale = 'POSIX');
CREATE TABLE t (a text);
CREATE VIEW v AS SELECT a COLLATE c AS a FROM t;
""")
ICU = cases("""
== icu
CREATE COLLATION c (provider = icu, locale = 'und');
--
CREATE COLLATION c (provider = icu, locale = 'de-u-co-phonebk', deterministic = false);
--
CREATE COLLATION c (provider = libc, locale = 'C');
""")
RULES = cases("""
== rules
CREATE COLLATION c (provider = icu, locale = 'und', rules = '&a < b');
--
CREATE COLLATION c (provider = icu, locale = 'und', rules = '&b < a');
""")
BUILTIN = cases("""
== builtin
CREATE COLLATION c (provider = builtin, locale = 'C');
--
CREATE COLLATION c (provider = builtin, locale = 'C.UTF-8');
""")

TEXT_SEARCH = cases("""
== parser
CREATE TEXT SEARCH PARSER p (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = p);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple;
COMMENT ON TEXT SEARCH PARSER p IS 'cuts';
--
CREATE TEXT SEARCH PARSER p
  (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype, HEADLINE = prsd_headline);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = p);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word WITH simple;
== template
CREATE TEXT SEARCH TEMPLATE t (LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t);
COMMENT ON TEXT SEARCH TEMPLATE t IS 'a mould';
--
CREATE TEXT SEARCH TEMPLATE t (INIT = dsimple_init, LEXIZE = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = t, accept = false);
== dictionary_options
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = english);
COMMENT ON TEXT SEARCH DICTIONARY d IS 'stems';
--
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = german, stopwords = german);
--
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = english, accept = true);
--
CREATE TEXT SEARCH DICTIONARY "D d" (TEMPLATE = simple, accept = false);
== configuration
CREATE TEXT SEARCH CONFIGURATION c (COPY = english);
COMMENT ON TEXT SEARCH CONFIGURATION c IS 'as english';
--
CREATE TEXT SEARCH CONFIGURATION c (COPY = english);
ALTER TEXT SEARCH CONFIGURATION c DROP MAPPING FOR email, url;
ALTER TEXT SEARCH CONFIGURATION c ALTER MAPPING FOR asciiword WITH simple, english_stem;
--
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
--
CREATE TEXT SEARCH CONFIGURATION c (COPY = simple);
== replaced_dictionary
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, asciiword WITH d, simple;
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gin (to_tsvector('c', a));
CREATE VIEW v AS SELECT to_tsvector('c', a) AS w FROM t;
--
CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = snowball, language = english);
CREATE TEXT SEARCH CONFIGURATION c (PARSER = default);
ALTER TEXT SEARCH CONFIGURATION c ADD MAPPING FOR word, asciiword WITH d, simple;
CREATE TABLE t (a text);
CREATE INDEX i ON t USING gin (to_tsvector('c', a));
CREATE VIEW v AS SELECT to_tsvector('c', a) AS w FROM t;
""")


def test_collations(walk: Walk) -> None:
    walk.cases(COLLATIONS)


def test_collations_of_icu(walk: Walk) -> None:
    if not walk.place().ask("SELECT count(*) FROM pg_collation WHERE collname = 'de-x-icu'"):
        pytest.skip("this Postgres was built without ICU")
    walk.cases(ICU)


@pytest.mark.postgres(">=16")
def test_rules_of_collations(walk: Walk) -> None:
    if not walk.place().ask("SELECT count(*) FROM pg_collation WHERE collname = 'de-x-icu'"):
        pytest.skip("this Postgres was built without ICU")
    walk.cases(RULES)


@pytest.mark.postgres(">=17")
def test_collations_of_the_server_itself(walk: Walk) -> None:
    walk.cases(BUILTIN)


def test_text_search(walk: Walk) -> None:
    walk.cases(TEXT_SEARCH)


def test_options_of_a_dictionary_change_in_place(walk: Walk) -> None:
    live = walk.place("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, stopwords = english);")
    taken = walk.go(live, walk.place("CREATE TEXT SEARCH DICTIONARY d (TEMPLATE = simple, accept = 'false');"))
    assert [s.statement for s in taken] == [
        """ALTER TEXT SEARCH DICTIONARY "public"."d" (accept = 'false', stopwords)"""
    ]
