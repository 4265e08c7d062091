"""What `doctor` asks a cluster: does it answer, does it know our resources as this version does, what may this person do there."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.cli import cluster
from colonnade.cli.kept import gathered
from colonnade.cluster.api import Api, ApiError, Place
from colonnade.cluster.load import read_datastore
from colonnade.cluster.objects import DATASTORE, condition, id_of
from colonnade.cluster.target import Files, target
from colonnade.core.errors import ColonnadeError
from colonnade.engines import Target
from colonnade.resources import GROUP, RESOURCES, VERSION
from colonnade.resources.crd import manifest

Finding = tuple[str, bool, str]
"""What was looked at, whether it is well, what there is to say."""

_CRDS = Place("apiextensions.k8s.io", "v1", "customresourcedefinitions")
_REVIEWS = Place("authorization.k8s.io", "v1", "selfsubjectaccessreviews")
_INSTALL = "colonnade crds | kubectl apply --server-side -f -"
_RIGHTS = (
    *((verb, GROUP, model.names.plural) for model in RESOURCES.values() for verb in ("get", "list")),
    ("patch", GROUP, "postgresschemas"),
    ("patch", GROUP, "mongoschemas"),
    ("patch", GROUP, "migrationplans"),
    ("get", "", "secrets"),
)
_WITHOUT = {
    ("patch", "postgresschemas"): "you cannot apply schemas",
    ("patch", "mongoschemas"): "you cannot apply schemas",
    ("patch", "migrationplans"): "you cannot approve plans, which is as it should be for authors of schemas",
    ("get", "secrets"): "you cannot plan from here without --url; the operator can",
}
_OPTIONAL = frozenset(_WITHOUT)


@dataclass(frozen=True)
class Reached:
    """A database to look at: its engine and where it is."""

    address: tuple[str, Target]


async def cluster_findings(api: Api, where: str) -> AsyncIterator[Finding]:
    """What there is to say of the cluster and the namespace."""
    version = await api.request("GET", "/version")
    yield "cluster", True, f"Kubernetes {version['gitVersion']} answers"
    for kind in RESOURCES:
        yield await _crd(api, kind)
    for verb, group, plural in _RIGHTS:
        if not await _may(api, where, verb, group, plural):
            told = _WITHOUT.get((verb, plural), "ask for the role colonnade-viewer")
            yield f"{verb} {plural}", (verb, plural) in _OPTIONAL, f"not allowed in namespace {where}: {told}"


async def _crd(api: Api, kind: str) -> Finding:
    """Whether the API server knows a kind, and as this version does."""
    model = RESOURCES[kind]
    name = f"{model.names.plural}.{GROUP}"
    try:
        there = await api.request("GET", _CRDS.path(name=name))
    except ApiError as error:
        if error.status == 404:
            return f"CRD {name}", False, f"not installed; run: {_INSTALL}"
        if error.status == 403:
            return await _served(api, name, model.names.plural)
        raise
    if _schema(there) != _schema(manifest(model)):
        return f"CRD {name}", False, f"of another version than this command; run: {_INSTALL}"
    established = any(
        c["type"] == "Established" and c["status"] == "True" for c in there["status"].get("conditions", ())
    )
    return (
        f"CRD {name}",
        established,
        "installed, of this version" if established else "not served yet; look again in a moment",
    )


async def _served(api: Api, name: str, plural: str) -> Finding:
    """For those who may not read CRDs: what everybody may ask."""
    try:
        found = await api.request("GET", f"/apis/{GROUP}/{VERSION}")
    except ApiError as error:
        if error.status != 404:
            raise
        found = {"resources": []}
    there = any(one["name"] == plural for one in found["resources"])
    return f"CRD {name}", there, "installed" if there else f"not installed; have this run: {_INSTALL}"


def _schema(crd: Mapping[str, Any]) -> Any:
    return next((one["schema"]["openAPIV3Schema"] for one in crd["spec"]["versions"] if one["name"] == VERSION), None)


async def _may(api: Api, where: str, verb: str, group: str, plural: str) -> bool:
    """https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access"""
    asked = {"namespace": where, "verb": verb, "group": group, "resource": plural}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": asked},
    }
    answer = await api.request("POST", _REVIEWS.path(), body=body)
    return bool(answer["status"].get("allowed"))


def datastores(args: Namespace, where: str) -> Iterator[Finding | Reached]:
    """Each Datastore of the namespace: how the operator sees it, and where it is, as far as this person may know."""
    found = cluster.within(args, lambda api: cluster.listed(api, DATASTORE, where))
    chosen = [doc for doc in found if args.datastore in (None, doc["metadata"]["name"])]
    if not chosen:
        yield (
            "Datastores",
            args.datastore is None,
            f"there is none{f' called {args.datastore}' if args.datastore else ''} in namespace {where}",
        )
    files = Files()
    try:
        for doc in chosen:
            yield _seen(doc)
            yield _reached(args, doc, files)
    finally:
        files.close()


def _seen(doc: Mapping[str, Any]) -> Finding:
    """What the operator says of it."""
    ready, subject = condition(doc, "Ready"), f"Datastore {doc['metadata']['name']}"
    if ready.get("observedGeneration") != doc["metadata"].get("generation"):
        return subject, False, "no operator has looked at it; is one running, and does it watch this namespace?"
    return subject, ready.get("status") == "True", f"the operator says: {ready.get('message', '')}"


def _reached(args: Namespace, doc: dict[str, Any], files: Files) -> Finding | Reached:
    try:
        kept = gathered(args, {id_of(doc): doc})
        datastore = read_datastore(doc)
        secrets = {oid.name: one for oid, one in kept.docs.items() if oid.kind == "Secret"}
        return Reached((datastore.spec.engine, target(datastore, secrets, files)))
    except ColonnadeError as error:
        return f"Datastore {doc['metadata']['name']}", False, f"from here it cannot be looked at: {error}"
