import datetime as dt
from typing import Any

import pytest
from bson import Int64, ObjectId

from colonnade.core.errors import InvalidSpec
from colonnade.engines.mongodb.compile import CompiledCollection, compile_schema
from colonnade.engines.mongodb.lint import lint, lint_part
from colonnade.resources import MongoSchema, load
from tests.unit.resources.rules import collection, document, field, index, mongo


def compiled(spec: dict[str, Any]) -> list[CompiledCollection]:
    loaded = load(document("MongoSchema", spec), strict=True)
    assert isinstance(loaded, MongoSchema)
    return compile_schema(loaded.spec)


def options(more: str) -> dict[str, Any]:
    return compiled(collection(more))[0].options


def value(more: str) -> Any:
    """The schema of a field."""
    return compiled(field(more))[0].options["validator"]["$jsonSchema"]["properties"]["f"]


def made_index(more: str) -> dict[str, Any]:
    return compiled(index(more))[0].indexes[0].document


@pytest.mark.parametrize(
    ("more", "schema"),
    [
        ("type: string", {"bsonType": "string"}),
        ("type: any", {}),
        ("type: any, description: x", {"description": "x"}),
        ("type: date, nullable: true", {"bsonType": ["date", "null"]}),
        ("type: 'null', nullable: true", {"bsonType": "null"}),
        ("type: string, enum: [a, b]", {"bsonType": "string", "enum": ["a", "b"]}),
        ("type: string, enum: [a], nullable: true", {"bsonType": ["string", "null"], "enum": ["a", None]}),
        (
            "type: string, pattern: ^a, minLength: 1, maxLength: 9",
            {"bsonType": "string", "pattern": "^a", "minLength": 1, "maxLength": 9},
        ),
        ("type: decimal, minimum: 0, maximum: 1.5", {"bsonType": "decimal", "minimum": 0, "maximum": 1.5}),
        (
            "type: array, items: {type: int}, minItems: 1, uniqueItems: true",
            {"bsonType": "array", "items": {"bsonType": "int"}, "minItems": 1, "uniqueItems": True},
        ),
        (
            "type: object, additionalFields: false, fields: [{name: a, type: int, required: true}, {name: b, type: any}]",
            {
                "bsonType": "object",
                "required": ["a"],
                "properties": {"a": {"bsonType": "int"}, "b": {}},
                "additionalProperties": False,
            },
        ),
        ("type: object, jsonSchema: {minProperties: 1}", {"bsonType": "object", "minProperties": 1}),
        ("type: any, jsonSchema: {type: number}", {"type": "number"}),
        ("type: int, references: users", {"bsonType": "int"}),
    ],
)
def test_a_field(more: str, schema: dict[str, Any]) -> None:
    assert value(more) == schema


def test_fields_of_items_of_fields() -> None:
    inner = "items: {type: object, fields: [{name: sku, type: string, required: true}, {name: n, type: int}]}"
    assert value(f"type: array, {inner}") == {
        "bsonType": "array",
        "items": {
            "bsonType": "object",
            "required": ["sku"],
            "properties": {"sku": {"bsonType": "string"}, "n": {"bsonType": "int"}},
        },
    }


def test_a_validator_is_strict_unless_it_says_otherwise() -> None:
    assert options("fields: [{name: a, type: int, required: true}]") == {
        "validator": {
            "$jsonSchema": {"bsonType": "object", "required": ["a"], "properties": {"a": {"bsonType": "int"}}}
        },
        "validationLevel": "strict",
        "validationAction": "error",
    }


def test_documents_of_which_nothing_is_said_may_be_anything() -> None:
    assert options("validation: {level: Moderate}") == {}


def test_a_document_always_may_have_its_id() -> None:
    schema = options("additionalFields: false, fields: [{name: a, type: int}]")["validator"]["$jsonSchema"]
    assert schema["properties"] == {"_id": {}, "a": {"bsonType": "int"}}
    schema = options("additionalFields: false, fields: [{name: _id, type: string}]")["validator"]["$jsonSchema"]
    assert schema["properties"] == {"_id": {"bsonType": "string"}}
    assert options("additionalFields: false")["validator"]["$jsonSchema"]["properties"] == {"_id": {}}


def test_the_raw_schema_is_taken_as_it_is_with_a_query_beside_it() -> None:
    raw = "jsonSchema: {bsonType: object}, validation: {level: Disabled, action: Warn, query: {$expr: {$lt: [$a, $b]}}}"
    assert options(raw) == {
        "validator": {"$and": [{"$jsonSchema": {"bsonType": "object"}}, {"$expr": {"$lt": ["$a", "$b"]}}]},
        "validationLevel": "off",
        "validationAction": "warn",
    }
    assert options("validation: {query: {a: {$gt: 1}}}")["validator"] == {"a": {"$gt": 1}}


