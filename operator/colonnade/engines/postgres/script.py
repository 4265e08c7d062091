"""A SQL script cut into its statements, each with its place, and what a declaration may not hold refused with its line.

The cutting follows psql: quotes, dollar quotes, nested comments, parentheses, and the bodies of BEGIN ATOMIC … END.
https://www.postgresql.org/docs/current/sql-syntax-lexical.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from colonnade.core.errors import InvalidSpec
from colonnade.engines import Source

_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<line>--[^\n]*) | (?P<block>/\*) | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*')
    | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*') | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*")
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$) | (?P<word>[^\W\d][\w$]*) | (?P<semicolon>;) | (?P<open>[(\[])
    | (?P<close>[)\]]) | (?P<meta>(?<![^\n])\\[^\n]*) | (?P<other>[0-9.]+|.)""",
    re.X | re.S,
)
_EDGE = re.compile(r"/\*|\*/")


@dataclass(frozen=True)
class Statement:
    """One statement, its first words in capitals, and where it begins: source, offset, line and column (from 1)."""

    text: str
    words: tuple[str, ...]
    source: Source
    offset: int

    def place(self, position: int = 1) -> str:
        """Source, line and column of a character of the statement, counted from 1 as the server does."""
        before = self.source.text[: self.offset + max(position - 1, 0)]
        line = before.count("\n") + 1
        return f"{self.source.name}, line {line}, column {len(before) - before.rfind(chr(10))}"


def statements(source: Source) -> Iterator[Statement]:
    """The statements of a script, without comments before them and without psql's own commands."""
    if "\x00" in source.text:
        raise InvalidSpec(f"{source.name}: has a NUL character, which Postgres cannot hold; take it out")
    text, at, start, depth = source.text, 0, None, 0
    words: list[str] = []
    nesting = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        assert token is not None
        sort, begin = token.lastgroup or "other", at
        sort = "dollar" if sort == "tag" else sort
        at = _comment_end(source, begin) if sort == "block" else token.end()
        if sort in ("space", "line", "block") or (sort == "meta" and start is None):
            continue
        if sort == "semicolon" and depth == 0 and nesting == 0:
            if start is not None:
                yield Statement(text[start:begin], tuple(words), source, start)
            start, words = None, []
            continue
        start = begin if start is None else start
        depth = max(depth + (sort == "open") - (sort == "close"), 0)
        if sort in ("word", "quoted", "string", "escaped", "dollar"):
            words.append(token.group().upper() if sort == "word" else token.group()[:1])
            nesting = _nesting(words, nesting)
    if start is not None:
        yield Statement(text[start:].rstrip(), tuple(words), source, start)


def _nesting(words: list[str], nesting: int) -> int:
    """How many BEGIN ATOMIC and CASE are open, in a routine's definition."""
    if words[0] != "CREATE" or not {"FUNCTION", "PROCEDURE"} & set(words[1:4]):
        return 0
    if words[-1] == "ATOMIC" and words[-2:] == ["BEGIN", "ATOMIC"]:
        return nesting + 1
    if nesting and words[-1] == "CASE":
        return nesting + 1
    return nesting - 1 if nesting and words[-1] == "END" else nesting


def _comment_end(source: Source, start: int) -> int:
    depth = 0
    for edge in _EDGE.finditer(source.text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    line = source.text.count("\n", 0, start) + 1
    raise InvalidSpec(f"{source.name}, line {line}: the comment that begins here is not closed; close it with */")


IGNORED = (
    ("BEGIN",), ("COMMIT",), ("START", "TRANSACTION"), ("END",), ("ANALYZE",), ("VACUUM",), ("REFRESH", "MATERIALIZED"), ("RESET",),
    ("SHOW",), ("SET", "TRANSACTION"), ("SET", "SESSION", "AUTHORIZATION"), ("SET", "LOCAL"), ("SET", "DEFAULT_TABLESPACE"),
    ("SET", "STATEMENT_TIMEOUT"), ("SET", "LOCK_TIMEOUT"), ("SET", "IDLE_IN_TRANSACTION_SESSION_TIMEOUT"),
    ("SET", "TRANSACTION_TIMEOUT"), ("SET", "CLIENT_ENCODING"), ("SET", "CLIENT_MIN_MESSAGES"), ("SET", "ROW_SECURITY"),
    ("SET", "STANDARD_CONFORMING_STRINGS"), ("SET", "XMLOPTION"), ("ALTER", "ROLE"), ("ALTER", "USER"),
)
"""Harmless lines of a dump that say nothing about the schema, or nothing that belongs to one database."""

REFUSED: dict[tuple[str, ...], str] = {
    ("INSERT",): "writes rows", ("UPDATE",): "writes rows", ("DELETE",): "deletes rows", ("MERGE",): "writes rows",
    ("COPY",): "writes rows", ("TRUNCATE",): "deletes rows", ("WITH",): "is a query", ("VALUES",): "is a query", ("TABLE",): "is a query",
    ("CALL",): "runs code", ("EXECUTE",): "runs code", ("PREPARE",): "is of a session", ("LOCK",): "is of a session",
    ("LISTEN",): "is of a session", ("NOTIFY",): "is of a session", ("DECLARE",): "is of a session", ("LOAD",): "loads code",
    ("CHECKPOINT",): "manages the server", ("CLUSTER",): "manages storage", ("REINDEX",): "manages storage",
    ("CREATE", "DATABASE"): "manages databases", ("ALTER", "DATABASE"): "manages databases", ("DROP", "DATABASE"): "manages databases",
    ("CREATE", "TABLESPACE"): "manages tablespaces", ("ALTER", "TABLESPACE"): "manages tablespaces",
    ("DROP", "TABLESPACE"): "manages tablespaces", ("ALTER", "SYSTEM"): "manages the server",
    ("CREATE", "SUBSCRIPTION"): "connects to another server", ("DROP", "ROLE"): "manages roles", ("DROP", "USER"): "manages roles",
    ("REASSIGN",): "changes what other databases hold", ("DROP", "OWNED"): "drops what is not declared",
    ("ROLLBACK",): "takes back what was declared", ("SAVEPOINT",): "is of a session",
}

ROLES = (("CREATE", "ROLE"), ("CREATE", "USER"), ("CREATE", "GROUP"))


def wanted(statement: Statement) -> bool:
    """Whether the statement says something about the schema. Raises InvalidSpec where a declaration may not hold it."""
    for start, why in REFUSED.items():
        if statement.words[: len(start)] == start:
            raise InvalidSpec(f"{statement.place()}: {' '.join(start)} {why}, and a declaration only says what the schema is; "
                              "take it out" + (" and use spec.backfills for values" if "rows" in why else ""))
    if statement.words[:1] == ("SELECT",) and "SET_CONFIG" not in statement.words[:4]:
        raise InvalidSpec(f"{statement.place()}: SELECT runs a query, and a declaration only says what the schema is; take it out")
    if statement.words[:1] == ("SET",) and statement.words[1:2] and statement.words[1] in ("ROLE",):
        raise InvalidSpec(f"{statement.place()}: SET ROLE changes the session; say ALTER … OWNER TO instead")
    user_mapping = statement.words[:3] == ("CREATE", "USER", "MAPPING")
    return not any(statement.words[: len(s)] == s for s in IGNORED) and (user_mapping or not any(statement.words[:2] == r for r in ROLES))
