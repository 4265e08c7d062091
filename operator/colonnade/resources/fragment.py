"""Pieces of SQL inside YAML: a type, a default, the expression of a check.

They are written by users and set into statements, so each must be one whole piece: quotes and brackets closed, no statement
end, nothing that would go on where the piece ends. Postgres judges the rest. The lexical rules are those of
https://www.postgresql.org/docs/current/sql-syntax-lexical.html with standard_conforming_strings on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field

from colonnade.resources.common import wrong

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\n\r\f\v]+)
    | (?P<line>--[^\n\r]*)
    | (?P<block>/\*)
    | (?P<string>[eE]'(?:[^'\\]|\\.|'')*' | (?:[bBxXnN]|[uU]&)?'(?:[^']|'')*')
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")+")
    | (?P<dollar>\$(?P<tag>(?:[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_\x80-\U0010ffff]*)?)\$.*?\$(?P=tag)\$)
    | (?P<stray>['"\x00;\\$] | [eE](?='))
    | (?P<word>[A-Za-z_\x80-\U0010ffff][A-Za-z0-9_$\x80-\U0010ffff]*)
    | (?P<number>[0-9][0-9.]*)
    | (?P<open>[(\[])
    | (?P<close>[)\]])
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)
"""As the server's own scanner has it: every character beyond ASCII may be part of a word, and a $ within a word quotes nothing."""

_COMMENT_EDGE = re.compile(r"/\*|\*/")
_OPEN_QUOTE = "a quote ' that is not closed; double it where it is part of the text"
_STRAY = {
    "'": _OPEN_QUOTE,
    '"': 'a quote " that is not closed, or nothing between two of them',
    ";": "a ';'; write one piece of SQL without it, and whole statements under sql",
    "\x00": "a NUL character, which Postgres cannot hold",
    "\\": "a backslash outside quotes",
    "$": "a dollar quote that is not closed, or a parameter",
}
_PAIRS = {")": "(", "]": "["}


class Token(NamedTuple):
    """One lexical piece: its sort, its text, how many brackets it stands in, and where it begins."""

    sort: str
    text: str
    depth: int
    at: int


def tokens(text: str) -> Iterator[Token]:
    """The pieces of a fragment, without blanks. Raises the error of the field where it is not whole."""
    opened: list[str] = []
    at = 0
    while found := _TOKEN.match(text, at):
        sort, piece = found.lastgroup or "other", found.group()
        at = _comment_end(text, found.start()) if sort == "block" else found.end()
        if sort == "stray":
            raise wrong(f"has {_STRAY.get(piece, _OPEN_QUOTE)}")
        if sort == "close":
            _closed(opened, piece)
        if sort != "space":
            yield Token(sort, piece, len(opened), found.start())
        if sort == "open":
            opened.append(piece)
    if opened:
        raise wrong(f"has {opened[-1]!r} that is not closed; close it")


def _closed(opened: list[str], piece: str) -> None:
    if not opened or opened.pop() != _PAIRS[piece]:
        raise wrong(f"has {piece!r} without {_PAIRS[piece]!r} before it")


def _comment_end(text: str, start: int) -> int:
    """Where a comment ends; Postgres nests them."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise wrong("has a comment /* that is not closed")


def expression(text: str) -> str:
    """The text of one expression, checked to be whole."""
    found = list(tokens(text))
    if not [token for token in found if token.sort not in ("line", "block")]:
        raise wrong("is empty; write a SQL expression")
    if found[-1].sort == "line" and not text.endswith(("\n", "\r")):
        raise wrong("ends in a comment that would swallow what follows; end the line after it")
    return text


_NOT_IN_TYPES = {
    "NOT": "nullable: false",
    "NULL": "nullable: true",
    "DEFAULT": "default:",
    "PRIMARY": "primaryKey:",
    "UNIQUE": "uniques:",
    "CHECK": "checks:",
    "REFERENCES": "foreignKeys:",
    "GENERATED": "identity: or generated:",
    "COLLATE": "collation:",
    "CONSTRAINT": "checks:, uniques: or foreignKeys:",
    "STORAGE": "storage:",
    "COMPRESSION": "compression:",
}


def sql_type(text: str) -> str:
    """The text of one type, such as ``numeric(12,2)``, ``timestamp(3) with time zone``, ``app."Mood"[]``, checked to be no more."""
    found = list(tokens(text))
    if not found or found[0].sort not in ("word", "quoted"):
        raise wrong("is no type; write one as in CREATE TABLE, such as text, bigint or numeric(12,2)")
    for token in found:
        if token.sort == "word" and token.depth == 0 and (field := _NOT_IN_TYPES.get(token.text.upper())):
            raise wrong(f"says {token.text} beside the type; write {field} for that")
        if not _fits_in_type(token):
            raise wrong(f"has {token.text!r}, which is not part of a type; write one type as in CREATE TABLE")
    return text


def _fits_in_type(token: Token) -> bool:
    if token.sort in ("word", "quoted", "open", "close"):
        return True
    if token.depth == 0:
        return token.text == "."
    return token.sort in ("number", "string") or token.text in (",", "-", ".")


def opclass(text: str) -> str:
    """An operator class with its parameters, such as ``text_pattern_ops`` or ``gist_trgm_ops(siglen=32)``."""
    found = list(tokens(text))
    outside = [token for token in found if token.depth == 0]
    shape = "".join("n" if token.sort in ("word", "quoted") else token.text for token in outside)
    if shape not in ("n", "n.n", "n()", "n.n()") or any(token.sort in ("line", "block") for token in found):
        raise wrong("is no operator class; write its name, as in text_pattern_ops or gist_trgm_ops(siglen=32)")
    return text


_NAME_PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


def parts(name: str) -> tuple[str, ...]:
    """The parts of a name: ``orders``, ``app.orders``; a part with a dot in it is written in double quotes.

    A name is taken as it is written, capitals too.
    """
    out: list[str] = []
    at = 0
    while found := _NAME_PART.match(name, at):
        out.append(found[1].replace('""', '"') if found[1] else found[2])
        at = found.end()
        if at == len(name):
            return tuple(out)
        if name[at] != ".":
            break
        at += 1
    raise wrong('is no name; write name or schema.name, with "…" around a part that has a dot in it')


def identifier(name: str) -> str:
    """A name that Postgres can hold as it is: it would cut a longer one without a word."""
    if "\x00" in name:
        raise wrong("has a NUL character, which Postgres cannot hold")
    if (size := len(name.encode())) > 63:
        raise wrong(f"is {size} bytes long and Postgres keeps 63; shorten it")
    return name


def qualified(name: str) -> str:
    """A name, with its schema before it where it is not the first of `schemas`."""
    found = parts(name)
    if len(found) > 2:
        raise wrong("has more than two parts; write name or schema.name")
    for part in found:
        identifier(part)
    return name


SqlName = Annotated[str, Field(min_length=1, max_length=63), AfterValidator(identifier)]
SqlQualifiedName = Annotated[str, Field(min_length=1, max_length=160), AfterValidator(qualified)]
SqlType = Annotated[str, Field(min_length=1, max_length=256), AfterValidator(sql_type)]
SqlExpression = Annotated[str, Field(min_length=1, max_length=8192), AfterValidator(expression)]
SqlOpclass = Annotated[str, Field(min_length=1, max_length=128), AfterValidator(opclass)]
