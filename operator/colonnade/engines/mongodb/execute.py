"""Runs steps, and nothing else: each under the lock's token, noted before and after, with a limit on how long others
may wait behind it.

`collMod`, drops and renames want the collection for themselves; while they wait behind a transaction, writers wait
behind them. So each try is short (policy.lock_timeout, as maxTimeMS), and tries are repeated with growing, jittered
pauses inside policy.lock_retry_budget. The time would count waiting for the majority too, so that is left to the journal's next entry, which comes after.
Index builds have no limit: ending one by time undoes it. They run in a thread,
so that their progress can be told and a stop is heard at once; a build that is left goes on on the server, and the next
run joins it.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.core.errors import ColonnadeError, DataViolation, WaitingForLock
from colonnade.core.plan import Check, Step
from colonnade.engines import Progress
from colonnade.engines.mongodb.batches import Batches
from colonnade.engines.mongodb.errors import NOT_FOUND, Stopped, code_of, details_of
from colonnade.engines.mongodb.session import MAJORITY, Session
from colonnade.engines.mongodb.statement import document, text

_LIMITED = ("collMod", "drop", "dropIndexes", "renameCollection", "create")
_GOING = ("drop", "dropIndexes")
_NOT_UNIQUE = 359
_LOOK = 1.0
_PAUSES = (0.05, 5.0)


@dataclass(frozen=True)
class Executor:
    """Runs the steps of one plan."""

    session: Session
    progress: Progress
    batches: Batches

    def run(self, step: Step) -> None:
        """Raises DataViolation, WaitingForLock, Unreachable …; a step that fails has changed nothing."""
        for check in step.checks:
            self._ask(check)
        command = document(step.statement)
        self.progress(f"{step.id}: {next(iter(command))} {step.subject}", None)
        if "update" in command:
            self.batches.run(command, self.progress)
        elif "createIndexes" in command:
            self._build(step, command)
        else:
            self._limited(command)

    def _ask(self, check: Check) -> None:
        if rows := list(self.session.rows(document(check.query))):
            count = self.session.run(document(check.count))["n"]
            ids = ", ".join(text(row["_id"]) for row in rows)
            raise DataViolation(
                f"{count} {check.problem} (_id {ids}{' …' if count > len(rows) else ''}); {check.remedy}"
            )

    def _limited(self, command: Mapping[str, Any]) -> None:
        limit = {"maxTimeMS": max(1, int(self.session.policy.lock_timeout * 1000))}
        admin = "admin" if "renameCollection" in command else None
        try:
            self._patiently(command, lambda: self.session.run({**command, **limit}, database=admin))
        except ColonnadeError as error:
            if code_of(error) in NOT_FOUND and next(iter(command)) in _GOING:
                return  # gone already
            if code_of(error) == _NOT_UNIQUE:
                raise self._not_unique(command, error) from error
            raise

    def _patiently(self, command: Mapping[str, Any], attempt: Callable[[], Any]) -> None:
        """Again and again, until it is ours or the budget is used up."""
        deadline = time.monotonic() + self.session.policy.lock_retry_budget
        for pause in _pauses():
            try:
                attempt()
                return
            except WaitingForLock as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise self._still_held(command) from error
                self.progress(f"waiting for {command[next(iter(command))]}: {_held_by(self.session, command)}", None)
                if self.session.stop.wait(min(pause, left)):
                    raise Stopped(
                        "stopped while waiting for a lock; what is done stays, and the next run goes on"
                    ) from error

    def _still_held(self, command: Mapping[str, Any]) -> WaitingForLock:
        verb = next(iter(command))
        return WaitingForLock(
            f"{verb} on {command[verb]} had to wait for {self.session.policy.lock_retry_budget:g} s in all: "
            f"{_held_by(self.session, command)}; it is tried again. End what holds the collection if it stays so"
        )

    def _not_unique(self, command: Mapping[str, Any], error: ColonnadeError) -> DataViolation:
        """New duplicates were refused until now; that is taken back, since the declared state cannot be reached."""
        name = command["index"]["name"]
        self._limited({"collMod": command["collMod"], "index": {"name": name, "prepareUnique": False}})
        groups = details_of(error).get("violations", [])
        ids = ", ".join(text(one) for group in groups[:5] for one in group.get("ids", [])[:5])
        return DataViolation(
            f"index {command['collMod']}.{name}: {len(groups)} group(s) of documents share their values (_id {ids}), and "
            "it is to be unique; change or remove them, then it goes on by itself. The index is as it was"
        )

    def _build(self, step: Step, command: Mapping[str, Any]) -> None:
        build = _Build(self.session, command)
        build.start()
        name = f"{command['createIndexes']}.{command['indexes'][0]['name']}"
        while not build.finished(_LOOK):
            self.progress(f"{step.id}: building index {name}", build.progress())
            if self.session.stop.is_set():
                raise Stopped(
                    f"stopped while index {name} is being built; the server goes on with it, and the next run joins it"
                )
        build.result()


class _Build:
    """One createIndexes in a thread of its own. A member that is down must not hold it up: a majority is enough."""

    def __init__(self, session: Session, command: Mapping[str, Any]) -> None:
        self._session = session
        quorum = {"commitQuorum": "majority"} if session.replicated else {}
        self._command = {**command, **quorum, "writeConcern": MAJORITY}
        self._done = threading.Event()
        self._error: ColonnadeError | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="index-build", daemon=True).start()

    def _run(self) -> None:
        try:
            self._session.run(self._command)
        except ColonnadeError as error:
            self._error = error
        finally:
            self._done.set()

    def finished(self, seconds: float) -> bool:
        return self._done.wait(seconds)

    def result(self) -> None:
        if self._error is not None:
            raise self._error

    def progress(self) -> float | None:
        """How much is done, where the server tells us."""
        if not self._session.may_on_cluster("inprog"):
            return None
        running = {"msg": {"$regex": "^Index Build"}, "ns": f"{self._session.name}.{self._command['createIndexes']}"}
        for row in _operations(self._session, running):
            if total := row.get("progress", {}).get("total"):
                return float(row["progress"]["done"] / total)
        return None


def _operations(session: Session, chosen: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """https://www.mongodb.com/docs/manual/reference/operator/aggregation/currentOp/"""
    pipeline = [{"$currentOp": {"allUsers": True, "idleSessions": True}}, {"$match": chosen}]
    yield from session.rows({"aggregate": 1, "pipeline": pipeline, "cursor": {}}, database="admin")


def _held_by(session: Session, command: Mapping[str, Any]) -> str:
    """Who is in the way, as far as we may know: the oldest open transaction, or else the longest operation on the
    collection.
    """
    if not session.may_on_cluster("inprog"):
        return "another session holds it (which one is not known: the database user lacks the action inprog)"
    held = {"transaction.timeOpenMicros": {"$exists": True}}
    open_ = sorted(_operations(session, held), key=lambda row: -int(row["transaction"]["timeOpenMicros"]))
    for row in open_:
        seconds = int(row["transaction"]["timeOpenMicros"]) / 1e6
        return f"a transaction of {row.get('appName', 'an application')!r} ({row.get('client', '?')}) is open for {seconds:.0f} s"
    busy = {"ns": f"{session.name}.{command[next(iter(command))]}", "secs_running": {"$gt": 0}}
    for row in sorted(_operations(session, busy), key=lambda row: -int(row["secs_running"])):
        return f"{row.get('op')} of {row.get('appName', 'an application')!r} runs for {row['secs_running']} s"
    return "another operation holds it"


def _pauses() -> Iterator[float]:
    pause, longest = _PAUSES
    while True:
        yield pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter
        pause = min(pause * 2, longest)
