"""CustomResourceDefinitions from the models: ``python -m colonnade.resources.crd OUTDIR``.

Kubernetes takes a dialect of its own, the structural schema: no `$ref`, no unions, no defaults that break a rule
(https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema).
Pydantic's JSON Schema is turned into it here; what has no counterpart is an error, since the server would drop it in silence.

No default of a spec is written into the schema but only told in the description: a default that the server fills in makes
an application in Argo CD differ from its source for ever.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from colonnade.resources.common import GROUP, VERSION, Names
from colonnade.resources.parse import RESOURCES, AnyResource

DEPTH = 5
"""Levels of a recursive model that are written out; what is deeper is stored as it is, and checked by the operator."""

EXPLAINED = 2
"""Levels of a recursive model that have descriptions and rules; deeper ones are the same, and would double the size."""

PLACES = 2_000_000
"""In more places than this a rule is left to the operator: the server multiplies its cost by them, and has a budget."""

_DROPPED = ("title", "default", "examples", "discriminator", "const")
_LIST_MARKS = ("x-kubernetes-list-type", "x-kubernetes-list-map-keys")
_ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}
_ORDER = ("description", "type", "format", "enum", "pattern", "properties", "required", "items", "additionalProperties")


class NotStructuralError(ValueError):
    """A model uses what Kubernetes has no word for."""


@dataclass(frozen=True)
class _Place:
    """Where the conversion stands: the path for errors, the levels of recursive models around it, and in how many places
    this can stand in one object."""

    defs: Mapping[str, Any]
    recursive: frozenset[str]
    path: str = ""
    level: int = 0
    many: int = 1

    def field(self, name: str) -> _Place:
        return replace(self, path=f"{self.path}.{name}")

    def items(self, limit: int) -> _Place:
        return replace(self, path=f"{self.path}[]", many=self.many * limit)

    def model(self, name: str) -> _Place:
        return replace(self, level=self.level + (name in self.recursive))


def structural(model: type[AnyResource]) -> dict[str, Any]:
    """The schema of the whole resource as Kubernetes takes it."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    defs = schema.get("$defs", {})
    place = _Place(defs, frozenset(name for name in defs if name in _reachable(defs[name], defs)))
    properties = schema["properties"]
    status = {**_convert(properties["status"], place.field("status")), "default": {"observedGeneration": -1}}
    return {
        "description": _line(model.__doc__),
        "type": "object",
        "properties": {
            "apiVersion": {
                "type": "string",
                "description": f"Version of this form of the resource: {GROUP}/{VERSION}.",
            },
            "kind": {"type": "string", "description": f"Kind of the resource: {model.__name__}."},
            "metadata": {"type": "object"},
            "spec": _convert(properties["spec"], place.field("spec")),
            "status": status,
        },
        "required": ["spec"],
    }


def _convert(schema: Mapping[str, Any], place: _Place) -> dict[str, Any]:
    found = _described(_optional(_resolved(schema), place))
    if "$ref" in found:
        return _referred(found, place)
    if "const" in found:
        found["enum"] = [found["const"]]
    for word in ("anyOf", "oneOf", "allOf", "prefixItems", "patternProperties", "exclusiveMinimum", "exclusiveMaximum"):
        if word in found:
            raise NotStructuralError(f"{place.path}: {word} has no counterpart in a structural schema")
    found = _inner(found, place)
    dropped = _DROPPED if place.level <= EXPLAINED else (*_DROPPED, "description", "x-kubernetes-validations")
    return _ordered({word: value for word, value in found.items() if word not in dropped})


