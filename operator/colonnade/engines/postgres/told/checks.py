"""Pre-checks: before anything is changed, the rows are asked, read-only and time-boxed, whether they agree with what is to come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum, auto

import psycopg

from colonnade.core.errors import DataViolation
from colonnade.core.hazards import LOOKS_LIKE_RENAME
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, printed, q
from colonnade.engines.postgres.told.stumbled import STUMBLES, stumbled_over

LIMIT = "60s"
NOT_THERE_YET = ("42P01", "42703", "42883", "42704", "3F000", "42804", "22P02", "25006", "42846")
"""What a check may stumble over because an earlier step of the plan makes it, or changes its type, by a text where there is no cast; or
because it would write."""


def check(connection: Connection, steps: Iterable[Step], subject: str) -> None:
    """Ask every check of every step. Raises DataViolation with how many rows, some of their keys, and the query for all."""
    steps = list(steps)
    for step in steps:
        for one in step.checks:
            try:
                _ask(connection, one, subject)
            except DataViolation as e:
                # rows that lack what they refer to may lack it for a rename that nobody declared
                suspected = [(s.subject, h) for s in steps for h in s.hazards if h.code == LOOKS_LIKE_RENAME.code]
                told = "".join(f". And {what} looks as if it were renamed: {h.safe_way}" for what, h in suspected)
                raise DataViolation(f"{e}{told}") from e


class Answer(Enum):
    """What the rows say to a question; or that it names what an earlier step makes, or takes longer than is waited for."""

    FOUND = auto()
    NONE = auto()
    NOT_YET = auto()
    TOO_LONG = auto()


def answer(connection: Connection, query: Part) -> Answer:
    """Whether there are rows that the query finds."""
    try:
        with within_bounds(connection):
            row = connection.execute(q("SELECT 1 FROM ({}) AS found LIMIT 1", query)).fetchone()
    except psycopg.errors.QueryCanceled:
        return Answer.TOO_LONG
    except psycopg.Error as e:
        if e.sqlstate in NOT_THERE_YET:
            return Answer.NOT_YET
        raise
    return Answer.FOUND if row else Answer.NONE


@contextmanager
def within_bounds(connection: Connection, patience: str = LIMIT, waits: str = "0") -> Iterator[None]:
    """A read-only transaction of which no statement takes longer than `patience`, or `waits` longer than that for others."""
    with connection.transaction():
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute(
            "SELECT pg_catalog.set_config('statement_timeout', %s, true), pg_catalog.set_config('lock_timeout', %s, true)",
            [patience, waits],
        )
        yield


def _ask(connection: Connection, one: Check, subject: str) -> None:
    try:
        with within_bounds(connection):
            cursor = connection.execute(one.query.encode())
            columns, found = [c.name for c in cursor.description or ()], cursor.fetchall()
            total = connection.execute(one.count.encode()).fetchone() if found else None
    except psycopg.errors.QueryCanceled:
        return
    except psycopg.Error as e:
        if isinstance(e, STUMBLES) and understood(connection, one):
            raise DataViolation(
                f"{subject}: {one.problem}, or cannot even be computed for one: {e.diag.message_primary}. Nothing was changed. "
                f"{_to_see(connection, one)}; then {one.remedy}"
            ) from e
        if e.sqlstate in NOT_THERE_YET or isinstance(e, psycopg.DataError):
            return
        raise
    if found:
        keys = f"{_named(columns)} = {', '.join(_named(map(_shown, row)) for row in found[:5])}"
        raise DataViolation(
            f"{subject}: {one.problem}: {total[0] if total else len(found)} of them, such as {keys}. Nothing was changed. "
            f"To see them all: {one.query.removesuffix(' LIMIT 5')}; then {one.remedy}"
        )


def _to_see(connection: Connection, one: Check) -> str:
    """How to come to the row that cannot be computed: the question itself stumbles over it."""
    try:
        with within_bounds(connection):
            found = stumbled_over(connection, one)
    except psycopg.Error:  # what stumbled has ended the transaction
        found = ""
    asked = one.query.removesuffix(" LIMIT 5")
    return f"To see it: {found}" if found else f"To find it, ask this of a few rows at a time: {asked}"


def understood(connection: Connection, one: Check) -> bool:
    """Whether the server understands the question, so that it can only stumble over a value: it would do so again."""
    try:
        with within_bounds(connection):
            connection.execute(q("EXPLAIN {}", printed(one.query)))
    except psycopg.Error:
        return False
    return True


def _shown(value: object) -> str:
    return "NULL" if value is None else str(value)


def _named(parts: Iterable[str]) -> str:
    all_parts = list(parts)
    return all_parts[0] if len(all_parts) == 1 else f"({', '.join(all_parts)})"
