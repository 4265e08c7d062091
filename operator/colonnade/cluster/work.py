"""The part of a pass that talks to the database. It runs in a worker thread, knows no Kubernetes, and never raises."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from colonnade.cluster.objects import Key
from colonnade.cluster.sessions import Session, Sessions
from colonnade.core.errors import ColonnadeError, Refused, Unreachable
from colonnade.core.gate import Policy
from colonnade.core.plan import Plan
from colonnade.engines import (
    Database,
    Declaration,
    Desired,
    Outcome,
    Probe,
    Progress,
    Restorable,
    Target,
    Waiting,
    engine,
    silent,
)
from colonnade.reconcile import FactsOf, Result, reconcile

PARTS = ("settled", "fingerprint", "read", "plan", "verify")
"""Verbs of a Database that are timed; connect, probe, desire and execute are, too."""


@dataclass(frozen=True)
class Order:
    """What a pass wants from a database: who to let go (owner to deletion policy), what is declared, under which policy.

    With `known`, what the database noted when it was last proved, all that is asked is whether it still is so.
    """

    key: Key
    engine: str
    target: Target
    policy: Policy
    declarations: tuple[Declaration, ...]
    leaving: Mapping[str, str] = field(default_factory=dict[str, str])
    paused: bool = False
    known: tuple[str, str] | None = None


@dataclass
class Report:
    """What came of it. `error` ended the pass; it came before the database was reached where there is no `probe`.

    `ran` is the plan that was begun, `outcome` says that all of its steps ran, whatever the proof said afterwards.
    """

    probe: Probe | None = None
    result: Result | None = None
    desired: Desired | None = None
    error: Exception | None = None
    ran: Plan | None = None
    outcome: Outcome | None = None
    left: dict[str, Exception | None] = field(default_factory=dict[str, Exception | None])
    seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict[str, float])
    calm: bool = False
    waiting: tuple[Waiting, ...] = ()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Note how long this part of the pass takes."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.parts[name] = self.parts.get(name, 0.0) + time.monotonic() - began


class Recorded:
    """A Database that notes what was desired and which plan began to run, so that an error later on can be told in full.

    It notes, too, how long each verb took.
    """

    def __init__(self, database: Database, report: Report, running: Callable[[Plan], None]) -> None:
        self._database, self._report, self._running = database, report, running

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._database, name)
        return self._timed(name, found) if name in PARTS else found

    def _timed(self, name: str, verb: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            with self._report.part(name):
                return verb(*arguments, **named)

        return timed

    def desire(self, declarations: Sequence[Declaration], *, whole: bool = False) -> Desired:
        with self._report.part("desire"):
            self._report.desired = self._database.desire(declarations, whole=whole)
        return self._report.desired

    def execute(self, plan: Plan, desired: Desired, progress: Progress = silent) -> Outcome:
        self._running(plan)
        self._report.ran, self._report.outcome = plan, None
        with self._report.part("execute"):
            self._report.outcome = self._database.execute(plan, desired, progress)
        return self._report.outcome


@dataclass(frozen=True)
class Hooks:
    """How the thread asks and tells the pass that it works for: facts for the gate, a plan that begins to run, progress."""

    facts: FactsOf
    running: Callable[[Plan], None]
    progress: Progress = silent


def work(order: Order, sessions: Sessions, hooks: Hooks) -> Report:
    """Probe, let go, reconcile. A session that was idle may have died unseen: then once more with a fresh one."""
    started = time.monotonic()
    warm = sessions.warm(order.key)
    report = _attempt(order, sessions, hooks)
    if warm and isinstance(report.error, Unreachable) and report.ran is None:
        report = _attempt(order, sessions, hooks)
    report.seconds = time.monotonic() - started
    return report


def _attempt(order: Order, sessions: Sessions, hooks: Hooks) -> Report:
    report = Report()
    try:
        with ExitStack() as stack:
            with report.part("connect"):
                session = stack.enter_context(sessions.use(order.key, engine(order.engine), order.target, order.policy))
            _converse(order, session, hooks, report)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told in the status and tried again
        report.error = error
    return report


def _converse(order: Order, session: Session, hooks: Hooks, report: Report) -> None:
    with report.part("probe"):
        report.probe = probe = session.look(time.monotonic())
    policy = replace(order.policy, mode="Observe") if probe.read_only else order.policy
    tidied = policy.mode == "Apply" and not order.paused and session.database.tidy()
    if order.known is not None and tidied:
        return  # what the statuses tell is no longer so
    if order.known is not None:
        report.calm = session.database.settled() == order.known and session.database.fingerprint() == order.known[1]
        return
    session.rested = False
    for owner, how in order.leaving.items():
        report.left[owner] = _let_go(session.database, owner, how, policy, order, hooks)
    if order.declarations:
        database = cast(Database, Recorded(session.database, report, hooks.running))
        report.result = reconcile(database, order.declarations, policy, hooks.facts, progress=hooks.progress)
        if isinstance(session.database, Restorable):
            report.waiting = tuple(session.database.waiting())


def _let_go(database: Database, owner: str, how: str, policy: Policy, order: Order, hooks: Hooks) -> Exception | None:
    """Do to what the resource owned as its deletion policy says; the error where that cannot be done now."""
    try:
        _may_write(policy, order.paused)
        if how != "Retain" and policy.drops == "Refuse":
            raise Refused(
                f"deletionPolicy {how} would drop what the resource owns, and policy.drops of the Datastore is Refuse; "
                "change one of the two"
            )
        database.release(owner, how, hooks.progress)
    except ColonnadeError as error:
        return error
    return None


def _may_write(policy: Policy, paused: bool) -> None:
    if paused:
        raise Refused("the Datastore is paused by the annotation colonnade.dev/paused; remove it to go on")
    if policy.mode != "Apply":
        raise Refused(
            f"the database is not written to: policy.mode of the Datastore is {policy.mode}, or it is a replica"
        )
