"""A MongoSchema as the documents that `create` and `createIndexes` take, each with the field that it comes from.

The friendly form of fields becomes a `$jsonSchema`; queries and pipelines are read as extended JSON. Nothing is sent from here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bson.errors import BSONError

from colonnade.core.errors import InvalidSpec
from colonnade.engines.mongodb.lint import lint, lint_part
from colonnade.engines.mongodb.statement import bson
from colonnade.resources.common import seconds
from colonnade.resources.mongo_field import MongoField, Shape
from colonnade.resources.mongo_index import Collation, MongoIndex
from colonnade.resources.mongo_schema import Collection, CollectionOptions, MongoSchemaSpec, Validation, View

Document = dict[str, Any]

_LEVELS = {"Strict": "strict", "Moderate": "moderate", "Disabled": "off"}


@dataclass(frozen=True)
class CompiledIndex:
    """One index as createIndexes takes it; `allow_gap` says that it may be missing for a moment."""

    document: Document
    origin: str
    allow_gap: bool


@dataclass(frozen=True)
class CompiledCollection:
    """One collection or view: its options as `create` takes them, validator included, and its indexes.

    `direct` says that its validator need not climb the ladder.
    """

    name: str
    origin: str
    options: Document
    indexes: tuple[CompiledIndex, ...] = ()
    direct: bool = False


def compile_schema(spec: MongoSchemaSpec) -> list[CompiledCollection]:
    """Every collection and view of a spec. Raises InvalidSpec with all that MongoDB would refuse, or accept to one's regret."""
    if problems := [problem for collection in spec.collections for problem in _problems(collection)]:
        raise InvalidSpec("\n".join(problems))
    return [*map(_collection, spec.collections), *map(_view, spec.views)]


def json_schema(collection: Collection) -> Document | None:
    """The `$jsonSchema` of a collection's documents in plain JSON, or None where they may be anything."""
    if collection.json_schema is not None:
        return collection.json_schema
    if not collection.fields and collection.additional_fields is not False:
        return None
    schema: Document = {"bsonType": "object", **_object(collection.fields, collection.additional_fields)}
    if collection.additional_fields is False:
        schema["properties"] = {"_id": {}, **schema.get("properties", {})}
    return schema


def _collection(collection: Collection) -> CompiledCollection:
    origin = f"spec.collections[{collection.name}]"
    validation = collection.validation or Validation()
    return CompiledCollection(
        name=collection.name,
        origin=origin,
        options={**_options(collection.options), **_validator(collection, validation, origin)},
        indexes=tuple(_index(index, f"{origin}.indexes[{index.name}]") for index in collection.indexes),
        direct=validation.rollout == "Direct",
    )


def _view(view: View) -> CompiledCollection:
    origin = f"spec.views[{view.name}]"
    pipeline = _real(list(view.pipeline), f"{origin}.pipeline")
    return CompiledCollection(
        view.name, origin, {"viewOn": view.view_on, "pipeline": pipeline, **_collation(view.collation)}
    )


def _validator(collection: Collection, validation: Validation, origin: str) -> Document:
    schema, query = json_schema(collection), validation.query
    rules: list[Document] = []
    if schema is not None:
        rules.append({"$jsonSchema": _real(schema, f"{origin}.jsonSchema")})
    if query is not None:
        rules.append(_real(query, f"{origin}.validation.query"))
    if not rules:
        return {}
    return {
        "validator": rules[0] if len(rules) == 1 else {"$and": rules},
        "validationLevel": _LEVELS[validation.level],
        "validationAction": validation.action.lower(),
    }


def _options(options: CollectionOptions) -> Document:
    found = _collation(options.collation)
    if options.capped:
        found |= {"capped": True, "size": options.capped.size}
        found |= {"max": options.capped.max} if options.capped.max else {}
    if series := options.timeseries:
        told = {"timeField": series.time_field, "metaField": series.meta_field, "granularity": series.granularity}
        found["timeseries"] = {name: value for name, value in told.items() if value}
        if series.granularity:
            found["timeseries"]["granularity"] = series.granularity.lower()
    if options.clustered:
        named = {"name": options.clustered.name} if options.clustered.name else {}
        found["clusteredIndex"] = {"key": {"_id": 1}, "unique": True, **named}
    if options.expire_after:
        found["expireAfterSeconds"] = int(seconds(options.expire_after))
    if options.pre_post_images:
        found["changeStreamPreAndPostImages"] = {"enabled": True}
    return found


