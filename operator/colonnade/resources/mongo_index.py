"""An index of a MongoDB collection (https://www.mongodb.com/docs/manual/reference/command/createIndexes/)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from colonnade.resources.common import Duration, Frozen, Rule, WithoutNul, seconds
from colonnade.resources.mongo_field import JsonObject

FieldPath = Annotated[str, Field(min_length=1, max_length=512), WithoutNul]


class Collation(Frozen):
    """How strings are compared."""

    locale: Annotated[str, Field(max_length=64, pattern=r"^[A-Za-z0-9_@=-]+$")]
    """ICU locale, such as en, de or simple (byte by byte)."""
    strength: Annotated[int, Field(ge=1, le=5)] | None = None
    """What counts: 1 letters, 2 accents too, 3 case too. By default 3."""
    case_level: bool | None = None
    """Whether case counts at strength 1 or 2. By default false."""
    case_first: Literal["upper", "lower", "off"] | None = None
    """Which case comes first. By default "off" (in quotes: YAML takes a bare off for false)."""
    numeric_ordering: bool | None = None
    """Whether 10 comes after 2. By default false."""
    alternate: Literal["non-ignorable", "shifted"] | None = None
    """Whether blanks and punctuation count (non-ignorable). By default they do."""
    max_variable: Literal["punct", "space"] | None = None
    """What does not count when alternate is shifted. By default punct."""
    backwards: bool | None = None
    """Whether accents are compared from the end, as in some French. By default false."""
    normalization: bool | None = None
    """Whether strings are normalised first. By default false."""


class IndexKey(Frozen):
    """One part of an index."""

    rules = (
        Rule(
            "a key of an index either rises or falls (order: 1 or -1), or is of a type (text, 2dsphere, 2d, hashed): give one",
            cel="has(self.order) != has(self.type)",
            check=lambda self: (self.order is None) != (self.type is None),
        ),
    )

    field: FieldPath
    """Path of the field, with dots; $** for all fields."""
    order: Literal[1, -1] | None = None
    """1 rising, -1 falling. Either this or type."""
    type: Literal["text", "2dsphere", "2d", "hashed"] | None = None
    """Sort of key: text, 2dsphere, 2d or hashed. Either this or order."""


def _has_type(self: MongoIndex, kind: str) -> bool:
    return any(key.type == kind for key in self.keys)


def _full_seconds(text: str) -> bool:
    age = seconds(text)
    return age == int(age) and age <= 2147483647


class MongoIndex(Frozen):
    """One index; found in the database by what it is, so that another name there is adopted and not built again."""

    rules = (
        Rule(
            "expireAfter needs an index over one field with an order: MongoDB expires by one date; give it an index of its own",
            cel="!has(self.expireAfter) || (size(self.keys) == 1 && has(self.keys[0].order))",
            check=lambda self: self.expire_after is None or (len(self.keys) == 1 and self.keys[0].order is not None),
            at=".expireAfter",
        ),
        Rule(
            "MongoDB expires by full seconds, up to 2147483647 of them: round expireAfter",
            check=lambda self: self.expire_after is None or _full_seconds(self.expire_after),
        ),
        Rule(
            "MongoDB takes partialFilter or sparse, not both: write sparse as {field: {$exists: true}} in partialFilter",
            cel="!has(self.partialFilter) || !has(self.sparse) || !self.sparse",
            check=lambda self: self.partial_filter is None or not self.sparse,
            at=".partialFilter",
        ),
        Rule(
            "weights, defaultLanguage and languageOverride are for text indexes: give a key type: text, or take them out",
            cel=(
                "!(has(self.weights) || has(self.defaultLanguage) || has(self.languageOverride)) "
                "|| self.keys.exists(k, has(k.type) && k.type == 'text')"
            ),
            check=lambda self: (
                _has_type(self, "text") or not (self.weights or self.default_language or self.language_override)
            ),
        ),
        Rule(
            "wildcardProjection is for an index over all fields: give the key field: $**, or take it out",
            cel="!has(self.wildcardProjection) || self.keys.exists(k, k.field == '$**')",
            check=lambda self: self.wildcard_projection is None or any(key.field == "$**" for key in self.keys),
            at=".wildcardProjection",
        ),
        Rule(
            "an index names each field once: take the repeated key out",
            check=lambda self: len({key.field for key in self.keys}) == len(self.keys),
            at=".keys",
        ),
        Rule(
            "the index _id_ is MongoDB's own and always there: take it out",
            cel="self.name != '_id_'",
            check=lambda self: self.name != "_id_",
            at=".name",
        ),
    )

    name: Annotated[str, Field(min_length=1, max_length=127), WithoutNul]
    """Name."""
    keys: Annotated[tuple[IndexKey, ...], Field(min_length=1, max_length=32)]
    """Fields, in their order."""
    unique: bool = False
    """Whether no two documents may share the indexed values."""
    sparse: bool = False
    """Whether documents without the fields are left out."""
    partial_filter: JsonObject | None = None
    """Query that chooses the documents to index, in extended JSON: {status: {$in: [pending, processing]}}. By default all."""
    expire_after: Duration | None = None
    """Age of the indexed date at which MongoDB deletes the document, with a unit, full seconds. By default never."""
    weights: Annotated[dict[str, Annotated[int, Field(ge=1, le=99999)]], Field(max_length=32)] | None = None
    """What a hit in a field of a text index counts, 1 to 99999. By default 1 each."""
    default_language: Annotated[str, Field(max_length=64)] | None = None
    """Language of a text index. By default english."""
    language_override: FieldPath | None = None
    """Field that names a document's own language. By default language."""
    collation: Collation | None = None
    """How strings are compared. By default as the collection says."""
    hidden: bool = False
    """Whether queries are kept from using it, while it is still maintained."""
    wildcard_projection: JsonObject | None = None
    """Fields in (1) or out (0) of an index over $**. By default all."""
    allow_gap: bool = False
    """Whether it may be missing for a moment where MongoDB cannot build its successor beside it (text indexes, for one)."""
