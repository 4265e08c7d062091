"""What an object is, as lines of text, and what differs between two of them."""

from __future__ import annotations

import dataclasses
import difflib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from colonnade.cli.terminal import Paint, visible
from colonnade.core.diff import Change

_VERBS = {
    "create": ("+", "green", "is missing"),
    "drop": ("-", "red", "is not declared"),
    "alter": ("~", "yellow", "differs"),
}
_COLOURS = {"+": "green", "-": "red"}
_INNER = (
    "any_encoding",
    "canonical",
    "finalfunc_modify",
    "kind",
    "local",
    "mfinalfunc_modify",
    "not_null_called",
    "not_null_inherited",
    "not_null_local",
    "not_null_valid",
    "placing",
    "populated",
    "relkind",
    "relocatable",
    "settable",
    "signature",
    "statistics",
    "table_kind",
    "takes",
    "usual_storage",
    "valid",
)
"""Facts that say how an object is kept rather than what it is; told where they differ."""
_LETTERS = {
    "enabled": {"O": "usual", "D": "disabled", "R": "replica", "A": "always"},
    "generated": {"s": "stored", "v": "virtual"},
    "identity": {"a": "always", "d": "by default", "f": "full", "n": "nothing", "i": "an index"},
    "persistence": {"p": "permanent", "u": "unlogged"},
}
"""What the catalogs' letters stand for."""
_USUAL = (("enabled", "usual"), ("generated", "n"), ("persistence", "permanent"), ("target", -1))
"""What is not worth saying of an object, unless another had something else."""


def lines(spec: Any) -> list[str]:
    """A spec's facts, a line each, longer texts as they are; what is not set is left out."""
    told = ((name, value) for name, value in _facts(spec).items() if name not in _INNER and (name, value) not in _USUAL)
    return [line for name, value in told for line in _said(name, value)]


def _facts(spec: Any) -> dict[str, Any]:
    if spec is None:
        return {}
    if dataclasses.is_dataclass(spec):
        found = {field.name: getattr(spec, field.name) for field in dataclasses.fields(spec)}
    else:
        found = dict(spec) if isinstance(spec, Mapping) else {"": spec}
    said = {name: value for name, value in found.items() if value not in (None, "", (), {}, False)}
    return {name: _in_words(name, value) for name, value in said.items()}


def _in_words(name: str, value: Any) -> Any:
    return _LETTERS.get(name, {}).get(value, value) if isinstance(value, str) else value


def _said(name: str, value: Any) -> list[str]:
    named = name.replace("_", " ")
    text = _text(value).splitlines() or [""]
    if len(text) == 1:
        return [f"{named}: {text[0]}" if named else text[0]]
    return [f"{named}:", *(f"  {line}" for line in text)]


def _text(value: Any) -> str:
    if isinstance(value, Mapping):
        return json.dumps(value, indent=2, ensure_ascii=False, default=str)
    return ", ".join(str(one) for one in value) if isinstance(value, tuple | list) else str(value).strip("\n")


def shown(change: Change, paint: Paint) -> Iterator[str]:
    """One difference: its object, and how what is there becomes what is declared."""
    mark, colour, told = _VERBS[change.verb]
    yield f"{paint(mark, colour)} {paint(visible(str(change.id)), 'bold')} {told}"
    facts = (
        _altered(change.old, change.new)
        if change.verb == "alter"
        else (mark + line for line in lines(change.new or change.old))
    )
    for line in map(visible, facts):
        yield f"    {paint(line, _COLOURS[line[0]]) if line[:1] in _COLOURS else line}".rstrip()


def _altered(old: Any, new: Any) -> Iterator[str]:
    """Only the facts that differ; of long ones, the lines that do and those around them."""
    before, after = _facts(old), _facts(new)
    unlike = [name for name in dict.fromkeys((*before, *after)) if before.get(name) != after.get(name)]
    for name in [name for name in unlike if name not in _INNER] or unlike:
        was, is_ = (_said(name, facts[name]) if name in facts else [] for facts in (before, after))
        hunks = list(difflib.unified_diff(was, is_, n=2, lineterm=""))[2:]
        yield from (line for line in hunks if not line.startswith("@@"))
