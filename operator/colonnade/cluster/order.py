"""What a pass asks of a database: read from the Datastore, its Secret and its resources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from colonnade.cluster.api import Api
from colonnade.cluster.load import Entry, policy_for, read_datastore, read_schemas
from colonnade.cluster.objects import DATASTORE, PAUSED, PLACES, Id, Key, condition, metadata, says, status
from colonnade.cluster.store import Store, references
from colonnade.cluster.target import Files, target
from colonnade.cluster.tell import Work
from colonnade.cluster.windows import opens
from colonnade.cluster.work import Order
from colonnade.core.errors import Conflict, WaitingForDependency
from colonnade.core.status import failed
from colonnade.settings import Settings


class Orders:
    """Makes orders, and remembers the last of each Datastore. Lives in one event loop. `lost` hears whose claim another took."""

    def __init__(self, api: Api, store: Store, settings: Settings, lost: Callable[[Key], None]) -> None:
        self._api, self._store, self._settings, self._lost = api, store, settings, lost
        self._files = Files()
        self._last: dict[Key, Order] = {}
        self._claims: dict[str, Key] = {}

    async def prepare(self, this: Work) -> Order:
        """Raises what is wrong with the Datastore; what is wrong with a resource is in its entry."""
        if this.view.datastore is None:
            return self._without(this)
        this.paused = says(this.view.datastore, PAUSED)
        this.datastore = datastore = read_datastore(this.view.datastore)
        await self._fetch(this)
        this.entries = read_schemas(this.view, datastore, self._store.find)
        this.policy, this.windows = policy_for(datastore, this.entries)
        opens(this.windows, datetime.now(UTC))  # windows that never open are the Datastore's error
        found = {name: self._store.find(Id("Secret", this.key.namespace, name)) for name in datastore.secrets}
        secrets = {name: doc for name, doc in found.items() if doc is not None}
        where = target(datastore, secrets, self._files, self._settings.allowed_hosts)
        self._claim(this, where.url)
        declared = tuple(entry.declaration for entry in this.entries if entry.declaration)
        engine, leaving = datastore.spec.engine, {**self._forgotten(this), **this.leaving.policies}
        order = Order(this.key, engine, where, this.policy, declared, leaving, this.paused)
        self._last[this.key] = replace(order, declarations=(), leaving={})
        return order

    def _without(self, this: Work) -> Order:
        """The Datastore is not there. Where it went together with resources that have to be dropped (a namespace is deleted),
        its address is remembered for as long as it takes."""
        missing = WaitingForDependency(
            f"Datastore {this.key.name} is not there; create it in namespace {this.key.namespace}"
        )
        self.give_up(this.key)
        if not this.leaving.docs or this.key not in self._last:
            raise missing
        this.entries = [Entry(entry.doc, out=failed(missing)) for entry in this.entries]
        return replace(self._last[this.key], leaving=this.leaving.policies)

    async def _fetch(self, this: Work) -> None:
        """Get the Secrets and ConfigMaps that are referred to and not known yet; from then on the watch keeps them fresh."""
        docs = [*(entry.doc for entry in this.entries), *([this.view.datastore] if this.view.datastore else [])]
        wanted = {oid for doc in docs for oid in references(doc) if self._store.find(oid) is None}
        asked = (self._api.find(PLACES[oid.kind], oid.namespace, oid.name) for oid in wanted)
        for found in await asyncio.gather(*asked):
            if found is not None:
                self._store.keep(found)

    def _forgotten(self, this: Work) -> Mapping[str, str]:
        """Resources that went with deletionPolicy Retain: the database forgets that they owned anything, when it may be written to."""
        may_write = this.policy.mode == "Apply" and not this.paused
        return dict.fromkeys(self._store.gone.get(this.key, ()), "Retain") if may_write else {}

    def _claim(self, this: Work, url: str) -> None:
        """One database belongs to one Datastore: two would undo each other's work for ever."""
        assert this.view.datastore is not None
        where = address(url)
        holder = self._claims.get(where, this.key)
        other = self._store.find(Id(DATASTORE, *holder))
        if holder != this.key and other is not None and _rank(other) < _rank(this.view.datastore):
            _yield_to(other, this.key, where)
        self.give_up(this.key)
        self._claims[where] = this.key
        if holder != this.key:
            self._lost(holder)

    def give_up(self, key: Key) -> None:
        """The Datastore claims no database any more."""
        for where in [where for where, holder in self._claims.items() if holder == key]:
            del self._claims[where]

    def forget(self, key: Key) -> None:
        """Nothing is left of the Datastore."""
        self.give_up(key)
        self._last.pop(key, None)

    def close(self) -> None:
        self._files.close()


def address(url: str) -> str:
    """Host and database of a URL, without user and options."""
    split = urlsplit(url)
    return f"{split.netloc.rpartition('@')[2].lower()}{split.path}"


def _proven(datastore: Mapping[str, Any]) -> bool:
    """Whether a database ever let it in: anybody may write down an address."""
    return bool(status(datastore).get("server"))


def _rank(datastore: Mapping[str, Any]) -> tuple[bool, str, str, str]:
    """Who goes first: one that is proven, then the older one."""
    meta = metadata(datastore)
    return not _proven(datastore), str(meta.get("creationTimestamp")), meta["namespace"], meta["name"]


def _yield_to(other: Mapping[str, Any], mine: Key, where: str) -> None:
    """Raise where the other goes first; not for one that was looked at, and that the database did not let in."""
    same = metadata(other)["namespace"] == mine.namespace
    whose = f"Datastore {metadata(other)['name']}" if same else "a Datastore of another namespace"
    if _proven(other):
        raise Conflict(
            f"{whose} is for the same database ({where}); have its resources refer to one of the two, and delete the other"
        )
    if condition(other, "Ready").get("reason", "Applying") == "Applying":
        raise WaitingForDependency(
            f"{whose} is for the same database ({where}) and is looked at first; delete one of the two"
        )
