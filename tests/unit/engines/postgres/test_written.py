from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from colonnade.engines.postgres.clauses import NotInYamlError, index_fields
from colonnade.engines.postgres.printed_sql import bare
from colonnade.engines.postgres.written import tidied


def quoted(names: Iterable[str]) -> Mapping[str, str]:
    """As the server would: only what has to be."""
    return {
        name: name if name.isidentifier() and name.islower() else '"{}"'.format(name.replace('"', '""'))
        for name in names
    }


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ('CREATE TABLE "a"."b" ("C" int, "d""e" int)', 'CREATE TABLE a.b ("C" int, "d""e" int)'),
        ('COMMENT ON TABLE "a" IS \'the "b" \'\' "c"\'', "COMMENT ON TABLE a IS 'the \"b\" '' \"c\"'"),
        ('SELECT E\'\\\'"a"\', "b"', "SELECT E'\\'\"a\"', b"),
        ("SELECT 'a\\', \"b\"", "SELECT 'a\\', b"),
        ('CREATE FUNCTION "f"() AS $x$ "a"  \n $$ "b" $x$', 'CREATE FUNCTION f() AS $x$ "a"  \n $$ "b" $x$'),
        ('CREATE TABLE a$b$ ("c" int, d$b$ int)', "CREATE TABLE a$b$ (c int, d$b$ int)"),
        ('SELECT U&"\\0441"', 'SELECT U&"\\0441"'),
        ("CREATE TABLE a (\n  b int, \n  c text\t\n)", "CREATE TABLE a (\n  b int,\n  c text\n)"),
        ("CREATE OR REPLACE FUNCTION f()", "CREATE FUNCTION f()"),
    ],
)
def test_only_what_looks_better_and_means_the_same_is_changed(statement: str, kept: str) -> None:
    assert list(tidied([statement], quoted)) == [kept]


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        ("((a > 0))", "a > 0"),
        ("(a > 0) AND (b > 0)", "(a > 0) AND (b > 0)"),
        ("(a)::integer", "(a)::integer"),
        ("(a = ')')", "a = ')'"),
        ("now()", "now()"),
    ],
)
def test_brackets_around_the_whole_are_no_news(expression: str, kept: str) -> None:
    assert bare(expression) == kept


@pytest.mark.parametrize(
    ("definition", "fields"),
    [
        ("USING btree (a)", {"columns": [{"name": "a"}]}),
        (
            'USING btree ("A,b" DESC, lower((c)::text) COLLATE "C" text_pattern_ops DESC NULLS LAST, ((d + 1)))',
            {
                "columns": [
                    {"name": "A,b", "order": "Desc"},
                    {
                        "expression": "lower((c)::text)",
                        "collation": '"C"',
                        "opclass": "text_pattern_ops",
                        "order": "Desc",
                        "nulls": "Last",
                    },
                    {"expression": "d + 1"},
                ]
            },
        ),
        (
            "USING gin (name public.gin_trgm_ops) WITH (fastupdate=off, gin_pending_list_limit='128')",
            {
                "method": "gin",
                "columns": [{"name": "name", "opclass": "public.gin_trgm_ops"}],
                "options": {"fastupdate": "off", "gin_pending_list_limit": "128"},
            },
        ),
        (
            "USING btree (a NULLS FIRST) INCLUDE (b, \"C\") NULLS NOT DISTINCT WHERE ((b)::text <> ' WITH (x)'::text)",
            {
                "columns": [{"name": "a", "nulls": "First"}],
                "include": ["b", "C"],
                "nullsNotDistinct": True,
                "where": "(b)::text <> ' WITH (x)'::text",
            },
        ),
        (
            "USING gist (t gist_trgm_ops (siglen='32'), app.f(x, y))",
            {
                "method": "gist",
                "columns": [{"name": "t", "opclass": "gist_trgm_ops (siglen='32')"}, {"expression": "app.f(x, y)"}],
            },
        ),
    ],
)
def test_an_index_is_taken_apart(definition: str, fields: dict[str, object]) -> None:
    assert {name: value for name, value in index_fields(definition).items() if value} == fields


def test_what_is_no_plain_name_is_left_to_sql() -> None:
    with pytest.raises(NotInYamlError):
        index_fields("USING btree (a) INCLUDE (lower(b))")
