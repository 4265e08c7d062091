from __future__ import annotations

import argparse
import sys

import pytest

from colonnade.cli import progress
from colonnade.cli.progress import Progress, bar_of
from dev.process import poll


def args(**options: str) -> argparse.Namespace:
    return argparse.Namespace(**{"progress": "auto", "color": "auto", **options})


def test_a_bar_shows_how_much_is_done() -> None:
    assert bar_of(0) == "[                    ]   0%"
    assert bar_of(0.5) == "[━━━━━━━━━━          ]  50%"
    assert bar_of(1.2) == bar_of(1) == "[━━━━━━━━━━━━━━━━━━━━] 100%"


def test_short_work_is_not_worth_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress("plain") as told:
        told("reading the database")
    assert capsys.readouterr().err == ""


def test_long_work_is_told_of_now_and_then(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "_FIRST", 0.0)
    said = ""
    with Progress("plain") as told:
        told("filling users", 0.25)

        def line() -> bool:
            nonlocal said
            said += capsys.readouterr().err
            return bool(said)

        assert poll(line, seconds=10)
    assert said == "filling users (0 s, 25%)\n"


def test_the_moving_line_is_taken_away_before_anything_else_is_written(capsys: pytest.CaptureFixture[str]) -> None:
    said = ""
    with Progress("bar") as told:
        told("rehearsing")

        def drawn() -> bool:
            nonlocal said
            said += capsys.readouterr().err
            return "rehearsing" in said

        assert poll(drawn, seconds=10)
        told.clear()
        assert capsys.readouterr().err.endswith("\r\x1b[K")


def test_nothing_moves_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress.progress(args())._form == "plain"
    assert progress.progress(args(progress="none"))._form == "none"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert progress.progress(args())._form == "bar"
    monkeypatch.setenv("TERM", "dumb")
    assert progress.progress(args())._form == "plain"
