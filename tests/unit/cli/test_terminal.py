from __future__ import annotations

import argparse
import io
import sys

import pytest

from colonnade.cli.terminal import Paint, ask, paint


def on(color: str) -> bool:
    return paint(argparse.Namespace(color=color)).on


def test_colours_only_where_they_are_seen_and_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert not on("auto")
    assert on("always")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert on("auto")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not on("auto")
    assert on("always")


def test_paint_adds_nothing_to_nothing() -> None:
    assert Paint(on=True)("", "red") == ""
    assert Paint(on=True)("x", "red", "bold") == "\x1b[31;1mx\x1b[0m"


@pytest.mark.parametrize(
    ("answer", "yes"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_only_yes_is_yes(answer: str, yes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
    assert ask("Run it?") is yes
