from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from colonnade.cli.table import age, table
from colonnade.cli.terminal import Paint

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def test_columns_line_up_whatever_their_colour_and_empty_ones_go() -> None:
    red = Paint(on=True)("False", "red")
    assert list(table(("NAME", "GONE", "READY", "WHY"), [("a", "", red, "x"), ("long", "", "True", "y")])) == [
        "NAME   READY   WHY",
        f"a      {red}   x",
        "long   True    y",
    ]


@pytest.mark.parametrize(
    ("spent", "text"),
    [
        (timedelta(seconds=-1), "0s"),
        (timedelta(seconds=119), "119s"),
        (timedelta(minutes=2), "2m"),
        (timedelta(minutes=119), "119m"),
        (timedelta(hours=47), "47h"),
        (timedelta(days=3), "3d"),
    ],
)
def test_ages_are_short(spent: timedelta, text: str) -> None:
    assert age((NOW - spent).strftime("%Y-%m-%dT%H:%M:%SZ"), NOW) == text
