"""`MongoSchema`: collections with their validators, options and indexes, and views of a MongoDB database."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from colonnade.resources.common import (
    DatastoreRef,
    DeletionPolicy,
    Duration,
    Frozen,
    ListMap,
    Names,
    Resource,
    Rule,
    WithoutNul,
)
from colonnade.resources.mongo_field import FieldName, JsonObject, MongoField
from colonnade.resources.mongo_index import Collation, FieldPath, MongoIndex
from colonnade.resources.policy import DatastorePolicy
from colonnade.resources.schema_status import SCHEMA_COLUMNS, SchemaStatus

CollectionName = Annotated[str, Field(min_length=1, max_length=235, pattern=r"^[^$]+$"), WithoutNul]
Pipeline = Annotated[tuple[JsonObject, ...], Field(max_length=100)]

_OWN = Rule(
    "names that begin with system. or colonnade belong to MongoDB and to Colonnade: choose another",
    cel="!self.name.startsWith('system.') && !self.name.startsWith('colonnade')",
    check=lambda self: not self.name.startswith(("system.", "colonnade")),
    at=".name",
)


class Validation(Frozen):
    """How strictly documents are held to what is declared."""

    level: Literal["Strict", "Moderate", "Disabled"] = "Strict"
    """Strict: every write. Moderate: not updates of documents that break the rules already. Disabled: none."""
    action: Literal["Error", "Warn"] = "Error"
    """Whether a document that breaks the rules is refused, or only logged by the server."""
    rollout: Literal["Ladder", "Direct"] = "Ladder"
    """Ladder: the strictness rises as the documents allow, so that no write of old documents breaks. Direct: at once."""
    query: JsonObject | None = None
    """A query that documents must match besides, in extended JSON: {$expr: {$lte: [$low, $high]}}. By default none."""


class Capped(Frozen):
    """A collection of fixed size, which forgets its oldest documents."""

    size: Annotated[int, Field(ge=1, le=1125899906842624)]
    """Size in bytes; MongoDB rounds it up to a multiple of 256."""
    max: Annotated[int, Field(ge=1, le=2147483647)] | None = None
    """Most documents. By default as many as fit."""


class Timeseries(Frozen):
    """A collection of measurements over time."""

    time_field: FieldName
    """Field with the date of each measurement."""
    meta_field: FieldName | None = None
    """Field that tells the series apart. By default none."""
    granularity: Literal["Seconds", "Minutes", "Hours"] | None = None
    """Distance between measurements of one series. By default Seconds."""


class Clustered(Frozen):
    """A collection kept in the order of its _id."""

    name: Annotated[str, Field(min_length=1, max_length=127), WithoutNul] | None = None
    """Name of the clustered index. By default MongoDB's choice."""


class CollectionOptions(Frozen):
    """What is fixed when a collection is created; MongoDB changes little of it later."""

    rules = (
        Rule(
            "a collection is at most one of capped, timeseries and clustered: keep the one that is meant",
            cel="(has(self.capped) ? 1 : 0) + (has(self.timeseries) ? 1 : 0) + (has(self.clustered) ? 1 : 0) <= 1",
            check=lambda self: [self.capped, self.timeseries, self.clustered].count(None) >= 2,
        ),
        Rule(
            "options.expireAfter is for timeseries and clustered collections: use an index with expireAfter here",
            cel="!has(self.expireAfter) || has(self.timeseries) || has(self.clustered)",
            check=lambda self: self.expire_after is None or self.timeseries or self.clustered,
            at=".expireAfter",
        ),
        Rule(
            "a timeseries collection keeps no pre- and post-images: take prePostImages out",
            cel="!has(self.timeseries) || !has(self.prePostImages) || !self.prePostImages",
            check=lambda self: self.timeseries is None or not self.pre_post_images,
            at=".prePostImages",
        ),
    )

    collation: Collation | None = None
    """How strings are compared, unless an index or query says otherwise. By default byte by byte."""
    capped: Capped | None = None
    """Fixed size. By default not."""
    timeseries: Timeseries | None = None
    """Measurements over time. By default not."""
    clustered: Clustered | None = None
    """Kept in the order of _id; write {} for the defaults. By default not."""
    expire_after: Duration | None = None
    """Age at which documents of a timeseries or clustered collection are deleted, with a unit. By default never."""
    pre_post_images: bool = False
    """Whether change streams can show documents as they were before and after a change."""


