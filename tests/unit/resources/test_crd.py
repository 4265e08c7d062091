from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from pydantic import BaseModel, Field

from colonnade.resources import RESOURCES, Duration
from colonnade.resources.common import Frozen
from colonnade.resources.crd import DEPTH, NotStructuralError, manifest, render, structural, write
from dev.paths import ROOT

CRDS = ROOT / "crds"
Schema = dict[str, Any]


def schema(kind: str) -> Schema:
    return structural(RESOURCES[kind])


def fields(found: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every field with its schema, those inside lists and maps too."""
    for name, inner in found.get("properties", {}).items():
        yield f"{path}.{name}", inner
        yield from fields(inner, f"{path}.{name}")
    for word in ("items", "additionalProperties"):
        if isinstance(found.get(word), dict):
            yield f"{path}[]", found[word]
            yield from fields(found[word], f"{path}[]")


SCALARS = ("string", "integer", "number", "boolean")
EVERY_FIELD = [pytest.param(kind, list(fields(schema(kind))), id=kind) for kind in RESOURCES]


@pytest.fixture(scope="module")
def rendered() -> dict[str, str]:
    return render()


def test_the_committed_crds_are_what_is_generated(rendered: dict[str, str]) -> None:
    """`make crds` writes them."""
    assert {path.name: path.read_text() for path in CRDS.glob("*.yaml")} == rendered


def test_what_is_generated_replaces_what_was_there(tmp_path: Path, rendered: dict[str, str]) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / "colonnade.dev_gone.yaml").touch()
    (folder / "other.yaml").touch()
    write(folder)
    assert {path.name: path.read_text() for path in folder.iterdir()} == {**rendered, "other.yaml": ""}


def test_every_crd_fits_into_an_annotation(rendered: dict[str, str]) -> None:
    """Where kubectl apply keeps it; a client that applies without --server-side fails otherwise."""
    assert [name for name, text in rendered.items() if len(text.encode()) > 256_000] == []


def test_kinds_are_told_apart_at_the_prompt() -> None:
    names = [manifest(model)["spec"]["names"] for model in RESOURCES.values()]
    assert all(name["categories"] == ["colonnade"] for name in names)
    assert len({short for name in names for short in name["shortNames"]}) == len(names)


@pytest.mark.parametrize(("kind", "found"), EVERY_FIELD)
def test_every_field_has_a_sentence(kind: str, found: list[tuple[str, Schema]]) -> None:
    own = [(path, inner) for path, inner in found if path.startswith((".spec", ".status")) and not path.endswith("]")]
    shallow = [(path, inner) for path, inner in own if path.count("fields") + path.count("items") < 3]
    assert [path for path, inner in shallow if not inner.get("description", "").endswith(".")] == []


@pytest.mark.parametrize(("kind", "found"), EVERY_FIELD)
def test_every_field_that_may_be_left_out_says_what_holds_then(kind: str, found: list[tuple[str, Schema]]) -> None:
    """Scalars of a spec, that is. What the operator writes into a plan has no default."""
    told = ("By default", "Either this or", "belongs to")
    silent = [
        f"{path}.{name}"
        for path, inner in found
        if path.startswith(".spec") and not path.startswith(".spec.plan")
        for name, field in inner.get("properties", {}).items()
        if field.get("type") in SCALARS and name not in inner.get("required", ())
        if "description" in field and not any(word in field["description"] for word in told)
    ]
    assert silent == []


@pytest.mark.parametrize(("kind", "found"), EVERY_FIELD)
def test_everything_is_bounded(kind: str, found: list[tuple[str, Schema]]) -> None:
    """The server refuses a rule over what has no bound, and etcd an object that is too large."""
    outer = (".apiVersion", ".kind", ".metadata")
    open_ended = [
        path
        for path, inner in found
        if (inner.get("type") == "string" and not {"enum", "maxLength"} & set(inner) and path not in outer)
        or (inner.get("type") == "array" and "maxItems" not in inner)
        or ("additionalProperties" in inner and "maxProperties" not in inner)
    ]
    assert open_ended == []


@pytest.mark.parametrize(("kind", "found"), EVERY_FIELD)
def test_the_status_alone_has_a_default(kind: str, found: list[tuple[str, Schema]]) -> None:
    """A default in a spec would make an application in Argo CD differ from its source for ever."""
    assert {path: inner["default"] for path, inner in found if "default" in inner} == {
        ".status": {"observedGeneration": -1}
    }


@pytest.mark.parametrize(("kind", "found"), EVERY_FIELD)
def test_every_list_of_named_things_is_a_map(kind: str, found: list[tuple[str, Schema]]) -> None:
    plain = [
        path
        for path, inner in found
        if "name" in inner.get("items", {}).get("required", ()) and "x-kubernetes-list-type" not in inner
    ]
    assert plain == []


@pytest.mark.parametrize(("kind", "found"), EVERY_FIELD)
def test_the_keys_of_a_list_map_are_required(kind: str, found: list[tuple[str, Schema]]) -> None:
    for path, inner in found:
        keys = inner.get("x-kubernetes-list-map-keys", [])
        assert set(keys) <= set(inner.get("items", {}).get("required", ())), path


def test_a_recursive_model_is_written_out_to_a_depth_and_open_below() -> None:
    level = schema("MongoSchema")["properties"]["spec"]["properties"]["collections"]["items"]
    for _ in range(DEPTH):
        level = level["properties"]["fields"]["items"]
    deepest = level["properties"]["fields"]
    assert deepest["items"]["x-kubernetes-preserve-unknown-fields"]
    assert "properties" not in deepest["items"]
    assert "x-kubernetes-list-type" not in deepest


class Inner(Frozen):
    """An inner model."""

    number: Annotated[int, Field(ge=1, le=9)] = 5
    """A number."""


class Sample(Frozen):
    """Everything that the conversion knows."""

    text: Annotated[str, Field(max_length=5)]
    """A text,
    in two lines."""
    choice: Literal["A"] = "A"
    """A choice of one."""
    span: Duration = "5m"
    """A span."""
    flag: bool = False
    """A flag."""
    ratio: float | None = None
    """A ratio."""
    inner: Inner | None = None
    """An inner object."""
    raw: Annotated[dict[str, Any], Field(max_length=3)] | None = None
    """Anything."""
    labels: Annotated[dict[str, Annotated[str, Field(max_length=3)]], Field(max_length=3)] | None = None
    """Labels."""


class Whole(BaseModel):
    """A resource."""

    spec: Sample
    status: Inner


def test_each_form_is_converted() -> None:
    converted = structural(Whole)["properties"]["spec"]  # type: ignore[arg-type]
    assert converted["required"] == ["text"]
    assert converted["properties"] == {
        "text": {"description": "A text, in two lines.", "type": "string", "maxLength": 5},
        "choice": {"description": "A choice of one. By default A.", "type": "string", "enum": ["A"]},
        "span": {
            "description": "A span. By default 5m.",
            "type": "string",
            "pattern": "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$",
            "maxLength": 32,
        },
        "flag": {"description": "A flag. By default false.", "type": "boolean"},
        "ratio": {"description": "A ratio.", "type": "number"},
        "inner": {
            "description": "An inner object.",
            "type": "object",
            "properties": {
                "number": {
                    "description": "A number. By default 5.",
                    "type": "integer",
                    "format": "int64",
                    "maximum": 9,
                    "minimum": 1,
                }
            },
        },
        "raw": {
            "description": "Anything.",
            "type": "object",
            "maxProperties": 3,
            "x-kubernetes-preserve-unknown-fields": True,
        },
        "labels": {
            "description": "Labels.",
            "type": "object",
            "additionalProperties": {"type": "string", "maxLength": 3},
            "maxProperties": 3,
        },
    }


class Union(BaseModel):
    both: int | str


class Open(BaseModel):
    items: tuple[int, ...]


class Pair(BaseModel):
    pair: tuple[int, str]


class Exclusive(BaseModel):
    above: Annotated[int, Field(gt=0)]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (Union, r"\.spec\.both: a union of 2 types"),
        (Open, r"\.spec\.items: a list without a limit"),
        (Pair, r"\.spec\.pair: prefixItems"),
        (Exclusive, r"\.spec\.above: exclusiveMinimum"),
    ],
)
def test_what_kubernetes_has_no_word_for_is_an_error(spec: type[BaseModel], says: str) -> None:
    whole = type("Whole", (BaseModel,), {"__annotations__": {"spec": spec, "status": Inner}})
    with pytest.raises(NotStructuralError, match=says):
        structural(whole)


def test_the_yaml_is_the_manifest(rendered: dict[str, str]) -> None:
    text = rendered["colonnade.dev_datastores.yaml"]
    assert yaml.safe_load(text) == manifest(RESOURCES["Datastore"])
    assert text.startswith("# Generated from the models by `make crds`")
