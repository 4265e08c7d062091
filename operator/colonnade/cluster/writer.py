"""Writes statuses, and only where they differ; posts an Event where a resource came to stand otherwise.

This operator is the only writer of these statuses. A status is never written for a generation that has been overtaken: the pass
that the newer one causes will write its own.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from weakref import WeakValueDictionary

from colonnade import log
from colonnade.cluster.api import EVENTS, Api, ApiError, Document
from colonnade.cluster.objects import OWN, Id, condition, generation, id_of, metadata, stamp, status
from colonnade.cluster.store import Store
from colonnade.core.status import Standing, conditions, cut, working

_LOG = logging.getLogger(__name__)
_AT_ONCE = 16
_NOTE = 1024
_QUIET = ("Applying",)
_FINE = (
    "Converged",
    "Applying",
    "ApprovalRequired",
    "WaitingForWindow",
    "WaitingForLock",
    "WaitingForDependency",
    "Paused",
)


class Writer:
    """The only door to `/status` and to Events. Lives in one event loop."""

    def __init__(self, api: Api, store: Store, me: str) -> None:
        self._api, self._store, self._me = api, store, me
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._locks: WeakValueDictionary[Id, asyncio.Lock] = WeakValueDictionary()
        self._tasks: set[asyncio.Task[None]] = set()

    async def greet(self, doc: Document) -> None:
        """Say at first sight of a generation that it was seen, however long it takes until a worker has time for it."""
        async with self._alone(doc):
            now = self._same(doc)
            if now is not None and status(now).get("observedGeneration") != generation(now):
                await self._write(now, working(f"generation {generation(now)} was seen; it is being looked at"), {})

    async def write(self, seen: Document, standing: Standing, fields: Mapping[str, Any] | None = None) -> None:
        """Bring the status of the object, as a pass saw it, to this. The object may have changed or gone since."""
        async with self._alone(seen):
            if (doc := self._same(seen)) is not None:
                await self._write(doc, standing, fields or {})

    def _alone(self, doc: Document) -> asyncio.Lock:
        """Two writes to one status must not overtake each other on their way."""
        return self._locks.setdefault(id_of(doc), asyncio.Lock())

    def _same(self, seen: Document) -> Document | None:
        """The newest version of the object, if it is still the one that was seen and asks for the same."""
        doc = self._store.find(id_of(seen))
        same = doc is not None and (generation(doc), metadata(doc).get("uid")) == (
            generation(seen),
            metadata(seen).get("uid"),
        )
        return doc if same else None

    async def _write(self, doc: Document, standing: Standing, fields: Mapping[str, Any]) -> None:
        before = condition(doc, "Ready")
        if patch := self._differing(doc, standing, fields):
            await self._patch(doc, patch)
            self._tell(doc, before, standing)

    def _differing(self, doc: Document, standing: Standing, fields: Mapping[str, Any]) -> dict[str, Any]:
        wanted = {
            "observedGeneration": generation(doc),
            "conditions": conditions(standing, generation(doc), status(doc).get("conditions") or [], stamp()),
            **fields,
        }
        old = status(doc)
        differing = {key: _scrubbed(value) for key, value in wanted.items() if old.get(key) != value}
        return {key: value for key, value in differing.items() if old.get(key) != value}

    async def _patch(self, doc: Document, patch: Mapping[str, Any]) -> None:
        oid = id_of(doc)
        body = {"status": _replacing(status(doc), patch)}
        async with self._slots:
            try:
                self._store.put(
                    await self._api.merge(OWN[oid.kind], oid.namespace, oid.name, body, "status"), ours=True
                )
            except ApiError as error:
                if error.status != 404:
                    raise

    def _tell(self, doc: Document, before: Mapping[str, Any], standing: Standing) -> None:
        now = ("True" if standing.ready else "False", standing.reason)
        if now != (before.get("status"), before.get("reason")) and standing.reason not in _QUIET:
            self.post(doc, standing.reason, standing.message, fine=standing.reason in _FINE)

    def post(self, doc: Document, reason: str, note: str, *, fine: bool = True) -> None:
        """Post an Event about the object; nothing waits for it."""
        task = asyncio.create_task(self._post(doc, reason, note, fine))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _post(self, doc: Document, reason: str, note: str, fine: bool) -> None:
        oid = id_of(doc)
        about = {"apiVersion": doc["apiVersion"], "kind": oid.kind, "name": oid.name, "namespace": oid.namespace}
        body = {
            "apiVersion": "events.k8s.io/v1",
            "kind": "Event",
            "metadata": {"name": f"{oid.name[:200]}.{uuid.uuid4().hex[:16]}", "namespace": oid.namespace},
            "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": "colonnade.dev/operator",
            "reportingInstance": self._me[:128],
            "action": "Reconcile",
            "reason": reason,
            "type": "Normal" if fine else "Warning",
            "regarding": {**about, "uid": metadata(doc).get("uid")},
            "note": cut(log.scrub(note), _NOTE),
        }
        async with self._slots:
            try:
                await self._api.create(EVENTS, oid.namespace, body)
            except ApiError as error:
                _LOG.warning(
                    "an Event could not be posted", extra={"object": str(oid), "reason": reason, "status": error.status}
                )

    async def flush(self) -> None:
        """Wait for the Events that are under way."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)


def _replacing(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """A merge patch leaves the keys of a mapping that it does not name: below the top, those that are to go are named with null."""
    out: dict[str, Any] = {}
    for field, value in new.items():
        before = old.get(field)
        if isinstance(value, dict) and isinstance(before, dict):
            out[field] = {**dict.fromkeys(before.keys() - value.keys()), **_replacing(before, value)}
        else:
            out[field] = value
    return out


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return log.scrub(value)
    if isinstance(value, dict):
        return {key: _scrubbed(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_scrubbed(inner) for inner in value]
    return value
