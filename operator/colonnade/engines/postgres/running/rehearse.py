"""The rehearsal: the plan runs on a scratch copy of the live schema first, and the server itself says what each step does.

Locks are read from pg_locks while the step's transaction is open; rewrites, scans and builds from the server's own debug messages. With
the live sizes that becomes a predicted wait. https://www.postgresql.org/docs/current/explicit-locking.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import LiteralString

import psycopg

from colonnade.core.hazards import BLOCKS_WRITES, REWRITES_TABLE, SCANS_TABLE, HazardType, hazard
from colonnade.core.plan import Step
from colonnade.engines.postgres.declared.unfilled import unfilled
from colonnade.engines.postgres.session import Connection, run

LOCKS: LiteralString = """
SELECT n.nspname || '.' || c.relname, l.mode FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.pid = pg_backend_pid() AND l.granted AND l.locktype = 'relation' AND c.relkind IN ('r', 'p', 'm', 'v', 'f')
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"""

SIZES: LiteralString = """
SELECT n.nspname || '.' || c.relname, greatest(c.reltuples, 0)::float8, pg_table_size(c.oid)::float8
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%'"""

STRENGTH = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
BLOCKING = STRENGTH.index("ShareLock")
MESSAGE = re.compile(r'(rewriting|verifying) table "([^"]+)"|building index "[^"]+" on table "([^"]+)"')

REWRITE, SCAN, BUILD = 40e6, 400e6, 25e6
"""Bytes a second that a table is rewritten, scanned, indexed at, on the slow side."""

NO_CAST = ("42804", "42846", "42883")


@dataclass(frozen=True)
class Size:
    """Rows and bytes of a live relation, as the server last counted them."""

    rows: float
    bytes: float


def sizes(connection: Connection) -> Mapping[str, Size]:
    """The live relations' sizes by qualified name."""
    return {name: Size(rows, size) for name, rows, size in connection.execute(SIZES).fetchall()}


CAST_BACK = re.compile(r' USING ("(?:[^"]|"")+")::(?!text::)')


def settled(step: Step, statement: str) -> Step:
    """The step with the statement that the server took of several. Where it found no cast, it finds none on the way back."""
    by_text = statement in step.otherwise and "::text::" in statement
    undo = CAST_BACK.sub(r" USING \1::text::", step.undo, count=1) if by_text and step.undo else step.undo
    checks = tuple(replace(c, as_text=False) for c in step.checks if by_text or not c.as_text)
    return replace(step, statement=statement, otherwise=(), undo=undo, checks=checks)


class Rehearsal:
    """Runs steps on the copy and notes what they do."""

    def __init__(self, copy: Connection, live: Mapping[str, Size], max_blocking: float) -> None:
        self.copy, self.live, self.max_blocking = copy, live, max_blocking
        self.last: Step | None = None
        self._worst: dict[str, tuple[str, HazardType]] = {}
        self._said: list[str] = []
        copy.add_notice_handler(lambda diagnostic: self._said.append(diagnostic.message_primary or ""))

    def run(self, steps: Iterable[Step]) -> list[Step]:
        """The steps as they really are: the way that the server takes, the lock, the wait. Raises psycopg.Error at the `last` one."""
        run(self.copy, "SELECT pg_catalog.set_config('client_min_messages', 'debug1', false)")
        try:
            return [self._one(s) for s in steps]
        finally:
            run(self.copy, "SELECT pg_catalog.set_config('client_min_messages', 'warning', false)")

    def _one(self, step: Step) -> Step:
        self.last = step
        for i, statement in enumerate((step.statement, *step.otherwise)):
            self._said.clear()
            try:
                here = unfilled(statement)
                locks = self._locked(here) if step.transactional else self._alone(here)
            except psycopg.Error as e:
                if e.sqlstate in NO_CAST and i < len(step.otherwise):
                    continue
                e.add_note(statement)
                raise
            return self._judged(settled(step, statement), locks)
        raise AssertionError(step)

    def _locked(self, statement: str) -> Sequence[tuple[str, str]]:
        with self.copy.transaction():
            run(self.copy, statement)
            return [(name, mode) for name, mode in self.copy.execute(LOCKS).fetchall()]

    def _alone(self, statement: str) -> Sequence[tuple[str, str]]:
        run(self.copy, statement)
        return []

    def _judged(self, step: Step, locks: Sequence[tuple[str, str]]) -> Step:
        strong = {name: mode for name, mode in locks if STRENGTH.index(mode) >= BLOCKING and name in self.live}
        strongest = max((mode for _, mode in locks), key=STRENGTH.index, default="")
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", strongest.removesuffix("Lock")).upper()
        if not step.transactional:
            words = "SHARE UPDATE EXCLUSIVE"
        step = replace(step, lock=words if strong or not step.transactional else "", blocks=tuple(sorted(strong)))
        wait, found = self._wait(strong)
        static = tuple(
            h for h in step.hazards if h.code not in (REWRITES_TABLE.code, SCANS_TABLE.code, BLOCKS_WRITES.code)
        )
        step = replace(step, hazards=static, estimate=round(wait, 3))
        if found:
            self._worst[step.statement] = found
        return step if wait <= self.max_blocking else self._blocking(step, f"about {wait:.0f} s")

    def _blocking(self, step: Step, how_long: str) -> Step:
        if step.statement not in self._worst:
            return step
        name, kind = self._worst[step.statement]
        return step.with_hazard(hazard(kind, f"table {name}", f"{how_long}, {self.live[name].rows:.0f} rows"))

    def added_up(self, steps: Sequence[Step]) -> list[Step]:
        """The steps, where those of one transaction block for too long together: what the first has locked stays so until the last is done."""
        found: list[Step] = []
        for transactional, some in groupby(steps, lambda s: s.transactional):
            group = list(some)
            whole = sum(s.estimate for s in group) if transactional else 0
            alike = [s for s in group if s.estimate]
            if whole > self.max_blocking and len(alike) > 1 and all(s.estimate <= self.max_blocking for s in alike):
                group = [self._blocking(s, f"about {whole:.0f} s with what else is in the transaction") for s in group]
            found += group
        return found

    def _wait(self, strong: Mapping[str, str]) -> tuple[float, tuple[str, HazardType] | None]:
        """Seconds that others wait while the server rewrites, scans or builds under a strong lock, and the worst of it."""
        total, worst = 0.0, None
        by_name = {name.split(".", 1)[1]: name for name in strong}
        for said in self._said:
            if not (m := MESSAGE.search(said)) or (m[2] or m[3]) not in by_name:
                continue
            name = by_name[m[2] or m[3]]
            kind, speed = {"rewriting": (REWRITES_TABLE, REWRITE), "verifying": (SCANS_TABLE, SCAN)}.get(
                m[1] or "", (BLOCKS_WRITES, BUILD)
            )
            seconds = self.live[name].bytes / speed
            total += seconds
            worst = (name, kind) if worst is None or kind is REWRITES_TABLE else worst
        return total, worst