def _resolved(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without an allOf around a single part, which pydantic writes to add a description."""
    found = dict(schema)
    if len(found.get("allOf", ())) == 1:
        return {**found.pop("allOf")[0], **found}
    return found


def _optional(schema: dict[str, Any], place: _Place) -> dict[str, Any]:
    """`X | None` as X: absent is how None is written."""
    if "anyOf" not in schema:
        return schema
    branches = [branch for branch in schema.pop("anyOf") if branch.get("type") != "null"]
    if len(branches) != 1:
        raise NotStructuralError(f"{place.path}: a union of {len(branches)} types")
    return {**branches[0], **schema}


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """The default, told in the description."""
    default = schema.get("default")
    if default in (None, [], {}) and default is not False:
        return schema
    return {**schema, "description": f"{schema.get('description', '')} By default {_shown(default)}."}


def _shown(default: Any) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    return ", ".join(default) if isinstance(default, list) else str(default)


def _referred(schema: dict[str, Any], place: _Place) -> dict[str, Any]:
    name = schema.pop("$ref").rsplit("/", 1)[1]
    inner = place.model(name)
    if inner.level > DEPTH:
        return {"description": "One more level of the same.", "type": "object", **_ANYTHING}
    found = _convert({**place.defs[name], **schema}, inner)
    told = {"description": schema["description"]} if "description" in schema and place.level <= EXPLAINED else {}
    return {**told, **found, **told}


def _reachable(schema: Any, defs: Mapping[str, Any], seen: frozenset[str] = frozenset()) -> frozenset[str]:
    """The names of the models that a schema refers to, and those that they refer to."""
    if isinstance(schema, Mapping):
        name = str(schema.get("$ref", "")).rsplit("/", 1)[-1]
        if name and name not in seen:
            seen = _reachable(defs[name], defs, seen | {name})
        for inner in schema.values():
            seen = _reachable(inner, defs, seen)
    elif isinstance(schema, list):
        for inner in schema:
            seen = _reachable(inner, defs, seen)
    return seen


def _inner(schema: dict[str, Any], place: _Place) -> dict[str, Any]:
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, place)
    if kind == "array":
        return _array(schema, place)
    if kind is None and "enum" not in schema:
        return {**schema, **_ANYTHING}
    if kind == "integer" and "enum" not in schema:
        return {**schema, "format": "int64"}
    return schema


def _object(schema: dict[str, Any], place: _Place) -> dict[str, Any]:
    more = schema.pop("additionalProperties", None)
    if "properties" in schema:
        properties = {name: _convert(inner, place.field(name)) for name, inner in schema["properties"].items()}
        schema["properties"] = properties
        if place.many > PLACES:
            schema.pop("x-kubernetes-validations", None)
    elif isinstance(more, Mapping) and more:
        schema["additionalProperties"] = _convert(more, place.items(schema.get("maxProperties", 1)))
    else:
        schema.update(_ANYTHING)
    return schema


def _array(schema: dict[str, Any], place: _Place) -> dict[str, Any]:
    if "maxItems" not in schema:
        raise NotStructuralError(f"{place.path}: a list without a limit")
    schema["items"] = _convert(schema.get("items", {}), place.items(schema["maxItems"]))
    if schema["items"].get("properties") is None:
        return {word: value for word, value in schema.items() if word not in _LIST_MARKS}
    return schema


def _ordered(schema: dict[str, Any]) -> dict[str, Any]:
    first = {word: schema[word] for word in _ORDER if word in schema}
    return {**first, **{word: schema[word] for word in sorted(schema) if word not in first}}


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def manifest(model: type[AnyResource]) -> dict[str, Any]:
    """The CustomResourceDefinition of a resource."""
    names = model.names
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": model.__name__,
                "listKind": f"{model.__name__}List",
                "plural": names.plural,
                "singular": model.__name__.lower(),
                "shortNames": [names.short],
                "categories": ["colonnade"],
            },
            "scope": "Namespaced",
            "versions": [{"name": VERSION, "served": True, "storage": True, **_version(model, names)}],
        },
    }


def _version(model: type[AnyResource], names: Names) -> dict[str, Any]:
    return {
        "additionalPrinterColumns": [
            {"name": c.name, "type": c.type, "jsonPath": c.path, **({"priority": 1} if c.wide else {})}
            for c in names.columns
        ],
        "selectableFields": [{"jsonPath": path} for path in names.selectable],
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": structural(model)},
    }


def render() -> dict[str, str]:
    """Every CRD as YAML text, by the name of its file."""
    return {f"{GROUP}_{model.names.plural}.yaml": _yaml(manifest(model)) for model in RESOURCES.values()}


def _yaml(document: Mapping[str, Any]) -> str:
    plain = json.loads(json.dumps(document))  # nothing is shared any more, so that YAML needs no anchors
    text = yaml.safe_dump(plain, sort_keys=False, width=118, allow_unicode=True)
    return f"# Generated from the models by `make crds`: change those.\n{text}"


def write(folder: Path) -> None:
    """Write every CRD into the folder, and take away those of kinds that are gone."""
    folder.mkdir(parents=True, exist_ok=True)
    files = render()
    for stale in folder.glob(f"{GROUP}_*.yaml"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
