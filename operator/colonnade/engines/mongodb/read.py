"""The raw documents as a State: what is managed, what is not, and which live index is which declared one.

Managed is what is declared, and what a resource that is still there created or adopted before (the ledger says so).
Everything else is told by name and left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from colonnade.core.kind import Model, ObjectId
from colonnade.engines import State
from colonnade.engines.mongodb import normalise
from colonnade.engines.mongodb.census import Census
from colonnade.engines.mongodb.desire import MongoDesired
from colonnade.engines.mongodb.fingerprint import fingerprint
from colonnade.engines.mongodb.kinds import with_family
from colonnade.engines.mongodb.kinds.index import TEMPORARY, Index
from colonnade.engines.mongodb.records import Entry, Ledger


@dataclass(frozen=True)
class MongoState(State):
    """State, and the raw documents that it was made from, under the names that are declared now."""

    census: Census = field(default_factory=lambda: Census({}, {}))


def state(found: Census, desired: MongoDesired, ledger: Ledger) -> MongoState:
    """What is there, seen with what is declared."""
    print_ = fingerprint(found)
    pending = {
        old: new for old, new in desired.renames.items() if old in found.collections and new not in found.collections
    }
    seen = found.renamed(pending)
    live = dict(objects(seen))
    declared = paired(live, desired.model)
    owned = {oid for oid in live if oid not in declared and _is_owned(oid, live[oid], desired, ledger)}
    return MongoState(
        model=with_family(_managed(live, declared, owned)),
        fingerprint=print_,
        unmanaged=tuple(_unmanaged(seen, live, {*declared, *owned}, desired, ledger)),
        first_contact=bool(found.collections) and not ledger,
        census=seen,
    )


def objects(found: Census) -> Iterator[tuple[ObjectId, Any]]:
    """Every object of the database, under the name that it has there."""
    for name, raw in found.collections.items():
        options = raw.get("options", {})
        if raw["type"] == "view":
            yield ObjectId("view", (name,)), normalise.view(options)
            continue
        yield ObjectId("collection", (name,)), normalise.collection(str(raw["name"]), options)
        if (rule := normalise.validator(options)) is not None:
            yield ObjectId("validator", (name,)), rule
        for spec in found.indexes.get(name, ()):
            index = normalise.live_index(spec)
            if index.name != "_id_" and not spec.get("clustered"):
                yield ObjectId("index", (name, index.name)), index


def paired(live: Mapping[ObjectId, Any], declared: Model) -> dict[ObjectId, ObjectId]:
    """Live objects to the declared ones that they are. An index is found by what it is, then by its name."""
    found = {oid: oid for oid in live if oid.kind != "index" and oid in declared.objects}
    wanted = [oid for oid in declared.objects if oid.kind == "index"]
    for same in (_same_and_named, _same, _nearly, _named):
        left = [oid for oid in live if oid.kind == "index" and oid not in found]
        for oid in [oid for oid in wanted if oid not in found.values()]:
            match = next((other for other in left if same(other, live[other], oid, declared.objects[oid])), None)
            if match is not None:
                found[match] = oid
                left.remove(match)
    return found


def _same(live: ObjectId, index: Index, oid: ObjectId, spec: Index) -> bool:
    return live.name[0] == oid.name[0] and index.identity == spec.identity


def _same_and_named(live: ObjectId, index: Index, oid: ObjectId, spec: Index) -> bool:
    return live == oid and index.identity == spec.identity


def _nearly(live: ObjectId, index: Index, oid: ObjectId, spec: Index) -> bool:
    """It only has to be made unique, which is done in place; or it is the collection's text index, of which there is
    one.
    """
    if live.name[0] != oid.name[0]:
        return False
    return (index.content == spec.content and spec.unique) or bool(index.weights and spec.weights)


def _named(live: ObjectId, index: Index, oid: ObjectId, spec: Index) -> bool:
    return live == oid


def _managed(
    live: Mapping[ObjectId, Any], declared: Mapping[ObjectId, ObjectId], owned: Iterable[ObjectId]
) -> dict[ObjectId, Any]:
    """The managed objects by the ids that they are declared under; an index whose name was given to another has a third
    part.
    """
    found = {declared[oid]: spec for oid, spec in live.items() if oid in declared}
    for oid in owned:
        free = oid if oid not in found else ObjectId(oid.kind, (*oid.name, "replaced"))
        found[free] = live[oid]
    return found


def _is_owned(oid: ObjectId, spec: Any, desired: MongoDesired, ledger: Ledger) -> bool:
    if oid.kind == "index" and oid.name[1].startswith(TEMPORARY):
        return True  # a crash left it behind
    entry = entry_of(oid, ledger)
    if desired.whole:
        return entry is None or entry.owner not in desired.errors
    return entry is not None and entry.owner in desired.active


def entry_of(oid: ObjectId, ledger: Ledger) -> Entry | None:
    """The line of the ledger about a live object; an index may go by another name than it was declared with."""
    if oid.kind != "index":
        return ledger.get(oid)
    lines = (line for other, line in ledger.items() if other.kind == "index" and other.name[0] == oid.name[0])
    return next((line for line in lines if oid.name[1] in line.names), None)


def _unmanaged(
    found: Census, live: Mapping[ObjectId, Any], managed: set[ObjectId], desired: MongoDesired, ledger: Ledger
) -> Iterator[str]:
    for oid in live:
        entry = entry_of(oid, ledger)
        if oid not in managed and (entry is None or entry.owner not in desired.errors):
            yield str(oid)
    for name, raw in found.collections.items():
        if ObjectId("collection", (name,)) in managed:
            yield from (f"option {name}.{option}" for option in normalise.unknown_options(raw.get("options", {})))
            for spec in found.indexes.get(name, ()):
                index = str(spec.get("spec", spec)["name"])
                yield from (f"option {name}.{index}.{option}" for option in normalise.unknown_index_options(spec))
