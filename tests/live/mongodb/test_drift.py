"""What is changed by hand shows, and is put back where the policy says so."""

from collections.abc import Callable

import pytest

from colonnade.core.gate import Policy
from tests.live.mongodb.live import Mongo, approved

SPEC = """
collections:
- name: orders
  fields: [{name: a, type: int}]
  indexes: [{name: by_a, keys: [{field: a, order: 1}]}, {name: by_at, keys: [{field: at, order: 1}], expireAfter: 24h}]
views: [{name: v, viewOn: orders}]
"""
CORRECT = Policy(drift="Correct")


def _replace_by_a(mongo: Mongo) -> object:
    mongo.db.orders.drop_index("by_a")
    return mongo.db.orders.create_index("b", name="by_a")


HANDS: dict[str, Callable[[Mongo], object]] = {
    "index dropped": lambda m: m.db.command("dropIndexes", "orders", index="by_a"),
    "index hidden": lambda m: m.db.command("collMod", "orders", index={"name": "by_a", "hidden": True}),
    "ttl changed": lambda m: m.db.command("collMod", "orders", index={"name": "by_at", "expireAfterSeconds": 5}),
    "index replaced": _replace_by_a,
    "rule changed": lambda m: m.db.command("collMod", "orders", validator={"x": 1}),
    "rule removed": lambda m: m.db.command("collMod", "orders", validator={}),
    "rule weakened": lambda m: m.db.command("collMod", "orders", validationLevel="moderate", validationAction="warn"),
    "view changed": lambda m: m.db.command("collMod", "v", viewOn="other", pipeline=[]),
    "view dropped": lambda m: m.db.drop_collection("v"),
    "collection dropped": lambda m: m.db.drop_collection("orders"),
    "images switched on": lambda m: m.db.command("collMod", "orders", changeStreamPreAndPostImages={"enabled": True}),
}


@pytest.mark.parametrize("hand", HANDS.values(), ids=HANDS.keys())
def test_a_change_by_hand_is_reported_or_put_back(mongo: Mongo, hand: Callable[[Mongo], object]) -> None:
    mongo.apply(SPEC)
    before = mongo.plan(SPEC).premise
    hand(mongo)
    result = mongo.reconcile(SPEC, approved)
    assert result.drifted
    assert result.held is not None
    assert result.held.reason == "Drifted"
    mongo.reconcile(SPEC, approved, CORRECT)
    assert mongo.steps(SPEC) == []
    assert mongo.plan(SPEC).premise == before


def test_an_object_that_is_nobodys_is_no_drift(mongo: Mongo) -> None:
    mongo.apply(SPEC)
    mongo.db.theirs.insert_one({})
    mongo.db.orders.create_index("z", name="by_hand")
    result = mongo.reconcile(SPEC)
    assert result.held is None
    assert result.plan is not None
    assert not result.plan.steps
    assert mongo.reconcile(SPEC).plan is None


def test_documents_are_no_part_of_the_fingerprint(mongo: Mongo) -> None:
    mongo.apply(SPEC)
    mongo.db.orders.insert_many([{"a": i} for i in range(100)])
    assert mongo.reconcile(SPEC).plan is None


def test_what_a_failed_run_leaves_half_done_is_no_drift(mongo: Mongo) -> None:
    mongo.apply(SPEC)
    mongo.db.orders.insert_many([{"_id": 1, "tags": [1, 2]}, {"_id": 2, "tags": [2, 3]}])
    fails = SPEC.replace(
        "indexes: [",
        "indexes: [{name: fine, keys: [{field: f, order: 1}]}, {name: tags, keys: [{field: tags, order: 1}], unique: true}, ",
    )
    with pytest.raises(Exception, match="duplicate"):
        mongo.reconcile(fails, approved)
    assert "fine" in mongo.indexes("orders")
    result = mongo.reconcile(SPEC, approved)
    assert not result.drifted
    assert mongo.indexes("orders")["fine"]["hidden"]
