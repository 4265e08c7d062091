import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.resources import duration, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", 0.5), ("0s", 0), ("30s", 30), ("1.5s", 1.5), ("10m", 600), ("1h30m", 5400), ("168h", 604800)],
)
def test_a_duration_is_read_as_seconds(text: str, value: float) -> None:
    assert seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "5", "5 s", "s", "-5s", "5d", "1h 30m", "5S", "٥s", "5s\n"])
def test_what_is_no_duration_is_refused_with_the_way_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write numbers with units, such as 500ms"):
        seconds(text)


@pytest.mark.parametrize(("value", "text"), [(0, "0ms"), (0.25, "250ms"), (1.5, "1.5s"), (90, "90s"), (7200, "2h")])
def test_seconds_are_written_in_the_largest_unit_that_fits(value: float, text: str) -> None:
    assert duration(value) == text


@given(st.integers(min_value=0, max_value=10**9))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert seconds(duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)