def _collation(collation: Collation | None) -> Document:
    return {"collation": collation.model_dump(by_alias=True, exclude_none=True)} if collation else {}


def _index(index: MongoIndex, origin: str) -> CompiledIndex:
    document: Document = {"key": {key.field: key.order or key.type for key in index.keys}, "name": index.name}
    document |= {name: True for name in ("unique", "sparse", "hidden") if getattr(index, name)}
    if index.partial_filter is not None:
        document["partialFilterExpression"] = _real(index.partial_filter, f"{origin}.partialFilter")
    if index.expire_after is not None:
        document["expireAfterSeconds"] = int(seconds(index.expire_after))
    if index.wildcard_projection is not None:
        document["wildcardProjection"] = _real(index.wildcard_projection, f"{origin}.wildcardProjection")
    told = {
        "weights": index.weights,
        "default_language": index.default_language,
        "language_override": index.language_override,
    }
    document |= {name: value for name, value in told.items() if value is not None}
    return CompiledIndex({**document, **_collation(index.collation)}, origin, index.allow_gap)


def _real(value: Any, path: str) -> Any:
    """Extended JSON as the driver takes it: {$oid: …} and {$date: …} become what they say."""
    try:
        return bson(value)
    except (BSONError, TypeError, ValueError) as error:
        raise InvalidSpec(f"{path}: is no extended JSON: {error}; mend the value that it names") from None


_COPIED = (
    ("pattern", "pattern"),
    ("min_length", "minLength"),
    ("max_length", "maxLength"),
    ("minimum", "minimum"),
    ("maximum", "maximum"),
    ("min_items", "minItems"),
    ("max_items", "maxItems"),
    ("unique_items", "uniqueItems"),
    ("description", "description"),
)


def _value(shape: Shape) -> Document:
    schema = {**_type(shape), **_enum(shape)}
    schema |= {word: value for name, word in _COPIED if (value := getattr(shape, name)) is not None}
    if shape.items is not None:
        schema["items"] = _value(shape.items)
    schema |= _object(shape.fields, shape.additional_fields)
    more = shape.json_schema or {}
    if "type" in more:
        schema.pop("bsonType", None)
    return {**schema, **more}


def _type(shape: Shape) -> Document:
    if shape.type == "any":
        return {}
    return {"bsonType": [shape.type, "null"] if shape.nullable and shape.type != "null" else shape.type}


def _enum(shape: Shape) -> Document:
    if shape.enum is None:
        return {}
    null = [None] if shape.nullable and None not in shape.enum else []
    return {"enum": [*shape.enum, *null]}


def _object(fields: Sequence[MongoField], additional: bool | None) -> Document:
    schema: Document = {}
    if required := [field.name for field in fields if field.required]:
        schema["required"] = required
    if fields:
        schema["properties"] = {field.name: _value(field) for field in fields}
    if additional is False:
        schema["additionalProperties"] = False
    return schema


def _problems(collection: Collection) -> Iterable[str]:
    path = f"spec.collections[{collection.name}]"
    if collection.json_schema is not None:
        yield from lint(collection.json_schema, f"{path}.jsonSchema")
    for field in collection.fields:
        yield from _field_problems(field, f"{path}.fields[{field.name}]")


def _field_problems(shape: Shape, path: str) -> Iterator[str]:
    if shape.json_schema is not None:
        yield from lint_part(shape.json_schema, f"{path}.jsonSchema")
    for field in shape.fields:
        yield from _field_problems(field, f"{path}.fields[{field.name}]")
    if shape.items is not None:
        yield from _field_problems(shape.items, f"{path}.items")
