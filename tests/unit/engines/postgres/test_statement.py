"""The only door to quoting."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.core.kind import ObjectId
from colonnade.engines import Source
from colonnade.engines.postgres.declared.script import statements
from colonnade.engines.postgres.statement import joined, listed, name, printed, q, step, text, value, words

NAMES = st.text(alphabet=st.characters(exclude_characters="\x00", codec="utf-8"), min_size=1, max_size=20)


@given(st.lists(NAMES, min_size=1, max_size=3), NAMES)
def test_whatever_a_name_or_value_holds_it_stays_one(parts: list[str], literal: str) -> None:
    made = text(q("SELECT {} AS {}", value(literal), name(*parts)))
    (only, after) = statements(Source("x", made + "; DROP TABLE t"))
    assert only.text == made
    assert only.words == ("SELECT", *only.words[1:2], "AS", *('"' for _ in parts))
    assert after.words == ("DROP", "TABLE", "T")


@pytest.mark.parametrize(
    ("made", "wanted"),
    [
        (name("public", "t"), '"public"."t"'),
        (name('a"b'), '"a""b"'),
        (name("a.b"), '"a.b"'),
        (value("it's"), "'it''s'"),
        (value(7), "7"),
        (value(None), "NULL"),
        (printed("now() {x} %s"), "now() {x} %s"),
        (listed([name("a"), name("b")]), '"a", "b"'),
        (joined(" AND ", [printed("a"), printed("b")]), "a AND b"),
        (words("A", None, printed("b"), "C"), "A b C"),
        (q("A {} B", printed("{}")), "A {} B"),
    ],
)
def test_how_it_is_written(made: psycopg.sql.Composable, wanted: str) -> None:
    assert text(made) == wanted


def test_a_step_has_a_reverse_or_says_why_not() -> None:
    oid = ObjectId("table", ("public", "t"))
    there = step(oid, q("A"), undo=q("B {}", name("c")))
    assert (there.statement, there.subject, there.undo, there.undo_note, there.transactional) == (
        "A",
        "table public.t",
        'B "c"',
        "",
        True,
    )
    away = step(oid, q("A"), alone=True, undo="the rows are gone")
    assert (away.undo, away.undo_note, away.transactional) == (None, "the rows are gone", False)
