from __future__ import annotations

import argparse

import pytest

from colonnade.cli import options
from colonnade.cli.parser import parser_for
from colonnade.core.gate import Policy


def parsed(*words: str) -> argparse.Namespace:
    return parser_for("plan").parse_args(["plan", "-f", "x.sql", *words])


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("2s", 2.0), ("1m30s", 90.0), ("1.5h", 5400.0)])
def test_durations_have_units(text: str, seconds: float) -> None:
    assert options.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "1 s", "soon", "-1s", "1d"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="write 500ms"):
        options.seconds(text)


def test_without_options_the_policy_quarantines_drops_and_mends_what_was_changed_by_hand() -> None:
    assert options.policy_of(parsed()) == Policy(drops="Quarantine", drift="Correct")


def test_options_are_the_policy() -> None:
    words = ("--drops", "drop", "--max-blocking", "5s", "--lock-timeout", "1s", "--lock-retry", "1m")
    wanted = Policy(drops="Drop", drift="Correct", max_blocking=5, lock_timeout=1, lock_retry_budget=60)
    assert options.policy_of(parsed(*words)) == wanted


def test_options_that_need_a_url_are_named() -> None:
    assert options.for_urls(parsed("--drops", "drop", "--lock-retry", "1m", "--schemas", "a,b")) == [
        "--schemas",
        "--drops",
        "--lock-retry",
    ]
    assert options.for_urls(parsed()) == []


def test_the_options_that_were_given_are_known_by_what_they_are_about() -> None:
    assert options.policy_said(parsed("--drops", "drop", "--lock-retry", "1m")) == {
        "drops": "--drops",
        "lock_retry_budget": "--lock-retry",
    }
    assert options.policy_said(parsed()) == {}
