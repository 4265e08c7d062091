"""Rules come into force as far as the documents allow, and nobody's writes break by surprise."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pymongo.errors import WriteError

from colonnade.core.errors import DataViolation, InvalidSpec
from colonnade.core.gate import Policy
from tests.live.mongodb.live import OWNER, Mongo, approved


def orders(fields: str, validation: str = "{}", more: str = "") -> str:
    return f"collections: [{{name: orders, fields: [{fields}], validation: {validation}{', ' + more if more else ''}}}]"


STATUS = orders("{name: status, type: string, required: true, enum: [pending, shipped]}")
DIRECT = STATUS.replace("validation: {}", "validation: {rollout: Direct}")


def rung(mongo: Mongo) -> tuple[str, str]:
    options = mongo.options("orders")
    return options.get("validationLevel", "strict"), options.get("validationAction", "error")


def test_without_violators_a_rule_is_in_force_at_once(mongo: Mongo) -> None:
    mongo.db.orders.insert_one({"status": "pending"})
    assert mongo.hazards(STATUS) == ["TIGHTENS_RULE"]
    mongo.apply(STATUS)
    assert rung(mongo) == ("strict", "error")


def test_an_empty_collection_gets_its_rule_without_hazards(mongo: Mongo) -> None:
    mongo.db.create_collection("orders")
    assert mongo.hazards(STATUS) == []


def test_the_ladder_is_climbed_as_documents_allow(mongo: Mongo) -> None:
    mongo.db.orders.insert_many([{"_id": i, "status": "lost"} for i in range(7)])
    assert mongo.hazards(STATUS) == []  # a warning refuses nothing
    with pytest.raises(DataViolation, match=r"validator orders: 7 documents \(_id 0, 1, 2, 3, 4 …\) break the rule"):
        mongo.reconcile(STATUS)
    assert rung(mongo) == ("moderate", "warn")
    mongo.db.orders.insert_one({"status": "odd"})  # still accepted

    with pytest.raises(DataViolation, match="8 documents"):
        mongo.reconcile(STATUS)
    assert mongo.steps(STATUS) == []
    long_ago = {"$set": {"since": datetime(2020, 1, 1, tzinfo=UTC)}}
    mongo.db["colonnade.state"].update_one({"_id": "warned orders"}, long_ago)
    with pytest.raises(DataViolation):
        mongo.reconcile(STATUS, approved)
    assert rung(mongo) == ("moderate", "error")
    with pytest.raises(WriteError):
        mongo.db.orders.insert_one({"status": "odd"})
    mongo.db.orders.update_one({"_id": 0}, {"$set": {"note": "an old one may still change"}})

    mongo.db.orders.update_many({}, {"$set": {"status": "shipped"}})
    assert mongo.hazards(STATUS) == []
    mongo.apply(STATUS)
    assert rung(mongo) == ("strict", "error")


def test_more_violators_start_the_waiting_time_anew(mongo: Mongo) -> None:
    mongo.db.orders.insert_one({"status": "lost"})
    with pytest.raises(DataViolation):
        mongo.reconcile(STATUS)
    mongo.db["colonnade.state"].update_one(
        {"_id": "warned orders"}, {"$set": {"since": datetime(2020, 1, 1, tzinfo=UTC)}}
    )
    mongo.db.orders.insert_one({"status": "lost"})
    assert mongo.steps(STATUS) == []


def test_directly_the_documents_have_to_obey_first(mongo: Mongo) -> None:
    mongo.db.orders.insert_many([{"_id": i} for i in range(12)])
    with pytest.raises(DataViolation, match=r"12 documents \(_id 0, 1, 2, 3, 4 …\).*db.getCollection") as caught:
        mongo.reconcile(DIRECT, approved)
    assert caught.value.subject == OWNER
    assert mongo.options("orders") == {}
    moderate = DIRECT.replace("rollout: Direct", "rollout: Direct, level: Moderate")
    mongo.apply(moderate)
    assert rung(mongo) == ("moderate", "error")


def test_a_rule_that_only_warns_needs_no_ladder(mongo: Mongo) -> None:
    mongo.db.orders.insert_one({})
    warn = STATUS.replace("validation: {}", "validation: {action: Warn}")
    assert mongo.hazards(warn) == []
    mongo.apply(warn)
    assert rung(mongo) == ("strict", "warn")
    off = STATUS.replace("validation: {}", "validation: {level: Disabled}")
    mongo.apply(off)
    assert rung(mongo) == ("off", "error")


@pytest.mark.parametrize(
    "wider",
    [
        "{name: status, type: string, required: true, enum: [pending, shipped, lost]}",
        "{name: status, type: string, enum: [pending, shipped]}",
        "{name: status, type: string, required: true}",
        "{name: status, type: string, nullable: true, required: true}",
    ],
)
def test_a_wider_rule_has_no_hazard_and_looks_at_no_document(mongo: Mongo, wider: str) -> None:
    mongo.apply(STATUS)
    mongo.db.orders.insert_one({"status": "shipped"})
    assert mongo.hazards(orders(wider)) == []
    mongo.apply(orders(wider))
    assert rung(mongo) == ("strict", "error")


def test_a_narrower_rule_has_one(mongo: Mongo) -> None:
    mongo.apply(STATUS)
    mongo.db.orders.insert_one({"status": "shipped"})
    assert mongo.hazards(orders("{name: status, type: string, required: true, enum: [shipped]}")) == ["TIGHTENS_RULE"]


def test_a_rule_that_documents_break_gives_up_the_old_one_only_with_approval(mongo: Mongo) -> None:
    mongo.apply(STATUS)
    mongo.db.orders.insert_one({"status": "pending"})
    other = orders("{name: status, type: string, required: true, enum: [shipped]}")
    assert mongo.hazards(other) == ["DROPS_GUARANTEE"]


def test_the_same_rule_spelt_otherwise_is_adopted(mongo: Mongo, writes: list[str]) -> None:
    schema = {
        "required": ["b", "a"],
        "properties": {"b": {"enum": [2.0, 1], "bsonType": "int"}, "a": {"maxLength": 5.0}},
    }
    mongo.db.create_collection("orders", validator={"$jsonSchema": schema})
    mongo.db.orders.insert_one({"a": "x", "b": 1})
    writes.clear()
    mongo.apply(
        "collections: [{name: orders, jsonSchema: "
        "{properties: {a: {maxLength: 5}, b: {bsonType: int, enum: [1, 2]}}, required: [a, b]}}]"
    )
    assert not [w for w in writes if "orders" in w]


def test_a_rule_as_a_query_beside_a_schema(mongo: Mongo) -> None:
    spec = orders("{name: low, type: int}", "{query: {$expr: {$lte: [$low, $high]}}}")
    mongo.apply(spec)
    with pytest.raises(WriteError):
        mongo.db.orders.insert_one({"low": 3, "high": 2})
    mongo.db.orders.insert_one({"low": 1, "high": 2})


def test_a_rule_that_is_no_longer_declared_goes_and_that_is_a_hazard(mongo: Mongo) -> None:
    mongo.apply(STATUS)
    bare = "collections: [{name: orders}]"
    assert mongo.hazards(bare) == ["DROPS_GUARANTEE"]
    mongo.apply(bare)
    assert "validator" not in mongo.options("orders")
    mongo.apply(STATUS)


def test_the_undo_of_a_rule_is_the_old_one(mongo: Mongo) -> None:
    mongo.apply(STATUS)
    (step,) = mongo.plan("collections: [{name: orders}]").steps
    assert step.undo is not None
    assert '"enum": ["pending", "shipped"]' in step.undo


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("{type: integer}", "bsonType: int"),
        ("{properties: {a: {format: date-time}}}", "bsonType"),
        ("{properties: {a: {$ref: x}}}", "write the schema out here"),
        ("{required: []}", "at least one entry"),
        ("{additionalProperties: false}", "each has an _id"),
        ("{properties: {a: {bsonType: int, type: number}}}", "keep bsonType"),
        ("{properties: {a: {pattern: '('}}}", "collections.orders"),
    ],
)
def test_a_schema_that_mongodb_refuses_or_one_regrets_is_told(mongo: Mongo, schema: str, words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        mongo.plan(f"collections: [{{name: orders, jsonSchema: {schema}}}]")


def test_many_violators_are_counted_to_a_limit(mongo: Mongo) -> None:
    mongo.db.orders.insert_many([{"x": i} for i in range(1500)])
    with pytest.raises(DataViolation, match="more than 1000 documents"):
        mongo.plan(DIRECT)


def test_a_document_that_breaks_the_rule_between_plan_and_run_stops_the_run(mongo: Mongo) -> None:
    mongo.db.orders.insert_one({"status": "pending"})

    def facts(plan: Any) -> Any:
        mongo.db.orders.insert_one({"_id": "late"})
        return approved(plan)

    with pytest.raises(DataViolation, match=r'1 documents of collection orders break the rule .*"late"'):
        mongo.reconcile(DIRECT, facts)
    assert mongo.options("orders") == {}


def test_a_time_limit_is_told(mongo: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("colonnade.engines.mongodb.evidence.SECONDS", 0.001)
    mongo.db.orders.insert_many([{"status": "pending", "x": "y" * 100} for _ in range(20000)])
    with pytest.raises(DataViolation, match="could not be found out"):
        mongo.plan(DIRECT, Policy())
