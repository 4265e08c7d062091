"""Indexes. https://www.mongodb.com/docs/manual/reference/command/createIndexes/ and …/collMod/#change-index-properties

An index is recognised by what it is (keys, collation, partial filter, unique, sparse, wildcard projection), as the
server does: under another name it is adopted, not built again. Builds take the collection exclusively only at their
start and end.

Replacing: the server refuses two indexes of one identity, and it renames none. So where the declared name is still that
of the old index:

* up to a million documents a twin is built under a temporary name, its numeric keys doubled: to the server that is
  another index, with the same order, the same queries and the same uniqueness. Then the old one goes, the new one is
  built under its own name, and the twin goes. No query is without an index and no uniqueness unguarded at any moment; a
  twin that a crash leaves behind is found by its name;
* beyond that, where a second build would take long, the new one is built once, under its name and eight digits of its
  identity, and the old one is hidden and dropped. It is found by what it is, so the difference is zero; a hint by name
  has to use the new name, which a warning tells.

What is no part of the identity and cannot be modified either (text weights and languages, bounds of a 2d index) can
only be dropped and built again: a gap, which `allowGap` has to allow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from colonnade.core.errors import DataViolation, Unsupported
from colonnade.core.hazards import (
    BUILDS_INDEX,
    DROPS_GUARANTEE,
    DROPS_INDEX,
    EXPIRES_DATA,
    TIGHTENS_RULE,
    Hazard,
    hazard,
)
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.mongodb.kind import Context, MongoKind, Steps, span
from colonnade.engines.mongodb.statement import step, text

NEVER = 2147483647
"""The longest time the server can hold. An index cannot cease to be a TTL one, but it can wait for 68 years."""
TEMPORARY = "colonnade_tmp_"
_BUILT_TWICE = 1_000_000
"""Documents: an index over fewer is built in seconds, and may be built a second time."""
_BUILT_PER_SECOND = 400_000.0


@dataclass(frozen=True)
class Index:
    """An index as the server keeps it. `name` is what it is called there, and no part of what it is."""

    keys: tuple[tuple[str, Any], ...]
    unique: bool = False
    sparse: bool = False
    partial: str = ""
    collation: str = ""
    projection: str = ""
    expire_after: int | None = None
    hidden: bool = False
    weights: tuple[tuple[str, int], ...] = ()
    language: str = ""
    override: str = ""
    bounds: tuple[Any, ...] = ()
    prepared: bool = False
    building: bool = False
    name: str = field(default="", compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)
    allow_gap: bool = field(default=False, compare=False)

    @property
    def identity(self) -> tuple[Any, ...]:
        """What the server tells indexes apart by."""
        return (*self.content, self.unique)

    @property
    def content(self) -> tuple[Any, ...]:
        """The identity without uniqueness, which can be added in place."""
        return self.keys, self.sparse, self.partial, self.collation, self.projection

    def covers(self, other: Index) -> bool:
        """Whether each query that can use the other one can use this one: its keys go on where those end."""
        return self.content[1:] == other.content[1:] and self.keys[: len(other.keys)] == other.keys

    @property
    def fixed(self) -> tuple[Any, ...]:
        """What is no part of the identity and cannot be modified."""
        return self.weights, self.language, self.override, self.bounds


def create(oid: ObjectId, spec: Index, context: Context) -> Steps:
    name = spec.name if spec.name not in context.indexes.get(oid.name[0], ()) else successor(spec)
    yield _built(oid, spec, name, context, _risks(oid, spec, context))


def successor(spec: Index) -> str:
    """The name of an index whose declared name is still that of its predecessor."""
    return f"{spec.name[:118]}_{_digest(spec)}"


def temporary(spec: Index) -> str:
    """The name of a twin. Live ones so named are nobody's but ours; one that a crash left may be of another definition."""
    return f"{TEMPORARY}{spec.name[:104]}_{_digest(spec)}"


def _digest(spec: Index) -> str:
    return hashlib.sha256(text(list(spec.identity)).encode()).hexdigest()[:8]


def _risks(oid: ObjectId, spec: Index, context: Context) -> list[Hazard]:
    """What can happen once the index is there. Raises DataViolation where documents stand in the way of it."""
    collection = oid.name[0]
    if context.empty(collection):
        return []
    found = [hazard(BUILDS_INDEX, f"collection {collection}", f"{_documents(oid, context)} documents")]
    if spec.unique:
        _no_duplicates(oid, spec, context)
        found.append(hazard(TIGHTENS_RULE, oid))
    return [*found, *_expiring(oid, None, spec, context)]


