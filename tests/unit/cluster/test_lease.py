"""Who may hold the Lease, told the time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from colonnade.cluster.lease import DURATION, RENEW_DEADLINE, Candidate, written

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def held(by: str, renewed: str = "t1", transitions: int = 0) -> dict[str, Any]:
    spec = {
        "holderIdentity": by,
        "renewTime": renewed,
        "leaseTransitions": transitions,
        "leaseDurationSeconds": int(DURATION),
    }
    return {"metadata": {"name": "colonnade", "resourceVersion": "7"}, "spec": spec}


def test_a_lease_that_is_not_there_is_created() -> None:
    assert Candidate("a").move(None, 0) == "create"


def test_a_lease_that_was_given_back_is_taken_at_once() -> None:
    assert Candidate("a").move(held(""), 0) == "take"


def test_our_own_lease_is_renewed_even_by_a_process_that_just_started() -> None:
    assert Candidate("a").move(held("a"), 0) == "renew"


def test_anothers_lease_is_waited_for_as_long_as_it_is_renewed() -> None:
    candidate = Candidate("b")
    for second in range(0, 200, 2):
        assert candidate.move(held("a", f"t{second}"), second) == "wait"


def test_anothers_lease_may_be_taken_once_we_saw_no_change_for_its_whole_duration() -> None:
    candidate = Candidate("b")
    assert candidate.move(held("a"), 100) == "wait"
    assert candidate.move(held("a"), 100 + DURATION) == "wait"
    assert candidate.move(held("a"), 100.1 + DURATION) == "take"


def test_how_old_the_renewal_says_it_is_does_not_matter_for_clocks_differ() -> None:
    candidate = Candidate("b")
    assert candidate.move(held("a", "1999-01-01T00:00:00Z"), 5000) == "wait"


def test_a_lease_that_changed_hands_is_waited_for_anew() -> None:
    candidate = Candidate("c")
    candidate.move(held("a"), 0)
    assert candidate.move(held("b", transitions=1), DURATION + 1) == "wait"


def test_what_is_held_must_be_renewed_before_others_may_take_it() -> None:
    candidate = Candidate("a")
    assert candidate.patience(1000) == RENEW_DEADLINE
    candidate.renewed = 1000
    assert candidate.patience(1004) == RENEW_DEADLINE - 4
    assert candidate.patience(1000 + RENEW_DEADLINE) <= 0
    assert RENEW_DEADLINE < DURATION


def test_a_new_lease_counts_no_transition_and_a_taken_one_counts_one() -> None:
    assert written(None, "a", "colonnade", NOON)["spec"]["leaseTransitions"] == 0
    taken = written(held("b", transitions=3), "a", "colonnade", NOON)
    assert (taken["spec"]["leaseTransitions"], taken["spec"]["holderIdentity"]) == (4, "a")
    assert taken["spec"]["acquireTime"] == taken["spec"]["renewTime"] == "2026-01-01T12:00:00.000000Z"
    assert taken["metadata"]["resourceVersion"] == "7", "the write must fail where another was faster"


def test_renewing_keeps_when_it_was_acquired() -> None:
    lease = written(None, "a", "colonnade", NOON)
    later = written(lease, "a", "colonnade", NOON.replace(hour=13))
    assert later["spec"]["acquireTime"] == "2026-01-01T12:00:00.000000Z"
    assert later["spec"]["renewTime"] == "2026-01-01T13:00:00.000000Z"
