"""What the server prints of expressions and definitions, taken apart: it is whole, so that this needs no more than to know what is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

_PIECE = re.compile(
    r"""
      [eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | [A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*
    | [0-9][0-9.]*
    | \S
    """,
    re.VERBOSE | re.DOTALL,
)


class Piece(NamedTuple):
    """A word, a name or text in quotes, a number or a sign: how many brackets it stands in, and where it begins."""

    text: str
    depth: int
    at: int


def pieces(printed: str) -> Iterator[Piece]:
    """The pieces, without blanks; a bracket stands outside of itself."""
    depth = 0
    for found in _PIECE.finditer(printed):
        depth -= found[0] in ")]"
        yield Piece(found[0], depth, found.start())
        depth += found[0] in "(["


def bare(expression: str) -> str:
    """The expression without a pair of brackets around the whole of it."""
    if not expression.startswith("("):
        return expression
    depths = [piece.depth for piece in pieces(expression)]
    whole = all(depth > 0 for depth in depths[1:-1]) and expression.endswith(")")
    return bare(expression[1:-1]) if whole else expression


def entries(listed: str) -> list[str]:
    """What stands between the commas of a list."""
    commas = [piece.at for piece in pieces(listed) if piece.text == "," and piece.depth == 0]
    edges = [-1, *commas, len(listed)]
    return [listed[a + 1 : b].strip() for a, b in pairwise(edges)]
