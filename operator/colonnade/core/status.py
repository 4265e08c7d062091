"""How a resource stands, as the four conditions that `kubectl wait`, Argo CD and Flux understand.

Exact to kstatus (https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus): what goes on by itself is
Reconciling=True, what waits for a person to change something is Stalled=True, never both. Every condition carries the generation
it is about, so that `kubectl apply && kubectl wait` has no race.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from colonnade.core.errors import ColonnadeError
from colonnade.core.gate import Held

REASONS = (
    "Converged", "Applying", "ApprovalRequired", "WaitingForWindow", "WaitingForLock", "WaitingForDependency", "Unreachable",
    "Unauthorized", "InvalidSpec", "Conflict", "Refused", "Unsupported", "DataViolation", "Drifted", "Paused", "Failed",
)  # fmt: skip
TYPES = ("Ready", "Reconciling", "Stalled", "Drifted")
MESSAGE_LIMIT = 32768


@dataclass(frozen=True)
class Standing:
    """How one resource stands. `stuck` says that nothing goes on until somebody acts; one that is ready is never stuck.

    Drift ends with a proof and no sooner: `drifted` is None where this says nothing of it, and it stays as it was.
    """

    reason: str
    message: str
    ready: bool = False
    stuck: bool = False
    drifted: bool | None = None

    def drifting(self, drifted: bool | None) -> Standing:
        """The same, with drift, without, or as it was."""
        return replace(self, drifted=drifted)


def converged(message: str) -> Standing:
    """The database was read again and is what was declared."""
    return Standing("Converged", message, ready=True, drifted=False)


def working(message: str) -> Standing:
    """Something is being done, or about to be."""
    return Standing("Applying", message)


def held(by: Held, plan: str, drifted: bool | None = None) -> Standing:
    """A gate holds the plan of this name.

    Drift that is only reported leaves Ready as it is: the declaration was applied and proved, and somebody changed the database
    since. It shows as Drifted, and in Ready's reason.
    """
    message = by.message.replace("{plan}", plan)
    if by.reason == "Drifted":
        return Standing("Drifted", message, ready=True, drifted=True)
    return Standing(by.reason, message, stuck=by.terminal, drifted=drifted)


def failed(error: ColonnadeError) -> Standing:
    """An error that a user may see; one that is not tried again waits for somebody."""
    return Standing(error.reason, str(error), stuck=error.retry is None)


def crashed(error: BaseException) -> Standing:
    """An error that nobody foresaw: its name, and not its text, which may hold anything."""
    name = type(error).__name__
    return Standing(
        "Failed", f"{name}: an error that Colonnade did not foresee; it tries again. The operator's log has the details"
    )


def conditions(standing: Standing, generation: int, old: Sequence[Mapping[str, Any]], now: str) -> list[dict[str, Any]]:
    """The four conditions; the time of transition moves only where the status does."""
    before = {c.get("type"): c for c in old}
    drifted = before.get("Drifted", {})
    truth = {
        "Ready": standing.ready,
        "Reconciling": not standing.ready and not standing.stuck,
        "Stalled": not standing.ready and standing.stuck,
        "Drifted": drifted.get("status") == "True" if standing.drifted is None else standing.drifted,
    }
    return [_condition(kind, truth[kind], standing, generation, before.get(kind, {}), now) for kind in TYPES]


def _condition(
    kind: str, true: bool, standing: Standing, generation: int, before: Mapping[str, Any], now: str
) -> dict[str, Any]:
    status = "True" if true else "False"
    return {
        "type": kind,
        "status": status,
        "reason": _reason(kind, true, standing),
        "message": cut(_message(kind, true, standing, before)),
        "observedGeneration": generation,
        "lastTransitionTime": before.get("lastTransitionTime", now) if before.get("status") == status else now,
    }


def _reason(kind: str, true: bool, standing: Standing) -> str:
    if kind == "Drifted":
        return "Drifted" if true else "Converged"
    return standing.reason


def _message(kind: str, true: bool, standing: Standing, before: Mapping[str, Any]) -> str:
    if kind == "Drifted" and true and standing.drifted is None:
        return str(before.get("message", ""))
    return standing.message if kind == "Ready" or true else ""


def cut(message: str, limit: int = MESSAGE_LIMIT) -> str:
    """The message, shortened where the API server would refuse it."""
    return message if len(message) <= limit else message[: limit - 1] + "…"
