from __future__ import annotations

from datetime import UTC, datetime

import pytest

from colonnade.cluster.windows import opens
from colonnade.core.errors import InvalidSpec
from colonnade.resources.policy import Window


def window(schedule: str, duration: str, timezone: str | None = None) -> Window:
    return Window(schedule=schedule, duration=duration, timezone=timezone)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = window("0 2 * * *", "2h")


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-05-04T01:59:59", "2026-05-04T02:00:00"),
        ("2026-05-04T02:00:00", "2026-05-04T02:00:00"),
        ("2026-05-04T03:59:59", "2026-05-04T03:59:59"),
        ("2026-05-04T04:00:00", "2026-05-05T02:00:00"),
        ("2026-05-04T12:00:00", "2026-05-05T02:00:00"),
    ],
)
def test_a_window_is_open_from_its_schedule_for_its_duration(now: str, opening: str) -> None:
    assert opens([[NIGHT]], at(now)) == at(opening)


def test_without_windows_it_is_always_open() -> None:
    assert opens([], at("2026-05-04T12:00:00")) == at("2026-05-04T12:00:00")
    assert opens([[]], at("2026-05-04T12:00:00")) == at("2026-05-04T12:00:00")


def test_one_open_window_of_a_set_is_enough() -> None:
    both = [NIGHT, window("0 12 * * *", "30m")]
    assert opens([both], at("2026-05-04T12:10:00")) == at("2026-05-04T12:10:00")
    assert opens([both], at("2026-05-04T05:00:00")) == at("2026-05-04T12:00:00")


def test_every_set_must_have_an_open_window() -> None:
    team = [window("0 3 * * *", "3h")]
    assert opens([[NIGHT], team], at("2026-05-04T02:30:00")) == at("2026-05-04T03:00:00")
    assert opens([[NIGHT], team], at("2026-05-04T04:30:00")) == at("2026-05-05T03:00:00")


def test_sets_that_are_never_open_together_are_an_error() -> None:
    with pytest.raises(InvalidSpec, match="never open together"):
        opens([[NIGHT], [window("0 12 * * *", "1h")]], at("2026-05-04T02:30:00"))


@pytest.mark.parametrize(
    ("now", "opening"),
    [("2026-01-10T00:30:00", "2026-01-10T01:00:00"), ("2026-07-10T00:30:00", "2026-07-10T00:30:00")],
    ids=["winter", "summer"],
)
def test_a_window_keeps_to_the_clocks_of_its_time_zone(now: str, opening: str) -> None:
    assert opens([[window("0 2 * * *", "2h", "Europe/Berlin")]], at(now)) == at(opening)


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25"])
def test_a_window_opens_on_the_nights_when_clocks_change(day: str) -> None:
    """On 29 March 2026 there is no half past two in Berlin, on 25 October there are two of them."""
    opening = opens([[window("30 2 * * *", "1h", "Europe/Berlin")]], at(f"{day}T23:59:59").replace(hour=22))
    assert 0 < (opening - at(f"{day}T22:59:59")).total_seconds() < 86400


def test_a_time_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(InvalidSpec, match="Europe/Atlantis"):
        opens([[window("0 2 * * *", "2h", "Europe/Atlantis")]], at("2026-05-04T02:30:00"))
