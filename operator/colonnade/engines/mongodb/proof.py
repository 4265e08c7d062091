"""The proof that the database is what was declared, by code that shares nothing with what made the plan.

The planner compares normalised values. Here raw documents are compared: what listCollections and listIndexes tell of
the live collection with what they told of an empty one made from the declaration alone (`rehearse.py`). Where the two
are spelt differently, as an adopted index may be, the server itself is asked whether they are the same. A rule on a
lower rung of its ladder is no difference here; it is reported on its own.

With policy.mode Plan or Observe nothing may be written, a scratch collection neither: then the planner's own comparison
has to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.core.diff import diff
from colonnade.core.kind import ObjectId
from colonnade.engines.mongodb.compile import CompiledCollection
from colonnade.engines.mongodb.desire import MongoDesired
from colonnade.engines.mongodb.read import MongoState
from colonnade.engines.mongodb.rehearse import Echo, Rehearsal

Raw = Mapping[str, Any]
_RULE = ("validator", "validationLevel", "validationAction")
_UNORDERED = ("required", "enum", "bsonType", "type")
_MOST = 2147483647
_NOT_TOLD = ("v", "ns", "name", "buildUUID", "prepareUnique")


@dataclass(frozen=True)
class Prover:
    """Compares one reading of the database with what was declared."""

    rehearsal: Rehearsal

    def differences(self, state: MongoState, desired: MongoDesired, spared: frozenset[ObjectId]) -> Iterator[str]:
        """A sentence for each object that is not what it should be; `spared` are those known to wait for something."""
        echoes = {name: self.rehearsal.echo(compiled) for name, compiled in desired.compiled.items()}
        for name, compiled in desired.compiled.items():
            if (echo := echoes[name]) is not None:
                yield from self._collection(compiled, echo, state, spared)
        for change in diff(state.model, desired.model):
            known = change.id.name[0] in echoes and echoes[change.id.name[0]] is not None
            if change.id not in spared and (change.new is None or not known):
                yield f"{change.id} is {'there and should not be' if change.new is None else 'not as declared'}"

    def _collection(
        self, compiled: CompiledCollection, echo: Echo, state: MongoState, spared: frozenset[ObjectId]
    ) -> Iterator[str]:
        name = compiled.name
        live = state.census.collections.get(name)
        if live is None:
            yield f"{'view' if 'viewOn' in compiled.options else 'collection'} {name} is not there"
            return
        told = live.get("options", {})
        if live["name"] != name:
            yield f"collection {name} is still called {live['name']}"
        yield from (f"{name} has another {option}" for option in _options(told, echo["options"]))
        if ObjectId("validator", (name,)) not in spared and not _same_rule(told, echo["options"], compiled.options):
            yield f"validator {name} is not as declared"
        yield from self._indexes(compiled, echo, state.census.indexes.get(name, ()))

    def _indexes(self, compiled: CompiledCollection, echo: Echo, live: tuple[Raw, ...]) -> Iterator[str]:
        there = [spec for spec in live if "buildUUID" not in spec]
        for wanted in echo["indexes"]:
            if wanted["name"] == "_id_" or wanted.get("clustered"):
                continue
            if not any(_same_index(spec, wanted) for spec in there) and not self._server_says_so(
                compiled, wanted, there
            ):
                yield f"index {compiled.name}.{wanted['name']} is not as declared"

    def _server_says_so(self, compiled: CompiledCollection, wanted: Raw, live: list[Raw]) -> bool:
        alike = [
            s for s in live if list(s["key"].items()) == list(wanted["key"].items()) and _flags(s) == _flags(wanted)
        ]
        return any(self.rehearsal.same_to_server(compiled, wanted["name"], spec) for spec in alike)


def _flags(spec: Raw) -> tuple[bool, bool]:
    return bool(spec.get("hidden")), bool(spec.get("unique"))


def _options(live: Raw, echo: Raw) -> list[str]:
    """Options that differ. One that the declaration cannot hold is listed as unmanaged, and no difference."""
    names = [n for n in {**live, **echo} if n not in _RULE and (n in echo or n in _DECLARABLE)]
    return [n for n in names if not _alike(_said(live.get(n)), _said(echo.get(n)), ordered=n == "pipeline")]


_DECLARABLE = (
    "capped",
    "size",
    "max",
    "collation",
    "timeseries",
    "clusteredIndex",
    "expireAfterSeconds",
    "changeStreamPreAndPostImages",
)


def _said(value: Any) -> Any:
    """A collation without the version of the library that sorts, which changes with the server's; the greatest number
    is none at all.
    """
    if isinstance(value, Mapping) and "locale" in value:
        return {k: v for k, v in value.items() if k != "version"}
    return None if isinstance(value, int) and value == _MOST else value


def _same_rule(live: Raw, echo: Raw, declared: Raw) -> bool:
    """Where none is declared, one that is there belongs to nobody, or the model's own difference tells."""
    if "validator" not in declared:
        return True
    defaults = {"validationLevel": "strict", "validationAction": "error"}
    return all(_alike(live.get(n, defaults.get(n)), echo.get(n, defaults.get(n)), ordered=True) for n in _RULE)


def _same_index(live: Raw, wanted: Raw) -> bool:
    ordered = list(live["key"].items()) == list(wanted["key"].items())
    return ordered and _alike(_told(live), _told(wanted))


def _told(spec: Raw) -> dict[str, Any]:
    """What an index is. The longest time that the server can hold is how an index ceases to be a TTL one."""
    told = {k: _said(v) for k, v in spec.items() if k not in _NOT_TOLD and v is not False}
    return {k: v for k, v in told.items() if v is not None}


def _alike(one: Any, other: Any, key: str = "", *, ordered: bool = False) -> bool:
    """Equal, whatever the types of numbers. Inside a JSON schema order does not count."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        names = list(one) == list(other) if ordered else set(one) == set(other)
        return names and all(_alike(one[k], other[k], k, ordered=ordered and k != "$jsonSchema") for k in one)
    if isinstance(one, list) and isinstance(other, list):
        if key in _UNORDERED and not ordered:
            other = [v for v in one if any(_alike(v, w) for w in other)] if len(one) == len(other) else other
        return len(one) == len(other) and all(_alike(a, b, ordered=ordered) for a, b in zip(one, other, strict=True))
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
