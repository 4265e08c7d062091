from __future__ import annotations

import os
from pathlib import Path

import pytest

from colonnade.cli import session
from colonnade.cli.session import cache_folder, code_version, prune


def test_results_are_kept_where_the_user_keeps_such_things(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "colonnade" / "desired"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "colonnade" / "desired"


def test_what_was_used_least_recently_goes_where_there_is_too_much(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for number in range(5):
        file = tmp_path / f"code{number % 2}" / str(number)
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"x" * 10)
        os.utime(file, (number, number))
    monkeypatch.setattr(session, "MOST_FILES", 3)
    prune(tmp_path)
    assert sorted(p.name for p in tmp_path.glob("*/*")) == ["2", "3", "4"]
    monkeypatch.setattr(session, "MOST_BYTES", 15)
    prune(tmp_path)
    assert [p.name for p in tmp_path.glob("*/*")] == ["4"]
    prune(tmp_path / "not there")


def test_other_code_has_another_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = code_version()
    assert before == code_version()
    (tmp_path / "cli").mkdir()
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "plan.py").write_text("changed")
    monkeypatch.setattr(session, "__file__", str(tmp_path / "cli" / "session.py"))
    assert code_version() != before
