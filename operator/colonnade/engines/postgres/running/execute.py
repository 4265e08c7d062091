"""Running a plan: in groups that share a transaction, each asked for with a timeout and tried again, each noted before and after.

What a step waits for is named while it waits: pid, application, age of its transaction; never its text.
https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-LOCK-TIMEOUT
"""

from __future__ import annotations

import itertools
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

import psycopg

from colonnade.core.errors import DataViolation, Failed, WaitingForLock
from colonnade.core.gate import Policy
from colonnade.core.plan import Plan, Step
from colonnade.engines import Outcome, Progress
from colonnade.engines.postgres.errors import meaning
from colonnade.engines.postgres.running.backfill import backfill, pause
from colonnade.engines.postgres.running.journal import Journal
from colonnade.engines.postgres.session import Connection, run
from colonnade.engines.postgres.statement import name, q
from colonnade.engines.postgres.told.losses import confirm

RETRIED = ("55P03", "40P01")

WHO: LiteralString = """a.pid, concat_ws(', ', nullif(a.application_name, ''), coalesce('user ' || a.usename, a.backend_type), a.state,
  coalesce(extract(epoch FROM clock_timestamp() - a.xact_start)::int, 0) || ' s')"""
"""A session as people find it again, without what it asks."""

BLOCKERS: LiteralString = f"""
SELECT DISTINCT {WHO}, a.xact_start
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE l.granted AND l.pid <> pg_backend_pid() AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND n.nspname || '.' || c.relname = ANY (%s) ORDER BY a.xact_start LIMIT 5"""

OLDEST: LiteralString = f"""
SELECT {WHO} FROM pg_stat_activity a WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.xact_start IS NOT NULL
ORDER BY a.xact_start LIMIT 5"""
"""What a concurrent build waits for: every transaction that is older than it."""


class Executor:
    """Runs one plan on one session, under one policy."""

    def __init__(
        self, connection: Connection, journal: Journal, policy: Policy, stop: threading.Event, subject: str
    ) -> None:
        self.connection, self.journal, self.policy, self.stop, self.subject = connection, journal, policy, stop, subject

    def execute(self, plan: Plan, desired: str, progress: Progress) -> Outcome:
        """Run every step on the way to `desired`. Raises WaitingForLock, DataViolation, Failed … with what was done before it left done."""
        number = self.journal.begin(plan, desired)
        timings: dict[str, float] = {}
        done = 0
        try:
            for group in grouped(plan.steps):
                self._go_on(done, len(plan.steps))
                progress(group[0].statement.split("\n")[0][:120], done / len(plan.steps))
                begin = time.monotonic()
                self._group(number, group, progress)
                timings |= {s.id: round((time.monotonic() - begin) / len(group), 4) for s in group}
                done += len(group)
        except Exception as e:
            if not self.connection.closed:
                self.journal.end(number, type(e).__name__)
            if isinstance(e, DataViolation | Failed):
                e.args = (f"{e}. {_how_far(done, plan.steps)}",)
            raise
        self.journal.end(number)
        return Outcome(timings)

    def _go_on(self, done: int, of: int) -> None:
        if self.stop.is_set():
            raise WaitingForLock(
                f"{self.subject}: stopped after {done} of {of} steps, as the operator was told to; it goes on later"
            )

    def _group(self, number: int, group: Sequence[Step], progress: Progress) -> None:
        ids = [s.id for s in group]
        deadline = time.monotonic() + self.policy.lock_retry_budget
        for attempt in itertools.count():
            self._at = group[0]
            try:
                if group[0].transactional:
                    self._together(number, group)
                else:
                    self.journal.before(number, ids)
                    self._alone(group[0], deadline, progress)
                    self.journal.after(number, ids)
                return
            except psycopg.Error as e:
                if e.sqlstate not in RETRIED:
                    raise meaning(e, f"{self.subject}: {self._at.subject}", self.connection) from e
                behind = self._blockers(group)
                if time.monotonic() > deadline or self.stop.is_set():
                    raise meaning(e, f"{self.subject}: {self._at.subject}{behind}") from e
                progress(f"waits for a lock: {self._at.subject}{behind}", None)
                self.stop.wait(pause(attempt))

    def _together(self, number: int, group: Sequence[Step]) -> None:
        with self.connection.transaction():
            self._set("lock_timeout", f"{int(self.policy.lock_timeout * 1000)}ms")
            self.journal.before(number, [s.id for s in group])
            confirm(self.connection, [c for s in group for c in s.confirms], self.subject, locked=True)
            for step in group:
                self._at = step
                run(self.connection, step.statement)
            self.journal.after(number, [s.id for s in group])

    def _set(self, setting: LiteralString, to: str) -> None:
        self.connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", [setting, to])

    def _alone(self, step: Step, deadline: float, progress: Progress) -> None:
        """Nobody waits behind such a step, so it may wait for as long as there is patience; a slice of a backfill may not."""
        patience = (
            self.policy.lock_timeout if step.batched else max(deadline - time.monotonic(), self.policy.lock_timeout)
        )
        with self._patient(patience):
            if step.batched:
                backfill(self.connection, step, self.policy, self.stop, progress)
            else:
                confirm(self.connection, step.confirms, self.subject, locked=False)
                self._clear_invalid(step)
                run(self.connection, step.statement)

    @contextmanager
    def _patient(self, seconds: float) -> Iterator[None]:
        change = "SELECT pg_catalog.set_config('lock_timeout', %s, false)"
        self.connection.execute(change, [f"{int(seconds * 1000)}ms"])
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute(change, ["0"])

    def _clear_invalid(self, step: Step) -> None:
        """A concurrent build that failed or was killed leaves an invalid index of the name: it is dropped before the next try."""
        built = re.match(
            r'CREATE (?:UNIQUE )?INDEX CONCURRENTLY (?:IF NOT EXISTS )?("(?:[^"]|"")+") ON (?:ONLY )?("(?:[^"]|"")+")\.',
            step.statement,
        )
        if not built:
            return
        schema, index = (m[1:-1].replace('""', '"') for m in (built[2], built[1]))
        row = self.connection.execute(
            "SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_namespace n "
            "ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = %s AND c.relname = %s",
            [schema, index],
        ).fetchone()
        if row:
            self.connection.execute(q("DROP INDEX CONCURRENTLY {}", name(schema, index)))

    def _blockers(self, group: Sequence[Step]) -> str:
        if self.connection.closed:
            return ""
        relations = sorted({b for s in group for b in s.blocks})
        found = self.connection.execute(BLOCKERS, [relations]).fetchall() if relations else []
        # what is waited for may be no table, but a type or a routine
        found = found or self.connection.execute(OLDEST).fetchall()
        told = ", ".join(f"pid {pid} ({who})" for pid, who, *_ in found)
        return f" behind {told}" if told else ""


def _how_far(done: int, steps: Sequence[Step]) -> str:
    """What a run that ended early has changed."""
    if done:
        return f"{done} of {len(steps)} steps are done and stay so; the next run goes on from there"
    return "Nothing was changed" if steps[0].transactional else "No step was done"


def grouped(steps: Sequence[Step]) -> Iterator[list[Step]]:
    """Neighbours that may share a transaction, together; others by themselves."""
    group: list[Step] = []
    for step in steps:
        if group and not (step.transactional and group[-1].transactional):
            yield group
            group = []
        group.append(step)
    if group:
        yield group