@pytest.mark.parametrize(("rollout", "direct"), [("Direct", True), ("Ladder", False)])
def test_the_rollout_is_told(rollout: str, direct: bool) -> None:
    assert compiled(collection(f"validation: {{rollout: {rollout}}}"))[0].direct is direct


@pytest.mark.parametrize(
    ("more", "made"),
    [
        ("capped: {size: 4096}", {"capped": True, "size": 4096}),
        ("capped: {size: 4096, max: 10}", {"capped": True, "size": 4096, "max": 10}),
        (
            "timeseries: {timeField: at, metaField: s, granularity: Hours}, expireAfter: 24h",
            {"timeseries": {"timeField": "at", "metaField": "s", "granularity": "hours"}, "expireAfterSeconds": 86400},
        ),
        ("timeseries: {timeField: at}", {"timeseries": {"timeField": "at"}}),
        ("clustered: {}", {"clusteredIndex": {"key": {"_id": 1}, "unique": True}}),
        ("clustered: {name: x}", {"clusteredIndex": {"key": {"_id": 1}, "unique": True, "name": "x"}}),
        ("prePostImages: true", {"changeStreamPreAndPostImages": {"enabled": True}}),
        ("prePostImages: false", {}),
        (
            "collation: {locale: de, strength: 1, numericOrdering: true}",
            {"collation": {"locale": "de", "strength": 1, "numericOrdering": True}},
        ),
    ],
)
def test_options_of_a_collection(more: str, made: dict[str, Any]) -> None:
    assert options(f"options: {{{more}}}") == made


@pytest.mark.parametrize(
    ("more", "made"),
    [
        ("keys: [{field: a.b, order: 1}, {field: c, order: -1}]", {"key": {"a.b": 1, "c": -1}}),
        (
            "keys: [{field: a, order: 1}], unique: true, sparse: true, hidden: true",
            {"key": {"a": 1}, "unique": True, "sparse": True, "hidden": True},
        ),
        ("keys: [{field: a, order: 1}], unique: false", {"key": {"a": 1}}),
        ("keys: [{field: at, order: 1}], expireAfter: 720h", {"key": {"at": 1}, "expireAfterSeconds": 2592000}),
        ("keys: [{field: at, order: 1}], expireAfter: 0s", {"key": {"at": 1}, "expireAfterSeconds": 0}),
        (
            "keys: [{field: a, order: 1}], partialFilter: {status: {$in: [x, y]}}",
            {"key": {"a": 1}, "partialFilterExpression": {"status": {"$in": ["x", "y"]}}},
        ),
        (
            "keys: [{field: a, type: text}, {field: b, type: text}], weights: {a: 5}, defaultLanguage: none, languageOverride: l",
            {
                "key": {"a": "text", "b": "text"},
                "weights": {"a": 5},
                "default_language": "none",
                "language_override": "l",
            },
        ),
        (
            "keys: [{field: $**, order: 1}], wildcardProjection: {a: 0}",
            {"key": {"$**": 1}, "wildcardProjection": {"a": 0}},
        ),
        (
            "keys: [{field: a, order: 1}], collation: {locale: en, strength: 2}",
            {"key": {"a": 1}, "collation": {"locale": "en", "strength": 2}},
        ),
    ],
)
def test_an_index(more: str, made: dict[str, Any]) -> None:
    found = made_index(more)
    assert found == {**made, "name": "i"}
    assert list(found["key"]) == list(made["key"])


def test_an_index_tells_whether_it_may_be_missing_for_a_moment() -> None:
    (made,) = compiled(index("keys: [{field: a, order: 1}], allowGap: true"))[0].indexes
    assert made.allow_gap
    assert made.origin == "spec.collections[c].indexes[i]"


def test_values_that_json_lacks_are_written_in_extended_json() -> None:
    filtered = made_index(
        "keys: [{field: a, order: 1}], partialFilter: "
        "{a: {$gt: {$date: '2024-01-01T00:00:00Z'}}, b: {$oid: 0123456789abcdef01234567}, c: {$numberLong: '5'}}"
    )["partialFilterExpression"]
    assert filtered == {
        "a": {"$gt": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)},
        "b": ObjectId("0123456789abcdef01234567"),
        "c": Int64(5),
    }
    assert isinstance(filtered["c"], Int64)


