"""May this plan run? One table of plans, policies and facts."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from colonnade.core import hazards
from colonnade.core.gate import CHECKS, Approved, Facts, Held, Looser, Policy, Verdict, gate, stricter
from colonnade.core.hazards import CATALOGUE, HazardType, Weight, hazard
from colonnade.core.plan import Plan, Step

HARMLESS, NOTICE, CAREFUL, BLOCKING, DESTRUCTIVE = (
    None,
    hazards.BUILDS_INDEX,
    hazards.DROPS_INDEX,
    hazards.REWRITES_TABLE,
    hazards.DELETES_DATA,
)
EVERY = (HARMLESS, NOTICE, CAREFUL, BLOCKING, DESTRUCTIVE)


def plan(*kinds: HazardType | None) -> Plan:
    steps = [
        Step(f"SELECT {i}", f"table public.t{i}", hazards=(hazard(k, f"t{i}"),) if k else ())
        for i, k in enumerate(kinds)
    ]
    return Plan("shop", tuple(steps), "premise")


def verdict(of: Plan, *, approved: bool = True, reason: str = "") -> Verdict:
    return Verdict(of.hash, approved, reason)


def reason(of: Plan, policy: Policy, facts: Facts | None = None) -> str:
    decision = gate(of, policy, facts)
    return decision.reason if isinstance(decision, Held) else "Approved"


@pytest.mark.parametrize(
    ("approval", "free"),
    [
        ("Never", EVERY),
        ("Destructive", (HARMLESS, NOTICE, CAREFUL, BLOCKING)),
        ("Hazardous", (HARMLESS, NOTICE)),
        ("Always", ()),
    ],
)
@pytest.mark.parametrize("kind", EVERY)
def test_which_plans_wait_for_a_person(approval: Any, free: tuple[Any, ...], kind: HazardType | None) -> None:
    assert reason(plan(kind), Policy(approval=approval)) == ("Approved" if kind in free else "ApprovalRequired")


@pytest.mark.parametrize("approval", ["Never", "Destructive", "Hazardous", "Always"])
@pytest.mark.parametrize("kind", EVERY)
def test_an_approval_counts_for_its_own_plan_alone(approval: Any, kind: HazardType | None) -> None:
    policy, this, other = Policy(approval=approval), plan(kind), plan(kind, DESTRUCTIVE)
    assert reason(this, policy, Facts(verdict=verdict(this))) == "Approved"
    assert reason(this, policy, Facts(verdict=verdict(other))) == reason(this, policy)


@pytest.mark.parametrize("kind", EVERY)
def test_a_rejected_plan_never_runs(kind: HazardType | None) -> None:
    this = plan(kind)
    for approval in ("Never", "Destructive", "Hazardous", "Always"):
        decision = gate(
            this, Policy(approval=approval), Facts(verdict=verdict(this, approved=False, reason="not on a Friday"))
        )
        assert isinstance(decision, Held)
        assert decision.reason == "Refused"
        assert decision.terminal
        assert "not on a Friday" in decision.message


@pytest.mark.parametrize("approval", ["Never", "Destructive", "Hazardous", "Always"])
def test_what_is_left_of_a_plan_that_began_needs_no_second_approval(approval: Any) -> None:
    rest, policy = replace(plan(DESTRUCTIVE), continues="its hash"), Policy(approval=approval)
    assert reason(rest, policy) == "Approved"
    assert reason(rest, policy, Facts(paused=True)) == "Paused"
    assert reason(rest, policy, Facts(window_open=False)) == "WaitingForWindow"
    assert reason(rest, policy, Facts(verdict=verdict(rest, approved=False))) == "Refused"


def test_a_rejection_of_another_plan_says_nothing() -> None:
    assert reason(plan(HARMLESS), Policy(), Facts(verdict=verdict(plan(NOTICE), approved=False))) == "Approved"


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize("approval", ["Never", "Destructive", "Hazardous"])
def test_the_first_contact_never_drops_by_itself(kind: HazardType | None, approval: Any) -> None:
    this, policy = plan(kind), Policy(approval=approval, drops="Drop")
    wanted = "ApprovalRequired" if kind is DESTRUCTIVE else reason(this, policy)
    assert reason(this, policy, Facts(first_contact=True)) == wanted
    assert reason(this, policy, Facts(first_contact=True, verdict=verdict(this))) == "Approved"


@pytest.mark.parametrize("kind", EVERY)
def test_refused_drops_are_refused_even_where_approved(kind: HazardType | None) -> None:
    this, policy = plan(HARMLESS, kind), Policy(drops="Refuse", approval="Never")
    decision = gate(this, policy, Facts(verdict=verdict(this)))
    if kind is DESTRUCTIVE:
        assert isinstance(decision, Held)
        assert (decision.reason, decision.terminal) == ("Refused", True)
        assert "table public.t1" in decision.message
        assert "Quarantine" in decision.message
    else:
        assert decision == Approved()


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(("mode", "runs"), [("Apply", True), ("Plan", False), ("Observe", False)])
def test_only_the_mode_apply_runs_anything(kind: HazardType | None, mode: Any, runs: bool) -> None:
    this = plan(kind)
    decision = gate(this, Policy(mode=mode, approval="Never"), Facts(verdict=verdict(this)))
    if runs:
        assert decision == Approved()
    else:
        assert isinstance(decision, Held)
        assert decision.reason == "ApprovalRequired"
        assert f"policy.mode is {mode}" in decision.message


@pytest.mark.parametrize("kind", EVERY)
@pytest.mark.parametrize(
    ("drift", "drifted", "runs"), [("Report", True, False), ("Report", False, True), ("Correct", True, True)]
)
def test_drift_is_put_back_only_where_the_policy_says_so(
    kind: HazardType | None, drift: Any, drifted: bool, runs: bool
) -> None:
    this = plan(kind)
    found = reason(this, Policy(drift=drift), Facts(drifted=drifted, verdict=verdict(this)))
    assert found == ("Approved" if runs else "Drifted")


@pytest.mark.parametrize("kind", EVERY)
def test_outside_the_windows_only_harmless_plans_run(kind: HazardType | None) -> None:
    this = plan(kind)
    decision = gate(this, Policy(approval="Never"), Facts(window_open=False, next_window="2026-05-05T02:00:00Z"))
    if kind in (HARMLESS, NOTICE):
        assert decision == Approved()
    else:
        assert isinstance(decision, Held)
        assert decision.reason == "WaitingForWindow"
        assert "2026-05-05T02:00:00Z" in decision.message


@pytest.mark.parametrize("kind", EVERY)
def test_nothing_runs_while_paused(kind: HazardType | None) -> None:
    this = plan(kind)
    assert reason(this, Policy(approval="Never"), Facts(paused=True, verdict=verdict(this))) == "Paused"


ORDER = [
    ("Paused", {"paused": True}, {}),
    ("Refused", {"rejected": True}, {}),
    ("Refused", {}, {"drops": "Refuse"}),
    ("Drifted", {"drifted": True}, {"drift": "Report"}),
    ("ApprovalRequired", {}, {"mode": "Plan"}),
    ("ApprovalRequired", {}, {"approval": "Always"}),
    ("WaitingForWindow", {"window_open": False}, {}),
]


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(range(len(ORDER)), 2)))
def test_of_two_objections_the_earlier_one_is_told(first: int, second: int) -> None:
    this = plan(DESTRUCTIVE)
    facts: dict[str, Any] = {}
    settings: dict[str, Any] = {"approval": "Never", "drops": "Drop", "drift": "Correct"}
    for _, fact, setting in (ORDER[first], ORDER[second]):
        facts |= fact
        settings |= setting
    rejected = facts.pop("rejected", False)
    told = Facts(**facts, verdict=verdict(this, approved=False) if rejected else None)
    assert reason(this, Policy(**settings), told) == ORDER[first][0]


def test_every_check_has_its_place_in_the_table() -> None:
    assert len(CHECKS) == len(ORDER)


def test_the_message_of_a_held_plan_names_it_says_why_and_what_to_do() -> None:
    this = plan(NOTICE, DESTRUCTIVE, BLOCKING)
    decision = gate(this, Policy())
    assert isinstance(decision, Held)
    assert this.hash[:12] in decision.message
    assert "t1 and everything in it is deleted" in decision.message, "the heaviest hazard is told"
    assert "kubectl colonnade approve {plan}" in decision.message
    assert not decision.terminal


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda k: k.code)
def test_what_is_told_only_never_holds_a_plan_and_what_destroys_always_does(kind: HazardType) -> None:
    waits = reason(plan(kind), Policy()) == "ApprovalRequired"
    assert waits == (kind.weight != Weight.NOTICE)


WORDS = {
    "mode": ("Apply", "Plan", "Observe"),
    "approval": ("Never", "Destructive", "Hazardous", "Always"),
    "drops": ("Drop", "Quarantine", "Refuse"),
    "drift": ("Correct", "Report"),
}
PAIRS = [(name, base, wish) for name, words in WORDS.items() for base in words for wish in words]


@pytest.mark.parametrize(("name", "base", "wish"), PAIRS)
def test_a_wish_may_make_the_policy_stricter_and_never_looser(name: str, base: str, wish: str) -> None:
    policy = Policy(**{name: base})  # type: ignore[arg-type]
    merged = stricter(policy, **{name: wish})
    if WORDS[name].index(wish) >= WORDS[name].index(base):
        assert isinstance(merged, Policy)
        assert getattr(merged, name) == wish
        assert {k: v for k, v in vars(merged).items() if k != name} == {
            k: v for k, v in vars(policy).items() if k != name
        }
    else:
        assert merged == Looser((name,))


def test_no_wish_leaves_the_policy_as_it_is_and_every_looser_one_is_named() -> None:
    policy = Policy(mode="Plan", approval="Always", drops="Refuse", drift="Report")
    assert stricter(policy, mode=None, approval=None) == policy
    looser = stricter(policy, mode="Apply", approval="Always", drops="Drop", drift="Correct")
    assert looser == Looser(("mode", "drops", "drift"))
