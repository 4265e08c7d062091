"""`MigrationPlan`: the steps, hazards and hash of one pending or past change; written by the operator, approved by a person."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field

from colonnade.core import plan as core
from colonnade.core.gate import Verdict
from colonnade.core.hazards import Hazard
from colonnade.resources.common import (
    Column,
    DatastoreRef,
    Duration,
    Frozen,
    KubeName,
    Line,
    ListMap,
    Message,
    Names,
    Resource,
    Rule,
    Short,
    Status,
    Time,
    columns,
    duration,
)

ROOM = 256 * 1024
"""Bytes of steps that a MigrationPlan holds at most; the rest is in the journal of the database."""

Hash = Annotated[str, Field(min_length=8, max_length=128, pattern=r"^[0-9a-f]+$")]
LONGEST = 65536
STEPS = 1000
TOO_LONG = "it is too long to be kept here: colonnade plan --output sql --reverse prints it, before the plan runs"
Statement = Annotated[str, Field(max_length=LONGEST)]


class StepHazard(Frozen):
    """What a step can do to data or traffic."""

    code: Short
    """Code from the catalogue of hazards, such as DELETES_DATA."""
    weight: Short
    """How much it weighs: destructive, blocking, careful or notice."""
    message: Message
    """What happens to whom."""
    safe_way: Message | None = None
    """What to do instead, where there is something."""


class PlanStep(Frozen):
    """One statement or command."""

    id: Short
    """Id within the plan, by its place."""
    statement: Statement
    """What is run."""
    subject: Line | None = None
    """The object it is about."""
    transactional: bool
    """Whether it runs in one transaction with its neighbours, or alone."""
    batched: Line | None = None
    """The relation over whose rows it goes in slices, each in a transaction of its own. By default it is run as it stands."""
    unwatched: bool | None = None
    """Whether the relation's triggers keep still meanwhile. By default they do not."""
    lock: Line | None = None
    """The lock it takes."""
    blocks: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    """What others have to wait for meanwhile."""
    estimate: Duration | None = None
    """How long it is expected to take, with a unit."""
    hazards: Annotated[tuple[StepHazard, ...], Field(max_length=32)] = ()
    """What it can do to data or traffic."""
    precheck: Annotated[tuple[Message, ...], Field(max_length=32)] = ()
    """What must find nothing before any step runs."""
    undo: Statement | None = None
    """The statement that takes it back, where there is one."""
    undo_note: Line | None = None
    """How far that brings things back, or why there is none."""


class MigrationSteps(Frozen):
    """One plan, as it was made; it never changes."""

    datastore: KubeName
    """Name of the Datastore whose database is changed."""
    resources: Annotated[tuple[Line, ...], Field(max_length=1000)] = ()
    """The resources that ask for it: kind/namespace/name."""
    steps: Annotated[tuple[PlanStep, ...], ListMap(STEPS, ("id",))] = ()
    """What is done, in order."""
    omitted: Annotated[int, Field(ge=0)] | None = None
    """How many further steps stand only in the journal of the database, because the plan is too large for Kubernetes."""
    omitted_hazards: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    """What those steps can do to data or traffic, the first 100: an approval is for them, too."""
    warnings: Annotated[tuple[Message, ...], Field(max_length=64)] = ()
    """What deserves a look before approving."""
    premise: Short
    """Fingerprint of the database that the plan was made for; for another it does not run."""
    hash: Hash
    """Hash of the whole plan: what an approval is bound to."""

    @property
    def told(self) -> str:
        """A hash of what is told of all that an approval is bound to; the rest was measured, and is another the next time."""
        steps = [[s.id, s.statement, s.transactional, s.batched, s.unwatched, _codes(s)] for s in self.steps]
        left = [line.split(": ")[:2] for line in self.omitted_hazards]
        facts = [self.datastore, self.premise, self.hash, steps, self.omitted, left]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    @classmethod
    def of(cls, plan: core.Plan, datastore: str | None = None) -> Self:
        """The plan as the resource shows it, cut where it would be too large; its hash is that of all steps.

        `datastore` is the Datastore's name where the plan itself calls the database otherwise.
        """
        steps = tuple(_that_fit(plan.steps[:STEPS]))
        left = plan.steps[len(steps) :]
        return cls(
            datastore=datastore or plan.datastore,
            resources=_lines(plan.resources, 1000, 1024),
            steps=steps,
            omitted=len(left) or None,
            omitted_hazards=_lines(
                (f"{step.id}: {h.code}: {h.message}" for step in left for h in step.hazards), 100, 1024
            ),
            warnings=_lines(plan.warnings, 64, 4096),
            premise=plan.premise,
            hash=plan.hash,
        )


def _codes(step: PlanStep) -> list[list[str]]:
    return [[hazard.code, hazard.weight] for hazard in step.hazards]


def _that_fit(steps: Iterable[core.Step]) -> Iterator[PlanStep]:
    room = ROOM
    for step in steps:
        shown = _step(step)
        room -= len(shown.model_dump_json(exclude_defaults=True).encode())
        if room < 0:
            return
        yield shown


