"""Collections and their options. https://www.mongodb.com/docs/manual/reference/command/create/ and …/collMod/

`create` and `collMod` take the collection exclusively, for a moment; behind a transaction they wait, and writers behind
them. A new collection is made with its validator in one command. What is dropped goes to quarantine by a rename, which
keeps documents and indexes; it is dropped for good when its time is over.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from colonnade.core.errors import Unsupported
from colonnade.core.hazards import BREAKS_CLIENTS, DELETES_DATA, EXPIRES_DATA, NARROWS_DATA, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.mongodb.kind import QUARANTINE_PREFIX, Context, MongoKind, Steps, span
from colonnade.engines.mongodb.statement import step

_LONGEST = 250
"""Bytes of a database's and a collection's name together, and five fewer than the server holds."""
_GRANULARITIES = ("seconds", "minutes", "hours")
_FIXED = {
    "time_field": "timeseries.timeField",
    "meta_field": "timeseries.metaField",
    "clustered": "clustered",
    "collation": "collation",
}


@dataclass(frozen=True)
class Collection:
    """A collection and its options; `name` differs from the object's own only where it is about to be renamed.

    `capped` is (bytes, documents or 0 for any number); `collation` the canonical text; `expire_after` seconds.
    """

    name: str
    capped: tuple[int, int] | None = None
    time_field: str = ""
    meta_field: str = ""
    granularity: str = ""
    clustered: str = ""
    collation: str = ""
    images: bool = False
    expire_after: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)


def create(oid: ObjectId, spec: Collection, context: Context) -> Steps:
    validator = context.new.objects.get(ObjectId("validator", oid.name))
    rules = validator.options if validator is not None else {}
    yield step(oid, {"create": spec.name, **spec.raw, **rules}, undo={"drop": spec.name}, lock="X")


def alter(oid: ObjectId, old: Collection, new: Collection, context: Context) -> Steps | None:
    return _in_place(oid, old, new, context)


def _in_place(oid: ObjectId, old: Collection, new: Collection, context: Context) -> Iterator[Step]:
    if old.name != new.name:
        yield _renamed(oid, old, new.name, context)
        old = replace(old, name=new.name)
    _refuse_what_stays(oid, old, new)
    if old.capped != new.capped:
        yield from _capped(oid, old, new, context)
    if old.granularity != new.granularity:
        yield from _granularity(oid, old, new)
    if old.images != new.images:
        yield _modified(
            oid,
            {"changeStreamPreAndPostImages": {"enabled": new.images}},
            {"changeStreamPreAndPostImages": {"enabled": old.images}},
        )
    if old.expire_after != new.expire_after:
        yield _expiring(oid, old, new, context)


def _modified(oid: ObjectId, to: Mapping[str, Any], back: Mapping[str, Any] | str, *hazards: Hazard) -> Step:
    name = oid.name[0]
    undo = back if isinstance(back, str) else {"collMod": name, **back}
    return step(oid, {"collMod": name, **to}, undo=undo, hazards=hazards, lock="X")


def _renamed(oid: ObjectId, old: Collection, name: str, context: Context) -> Step:
    if old.time_field:
        raise Unsupported(f"collection {old.name}: MongoDB renames no time series; declare it under its own name")
    there, then = f"{context.database}.{old.name}", f"{context.database}.{name}"
    told = hazard(BREAKS_CLIENTS, f"collection {old.name}", f"it is called {name} from then on")
    undo = {"renameCollection": then, "to": there}
    return step(oid, {"renameCollection": there, "to": then}, undo=undo, hazards=[told], lock="X")


def _refuse_what_stays(oid: ObjectId, old: Collection, new: Collection) -> None:
    differing = [told for name, told in _FIXED.items() if getattr(old, name) != getattr(new, name)]
    if (old.capped is None) != (new.capped is None):
        differing.append("capped")
    if differing:
        raise Unsupported(
            f"{oid}: MongoDB cannot change {' and '.join(differing)} of a collection in place; declare a new collection with the "
            f"options that are meant, copy the documents over ({_copying(oid.name[0])}), and then let the two change names"
        )


def _copying(name: str) -> str:
    return f'db.getCollection("{name}").aggregate([{{$merge: {{into: "{name}_new"}}}}])'


def _capped(oid: ObjectId, old: Collection, new: Collection, context: Context) -> Iterator[Step]:
    assert old.capped is not None
    assert new.capped is not None
    there = f"{context.evidence.documents(context.live(oid.name[0]))} documents are in it"
    for name, unit, was, now in zip(
        ("cappedSize", "cappedMax"), ("bytes", "documents"), old.capped, new.capped, strict=True
    ):
        if was != now:
            shrinks = (now or float("inf")) < (was or float("inf"))
            told = [hazard(NARROWS_DATA, oid, f"the oldest go: from {was or 'any number of'} to {now} {unit}, {there}")]
            yield _modified(oid, {name: now}, {name: was}, *(told if shrinks else ()))


def _granularity(oid: ObjectId, old: Collection, new: Collection) -> Iterator[Step]:
    places = [_GRANULARITIES.index(g) if g in _GRANULARITIES else -1 for g in (old.granularity, new.granularity)]
    if places[0] < 0 or places[1] < places[0]:
        raise Unsupported(
            f"{oid}: the granularity of a time series only ever becomes coarser (seconds, minutes, hours), and it is "
            f"{old.granularity}; declare that, or a new collection with {new.granularity}"
        )
    yield _modified(oid, {"timeseries": {"granularity": new.granularity}}, "a granularity does not become finer again")


def _expiring(oid: ObjectId, old: Collection, new: Collection, context: Context) -> Step:
    told: list[Hazard] = []
    if new.expire_after is not None and (old.expire_after is None or new.expire_after < old.expire_after):
        gone = context.evidence.older(context.live(oid.name[0]), new.time_field or "_id", new.expire_after)
        told.append(hazard(EXPIRES_DATA, oid, f"{gone} older than {new.expire_after} s"))
    to, back = ("off" if s is None else s for s in (new.expire_after, old.expire_after))
    return _modified(oid, {"expireAfterSeconds": to}, {"expireAfterSeconds": back}, *told)


def drop(oid: ObjectId, spec: Collection, context: Context) -> Steps:
    if context.policy.drops == "Quarantine":
        yield _quarantined(oid, spec, context)
        return
    undo = "the documents are gone; bring them back from a backup"
    count = context.evidence.documents(oid.name[0])
    told = hazard(DELETES_DATA, oid, f"{count} documents")
    yield step(oid, {"drop": oid.name[0]}, undo=undo, hazards=[told], lock="X")


def _quarantined(oid: ObjectId, spec: Collection, context: Context) -> Step:
    """The rename that takes a collection out of the way; its time there begins when the step has run."""
    if spec.time_field:
        raise Unsupported(
            f"{oid}: it is no longer declared, and a time series cannot go to quarantine, for MongoDB does not rename it; "
            "set policy.drops to Drop to have it dropped at once, or declare it again"
        )
    there, aside = f"{context.database}.{oid.name[0]}", f"{context.database}.{_aside(oid.name[0], context)}"
    count = context.evidence.documents(oid.name[0])
    fate = f"it waits as {aside} and is deleted for good after {span(context.policy.quarantine_period)}"
    told = hazard(DELETES_DATA, oid, f"{count} documents; {fate}")
    undo = {"renameCollection": aside, "to": there}
    return step(oid, {"renameCollection": there, "to": aside}, undo=undo, hazards=[told], lock="X")


def _aside(name: str, context: Context) -> str:
    """A name in quarantine: cut where the server could not hold it, numbered where the same one is there already."""
    room = _LONGEST - len(f"{context.database}.{QUARANTINE_PREFIX}".encode())
    if len(name.encode()) > room:
        cut = name.encode()[: room - 9].decode(errors="ignore")
        name = f"{cut}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
    first = f"{QUARANTINE_PREFIX}{name}"
    numbered = (first if count == 1 else f"{first}.{count}" for count in itertools.count(1))
    return next(found for found in numbered if found not in context.collections)


KINDS = (
    MongoKind(
        name="collection",
        spec=Collection,
        query={"listCollections": 1},
        create=create,
        alter=alter,
        drop=drop,
        holds_data=True,
        rank=1,
    ),
)
