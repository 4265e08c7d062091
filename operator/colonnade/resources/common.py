"""What every resource is built from: frozen models, rules in two notations, bounded strings and lists, conditions.

A field's docstring is its description in the CRD (see `describe.py`), so that `kubectl explain` reads like documentation. The
bounds are not taste: the API server estimates the cost of each CEL rule from them and refuses a CRD whose lists and strings are unbounded
(https://kubernetes.io/docs/reference/using-api/cel/#cel-cost-limits).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from colonnade.resources.describe import descriptions

GROUP = "colonnade.dev"
VERSION = "v1alpha1"

DURATION_PATTERN = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def wrong(why: str) -> PydanticCustomError:
    """The error of one field: why its value cannot stand, and what to do."""
    return PydanticCustomError("wrong", "{why}", {"why": why})


def seconds(duration: str) -> float:
    """The seconds of a duration as the resources write it: ``500ms``, ``30s``, ``10m``, ``1h30m``, ``168h``."""
    if not re.fullmatch(DURATION_PATTERN, duration):
        raise ValueError(f"{duration!r} is no duration; write numbers with units, such as 500ms, 30s, 10m or 168h")
    return sum(float(number) * _UNITS[unit] for number, unit in _DURATION_PART.findall(duration))


def duration(value: float) -> str:
    """These seconds as the resources write a duration, exact to the millisecond."""
    whole = round(value * 1000)
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if whole and whole % size == 0:
            return f"{whole // size}{unit}"
    return f"{whole}ms" if whole < 1000 else f"{whole // 1000}.{whole % 1000:03}".rstrip("0") + "s"


def _duration(text: str) -> str:
    try:
        seconds(text)
    except ValueError:
        raise wrong("is no duration; write numbers with units, such as 500ms, 30s, 10m or 168h") from None
    return text


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise wrong("has a NUL character, which no name may have")
    return text


WithoutNul = AfterValidator(_without_nul)

Duration = Annotated[
    str, AfterValidator(_duration), WithJsonSchema({"type": "string", "pattern": DURATION_PATTERN, "maxLength": 32})
]
"""A span of time as text with units; `seconds` reads it."""

KubeName = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
"""The name of an object in Kubernetes."""

KeyName = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
"""The name of a key of a Secret or ConfigMap."""

Message = Annotated[str, Field(max_length=32768)]
Short = Annotated[str, Field(max_length=256)]
Line = Annotated[str, Field(max_length=1024)]
Time = Annotated[str, Field(max_length=64, json_schema_extra={"format": "date-time"})]
"""A moment, as RFC 3339 writes it."""


@dataclass(frozen=True)
class Rule:
    """One check in two notations: CEL for the API server; Python for files, and for objects stored before the rule was made.

    A rule over the old and the new object has no Python side. A rule too dear for CEL has no CEL side.
    """

    message: str
    cel: str | None = None
    check: Callable[[Any], bool] | None = None
    at: str | None = None


@dataclass(frozen=True)
class ListMap:
    """Marks a list whose items are told apart by these fields: unique, and merged by server-side apply item by item."""

    limit: int
    keys: tuple[str, ...] = ("name",)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._unique, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        listed = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(self.keys)}
        return {**handler(schema), "maxItems": self.limit, **listed}

    def _unique(self, items: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(items) > self.limit:
            raise wrong(f"has {len(items)} items and may have {self.limit}; share them out over several resources")
        counted = Counter(tuple(getattr(item, key) for key in self.keys) for item in items)
        if twice := [key for key, times in counted.items() if times > 1]:
            named = ", ".join(" ".join(map(str, key)) for key in twice)
            raise wrong(f"declares {named} more than once; keep one")
        return items


def _alias(name: str) -> str:
    """The name in YAML: camel case, without the underscore that keeps a name off Python's keywords."""
    return to_camel(name.rstrip("_"))


class Frozen(BaseModel):
    """The base of everything in a resource. Fields that are not known are ignored unless the caller of `load` is strict.

    Validators are built at first use: the command line starts in half the time.
    """

    model_config = ConfigDict(
        alias_generator=_alias, defer_build=True, extra="ignore", frozen=True, populate_by_name=True
    )

    rules: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obeys_rules(self) -> Self:
        for rule in type(self).rules:
            if rule.check is not None and not rule.check(self):
                raise wrong(rule.message)
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        found = handler.resolve_ref_schema(handler(schema))
        for name, text in descriptions(cls).items():
            found["properties"][_alias(name)]["description"] = text
        if written := [_validation(rule) for rule in cls.rules if rule.cel]:
            found["x-kubernetes-validations"] = written
        return found


