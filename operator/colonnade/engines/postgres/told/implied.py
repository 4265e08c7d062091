"""Whether one condition is at least as strict as another, where that can be seen from their printing; what cannot be seen is not known.

It holds for checks, which a row passes unless they are false, as for conditions that have to be true.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from colonnade.engines.postgres.printed_sql import bare, entries, pieces

_TYPE = (
    r'(?:(?:\w+|"(?:[^"]|"")+")\.)?(?:double precision|(?:character|bit) varying|time(?:stamp)?(?:\(\d+\))? with(?:out)? time zone'
    r'|\w+|"(?:[^"]|"")+")(?:\(\d+(?:,-?\d+)?\))?(?:\[\])*'
)
_CAST = re.compile(rf"::{_TYPE}")
_TEXT_CAST = re.compile(r"::(?:text|character varying)\b(?!\()(?:\[\])*")
_ALONE = re.compile(r"""(?<![\w"])\((\w+|"(?:[^"]|"")+"|'(?:[^']|'')*')\)""")
_NESTED = re.compile(r"\((\([^()]*\))\)")
_ANY = re.compile(r"(?P<head>.+ = ANY \(+ARRAY\[)(?P<list>.*)(?P<tail>\].*)", re.DOTALL)
_BOUND = re.compile(
    rf"(?P<left>.+) (?P<sign>[<>])(?P<alike>=?) \(?'?(?P<number>-?\d+(?:\.\d+)?)'?\)?(?:::{_TYPE})?", re.DOTALL
)


def without_casts(expression: str) -> str:
    """The expression without what another type of a column changes in its printing: casts, and brackets around what is cast."""
    return _less(_CAST, expression)


def without_text_casts(expression: str) -> str:
    """The same where only one sort of text was made another."""
    return _less(_TEXT_CAST, expression)


def _less(casts: re.Pattern[str], expression: str) -> str:
    found, before = casts.sub("", expression), ""
    while found != before:
        found, before = _NESTED.sub(r"\1", _ALONE.sub(r"\1", found)), found
    return found


def implies(new: str, old: str) -> bool:
    """Whether whatever passes the new condition passes the old one, too."""
    news = _split(new, "AND")
    return all(any(_one(n, o) for n in news) for o in _split(old, "AND"))


def _one(new: str, old: str) -> bool:
    if new == old or _fewer(new, old) or _narrower(new, old):
        return True
    news, olds = _split(new, "OR"), _split(old, "OR")
    return len(olds) > 1 and all(any(implies(n, o) for o in olds) for n in news)


def _fewer(new: str, old: str) -> bool:
    """Of the values in a list only some: the server casts each of them, or the list."""
    a, b = (_ANY.fullmatch(without_casts(c)) for c in (new, old))
    if not a or not b or (a["head"], a["tail"]) != (b["head"], b["tail"]):
        return False
    return {*entries(a["list"])} <= {*entries(b["list"])}


def _narrower(new: str, old: str) -> bool:
    """A number as a bound, that is no wider."""
    a, b = _BOUND.fullmatch(new), _BOUND.fullmatch(old)
    if not a or not b or (a["left"], a["sign"]) != (b["left"], b["sign"]):
        return False
    further = Decimal(a["number"]) - Decimal(b["number"])
    if a["sign"] == "<":
        further = -further
    return further > 0 or (further == 0 and (bool(b["alike"]) or not a["alike"]))


def _split(condition: str, word: str) -> Sequence[str]:
    """What the word joins, each without brackets around it; the condition itself where it joins nothing."""
    whole = bare(condition.strip())
    top = [t for t in pieces(whole) if t.depth == 0]
    if any(t.text in ("CASE", "AND" if word == "OR" else "OR") for t in top):
        return [whole]
    at = [t.at for t in top if t.text == word]
    return [bare(whole[a + (len(word) if a else 0) : b].strip()) for a, b in pairwise([0, *at, len(whole)])]
