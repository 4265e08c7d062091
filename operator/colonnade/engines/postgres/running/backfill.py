"""Backfills: rows are filled in slices of the table's pages, each a transaction of its own, sized to the time it may take.

The upper bound is the table's end at the start: what is added meanwhile gets its value from the column's default. A row that others
change meanwhile takes its missing value along to another place; one statement at the end finds those few. Since only rows
without a value are touched, a backfill that was cut off just begins again. https://www.postgresql.org/docs/current/ddl-system-columns.html
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import LiteralString

import psycopg
from psycopg import sql

from colonnade.core.errors import WaitingForLock
from colonnade.core.gate import Policy
from colonnade.core.plan import Step
from colonnade.engines import Progress
from colonnade.engines.postgres.session import Connection, run

LAG: LiteralString = (
    "SELECT coalesce(max(extract(epoch FROM replay_lag)), 0)::float8 FROM pg_catalog.pg_stat_replication"
)


def backfill(connection: Connection, step: Step, policy: Policy, stop: threading.Event, progress: Progress) -> None:
    """Run the step's UPDATE over slices of the relation that it names. Raises WaitingForLock when told to stop."""
    with _unwatched(connection) if step.unwatched else nullcontext():
        _slices(connection, step, policy, stop, progress)


@contextmanager
def _unwatched(connection: Connection) -> Iterator[None]:
    """The table's triggers keep still for this session; those that fire always do not.

    https://www.postgresql.org/docs/current/runtime-config-client.html#GUC-SESSION-REPLICATION-ROLE
    """
    change = "SELECT pg_catalog.set_config('session_replication_role', %s, false)"
    connection.execute(change, ["replica"])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute(change, ["origin"])


def _slices(connection: Connection, step: Step, policy: Policy, stop: threading.Event, progress: Progress) -> None:
    row = connection.execute(
        "SELECT pg_catalog.pg_relation_size(%s::pg_catalog.regclass) / pg_catalog.current_setting('block_size')::int8",
        [step.batched],
    ).fetchone()
    end, at, pages = (int(row[0]) if row else 0), 0, 16
    while at < end:
        if stop.is_set():
            raise WaitingForLock(f"{step.subject}: stopped at page {at} of {end}; it goes on later")
        upto = min(at + pages, end)
        begin = time.monotonic()
        bounds = sql.SQL(" AND ctid >= {}::tid AND ctid < {}::tid").format(
            sql.Literal(f"({at},0)"), sql.Literal(f"({upto},0)")
        )
        _patiently(connection, step.statement + bounds.as_string(None), policy, stop)
        took = time.monotonic() - begin
        progress(f"{step.subject}: page {upto} of {end}", upto / end)
        pages = max(1, min(4096, int(pages * min(2.0, policy.target_batch / max(took, 0.001)))))
        at = upto
        _wait_for_replicas(connection, policy, stop)
    if step.remainder:
        _patiently(connection, step.remainder, policy, stop)


def pause(attempt: int) -> float:
    """Seconds before the next try, longer each time, and not the same for all who wait."""
    return float(min(0.1 * 1.6**attempt, 15) * random.uniform(0.7, 1.3))  # noqa: S311 - spreads retries, guards nothing


def _patiently(connection: Connection, statement: str, policy: Policy, stop: threading.Event) -> None:
    """One slice, tried again while others hold its rows: nobody is to wait for long behind the rows that it has already."""
    deadline = time.monotonic() + policy.lock_retry_budget
    for attempt in itertools.count():
        try:
            run(connection, statement)
            break
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected):
            if time.monotonic() > deadline or stop.is_set():
                raise
            stop.wait(pause(attempt))


def _wait_for_replicas(connection: Connection, policy: Policy, stop: threading.Event) -> None:
    """Pause while a replica is further behind than the policy lets it be."""
    while not stop.is_set():
        row = connection.execute(LAG).fetchone()
        if row is None or row[0] <= policy.max_replica_lag:
            return
        stop.wait(1.0)
