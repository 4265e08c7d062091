from __future__ import annotations

from colonnade.cli.data import plan_data
from colonnade.cli.verdict import approval, needed
from colonnade.core.gate import Approved, Policy, gate
from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.plan import Plan, Step

DROP = Plan("db", (Step("DROP TABLE t", "table t", hazards=(hazard(DELETES_DATA, "table t"),), id="s1"),), "p")
ADD = Plan("db", (Step("CREATE TABLE t ()", "table t", id="s1"),), "p")


def test_what_waits_says_how_to_go_on_from_here() -> None:
    held = needed(DROP, Policy(mode="Plan"))
    assert held is not None
    assert held.reason == "ApprovalRequired"
    assert held.message.endswith(f"look at it, then say --approve {DROP.hash}, or --yes for whatever it is")


def test_what_may_run_waits_for_nothing() -> None:
    assert needed(ADD, Policy(mode="Plan")) is None
    assert needed(Plan("db", (), "p"), Policy(approval="Always")) is None


def test_an_approval_lets_this_plan_run() -> None:
    assert gate(DROP, Policy(), approval(DROP)) == Approved()
    assert gate(DROP, Policy(), approval(ADD)) != Approved()


def test_a_refusal_is_no_question() -> None:
    held = needed(DROP, Policy(drops="Refuse"))
    assert held is not None
    assert held.reason == "Refused"


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
    held = needed(DROP, Policy())
    assert plan_data(DROP, held)["held"] == {"reason": "ApprovalRequired", "message": held and held.message}