class Collection(Frozen):
    """One collection."""

    rules = (
        _OWN,
        Rule(
            "a collection's documents are declared by fields or by jsonSchema: keep one of them",
            cel="!has(self.jsonSchema) || !(has(self.fields) || has(self.additionalFields))",
            check=lambda self: self.json_schema is None or (not self.fields and self.additional_fields is None),
            at=".jsonSchema",
        ),
        Rule(
            "MongoDB validates no timeseries collection: take fields, jsonSchema and validation out",
            cel=(
                "!has(self.options) || !has(self.options.timeseries) "
                "|| !(has(self.fields) || has(self.jsonSchema) || has(self.validation))"
            ),
            check=lambda self: not self.options.timeseries or not (self.fields or self.json_schema or self.validation),
        ),
    )

    name: CollectionName
    """Name."""
    fields: Annotated[tuple[MongoField, ...], ListMap(500)] = ()
    """Fields of its documents, compiled to $jsonSchema. By default documents may be anything."""
    additional_fields: bool | None = None
    """Whether documents may have fields that are not declared (_id always may). By default true."""
    json_schema: JsonObject | None = None
    """The $jsonSchema itself, in extended JSON, in place of fields."""
    validation: Validation | None = None
    """How strictly documents are held to it. By default Strict and Error, by the ladder."""
    options: CollectionOptions = Field(default_factory=CollectionOptions)
    """What is fixed when the collection is created."""
    indexes: Annotated[tuple[MongoIndex, ...], ListMap(63)] = ()
    """Indexes besides that of _id."""


class View(Frozen):
    """One view: an aggregation under a name. Its source is not called `on`, which YAML takes for true."""

    rules = (
        _OWN,
        Rule(
            "a view cannot look at itself: name another collection or view as viewOn",
            cel="self.viewOn != self.name",
            check=lambda self: self.view_on != self.name,
            at=".viewOn",
        ),
    )

    name: CollectionName
    """Name."""
    view_on: CollectionName
    """Collection or view that it looks at."""
    pipeline: Pipeline = ()
    """Stages of the aggregation, in extended JSON."""
    collation: Collation | None = None
    """How strings are compared. By default byte by byte."""


class MongoRename(Frozen):
    """A collection or field that goes on under another name, with everything in it."""

    rules = (
        Rule(
            "renaming a Field needs its collection, and a Collection has none: give collection, or take it out",
            cel="has(self.collection) == (self.kind == 'Field')",
            check=lambda self: (self.collection is not None) == (self.kind == "Field"),
            at=".collection",
        ),
        Rule(
            "from and to are the same name: give the new name as to",
            cel="self.from != self.to",
            check=lambda self: self.from_ != self.to,
            at=".to",
        ),
    )

    kind: Literal["Collection", "Field"]
    """What is renamed."""
    collection: CollectionName | None = None
    """Collection that a Field belongs to, by the name it is declared with now."""
    from_: FieldPath
    """The name it had. Once no database has it any more the entry may go."""
    to: FieldPath
    """The name it is declared with now."""


class FieldBackfill(Frozen):
    """Values for documents that were there before a field."""

    rules = (
        Rule(
            "a backfill is either a value or an expression over the document: give exactly one of them",
            check=lambda self: ("value" in self.model_fields_set) != ("expression" in self.model_fields_set),
        ),
    )

    collection: CollectionName
    """Collection."""
    field: FieldPath
    """Field that is filled."""
    value: Any = None
    """The value itself, in extended JSON. Either this or expression."""
    expression: Any = None
    """Aggregation expression over the document, such as {$toLower: $email}. Either this or value."""
    filter: JsonObject | None = None
    """Query that chooses the documents. By default those without the field."""


class MongoSchemaSpec(Frozen):
    """What a MongoDB database is declared to hold."""

    rules = (
        Rule(
            "a view and a collection are declared under one name: rename one of them",
            check=lambda self: not {v.name for v in self.views} & {c.name for c in self.collections},
        ),
    )

    datastore_ref: DatastoreRef
    """The Datastore whose database this is about."""
    collections: Annotated[tuple[Collection, ...], ListMap(500)] = ()
    """Collections."""
    views: Annotated[tuple[View, ...], ListMap(500)] = ()
    """Views."""
    renames: Annotated[tuple[MongoRename, ...], Field(max_length=500)] = ()
    """Collections and fields that go on under another name."""
    backfills: Annotated[tuple[FieldBackfill, ...], ListMap(500, ("collection", "field"))] = ()
    """Values for documents that were there before a field."""
    deletion_policy: DeletionPolicy = "Retain"
    """What happens in the database when this resource is deleted: everything stays, goes to quarantine, or is dropped."""
    policy: DatastorePolicy | None = None
    """Stricter rules than the Datastore's for what is declared here. By default the Datastore's."""


class MongoSchema(Resource):
    """What a MongoDB database is declared to hold: collections, validators, options, indexes and views."""

    names: ClassVar[Names] = Names(plural="mongoschemas", short="mgs", columns=SCHEMA_COLUMNS)

    kind: Literal["MongoSchema"] = "MongoSchema"
    spec: MongoSchemaSpec
    """What the database is declared to hold."""
    status: SchemaStatus = Field(default_factory=SchemaStatus)
    """How far the database is what is declared; written by the operator."""