def _step(step: core.Step) -> PlanStep:
    too_long = step.undo is not None and len(step.undo) > LONGEST
    return PlanStep(
        id=step.id,
        statement=_cut(step.statement, LONGEST),
        subject=_cut(step.subject, 1024) or None,
        transactional=step.transactional,
        batched=_cut(step.batched, 1024) or None,
        unwatched=step.unwatched or None,
        lock=_cut(step.lock, 1024) or None,
        blocks=_lines(step.blocks, 100, 1024),
        estimate=duration(step.estimate) if step.estimate else None,
        hazards=tuple(_hazard(hazard) for hazard in step.hazards[:32]),
        precheck=_lines((check.query for check in step.checks), 32, 4096),
        undo=None if too_long else step.undo,
        undo_note=_cut(TOO_LONG if too_long else step.undo_note, 1024) or None,
    )


def _hazard(hazard: Hazard) -> StepHazard:
    way = _cut(hazard.safe_way, 4096) or None
    return StepHazard(code=hazard.code, weight=hazard.weight.value, message=_cut(hazard.message, 4096), safe_way=way)


def _lines(texts: Iterable[str], most: int, longest: int) -> tuple[str, ...]:
    return tuple(_cut(text, longest) for text in islice(texts, most))


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else f"{text[: size - 1]}…"


class Approval(Frozen):
    """A person's word on the plan."""

    hash: Hash
    """The plan's hash, copied from spec.plan.hash: what is approved is this very plan."""
    verdict: Literal["Approve", "Reject"]
    """Whether the plan may run."""
    reason: Annotated[str, Field(max_length=1024)] | None = None
    """Why, for those who read it later. By default none."""


class MigrationPlanSpec(Frozen):
    """A plan, and a person's word on it."""

    rules = (
        Rule(
            "spec.plan cannot be changed: the operator writes a new MigrationPlan where another plan is needed",
            cel="self.plan == oldSelf.plan",
            at=".plan",
        ),
        Rule(
            "approval.hash is not this plan's hash: read the plan, then copy spec.plan.hash to spec.approval.hash",
            cel="!has(self.approval) || self.approval.hash == self.plan.hash",
            check=lambda self: self.approval is None or self.approval.hash == self.plan.hash,
            at=".approval.hash",
        ),
        Rule(
            "plan.datastore and datastoreRef.name are two Datastores: a plan is for one",
            cel="self.plan.datastore == self.datastoreRef.name",
            check=lambda self: self.plan.datastore == self.datastore_ref.name,
            at=".plan.datastore",
        ),
    )

    datastore_ref: DatastoreRef
    """The Datastore whose database is changed."""
    plan: MigrationSteps
    """What will be done, or was. It cannot be changed later."""
    approval: Approval | None = None
    """Written by a person with the role colonnade-approver: the only field here that people write. By default none."""


class StepStatus(Frozen):
    """How far one step is."""

    id: Short
    """Id of the step."""
    state: Literal["Pending", "Running", "Done", "Failed", "Skipped"] | None = None
    """How far it is."""
    started: Time | None = None
    """When it began."""
    duration: Duration | None = None
    """How long it took, with a unit."""
    message: Message | None = None
    """What is being done, waited for, or went wrong."""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """How much of it is done, where that is known."""


class MigrationPlanStatus(Status):
    """How far the plan is."""

    state: Literal["Pending", "Approved", "Rejected", "Running", "Applied", "Failed", "Superseded"] | None = None
    """How far the plan is; Superseded when the database or the declaration moved on and another plan took its place."""
    started: Time | None = None
    """When it began to run."""
    finished: Time | None = None
    """When it was done."""
    duration: Duration | None = None
    """How long it took, with a unit."""
    steps: Annotated[tuple[StepStatus, ...], ListMap(1000, ("id",))] = ()
    """How far each step is."""
    superseded_by: Short | None = None
    """Name of the plan that took its place."""


class MigrationPlan(Resource):
    """The steps, hazards and hash of one pending or past change: written by the operator, approved or rejected here."""

    names: ClassVar[Names] = Names(
        plural="migrationplans",
        short="mp",
        columns=columns(
            Column("Datastore", ".spec.datastoreRef.name"),
            Column("State", ".status.state"),
            Column("Plan", ".spec.plan.hash", wide=True),
            Column("Verdict", ".spec.approval.verdict", wide=True),
        ),
    )

    kind: Literal["MigrationPlan"] = "MigrationPlan"
    spec: MigrationPlanSpec
    """A plan, and a person's word on it."""
    status: MigrationPlanStatus = Field(default_factory=MigrationPlanStatus)
    """How far the plan is; written by the operator."""

    @property
    def verdict(self) -> Verdict | None:
        """The person's word as the gate takes it."""
        said = self.spec.approval
        return Verdict(said.hash, said.verdict == "Approve", said.reason or "") if said else None
