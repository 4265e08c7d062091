"""What MongoDB would refuse in a `$jsonSchema`, or accept to everyone's regret; found before anything is sent.

The keywords are those of https://www.mongodb.com/docs/manual/reference/operator/query/jsonSchema/: draft 4 without references,
defaults and formats, plus `bsonType`. Schemas that come from OpenAPI documents rarely fit without a change.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, get_args

from colonnade.resources.mongo_field import BsonType

_SCHEMAS = ("not", "additionalProperties", "additionalItems", "items")
_LISTS = ("allOf", "anyOf", "oneOf")
_MAPS = ("properties", "patternProperties", "dependencies")
_PLAIN = (
    "bsonType",
    "description",
    "encrypt",
    "encryptMetadata",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "pattern",
    "required",
    "title",
    "type",
    "uniqueItems",
)
_KNOWN = frozenset((*_SCHEMAS, *_LISTS, *_MAPS, *_PLAIN))
_INSTEAD = {
    "$defs": "write each schema out where it is used",
    "$id": "take it out",
    "$ref": "write the schema out here",
    "$schema": "take it out",
    "const": "write enum with the one value",
    "default": "MongoDB fills in no defaults: take it out, and see backfills for documents that are there",
    "definitions": "write each schema out where it is used",
    "example": "take it out",
    "examples": "take it out",
    "format": "use bsonType (date, objectId), or pattern",
    "if": "use anyOf",
    "nullable": 'add "null" to bsonType',
    "readOnly": "take it out",
}
_JSON_TYPES = ("object", "array", "number", "boolean", "string", "null")
_MORE_BSON_TYPES = ("undefined", "dbPointer", "javascript", "symbol", "javascriptWithScope", "minKey", "maxKey")
_BSON_TYPES = (*(name for name in get_args(BsonType) if name != "any"), *_MORE_BSON_TYPES)


def lint(schema: Mapping[str, Any], path: str) -> list[str]:
    """A sentence for each thing that is wrong in the schema of a collection's documents."""
    return [*_lint(schema, path), *_without_id(schema, path)]


def lint_part(schema: Mapping[str, Any], path: str) -> list[str]:
    """The same for the schema of one value inside a document."""
    return list(_lint(schema, path))


def _without_id(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    properties = schema.get("properties")
    named = isinstance(properties, Mapping) and "_id" in properties
    if schema.get("additionalProperties") is False and not named and "patternProperties" not in schema:
        yield f"{path}.additionalProperties: false refuses every document, for each has an _id; add properties._id: {{}}"


def _lint(schema: Any, path: str) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        yield f"{path}: {schema!r} is no schema; write a mapping of keywords"
        return
    for word, value in schema.items():
        here = f"{path}.{word}"
        if word not in _KNOWN:
            yield f"{here}: MongoDB does not know this keyword; {_INSTEAD.get(word, 'take it out')}"
        elif check := _CHECKS.get(word):
            yield from check(value, here)
        yield from _inner(word, value, here)
    if "type" in schema and "bsonType" in schema:
        yield f"{path}: has both type and bsonType; keep bsonType"
    for flag, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if schema.get(flag) is True and bound not in schema:
            yield f"{path}.{flag}: means nothing without {bound}; give {bound}"


def _inner(word: str, value: Any, path: str) -> Iterator[str]:
    if word in _LISTS or (word == "items" and isinstance(value, list)):
        for number, part in enumerate(value if isinstance(value, list) else ()):
            yield from _lint(part, f"{path}[{number}]")
    elif word in _MAPS and isinstance(value, Mapping):
        for name, part in value.items():
            if word != "dependencies" or not isinstance(part, list):
                yield from _lint(part, f"{path}.{name}")
    elif word in _SCHEMAS and not isinstance(value, bool):
        yield from _lint(value, path)


def _filled(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, list) or not value:
        yield f"{path}: MongoDB wants a list with at least one entry; add one, or take it out"


def _distinct(value: Any, path: str) -> Iterator[str]:
    yield from _filled(value, path)
    counted = Counter(json.dumps(entry, sort_keys=True) for entry in value) if isinstance(value, list) else {}
    yield from (f"{path}: {entry} comes {n} times, and MongoDB takes it once" for entry, n in counted.items() if n > 1)


def _types(known: Iterable[str], hints: Mapping[str, str]) -> Callable[[Any, str], Iterator[str]]:
    def check(value: Any, path: str) -> Iterator[str]:
        if isinstance(value, list):
            yield from _distinct(value, path)
        for name in value if isinstance(value, list) else [value]:
            if name not in known:
                hint = hints.get(str(name), f"use one of {', '.join(known)}")
                yield f"{path}: MongoDB does not know the type {name!r}; {hint}"

    return check


def _flag(value: Any, path: str) -> Iterator[str]:
    if not isinstance(value, bool):
        bound = "minimum" if path.endswith("Minimum") else "maximum"
        yield f"{path}: {value!r} is not true or false; write {bound}: {value!r}, and true here"


_CHECKS: dict[str, Callable[[Any, str], Iterator[str]]] = {
    "bsonType": _types(
        _BSON_TYPES,
        {"integer": "use int or long", "boolean": "use bool", "float": "use double", "datetime": "use date"},
    ),
    "allOf": _filled,
    "anyOf": _filled,
    "oneOf": _filled,
    "enum": _distinct,
    "exclusiveMaximum": _flag,
    "exclusiveMinimum": _flag,
    "required": _distinct,
    "type": _types(_JSON_TYPES, {"integer": "use bsonType: int or bsonType: long", "date": "use bsonType: date"}),
}
