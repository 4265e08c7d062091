"""Names, verdicts and documents of MigrationPlans, without any API."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest

from colonnade.cluster.objects import Key, lean
from colonnade.cluster.plans import document, names, serves, verdict
from colonnade.core.gate import Verdict
from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.plan import Plan, Step, numbered
from colonnade.resources import MigrationSteps, load

SHOP = Key("team", "shop")
PLAN = Plan(
    "shop", numbered([Step("DROP TABLE users", "table users")]), "f" * 32, resources=("PostgresSchema/team/users",)
)
DANGEROUS = replace(PLAN.steps[0], hazards=(hazard(DELETES_DATA, "table users", "7 rows"),))
OTHER = Plan("shop", numbered([Step("DROP TABLE orders", "table orders")]), "f" * 32)


def kept(
    plan: Plan, name: str, state: str | None = "Pending", said: str | None = None, hash_: str | None = None
) -> dict[str, Any]:
    steps = MigrationSteps.of(plan).model_dump(mode="json", by_alias=True, exclude_defaults=True)
    spec: dict[str, Any] = {"datastoreRef": {"name": "shop"}, "plan": steps}
    if said:
        spec["approval"] = {"hash": hash_ or plan.hash, "verdict": said, "reason": "because"}
    return {
        "kind": "MigrationPlan",
        "metadata": {"name": name, "namespace": "team"},
        "spec": spec,
        "status": {"state": state},
    }


@pytest.mark.parametrize("state", ["Pending", "Approved", "Failed", "Superseded", "Running", None])
def test_a_word_on_this_very_plan_counts_until_it_has_run(state: str | None) -> None:
    assert verdict([lean(kept(PLAN, "shop-1", state, "Approve"))], PLAN) == Verdict(
        PLAN.hash, approved=True, reason="because"
    )
    assert verdict([kept(PLAN, "shop-1", state, "Reject")], PLAN) == Verdict(
        PLAN.hash, approved=False, reason="because"
    )


def test_a_word_on_a_plan_that_has_run_is_spent() -> None:
    assert verdict([kept(PLAN, "shop-1", "Applied", "Approve")], PLAN) is None


def test_a_word_on_another_plan_or_for_another_hash_does_not_count() -> None:
    assert verdict([kept(OTHER, "shop-1", said="Approve")], PLAN) is None
    assert verdict([kept(PLAN, "shop-1", said="Approve", hash_=OTHER.hash)], PLAN) is None
    assert verdict([kept(OTHER, "shop-1", said="Approve", hash_=PLAN.hash)], PLAN) is None


def test_one_plan_keeps_one_name_and_the_same_change_needed_again_gets_a_number() -> None:
    name = f"shop-{PLAN.hash[:10]}"
    assert [*islice(names(SHOP, PLAN), 3)] == [name, f"{name}-2", f"{name}-3"]
    assert serves(kept(PLAN, name, "Pending"), SHOP, PLAN)
    assert not serves(kept(PLAN, name, "Applied"), SHOP, PLAN)
    assert not serves(kept(OTHER, name, "Pending"), SHOP, PLAN), "ten digits of a hash may meet"
    assert not serves(kept(PLAN, name, "Pending"), Key("team", "other"), PLAN)


HARMLESS = numbered([Step("COMMENT ON TABLE users IS 'x'", "table users")])


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, steps=HARMLESS),
        replace(PLAN, steps=numbered([*PLAN.steps, *HARMLESS])),
        replace(PLAN, steps=()),
        replace(PLAN, premise="e" * 32),
        replace(PLAN, steps=numbered([DANGEROUS])),
        replace(PLAN, steps=numbered([replace(PLAN.steps[0], transactional=False)])),
    ],
    ids=("another_step", "one_more", "none", "another_premise", "another_hazard", "run_otherwise"),
)
def test_a_word_on_what_is_not_the_plan_does_not_count_whatever_its_hash(other: Plan) -> None:
    false = kept(other, "shop-1", said="Approve", hash_=PLAN.hash)
    false["spec"]["plan"]["hash"] = PLAN.hash
    assert verdict([false], PLAN) is None
    assert verdict([lean(false)], PLAN) is None
    assert not serves(false, SHOP, PLAN)
    assert verdict([false, kept(PLAN, "shop-2", said="Reject")], PLAN) == Verdict(
        PLAN.hash, approved=False, reason="because"
    )


def test_what_is_measured_anew_each_time_makes_no_other_plan() -> None:
    (step,) = numbered([DANGEROUS])
    plan = replace(PLAN, steps=(step,))
    later = replace(step, estimate=7.0, blocks=("table users",), hazards=(replace(step.hazards[0], message="8 rows"),))
    assert verdict([kept(replace(plan, steps=(later,)), "shop-1", said="Approve")], plan) is not None


def test_what_is_no_plan_at_all_is_passed_over() -> None:
    odd = kept(PLAN, "shop-1", said="Approve")
    del odd["spec"]["plan"]["premise"]
    assert verdict([odd], PLAN) is None


def test_the_document_is_owned_by_its_datastore_and_carries_none_of_its_labels() -> None:
    labels = {"app.kubernetes.io/instance": "shop", "team": "a"}
    meta = {
        "name": "shop",
        "namespace": "team",
        "uid": "u-1",
        "labels": labels,
        "annotations": {"argocd.argoproj.io/tracking-id": "x"},
    }
    datastore = {"apiVersion": "colonnade.dev/v1alpha1", "kind": "Datastore", "metadata": meta}
    found = document("shop-1", datastore, PLAN)
    assert found["metadata"]["labels"] == {"colonnade.dev/datastore": "shop"}
    assert "annotations" not in found["metadata"]
    assert found["metadata"]["ownerReferences"] == [
        {"apiVersion": "colonnade.dev/v1alpha1", "kind": "Datastore", "name": "shop", "uid": "u-1", "controller": True}
    ]
    assert found["spec"]["plan"]["hash"] == PLAN.hash
    load(found, strict=True)


def test_a_plan_too_large_for_kubernetes_is_cut_and_says_so() -> None:
    large = Plan("shop", numbered([Step(f"SELECT {i} -- {'x' * 5000}") for i in range(200)]), "f" * 32)
    datastore = {
        "apiVersion": "colonnade.dev/v1alpha1",
        "kind": "Datastore",
        "metadata": {"name": "shop", "namespace": "team", "uid": "u"},
    }
    found = document("shop-1", datastore, large)
    assert len(json.dumps(found)) < 300_000
    assert found["spec"]["plan"]["omitted"] == 200 - len(found["spec"]["plan"]["steps"])
    assert found["spec"]["plan"]["hash"] == large.hash
