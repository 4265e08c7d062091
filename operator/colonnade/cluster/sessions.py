"""Databases that stay open between passes, so that looking at one where nothing changed costs two queries and no handshake.

A session belongs to one pass at a time (the queue sees to that). One that was not needed for some seconds rests: it then holds nothing
on the server but its connection. One that met an error is closed; so is one whose address or policy
changed, one that nobody needed for long, and the one that was idle longest where there are too many.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from colonnade import metrics
from colonnade.cluster.objects import Key
from colonnade.core.gate import Policy
from colonnade.engines import Database, Engine, Probe, Target

PROBE_EVERY = 600.0
REST_AFTER = 5.0
"""Changes come in bursts: until then, what the last one needed is at hand for the next."""


@dataclass
class Session:
    """An open database, what it was opened with, and what was found out about its server."""

    database: Database
    opened_with: tuple[str, Target, Policy]
    stack: ExitStack = field(repr=False)
    used: float = 0.0
    probed: float | None = None
    probe: Probe | None = None
    rested: bool = False

    def look(self, now: float) -> Probe:
        """The server's version and our privileges: asked once, and again now and then, or while something is missing."""
        if self.probe is None or self.probe.problems or self.probed is None or now - self.probed > PROBE_EVERY:
            self.probe, self.probed, self.rested = self.database.probe(), now, False
        return self.probe


class Sessions:
    """At most `limit` idle sessions. Used from worker threads."""

    def __init__(self, limit: int, idle: float, stop: threading.Event) -> None:
        self._limit, self._idle, self._stop = limit, idle, stop
        self._lock = threading.Lock()
        self._sessions: dict[Key, Session] = {}
        self._in_use = 0
        self._closed = False

    @contextmanager
    def use(self, key: Key, engine: Engine, target: Target, policy: Policy) -> Iterator[Session]:
        """An open session, kept for the next pass unless this one ends in an error. Raises what opening raises."""
        session = self._take(key, (engine.name, target, policy)) or self._open(engine, target, policy)
        try:
            yield session
        except BaseException:
            self._close([session])
            raise
        else:
            self._give_back(key, session)
        finally:
            self._count(-1)

    def warm(self, key: Key) -> bool:
        """Whether a session of this Datastore is at hand, and so may have died unseen."""
        return key in self._sessions

    def drop(self, key: Key) -> None:
        """The Datastore is gone, or its session is not to be trusted."""
        with self._lock:
            found = self._sessions.pop(key, None)
        self._close([found] if found else [])

    def sweep(self) -> None:
        """Close what nobody needed for long, and let rest what nobody needs now. Talks to servers."""
        now = time.monotonic()
        with self._lock:
            stale = [key for key, session in self._sessions.items() if session.used < now - self._idle]
            closing = [self._sessions.pop(key) for key in stale]
            tired = [key for key, one in self._sessions.items() if not one.rested and one.used < now - REST_AFTER]
        self._close(closing)
        for key in tired:
            self._rest(key)

    def _rest(self, key: Key) -> None:
        """As in a pass, the session is nobody else's meanwhile; one that cannot even rest is not to be trusted."""
        with self._lock:
            session = self._sessions.pop(key, None)
        if session is None:
            return
        try:
            session.database.rest()
        except Exception:  # noqa: BLE001 - the next pass meets the same error, and tells of it
            self._close([session])
            return
        session.rested = True
        self._keep(key, session)

    def _keep(self, key: Key, session: Session) -> None:
        """For the next pass, unless a newer one is there or the end has come."""
        with self._lock:
            unwanted = self._closed or key in self._sessions
            if not unwanted:
                self._sessions[key] = session
        self._close([session] if unwanted else [])

    def close(self) -> None:
        with self._lock:
            self._closed = True
            closing, self._sessions = list(self._sessions.values()), {}
        self._close(closing)

    def _take(self, key: Key, wanted: tuple[str, Target, Policy]) -> Session | None:
        with self._lock:
            found = self._sessions.pop(key, None)
            self._in_use += 1
        if found is None or found.opened_with == wanted:
            return found
        self._close([found])
        return None

    def _open(self, engine: Engine, target: Target, policy: Policy) -> Session:
        stack = ExitStack()
        try:
            database = stack.enter_context(engine.open(target, policy, self._stop))
        except BaseException:
            self._count(-1)
            raise
        return Session(database, (engine.name, target, policy), stack)

    def _give_back(self, key: Key, session: Session) -> None:
        session.used = time.monotonic()
        with self._lock:
            closing = [before] if (before := self._sessions.get(key)) else []  # it was resting when this one was needed
            self._sessions[key] = session
            while len(self._sessions) + self._in_use - 1 > self._limit:
                idlest = min(self._sessions, key=lambda k: self._sessions[k].used)
                closing.append(self._sessions.pop(idlest))
        self._close(closing)

    def _count(self, change: int) -> None:
        with self._lock:
            self._in_use += change
        metrics.CONNECTIONS.set(len(self._sessions) + self._in_use)

    def _close(self, sessions: list[Session]) -> None:
        for session in sessions:
            session.stack.close()
