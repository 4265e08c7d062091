from __future__ import annotations

from typing import Any

from colonnade.cli.recorded import recorded
from colonnade.cli.terminal import Paint
from colonnade.cli.text import plan_text
from colonnade.core.hazards import SCANS_TABLE, hazard
from colonnade.core.plan import Plan, Step, numbered
from colonnade.resources import MigrationSteps

STEPS = numbered(
    [
        Step("ALTER TABLE t ADD COLUMN a int", "column public.t.a", lock="ACCESS EXCLUSIVE", blocks=("public.t",),
             estimate=1.5, undo="ALTER TABLE t DROP COLUMN a"),
        Step("ALTER TABLE t ALTER a SET NOT NULL", "column public.t.a", hazards=(hazard(SCANS_TABLE, "t"),), undo_note="-"),
        Step("CREATE INDEX CONCURRENTLY i ON t (a)", "index public.i", transactional=False),
        Step("UPDATE t SET a = 1", "column public.t.a", transactional=False, batched='"public"."t"', undo_note="none"),
    ]
)  # fmt: skip
PLAN = Plan("shop", STEPS, "premise", ("look twice",), ("PostgresSchema/shop/orders",))


def document(**changes: Any) -> dict[str, Any]:
    steps = MigrationSteps.of(PLAN).model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    return {"metadata": {"name": "shop-1", "namespace": "team"}, "spec": {"plan": {**steps, **changes}}}


def test_a_plan_in_a_cluster_is_shown_as_the_one_that_it_was() -> None:
    here, there = (list(plan_text(plan, Paint()))[1:] for plan in (PLAN, recorded(document())))
    assert here == there


def test_it_keeps_the_hash_that_an_approval_is_bound_to() -> None:
    assert recorded(document()).hash == PLAN.hash
    assert recorded(document(steps=[])).hash == PLAN.hash


def test_steps_that_were_cut_off_are_told_of() -> None:
    assert recorded(document(omitted=7)).warnings[-1].startswith("7 further steps")


def test_undo_comes_along() -> None:
    assert [(step.undo, step.undo_note) for step in recorded(document()).steps] == [
        ("ALTER TABLE t DROP COLUMN a", ""),
        (None, "-"),
        (None, ""),
        (None, "none"),
    ]
