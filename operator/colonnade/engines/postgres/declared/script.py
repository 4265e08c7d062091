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
from colonnade.engines.postgres.generic_options import CLOSED, CLOSED_OF_TABLES

_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<line>--[^\n\r]*) | (?P<block>/\*) | (?P<escaped>[eE]'(?:[^'\\]|\\.|'')*+')
    | (?P<string>(?:[bBxXnN]|[uU]&)?'(?:[^']|'')*+') | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*+")
    | (?P<dollar>\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$) | (?P<stray>[eE]?'|"|\$(?:[^\W\d]\w*)?\$)
    | (?P<word>[^\W\d][\w$]*) | (?P<semicolon>;) | (?P<open>[(\[]) | (?P<close>[)\]]) | (?P<meta>(?<![^\n])\\[^\n]*) | (?P<other>[0-9.]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_EDGE = re.compile(r"/\*|\*/")
_DULL = re.compile(r"[^'\"$;/\\-]+")
"""A run of characters in which no quote, comment or end begins: most of a script, passed over at once."""
_REST = re.compile(r"[\w$]+")
_TOLD = 4
"""Words that tell what a statement is; what a routine, a schema or a grant is about comes later."""
_TOLD_LATER = frozenset({"FUNCTION", "PROCEDURE", "SCHEMA"})


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
    text, start, depth, at = source.text, None, 0, _begin(source)
    words: list[str] = []
    nesting = 0
    while at < len(text):
        if plain := _is_plain(words):
            at, depth = _pass_over(text, at, depth)
        token = _TOKEN.match(text, at)
        if token is None:
            break
        sort, begin = _sort(token), at
        at = _end(source, sort, token)
        if sort in ("space", "line", "block") or (sort == "meta" and start is None):
            continue
        if sort == "semicolon" and depth == 0 and nesting == 0:
            if start is not None:
                yield Statement(text[start:begin], tuple(words), source, start)
            start, words = None, []
            continue
        start = begin if start is None else start
        depth = max(depth + (sort == "open") - (sort == "close"), 0)
        nesting = nesting if plain else _noted(words, sort, token, nesting)
    if start is not None:
        yield Statement(text[start:].rstrip(), tuple(words), source, start)


_ELSEWHERE = re.compile(r"\\(?:i|ir|include|include_relative|gexec|c|connect|copy|if|elif|else|endif)(?![a-z_])")


def identifiers(text: str) -> Iterator[tuple[int, str]]:
    """The names in a statement, and its words, as the server takes them, each with where it begins; none out of strings and comments."""
    source, at = Source("", text), 0
    while token := _TOKEN.match(text, at):
        sort, begin = _sort(token), at
        at = _end(source, sort, token)
        if sort == "word":
            yield begin, token.group().lower()
        elif sort == "quoted":
            yield begin, token.group().partition('"')[2][:-1].replace('""', '"')


def _refuse_commands(source: Source, token: re.Match[str]) -> None:
    """What psql would do at a place of its own (another file, another database) or not at all cannot be done here, and would be missing or too much."""
    if _ELSEWHERE.match(token[0]):
        where = Statement(token[0], (), source, token.start()).place(1)
        raise InvalidSpec(
            f"{where}: {token[0].split()[0]} is a command of psql's and no SQL; write what it would bring into the declaration, or take it out"
        )


def _begin(source: Source) -> int:
    if "\x00" in source.text:
        raise InvalidSpec(f"{source.name}: has a NUL character, which Postgres cannot hold; take it out")
    return 1 if source.text.startswith("\ufeff") else 0  # the mark that some editors put before a text


def _sort(token: re.Match[str]) -> str:
    found = token.lastgroup or "other"
    return "dollar" if found == "tag" else found


def _noted(words: list[str], sort: str, token: re.Match[str], nesting: int) -> int:
    """The nesting after this token, which is added to the words where it is one."""
    if sort not in ("word", "quoted", "string", "escaped", "dollar"):
        return nesting
    words.append(token.group().upper() if sort == "word" else token.group()[:1])
    return _nesting(words, nesting)


def _is_plain(words: list[str]) -> bool:
    """Whether the words so far tell all that there is to know of a statement but its end."""
    return len(words) >= _TOLD and words[0] in ("CREATE", "ALTER") and _TOLD_LATER.isdisjoint(words[1:_TOLD])


def _pass_over(text: str, at: int, depth: int) -> tuple[int, int]:
    """Behind the dull run, and how many brackets are open there."""
    end = _dull_end(text, at)
    opened, closed = (sum(text.count(c, at, end) for c in pair) for pair in ("([", ")]"))
    return end, max(depth + opened - closed, 0)


def _dull_end(text: str, at: int) -> int:
    """Where the next token begins that may begin or end something: an E before a quote is its part, a $ within a name is not."""
    while run := _DULL.match(text, at):
        at = run.end()
        before, it = text[at - 1], text[at : at + 1]
        if it == "'" and before in "eE" and not _REST.match(text, at - 2, at - 1):
            return at - 1
        if it != "$" or not _REST.match(before):
            return at
        rest = _REST.match(text, at)
        assert rest is not None
        at = rest.end()
    return at


def _nesting(words: list[str], nesting: int) -> int:
    """How many BEGIN ATOMIC and CASE are open, in a routine's definition."""
    if words[0] != "CREATE" or not {"FUNCTION", "PROCEDURE"} & set(words[1:4]):
        return 0
    if words[-1] == "ATOMIC" and words[-2:] == ["BEGIN", "ATOMIC"]:
        return nesting + 1
    if nesting and words[-1] == "CASE":
        return nesting + 1
    return nesting - 1 if nesting and words[-1] == "END" else nesting


def _end(source: Source, sort: str, token: re.Match[str]) -> int:
    if sort == "stray":
        raise _not_closed(source, token.start(), f"quote {token.group()}")
    if sort == "meta":
        _refuse_commands(source, token)
    return _comment_end(source, token.start()) if sort == "block" else token.end()


def _comment_end(source: Source, start: int) -> int:
    depth = 0
    for edge in _EDGE.finditer(source.text, start):
        depth += 1 if edge.group() == "/*" else -1
        if depth == 0:
            return edge.end()
    raise _not_closed(source, start, "comment /*")


def _not_closed(source: Source, start: int, what: str) -> InvalidSpec:
    place = Statement("", (), source, start).place()
    return InvalidSpec(f"{place}: the {what} that begins here is not closed; close it")


IGNORED = (
    ("BEGIN",),
    ("COMMIT",),
    ("START", "TRANSACTION"),
    ("END",),
    ("ANALYZE",),
    ("VACUUM",),
    ("REFRESH", "MATERIALIZED"),
    ("RESET",),
    ("SHOW",),
    ("SET", "TRANSACTION"),
    ("SET", "SESSION", "AUTHORIZATION"),
    ("SET", "SESSION", "CHARACTERISTICS"),
    ("SET", "LOCAL"),
    ("SET", "CONSTRAINTS"),
    ("SET", "DEFAULT_TABLESPACE"),
    ("SET", "STATEMENT_TIMEOUT"),
    ("SET", "LOCK_TIMEOUT"),
    ("SET", "IDLE_IN_TRANSACTION_SESSION_TIMEOUT"),
    ("SET", "TRANSACTION_TIMEOUT"),
    ("SET", "CLIENT_ENCODING"),
    ("SET", "CLIENT_MIN_MESSAGES"),
    ("SET", "ROW_SECURITY"),
    ("SET", "STANDARD_CONFORMING_STRINGS"),
    ("SET", "XMLOPTION"),
    ("ALTER", "ROLE"),
    ("ALTER", "USER"),
)
"""Harmless lines of a dump that say nothing about the schema, or nothing that belongs to one database."""

REFUSED: dict[tuple[str, ...], str] = {
    ("INSERT",): "writes rows",
    ("UPDATE",): "writes rows",
    ("DELETE",): "deletes rows",
    ("MERGE",): "writes rows",
    ("COPY",): "writes rows",
    ("TRUNCATE",): "deletes rows",
    ("WITH",): "is a query",
    ("VALUES",): "is a query",
    ("TABLE",): "is a query",
    ("CALL",): "runs code",
    ("EXECUTE",): "runs code",
    ("PREPARE",): "is of a session",
    ("LOCK",): "is of a session",
    ("LISTEN",): "is of a session",
    ("NOTIFY",): "is of a session",
    ("DECLARE",): "is of a session",
    ("LOAD",): "loads code",
    ("CHECKPOINT",): "manages the server",
    ("CLUSTER",): "manages storage",
    ("REINDEX",): "manages storage",
    ("CREATE", "DATABASE"): "manages databases",
    ("ALTER", "DATABASE"): "manages databases",
    ("DROP", "DATABASE"): "manages databases",
    ("CREATE", "TABLESPACE"): "manages tablespaces",
    ("ALTER", "TABLESPACE"): "manages tablespaces",
    ("DROP", "TABLESPACE"): "manages tablespaces",
    ("ALTER", "SYSTEM"): "manages the server",
    ("CREATE", "SUBSCRIPTION"): "connects to another server",
    ("DROP", "ROLE"): "manages roles",
    ("DROP", "USER"): "manages roles",
    ("REASSIGN",): "changes what other databases hold",
    ("DROP", "OWNED"): "drops what is not declared",
    ("ROLLBACK",): "takes back what was declared",
    ("ABORT",): "takes back what was declared",
    ("SAVEPOINT",): "is of a session",
    ("RELEASE",): "is of a session",
    ("DISCARD",): "is of a session",
    ("DEALLOCATE",): "is of a session",
    ("FETCH",): "is of a session",
    ("MOVE",): "is of a session",
    ("CLOSE",): "is of a session",
    ("UNLISTEN",): "is of a session",
    ("SECURITY", "LABEL"): "labels objects for other software, whose business that is",
    ("SET", "ROLE"): "changes the session",
    ("EXPLAIN",): "is a query",
    ("ALTER", "GROUP"): "manages roles",
    ("DROP", "GROUP"): "manages roles",
}
SHARED = {
    "DATABASE": "databases",
    "TABLESPACE": "tablespaces",
    "PARAMETER": "the server",
    "ROLE": "roles",
    "SUBSCRIPTION": "subscriptions",
}
"""What GRANT, REVOKE and COMMENT may be about that no schema holds."""
_SEARCH_PATH = re.compile(r"SELECT\s+(pg_catalog\s*\.\s*)?set_config\s*\(\s*'search_path'", re.IGNORECASE)
"""The one SELECT of a dump."""

_OPTION = re.compile(r"""[(,]\s*(?:ADD\s+|SET\s+)?"?([\w.]+)"?\s+'""", re.IGNORECASE)
"""The name of a generic option, before its value."""

ROLES = (("CREATE", "ROLE"), ("CREATE", "USER"), ("CREATE", "GROUP"))
_SAYS_NOTHING = frozenset((*IGNORED, *ROLES))


def wanted(statement: Statement) -> bool:
    """Whether the statement says something about the schema. Raises InvalidSpec where a declaration may not hold it."""
    words = statement.words
    if words[:2] == ("SET", "SESSION") and words[2:3] not in (("AUTHORIZATION",), ("CHARACTERISTICS",)):
        words = ("SET", *words[2:])
    mapping = words[1:3] == ("USER", "MAPPING")
    for n in (1, 2):
        if (why := REFUSED.get(words[:n])) and not mapping:
            raise _refused(statement, " ".join(words[:n]), why)
    if words[:1] == ("SELECT",) and not _SEARCH_PATH.match(statement.text):
        raise _refused(statement, "SELECT", "runs a query")
    if secret := _secret(statement):
        raise InvalidSpec(
            f"{statement.place()}: the option {secret} may hold what nobody may see, and a declaration can be read by many; take it out, "
            "and set it by hand (ALTER … OPTIONS): it is left as it is there"
        )
    if words[:1] in (("GRANT",), ("REVOKE",), ("COMMENT",)):
        about = words[words.index("ON") + 1] if "ON" in words[:-1] else "ROLE"
        if about in SHARED:
            raise _refused(statement, words[0], f"manages {SHARED[about]}")
    return mapping or not any(words[:n] in _SAYS_NOTHING for n in (1, 2, 3))


def _secret(statement: Statement) -> str | None:
    """The option of something foreign that is never read, compared or written."""
    words = statement.words
    foreign = words[1:2] in (("SERVER",), ("FOREIGN",)) or words[1:3] == ("USER", "MAPPING")
    closed = CLOSED_OF_TABLES if words[1:3] == ("FOREIGN", "TABLE") else CLOSED
    keys = _OPTION.findall(statement.text) if foreign and words[:1] in (("CREATE",), ("ALTER",)) else []
    secret = (k for k in keys if re.search(closed.strip("'"), k, re.IGNORECASE) and k != "password_required")
    return next(secret, None)


def _refused(statement: Statement, what: str, why: str) -> InvalidSpec:
    way_out = " and use spec.backfills for values" if "rows" in why else ""
    return InvalidSpec(
        f"{statement.place()}: {what} {why}, and a declaration only says what the schema is; take it out{way_out}"
    )
