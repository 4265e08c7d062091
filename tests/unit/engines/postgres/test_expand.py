"""Columns by other names, in what the server prints of indexes and constraints."""

from __future__ import annotations

import pytest

from colonnade.engines.postgres.rewriting.expand import key_on_others, lists, on_others

RENAMES = {"a": "a_new", "lower": "lower_new", 'A "b': "odd_new", "text": "text_new", "straße": "street_new"}

DEFINITIONS = {
    "a plain list": ("USING btree (a, z DESC) INCLUDE (a)", 'USING btree ("a_new", z DESC) INCLUDE ("a_new")'),
    "a quoted name": ('USING btree ("A ""b")', 'USING btree ("odd_new")'),
    "letters of others": ("CHECK ((straße > 0))", 'CHECK (("street_new" > 0))'),
    "a function of the same name": ("USING btree (lower(lower))", 'USING btree (lower("lower_new"))'),
    "a type of the same name": ("CHECK (((text)::text = ''::text))", "CHECK (((\"text_new\")::text = ''::text))"),
    "the value in a string": ("WHERE (z = 'a'::text)", "WHERE (z = 'a'::text)"),
    "a quote in a string": ("WHERE (z = 'it''s a'::text) AND a", "WHERE (z = 'it''s a'::text) AND \"a_new\""),
    "something in a schema": ("USING btree (a.a(z), z a.a)", "USING btree (a.a(z), z a.a)"),
    "a collation": ('USING btree (z COLLATE "a")', 'USING btree (z COLLATE "a")'),
    "a part of a name": ("CHECK ((ab > a1))", "CHECK ((ab > a1))"),
    "a field of a column": ("CHECK (((a).x > 0))", 'CHECK ((("a_new").x > 0))'),
}


@pytest.mark.parametrize(("definition", "expected"), DEFINITIONS.values(), ids=DEFINITIONS)
def test_only_columns_are_called_otherwise(definition: str, expected: str) -> None:
    assert on_others(definition, RENAMES) == expected


def test_a_foreign_key_has_names_of_two_tables() -> None:
    definition = "FOREIGN KEY (a, b) REFERENCES a.a(b, a) ON DELETE SET NULL (a)"
    changed = key_on_others(definition, {"a": "own"}, {"b": "target"})
    assert changed == 'FOREIGN KEY ("own", b) REFERENCES a.a("target", a) ON DELETE SET NULL ("own")'


LISTED = {
    "USING btree (a)": True,
    "USING btree (z, a DESC)": True,
    "USING btree (z) INCLUDE (a)": True,
    'USING btree ("a")': True,
    "USING btree (lower(a))": False,
    "USING btree ((a + 1))": False,
    "USING btree (z) WHERE (a > 0)": False,
}


@pytest.mark.parametrize(("definition", "listed"), LISTED.items())
def test_which_columns_an_index_has_as_they_are(definition: str, listed: bool) -> None:
    assert lists(definition, "a") is listed