def _no_duplicates(oid: ObjectId, spec: Index, context: Context) -> None:
    """A backfill in the same plan may make values differ; then only the build itself can tell."""
    collection = oid.name[0]
    if collection not in context.mended and (twice := context.evidence.duplicates(context.live(collection), spec.raw)):
        fields = ", ".join(path for path, _ in spec.keys)
        raise DataViolation(
            f"{oid}: {twice.sample} share their values of {fields} with others, and the index is to be unique; "
            "change or remove them, then it goes on by itself. Nothing has been changed"
        )


def _expiring(oid: ObjectId, old: int | None, new: Index, context: Context) -> list[Hazard]:
    if new.expire_after is None or (old is not None and new.expire_after >= old):
        return []
    collection, path = oid.name[0], new.keys[0][0]
    gone = context.evidence.older(context.live(collection), path, new.expire_after)
    return [
        hazard(
            EXPIRES_DATA, f"collection {collection}", f"{gone} with {path} older than {new.expire_after} s go at once"
        )
    ]


def _built(oid: ObjectId, spec: Index, name: str, context: Context, hazards: list[Hazard]) -> Step:
    collection = oid.name[0]
    command = {"createIndexes": collection, "indexes": [{**spec.raw, "name": name}]}
    seconds = _documents(oid, context) / _BUILT_PER_SECOND
    built = step(oid, command, undo={"dropIndexes": collection, "index": name}, hazards=hazards)
    return replace(built, estimate=seconds)


def _documents(oid: ObjectId, context: Context) -> int:
    return 0 if context.is_fresh(oid.name[0]) else context.evidence.documents(context.live(oid.name[0]))


def alter(oid: ObjectId, old: Index, new: Index, context: Context) -> Steps | None:
    return _altered(oid, old, new, context)


def _altered(oid: ObjectId, old: Index, new: Index, context: Context) -> Iterator[Step]:
    if old.building:
        if old.identity != new.identity:
            raise Unsupported(
                f"{oid}: another index of this name is being built; wait until it is done, or end that build with "
                f'db.runCommand({{dropIndexes: "{oid.name[0]}", index: "{old.name}"}})'
            )
        yield _built(oid, new, old.name, context, [])  # joins the build that is under way
    elif old.content != new.content or (old.unique and not new.unique):
        yield from _replaced(oid, old, new, context)
    elif old.fixed != new.fixed:
        yield from _rebuilt(oid, old, new, context)
    else:
        yield from _modified(oid, old, new, context)


def _replaced(oid: ObjectId, old: Index, new: Index, context: Context) -> Iterator[Step]:
    if old.weights and new.weights:
        yield from _rebuilt(oid, old, new, context)  # a collection has one text index at most, a hidden one included
    elif context.empty(oid.name[0]):
        yield _dropped(oid, old, [])
        yield _built(oid, new, new.name, context, [])
    elif (twin := _twin(new)) is not None and _documents(oid, context) <= _BUILT_TWICE:
        yield _built(oid, twin, twin.name, context, _risks(oid, new, context))
        yield _dropped(oid, old, _missed(oid, old, new, context))
        yield _built(oid, new, new.name, context, [])
        yield _dropped(oid, twin, [])
    else:
        yield from create(oid, new, context)
        yield _retired(oid, old, _missed(oid, old, new, context), context)


def _missed(oid: ObjectId, old: Index, new: Index, context: Context) -> list[Hazard]:
    """What the old index did and the new one does not."""
    found = [hazard(DROPS_GUARANTEE, oid)] if old.unique and not new.unique else []
    if not old.hidden and not new.covers(old):
        fields = ", ".join(path for path, _ in old.keys)
        told = f"another definition takes its place; as it is, over {fields}, it was {_used(oid, old, context)}"
        found.append(hazard(DROPS_INDEX, oid, told))
    return found


def _twin(spec: Index) -> Index | None:
    """The same index to queries and another one to the server; None where no key is a number. It expires nothing."""
    if not any(isinstance(order, int) for _, order in spec.keys):
        return None
    key = {path: order * 2 if isinstance(order, int) else order for path, order in spec.raw["key"].items()}
    kept = {option: value for option, value in spec.raw.items() if option not in ("expireAfterSeconds", "hidden")}
    name = temporary(spec)
    return replace(spec, name=name, raw={**kept, "key": key, "name": name})


def _retired(oid: ObjectId, old: Index, hazards: list[Hazard], context: Context) -> Step:
    """Hidden, one that only helps queries can come back at once: in quarantine it waits so. Another one would go on at its work."""
    if context.policy.drops == "Quarantine" and not old.unique and old.expire_after is None:
        return _collmod(oid, old.name, {"hidden": True}, {"hidden": False}, *hazards)
    return _dropped(oid, old, hazards)


