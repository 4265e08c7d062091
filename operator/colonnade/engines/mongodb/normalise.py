"""Documents of the server, and documents for it, as values that can be compared: both sides go through here.

What listCollections and listIndexes return is not what was asked for: defaults are filled in, collations spelt out and
inherited, text indexes rewritten, false flags dropped or, for `sparse`, kept
(https://www.mongodb.com/docs/manual/reference/command/listIndexes/).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from colonnade.engines.mongodb import canon
from colonnade.engines.mongodb.kinds.collection import Collection
from colonnade.engines.mongodb.kinds.index import NEVER, Index
from colonnade.engines.mongodb.kinds.validator import Validator
from colonnade.engines.mongodb.kinds.view import View

_KNOWN_OPTIONS = frozenset({
    "capped", "size", "max", "collation", "timeseries", "clusteredIndex", "expireAfterSeconds", "changeStreamPreAndPostImages",
    "validator", "validationLevel", "validationAction", "viewOn", "pipeline", "autoIndexId",
})  # fmt: skip
_KNOWN_INDEX_OPTIONS = frozenset({
    "v", "key", "name", "ns", "unique", "sparse", "hidden", "background", "dropDups", "partialFilterExpression", "collation",
    "wildcardProjection", "expireAfterSeconds", "weights", "default_language", "language_override", "textIndexVersion",
    "2dsphereIndexVersion", "bits", "min", "max", "prepareUnique", "clustered", "originalSpec",
})  # fmt: skip
_RULE = ("validator", "validationLevel", "validationAction")
_CAPPED_UNIT = 256
"""Servers up to 6 round the size of a capped collection up to a multiple of this."""
_SPANS = {3600: "seconds", 86400: "minutes", 2592000: "hours"}


def collection(name: str, options: Mapping[str, Any]) -> Collection:
    """A collection from the options of `create` or of listCollections."""
    clustered = options.get("clusteredIndex")
    series = options.get("timeseries") or {}
    images = options.get("changeStreamPreAndPostImages") or {}
    return Collection(
        name=name,
        capped=_capped(options),
        time_field=str(series.get("timeField", "")),
        meta_field=str(series.get("metaField", "")),
        granularity=_granularity(series),
        clustered=str(clustered.get("name") or "_id_") if isinstance(clustered, Mapping) else "",
        collation=canon.collation(options.get("collation")),
        images=bool(images.get("enabled")),
        expire_after=_whole(options.get("expireAfterSeconds")),
        raw={name: value for name, value in options.items() if name not in _RULE},
    )


def _capped(options: Mapping[str, Any]) -> tuple[int, int] | None:
    if not options.get("capped"):
        return None
    size = int(options.get("size", 0))
    most = int(options.get("max", 0))
    return -(-size // _CAPPED_UNIT) * _CAPPED_UNIT, 0 if most >= NEVER else most  # collMod writes "any number" so


def _granularity(series: Mapping[str, Any]) -> str:
    if not series:
        return ""
    return str(series.get("granularity") or _SPANS.get(int(series.get("bucketMaxSpanSeconds", 3600)), "custom"))


def _whole(seconds: Any) -> int | None:
    """The server cuts off fractions, and takes the largest number it can hold for never."""
    return None if seconds is None or int(seconds) >= NEVER else int(seconds)


def validator(options: Mapping[str, Any], *, direct: bool = False) -> Validator | None:
    """The validator among a collection's options; level and action stay behind when a validator is removed."""
    query = options.get("validator")
    if not query:
        return None
    return Validator(
        canonical=canon.rule(query),
        level=str(options.get("validationLevel", "strict")),
        action=str(options.get("validationAction", "error")),
        direct=direct,
        raw=dict(query),
    )


def view(options: Mapping[str, Any]) -> View:
    """A view from the options of `create` or of listCollections."""
    pipeline = list(options.get("pipeline") or ())
    return View(
        on=str(options["viewOn"]), canonical=canon.literal(pipeline), collation=canon.collation(options.get("collation")),
        raw=dict(options),
    )  # fmt: skip


def index(spec: Mapping[str, Any], inherited: Mapping[str, Any] | None, **more: Any) -> Index:
    """An index from the document of createIndexes or of listIndexes; `inherited` is the collation of its collection."""
    weights = _weights(spec)
    return Index(
        keys=_keys(spec["key"]),
        unique=bool(spec.get("unique")),
        sparse=bool(spec.get("sparse")),
        partial=canon.query(spec.get("partialFilterExpression")),
        collation=_index_collation(spec, inherited, bool(weights)),
        projection=_projection(spec),
        expire_after=_whole(spec.get("expireAfterSeconds")),
        hidden=bool(spec.get("hidden")),
        weights=weights,
        language=str(spec.get("default_language", "english")) if weights else "",
        override=str(spec.get("language_override", "language")) if weights else "",
        bounds=_bounds(spec),
        prepared=bool(spec.get("prepareUnique")),
        name=str(spec["name"]),
        raw=dict(spec),
        **more,
    )


def _keys(key: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    """As the server keeps them: neighbouring text fields become one."""
    out: list[tuple[str, Any]] = []
    for path, order in key.items():
        pairs = [("_fts", "text"), ("_ftsx", 1)] if order == "text" else [(path, canon.number(order))]
        out += [pair for pair in pairs if pair not in out]
    return tuple(out)


def _weights(spec: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    declared = [path for path, order in spec["key"].items() if order == "text" and path != "_fts"]
    if not declared and "_fts" not in spec["key"]:
        return ()
    weights = {**dict.fromkeys(declared, 1), **(spec.get("weights") or {})}
    return tuple(sorted((str(path), int(weight)) for path, weight in weights.items()))


def _index_collation(spec: Mapping[str, Any], inherited: Mapping[str, Any] | None, text: bool) -> str:
    """A text index has none; an index without one has that of its collection, which listIndexes then tells."""
    if text:
        return ""
    return canon.collation(spec.get("collation", inherited))


def _projection(spec: Mapping[str, Any]) -> str:
    projection = spec.get("wildcardProjection")
    return canon.literal(dict(sorted(_flat(projection)))) if projection else ""


def _flat(projection: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, int]]:
    for name, value in projection.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", int(bool(canon.number(value)))


def _bounds(spec: Mapping[str, Any]) -> tuple[Any, ...]:
    if "2d" not in spec["key"].values():
        return ()
    return tuple(canon.number(spec.get(name, default)) for name, default in (("bits", 26), ("min", -180), ("max", 180)))


def live_index(spec: Mapping[str, Any]) -> Index:
    """An index that listIndexes told of: what it does not tell, it has not; one that is being built stands in
    `spec`.
    """
    if "buildUUID" in spec:
        return index(spec["spec"], None, building=True)
    return index(spec, None)


def unknown_options(options: Mapping[str, Any]) -> tuple[str, ...]:
    """Options of a collection that no kind manages."""
    return tuple(sorted(set(options) - _KNOWN_OPTIONS))


def unknown_index_options(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """Options of an index that no kind manages."""
    return tuple(sorted(set(spec.get("spec", spec)) - _KNOWN_INDEX_OPTIONS))
