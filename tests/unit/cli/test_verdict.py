from __future__ import annotations

import pytest

from colonnade.cli.data import plan_data
from colonnade.cli.rules import Rules
from colonnade.cli.verdict import approval, needed, would_run
from colonnade.core.gate import Approved, Policy, gate
from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.plan import Plan, Step

DROP = Plan("db", (Step("DROP TABLE t", "table t", hazards=(hazard(DELETES_DATA, "table t"),), id="s1"),), "p")
ADD = Plan("db", (Step("CREATE TABLE t ()", "table t", id="s1"),), "p")


def test_what_waits_says_how_to_go_on_from_here() -> None:
    held = needed(DROP, Rules(Policy()))
    assert held is not None
    assert held.reason == "ApprovalRequired"
    assert held.message.endswith(f"look at it, then say --approve {DROP.hash}, or --yes for whatever it is")


def test_what_may_run_waits_for_nothing() -> None:
    assert needed(ADD, Rules(Policy())) is None
    assert needed(Plan("db", (), "p"), Rules(Policy(approval="Always"))) is None


def test_an_approval_lets_this_plan_run() -> None:
    assert gate(DROP, Policy(), approval(DROP, Rules(Policy()))) == Approved()
    assert gate(DROP, Policy(), approval(ADD, Rules(Policy()))) != Approved()


def test_a_refusal_is_no_question() -> None:
    held = needed(DROP, Rules(Policy(drops="Refuse")))
    assert held is not None
    assert held.reason == "Refused"


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (Policy(mode="Observe"), "1 step(s) planned and not run: spec.policy.mode of A is Observe; set it to Apply"),
        (Policy(approval="Always"), "waits for approval, spec.policy.approval of A is Always"),
        (Policy(drops="Refuse"), "table t would be dropped and spec.policy.drops of A is Refuse; declare it again"),
    ],
)
def test_a_resource_that_holds_a_plan_is_named(policy: Policy, told: str) -> None:
    held = needed(DROP, Rules(policy, whose={"mode": "A", "drops": "A", "approval": "A"}))
    assert held is not None
    assert told in held.message


def test_nobody_is_asked_where_a_yes_would_not_help() -> None:
    assert would_run(DROP, Rules(Policy()))
    assert not would_run(DROP, Rules(Policy(mode="Observe")))
    assert not would_run(DROP, Rules(Policy(drops="Refuse")))


def test_json_keeps_its_form() -> None:
    assert plan_data(ADD, None) == {
        "format": 1,
        "converged": False,
        "held": None,
        "datastore": "db",
        "steps": ({
            "statement": "CREATE TABLE t ()", "subject": "table t", "transactional": True, "hazards": (), "checks": (),
            "undo": None, "undo_note": "", "lock": "", "blocks": (), "estimate": 0.0, "batched": "", "unwatched": False,
            "id": "s1",
        },),
        "premise": "p",
        "warnings": (),
        "resources": (),
        "continues": "",
        "hash": ADD.hash,
    }  # fmt: skip
    held = needed(DROP, Rules(Policy()))
    assert plan_data(DROP, held)["held"] == {"reason": "ApprovalRequired", "message": held and held.message}
