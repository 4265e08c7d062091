"""The ends of lines in SQL: what stands in quotes and bodies is data, and stays as it is, as with `psql -f`.

Only a carriage return by itself that ends a comment becomes a line feed, so that all who read the text agree on where the comment
ends; it is no part of anything.
"""

from __future__ import annotations

import re

_ALONE = re.compile(r"\r(?!\n)")
_PART = re.compile(
    r"""--[^\n\r]*(?P<end>\r(?!\n))? | (?P<block>/\*) | [eE]'(?:[^'\\]|\\.|'')*+' | '(?:[^']|'')*+' | "(?:[^"]|"")*+"
    | \$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$ | [^\W\d][\w$]* | [^'"$/\w-]+ | .""",
    re.VERBOSE | re.DOTALL,
)
_EDGE = re.compile(r"/\*|\*/")


def ends_of_comments(text: str) -> str:
    """The same text, of the same length."""
    if not _ALONE.search(text):
        return text
    out, at, kept = list[str](), 0, 0
    while found := _PART.match(text, at):
        at = _behind_block(text, at) if found["block"] else found.end()
        if found["end"]:
            out += text[kept : at - 1], "\n"
            kept = at
    return "".join((*out, text[kept:]))


def _behind_block(text: str, start: int) -> int:
    """Blocks of comments hold others."""
    depth = 0
    for edge in _EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(text)
