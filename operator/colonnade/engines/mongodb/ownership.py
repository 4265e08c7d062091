"""Who owns what: the lines of the ledger before a plan runs, and after the database was read again."""

from __future__ import annotations

from collections.abc import Mapping

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Plan
from colonnade.engines.mongodb.desire import MongoDesired
from colonnade.engines.mongodb.kinds.index import Index
from colonnade.engines.mongodb.read import MongoState, entry_of
from colonnade.engines.mongodb.records import Entry, Ledger, Records
from colonnade.engines.mongodb.statement import document

NOBODY = Entry("")


def intend(records: Records, desired: MongoDesired, plan: Plan) -> None:
    """What is about to be made is ours already: after a crash in the middle it is recognised, under each name it may
    have by then.
    """
    touched = _touched(plan)
    old = records.ledger
    records.enter({
        oid: Entry(owner, old.get(oid, NOBODY).names | touched.get(str(oid), frozenset()))
        for oid, owner in desired.owners.items() if owner in desired.going
    })  # fmt: skip


def _touched(plan: Plan) -> Mapping[str, frozenset[str]]:
    """The names of indexes that the steps of a plan make, modify or drop, by the object that they do it for."""
    found: dict[str, set[str]] = {}
    for step in plan.steps:
        command = document(step.statement)
        names = [spec["name"] for spec in command.get("indexes", ())]
        names += [command["index"]] if "dropIndexes" in command else []
        names += [command["index"]["name"]] if "collMod" in command and "index" in command else []
        found.setdefault(step.subject, set()).update(names)
    return {subject: frozenset(names) for subject, names in found.items()}


def settle(records: Records, desired: MongoDesired, state: MongoState) -> None:
    """After a reading: who owns what is there, and nothing about what is gone."""
    old = records.ledger
    live = _live(state)
    entries = {
        oid: Entry(owner, _names(oid, state, live, old))
        for oid, owner in desired.owners.items()
        if owner in desired.going
    }
    entries |= {
        oid: line for oid in state.model.objects if oid not in entries and (line := entry_of(_there(oid, state), old))
    }
    entries |= {
        oid: Entry(line.owner, line.names, desired.contested[oid] - {line.owner})
        for oid, line in old.items()
        if oid in desired.contested
    }
    gone = [oid for oid, line in old.items() if oid not in entries and line.owner in desired.going]
    records.enter(entries, gone=gone)


def _live(state: MongoState) -> Mapping[str, frozenset[str]]:
    return {
        name: frozenset(str(s.get("spec", s)["name"]) for s in specs) for name, specs in state.census.indexes.items()
    }


def _there(oid: ObjectId, state: MongoState) -> ObjectId:
    """The object under the name that it has on the server."""
    spec = state.model.objects[oid]
    return ObjectId(oid.kind, (oid.name[0], spec.name)) if isinstance(spec, Index) else oid


def _names(oid: ObjectId, state: MongoState, live: Mapping[str, frozenset[str]], old: Ledger) -> frozenset[str]:
    if oid.kind != "index":
        return frozenset()
    spec = state.model.objects.get(oid)
    there = old.get(oid, NOBODY).names & live.get(oid.name[0], frozenset())
    return there | ({spec.name} if spec is not None else frozenset())


def owner_of(oid: ObjectId, state: MongoState, desired: MongoDesired, ledger: Ledger) -> str:
    """Who declares an object, or owned it as long as it was declared."""
    if (owner := desired.owners.get(oid)) is not None:
        return owner
    line = entry_of(_there(oid, state), ledger) if oid in state.model.objects else None
    return line.owner if line is not None else ""
