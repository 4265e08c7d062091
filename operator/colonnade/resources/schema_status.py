"""The status that every schema resource has, whatever the engine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from colonnade.resources.common import Column, Frozen, Line, ListMap, Message, Short, Status, Time, columns

Count = Annotated[int, Field(ge=0)]


class PlanSummary(Frozen):
    """The plan that waits or runs."""

    name: Short | None = None
    """Name of its MigrationPlan."""
    hash: Short | None = None
    """What an approval is bound to."""
    steps: Count | None = None
    """How many steps it has."""
    hazards: Annotated[tuple[Short, ...], Field(max_length=64)] = ()
    """Codes of what its steps can do to data or traffic."""


class Applied(Frozen):
    """The plan that ran last."""

    plan: Short | None = None
    """Name of its MigrationPlan."""
    hash: Short | None = None
    """Its hash."""
    time: Time | None = None
    """When it was done."""
    duration: Short | None = None
    """How long it took, with a unit."""


class Drift(Frozen):
    """What was changed by hand."""

    count: Count | None = None
    """How many objects differ."""
    objects: Annotated[tuple[Line, ...], Field(max_length=100)] = ()
    """Which ones and how, the first 100."""
    since: Time | None = None
    """When it was first seen."""


class Progress(Frozen):
    """How far a long step is."""

    step: Short | None = None
    """Id of the step."""
    message: Message | None = None
    """What is being done, or waited for."""
    percent: Annotated[int, Field(ge=0, le=100)] | None = None
    """How much of it is done, where that is known."""
    time: Time | None = None
    """When this was written."""


class Quarantined(Frozen):
    """A dropped object that can still be brought back."""

    name: Line
    """What it was called."""
    drop_after: Time | None = None
    """When it is really dropped."""


class Violation(Frozen):
    """Rows or documents that stand in the way of the declared state."""

    name: Line
    """Table, constraint or collection."""
    count: Count | None = None
    """How many there are, as far as they were counted."""
    keys: Annotated[tuple[Line, ...], Field(max_length=5)] = ()
    """Keys of up to five of them."""


class SchemaStatus(Status):
    """How far the database is what is declared."""

    plan: PlanSummary | None = None
    """The plan that waits or runs."""
    applied: Applied | None = None
    """The plan that ran last."""
    progress: Progress | None = None
    """How far a long step is."""
    drift: Drift | None = None
    """What was changed by hand."""
    managed_objects: Count | None = None
    """How many objects are declared here."""
    fingerprint: Short | None = None
    """Hash of the database when it was last proved to be what is declared."""
    warnings: Annotated[tuple[Message, ...], Field(max_length=64)] = ()
    """What works and deserves a look: an index that repeats another, a field that is not known."""
    violations: Annotated[tuple[Violation, ...], ListMap(100)] = ()
    """Rows or documents that stand in the way."""
    quarantined: Annotated[tuple[Quarantined, ...], ListMap(500)] = ()
    """Dropped objects that can still be brought back."""


SCHEMA_COLUMNS = columns(
    Column("Datastore", ".spec.datastoreRef.name"),
    Column("Plan", ".status.plan.name", wide=True),
    Column("Drift", ".status.drift.count", "integer", wide=True),
)
