"""A resync where nobody asked for anything new: no resource is parsed, no declaration compiled; two questions to the database.

What a pass depends on is remembered as a value, with what the database had noted when it was last proved. While both are the same,
all is well, however many resources there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from colonnade.cluster.api import Document
from colonnade.cluster.objects import Key, condition, deleting, generation, signature, version
from colonnade.cluster.store import Store, View, references
from colonnade.cluster.tell import Work
from colonnade.cluster.work import Order, Report
from colonnade.resources import Datastore


@dataclass(frozen=True)
class Calm:
    """What a pass that found everything as declared depended on, and the order that asks whether it still is."""

    inputs: tuple[Any, ...]
    order: Order
    datastore: Datastore
    paused: bool


class Calms:
    """One for each Datastore that was last found as declared. Lives in one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[Key, Calm] = {}

    def find(self, this: Work) -> Order | None:
        """The order that only asks whether anything changed, where nothing was asked for since."""
        known = self._known.get(this.key)
        docs = [entry.doc for entry in this.entries]
        if known is None or not all(_well(doc) for doc in docs) or known.inputs != self.inputs(this.view):
            return None
        this.datastore, this.paused = known.datastore, known.paused
        return known.order

    def note(self, this: Work, order: Order, report: Report, inputs: tuple[Any, ...]) -> None:
        """Remember a pass that found or made everything as declared from these inputs; forget one that did not."""
        self._known.pop(this.key, None)
        result = report.result
        alone = any(entry.out is not None for entry in this.entries) or order.leaving
        if result is None or result.held or result.desired.errors or report.error or alone or this.datastore is None:
            return
        asked = replace(order, declarations=(), known=(result.desired.digest, result.fingerprint))
        self._known[this.key] = Calm(inputs, asked, this.datastore, this.paused)

    def forget(self, key: Key) -> None:
        self._known.pop(key, None)

    def inputs(self, view: View) -> tuple[Any, ...]:
        """Everything that was read, by identity and version; reconcile-at is among it, and so asks for a full look."""
        docs = [*([view.datastore] if view.datastore else []), *view.schemas]
        read = sorted({oid for doc in docs for oid in references(doc)})
        versions = [(oid, version(found) if (found := self._store.find(oid)) else None) for oid in read]
        return tuple(signature(doc) for doc in docs), tuple(versions)


def _well(doc: Document) -> bool:
    """Whether its status says what a proof would say."""
    ready = condition(doc, "Ready")
    found = ready.get("status"), ready.get("reason"), ready.get("observedGeneration")
    return not deleting(doc) and found == ("True", "Converged", generation(doc))
