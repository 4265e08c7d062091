"""What Colonnade may do to a database without asking: written on the Datastore, made stricter (never looser) by a schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from colonnade.core.errors import Refused
from colonnade.core.gate import Policy
from colonnade.resources.common import Duration, Frozen, seconds, wrong

_CRON_FIELD = re.compile(r"(\*|[0-9]+(-[0-9]+)?)(/[1-9][0-9]*)?")
_CRON_RANGES = (("minute", 0, 59), ("hour", 0, 23), ("day of month", 1, 31), ("month", 1, 12), ("day of week", 0, 7))


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != len(_CRON_RANGES):
        raise wrong(f"has {len(fields)} fields; write five: minute, hour, day of month, month, day of week")
    for field, (name, low, high) in zip(fields, _CRON_RANGES, strict=True):
        for part in field.split(","):
            numbers = [int(n) for n in re.findall(r"[0-9]+", part.split("/")[0])]
            if not _CRON_FIELD.fullmatch(part) or any(not low <= n <= high for n in numbers):
                raise wrong(
                    f"has {part!r} as {name}; write *, numbers from {low} to {high}, ranges (1-5) or steps (*/5)"
                )
    return text


Schedule = Annotated[
    str,
    AfterValidator(_cron),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9*,/-]+( +[0-9*,/-]+){4}$", "maxLength": 128}),
]


class Window(Frozen):
    """A span of time, again and again, in which steps with hazards may run."""

    schedule: Schedule
    """When the window opens, in five cron fields of numbers: minute, hour, day of month, month, day of week."""
    duration: Duration
    """How long it stays open, with a unit: 2h. A step that has begun is not cut off at its end."""
    timezone: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$")] | None = (
        None
    )
    """The IANA time zone of the schedule, such as Europe/Berlin. By default UTC."""


class Backfill(Frozen):
    """How gently rows are rewritten."""

    target_batch: Duration | None = None
    """How long one batch may take; batches grow and shrink to it. By default 100ms."""
    max_replica_lag: Duration | None = None
    """How far a replica may fall behind before a backfill pauses. By default 10s."""


class DatastorePolicy(Frozen):
    """What Colonnade may do on its own. On a schema it can only be stricter than on the Datastore, where the defaults apply."""

    mode: Literal["Apply", "Plan", "Observe"] | None = None
    """Apply runs plans, Plan only writes them down (the database is never written to), Observe reports drift and status alone.
    By default Apply; on a schema, what the Datastore says."""
    approval: Literal["Never", "Destructive", "Hazardous", "Always"] | None = None
    """Which plans wait for a person: none, those that can lose data, those with any hazard, or all.
    By default Hazardous; on a schema, what the Datastore says."""
    drops: Literal["Refuse", "Quarantine", "Drop"] | None = None
    """What becomes of data that is no longer declared, in a table, column or collection: kept, and the plan refused; moved out of the
    way for quarantinePeriod; or dropped at once. What holds none, such as a view, goes. By default Quarantine; on a schema, what the
    Datastore says."""
    quarantine_period: Duration | None = None
    """How long a dropped object is kept where it can be brought back from. By default 168h; on a schema, what the Datastore
    says, or longer."""
    drift: Literal["Report", "Correct"] | None = None
    """What to do when the database was changed by hand: say so, or put it back. By default Report; on a schema, what the
    Datastore says."""
    max_blocking: Duration | None = None
    """The wait of other sessions that a step may cause, as predicted, before it needs approval. By default 1s; on a schema,
    what the Datastore says, or shorter."""
    lock_timeout: Duration | None = None
    """How long one try for a lock may wait, and others behind it. By default 500ms; on a schema, what the Datastore says, or
    shorter."""
    lock_retry_budget: Duration | None = None
    """How long locks are tried for in all before the step is put off. By default 10m; on a schema, what the Datastore says, or
    shorter."""
    windows: Annotated[tuple[Window, ...], Field(max_length=16)] | None = None
    """When steps with hazards may run. By default at any time; a schema may name windows where its Datastore has none."""
    backfill: Backfill | None = None
    """How gently rows are rewritten."""

    def values(self) -> Policy:
        """The policy as the gate and the engines take it, defaults filled in; times in seconds. Windows stay here."""
        return Policy(**self.said())

    def said(self) -> dict[str, Any]:
        """What is said of it, without defaults, as the gate and the engines take it."""
        backfill = self.backfill or Backfill()
        said: dict[str, Any] = {
            "mode": self.mode,
            "approval": self.approval,
            "drops": self.drops,
            "drift": self.drift,
            "quarantine_period": _seconds(self.quarantine_period),
            "max_blocking": _seconds(self.max_blocking),
            "lock_timeout": _seconds(self.lock_timeout),
            "lock_retry_budget": _seconds(self.lock_retry_budget),
            "target_batch": _seconds(backfill.target_batch),
            "max_replica_lag": _seconds(backfill.max_replica_lag),
        }
        return {name: value for name, value in said.items() if value is not None}

    def written(self, name: str) -> tuple[str, str]:
        """Where one of the things that are said stands, and in which words."""
        inner = name in Backfill.model_fields
        part: Frozen = (self.backfill or Backfill()) if inner else self
        return f"policy.{'backfill.' if inner else ''}{type(part).model_fields[name].alias}", str(getattr(part, name))

    def narrowed(self, wish: DatastorePolicy | None) -> DatastorePolicy:
        """This policy made stricter by a schema's wish. Raises Refused with each field in which the wish is looser."""
        if wish is None:
            return self
        if loose := [*_looser(self.values(), wish), *_more_windows(self, wish)]:
            raise Refused("; ".join(loose))
        backfill = (self.backfill or Backfill()).model_copy(update=_said(wish.backfill or Backfill()))
        return self.model_copy(update={**_said(wish), "backfill": backfill})


