"""What the watch has seen, by Datastore, and who refers to which Secret or ConfigMap. Lives in one event loop."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.cluster.api import Document
from colonnade.cluster.objects import (
    DATASTORE,
    OWN,
    PLAN,
    SCHEMAS,
    Id,
    Key,
    id_of,
    key_of,
    lean,
    metadata,
    signature,
    version,
)
from colonnade.cluster.schedule import Priority

Wake = Callable[[Key, Priority], None]


@dataclass(frozen=True)
class View:
    """One Datastore and everything that belongs to it, as last seen."""

    key: Key
    datastore: Document | None
    schemas: tuple[Document, ...]
    plans: tuple[Document, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing is left of it."""
        return self.datastore is None and not self.schemas


class Store:
    """The newest version of every object of ours, and of what they refer to; wakes the Datastore that a change concerns.

    `gone` are deleted resources of which the database was not told yet, even where there is another of the name by now.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._objects: dict[Id, Document] = {}
        self._members: dict[Key, set[Id]] = defaultdict(set)
        self._wanted: dict[Id, frozenset[Id]] = {}
        self._wanting: dict[Id, set[Id]] = defaultdict(set)
        self.gone: dict[Key, set[str]] = defaultdict(set)

    def see(self, change: str | None, doc: Document) -> None:
        """Take in an event of the watch: ADDED, MODIFIED, DELETED, or None for what a listing found."""
        if change == "DELETED":
            self.drop(id_of(doc))
        elif doc["kind"] in OWN:
            self.put(doc)
        else:
            self._put_referenced(doc)

    def put(self, doc: Document, *, ours: bool = False) -> bool:
        """Keep this version of an object of ours, unless a newer one is known. Whether it was news.

        What we wrote ourselves wakes nobody.
        """
        oid = id_of(doc)
        old = self._objects.get(oid)
        if old is not None and version(doc) <= version(old):
            return False
        self._objects[oid] = lean(doc)
        if old is None or signature(old) != signature(doc):
            self._settle(oid, old, doc)
            if not ours and not (old is None and untold(doc)):
                self.wake(key_of(doc))
        return True

    def wake(self, key: Key) -> None:
        """Have a look at this Datastore."""
        self._wake(key, Priority.CHANGE)

    def _settle(self, oid: Id, old: Document | None, doc: Document) -> None:
        """Note where the object belongs and what it refers to."""
        key = key_of(doc)
        if old is not None and key_of(old) != key:
            self._leave(oid, key_of(old))
        self._members[key].add(oid)
        self._refer(oid, frozenset(references(doc)))

    def _put_referenced(self, doc: Document) -> None:
        oid = id_of(doc)
        if not self._wanting.get(oid):
            return
        old = self._objects.get(oid)
        if old is not None and (version(doc) <= version(old) or content(old) == content(doc)):
            return
        self._objects[oid] = lean(doc)
        self._wake_readers(oid)

    def keep(self, doc: Document) -> None:
        """Keep a Secret or ConfigMap that was fetched because it is referred to; nobody need be told."""
        self._objects[id_of(doc)] = lean(doc)

    def drop(self, oid: Id) -> None:
        """The object is gone."""
        old = self._objects.pop(oid, None)
        if oid.kind not in OWN:
            self._wake_readers(oid)
        elif old is not None:
            key = key_of(old)
            self._leave(oid, key)
            if oid.kind in SCHEMAS:
                self.gone[key].add(str(oid))
            self._wake(key, Priority.RESYNC if oid.kind == PLAN else Priority.CHANGE)

    def _leave(self, oid: Id, key: Key) -> None:
        self._members[key].discard(oid)
        self._refer(oid, frozenset())

    def _refer(self, oid: Id, wanted: frozenset[Id]) -> None:
        before = self._wanted.pop(oid, frozenset())
        for one in before - wanted:
            self._wanting[one].discard(oid)
            if not self._wanting[one]:
                del self._wanting[one]
                self._objects.pop(one, None)
        for one in wanted:
            self._wanting[one].add(oid)
        if wanted:
            self._wanted[oid] = wanted

    def _wake_readers(self, oid: Id) -> None:
        for reader in self._wanting.get(oid, ()):
            self._wake(key_of(self._objects[reader]), Priority.CHANGE)

    def find(self, oid: Id) -> Document | None:
        return self._objects.get(oid)

    def view(self, key: Key) -> View:
        """The Datastore and what belongs to it, each sort by name."""
        members = [(oid, self._objects[oid]) for oid in sorted(self._members.get(key, ()))]
        return View(
            key,
            self._objects.get(Id(DATASTORE, *key)),
            tuple(doc for oid, doc in members if oid.kind in SCHEMAS),
            tuple(doc for oid, doc in members if oid.kind == PLAN),
        )

    def forget(self, key: Key) -> None:
        """Nothing of this Datastore is left."""
        if not self._members.get(key):
            self._members.pop(key, None)
            self.gone.pop(key, None)

    def datastores(self) -> list[Key]:
        """Every Datastore that exists or is referred to."""
        return [key for key, members in self._members.items() if members]

    def of_kind(self, kind: str) -> Iterator[Document]:
        return (doc for oid, doc in list(self._objects.items()) if oid.kind == kind)


def untold(doc: Mapping[str, Any]) -> bool:
    """Whether it is a plan on which nobody has said a word: it is ours, and the watch may be quicker than the answer to its making."""
    return doc["kind"] == PLAN and not doc["spec"].get("approval")


def content(doc: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a reader of a Secret or ConfigMap gets from it."""
    return doc.get("data"), doc.get("binaryData"), doc.get("type"), metadata(doc).get("labels")


def references(doc: Mapping[str, Any]) -> Iterable[Id]:
    """The Secrets and ConfigMaps that the object refers to. It may be of an older version, or not valid at all."""
    namespace = metadata(doc)["namespace"]
    for kind, name in _named(doc.get("spec")):
        yield Id(kind, namespace, name)


_REFERENCES = {
    "secretRef": "Secret", "caSecretRef": "Secret", "certificateSecretRef": "Secret", "secretKeyRef": "Secret",
    "configMapKeyRef": "ConfigMap",
}  # fmt: skip
_PLACES = ("connection", "tls", "shadow", "sqlFrom")


def _named(part: Any) -> Iterator[tuple[str, str]]:
    """References are fields of these names, in these places; what a collection's field may be called does not count."""
    if isinstance(part, list):
        for item in part:
            yield from _named(item)
    elif isinstance(part, dict):
        for field, value in part.items():
            if field in _REFERENCES and isinstance(value, dict) and isinstance(value.get("name"), str):
                yield _REFERENCES[field], value["name"]
            elif field in _PLACES:
                yield from _named(value)
