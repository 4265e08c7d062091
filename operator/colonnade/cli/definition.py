"""What an object is, as lines of text, and what differs between two of them."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator
from typing import Any

from colonnade.cli.terminal import Paint
from colonnade.core.diff import Change

_VERBS = {"create": ("+", "green", "is missing"), "drop": ("-", "red", "is not declared"), "alter": ("~", "yellow", "differs")}
_COLOURS = {"+": "green", "-": "red", "@": "dim"}


def lines(spec: Any) -> list[str]:
    """A spec's facts, a line each, longer texts as they are; what is not set is left out."""
    if spec is None:
        return []
    return [line for name, value in _facts(spec) if value not in (None, "", (), {}, False) for line in _said(name, value)]


def _facts(spec: Any) -> Iterator[tuple[str, Any]]:
    if dataclasses.is_dataclass(spec):
        yield from ((field.name, getattr(spec, field.name)) for field in dataclasses.fields(spec))
    elif isinstance(spec, dict):
        yield from spec.items()
    else:
        yield "", spec


def _said(name: str, value: Any) -> list[str]:
    if isinstance(value, tuple | list):
        value = ", ".join(str(one) for one in value)
    text = str(value).strip("\n").splitlines() or [""]
    if len(text) == 1:
        return [f"{name.replace('_', ' ')}: {text[0]}" if name else text[0]]
    return [f"{name.replace('_', ' ')}:", *(f"  {line}" for line in text)]


def shown(change: Change, paint: Paint) -> Iterator[str]:
    """One difference: its object, and how what is there becomes what is declared."""
    mark, colour, told = _VERBS[change.verb]
    yield f"{paint(mark, colour)} {paint(str(change.id), 'bold')} {told}"
    hunks = list(difflib.unified_diff(lines(change.old), lines(change.new), n=2, lineterm=""))[2:]
    for line in hunks:
        if not line.startswith("@@"):
            yield f"    {paint(line, _COLOURS[line[0]]) if line[:1] in _COLOURS else line}".rstrip()
