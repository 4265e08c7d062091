"""The operator as a whole: from the first listing to the last pass.

One loop holds the store, the queue and every write to the API; Kopf watches in a thread of its own; databases are talked to in worker
threads. A replica that does not hold the Lease watches too, so that it can go on at once.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

from colonnade.cluster.api import Api, ApiError, Document
from colonnade.cluster.lease import Election
from colonnade.cluster.load import ENGINE_OF
from colonnade.cluster.objects import DATASTORE, OWN, SCHEMAS, Key, deleting, generation, key_of, status
from colonnade.cluster.passes import Passes
from colonnade.cluster.probes import serve
from colonnade.cluster.queue import Queue
from colonnade.cluster.rights import missing as missing_rights
from colonnade.cluster.schedule import Priority
from colonnade.cluster.store import Store
from colonnade.cluster.sweep import listed, sweep
from colonnade.cluster.watch import Watch
from colonnade.engines import engine
from colonnade.settings import Settings

_LOG = logging.getLogger(__name__)
_SWEEP_EVERY = 300.0
_TIDY_EVERY = 5.0
_WATCH_MAY_BE_DOWN = 60.0
_CRDS_EVERY = 2.0
_RIGHTS_EVERY = 60.0
_RIGHTS_MISSING = 5.0


class Supervisor:
    """Everything of one process, and what holds it together. Lives in one event loop."""

    def __init__(self, api: Api, settings: Settings) -> None:
        self._api, self._settings = api, settings
        self._stop_work = threading.Event()
        self._executor = ThreadPoolExecutor(settings.workers, thread_name_prefix="work")
        self._store = Store(self._wake)
        self._passes = Passes(api, self._store, settings, self._executor, self._stop_work)
        self._queue: Queue[Key] = Queue(self._passes.run, settings.workers)
        self._watch = Watch(settings.namespaces, self._see, asyncio.get_running_loop())
        self._election = self._candidacy()
        self._greetings: set[asyncio.Task[None]] = set()
        self._listed = self._leading = False
        self._watched = time.monotonic()
        self._missed = 0
        self._lacks: str | None = None

    async def run(self, stop: asyncio.Event) -> bool:
        """Work until told to stop. Whether everything came to an orderly end."""
        s = self._settings
        async with serve(s.listen, s.probes_port, s.metrics_port, self.unhealthy, self.unready):
            main = asyncio.create_task(self._work())
            told = asyncio.create_task(stop.wait())
            await asyncio.wait([main, told], return_when=asyncio.FIRST_COMPLETED)
            told.cancel()
            return await self._drain(main)

    async def _work(self) -> None:
        drivers = asyncio.create_task(asyncio.to_thread(_load_drivers))
        await self._wait_for_crds()
        async for doc in listed(self._api, self._settings.namespaces):
            self._store.put(doc)
        await drivers
        self._listed = True
        self._watch.start()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tidy())
            group.create_task(self._sweep())
            group.create_task(self._check_rights())
            if self._election is not None:
                group.create_task(self._election.run())
                await self._election.leading.wait()
            self._lead()

    def _lead(self) -> None:
        """From here on this replica writes."""
        self._leading = True
        for kind in (DATASTORE, *SCHEMAS):
            for doc in self._store.of_kind(kind):
                self._greet(doc)
        for key in self._store.datastores():
            self._wake(key, Priority.RESYNC)
        self._queue.start()
        _LOG.info("working", extra={"datastores": len(self._store.datastores()), "workers": self._settings.workers})

    def _candidacy(self) -> Election | None:
        s = self._settings
        if not s.lease:
            return None
        name = s.lease if s.shard[1] == 1 else f"{s.lease}-{s.shard[0]}"
        return Election(self._api, s.lease_namespace, name, s.identity, _lost)

    async def _wait_for_crds(self) -> None:
        """They may be installed together with the operator, and a little later; so may the API server be."""
        for place in OWN.values():
            while missing := await self._missing(place.path()):
                _LOG.warning(missing, extra={"crd": place.plural})
                await asyncio.sleep(_CRDS_EVERY)

    async def _missing(self, path: str) -> str:
        """Why the API server does not serve this collection yet, if it does not."""
        version, _, plural = path.rpartition("/")
        try:
            found = await self._api.request("GET", version)
        except ApiError as error:
            if error.transient:
                return "the API server does not answer (yet)"
            if error.status != 404:
                raise
            found = {"resources": []}
        there = any(item["name"] == plural for item in found["resources"])
        return "" if there else "a CRD is not there (yet); install it: colonnade crds | kubectl apply -f -"

    def _mine(self, key: Key) -> bool:
        share, shares = self._settings.shard
        return zlib.crc32(str(key).encode()) % shares == share

    def _wake(self, key: Key, priority: Priority) -> None:
        if not self._mine(key):
            return
        if priority == Priority.CHANGE:
            self._queue.add_soon(key)
        else:
            self._queue.add(key, priority)

    def _see(self, change: str | None, doc: Document) -> None:
        self._store.see(change, doc)
        if change != "DELETED" and doc["kind"] in (DATASTORE, *SCHEMAS):
            self._greet(doc)

    def _greet(self, doc: Document) -> None:
        """Say at once that a new generation was seen, even while a long pass keeps its Datastore busy."""
        known = status(doc).get("observedGeneration") == generation(doc)
        if self._leading and not known and not deleting(doc) and self._mine(key_of(doc)):
            task = asyncio.create_task(self._greeting(doc))
            self._greetings.add(task)
            task.add_done_callback(self._greetings.discard)

    async def _greeting(self, doc: Document) -> None:
        try:
            await self._passes.writer.greet(doc)
        except ApiError as error:
            _LOG.warning("a status could not be written; the pass will write it", extra={"status": error.status})

    async def _tidy(self) -> None:
        """Close what nobody needs, and note that the watch is up."""
        while True:
            if self._watch.running.is_set():
                self._watched = time.monotonic()
            await asyncio.to_thread(self._passes.sessions.sweep)
            await asyncio.sleep(_TIDY_EVERY)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY)
            try:
                missed = await sweep(self._api, self._store, self._settings.namespaces)
            except ApiError as error:
                _LOG.warning("objects could not be compared with those of the API server", extra={"error": str(error)})
                continue
            self._missed = self._missed + 1 if missed else 0
            if missed:
                _LOG.error("the watch had missed objects and is started anew", extra={"objects": missed})
                self._watch.restart()

    async def _check_rights(self) -> None:
        while True:
            try:
                lacks = await missing_rights(self._api, self._settings.namespaces)
            except ApiError as error:
                _LOG.warning("the rights could not be looked at", extra={"error": str(error)})
            else:
                self._note_rights(lacks)
            usual = max(_RIGHTS_EVERY, len(self._settings.namespaces))
            await asyncio.sleep(_RIGHTS_MISSING if self._lacks else usual)

    def _note_rights(self, lacks: str) -> None:
        if lacks == self._lacks:
            return
        if lacks:
            _LOG.error(lacks)
        elif self._lacks:
            self._watch.restart()  # it would only try again in a while
        self._lacks = lacks

    def unhealthy(self) -> str:
        """Why the process should be started anew."""
        if self._queue.stuck:
            return "the queue hands out no work"
        if self._listed and time.monotonic() - self._watched > _WATCH_MAY_BE_DOWN + _TIDY_EVERY:
            return "the watch is down"
        return "the watch misses events" if self._missed > 1 else ""

    def unready(self) -> str:
        """Why the process cannot take over yet. One that waits for the Lease is ready: it is warm."""
        if not self._listed:
            return "the first listing is not done"
        if self._lacks != "":
            return self._lacks or "the rights were not looked at yet"
        return "" if self._watch.running.is_set() else "the watch is not up yet"

    async def _drain(self, main: asyncio.Task[None]) -> bool:
        """No new pass; running ones come to a safe point; the Lease goes to another only then."""
        _LOG.info("stopping: running steps come to a safe end")
        self._stop_work.set()
        self._watch.stop()
        done = await self._queue.drain(self._settings.grace)
        await self._passes.writer.flush()
        failed = main.done() and not main.cancelled() and main.exception() is not None
        if main.done():
            main.result()
        main.cancel()
        await asyncio.wait([main])
        if done and self._election is not None:
            await self._election.release()
        if done:
            self._passes.close()
        return done and not failed


def _load_drivers() -> None:
    """While the first listing is under way, so that the first change does not wait for it."""
    for name in set(ENGINE_OF.values()):
        engine(name)


def _lost() -> None:
    """Another replica may be writing already: stop at once, in the middle of whatever it is. The databases' locks keep order."""
    _LOG.error("the Lease is lost; this process ends at once")
    logging.shutdown()
    os._exit(1)
