"""Which changes of a column's type quietly keep less of a value."""

import pytest

from colonnade.engines.postgres.kinds.column_type import rounds


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("numeric(12,2)", "numeric(12,1)"),
        ("numeric", "numeric(12,2)"),
        ("numeric(12,2)", "integer"),
        ("numeric(12,2)", "double precision"),
        ("double precision", "real"),
        ("double precision", "bigint"),
        ("bigint", "double precision"),
        ("timestamp with time zone", "date"),
        ("timestamp without time zone", "time without time zone"),
        ("timestamp(6) without time zone", "timestamp(3) without time zone"),
        ("timestamp without time zone", "timestamp(0) without time zone"),
    ],
)
def test_a_change_that_keeps_less_is_told(old: str, new: str) -> None:
    assert rounds(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "bigint"),
        ("bigint", "integer"),
        ("integer", "numeric(10,0)"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("numeric(10,2)", "numeric"),
        ("real", "double precision"),
        ("integer", "double precision"),
        ("text", "character varying(5)"),
        ("timestamp(3) without time zone", "timestamp without time zone"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("date", "timestamp without time zone"),
        ("text", "integer"),
    ],
)
def test_a_change_that_keeps_all_or_refuses_is_not(old: str, new: str) -> None:
    assert not rounds(old, new)
