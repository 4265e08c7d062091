"""One live Postgres database: the engine's verbs, as the flow calls them."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import cast

from colonnade.core.errors import ColonnadeError, DataViolation, InvalidSpec, Stale, Unsupported, WaitingForLock
from colonnade.core.gate import Policy
from colonnade.core.hazards import Weight
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Plan, Step, numbered
from colonnade.engines import Declaration, Desired, Outcome, Probe, Progress, Proof, State, Target, Waiting, silent
from colonnade.engines.postgres.declared.cache import Cache
from colonnade.engines.postgres.declared.normalise import Normaliser, PgDesired
from colonnade.engines.postgres.declared.scratch import Scratch
from colonnade.engines.postgres.errors import translated
from colonnade.engines.postgres.kind import OWN_SCHEMAS
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.part import Part, differing
from colonnade.engines.postgres.live.probe import probe
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.live.scope import Scope
from colonnade.engines.postgres.live.strangers import strangers
from colonnade.engines.postgres.live.whole import Whole, digest, fingerprint_of, homes
from colonnade.engines.postgres.planning import quarantine
from colonnade.engines.postgres.rewriting import rewrites
from colonnade.engines.postgres.running.execute import Executor
from colonnade.engines.postgres.running.journal import Journal, signature
from colonnade.engines.postgres.running.rehearsed import Rehearsed
from colonnade.engines.postgres.session import Connection, connect
from colonnade.engines.postgres.told.checks import check

LOCK_KEY = 0x636F6C6F6E6E6164
"""The advisory lock's number; such locks are a database's own."""


@dataclass(frozen=True)
class PgState(State):
    """State, with the part of it that resources speak for."""

    scope: Scope = field(default_factory=lambda: Scope(Model({}), Model({}), frozenset()))


class PostgresDatabase:
    """See engines.Database."""

    def __init__(
        self, target: Target, policy: Policy, stop: threading.Event, connection: Connection, cache: Cache
    ) -> None:
        self.target, self.policy, self.stop, self.connection = target, policy, stop, connection
        self.journal = Journal(connection)
        self.cache = cache
        self._scratch: Scratch | None = None

    @property
    def scratch(self) -> Scratch:
        """Where scratch databases come from."""
        if self._scratch is None:
            self._scratch = Scratch(self.target, self.connection)
        return self._scratch

    def close(self) -> None:
        """Let the sessions go."""
        if self._scratch is not None:
            self._scratch.close()
        self.connection.close()

    def rest(self) -> None:
        """See engines.Database."""
        self.scratch.rest()

    def probe(self) -> Probe:
        """See engines.Database."""
        with translated(self.target.name):
            return probe(self.connection, own_shadow=self.target.shadow_url is not None)

    def fingerprint(self) -> str:
        """See engines.Database."""
        with translated(self.target.name):
            return fingerprint.digest(self.connection, leave_out=[OWN_SCHEMAS])

    def settled(self) -> tuple[str, str] | None:
        """See engines.Database."""
        with translated(self.target.name):
            return self.journal.settled()

    def _normaliser(self) -> Normaliser:
        info = self.connection.info
        where = f"{info.host}:{info.port} {info.server_version} {info.user} {self.scratch.encoding} {self.scratch.collate} {self.scratch.ctype}"
        return Normaliser(self.scratch, self.cache, where)

    def desire(self, declarations: Sequence[Declaration], *, whole: bool = False) -> Desired:
        """See engines.Database."""
        with translated(self.target.name):
            if whole:
                return Whole(self._normaliser(), self.connection).desire(declarations)
            return self._normaliser().desire(declarations)

    def read(self, desired: Desired) -> State:
        """See engines.Database."""
        assert isinstance(desired, PgDesired)
        with translated(self.target.name):
            before = self.fingerprint()
            model = read(self.connection, desired.part.oids if desired.part else None)
            ledger = self.journal.ledger()
        scope = Scope.of(model, desired, ledger)
        first = not ledger and not self.journal.there and any(o.kind == "table" for o in model.objects)
        return PgState(
            model, before, scope.unmanaged() + strangers(self.connection), first and not desired.whole, scope
        )

    def plan(self, state: State, desired: Desired, progress: Progress = silent) -> Plan:
        """See engines.Database."""
        assert isinstance(state, PgState)
        assert isinstance(desired, PgDesired)
        with translated(self.target.name):
            steps = self._steps(state, desired, progress)
            if steps:
                progress("asking the rows whether they agree", None)
                check(self.connection, steps, self.target.name)
        told = tuple(w for ws in desired.warnings.values() for w in ws)
        owners = tuple(sorted({d.owner for d in desired.declarations}))
        return Plan(self.target.name, numbered(steps), state.fingerprint, told, owners, self._continued(steps, desired))

    def _steps(self, state: PgState, desired: PgDesired, progress: Progress) -> list[Step]:
        """The rehearsed steps; where a part of the database does not do as a rehearsal stage, on all of it."""
        work = Rehearsed(self.connection, self.scratch, self._normaliser(), self.policy, state.scope, desired)
        try:
            return work.steps(progress)
        except Unsupported as why:
            if desired.part is None:
                raise
            progress(f"planning with all of the database, for a part of it does not do: {why}", None)
        full = Whole(self._normaliser(), self.connection).desire(desired.declarations, all_of_it=True)
        return self._steps(cast(PgState, self.read(full)), full, progress)

    def _continued(self, steps: Sequence[Step], desired: Desired) -> str:
        """The plan of which these are what is left, by the journal: whatever in them weighs was part of it."""
        with translated(self.target.name):
            before = self.journal.unfinished(desired.digest)
        weighty = [s for s in steps if any(h.weight != Weight.NOTICE for h in s.hazards)]
        if before and all(signature(s.statement, [h.code for h in s.hazards]) in before[1] for s in weighty):
            return before[0]
        return ""

    @contextmanager
    def lock(self) -> Iterator[None]:
        """See engines.Database."""
        with translated(self.target.name):
            row = self.connection.execute("SELECT pg_catalog.pg_try_advisory_lock(%s)", [LOCK_KEY]).fetchone()
        if not row or not row[0]:
            raise WaitingForLock(
                f"{self.target.name}: another Colonnade process is changing this database; it is tried again"
            )
        try:
            yield
        finally:
            if not self.connection.closed:
                self.connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s)", [LOCK_KEY])

    def execute(self, plan: Plan, desired: Desired, progress: Progress = silent) -> Outcome:
        """See engines.Database."""
        if self.fingerprint() != plan.premise:
            raise Stale(f"{self.target.name}: the database changed after the plan was made; it is planned afresh")
        with translated(f"{self.target.name}: the records that Colonnade keeps there", self.connection):
            self.journal.prepare()
        with translated(self.target.name):
            return self._run(plan, desired, self.policy, progress)

    def _run(self, plan: Plan, desired: Desired, policy: Policy, progress: Progress) -> Outcome:
        for schema, objects in quarantine.entered(plan).items():
            self.journal.quarantine(schema, objects, policy.quarantine_period)
        executor = Executor(self.connection, self.journal, policy, self.stop, self.target.name)
        try:
            return executor.execute(plan, desired.digest, progress)
        except (DataViolation, Stale):
            # what was built to take something's place would go on refusing writes; why it was refused is told all the same
            with suppress(ColonnadeError):
                self.clear()
            raise

    def tidy(self) -> bool:
        """See engines.Database."""
        emptied = False
        with translated(self.target.name):
            for schema in self.journal.over():
                with self.lock():
                    if quarantine.empty(self.connection, schema, self.policy.lock_timeout):
                        self.journal.emptied(schema)
                        emptied = True
        return emptied

    def waiting(self) -> Sequence[Waiting]:
        """See engines.Restorable."""
        with translated(self.target.name):
            return quarantine.waiting(self.connection) if self.journal.there else []

    def restore(self, wanted: str) -> Waiting:
        """See engines.Restorable."""
        if not self.journal.there:
            raise InvalidSpec(
                f"{self.target.name}: Colonnade has never dropped anything here; nothing is in quarantine"
            )
        with translated(self.target.name), self.lock():
            return quarantine.restore(self.connection, wanted)

    def verify(self, desired: Desired, plan: Plan | None = None) -> Proof:  # noqa: ARG002 - the shape
        """See engines.Database."""
        assert isinstance(desired, PgDesired)
        with translated(self.target.name):
            proof = self._compared(desired)
            if proof.equal and self.policy.mode == "Apply":
                return replace(proof, left=self._note(desired, proof.fingerprint))
        return proof

    def _compared(self, desired: PgDesired) -> Proof:
        """With the fingerprint as it was before: what changes meanwhile is looked at again, not taken for proved."""
        before = self.fingerprint()
        if desired.by_fingerprint and digest(self.connection) == desired.fingerprint:
            return Proof((), before)
        if desired.part is not None:
            if not self._unlike_in_part(desired, desired.part):
                return Proof((), before)
            desired = Whole(self._normaliser(), self.connection).desire(desired.declarations, all_of_it=True)
        live = fingerprint.read(self.connection, leave_out=[OWN_SCHEMAS], owners=False)
        model = read(self.connection)
        return Proof(tuple(self._rehearsed(desired, model).left(live, model)), before)

    def _unlike_in_part(self, desired: PgDesired, about: Part) -> bool:
        """Whether something differs: the rest by the hashes of its homes, the part that was to change object by object."""
        elsewhere = differing(homes(self.connection), desired.homes) - about.homes
        within = fingerprint_of(self.connection, about.homes)
        return bool(elsewhere or next(self._rehearsed(desired, Model({})).unlike(within, Model({})), None))

    def _rehearsed(self, desired: PgDesired, model: Model) -> Rehearsed:
        scope = Scope.of(model, desired, self.journal.ledger())
        return Rehearsed(self.connection, self.scratch, self._normaliser(), self.policy, scope, desired)

    def _note(self, desired: PgDesired, proved: str) -> tuple[str, ...]:
        if self.journal.there and self.journal.settled() == (desired.digest, proved) and not desired.errors:
            return ()
        self.journal.prepare()
        left = self.clear()  # before it is noted as settled: nobody would look for it later
        if not desired.whole and not desired.claims:
            self.journal.own(desired.owners, {d.owner for d in desired.declarations} - desired.errors.keys())
        if not desired.errors:
            self.journal.settle(desired.digest, proved)
        return left

    def clear(self) -> tuple[str, ...]:
        """See engines.Database."""
        if self.policy.mode == "Apply":
            with suppress(WaitingForLock), translated(self.target.name), self.lock():
                return rewrites.clear(self.connection, self.policy.lock_timeout)
        return ()

    def release(self, owner: str, policy: str, progress: Progress = silent) -> None:
        """See engines.Database."""
        if policy != "Retain":
            self._remove(owner, policy, progress)
        with translated(self.target.name):
            self.journal.forget(owner)

    def _remove(self, owner: str, policy: str, progress: Progress) -> None:
        with translated(self.target.name):
            gone: set[ObjectId] = {o for o, who in self.journal.ledger().items() if who == owner}
            model = read(self.connection)
        scope = Scope.without(model, gone)
        drops = replace(self.policy, drops="Drop" if policy == "Delete" else "Quarantine")
        desired = PgDesired(scope.wanted, {}, "")
        with translated(self.target.name), self.lock():
            steps = Rehearsed(self.connection, self.scratch, self._normaliser(), drops, scope, desired).steps(progress)
            if not steps:
                return
            self.journal.prepare()
            plan = Plan(self.target.name, numbered(steps), self.fingerprint(), resources=(owner,))
            self._run(plan, desired, drops, progress)


class PostgresEngine:
    """See engines.Engine."""

    name = "Postgres"

    def __init__(self) -> None:
        self.cache = Cache()

    @contextmanager
    def open(self, target: Target, policy: Policy, stop: threading.Event) -> Iterator[PostgresDatabase]:
        """See engines.Engine."""
        database = PostgresDatabase(target, policy, stop, connect(target), self.cache)
        try:
            yield database
        finally:
            database.close()


ENGINE = PostgresEngine()
