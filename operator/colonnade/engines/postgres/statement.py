"""The only door to quoting: every statement is composed of literal text, names, values, and what the server itself printed.

See https://www.psycopg.org/psycopg3/docs/api/sql.html and, for names,
https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import LiteralString

from psycopg import sql

from colonnade.core.hazards import Hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step

Part = sql.Composable


def name(*parts: str) -> Part:
    """A quoted name, schema first; quoted only where it has to be, as the server prints it."""
    return sql.SQL(".").join(_plain(p) for p in parts)


def _plain(part: str) -> Part:
    return sql.Identifier(part)


def value(v: object) -> Part:
    """A literal."""
    return sql.Literal(v)


def printed(text: str) -> sql.SQL:
    """A fragment that the server printed (pg_get_expr, format_type …) or that the compiler has checked."""
    literal: LiteralString = text  # pyright: ignore[reportAssignmentType] - this is the door
    return sql.SQL(literal)


def q(template: LiteralString, *parts: Part) -> sql.Composed:
    """A statement: literal text with {} where the parts go."""
    return sql.SQL(template).format(*parts)


def words(*parts: Part | LiteralString | None) -> sql.Composed:
    """The parts that are there, a space between them."""
    return sql.SQL(" ").join(sql.SQL(p) if isinstance(p, str) else p for p in parts if p)


def listed(parts: Iterable[Part]) -> sql.Composed:
    """The parts, a comma between them."""
    return sql.SQL(", ").join(parts)


def joined(between: LiteralString, parts: Iterable[Part]) -> sql.Composed:
    """The parts with this text between them."""
    return sql.SQL(between).join(parts)


def keys(columns: Iterable[str]) -> Part:
    """What a row is called by: its key's columns, else where it lies."""
    return listed(name(c) for c in columns) if columns else q("ctid::text")


def text(statement: Part) -> str:
    """The statement as the server will get it."""
    return statement.as_string(None)


def step(
    subject: ObjectId,
    statement: Part,
    *,
    alone: bool = False,
    hazards: tuple[Hazard, ...] = (),
    undo: Part | str = "",
) -> Step:
    """A step; `alone` runs outside a transaction. `undo` is the reverse statement, or the sentence that says why there is none."""
    reverse, note = (None, undo) if isinstance(undo, str) else (text(undo), "")
    return Step(
        statement=text(statement),
        subject=str(subject),
        transactional=not alone,
        hazards=hazards,
        undo=reverse,
        undo_note=note,
    )


def relations(names: Iterable[tuple[str, ...]]) -> Part:
    """The relations of these names, in an array: each written out, so that it can be asked by another name."""
    return q("ARRAY[{}]::pg_catalog.regclass[]", listed(value(text(name(*one))) for one in names))


def question(shown: Part, rows: Part, *, problem: str, remedy: str, grouped: bool = False) -> Check:
    """What is asked of the rows before a step: some that `rows`, from FROM on, finds, by what is `shown` of them, and how many there are."""
    count = q("SELECT count(*) FROM (SELECT 1 {}) AS found", rows) if grouped else q("SELECT count(*) {}", rows)
    return Check(text(q("SELECT {} {} LIMIT 5", shown, rows)), text(count), problem, remedy)
