"""The fields of documents in the friendly form, which is compiled to `$jsonSchema`.

A field may hold fields, and those again: the model is recursive. A CRD cannot be, so the generator writes out a few levels
and leaves deeper ones to the operator's own check (`crd.DEPTH`).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from colonnade.resources.common import Frozen, ListMap, Rule, WithoutNul

BsonType = Literal[
    "string",
    "int",
    "long",
    "double",
    "decimal",
    "number",
    "bool",
    "date",
    "objectId",
    "object",
    "array",
    "binData",
    "timestamp",
    "regex",
    "null",
    "any",
]
JsonObject = Annotated[dict[str, Any], Field(max_length=512)]
MongoName = Annotated[str, Field(min_length=1, max_length=255), WithoutNul]
Description = Annotated[str, Field(max_length=4096)]
FieldName = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^$.][^.]*$"), WithoutNul]
Bound = Annotated[int, Field(ge=0, le=2147483647)]

_STRING_ONLY = ("pattern", "min_length", "max_length")
_ARRAY_ONLY = ("items", "min_items", "max_items", "unique_items")
_OBJECT_ONLY = ("fields", "additional_fields")
_NUMBER_ONLY = ("minimum", "maximum")
_NUMBERS = ("int", "long", "double", "decimal", "number")


def _only(names: tuple[str, ...], types: tuple[str, ...]) -> Any:
    return lambda self: self.type in types or all(getattr(self, name) in (None, ()) for name in names)


class Shape(Frozen):
    """What a value may be: that of a field, or of the items of an array."""

    rules = (
        Rule(
            "only an object has fields and additionalFields: set type: object, or take them out",
            cel="self.type == 'object' || !(has(self.fields) || has(self.additionalFields))",
            check=_only(_OBJECT_ONLY, ("object",)),
        ),
        Rule(
            "only an array has items, minItems, maxItems and uniqueItems: set type: array, or take them out",
            cel="self.type == 'array' || !(has(self.items) || has(self.minItems) || has(self.maxItems) || has(self.uniqueItems))",
            check=_only(_ARRAY_ONLY, ("array",)),
        ),
        Rule(
            "only a string has pattern, minLength and maxLength: set type: string, or take them out",
            cel="self.type == 'string' || !(has(self.pattern) || has(self.minLength) || has(self.maxLength))",
            check=_only(_STRING_ONLY, ("string",)),
        ),
        Rule(
            "only a number has minimum and maximum: set type to int, long, double, decimal or number, or take them out",
            cel="self.type in ['int', 'long', 'double', 'decimal', 'number'] || !(has(self.minimum) || has(self.maximum))",
            check=_only(_NUMBER_ONLY, _NUMBERS),
        ),
        Rule(
            "jsonSchema says it all in its own words: take fields and items out, or say it with them alone",
            cel="!has(self.jsonSchema) || !(has(self.fields) || has(self.items))",
            check=lambda self: self.json_schema is None or (not self.fields and self.items is None),
            at=".jsonSchema",
        ),
    )

    type: BsonType
    """BSON type: string, int (32 bits), long (64), double, decimal, number (any of these four), bool, date, objectId, object,
    array, binData, timestamp, regex, null or any."""
    nullable: bool = False
    """Whether null is a value too."""
    enum: Annotated[tuple[Any, ...], Field(min_length=1, max_length=1000)] | None = None
    """The values it may have. By default all of its type."""
    pattern: Annotated[str, Field(max_length=2048)] | None = None
    """Regular expression (PCRE) that a string must match somewhere. By default none."""
    min_length: Bound | None = None
    """Shortest string, in characters. By default 0."""
    max_length: Bound | None = None
    """Longest string, in characters. By default without limit."""
    minimum: float | None = None
    """Smallest number. By default without limit."""
    maximum: float | None = None
    """Largest number. By default without limit."""
    min_items: Bound | None = None
    """Fewest items of an array. By default 0."""
    max_items: Bound | None = None
    """Most items of an array. By default without limit."""
    unique_items: bool | None = None
    """Whether no two items of an array are equal. By default false."""
    items: Shape | None = None
    """What each item of an array is. By default anything."""
    fields: Annotated[tuple[MongoField, ...], ListMap(200)] = ()
    """Fields of an object."""
    additional_fields: bool | None = None
    """Whether an object may have fields that are not declared. By default true."""
    json_schema: JsonObject | None = None
    """More of $jsonSchema for this value, taken as it is, in extended JSON. By default none."""
    description: Description | None = None
    """What it means; MongoDB tells it to who breaks the rule. By default none."""


class MongoField(Shape):
    """One field of a document."""

    name: FieldName
    """Name, without dots: nested fields are declared under fields."""
    required: bool = False
    """Whether every document must have it."""
    references: MongoName | None = None
    """Collection whose _id it holds, for people and tools; MongoDB does not check it. By default none."""
