"""How things stand, as the conditions that others wait on."""

from __future__ import annotations

from typing import Any

import pytest

from colonnade.core import errors
from colonnade.core.gate import Held
from colonnade.core.status import REASONS, TYPES, Standing, conditions, converged, crashed, cut, failed, held, working

NOW, BEFORE = "2026-05-04T12:00:00Z", "2026-05-04T11:00:00Z"
ERRORS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, errors.ColonnadeError)]


def by_type(standing: Standing, old: list[dict[str, Any]] | None = None) -> dict[str, dict[str, Any]]:
    return {c["type"]: c for c in conditions(standing, 3, old or [], NOW)}


def statuses(standing: Standing) -> str:
    """Ready, Reconciling, Stalled, Drifted by their first letters where they are true."""
    found = by_type(standing)
    return "".join(kind[0] if kind != "Reconciling" else "P" for kind in TYPES if found[kind]["status"] == "True")


@pytest.mark.parametrize(
    ("standing", "true"),
    [
        (converged("all well"), "R"),
        (working("busy"), "P"),
        (held(Held("ApprovalRequired", "look"), "p"), "P"),
        (held(Held("WaitingForWindow", "wait"), "p"), "P"),
        (held(Held("Paused", "paused"), "p"), "P"),
        (held(Held("Refused", "rejected", terminal=True), "p"), "S"),
        (held(Held("Drifted", "changed by hand"), "p", drifted=True), "RD"),
        (held(Held("ApprovalRequired", "put it back?"), "p", drifted=True), "PD"),
        (failed(errors.Unreachable("no answer")), "P"),
        (failed(errors.Unauthorized("wrong password")), "P"),
        (failed(errors.WaitingForLock("busy")), "P"),
        (failed(errors.WaitingForDependency("no Secret")), "P"),
        (failed(errors.DataViolation("rows")), "P"),
        (failed(errors.Failed("hm")), "P"),
        (failed(errors.InvalidSpec("no")), "S"),
        (failed(errors.Conflict("two")), "S"),
        (failed(errors.Refused("never")), "S"),
        (failed(errors.Unsupported("cannot")), "S"),
        (crashed(ValueError("secret text")), "P"),
    ],
)
def test_what_goes_on_by_itself_is_reconciling_and_what_waits_for_somebody_is_stalled(
    standing: Standing, true: str
) -> None:
    assert statuses(standing) == true


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("stuck", [True, False])
@pytest.mark.parametrize("drifted", [True, False])
def test_reconciling_and_stalled_are_never_both_true_nor_beside_ready(ready: bool, stuck: bool, drifted: bool) -> None:
    found = by_type(Standing("Failed", "", ready=ready, stuck=stuck, drifted=drifted))
    assert sum(found[kind]["status"] == "True" for kind in ("Ready", "Reconciling", "Stalled")) == 1


def test_every_condition_is_there_with_the_generation_it_is_about() -> None:
    found = conditions(converged("well"), 7, [], NOW)
    assert [c["type"] for c in found] == list(TYPES)
    assert {c["observedGeneration"] for c in found} == {7}
    assert all(c["reason"] in REASONS for c in found)


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_has_a_reason_of_the_closed_list(error: type[errors.ColonnadeError]) -> None:
    assert error.reason in REASONS
    assert failed(error("what happened")).message == "what happened"


def test_the_time_of_transition_moves_only_with_the_status() -> None:
    old = conditions(working("first"), 3, [], BEFORE)
    later = by_type(working("second"), old)
    assert {c["lastTransitionTime"] for c in later.values()} == {BEFORE}
    done = by_type(converged("well"), old)
    assert {kind: c["lastTransitionTime"] for kind, c in done.items()} == {
        "Ready": NOW,
        "Reconciling": NOW,
        "Stalled": BEFORE,
        "Drifted": BEFORE,
    }


@pytest.mark.parametrize(
    "meanwhile",
    [working("a plan is being run"), failed(errors.Unreachable("no answer")), held(Held("Paused", "p"), "p")],
)
def test_drift_ends_with_the_proof_and_no_sooner(meanwhile: Standing) -> None:
    drift = conditions(held(Held("Drifted", "2 steps would put it back"), "p", drifted=True), 3, [], BEFORE)
    during = conditions(meanwhile, 4, drift, NOW)
    found = {c["type"]: c for c in during}["Drifted"]
    assert found == {
        "type": "Drifted", "status": "True", "reason": "Drifted", "message": "2 steps would put it back",
        "observedGeneration": 4, "lastTransitionTime": BEFORE,
    }  # fmt: skip
    assert by_type(converged("well"), during)["Drifted"]["status"] == "False"


def test_the_plan_to_approve_is_named() -> None:
    assert held(Held("ApprovalRequired", "approve: kubectl colonnade approve {plan}"), "shop-1").message.endswith(
        "approve shop-1"
    )


def test_an_unforeseen_error_is_named_and_its_text_is_not_shown() -> None:
    message = crashed(ValueError("password=hunter2")).message
    assert message.startswith("ValueError")
    assert "hunter2" not in message


def test_a_message_that_is_too_long_is_cut() -> None:
    assert len(cut("x" * 40_000)) == 32768
    assert cut("short") == "short"
