"""Documents of the Kubernetes API: where their kinds are, what they are called, what they ask for in their metadata."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from colonnade.cluster.api import CONFIG_MAPS, SECRETS, Document, Place
from colonnade.resources import GROUP, RESOURCES, VERSION, MigrationSteps

PAUSED, RECONCILE_AT, RELEASE = (f"{GROUP}/{name}" for name in ("paused", "reconcile-at", "release"))
FINALIZER = f"{GROUP}/cleanup"
DATASTORE, PLAN = "Datastore", "MigrationPlan"
SCHEMAS = tuple(kind for kind in RESOURCES if kind not in (DATASTORE, PLAN))
OWN = {kind: Place(GROUP, VERSION, model.names.plural) for kind, model in RESOURCES.items()}
PLACES = {**OWN, "Secret": SECRETS, "ConfigMap": CONFIG_MAPS}


class Key(NamedTuple):
    """One Datastore: what the queue works on. Its resources belong to it whether it exists or not."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Id(NamedTuple):
    """One object of the API."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return "/".join(self)


def metadata(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = doc["metadata"]
    return found


def id_of(doc: Mapping[str, Any]) -> Id:
    return Id(doc["kind"], metadata(doc)["namespace"], metadata(doc)["name"])


def key_of(doc: Mapping[str, Any]) -> Key:
    """The Datastore that an object of ours belongs to."""
    namespace = metadata(doc)["namespace"]
    if doc["kind"] == DATASTORE:
        return Key(namespace, metadata(doc)["name"])
    return Key(namespace, str((doc["spec"].get("datastoreRef") or {}).get("name", "")))


def generation(doc: Mapping[str, Any]) -> int:
    return int(metadata(doc).get("generation") or 0)


def annotation(doc: Mapping[str, Any], name: str) -> str:
    return str((metadata(doc).get("annotations") or {}).get(name, ""))


def says(doc: Mapping[str, Any], name: str) -> bool:
    """Whether an annotation says yes."""
    return annotation(doc, name).lower() == "true"


def deleting(doc: Mapping[str, Any]) -> bool:
    return bool(metadata(doc).get("deletionTimestamp"))


def finalizers(doc: Mapping[str, Any]) -> list[str]:
    return list(metadata(doc).get("finalizers") or ())


def kept(doc: Mapping[str, Any]) -> bool:
    """Whether our finalizer keeps the object from going."""
    return FINALIZER in finalizers(doc)


def status(doc: Mapping[str, Any]) -> Mapping[str, Any]:
    return doc.get("status") or {}


def condition(doc: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """The condition of this type, empty where there is none."""
    return next((c for c in status(doc).get("conditions") or () if c.get("type") == kind), {})


def wish(doc: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the object asks of the database: which object it is, which generation, and whether it goes."""
    return metadata(doc).get("uid"), generation(doc), deleting(doc)


def signature(doc: Mapping[str, Any]) -> tuple[Any, ...]:
    """What has to change before the object is worth another look."""
    asked = tuple(annotation(doc, name) for name in (PAUSED, RECONCILE_AT, RELEASE))
    return *wish(doc), kept(doc), asked


def version(doc: Mapping[str, Any]) -> int:
    """The resourceVersion; versions of one kind can be compared (Kubernetes 1.35 promises what was always so)."""
    text = str(metadata(doc).get("resourceVersion") or "")
    return int(text) if text.isdigit() else 0


def lean(doc: Document) -> Document:
    """The object without what only others read: with ten thousand of them it is half of the memory, and plans are large."""
    meta = {key: value for key, value in doc["metadata"].items() if key != "managedFields"}
    notes = dict(meta.get("annotations") or {})
    if notes.pop("kubectl.kubernetes.io/last-applied-configuration", None) is not None:
        meta["annotations"] = notes
    if doc["kind"] == PLAN:
        spec = doc["spec"]
        return {**doc, "metadata": meta, "spec": {**spec, "plan": {"hash": spec["plan"]["hash"], "told": told(doc)}}}
    return {**doc, "metadata": meta}


def told(doc: Mapping[str, Any]) -> str:
    """A hash of what a MigrationPlan tells a person who approves it, also of one that is `lean`; none of one that is no plan."""
    plan = doc["spec"]["plan"]
    if plan.keys() == {"hash", "told"}:
        return str(plan["told"])
    try:
        return MigrationSteps.model_validate(plan).told
    except ValueError:
        return ""


def stamp(moment: datetime | None = None) -> str:
    """A moment as the API writes it; now where none is given."""
    return (moment or datetime.now(UTC)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
