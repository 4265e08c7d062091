"""Documents that have to change with their schema: fields that go on under another name, values for documents that were
there before.

Each is an update that runs in batches by _id, and finds by its own query what is left to do: it can be broken off and
begun again at any time. Where the query does not tell (a backfill with a filter of its own), Colonnade's own state
remembers that it was done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.engines.mongodb.statement import bson, text
from colonnade.resources.mongo_schema import FieldBackfill, MongoRename, MongoSchemaSpec

ONCE = "once"
"""The comment of an update whose query does not tell what is done."""


@dataclass(frozen=True)
class Task:
    """One change of a collection's documents: of the field, and of all `fields`.

    `both` finds documents that cannot be changed; `once` says that the query does not tell what is done.
    """

    collection: str
    field: str
    query: Mapping[str, Any]
    update: Any
    fields: frozenset[str]
    both: Mapping[str, Any] | None = None
    once: bool = False

    @property
    def command(self) -> dict[str, Any]:
        """The update as one command; it runs in batches."""
        told = {"comment": ONCE} if self.once else {}
        return {"update": self.collection, "updates": [{"q": self.query, "u": self.update, "multi": True}], **told}

    @property
    def key(self) -> str:
        return done_key(self.command)


def done_key(command: Mapping[str, Any]) -> str:
    """Under which name it is remembered how far an update is."""
    return f"update {hashlib.sha256(text(command).encode()).hexdigest()[:32]}"


def tasks(spec: MongoSchemaSpec) -> tuple[Task, ...]:
    """The tasks of a declaration, renames first."""
    renames = [_rename(rename) for rename in spec.renames if rename.kind == "Field"]
    return (*renames, *map(_backfill, spec.backfills))


def _rename(rename: MongoRename) -> Task:
    old, new = rename.from_, rename.to
    query = {old: {"$exists": True}, new: {"$exists": False}}
    both = {old: {"$exists": True}, new: {"$exists": True}}
    return Task(str(rename.collection), new, query, {"$rename": {old: new}}, frozenset({old, new}), both)


def _backfill(fill: FieldBackfill) -> Task:
    """A value is set as it is; an expression is computed from each document."""
    given = {"$literal": bson(fill.value)} if "value" in fill.model_fields_set else bson(fill.expression)
    query = bson(fill.filter) if fill.filter is not None else {fill.field: {"$exists": False}}
    update = [{"$set": {fill.field: given}}]
    return Task(fill.collection, fill.field, query, update, frozenset({fill.field}), once=fill.filter is not None)
