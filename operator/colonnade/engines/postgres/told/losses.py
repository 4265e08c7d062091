"""How much a plan would delete or change: it is approved knowing the rows and bytes that go, and the values that become others.

Small tables are counted, large ones told as the server last counted them.
https://www.postgresql.org/docs/current/catalog-pg-class.html (reltuples)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import LiteralString

import psycopg

from colonnade.core.errors import Stale
from colonnade.core.hazards import Hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Confirm, Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, name, printed, q, text, value
from colonnade.engines.postgres.told import renamed, same
from colonnade.engines.postgres.told.checks import LIMIT, Answer, answer, within_bounds

COUNTED = 64 * 2**20
"""Bytes up to which a table is counted row by row."""
PATIENCE = "5s"
SHOWN = value(3)
"""Of what others have changed meanwhile, so much is told."""

SIZE: LiteralString = """
SELECT c.reltuples::int8, pg_total_relation_size(c.oid), pg_size_pretty(pg_total_relation_size(c.oid)) FROM pg_class c WHERE c.oid = %s::regclass"""


def told(connection: Connection, live: Model, steps: Sequence[Step]) -> list[Step]:
    """The steps, with every hazard of losing data saying how much of it there is; without those for which there is none."""
    known = {str(o): o for o in live.objects if o.kind in ("table", "column")}
    counted = [_told(connection, s, known[s.subject]) if s.subject in known and _loses(s) else s for s in steps]
    names = list(renamed.walked(counted, live))
    counted = [called.as_now(s) for s, called in zip(counted, names, strict=True)]
    counted = [replace(s, confirms=tuple(_that_can_be_asked(connection, s.confirms))) for s in counted]
    questions = {h.asks for s in counted for h in s.hazards if h.asks} | {c.asks for s in counted for c in s.confirms}
    found = {asks: _found(connection, asks) for asks in sorted(questions)}
    asked = (
        replace(s, hazards=tuple(_those(s.hazards, found)), confirms=tuple(_none_yet(s.confirms, found)))
        for s in counted
    )
    return [called.as_begun(s) for s, called in zip(asked, names, strict=True)]


Found = Mapping[tuple[str, ...], tuple[int | None, str]]
"""By the queries of a hazard, how many values it concerns and which of the queries told; None where it is not known."""


def _those(hazards: Iterable[Hazard], found: Found) -> Iterator[Hazard]:
    """The hazards without those that concern no values."""
    for one in hazards:
        count, asked = found.get(one.asks, (None, ""))
        if count is None:
            yield replace(one, asks=())
        elif count:
            of_them = f"{count} value(s) do not come back as they were; to see them: {asked}"
            yield replace(one, asks=(), message=f"{one.message}: {of_them}")


def _that_can_be_asked(connection: Connection, confirms: Iterable[Confirm]) -> Iterator[Confirm]:
    """With the questions for what is not there yet put; not about a table that the plan itself makes."""
    for one in confirms:
        if not one.beyond:
            yield one
        elif answer(connection, printed(one.asks[0])) is Answer.FOUND:
            yield _beyond(connection, one)


def _beyond(connection: Connection, one: Confirm) -> Confirm:
    asked, number = printed(one.asks[0]), q("pg_catalog.hashtextextended(line, 0)")
    known = connection.execute(q("SELECT {} FROM ({}) AS found (line)", number, asked)).fetchall()
    more = q(
        "SELECT line FROM ({}) AS found (line) WHERE {} <> ALL ({}::int8[])",
        asked,
        number,
        value([n for (n,) in known]),
    )
    return replace(one, asks=(text(more),), beyond=False)


def _none_yet(confirms: Iterable[Confirm], found: Found) -> Iterator[Confirm]:
    """Those that concern nothing so far, with the query that told."""
    for one in confirms:
        count, asked = found.get(one.asks, (0, one.asks[0]))
        if count == 0:
            yield replace(one, asks=(asked,))


def confirm(connection: Connection, confirms: Sequence[Confirm], subject: str, *, locked: bool) -> None:
    """Ask again, where `locked` is set with the tables locked until the end of the transaction. Raises Stale where it is so now."""
    for table in sorted({c.table for c in confirms}) if locked else ():
        connection.execute(q("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", printed(table)))
    for one in confirms:
        if found := connection.execute(
            q("SELECT * FROM ({}) AS found LIMIT {}", printed(one.asks[0]), SHOWN)
        ).fetchall():
            seen = "; ".join(str(line) for line, *_ in found) if one.says else f"to see: {one.asks[0]}"
            raise Stale(f"{subject}: {one.told}{': ' if one.says else '; '}{seen}; it is planned afresh")


def _found(connection: Connection, queries: Sequence[str]) -> tuple[int | None, str]:
    """How many rows the first of the queries finds that the server can run, and which that is; None where it is not known in time."""
    for one in queries:
        try:
            return _counted(connection, q("SELECT count(*) FROM ({}) AS found", printed(one)), LIMIT), one
        except psycopg.errors.CannotCoerce:
            continue
        except (psycopg.DataError, psycopg.ProgrammingError, psycopg.NotSupportedError):
            return None, one
    return None, ""


def _loses(step: Step) -> bool:
    return any(h.code == "DELETES_DATA" for h in step.hazards)


def _told(connection: Connection, step: Step, oid: ObjectId) -> Step:
    amount = ", ".join(_amount(connection, name(*oid.name[:2])))
    hazards = (replace(h, message=f"{h.message}: {amount}") if h.code == "DELETES_DATA" else h for h in step.hazards)
    return same.confirmed(connection, replace(step, hazards=tuple(hazards)), oid)


def _amount(connection: Connection, table: Part) -> Iterator[str]:
    row = connection.execute(SIZE, [text(table)]).fetchone()
    assert row is not None
    estimate, size, pretty = row
    counted = _count(connection, table) if size <= COUNTED else None
    if counted is not None:
        yield f"{counted} row(s)"
    elif estimate >= 0:
        yield f"about {estimate} rows"
    yield str(pretty)


def _count(connection: Connection, table: Part) -> int | None:
    return _counted(connection, q("SELECT count(*) FROM {}", table), PATIENCE)


def _counted(connection: Connection, query: Part, patience: str) -> int | None:
    """What the query counts; None where it takes longer than that, or waits for others."""
    try:
        with within_bounds(connection, patience, PATIENCE):
            row = connection.execute(q("{}", query)).fetchone()
    except (psycopg.errors.QueryCanceled, psycopg.errors.LockNotAvailable):
        return None
    return int(row[0]) if row else None
