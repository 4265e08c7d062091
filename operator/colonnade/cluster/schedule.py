"""Which Datastore is next: dedupe, one pass at a time for each, priorities, requeues, back-off. Pure: it is told the time.

The rules are those of client-go's workqueue (https://pkg.go.dev/k8s.io/client-go/util/workqueue): a key that is added while it
is worked on is worked on once more afterwards; a key that waits already is not added twice.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Hashable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Priority(IntEnum):
    """What goes first: what a person changed, then what failed before, then the routine look."""

    CHANGE = 0
    RETRY = 1
    RESYNC = 2


@dataclass(frozen=True)
class Again:
    """When to come back: after so many seconds, or (None) only when something changes. A failure makes the next waits longer."""

    after: float | None = None
    failed: bool = False


def backoff(base: float, failures: int, chance: float) -> float:
    """The wait before the next try: it doubles with each failure up to a minute (or five times a longer base), spread by a fifth."""
    ceiling = max(60.0, base * 5)
    return float(min(ceiling, max(base, 0.2) * 2 ** min(failures, 16))) * (0.8 + 0.4 * chance)


@dataclass
class Schedule(Generic[K]):
    """The keys that are ready, those that come later, and those being worked on."""

    _heap: list[tuple[int, int, K]] = field(default_factory=list[tuple[int, int, K]])
    _ready: dict[K, tuple[int, int, float]] = field(default_factory=dict[K, tuple[int, int, float]])
    _timers: list[tuple[float, int, K]] = field(default_factory=list[tuple[float, int, K]])
    _later: dict[K, tuple[float, int, Priority]] = field(default_factory=dict[K, tuple[float, int, Priority]])
    _soon: dict[K, float] = field(default_factory=dict[K, float])
    _running: dict[K, float] = field(default_factory=dict[K, float])
    _again: dict[K, Priority] = field(default_factory=dict[K, Priority])
    _failures: dict[K, int] = field(default_factory=dict[K, int])
    _count: itertools.count[int] = field(default_factory=itertools.count)

    def add(self, key: K, now: float, priority: Priority = Priority.CHANGE) -> None:
        """Work on this key as soon as a worker is free; if it is being worked on, once more afterwards."""
        if key in self._running:
            self._again[key] = min(priority, self._again.get(key, priority))
            return
        self._later.pop(key, None)
        waiting = self._ready.get(key)
        if waiting and waiting[0] <= priority:
            return
        place = next(self._count)
        self._ready[key] = (priority, place, waiting[2] if waiting else now)
        heapq.heappush(self._heap, (priority, place, key))

    def add_later(self, key: K, due: float, priority: Priority) -> None:
        """Work on this key at that time; a later appointment of the same key is dropped."""
        known = self._later.get(key)
        if key in self._ready or (known and known[0] <= due):
            return
        place = next(self._count)
        self._later[key] = (due, place, priority)
        heapq.heappush(self._timers, (due, place, key))

    def add_soon(self, key: K, now: float, quiet: float, most: float) -> None:
        """Work on this key once nothing more was added for `quiet` seconds, `most` seconds from now at the latest.

        What is applied together arrives one by one; to work on the first of it alone would be to tell of errors that are none.
        """
        if key in self._running or key in self._ready:
            self.add(key, now)
            return
        first = self._soon.setdefault(key, now)
        self._later.pop(key, None)
        self.add_later(key, min(now + quiet, first + most), Priority.CHANGE)

    def take(self, now: float) -> K | None:
        """The next key, now being worked on; None where none is ready."""
        self._promote(now)
        while self._heap:
            priority, place, key = heapq.heappop(self._heap)
            if self._ready.get(key, (None, None))[:2] == (priority, place):
                del self._ready[key]
                self._soon.pop(key, None)
                self._running[key] = now
                return key
        return None

    def done(self, key: K, now: float, again: Again, chance: float) -> None:
        """This key's work is over; come back as told, at once where the key was added meanwhile."""
        del self._running[key]
        failures = self._failures.pop(key, 0)
        if again.failed:
            self._failures[key] = failures + 1
        if (added := self._again.pop(key, None)) is not None:
            self.add(key, now, added)
        elif again.after is not None:
            wait = backoff(again.after, failures, chance) if again.failed else again.after
            self.add_later(key, now + wait, Priority.RETRY if again.failed else Priority.RESYNC)

    def forget(self, key: K) -> None:
        """This key is gone."""
        for known in (self._ready, self._later, self._soon, self._failures, self._again):
            known.pop(key, None)

    def next_due(self) -> float | None:
        """When the next appointment is."""
        while self._timers and self._later.get(self._timers[0][2], (None, None))[:2] != self._timers[0][:2]:
            heapq.heappop(self._timers)
        return self._timers[0][0] if self._timers else None

    def _promote(self, now: float) -> None:
        while (due := self.next_due()) is not None and due <= now:
            key = heapq.heappop(self._timers)[2]
            self.add(key, now, self._later[key][2])

    @property
    def depth(self) -> int:
        """How many keys are ready and wait for a worker."""
        return len(self._ready)

    @property
    def busy(self) -> int:
        """How many keys are being worked on."""
        return len(self._running)

    def oldest(self, now: float) -> float:
        """How long the first of those that are ready has waited."""
        return now - min((since for _, _, since in self._ready.values()), default=now)
