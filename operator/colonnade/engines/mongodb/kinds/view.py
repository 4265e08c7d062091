"""Views. https://www.mongodb.com/docs/manual/core/views/

A view is a stored aggregation: made, changed (by `collMod`, atomically) and dropped at once, whatever the size of what
it looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from colonnade.core.hazards import BREAKS_CLIENTS, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.mongodb.kind import Context, MongoKind, Steps
from colonnade.engines.mongodb.statement import step

_READS = {"$lookup": "from", "$graphLookup": "from", "$unionWith": "coll"}


@dataclass(frozen=True)
class View:
    """What a view looks at, through which pipeline (a canonical text; the order in it counts), compared how."""

    on: str
    canonical: str
    collation: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)

    @property
    def definition(self) -> dict[str, Any]:
        """As `create` and `collMod` take it."""
        return {name: self.raw[name] for name in ("viewOn", "pipeline") if name in self.raw}


def needs(oid: ObjectId, spec: View) -> Iterator[ObjectId]:
    for name in (spec.on, *_read(spec.raw.get("pipeline", ()))):
        yield ObjectId("collection", (name,))
        yield ObjectId("view", (name,))


def _read(value: Any) -> Iterator[str]:
    """The names that stages read from, in nested pipelines too."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key in _READS:
                name = inner.get(_READS[key]) if isinstance(inner, Mapping) else inner
                yield from [name] if isinstance(name, str) else []
            yield from _read(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _read(inner)


def create(oid: ObjectId, spec: View, context: Context) -> Steps:
    yield step(oid, {"create": oid.name[0], **spec.raw}, undo={"drop": oid.name[0]})


def alter(oid: ObjectId, old: View, new: View, context: Context) -> Steps | None:
    """Its collation is fixed: with another one it is replaced."""
    if old.collation != new.collation:
        return None
    return [
        step(
            oid,
            {"collMod": oid.name[0], **new.definition},
            undo={"collMod": oid.name[0], **old.definition},
            hazards=[hazard(BREAKS_CLIENTS, oid)],
        )
    ]


def drop(oid: ObjectId, spec: View, context: Context) -> Iterable[Any]:
    yield step(
        oid, {"drop": oid.name[0]}, undo={"create": oid.name[0], **spec.raw}, hazards=[hazard(BREAKS_CLIENTS, oid)]
    )


KINDS = (
    MongoKind(
        name="view", spec=View, query={"listCollections": 1}, needs=needs, create=create, alter=alter, drop=drop, rank=6
    ),
)
