"""The gate at the command line: what a plan waits for, and a person's word on it."""

from __future__ import annotations

from dataclasses import replace

from colonnade.core.gate import Facts, Held, Policy, Verdict, gate
from colonnade.core.plan import Plan

_OPERATORS = "; look at it and approve: kubectl colonnade approve {plan}"


def needed(plan: Plan, policy: Policy, *, first_contact: bool = False) -> Held | None:
    """What the plan would wait for if it was to run now; None where it may."""
    if not plan.steps:
        return None
    decision = gate(plan, replace(policy, mode="Apply"), Facts(first_contact=first_contact))
    return _told(decision, plan) if isinstance(decision, Held) else None


def _told(held: Held, plan: Plan) -> Held:
    """In the words of the command line."""
    ours = f"; look at it, then say --approve {plan.hash}, or --yes for whatever it is"
    return replace(held, message=held.message.replace(_OPERATORS, ours))


def approval(plan: Plan, reason: str = "") -> Facts:
    """A person's yes to this very plan."""
    return Facts(verdict=Verdict(plan.hash, approved=True, reason=reason))
