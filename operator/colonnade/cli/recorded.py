"""A plan as its MigrationPlan tells it: what was cut off there is in the database's journal, and the hash is that of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.cli.options import seconds
from colonnade.core.hazards import Hazard, Weight
from colonnade.core.plan import Check, Plan, Step


@dataclass(frozen=True)
class RecordedPlan(Plan):
    """A plan that was made elsewhere; its hash was, too."""

    known_hash: str = ""

    @property
    def hash(self) -> str:
        """The one that an approval is bound to."""
        return self.known_hash


def recorded(doc: Mapping[str, Any]) -> RecordedPlan:
    """The plan in a MigrationPlan."""
    found = doc["spec"]["plan"]
    place = "/".join(part for part in (doc["metadata"].get("namespace"), found["datastore"]) if part)
    warnings = list(found.get("warnings", ()))
    if omitted := found.get("omitted"):
        warnings.append(
            f"{omitted} further steps stand only in the journal of the database, for the plan is too large for Kubernetes"
        )
    return RecordedPlan(
        f"Datastore {place}", tuple(_step(step) for step in found.get("steps", ())), found["premise"], tuple(warnings),
        tuple(found.get("resources", ())), known_hash=found["hash"],
    )  # fmt: skip


def _step(step: Mapping[str, Any]) -> Step:
    return Step(
        statement=step["statement"],
        subject=step.get("subject", ""),
        transactional=step["transactional"],
        batched=step.get("batched", ""),
        unwatched=step.get("unwatched", False),
        hazards=tuple(_hazard(one) for one in step.get("hazards", ())),
        checks=tuple(Check(query, "", "", "") for query in step.get("precheck", ())),
        undo=step.get("undo"),
        undo_note=step.get("undoNote", ""),
        lock=step.get("lock", ""),
        blocks=tuple(step.get("blocks", ())),
        estimate=seconds(step["estimate"]) if step.get("estimate") else 0.0,
        id=step["id"],
    )


def _hazard(told: Mapping[str, Any]) -> Hazard:
    return Hazard(told["code"], Weight(told["weight"]), told["message"], told.get("safeWay", ""))