def _rebuilt(oid: ObjectId, old: Index, new: Index, context: Context) -> Iterator[Step]:
    if not new.allow_gap and not context.empty(oid.name[0]):
        raise Unsupported(
            f"{oid}: MongoDB cannot build the new definition beside the old one, so queries would be without the index "
            "while it is built again; set allowGap on it to have that done"
        )
    used = _used(oid, old, context)
    yield _dropped(oid, old, [hazard(DROPS_INDEX, oid, f"until it is built again; {used}")])
    yield _built(oid, new, new.name, context, _risks(oid, new, context))


def _modified(oid: ObjectId, old: Index, new: Index, context: Context) -> Iterator[Step]:
    name = old.name
    if old.expire_after != new.expire_after:
        limits = [NEVER if s is None else s for s in (new.expire_after, old.expire_after)]
        yield _collmod(
            oid,
            name,
            {"expireAfterSeconds": limits[0]},
            {"expireAfterSeconds": limits[1]},
            *_expiring(oid, old.expire_after, new, context),
        )
    if old.hidden != new.hidden:
        yield _collmod(oid, name, {"hidden": new.hidden}, {"hidden": old.hidden}, *_hiding(oid, old, new, context))
    if new.unique and not old.unique:
        yield from _made_unique(oid, old, new, context)
    elif old.prepared:
        yield _collmod(oid, name, {"prepareUnique": False}, {"prepareUnique": True})


def _hiding(oid: ObjectId, old: Index, new: Index, context: Context) -> list[Hazard]:
    if old.hidden:
        return []
    return [hazard(DROPS_INDEX, oid, f"hidden from queries; {_used(oid, old, context)}")]


def _made_unique(oid: ObjectId, old: Index, new: Index, context: Context) -> Iterator[Step]:
    """New duplicates are refused from the first step on; the second has the server look for old ones before it
    converts.
    """
    _no_duplicates(oid, new, context)
    told = [] if context.empty(oid.name[0]) else [hazard(TIGHTENS_RULE, oid)]
    if not old.prepared:
        yield _collmod(oid, old.name, {"prepareUnique": True}, {"prepareUnique": False}, *told)
    yield _collmod(
        oid,
        old.name,
        {"unique": True},
        "a unique index cannot be made an ordinary one in place; build one beside it",
        *told,
    )


def _collmod(oid: ObjectId, name: str, to: Mapping[str, Any], back: Mapping[str, Any] | str, *hazards: Hazard) -> Step:
    collection = oid.name[0]
    undo = back if isinstance(back, str) else {"collMod": collection, "index": {"name": name, **back}}
    return step(oid, {"collMod": collection, "index": {"name": name, **to}}, undo=undo, hazards=hazards, lock="X")


def drop(oid: ObjectId, spec: Index, context: Context) -> Steps:
    """In quarantine an index is hidden: one command brings it back. One that does more than help queries would go on
    doing it.
    """
    collection = oid.name[0]
    if spec.name.startswith(TEMPORARY):
        return [_dropped(oid, spec, [])]
    if context.policy.drops == "Quarantine" and not spec.unique and spec.expire_after is None:
        if not spec.hidden:
            fate = (
                f"hidden first, and dropped after {span(context.policy.quarantine_period)}; {_used(oid, spec, context)}"
            )
            return [_collmod(oid, spec.name, {"hidden": True}, {"hidden": False}, hazard(DROPS_INDEX, oid, fate))]
        return [_dropped(oid, spec, [])] if ObjectId("index", (collection, spec.name)) in context.due else []
    told = [
        hazard(DROPS_INDEX, oid, _used(oid, spec, context)),
        *([hazard(DROPS_GUARANTEE, oid)] if spec.unique else []),
    ]
    return [_dropped(oid, spec, told)]


def _used(oid: ObjectId, spec: Index, context: Context) -> str:
    return context.evidence.usage(context.live(oid.name[0]), spec.name)


def _dropped(oid: ObjectId, spec: Index, hazards: list[Hazard]) -> Step:
    collection = oid.name[0]
    again = {"createIndexes": collection, "indexes": [{**spec.raw, "name": spec.name}]}
    return step(oid, {"dropIndexes": collection, "index": spec.name}, undo=again, hazards=hazards, lock="X")


def warns(oid: ObjectId, spec: Index, context: Context) -> Iterator[str]:
    """Names that differ."""
    live = context.old.objects.get(oid)
    if live is None or live.identity != spec.identity or live.name == spec.name:
        return
    yield f"{oid} is called {live.name} on the server, which renames no index; hints by name have to say {live.name}"


KINDS = (
    MongoKind(
        name="index", spec=Index, query={"listIndexes": 1}, create=create, alter=alter, drop=drop, rank=4, warns=warns
    ),
)
