"""Which changes of a type no value can be in the way of."""

from __future__ import annotations

import pytest

from colonnade.engines.postgres.told.subtypes import holds_all

HELD = [
    ("integer", "bigint"),
    ("smallint", "integer"),
    ("integer[]", "bigint[]"),
    ("bigint", "numeric"),
    ("bigint", "numeric(19,0)"),
    ("integer", "numeric(12,2)"),
    ("integer", "double precision"),
    ("real", "double precision"),
    ("real", "numeric"),
    ("numeric(10,2)", "numeric"),
    ("numeric(10,2)", "numeric(12,2)"),
    ("numeric(10,2)", "numeric(10,1)"),
    ("numeric", "text"),
    ("text[]", "text"),
    ("numeric(10,2)", "real"),
    ("public.mood", "text"),
    ("integer", "character varying"),
    ("character varying(10)", "character varying(20)"),
    ("character varying(10)", "character(10)"),
    ("character(3)", "character(4)"),
    ("date", "timestamp without time zone"),
    ("timestamp without time zone", "date"),
    ("timestamp(6) without time zone", "timestamp(3) without time zone"),
    ("time without time zone", "time(0) without time zone"),
    ("boolean", "integer"),
    ("public.mood", "public.mood"),
]
REFUSED = [
    ("bigint", "integer"),
    ("bigint[]", "integer[]"),
    ("integer", "bigint[]"),
    ("integer[]", "bigint"),
    ("integer", "numeric(9,0)"),
    ("integer", "numeric(10,2)"),
    ("numeric", "numeric(10,2)"),
    ("numeric(10,2)", "numeric(9,1)"),
    ("numeric(10,2)", "numeric(10,3)"),
    ("numeric", "integer"),
    ("numeric", "double precision"),
    ("double precision", "real"),
    ("double precision", "numeric(10,2)"),
    ("text", "integer"),
    ("text", "character varying(10)"),
    ("text", "uuid"),
    ("character varying(20)", "character varying(10)"),
    ("character(3)", "character"),
    ("integer", "character varying(10)"),
    ("json", "jsonb"),
    ("time without time zone", "timestamp without time zone"),
    ("public.mood", "public.temper"),
    ("text", "public.short"),
]


@pytest.mark.parametrize(("old", "new"), HELD)
def test_every_value_is_one_of_the_other_type(old: str, new: str) -> None:
    assert holds_all(old, new)


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_some_values_are_none(old: str, new: str) -> None:
    assert not holds_all(old, new)