def _validation(rule: Rule) -> dict[str, str]:
    place = {"fieldPath": rule.at} if rule.at else {}
    return {"rule": rule.cel or "", "message": rule.message, **place}


class DatastoreRef(Frozen):
    """The Datastore that a resource belongs to."""

    rules = (
        Rule(
            "datastoreRef.name cannot be changed: delete this resource (the database keeps everything while deletionPolicy is "
            "Retain) and create it anew for the other Datastore",
            cel="self.name == oldSelf.name",
            at=".name",
        ),
    )

    name: KubeName
    """Name of the Datastore in the same namespace. It cannot be changed later."""


class SecretKeyRef(Frozen):
    """One key of one Secret."""

    name: KubeName
    """Name of the Secret in the same namespace."""
    key: KeyName
    """Key whose value is read."""


class ConfigMapKeyRef(Frozen):
    """One key of one ConfigMap."""

    name: KubeName
    """Name of the ConfigMap in the same namespace."""
    key: KeyName
    """Key whose value is read."""


DeletionPolicy = Literal["Retain", "Quarantine", "Delete"]


class Condition(Frozen):
    """One aspect of how things stand, as Kubernetes has it."""

    type: Short
    """Ready, Reconciling, Stalled or Drifted."""
    status: Literal["True", "False", "Unknown"]
    """Whether it is so: True, False or Unknown."""
    reason: Short = ""
    """One word for why, from a closed list: see the reference of conditions."""
    message: Message = ""
    """The same in a sentence: the subject, the offending value, and what to do."""
    observed_generation: int | None = None
    """The metadata.generation that this was found for; an older one is out of date."""
    last_transition_time: Time | None = None
    """When the status last changed."""


class Status(Frozen):
    """What every status has."""

    observed_generation: int | None = None
    """The metadata.generation that the operator saw last; -1 until it saw the resource at all."""
    conditions: Annotated[tuple[Condition, ...], ListMap(16, ("type",))] = ()
    """Ready, Reconciling, Stalled and Drifted, each with the generation that it was found for."""

    def condition(self, kind: str) -> Condition | None:
        """The condition of this type, if it was ever set."""
        return next((c for c in self.conditions if c.type == kind), None)


class Metadata(Frozen):
    """What Kubernetes keeps of every object."""

    name: str
    namespace: str | None = None
    uid: str | None = None
    generation: int | None = None
    resource_version: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    creation_timestamp: str | None = None
    deletion_timestamp: str | None = None
    deletion_grace_period_seconds: int | None = None
    owner_references: tuple[dict[str, Any], ...] = ()
    managed_fields: tuple[dict[str, Any], ...] = ()
    generate_name: str | None = None
    self_link: str | None = None


@dataclass(frozen=True)
class Column:
    """One column of `kubectl get`; a wide one shows with ``-o wide`` only."""

    name: str
    path: str
    type: str = "string"
    wide: bool = False


@dataclass(frozen=True)
class Names:
    """How a kind is called in the API and at the prompt, what `kubectl get` prints of it, what it can be selected by."""

    plural: str
    short: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = (".spec.datastoreRef.name",)


def columns(*own: Column) -> tuple[Column, ...]:
    """Ready and Reason, then the columns of the kind itself, then the age and the message."""
    ready = '.status.conditions[?(@.type=="Ready")]'
    return (
        Column("Ready", f"{ready}.status"),
        Column("Reason", f"{ready}.reason"),
        *own,
        Column("Message", f"{ready}.message", wide=True),
        Column("Age", ".metadata.creationTimestamp", "date"),
    )


class Resource(Frozen):
    """One custom resource: what a team declares (`spec`) and how it stands (`status`)."""

    names: ClassVar[Names]

    api_version: Literal["colonnade.dev/v1alpha1"] = "colonnade.dev/v1alpha1"
    metadata: Metadata

    @property
    def identity(self) -> str:
        """Kind, namespace and name, as errors and plans call it."""
        return "/".join(part for part in (type(self).__name__, self.metadata.namespace, self.metadata.name) if part)
