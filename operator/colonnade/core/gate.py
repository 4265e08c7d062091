"""May this plan run? A list of small pure checks, read from top to bottom; the first that objects decides.

The gatherer of facts does the input and output; the checks see only values, so that each is a line in a table of tests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from colonnade.core.hazards import Weight
from colonnade.core.plan import Plan

Mode = Literal["Apply", "Plan", "Observe"]
ApprovalRule = Literal["Never", "Destructive", "Hazardous", "Always"]
Drops = Literal["Refuse", "Quarantine", "Drop"]

_STRICTNESS: dict[str, Sequence[str]] = {
    "mode": ("Apply", "Plan", "Observe"),
    "approval": ("Never", "Destructive", "Hazardous", "Always"),
    "drops": ("Drop", "Quarantine", "Refuse"),
    "drift": ("Correct", "Report"),
}


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What may be done to a database without asking. Times are seconds."""

    mode: Mode = "Apply"
    approval: ApprovalRule = "Hazardous"
    drops: Drops = "Quarantine"
    quarantine_period: float = 7 * 86400.0
    drift: Literal["Report", "Correct"] = "Report"
    max_blocking: float = 1.0
    lock_timeout: float = 0.5
    lock_retry_budget: float = 600.0
    target_batch: float = 0.1
    max_replica_lag: float = 10.0


@dataclass(frozen=True)
class Verdict:
    """A person's word on one plan; it counts only while `hash` is the plan's."""

    hash: str
    approved: bool
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What the checks may look at besides the plan and the policy."""

    verdict: Verdict | None = None
    first_contact: bool = False
    drifted: bool = False
    window_open: bool = True
    next_window: str = ""
    paused: bool = False


@dataclass(frozen=True)
class Approved:
    """The plan may run."""


@dataclass(frozen=True)
class Held:
    """The plan may not run now: why, in words for the status, and whether waiting or acting helps."""

    reason: str
    message: str
    terminal: bool = False


Decision = Approved | Held
GateCheck = Callable[[Plan, Policy, Facts], Held | None]


def _paused(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    if facts.paused:
        return Held("Paused", "paused by the annotation colonnade.dev/paused; remove it to go on")
    return None


def _mode(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    if policy.mode == "Apply":
        return None
    return Held(
        "ApprovalRequired",
        f"{len(plan.steps)} step(s) planned and not run: policy.mode is {policy.mode}; set it to Apply to let them run",
    )


def _rejected(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    v = facts.verdict
    if v and v.hash == plan.hash and not v.approved:
        why = f": {v.reason}" if v.reason else ""
        return Held(
            "Refused", f"plan {plan.hash[:12]} was rejected{why}; change the declaration or approve it", terminal=True
        )
    return None


def _drops_refused(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    if policy.drops != "Refuse":
        return None
    for step in plan.steps:
        if any(h.code == "DELETES_DATA" for h in step.hazards):
            return Held(
                "Refused",
                f"{step.subject} would be dropped and policy.drops is Refuse; declare it again, "
                "or set policy.drops to Quarantine",
                terminal=True,
            )
    return None


def _drift(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    if facts.drifted and policy.drift == "Report":
        return Held(
            "Drifted",
            f"{len(plan.steps)} step(s) would put back what was changed by hand; policy.drift is Report: "
            "set it to Correct, or declare the change",
        )
    return None


def _asks(plan: Plan, policy: Policy, facts: Facts) -> str:
    if facts.first_contact and plan.weighs(Weight.DESTRUCTIVE):
        return "the first contact with a database that is not empty never drops anything by itself"
    if policy.approval == "Always":
        return "policy.approval is Always"
    if policy.approval in ("Destructive", "Hazardous") and plan.weighs(Weight.DESTRUCTIVE):
        return "data could be lost"
    if policy.approval == "Hazardous" and plan.weighs(Weight.BLOCKING, Weight.CAREFUL):
        return "the plan has hazards"
    return ""


def _approval(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    why = _asks(plan, policy, facts)
    if plan.continues:  # it began, and so had what it needed then
        return None
    if not why or (facts.verdict and facts.verdict.approved and facts.verdict.hash == plan.hash):
        return None
    worst = next((h.message for w in Weight for h in plan.hazards if h.weight == w), "")
    told = f": {worst}" if worst else ""
    return Held(
        "ApprovalRequired",
        f"plan {plan.hash[:12]} waits for approval, {why}{told}; "
        f"look at it and approve: kubectl colonnade approve {{plan}}",
    )


def _window(plan: Plan, policy: Policy, facts: Facts) -> Held | None:
    if facts.window_open or not plan.weighs(Weight.DESTRUCTIVE, Weight.BLOCKING, Weight.CAREFUL):
        return None
    return Held("WaitingForWindow", f"{len(plan.steps)} step(s) wait for the next window, {facts.next_window}")


CHECKS: tuple[GateCheck, ...] = (_paused, _rejected, _drops_refused, _drift, _mode, _approval, _window)


def gate(plan: Plan, policy: Policy, facts: Facts | None = None) -> Decision:
    """Whether the plan may run under this policy, given these facts."""
    for check in CHECKS:
        if held := check(plan, policy, facts or Facts()):
            return held
    return Approved()


@dataclass(frozen=True)
class Looser:
    """A schema resource asks for a looser policy than its Datastore's."""

    fields: tuple[str, ...] = field(default_factory=tuple[str, ...])


def stricter(base: Policy, **wishes: str | None) -> Policy | Looser:
    """The Datastore's policy made stricter by a resource's wishes, or the fields in which it asks for less."""
    merged, loose = {}, []
    for name, wish in wishes.items():
        if wish is None:
            continue
        order = _STRICTNESS[name]
        if order.index(wish) < order.index(getattr(base, name)):
            loose.append(name)
        merged[name] = wish
    return Looser(tuple(loose)) if loose else Policy(**{**base.__dict__, **merged})
