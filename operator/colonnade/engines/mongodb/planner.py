"""Changes to steps: which in which order, each checked against the documents first.

The order: views that go; collections; rules that have to give way; documents that change; indexes; rules that come into
force; views; then whatever goes, indexes first. What vanishes with its collection needs no step.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from colonnade.core.diff import Change, diff
from colonnade.core.errors import ColonnadeError, DataViolation, InvalidSpec, Unsupported
from colonnade.core.gate import Policy
from colonnade.core.kind import ObjectId
from colonnade.core.plan import CycleError, Plan, Step, numbered, topological
from colonnade.engines.mongodb.desire import MongoDesired
from colonnade.engines.mongodb.evidence import Evidence
from colonnade.engines.mongodb.kind import QUARANTINE_PREFIX, Context
from colonnade.engines.mongodb.kinds import KINDS
from colonnade.engines.mongodb.ownership import owner_of
from colonnade.engines.mongodb.read import MongoState
from colonnade.engines.mongodb.records import Records
from colonnade.engines.mongodb.statement import step, text
from colonnade.engines.mongodb.tasks import Task

_TASKS_RANK, _IN_FORCE_RANK = 3, 5
_CHANGED_PER_SECOND = 20_000
Ranked = tuple[float, Step]
_ONES_OWN = (DataViolation, InvalidSpec, Unsupported)


@dataclass(frozen=True)
class Planner:
    """What plans of one database are made from."""

    name: str
    database: str
    policy: Policy
    evidence: Evidence
    records: Records

    def plan(self, state: MongoState, desired: MongoDesired) -> Plan:
        """What is wrong with one declaration is told of it, and the steps of the others are planned; see `blame`."""
        changes = diff(state.model, desired.model)
        todo = [task for task in desired.tasks if self._is_left(task, state)]
        context = self._context(state, desired, changes, todo)
        jobs = [(change.id, partial(_ranked, change, context)) for change in self._ordered(changes, state, desired)]
        jobs += [(ObjectId("collection", (task.collection,)), partial(self._task, task, context)) for task in todo]
        found: dict[str, list[Ranked]] = {}
        errors: dict[str, ColonnadeError] = {}
        for oid, job in jobs:
            owner = owner_of(oid, state, desired, self.records.ledger)
            try:
                found.setdefault(owner, []).extend(job())
            except _ONES_OWN as error:
                errors.setdefault(owner, error.about(owner))
        desired.blame(errors)
        ranked = sorted((pair for owner, pairs in found.items() if owner not in errors for pair in pairs), key=_rank)
        steps = numbered([*(step for _, step in ranked), *self._purges(context)])
        warnings = [w for oid, spec in desired.model.objects.items() for w in KINDS[oid.kind].warns(oid, spec, context)]
        about = sorted(owner for owner, pairs in found.items() if owner and pairs and owner not in errors)
        return Plan(self.name, steps, state.fingerprint, tuple(warnings), tuple(about))

    def _context(
        self, state: MongoState, desired: MongoDesired, changes: Sequence[Change], todo: Iterable[Task]
    ) -> Context:
        census = state.census
        return Context(
            old=state.model,
            new=desired.model,
            evidence=self.evidence,
            policy=self.policy,
            database=self.database,
            fresh=frozenset(c.id for c in changes if c.old is None),
            mended=_mended(todo),
            due=self.records.due(self.policy.quarantine_period),
            collections=frozenset(census.collections) | census.aside,
            indexes={
                name: frozenset(str(s.get("spec", s)["name"]) for s in specs) for name, specs in census.indexes.items()
            },
        )

    def _ordered(self, changes: Sequence[Change], state: MongoState, desired: MongoDesired) -> list[Change]:
        """Each after what it needs; drops in the reverse order, and not at all where their collection goes."""
        gone = {c.id for c in changes if c.new is None}
        kept = [c for c in changes if not (c.new is None and state.model.vanishes_with(c.id) & gone)]
        made = {c.id: c for c in kept if c.new is not None}
        dropped = {c.id: c for c in kept if c.new is None}
        return [
            *(made[oid] for oid in _sorted(made, desired.model.needs)),
            *(dropped[oid] for oid in reversed(_sorted(dropped, state.model.needs))),
        ]

    def _is_left(self, task: Task, state: MongoState) -> bool:
        """Whether some document still has to be changed."""
        if ObjectId("collection", (task.collection,)) not in state.model.objects or (
            task.once and self.records.is_done(task.key)
        ):
            return False
        live = state.model.objects[ObjectId("collection", (task.collection,))].name
        return self.evidence.any(live, task.query)

    def _task(self, task: Task, context: Context) -> Iterator[Ranked]:
        oid = ObjectId("collection", (task.collection,))
        live = context.live(task.collection)
        if task.both is not None and (found := self.evidence.matching(live, task.both)):
            raise DataViolation(
                f"{oid}: {found.sample} have both {' and '.join(task.both)}, so the one cannot go on as the other; "
                "remove one of the two from them"
            )
        undo = "the documents do not tell what was there before; see the journal for the update"
        seconds = context.evidence.documents(live) / _CHANGED_PER_SECOND
        yield _TASKS_RANK, replace(step(oid, task.command, undo=undo), estimate=seconds)

    def _purges(self, context: Context) -> Iterator[Step]:
        """What was approved when it went to quarantine, and has been there for long enough."""
        if self.policy.drops == "Refuse":
            return
        for oid in sorted(context.due):
            if (
                oid.kind == "collection"
                and oid.name[0] in context.collections
                and oid.name[0].startswith(QUARANTINE_PREFIX)
            ):
                yield step(oid, {"drop": oid.name[0]}, undo="its time in quarantine is over; a backup has it", lock="X")


def _mended(todo: Iterable[Task]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for task in todo:
        found[task.collection] = found.get(task.collection, frozenset()) | task.fields
    return found


def _rank(pair: Ranked) -> float:
    return pair[0]


def _sorted(changes: Iterable[ObjectId], needs: Any) -> list[ObjectId]:
    ranked = sorted(changes, key=lambda oid: KINDS[oid.kind].rank)
    try:
        return topological(ranked, needs)
    except CycleError as error:
        raise Unsupported(
            f"the views look at each other in a circle: {error}; let one of them look at a collection"
        ) from None


def _ranked(change: Change, context: Context) -> Iterator[Ranked]:
    kind, oid = KINDS[change.id.kind], change.id
    if change.new is None:
        yield from ((-1.0 if oid.kind == "view" else 20.0 - kind.rank, s) for s in kind.drop(oid, change.old, context))
        return
    altered = kind.alter(oid, change.old, change.new, context) if change.old is not None else None
    if altered is None and change.old is not None:
        yield from ((-1.0, s) for s in kind.drop(oid, change.old, context))
    elif change.old is None:
        _refuse_taken(oid, context)
    steps = list(kind.create(oid, change.new, context) if altered is None else altered)
    last = _IN_FORCE_RANK if _waits_for_documents(change, context) else kind.rank
    yield from ((last if i == len(steps) - 1 else kind.rank, s) for i, s in enumerate(steps))


def _waits_for_documents(change: Change, context: Context) -> bool:
    """Whether a rule only comes into force once documents that break it were changed."""
    name = change.id.name[0]
    if change.id.kind != "validator" or name not in context.mended:
        return False
    return bool(context.evidence.violators(context.live(name), change.new.raw))


def _refuse_taken(oid: ObjectId, context: Context) -> None:
    """A collection cannot become a view, nor a view a collection."""
    if oid.kind in ("collection", "view") and oid.name[0] in context.collections:
        other = "view" if oid.kind == "collection" else "collection"
        raise Unsupported(
            f"{oid}: a {other} of this name is there already, and MongoDB turns neither into the other; give it another "
            f"name, or drop the {other} by hand: {text({'drop': oid.name[0]})}"
        )
