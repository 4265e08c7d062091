"""Which changes of a column's type keep every value that the new type takes."""

import pytest

from colonnade.engines.postgres.told.narrowing import keeps


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("numeric(12,2)", "numeric(12,1)"),
        ("numeric", "numeric(12,2)"),
        ("numeric(12,2)", "integer"),
        ("numeric(12,2)", "double precision"),
        ("double precision", "real"),
        ("double precision", "bigint"),
        ("double precision", "numeric"),
        ("real", "numeric(20,10)"),
        ("double precision[]", "numeric[]"),
        ("integer", "real"),
        ("integer", "boolean"),
        ("bigint", "double precision"),
        ("timestamp with time zone", "date"),
        ("timestamp without time zone", "time without time zone"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("timestamp with time zone", "timestamp without time zone"),
        ("date", "timestamp with time zone"),
        ("timestamp(6) without time zone", "timestamp(3) without time zone"),
        ("timestamp without time zone", "timestamp(0) without time zone"),
        ("text", "integer"),
        ("text", "numeric"),
        ("text", "date"),
        ("text", "boolean"),
        ("text", "jsonb"),
        ("json", "jsonb"),
        ("text", "name"),
        ("text", '"char"'),
        ("text", "character varying(5)"),
        ("character varying(9)", "character varying(5)"),
        ("character varying(5)", "character(5)"),
        ("text[]", "integer[]"),
        ("public.point3", "point"),
        ("bit(5)", "bit(3)"),
    ],
)
def test_a_change_that_may_make_others_of_values_is_not_taken_for_granted(old: str, new: str) -> None:
    assert not keeps(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "bigint"),
        ("bigint", "integer"),
        ("integer", "numeric(10,0)"),
        ("bigint", "numeric"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric"),
        ("real", "double precision"),
        ("smallint", "real"),
        ("integer", "double precision"),
        ("integer[]", "bigint[]"),
        ("timestamp(3) without time zone", "timestamp without time zone"),
        ("date", "timestamp without time zone"),
        ("date", "date"),
        ("character varying(5)", "character varying(9)"),
        ("character varying(5)", "text"),
        ("character varying", "text"),
        ("character(5)", "character(9)"),
        ("character(5)", "character varying(9)"),
        ("uuid", "text"),
        ("jsonb", "text"),
        ("text", "citext"),
        ("text", "extensions.citext"),
    ],
)
def test_a_change_that_keeps_all_or_refuses_is_none(old: str, new: str) -> None:
    assert keeps(old, new)


def test_an_enum_takes_a_text_as_it_is_or_not_at_all() -> None:
    assert keeps("text", "public.mood", spelled=True)
    assert not keeps("text", "public.mood")
