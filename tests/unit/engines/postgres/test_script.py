"""A SQL script is cut as psql cuts it, and what a declaration may not hold is refused with its place."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.core.errors import InvalidSpec
from colonnade.engines import Source
from colonnade.engines.postgres.declared.load import script
from colonnade.engines.postgres.declared.script import IGNORED, REFUSED, statements, wanted
from colonnade.engines.postgres.declared.unfilled import unfilled


def cut(text: str) -> list[str]:
    return [s.text for s in statements(Source("a.sql", text))]


def refusal(text: str) -> str:
    with pytest.raises(InvalidSpec) as told:
        list(script(Source("a.sql", text)))
    return str(told.value)


WHOLE = [
    "SELECT 'a;b''c;'",
    "SELECT E'a\\';b\\\\'",
    "SELECT e'\\\\'",
    'SELECT ";""; "',
    'SELECT U&"d;\\0061t"',
    "SELECT U&'d;\\0061t', N'x;', B'1;', X'1;'",
    "SELECT $$ ; $$",
    "SELECT $a$ ; $$ ; $b$ ; $a$",
    "SELECT $ä$ ; $ä$",
    "SELECT a$b$",
    "SELECT $1, $2",
    "SELECT 1 /* ; /* ; */ ; */ + 1",
    "SELECT 1 -- ; '\n + 1",
    "SELECT 1 - -1, 2--3\n",
    "SELECT (1; 2)",
    "SELECT ARRAY[1; 2]",
    "CREATE RULE r AS ON INSERT TO t DO ALSO (DELETE FROM u; NOTIFY x;)",
    "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END",
    "CREATE PROCEDURE p(a int) BEGIN ATOMIC SELECT CASE WHEN true THEN CASE WHEN a > 1 THEN 1 END END; END",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'BEGIN; ATOMIC'",
    'CREATE FUNCTION "begin"() RETURNS int BEGIN ATOMIC RETURN 1; END',
    "CREATE TABLE begin (atomic int)",
    "ALTER TABLE case ADD COLUMN a int",
    "SELECT '\n;\n'",
    "CREATE TABLE t (a text DEFAULT E'a\\';b\\\\', b text)",
    "CREATE TABLE t (a text DEFAULT 'e', b text DEFAULT e'\\\\' ';')",
    "CREATE TABLE t (a text CHECK (a <> $$ ; $$ AND a <> $x$ $$; $x$), a$b$ text, b$c text, c text DEFAULT $b$ ; $b$)",
    "CREATE TABLE t (a text, -- ; '\n b text /* ; /* ' */ */, c int DEFAULT - 1, d text DEFAULT U&'d;\\0061t')",
    'CREATE TABLE t ("a;" text, U&"e;" text, hate\'x;\' text)',
    "ALTER TABLE t ADD CONSTRAINT c CHECK (a IN (1; 2))",
    "CREATE OR REPLACE VIEW v AS SELECT CASE WHEN a$1 > 1 THEN 'one;' END, b[1;2]",
]


@pytest.mark.parametrize("statement", WHOLE)
def test_one_statement_is_one_whatever_stands_in_it(statement: str) -> None:
    assert cut(statement) == [statement.rstrip()]
    assert cut(f"{statement};") == [statement]
    assert cut(f";; {statement} ; ;SELECT 2;") == [f"{statement} ", "SELECT 2"]


@pytest.mark.parametrize("statement", WHOLE)
def test_the_place_of_what_follows_is_right(statement: str) -> None:
    text = f"{statement};\n\n  CREATE TABLE t ()"
    *_, last = statements(Source("a.sql", text))
    line = statement.count("\n") + 3
    assert last.place() == f"a.sql, line {line}, column 3"
    assert last.place(1) == last.place()
    assert last.place(8) == f"a.sql, line {line}, column 10"


def test_a_place_counts_characters_and_lines_within_the_statement() -> None:
    (only,) = statements(Source("a.sql", "-- ä\n/* x\n */ CREATE TABLE \n ü (ß\n intt)"))
    position = only.text.index("intt") + 1
    assert only.place(position) == "a.sql, line 5, column 2"
    assert only.place(only.text.index("ü") + 1) == "a.sql, line 4, column 2"


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        ";;;",
        "-- only a comment",
        "/* only /* a */ comment */",
        "\\echo shop\n\\set x 1\n\\. \n",
        "\ufeff",
        "\\restrict abc;def\n",
    ],
)
def test_there_is_no_statement_where_nothing_is_said(text: str) -> None:
    assert cut(text) == []


def test_commands_of_psql_are_passed_over_between_statements_alone() -> None:
    assert cut("\\cd x\nSELECT 1;\n\\d\nSELECT '\n\\d\n';") == ["SELECT 1", "SELECT '\n\\d\n'"]
    assert cut("SELECT 1\n\\d\n;") == ["SELECT 1\n\\d\n"], "Postgres tells where it stands"


@pytest.mark.parametrize(
    "command",
    ["\\i", "\\ir", "\\include", "\\gexec", "\\c", "\\connect", "\\copy", "\\if", "\\elif", "\\else", "\\endif"],
)
def test_commands_of_psql_that_would_bring_more_or_less_are_refused(command: str) -> None:
    said = refusal(f"CREATE TABLE t (a int);\n{command} shop\nCREATE TABLE u (a int);")
    assert said.startswith(f"a.sql, line 2, column 1: {command} is a command of psql's and no SQL")


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_comment_ends_with_its_line_whatever_ends_that(end: str) -> None:
    text = f"-- a; 'b{end}SELECT 1; -- ${end}SELECT '-- x{end}y; z'; /* -- */ SELECT 3"
    assert [s.text.strip() for s in statements(Source("t.sql", text))] == [
        "SELECT 1",
        f"SELECT '-- x{end}y; z'",
        "SELECT 3",
    ]


def test_the_mark_of_some_editors_is_passed_over() -> None:
    (only,) = statements(Source("a.sql", "\ufeffSELECT 1"))
    assert (only.text, only.words) == ("SELECT 1", ("SELECT",))


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        ("CREATE TABLE t ();\n SELECT 'it", "line 2, column 9", "quote '"),
        ("SELECT 'it's'", "line 1, column 13", "quote '"),
        ("SELECT 'it''s", "line 1, column 8", "quote '"),
        ('SELECT "a""b', "line 1, column 8", 'quote "'),
        ("SELECT E'a\\'", "line 1, column 8", "quote E'"),
        ('CREATE TABLE "t (a int);', "line 1, column 14", 'quote "'),
        ("CREATE FUNCTION f() AS $$ x $a$;", "line 1, column 24", "quote $$"),
        ("CREATE FUNCTION f() AS $body$ x $$;", "line 1, column 24", "quote $body$"),
        ("CREATE TABLE t ();\n\n /* a /* b */", "line 3, column 2", "comment /*"),
    ],
)
def test_what_is_not_closed_is_told_where_it_begins(text: str, place: str, what: str) -> None:
    assert refusal(text) == (f"a.sql, {place}: the {what} that begins here is not closed; close it")


def test_a_nul_character_is_refused() -> None:
    assert "NUL" in refusal("CREATE TABLE t (a text DEFAULT '\x00')")


@pytest.mark.parametrize("words", REFUSED, ids=" ".join)
def test_what_says_nothing_about_the_schema_is_refused_with_its_place(words: tuple[str, ...]) -> None:
    told = refusal(f"CREATE TABLE t ();\n  {' '.join(words).lower()} x;")
    assert told.startswith(f"a.sql, line 2, column 3: {' '.join(words)} ")
    assert "take it out" in told


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("SELECT 1", "SELECT runs a query"),
        (
            "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (user 'x', password 'y')",
            "the option password may hold what nobody may see",
        ),
        ("ALTER SERVER s OPTIONS (host 'h', ADD sslkey 'y')", "the option sslkey may hold"),
        ("(SELECT 1)", "SELECT runs a query"),
        ("SELECT set_config('role', 'postgres', false)", "SELECT runs a query"),
        ("SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false)", "SELECT runs a query"),
        ("SELECT f('set_config')", "SELECT runs a query"),
        ("INSERT INTO t VALUES (1)", "use spec.backfills"),
        ("SET SESSION ROLE postgres", "SET ROLE changes the session"),
        ("/* x */ set role postgres", "SET ROLE changes the session"),
        ("GRANT admin TO team", "GRANT manages roles"),
        ('GRANT "on" TO team', "GRANT manages roles"),
        ("REVOKE admin FROM team", "REVOKE manages roles"),
        ("GRANT CONNECT ON DATABASE shop TO team", "GRANT manages databases"),
        ("GRANT CREATE ON TABLESPACE fast TO team", "GRANT manages tablespaces"),
        ("GRANT SET ON PARAMETER work_mem TO team", "GRANT manages the server"),
        ("COMMENT ON DATABASE shop IS 'x'", "COMMENT manages databases"),
        ("COMMENT ON ROLE team IS 'x'", "COMMENT manages roles"),
        ("SECURITY LABEL FOR selinux ON ROLE team IS 'x'", "SECURITY LABEL labels objects"),
        ("ALTER DATABASE shop SET work_mem = 1", "ALTER DATABASE manages databases"),
    ],
)
def test_what_reaches_beyond_the_database_is_refused(text: str, part: str) -> None:
    assert part in refusal(text)


@pytest.mark.parametrize("words", IGNORED, ids=" ".join)
def test_what_a_dump_says_besides_is_passed_over(words: tuple[str, ...]) -> None:
    assert list(script(Source("a.sql", f"{' '.join(words)} x;"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "GRANT SELECT ON t TO team",
        "GRANT SELECT ON ALL TABLES IN SCHEMA app TO team",
        "REVOKE ALL ON FUNCTION f() FROM PUBLIC",
        "COMMENT ON TABLE t IS 'x'",
        "COMMENT ON COLUMN t.on IS 'x'",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO team",
        "CREATE USER MAPPING FOR team SERVER s",
        "ALTER USER MAPPING FOR team SERVER s OPTIONS (SET user 'x')",
        "SELECT pg_catalog.set_config('search_path', '', false)",
        "SET search_path = app",
        "SET default_table_access_method = heap",
        "DROP TABLE t",
        "DO $$ BEGIN END $$",
        "CREATE TABLE insert_log ()",
        "CREATE TABLE t AS TABLE u",
        "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'INSERT INTO t VALUES (1)'",
    ],
)
def test_what_says_something_about_the_schema_is_taken_as_it_is(text: str) -> None:
    (item,) = script(Source("a.sql", text))
    assert item.text == text


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("CREATE ROLE Team", "team"),
        ('CREATE USER "We ""ird" PASSWORD \'secret\'', '"We ""ird"'),
        ("create group team WITH USER x", "team"),
        ("CREATE ROLE it$1", "it$1"),
    ],
)
def test_a_role_that_is_declared_has_to_be_there_and_its_password_goes_nowhere(text: str, role: str) -> None:
    (item,) = script(Source("a.sql", text))
    assert item.text.startswith("SELECT '")
    assert item.text.endswith("::pg_catalog.regrole")
    assert role.strip('"') in item.text.replace("''", "'")
    assert "secret" not in item.text


PIECES = st.sampled_from(
    ["'a;'", '"b;"', "$$c;$$", "$t$;$$;$t$", "/*;*/", "--;\n", "(;)", " ", "x", "\n", "E'\\';'", "1.5", "[;]", "ä"]
)


@given(st.lists(st.lists(PIECES, min_size=1), max_size=5))
def test_cutting_is_undone_by_putting_together(groups: list[list[str]]) -> None:
    """What lies between two semicolons is one statement, whatever it is made of."""
    wanted = [text.strip() for group in groups if (text := " ".join(group)).strip()]
    found = cut(";".join(f"\n{text}\n" for text in wanted))
    spoken = [text for text in wanted if cut(text)]
    assert len(found) == len(spoken)
    for whole, statement in zip(spoken, found, strict=True):
        assert whole.endswith(statement.rstrip()) or statement.rstrip() in whole


@given(st.text(alphabet="ab'\"$;()/*-\\\n E", max_size=40))
def test_any_text_is_cut_or_refused_and_never_loses_a_statement(text: str) -> None:
    source = Source("a.sql", text)
    try:
        found = list(statements(source))
    except InvalidSpec:
        return
    for one in found:
        assert text[one.offset :].startswith(one.text)
    assert all(a.offset + len(a.text) <= b.offset for a, b in itertools.pairwise(found))


def test_only_statements_of_the_schema_are_wanted() -> None:
    said = [
        wanted(s) for s in statements(Source("a.sql", "BEGIN; CREATE TABLE t (); COMMIT; CREATE ROLE r; RESET ALL;"))
    ]
    assert said == [False, True, False, False, False]


@pytest.mark.parametrize(
    ("statement", "same"),
    [
        ("CREATE MATERIALIZED VIEW m AS SELECT 1", "CREATE MATERIALIZED VIEW m AS SELECT 1\nWITH NO DATA"),
        ("create materialized  view m AS TABLE t WITH DATA", "create materialized  view m AS TABLE t WITH NO DATA"),
        ("CREATE MATERIALIZED VIEW m AS TABLE t with\n data -- c", "CREATE MATERIALIZED VIEW m AS TABLE t WITH NO DATA"),
        ("CREATE MATERIALIZED VIEW m AS TABLE t WITH NO DATA", "CREATE MATERIALIZED VIEW m AS TABLE t WITH NO DATA"),
        ("CREATE MATERIALIZED VIEW m AS SELECT 1 -- with data", "CREATE MATERIALIZED VIEW m AS SELECT 1 -- with data\nWITH NO DATA"),
        ('CREATE MATERIALIZED VIEW m AS SELECT 1 "with", 2 data', 'CREATE MATERIALIZED VIEW m AS SELECT 1 "with", 2 data\nWITH NO DATA'),
        ("CREATE VIEW m AS SELECT 1", "CREATE VIEW m AS SELECT 1"),
    ],
)  # fmt: skip
def test_no_materialized_view_is_filled_where_it_is_only_looked_at(statement: str, same: str) -> None:
    assert unfilled(statement) == same
