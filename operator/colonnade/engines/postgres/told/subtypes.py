"""Whether every value of one type is one of another: where not, some writes fail once both have to be served.

Types are as format_type prints them; of a pair that is not known here, values may fail.
https://www.postgresql.org/docs/current/datatype.html
"""

from __future__ import annotations

from colonnade.engines.postgres.types import FLOATS, INTEGERS, TEXTS, parts

DIGITS = dict(zip(INTEGERS, (5, 10, 19), strict=True))
"""Of each of the integers, at most."""
WITHIN_FLOATS = 37
"""Digits that a real has room for."""
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


def holds_all(old: str, new: str) -> bool:
    """Whether no value of the old type can be refused by the new one; it may well be kept in fewer digits."""
    if old == new:
        return True
    (was, _, _, many), (now, size, _, as_many) = parts(old), parts(new)
    if now in ("text", "character varying") and not as_many and size is None:
        return True
    if many != as_many:
        return False
    return _same_family(old, new) or (size is None and (was, now) in ALWAYS)


def _same_family(old: str, new: str) -> bool:
    was, now = parts(old)[0], parts(new)[0]
    if now == "numeric" and was in (*INTEGERS, *FLOATS, "numeric"):
        return _before_the_point(new) >= _before_the_point(old) + _rounded_up(old, new)
    if now in FLOATS and was == "numeric":
        return _before_the_point(old) <= WITHIN_FLOATS
    if was in INTEGERS and now in (*INTEGERS, *FLOATS):
        return DIGITS[was] <= DIGITS.get(now, 99)
    if was in TEXTS and now in TEXTS:
        return _length(new) >= _length(old)
    if now.startswith(OF_TIME) and was.startswith(OF_TIME):
        return was.split()[0] == now.split()[0] or (now.startswith("timestamp") and was == "date") or now == "date"
    return (was, now) == FLOATS


def _length(type_: str) -> float:
    base, size, _, _ = parts(type_)
    return float("inf") if size is None and base != "character" else size or 1


def _before_the_point(type_: str) -> float:
    base, size, scale, _ = parts(type_)
    if base in INTEGERS:
        return DIGITS[base]
    return float("inf") if size is None else size - scale


def _rounded_up(old: str, new: str) -> int:
    """99.95 becomes 100.0 where one digit less is kept."""
    (base, _, kept, _), (_, _, had, _) = parts(new), parts(old)
    return 1 if parts(old)[0] == base and kept < had else 0
