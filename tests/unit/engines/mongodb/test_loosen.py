"""Only where every document of the old rule surely obeys the new one is it called wider; a document proves the contrary."""

from typing import Any

import pytest

from colonnade.engines.mongodb.loosen import accepts_all_of, is_silent_about

BASE: dict[str, Any] = {
    "bsonType": "object",
    "required": ["a", "b"],
    "properties": {
        "a": {"bsonType": "int", "minimum": 1, "maximum": 9},
        "b": {"enum": ["x", "y"]},
        "c": {"bsonType": "array", "items": {"maxLength": 5}},
    },
}


def changed(**parts: Any) -> dict[str, Any]:
    return {key: value for key, value in {**BASE, **parts}.items() if value is not None}


def with_property(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return changed(properties={**BASE["properties"], name: value}, **more)


@pytest.mark.parametrize(
    "new",
    [
        BASE,
        changed(required=["a"]),
        changed(required=None),
        changed(title="told", description="only"),
        changed(additionalProperties=True),
        with_property("a", {"bsonType": ["int", "long"], "minimum": 0, "maximum": 10}),
        with_property("a", {}),
        with_property("b", {"enum": ["x", "y", "z"]}),
        with_property("c", {"bsonType": "array", "items": {"maxLength": 6}}),
        changed(properties={}),
        {},
    ],
)
def test_wider(new: dict[str, Any]) -> None:
    assert accepts_all_of({"$jsonSchema": new}, {"$jsonSchema": BASE})


@pytest.mark.parametrize(
    "new",
    [
        changed(required=["a", "b", "c"]),
        changed(additionalProperties=False),
        changed(minProperties=2),
        with_property("a", {"bsonType": "long", "minimum": 1, "maximum": 9}),
        with_property("a", {"bsonType": "int", "minimum": 2, "maximum": 9}),
        with_property("a", {"bsonType": "int", "minimum": 1, "maximum": 9, "multipleOf": 2}),
        with_property("b", {"enum": ["x"]}),
        with_property("c", {"bsonType": "array", "items": {"maxLength": 4}}),
        with_property("d", {"bsonType": "int"}),
        changed(**{"not": {"required": ["z"]}}),
        changed(anyOf=[{"required": ["z"]}]),
    ],
)
def test_not_wider(new: dict[str, Any]) -> None:
    assert not accepts_all_of({"$jsonSchema": new}, {"$jsonSchema": BASE})


def test_where_undeclared_fields_are_refused_one_more_field_is_wider_and_one_less_is_not() -> None:
    closed = changed(additionalProperties=False)
    assert accepts_all_of(
        {"$jsonSchema": {**with_property("d", {"bsonType": "int"}), "additionalProperties": False}},
        {"$jsonSchema": closed},
    )
    less = {**closed, "properties": {"a": BASE["properties"]["a"]}}
    assert not accepts_all_of({"$jsonSchema": less}, {"$jsonSchema": closed})


def test_a_query_beside_the_schema_counts() -> None:
    assert accepts_all_of({"$jsonSchema": BASE}, {"$jsonSchema": BASE, "x": 1})
    assert not accepts_all_of({"$jsonSchema": BASE, "x": 1}, {"$jsonSchema": BASE})
    assert accepts_all_of({"x": {"$eq": 1}}, {"x": 1})
    assert accepts_all_of({}, {"$jsonSchema": BASE})


@pytest.mark.parametrize(
    ("rule", "silent"),
    [
        ({"$jsonSchema": BASE}, True),
        ({}, True),
        ({"$jsonSchema": changed(required=["z"])}, False),
        ({"$jsonSchema": with_property("z", {})}, False),
        ({"$jsonSchema": changed(additionalProperties=False)}, False),
        ({"$jsonSchema": changed(patternProperties={"z": {}})}, False),
        ({"$jsonSchema": changed(anyOf=[{}])}, False),
        ({"$jsonSchema": BASE, "z": 1}, False),
    ],
)
def test_whether_a_rule_speaks_of_a_field(rule: dict[str, Any], silent: bool) -> None:
    assert is_silent_about(rule, ["z.y"]) is silent
