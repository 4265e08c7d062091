"""What files would mean in a cluster: the resources there with those of the files in their place, read with the person's own rights.

A plan is for a whole Datastore, so that the other resources of it count, too, just as they do for the operator.
"""

from __future__ import annotations

import base64
from argparse import Namespace
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from colonnade.cli import cluster
from colonnade.cli.aim import Aim
from colonnade.cli.declared import Declared
from colonnade.cli.files import Texts
from colonnade.cli.rules import Rules
from colonnade.cluster.load import policy_for, read_datastore, read_schemas
from colonnade.cluster.objects import DATASTORE, PLACES, SCHEMAS, Id, Key, id_of, key_of
from colonnade.cluster.store import View, references
from colonnade.cluster.target import Files, target
from colonnade.core.errors import InvalidSpec, WaitingForDependency
from colonnade.engines import Declaration
from colonnade.resources import documents, load_all

if TYPE_CHECKING:
    from colonnade.cluster.api import Api

Document = dict[str, Any]


@dataclass(frozen=True)
class Kept:
    """Documents by identity, and which of them the files brought."""

    docs: Mapping[Id, Document]
    given: frozenset[Id]

    def view(self, key: Key) -> View:
        """One Datastore and its schemas."""
        schemas = (doc for oid, doc in self.docs.items() if oid.kind in SCHEMAS and key_of(doc) == key)
        return View(key, self.docs.get(Id(DATASTORE, key.namespace, key.name)), tuple(schemas), ())


def given(texts: Texts, namespace: str) -> dict[Id, Document]:
    """The documents of the files that matter here. Raises InvalidSpec with all that is wrong in them."""
    if texts.sql:
        raise InvalidSpec(
            f"{texts.sql[0].name}: SQL by itself needs --url; in a cluster it stands in a PostgresSchema, under spec.sql"
        )
    found: dict[Id, Document] = {}
    for text in texts.yaml:
        load_all(text.text, text.name)
        for document in documents(text.text, text.name):
            if document.content.get("kind") in PLACES:
                doc = _placed(document.content, namespace)
                found[id_of(doc)] = doc
    if not any(oid.kind in (DATASTORE, *SCHEMAS) for oid in found):
        raise InvalidSpec(
            f"-f {' -f '.join(texts.asked)}: there is no resource of Colonnade's in it; give a {' or a '.join(SCHEMAS)}"
        )
    return found


def _placed(content: Document, namespace: str) -> Document:
    """As the API server would keep it."""
    doc = {**content, "metadata": {"namespace": namespace, **(content.get("metadata") or {})}}
    plain = {
        name: base64.b64encode(str(text).encode()).decode()
        for name, text in (doc.pop("stringData", None) or {}).items()
    }
    return {**doc, "data": {**(doc.get("data") or {}), **plain}} if plain else doc


def gathered(args: Namespace, docs: dict[Id, Document]) -> Kept:
    """These documents with what they belong to in the cluster."""

    async def gather(api: Api) -> Kept:
        keys = {key_of(doc) for oid, doc in docs.items() if oid.kind in (DATASTORE, *SCHEMAS)}
        found = {id_of(doc): doc for key in sorted(keys) for doc in await _members(api, key)}
        found |= docs
        wanted = {
            ref
            for oid, doc in found.items()
            if oid.kind in (DATASTORE, *SCHEMAS) and key_of(doc) in keys
            for ref in references(doc)
        }
        for ref in sorted(wanted - found.keys()):
            if (doc := await api.find(PLACES[ref.kind], ref.namespace, ref.name)) is not None:
                found[ref] = {**doc, "kind": ref.kind}
        return Kept(found, frozenset(docs))

    return cluster.within(args, gather)


async def _members(api: Api, key: Key) -> list[Document]:
    datastore = await api.find(PLACES[DATASTORE], key.namespace, key.name)
    schemas = [doc for kind in SCHEMAS for doc in await cluster.listed(api, kind, key.namespace) if key_of(doc) == key]
    return [*([datastore] if datastore else []), *schemas]


def aims(args: Namespace, texts: Texts, files: Files) -> Iterator[Aim]:
    """One for each Datastore that the files are about. Raises ColonnadeError."""
    kept = gathered(args, given(texts, cluster.namespace(args)))
    for key in sorted({key_of(kept.docs[oid]) for oid in kept.given if oid.kind in (DATASTORE, *SCHEMAS)}):
        yield _aim(kept, kept.view(key), files)


def _aim(kept: Kept, view: View, files: Files) -> Aim:
    if view.datastore is None:
        raise WaitingForDependency(
            f"Datastore {view.key} is neither in the cluster nor in the files; create it, or check --namespace"
        )
    datastore = read_datastore(view.datastore)
    entries = read_schemas(view, datastore, kept.docs.get)
    wrong = [f"{entry.owner}: {entry.out.message}" for entry in entries if entry.out and id_of(entry.doc) in kept.given]
    if wrong:
        raise InvalidSpec("\n".join(wrong))
    policy, windows = policy_for(datastore, entries)
    secrets = {
        oid.name: doc for oid, doc in kept.docs.items() if oid.kind == "Secret" and oid.namespace == view.key.namespace
    }
    declared = Declared(tuple(_declared(entry.declaration for entry in entries)), passed_over=_left_out(entries))
    return Aim(datastore.spec.engine, target(datastore, secrets, files), declared, Rules(policy, windows), whole=False)


def _declared(found: Iterable[Declaration | None]) -> Iterator[Declaration]:
    return (declaration for declaration in found if declaration is not None)


def _left_out(entries: Iterable[Any]) -> tuple[str, ...]:
    return tuple(f"{entry.owner} ({entry.out.reason})" for entry in entries if entry.out)
