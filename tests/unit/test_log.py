from __future__ import annotations

import json
import logging
import sys

import pytest

from colonnade import log


@pytest.fixture(autouse=True)
def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "_hidden", [])


def record(message: str, *arguments: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord("colonnade.test", logging.INFO, __file__, 1, message, arguments, None)
    vars(made).update(extra)
    return made


def test_a_line_is_one_json_object_with_what_was_given() -> None:
    line = log.JsonFormatter().format(record("looked at %s", "it", datastore="team/shop", seconds=0.5))
    assert "\n" not in line
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "info",
        "logger": "colonnade.test",
        "message": "looked at it",
        "datastore": "team/shop",
        "seconds": 0.5,
    }


@pytest.mark.parametrize("formatter", [log.JsonFormatter(), log.TextFormatter()])
def test_a_password_is_replaced_wherever_it_turns_up(formatter: logging.Formatter) -> None:
    log.hide(["geheim!", "geh"])
    try:
        int("postgresql://u:geheim%21@h")
    except ValueError:
        made = record("it is %s", "geheim!", url="u:geheim!@h")
        made.exc_info = sys.exc_info()
    line = formatter.format(made)
    assert "geh" not in line
    assert line.count("[hidden]") == 4


def test_a_password_that_is_the_users_name_is_no_secret_and_stays_readable() -> None:
    log.hide(["postgres"], known=["postgres"])
    assert log.scrub("role postgres") == "role postgres"
