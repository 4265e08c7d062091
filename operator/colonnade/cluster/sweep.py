"""Now and then everything is listed and compared with what the watch has told: no watch is trusted for ever.

An event can be lost for good (an object deleted while the watch was down), and a watch can hang with its connection up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence

from colonnade.cluster.api import Api, Document
from colonnade.cluster.objects import OWN, Id, id_of, version
from colonnade.cluster.store import Store

_LOG = logging.getLogger(__name__)
_CATCH_UP = 15.0


async def listed(api: Api, namespaces: Sequence[str], *, names_only: bool = False) -> AsyncIterator[Document]:
    """Every object of ours, of these namespaces or of all."""
    for kind, place in OWN.items():
        for namespace in namespaces or (None,):
            async for doc in api.list(place, namespace, names_only=names_only):
                yield {**doc, "kind": kind}


async def sweep(api: Api, store: Store, namespaces: Sequence[str], catch_up: float = _CATCH_UP) -> int:
    """Bring the store up to date with the API server; how many objects the watch had missed, given time to catch up."""
    before = {id_of(doc) for kind in OWN for doc in store.of_kind(kind)}
    found = {id_of(doc): version(doc) async for doc in listed(api, namespaces, names_only=True)}
    suspects = [oid for oid, newest in found.items() if _older(store, oid, newest)] + sorted(before - found.keys())
    if not suspects:
        return 0
    await asyncio.sleep(catch_up)
    return sum([await _mend(api, store, oid, found.get(oid)) for oid in suspects])


def _older(store: Store, oid: Id, newest: int) -> bool:
    doc = store.find(oid)
    return doc is None or version(doc) < newest


async def _mend(api: Api, store: Store, oid: Id, newest: int | None) -> bool:
    """Whether the store still was behind, and had to be told."""
    if newest is None and store.find(oid) is None:
        return False
    if newest is not None and not _older(store, oid, newest):
        return False
    doc = await api.find(OWN[oid.kind], oid.namespace, oid.name)
    if doc is None:
        if known := store.find(oid) is not None:
            store.drop(oid)
        return known
    return store.put(doc)
