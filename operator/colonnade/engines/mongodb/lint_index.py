"""What MongoDB would refuse in indexes and views, told with the way out before anything is sent; and indexes that
repeat one another.

Partial filters know few operators (https://www.mongodb.com/docs/manual/core/index-partial/#behavior).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from colonnade.engines.mongodb import canon, normalise
from colonnade.engines.mongodb.compile import CompiledCollection, CompiledIndex
from colonnade.engines.mongodb.kinds.index import Index

_KNOWN = ("$eq", "$gt", "$gte", "$lt", "$lte", "$exists", "$type", "$in")
_INSTEAD = {
    "$ne": "name the values that are meant with $in",
    "$nin": "name the values that are meant with $in",
    "$not": "say what is meant, not what is not",
    "$nor": "say what is meant, not what is not",
    "$regex": "MongoDB indexes no documents by pattern; keep a field that says what the pattern finds",
    "$expr": "MongoDB compares no fields here; keep a field with the result",
}


def lint_indexes(collection: CompiledCollection) -> list[str]:
    """A sentence for each thing that is wrong in the indexes of a collection."""
    specs = indexes(collection)
    found = [
        problem
        for index in collection.indexes
        for problem in _filter(index.document.get("partialFilterExpression"), index.origin)
    ]
    found += _texts(collection, specs)
    found += _twins(collection, specs)
    found += [
        f"{index.origin}: MongoDB always has the index over _id alone; take it out"
        for index, spec in zip(collection.indexes, specs, strict=True)
        if spec.keys == (("_id", 1),)
    ]
    return found


def lint_view(view: CompiledCollection) -> list[str]:
    """A sentence for each stage that a view cannot have."""
    stages = view.options.get("pipeline", ())
    return [
        f"{view.origin}.pipeline[{i}]: {name} writes, and a view only reads; take it out"
        for i, stage in enumerate(stages) for name in stage if name in ("$out", "$merge")
    ]  # fmt: skip


def indexes(collection: CompiledCollection) -> list[Index]:
    """The declared indexes as the server will keep them."""
    inherited = collection.options.get("collation")
    return [normalise.index(index.document, inherited, allow_gap=index.allow_gap) for index in collection.indexes]


def _filter(query: Mapping[str, Any] | None, path: str) -> Iterator[str]:
    for key, value in (query or {}).items():
        if key in ("$and", "$or"):
            for part in value:
                yield from _filter(part, path)
        elif key.startswith("$"):
            yield _refused(path, key)
        elif isinstance(value, Mapping) and any(k.startswith("$") for k in value):
            yield from _operators(path, key, value)


def _operators(path: str, name: str, operators: Mapping[str, Any]) -> Iterator[str]:
    for op, value in operators.items():
        if op == "$exists" and not canon.number(value):
            yield f"{path}.partialFilter.{name}: MongoDB cannot index the documents without a field; keep a field that tells them"
        elif op not in _KNOWN:
            yield _refused(f"{path}.partialFilter.{name}", op)


def _refused(path: str, op: str) -> str:
    return f"{path}: a partial filter cannot have {op}; {_INSTEAD.get(op, 'use ' + ', '.join(_KNOWN))}"


def _texts(collection: CompiledCollection, specs: Sequence[Index]) -> Iterator[str]:
    texts = [index.origin for index, spec in zip(collection.indexes, specs, strict=True) if spec.weights]
    if len(texts) > 1:
        yield f"{texts[1]}: a collection has one text index at most, and {texts[0]} is one; put all fields into one of them"
    collated = canon.collation(collection.options.get("collation"))
    for index, spec in zip(collection.indexes, specs, strict=True):
        if spec.weights and collated and index.document.get("collation", {}).get("locale") != "simple":
            yield f"{index.origin}: a text index has no collation, and the collection's would count; give it collation: {{locale: simple}}"


def _twins(collection: CompiledCollection, specs: Sequence[Index]) -> Iterator[str]:
    first: dict[Any, CompiledIndex] = {}
    for index, spec in zip(collection.indexes, specs, strict=True):
        if (other := first.setdefault(spec.identity, index)) is not index:
            yield f"{index.origin}: is the same index as {other.origin}, and MongoDB keeps one of them; take one out"


def repeated(collection: CompiledCollection) -> list[str]:
    """A sentence for each index that another one makes superfluous."""
    specs = indexes(collection)
    return [
        f"{index.origin}: queries can use {other.name} in its place, and each write pays for both; take it out, unless its smaller "
        "size is meant"
        for index, spec in zip(collection.indexes, specs, strict=True)
        for other in specs
        if other is not spec and _covers(other, spec)
    ]  # fmt: skip


def _covers(longer: Index, shorter: Index) -> bool:
    """Whether the shorter one only costs: it is no more than the beginning of the other."""
    special = shorter.unique or shorter.expire_after is not None or shorter.weights or shorter.projection
    hashed = any(order == "hashed" for _, order in shorter.keys)
    return longer.covers(shorter) and not special and not hashed and not shorter.hidden and not longer.hidden
