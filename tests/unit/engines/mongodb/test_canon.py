from typing import Any

import pytest
from bson import Int64
from bson.decimal128 import Decimal128

from colonnade.engines.mongodb import canon


@pytest.mark.parametrize("same", [1, 1.0, Int64(1), Decimal128("1"), Decimal128("1.0")])
def test_a_number_is_one_whatever_its_type(same: Any) -> None:
    assert canon.literal(same) == "1"


@pytest.mark.parametrize("other", [True, "1", 1.5, Decimal128("1.1"), float("nan"), float("inf"), None, -1])
def test_what_is_another_value_stays_one(other: Any) -> None:
    assert canon.literal(other) != "1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"x": 1}, {"x": {"$eq": 1.0}}),
        ({"x": 1, "y": 2}, {"y": 2, "x": 1}),
        ({"x": 1, "y": 2}, {"$and": [{"y": 2}, {"$and": [{"x": 1}]}]}),
        ({"x": {"$gt": 1, "$lt": 5}}, {"$and": [{"x": {"$lt": 5}}, {"x": {"$gt": 1}}]}),
        ({"x": {"$in": [1]}}, {"x": 1}),
        ({"x": {"$in": [2, 1, 1]}}, {"x": {"$in": [1, 2]}}),
        ({"$or": [{"x": 1}]}, {"x": 1}),
        ({"$or": [{"x": 1}, {"y": 1}]}, {"$or": [{"y": 1}, {"x": 1}]}),
        ({"x": {"$exists": 1}}, {"x": {"$exists": True}}),
        ({"x": {"$type": 2}}, {"x": {"$type": ["string"]}}),
        ({"x": 1, "$and": [{"x": 1}]}, {"x": 1}),
    ],
)
def test_queries_that_mean_the_same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert canon.query(one) == canon.query(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"x": 1}, {"x": 2}),
        ({"x": 1}, {"x": "1"}),
        ({"x": 1}, {"x": {"$gt": 1}}),
        ({"x": {"a": 1, "b": 2}}, {"x": {"b": 2, "a": 1}}),
        ({"$or": [{"x": 1}, {"y": 1}]}, {"x": 1, "y": 1}),
        ({"x y": 1}, {"x": 1, "y": 1}),
        ({"x": {"$in": [None]}}, {"x": {"$in": ["null"]}}),
        ({"x": {"$regex": "a", "$options": "i"}}, {"x": {"$regex": "a"}}),
        ({}, {"x": 1}),
    ],
)
def test_queries_that_do_not(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert canon.query(one) != canon.query(other)


def test_a_schema_has_no_order() -> None:
    one = {"required": ["a", "b"], "properties": {"a": {"enum": [1, "x"]}, "b": {"bsonType": ["int", "long"]}}}
    other = {"properties": {"b": {"bsonType": ["long", "int"]}, "a": {"enum": ["x", 1.0]}}, "required": ["b", "a"]}
    assert canon.schema(one) == canon.schema(other)
    assert canon.schema({"bsonType": "int"}) == canon.schema({"bsonType": ["int"]})
    assert canon.schema({"properties": {"required": {}}}) != canon.schema({"properties": {}})
    assert canon.schema({"minimum": True}) != canon.schema({"minimum": 1})


def test_a_rule_is_kept_word_for_word_but_for_its_schema() -> None:
    assert canon.rule({"$jsonSchema": {"required": ["a", "b"]}}) == canon.rule(
        {"$jsonSchema": {"required": ["b", "a"]}}
    )
    assert canon.rule({"x": 1}) != canon.rule({"x": {"$eq": 1}})
    assert canon.rule({"x": {"a": 1, "b": 2}}) != canon.rule({"x": {"b": 2, "a": 1}})


def test_a_collation_has_its_defaults_and_no_version() -> None:
    full = canon.collation({"locale": "de"})
    assert full == canon.collation({"locale": "de", "strength": 3.0, "version": "57.1"})
    assert full != canon.collation({"locale": "de", "strength": 2})
    assert '"backwards": true' in canon.collation({"locale": "fr_CA"})
    assert canon.collation({"locale": "simple"}) == canon.collation(None) == ""