def test_what_is_no_extended_json_is_refused_with_its_place() -> None:
    with pytest.raises(
        InvalidSpec, match=r"spec.collections\[c\].indexes\[i\].partialFilter: is no extended JSON: .*'xyz'"
    ):
        made_index("keys: [{field: a, order: 1}], partialFilter: {a: {$oid: xyz}}")


def test_a_view() -> None:
    found = compiled(mongo("views: [{name: v, viewOn: c, pipeline: [{$match: {a: 1}}], collation: {locale: de}}]"))
    assert found == [
        CompiledCollection(
            "v",
            "spec.views[v]",
            {"viewOn": "c", "pipeline": [{"$match": {"a": 1}}], "collation": {"locale": "de"}},
        )
    ]


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (
            {"properties": {"a": {"format": "email"}}},
            "p.properties.a.format: MongoDB does not know this keyword; use bsonType",
        ),
        ({"items": {"$ref": "#/x"}}, "p.items.$ref: MongoDB does not know this keyword; write the schema out here"),
        ({"anyOf": [{}, {"const": 1}]}, "p.anyOf[1].const: MongoDB does not know this keyword; write enum"),
        ({"items": [{"nullable": True}]}, 'p.items[0].nullable: MongoDB does not know this keyword; add "null"'),
        ({"default": 1}, "p.default: MongoDB does not know this keyword; MongoDB fills in no defaults"),
        ({"propertees": {}}, "p.propertees: MongoDB does not know this keyword; take it out"),
        ({"type": "integer"}, "p.type: MongoDB does not know the type 'integer'; use bsonType: int"),
        ({"bsonType": ["integer"]}, "p.bsonType: MongoDB does not know the type 'integer'; use int or long"),
        ({"bsonType": "any"}, "p.bsonType: MongoDB does not know the type 'any'; use one of string, "),
        ({"type": "string", "bsonType": "string"}, "p: has both type and bsonType; keep bsonType"),
        ({"required": []}, "p.required: MongoDB wants a list with at least one entry"),
        ({"enum": []}, "p.enum: MongoDB wants a list with at least one entry"),
        ({"enum": ["a", "a"]}, 'p.enum: "a" comes 2 times'),
        ({"oneOf": []}, "p.oneOf: MongoDB wants a list"),
        ({"exclusiveMinimum": 3}, "p.exclusiveMinimum: 3 is not true or false; write minimum: 3, and true here"),
        ({"exclusiveMaximum": True}, "p.exclusiveMaximum: means nothing without maximum"),
        ({"properties": {"a": 1}}, "p.properties.a: 1 is no schema"),
        ({"additionalProperties": False}, "p.additionalProperties: false refuses every document"),
        ({"dependencies": {"a": {"format": "x"}}}, "p.dependencies.a.format"),
    ],
)
def test_what_mongodb_would_refuse_or_one_would_regret(schema: dict[str, Any], says: str) -> None:
    (told,) = lint(schema, "p")
    assert told.startswith(says)


@pytest.mark.parametrize(
    "schema",
    [
        {"enum": [1, True, "1"], "properties": {"format": {"bsonType": "date"}}},
        {
            "bsonType": ["object", "null"],
            "minimum": 1,
            "exclusiveMinimum": True,
            "additionalProperties": {"type": "string"},
        },
        {"additionalProperties": False, "properties": {"_id": {}}},
        {"additionalProperties": False, "patternProperties": {"^_": {}}},
        {"dependencies": {"a": ["b"]}, "not": {"required": ["x"]}, "items": {}, "additionalItems": True},
    ],
)
def test_what_mongodb_takes_is_let_through(schema: dict[str, Any]) -> None:
    assert lint(schema, "p") == []


def test_an_inner_object_needs_no_id() -> None:
    assert lint_part({"additionalProperties": False}, "p") == []


def test_every_mistake_of_every_collection_is_told_at_once() -> None:
    spec = mongo(
        "collections: [{name: a, jsonSchema: {format: x}}, {name: b, fields: [{name: o, type: object, fields: "
        "[{name: i, type: array, items: {type: any, jsonSchema: {$ref: x}}}]}]}]"
    )
    with pytest.raises(InvalidSpec) as refusal:
        compiled(spec)
    first, second = str(refusal.value).split("\n")
    assert first.startswith("spec.collections[a].jsonSchema.format: ")
    assert second.startswith("spec.collections[b].fields[o].fields[i].items.jsonSchema.$ref: ")
