"""What keeps a resource from going, and how it is let go.

A finalizer stands only where deletion has something to do in the database (Quarantine, Delete). It never needs the database where it
is to be retained, and never holds a resource for ever: the annotation colonnade.dev/release lets go at once, and so does time.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from colonnade.cluster.api import Api, ApiError, Document
from colonnade.cluster.objects import (
    FINALIZER,
    OWN,
    PAUSED,
    RELEASE,
    deleting,
    finalizers,
    id_of,
    kept,
    metadata,
    moment,
    says,
)
from colonnade.cluster.store import Store
from colonnade.cluster.writer import Writer
from colonnade.core.errors import Refused
from colonnade.core.status import Standing, failed

_LOG = logging.getLogger(__name__)


def policy(doc: Mapping[str, Any]) -> str:
    return str(doc["spec"].get("deletionPolicy") or "Retain")


def wanted(doc: Mapping[str, Any]) -> bool:
    """Whether the finalizer should stand on a resource that is not being deleted."""
    return policy(doc) != "Retain" and not says(doc, RELEASE)


@dataclass(frozen=True)
class Leaving:
    """The resources being deleted that the database has to be told of, by owner."""

    docs: Mapping[str, Document] = field(default_factory=dict[str, Document])

    @property
    def policies(self) -> dict[str, str]:
        return {owner: policy(doc) for owner, doc in self.docs.items()}


class Finalizers:
    """Sets and takes away our finalizer. Lives in one event loop."""

    def __init__(self, api: Api, store: Store, writer: Writer, patience: float) -> None:
        self._api, self._store, self._writer, self._patience = api, store, writer, patience

    async def sort(self, schemas: tuple[Document, ...]) -> Leaving:
        """Bring the finalizers to what the resources ask for, and let go of those that ask for nothing."""
        leaving = {}
        for doc in schemas:
            if not deleting(doc):
                if wanted(doc) != kept(doc):
                    await self._set(doc, wanted(doc))
            elif kept(doc) and wanted(doc) and says(doc, PAUSED):
                paused = Refused("the resource is paused by the annotation colonnade.dev/paused; remove it to go on")
                await self.stuck(doc, failed(paused))
            elif kept(doc) and wanted(doc):
                leaving[str(id_of(doc))] = doc
            elif kept(doc):
                await self._set(doc, False)
        return Leaving(leaving)

    async def done(self, doc: Document) -> None:
        """The database has been seen to."""
        self._writer.post(
            doc, "Released", f"what it owned in the database was dealt with as deletionPolicy {policy(doc)} says"
        )
        await self._set(doc, False)

    async def stuck(self, doc: Document, why: Standing) -> None:
        """The database could not be seen to now: say why and how to let go; after long enough, let go."""
        waited = (datetime.now(UTC) - moment(metadata(doc)["deletionTimestamp"])).total_seconds()
        if self._patience and waited > self._patience:
            note = (
                f"let go after {int(waited)} s without touching the database, which keeps what it holds: {why.message}"
            )
            self._writer.post(doc, "LetGo", note, fine=False)
            _LOG.warning(
                "let go of a resource without touching its database",
                extra={"object": str(id_of(doc)), "reason": why.reason},
            )
            await self._set(doc, False)
            return
        until = f", or wait {int(self._patience - waited)} s" if self._patience else ""
        message = (
            f"deletionPolicy {policy(doc)} cannot be carried out: {why.message}. To let go and leave the database as it is, annotate it "
            f"with {RELEASE}=true{until}"
        )
        await self._writer.write(doc, Standing(why.reason, message))

    async def _set(self, doc: Document, stands: bool) -> None:
        """All or nothing: the test fails where somebody else changed the list meanwhile, and then the event of that wakes us."""
        oid, before = id_of(doc), finalizers(doc)
        after = [*before, FINALIZER] if stands else [name for name in before if name != FINALIZER]
        if before:
            test = {"op": "test", "path": "/metadata/finalizers", "value": before}
            operations = [test, {"op": "replace", "path": "/metadata/finalizers", "value": after}]
        else:
            operations = [{"op": "add", "path": "/metadata/finalizers", "value": after}]
        try:
            changed = await self._api.patch(OWN[oid.kind], oid.namespace, oid.name, operations)
        except ApiError as error:
            if error.status not in (404, 409, 422):
                raise
            _LOG.debug(
                "the finalizers were changed by somebody else", extra={"object": str(oid), "status": error.status}
            )
            return
        if not deleting(changed) or finalizers(changed):
            self._store.put(changed, ours=True)
