"""From the documents of one Datastore to declarations: each resource by itself, so that a bad one stops nobody else.

A resource that cannot be used, or is paused, is left out; what it owns in the database then stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.cluster.api import Document
from colonnade.cluster.objects import PAUSED, Id, deleting, id_of, says
from colonnade.cluster.policy import strictest, window_sets
from colonnade.cluster.store import View
from colonnade.cluster.target import values
from colonnade.core.errors import ColonnadeError, InvalidSpec, WaitingForDependency
from colonnade.core.gate import Policy
from colonnade.core.status import Standing, failed
from colonnade.engines import Declaration, Source
from colonnade.resources import Datastore, DatastorePolicy, MongoSchema, PostgresSchema, load, unknown_fields
from colonnade.resources.policy import Window
from colonnade.resources.postgres_schema import SqlFrom

Find = Callable[[Id], Document | None]
Schema = PostgresSchema | MongoSchema
ENGINE_OF = {"PostgresSchema": "Postgres", "MongoSchema": "MongoDB"}


@dataclass(frozen=True)
class Entry:
    """One schema resource: what it declares, or how it stands because it is left out."""

    doc: Document
    declaration: Declaration | None = None
    wish: DatastorePolicy | None = None
    out: Standing | None = None
    warnings: tuple[str, ...] = ()

    @property
    def owner(self) -> str:
        """What the engines call it."""
        return str(id_of(self.doc))


def read_datastore(doc: Mapping[str, Any]) -> Datastore:
    """The Datastore in this document. Raises InvalidSpec."""
    found = load(doc, strict=False)
    if not isinstance(found, Datastore):
        raise InvalidSpec(f"{doc['kind']} is no Datastore")
    return found


def read_schemas(view: View, datastore: Datastore, find: Find) -> list[Entry]:
    """Every schema resource that is not being deleted."""
    return [_entry(doc, datastore, find) for doc in view.schemas if not deleting(doc)]


def _entry(doc: Document, datastore: Datastore, find: Find) -> Entry:
    if says(doc, PAUSED):
        return Entry(doc, out=Standing("Paused", "paused by the annotation colonnade.dev/paused; remove it to go on"))
    try:
        schema = read_schema(doc, datastore)
        datastore.spec.policy.narrowed(schema.spec.policy)
        declaration = Declaration(str(id_of(doc)), schema.spec, _sources(schema, find))
    except ColonnadeError as error:
        return Entry(doc, out=failed(error))
    return Entry(doc, declaration, schema.spec.policy, warnings=unknown_fields(doc))


def read_schema(doc: Mapping[str, Any], datastore: Datastore) -> Schema:
    """The schema resource in this document. Raises InvalidSpec."""
    schema = load(doc, strict=False)
    if not isinstance(schema, PostgresSchema | MongoSchema) or ENGINE_OF[schema.kind] != datastore.spec.engine:
        raise InvalidSpec(
            f"a {doc['kind']} needs a Datastore whose engine is {ENGINE_OF.get(doc['kind'], 'another')}, and that of "
            f"{datastore.metadata.name} is {datastore.spec.engine}; refer to another Datastore"
        )
    return schema


BINARY = "is binary data, and SQL is text; write it in UTF-8, under data"
"""What is wrong with a key under binaryData, where kubectl puts a file that is not in UTF-8."""


def _sources(schema: Schema, find: Find) -> tuple[Source, ...]:
    if isinstance(schema, MongoSchema):
        return ()
    own = (Source("spec.sql", schema.spec.sql),) if schema.spec.sql else ()
    return own + tuple(_source(schema.metadata.namespace or "", entry, find) for entry in schema.spec.sql_from)


def _source(namespace: str, entry: SqlFrom, find: Find) -> Source:
    """The text of one key. Raises WaitingForDependency where the object or the key is not there."""
    ref = entry.config_map_key_ref or entry.secret_key_ref
    assert ref is not None
    kind = "ConfigMap" if entry.config_map_key_ref else "Secret"
    if (doc := find(Id(kind, namespace, ref.name))) is None:
        raise WaitingForDependency(f"sqlFrom: {kind} {ref.name} is not there; create it in this namespace")
    found = doc.get("data") or {} if kind == "ConfigMap" else _texts(doc)
    if ref.key in (doc.get("binaryData") or {}):
        raise WaitingForDependency(f"sqlFrom: {kind} {ref.name}, key {ref.key!r} {BINARY}")
    if ref.key not in found:
        held = ", ".join(sorted(found)) or "none"
        raise WaitingForDependency(
            f"sqlFrom: {kind} {ref.name} has no key {ref.key!r}; it has {held}. Add it, or name another"
        )
    return Source(f"{kind} {ref.name}, key {ref.key}", found[ref.key])


def _texts(secret: Mapping[str, Any]) -> dict[str, str]:
    return {key: value.decode(errors="replace") for key, value in values(secret).items()}


def policy_for(datastore: Datastore, entries: Iterable[Entry]) -> tuple[Policy, tuple[tuple[Window, ...], ...]]:
    """The policy that the plan of these resources is under, and the sets of windows that must be open for it."""
    base = datastore.spec.policy
    wishes = [entry.wish for entry in entries if entry.declaration and entry.wish]
    policy = strictest(base.values(), [base.narrowed(wish).values() for wish in wishes])
    return policy, tuple(tuple(windows) for windows in window_sets(base, wishes))
