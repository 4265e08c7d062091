import pytest

from colonnade.core.gate import Verdict
from colonnade.core.hazards import DELETES_DATA, Hazard
from colonnade.core.plan import Check, Plan, Step, numbered
from colonnade.resources import MigrationPlan, MigrationSteps, load
from colonnade.resources.migration_plan import ROOM
from tests.unit.resources.rules import HASH, document, plan

HAZARD = Hazard(
    DELETES_DATA.code, DELETES_DATA.weight, "table t and everything in it is deleted", DELETES_DATA.safe_way
)


def made(*steps: Step) -> Plan:
    return Plan("shop", numbered(steps), "premise", warnings=("look",), resources=("PostgresSchema/ns/orders",))


def test_a_plan_is_shown_as_it_is() -> None:
    step = Step(
        "DROP TABLE t",
        subject="table t",
        transactional=False,
        hazards=(HAZARD,),
        checks=(Check("SELECT 1", "SELECT 2", "problem", "remedy"),),
        undo_note="its rows are gone",
        lock="AccessExclusive",
        blocks=("t",),
        estimate=1.5,
    )
    found = made(step)
    shown = MigrationSteps.of(found)
    assert shown.model_dump(by_alias=True, exclude_none=True, mode="json") == {
        "datastore": "shop",
        "resources": ["PostgresSchema/ns/orders"],
        "steps": [
            {
                "id": "s1",
                "statement": "DROP TABLE t",
                "subject": "table t",
                "transactional": False,
                "lock": "AccessExclusive",
                "blocks": ["t"],
                "estimate": "1.5s",
                "hazards": [
                    {
                        "code": "DELETES_DATA",
                        "weight": "destructive",
                        "message": HAZARD.message,
                        "safeWay": HAZARD.safe_way,
                    }
                ],
                "precheck": ["SELECT 1"],
                "undoNote": "its rows are gone",
            }
        ],
        "omittedHazards": [],
        "warnings": ["look"],
        "premise": "premise",
        "hash": found.hash,
    }


def test_a_plan_of_many_steps_is_cut_and_says_so() -> None:
    shown = MigrationSteps.of(made(*(Step(f"SELECT {n}") for n in range(1500))))
    assert len(shown.steps) == 1000
    assert shown.omitted == 500


def test_a_plan_that_is_too_large_for_kubernetes_is_cut_and_keeps_its_hash() -> None:
    found = made(*(Step(f"SELECT '{n}{'x' * 10_000}'") for n in range(100)))
    shown = MigrationSteps.of(found)
    assert len(shown.model_dump_json(by_alias=True, exclude_defaults=True)) < ROOM + 10_000
    assert shown.omitted == 100 - len(shown.steps) > 0
    assert shown.hash == found.hash


def test_what_is_cut_off_still_tells_its_hazards() -> None:
    """An approval is for the whole plan, whatever of it fits."""
    shown = MigrationSteps.of(made(*(Step("SELECT 1") for _ in range(1000)), Step("DROP TABLE t", hazards=(HAZARD,))))
    assert shown.omitted_hazards == (f"s1001: DELETES_DATA: {HAZARD.message}",)


def test_nothing_in_a_plan_is_too_large_to_be_shown() -> None:
    long = "x" * 100_000
    hazard = Hazard(DELETES_DATA.code, DELETES_DATA.weight, long, long)
    step = Step(
        long, long, True, (hazard,) * 50, (Check(long, long, long, long),) * 50, long, long, long, (long,) * 200
    )
    plan = Plan("shop", numbered([step]), "premise", (long,) * 100, (long,) * 2000)
    shown = MigrationSteps.of(plan, datastore="other")
    assert shown.datastore == "other"
    assert shown.omitted == 1


def test_a_statement_that_is_too_long_is_cut_and_a_way_back_is_whole_or_not_there() -> None:
    (step,) = MigrationSteps.of(made(Step("x" * 100_000, undo="y" * 100_000))).steps
    assert len(step.statement) == 65536
    assert step.undo is None
    assert "too long to be kept here" in (step.undo_note or "")
    assert step.statement.endswith("…")


@pytest.mark.parametrize(
    ("more", "verdict"),
    [
        ("", None),
        (f"approval: {{hash: '{HASH}', verdict: Approve}}", Verdict(HASH, approved=True)),
        (
            f"approval: {{hash: '{HASH}', verdict: Reject, reason: too late}}",
            Verdict(HASH, approved=False, reason="too late"),
        ),
    ],
)
def test_a_persons_word_is_handed_to_the_gate(more: str, verdict: Verdict | None) -> None:
    loaded = load(document("MigrationPlan", plan(more)), strict=True)
    assert isinstance(loaded, MigrationPlan)
    assert loaded.verdict == verdict
