"""The workers: they take keys from the Schedule, run a pass for each, and come to an orderly end."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

from colonnade import metrics
from colonnade.cluster.schedule import Again, Priority, Schedule

K = TypeVar("K", bound=Hashable)
_STUCK = 60.0
_QUIET, _MOST = 0.15, 0.6
_LOG = logging.getLogger(__name__)


class Queue(Generic[K]):
    """Runs `work` for each key that is added, `workers` at a time and never two of one key. Lives in one event loop."""

    def __init__(
        self, work: Callable[[K], Awaitable[Again]], workers: int, chance: Callable[[], float] = random.random
    ) -> None:
        self._work, self._workers, self._chance = work, workers, chance
        self._schedule: Schedule[K] = Schedule()
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._dispatcher: asyncio.Task[None] | None = None

    def add(self, key: K, priority: Priority = Priority.CHANGE) -> None:
        self._schedule.add(key, self._now(), priority)
        self._wake.set()

    def add_soon(self, key: K) -> None:
        """As soon as what changes together has arrived."""
        self._schedule.add_soon(key, self._now(), _QUIET, _MOST)
        self._wake.set()

    def add_later(self, key: K, delay: float, priority: Priority = Priority.RESYNC) -> None:
        self._schedule.add_later(key, self._now() + delay, priority)
        self._wake.set()

    def forget(self, key: K) -> None:
        self._schedule.forget(key)

    def start(self) -> None:
        self._dispatcher = asyncio.create_task(self._dispatch())

    async def drain(self, grace: float) -> bool:
        """Take no more keys and wait for the passes that run. Whether all ended in time."""
        if self._dispatcher is not None:
            self._dispatcher.cancel()
            await asyncio.wait([self._dispatcher])
        if self._running:
            await asyncio.wait(self._running, timeout=grace)
        return not self._running

    @property
    def stuck(self) -> bool:
        """Whether keys wait though workers are free, or nobody hands them out."""
        idle = len(self._running) < self._workers
        return self._dispatcher is not None and (self._dispatcher.done() or (idle and self._oldest() > _STUCK))

    def _oldest(self) -> float:
        return self._schedule.oldest(self._now())

    async def _dispatch(self) -> None:
        while True:
            self._wake.clear()
            while len(self._running) < self._workers and (key := self._schedule.take(self._now())) is not None:
                task = asyncio.create_task(self._run(key))
                self._running.add(task)
                task.add_done_callback(self._ended)
            self._measure()
            await self._sleep()

    async def _sleep(self) -> None:
        """Until something is added, a pass ends, or the next appointment comes."""
        due = None if len(self._running) >= self._workers else self._schedule.next_due()
        try:
            async with asyncio.timeout(None if due is None else max(0.0, due - self._now())):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _run(self, key: K) -> None:
        try:
            again = await self._work(key)
        except Exception:  # noqa: BLE001 - one key's trouble is not another's
            _LOG.exception("a pass ended in an error that it should have caught", extra={"key": str(key)})
            again = Again(1.0, failed=True)
        self._schedule.done(key, self._now(), again, self._chance())

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    def _measure(self) -> None:
        metrics.QUEUE_DEPTH.set(self._schedule.depth)
        metrics.QUEUE_OLDEST.set(self._oldest())
        metrics.BUSY.set(self._schedule.busy)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
