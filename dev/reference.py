"""docs/reference, as far as it can be made from the code: resources, hazards, metrics and settings. `make crds` writes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from colonnade.core.hazards import CATALOGUE, Weight
from colonnade.metrics import REGISTRY
from colonnade.resources import GROUP, RESOURCES, VERSION, Resource
from colonnade.settings import Settings
from dev.paths import ROOT

FOLDER = ROOT / "docs" / "reference"
HEAD = "<!-- Generated from the code by `make crds`: change that. -->\n"
WEIGHTS = {
    Weight.DESTRUCTIVE: "can lose data",
    Weight.BLOCKING: "can make others wait longer than policy.maxBlocking",
    Weight.CAREFUL: "can surprise applications or slow them down",
    Weight.NOTICE: "is told, and never waits for approval by itself",
}
Schema = Mapping[str, Any]


def generated() -> dict[Path, str]:
    pages = {f"{kind.lower()}.md": "\n".join(_resource(kind, model)) for kind, model in RESOURCES.items()}
    pages |= {"hazards.md": _hazards(), "metrics.md": _metrics(), "settings.md": _settings()}
    return {FOLDER / name: f"{HEAD}{text}\n" for name, text in pages.items()}


def _resource(kind: str, model: type[Resource]) -> Iterator[str]:
    schema = model.model_json_schema(by_alias=True)
    yield f"# {kind}\n"
    yield f"{schema['description']}\n"
    yield f"`apiVersion: {GROUP}/{VERSION}`, short name `{model.names.short}`, in the category `colonnade`."
    yield f"At the prompt: `kubectl explain {model.names.plural}.spec --recursive`.\n"
    for part in ("spec", "status"):
        for name in _reached(schema, part):
            yield from _section(schema["$defs"][name], name)


def _reached(schema: Schema, part: str) -> Sequence[str]:
    """The definitions that a part of the resource is made of, each where it is met first."""
    found: list[str] = []
    todo = [_reference(schema["properties"][part])]
    while todo:
        name = todo.pop(0)
        if name not in found:
            found.append(name)
            todo += [_reference(inner) for inner in _references(schema["$defs"][name])]
    return found


def _references(schema: Any) -> Iterator[Schema]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema
        for inner in schema.values():
            yield from _references(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _references(inner)


def _reference(schema: Schema) -> str:
    return str(next(_references(schema))["$ref"]).rpartition("/")[2]


def _section(schema: Schema, name: str) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"{schema['description']}\n"
    yield "| field | type | |"
    yield "|---|---|---|"
    required = schema.get("required", ())
    for field, inner in schema.get("properties", {}).items():
        need = " (required)" if field in required else ""
        yield f"| `{field}`{need} | {_type(inner)} | {_cell(inner.get('description', ''))}{_default(inner)} |"
    yield ""
    if rules := schema.get("x-kubernetes-validations"):
        yield "Refused otherwise:\n"
        yield from (f"- {rule['message']}" for rule in rules)
        yield ""


def _type(schema: Schema) -> str:
    if "$ref" in schema:
        name = _reference(schema)
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_type(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    return _plain(schema)


def _plain(schema: Schema) -> str:
    kind = str(schema.get("type", "anything"))
    if kind == "array" and isinstance(schema.get("items"), dict):
        return f"list of {_type(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {_type(schema['additionalProperties'])}"
    return "duration" if str(schema.get("pattern", "")).endswith("(ms|s|m|h))+$") else kind


def _default(schema: Schema) -> str:
    value = schema.get("default")
    if value in (None, (), [], {}, "") or isinstance(value, dict) or "efault" in schema.get("description", ""):
        return ""
    return f" By default `{str(value).lower() if isinstance(value, bool) else value}`."


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("{", "&#123;").replace("<", "&lt;")


def _hazards() -> str:
    lines = [
        "# Hazards\n",
        "What a step of a plan can do to data or to traffic. Codes are stable: policies, metrics and approvals refer to them.",
        "`policy.approval` says which weights wait for a person: `Destructive` the first, `Hazardous` the first three.\n",
    ]
    for weight, meaning in WEIGHTS.items():
        lines += [f"## {weight.capitalize()}: {meaning}\n", "| code | what happens | the safe way |", "|---|---|---|"]
        for each in CATALOGUE.values():
            if each.weight == weight:
                lines.append(
                    f"| `{each.code}` | {_cell(each.text.replace('{object}', 'it'))} | {_cell(each.safe_way)} |"
                )
        lines.append("")
    return "\n".join(lines)


def _metrics() -> str:
    rows = []
    for metric in REGISTRY.collect():
        labels = _labels(metric.name)
        suffix = "_total" if metric.type == "counter" else ""
        rows.append(f"| `{metric.name}{suffix}` | {metric.type} | {labels} | {_cell(metric.documentation)} |")
    return "\n".join((
        "# Metrics\n",
        "Served at `/metrics` on the port `metrics` (8081). The chart's `metrics.serviceMonitor` and `metrics.prometheusRule` bring",
        "them and their alerts to the Prometheus Operator. `namespace` and `datastore` are those of the Datastore.\n",
        "| metric | type | labels | |",
        "|---|---|---|---|",
        *rows,
    ))  # fmt: skip


def _labels(name: str) -> str:
    """The client library shows labels only on series that are there; it keeps the names for itself."""
    collector: Any = REGISTRY._names_to_collectors.get(name) or REGISTRY._names_to_collectors[f"{name}_total"]  # noqa: SLF001
    return ", ".join(f"`{label}`" for label in collector._labelnames)  # noqa: SLF001


def _settings() -> str:
    rows = [
        f"| `--{one.name.replace('_', '-')}` | `COLONNADE_{one.name.upper()}` | {_default_setting(one.metadata['default'])} | {_cell(one.metadata['help'])} |"
        for one in fields(Settings)
    ]
    return "\n".join((
        "# Settings of the operator\n",
        "Of `colonnade run`; a flag wins over its variable. The chart sets them from its `settings`.\n",
        "| flag | variable | default | |",
        "|---|---|---|---|",
        *rows,
    ))  # fmt: skip


def _default_setting(text: str) -> str:
    return f"`{text}`" if text else ""
