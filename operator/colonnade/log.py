"""One JSON object a line, and no secret in any of them.

Text that users wrote (SQL, names of rows) is logged at debug level only; at info level a line holds names of Kubernetes objects,
reasons and numbers. Passwords are replaced wherever they turn up: see `hide`.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, quote_plus

_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_hidden: list[str] = []
_REPLACEMENT = "[hidden]"


def hide(secrets: Iterable[str], known: Iterable[str] = ()) -> None:
    """Never write these again, nor their spellings inside a URL; what is `known` anyway (a user's name) is no secret."""
    found = set(secrets) - {*known, ""}
    spelled = {form for secret in found for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    if new := spelled.difference(_hidden):
        _hidden[:] = sorted({*_hidden, *new}, key=len, reverse=True)


def scrub(text: str) -> str:
    """The text without secrets, the longest first: one may be part of another."""
    for secret in _hidden:
        text = text.replace(secret, _REPLACEMENT)
    return text


class JsonFormatter(logging.Formatter):
    """The time, level, logger and message of a record, what was given as `extra`, and the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _PLAIN and not key.startswith("_")}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return scrub(json.dumps(line, default=str, ensure_ascii=False))


class TextFormatter(logging.Formatter):
    """For people at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        more = " ".join(f"{k}={v}" for k, v in vars(record).items() if k not in _PLAIN and not k.startswith("_"))
        text = f"{self.formatTime(record, '%H:%M:%S')} {record.levelname:<7} {record.getMessage()} {more}".rstrip()
        return scrub(f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text)


def configure(level: str, form: str) -> None:
    """Send everything to standard error in this form. Kopf tells only what is wrong: its info is about every event."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    quiet = logging.DEBUG if level == "debug" else logging.WARNING
    for name in ("kopf", "asyncio", "aiohttp.access", "pymongo", "kubernetes"):
        logging.getLogger(name).setLevel(quiet)
    logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)  # it warns that signals are ours; they are