def _seconds(text: str | None) -> float | None:
    return None if text is None else seconds(text)


def _said(part: Frozen) -> dict[str, Any]:
    return {name: value for name in type(part).model_fields if (value := getattr(part, name)) is not None}


def _place(*words: str) -> Callable[[Any], float]:
    return lambda value: float(words.index(value))


_STRICTNESS: dict[str, Callable[[Any], float]] = {
    "mode": _place("Apply", "Plan", "Observe"),
    "approval": _place("Never", "Destructive", "Hazardous", "Always"),
    "drops": _place("Drop", "Quarantine", "Refuse"),
    "drift": _place("Correct", "Report"),
    "quarantine_period": lambda s: s,
    "max_blocking": lambda s: -s,
    "lock_timeout": lambda s: -s,
    "lock_retry_budget": lambda s: -s,
    "target_batch": lambda s: -s,
    "max_replica_lag": lambda s: -s,
}


def _looser(base: Policy, wish: DatastorePolicy) -> list[str]:
    wished, found = wish.values(), []
    said = {*_said(wish), *_said(wish.backfill or Backfill())}
    for name, strictness in _STRICTNESS.items():
        if name in said and strictness(getattr(wished, name)) < strictness(getattr(base, name)):
            found.append(_refusal(name, base, wish))
    return found


def _refusal(name: str, base: Policy, wish: DatastorePolicy) -> str:
    path, said = wish.written(name)
    held = getattr(base, name)
    allowed = held if isinstance(held, str) else f"{held:g}s"
    return (
        f"{path}: {said} is looser than the Datastore's {allowed}; "
        "take it out here, or have the Datastore's policy changed"
    )


def _more_windows(base: DatastorePolicy, wish: DatastorePolicy) -> list[str]:
    if not base.windows or not wish.windows or base.windows == wish.windows:
        return []
    return ["policy.windows: the Datastore names windows already, and they hold; take these out here"]
