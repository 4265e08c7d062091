from __future__ import annotations

import pytest

from colonnade import log


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """A password of one test is no secret in the next one."""
    monkeypatch.setattr(log, "_hidden", type(log._hidden)())
