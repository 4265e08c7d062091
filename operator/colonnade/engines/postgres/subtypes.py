"""Whether every value of one type is one of another: where not, some writes fail once both have to be served.

Types are as format_type prints them; of a pair that is not known here, values may fail.
https://www.postgresql.org/docs/current/datatype.html
"""

from __future__ import annotations

import re

INTEGERS = {"smallint": 5, "integer": 10, "bigint": 19}
"""With their digits."""
FLOATS = ("real", "double precision")
WITHIN_FLOATS = 37
"""Digits that a real has room for."""
TEXTS = ("text", "character varying", "character")
OF_TIME = ("date", "timestamp", "time", "interval")
ALWAYS = (
    ("boolean", "integer"),
    ("integer", "boolean"),
    ("cidr", "inet"),
    ("inet", "cidr"),
    ("jsonb", "json"),
    ("macaddr", "macaddr8"),
    ("bit varying", "bit varying"),
)
_PRINTED = re.compile(
    r"(?P<base>[^(\[]*?)(?:\((?P<size>\d+)(?:,(?P<scale>-?\d+))?\))?(?P<rest>[^(\[]*)(?P<array>(?:\[\])*)"
)


def holds_all(old: str, new: str) -> bool:
    """Whether no value of the old type can be refused by the new one; it may well be kept in fewer digits."""
    if old == new:
        return True
    (was, _, _, many), (now, size, _, as_many) = _parts(old), _parts(new)
    if now in ("text", "character varying") and not as_many and size is None:
        return True
    if many != as_many:
        return False
    return _same_family(old, new) or (size is None and (was, now) in ALWAYS)


def _same_family(old: str, new: str) -> bool:
    was, now = _parts(old)[0], _parts(new)[0]
    if now == "numeric" and was in (*INTEGERS, *FLOATS, "numeric"):
        return _before_the_point(new) >= _before_the_point(old) + _rounded_up(old, new)
    if now in FLOATS and was == "numeric":
        return _before_the_point(old) <= WITHIN_FLOATS
    if was in INTEGERS and now in (*INTEGERS, *FLOATS):
        return INTEGERS[was] <= INTEGERS.get(now, 99)
    if was in TEXTS and now in TEXTS:
        return _length(new) >= _length(old)
    if now.startswith(OF_TIME) and was.startswith(OF_TIME):
        return was.split()[0] == now.split()[0] or (now.startswith("timestamp") and was == "date") or now == "date"
    return (was, now) == FLOATS


def _length(type_: str) -> float:
    base, size, _, _ = _parts(type_)
    return float("inf") if size is None and base != "character" else size or 1


def _before_the_point(type_: str) -> float:
    base, size, scale, _ = _parts(type_)
    if base in INTEGERS:
        return INTEGERS[base]
    return float("inf") if size is None else size - scale


def _rounded_up(old: str, new: str) -> int:
    """99.95 becomes 100.0 where one digit less is kept."""
    (base, _, kept, _), (_, _, had, _) = _parts(new), _parts(old)
    return 1 if _parts(old)[0] == base and kept < had else 0


def _parts(type_: str) -> tuple[str, int | None, int, str]:
    """Name, size, scale, and the brackets of an array."""
    found = _PRINTED.fullmatch(type_)
    if found is None:
        return type_, None, 0, ""
    size = int(found["size"]) if found["size"] else None
    return f"{found['base'].strip()}{found['rest'].rstrip()}", size, int(found["scale"] or 0), found["array"]
