"""One MongoDB database, for the length of one reconcile: the parts of the engine put together in the order of the
flow.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from colonnade.core.errors import ColonnadeError, DataViolation, Refused, Stale
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Plan
from colonnade.engines import Declaration, Desired, Outcome, Probe, Progress, Proof, State, silent
from colonnade.engines.mongodb.batches import Batches
from colonnade.engines.mongodb.census import census
from colonnade.engines.mongodb.desire import MongoDesired, desire
from colonnade.engines.mongodb.errors import Stopped
from colonnade.engines.mongodb.evidence import Evidence
from colonnade.engines.mongodb.execute import Executor
from colonnade.engines.mongodb.fingerprint import fingerprint
from colonnade.engines.mongodb.journal import Journal
from colonnade.engines.mongodb.kind import QUARANTINE_PREFIX
from colonnade.engines.mongodb.kinds.validator import all_violators
from colonnade.engines.mongodb.lock import Lock
from colonnade.engines.mongodb.ownership import intend, owner_of, settle
from colonnade.engines.mongodb.planner import Planner
from colonnade.engines.mongodb.probe import probe
from colonnade.engines.mongodb.proof import Prover
from colonnade.engines.mongodb.read import MongoState, state
from colonnade.engines.mongodb.records import Records
from colonnade.engines.mongodb.rehearse import Rehearsal
from colonnade.engines.mongodb.release import drops, forget, hand_over, owned
from colonnade.engines.mongodb.session import Session

NOTHING = MongoDesired(model=Model({}), owners={}, digest="")


class MongoDatabase:
    """Not shared between threads. Its parts share one session and one reading of Colonnade's records."""

    def __init__(self, session: Session, name: str, *, tls: bool) -> None:
        self._session = session
        self._name = name
        self._tls = tls
        self._lock = Lock(session)
        self._afresh()

    def _afresh(self) -> None:
        self._session.meet()
        self._records = Records(self._session)
        self._rehearsal = Rehearsal(self._session, self._records)
        self._evidence = Evidence(self._session, self._records)

    def rest(self) -> None:
        """Nothing is held."""

    def probe(self) -> Probe:
        self._session.forget()
        return probe(self._session, tls=self._tls)

    def fingerprint(self) -> str:
        return fingerprint(census(self._session))

    def tidy(self) -> bool:
        """A drop that is due is a step of the next plan here."""
        return False

    def clear(self) -> tuple[str, ...]:
        """What a run was at is told by the journal, and the next one goes on with it."""
        return ()

    def settled(self) -> tuple[str, str] | None:
        """Not settled, though nothing was touched, is what has to be looked at again: a rule on its ladder, a drop that is due."""
        found, again = self._records.settled(), self._records.due(self._session.policy.quarantine_period)
        if found is None or not (again or self._records.unfinished):
            return found
        return None if self.fingerprint() == found[1] else found

    def desire(self, declarations: Sequence[Declaration], *, whole: bool = False) -> Desired:
        """The first call of a reconcile: what was read for the one before no longer counts."""
        self._afresh()
        return desire(declarations, self._records.ledger, self._rehearsal, whole=whole)

    def read(self, desired: Desired) -> State:
        assert isinstance(desired, MongoDesired)
        return state(census(self._session), desired, self._records.ledger)

    def plan(self, state: State, desired: Desired, progress: Progress = silent) -> Plan:
        assert isinstance(desired, MongoDesired)
        assert isinstance(state, MongoState)
        progress("looking at the documents", None)
        planner = Planner(self._name, self._session.name, self._session.policy, self._evidence, self._records)
        plan = planner.plan(state, desired)
        told = [warning for warnings in desired.warnings.values() for warning in warnings]
        return replace(plan, warnings=(*told, *plan.warnings))

    @contextmanager
    def lock(self) -> Iterator[None]:
        if not self._session.writable:
            mode = self._session.policy.mode
            why = (
                f"policy.mode is {mode}" if mode != "Apply" else "it is a secondary, or the database user may only read"
            )
            raise Refused(f"nothing is written to {self._name!r}: {why}")
        with self._lock.held():
            yield

    def execute(self, plan: Plan, desired: Desired, progress: Progress = silent) -> Outcome:
        assert isinstance(desired, MongoDesired)
        if self.fingerprint() != plan.premise:
            raise Stale(f"{self._name!r} was changed after the plan was made; it is planned afresh")
        intend(self._records, desired, plan)
        self._records.unsettle()  # what a crash leaves half done is ours, and no drift
        return self._run(plan, progress)

    def _run(self, plan: Plan, progress: Progress) -> Outcome:
        journal = Journal(self._session, plan, self._lock.token)
        journal.begin()
        executor = Executor(self._session, progress, Batches(self._session, self._records))
        timings: dict[str, float] = {}
        for step in plan.steps:
            self._lock.check()
            if self._session.stop.is_set():
                raise Stopped(f"stopped before step {step.id}; what is done stays, and the next run goes on")
            began = time.monotonic()
            journal.before(step)
            try:
                executor.run(step)
            except ColonnadeError as error:
                journal.failed(error)
                raise
            timings[step.id] = time.monotonic() - began
        journal.end()
        return Outcome(timings)

    def verify(self, desired: Desired, plan: Plan | None = None) -> Proof:  # noqa: ARG002 - the proof looks at no plan
        """Documents that keep a rule from coming into force are told of its resource, though all that can be done is done."""
        assert isinstance(desired, MongoDesired)
        there = state(census(self._session), desired, self._records.ledger)
        soaking, waiting = self._soaking(there, desired), _waiting(there, desired)
        differences = tuple(self._differences(there, desired, soaking | waiting))
        if self._records.writes:
            settle(self._records, desired, there)
            self._records.set_aside({*_aside(there), *(_there(oid, there) for oid in soaking)})
            self._rehearsal.tidy(tuple(desired.compiled.values()))
        if not differences:
            self._records.settle(desired.digest, there.fingerprint, unfinished=bool(waiting or desired.errors))
            self._look_again(waiting, desired)
        return Proof(differences, there.fingerprint)

    def _differences(self, there: MongoState, desired: MongoDesired, spared: frozenset[ObjectId]) -> Iterator[str]:
        """What belongs to a declaration with an error is as it was, and no difference."""
        ledger, objects = self._records.ledger, there.model.objects
        frozen = frozenset(oid for oid in objects if owner_of(oid, there, desired, ledger) in desired.errors)
        yield from Prover(self._rehearsal).differences(there, desired.without_errors(), spared | frozen)

    def _soaking(self, there: MongoState, desired: MongoDesired) -> frozenset[ObjectId]:
        """Indexes that are hidden because nobody declares them any more; they are dropped when their time is over."""
        extra = [
            (oid, spec)
            for oid, spec in there.model.objects.items()
            if oid.kind == "index" and oid not in desired.model.objects
        ]
        waits = self._session.policy.drops == "Quarantine"
        return frozenset(
            oid for oid, spec in extra if waits and spec.hidden and not spec.unique and spec.expire_after is None
        )

    def _look_again(self, waiting: frozenset[ObjectId], desired: MongoDesired) -> None:
        """Why are rules on a lower rung? Where documents were mended since, the next plan raises them."""
        evidence = Evidence(self._session, self._records)
        errors: dict[str, ColonnadeError] = {}
        for oid in sorted(waiting):
            rule, owner = desired.model.objects[oid], desired.owners[oid]
            if not (found := evidence.violators(oid.name[0], rule.raw)):
                raise Stale(f"{oid}: no document breaks the rule any more; it is planned afresh").about(owner)
            self._records.warn(oid.name[0], found.count)
            told = (
                f"{oid}: {found.sample} break the rule that is declared, so it is not fully in force yet; mend or remove "
                f"them (see them all: {all_violators(oid.name[0], rule)}), then it goes on by itself"
            )
            errors.setdefault(owner, DataViolation(told).about(owner))
        desired.blame(errors)

    def release(self, owner: str, policy: str, progress: Progress = silent) -> None:
        self._afresh()
        if not self._session.writable and policy == "Retain":
            return
        with self.lock():
            hand_over(self._records, owner)
            if policy != "Retain" and owned(self._records, owner):
                self._run(drops(self._name, self._session, self._records, owner, policy), progress)
                self._records.set_aside({*self._records.quarantine, *_aside(state(census(self._session), NOTHING, {}))})
            forget(self._records, owner)
            self._records.unsettle()


def _waiting(there: MongoState, desired: MongoDesired) -> frozenset[ObjectId]:
    """Rules on a lower rung of their ladder."""
    rules = {oid: spec for oid, spec in desired.model.objects.items() if oid.kind == "validator"}
    return frozenset(
        oid for oid, spec in rules.items() if (live := there.model.objects.get(oid)) is not None and spec.waits(live)
    )


def _aside(there: MongoState) -> Iterator[ObjectId]:
    return (ObjectId("collection", (name,)) for name in there.census.aside if name.startswith(QUARANTINE_PREFIX))


def _there(oid: ObjectId, there: MongoState) -> ObjectId:
    return ObjectId("index", (oid.name[0], there.model.objects[oid].name))
