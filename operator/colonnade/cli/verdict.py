"""The gate at the command line: what a plan waits for, and a person's word on it."""

from __future__ import annotations

import re
from dataclasses import replace

from colonnade.cli.rules import Rules
from colonnade.core.gate import Approved, Facts, Held, Verdict, gate
from colonnade.core.plan import Plan

_OPERATORS = "; look at it and approve: kubectl colonnade approve {plan}"
_FIELD = re.compile(r"policy\.(mode|approval|drops|drift) is ")


def needed(plan: Plan, rules: Rules, *, first_contact: bool = False) -> Held | None:
    """What the plan would wait for if it was to run now, what no yes helps against before all else; None where it may."""
    if not plan.steps:
        return None
    for facts in (approval(plan, rules), rules.facts()):
        decision = gate(plan, rules.policy, replace(facts, first_contact=first_contact))
        if isinstance(decision, Held):
            return told(decision, plan, rules)
    return None


def would_run(plan: Plan, rules: Rules) -> bool:
    """Whether all that it waits for is a person's yes."""
    return gate(plan, rules.policy, approval(plan, rules)) == Approved()


def told(held: Held, plan: Plan, rules: Rules) -> Held:
    """In the words of the command line, and whose word it is that holds it."""
    ours = f"; look at it, then say --approve {plan.hash}, or --yes for whatever it is"
    message = _FIELD.sub(lambda found: _whose(found[1], rules) or found[0], held.message)
    return replace(held, message=message.replace(_OPERATORS, ours))


def _whose(field: str, rules: Rules) -> str:
    return f"spec.policy.{field} of {rules.whose[field]} is " if field in rules.whose else ""


def approval(plan: Plan, rules: Rules) -> Facts:
    """A person's yes to this very plan."""
    return replace(rules.facts(), verdict=Verdict(plan.hash, approved=True))
