"""The right to write: one holder a database, whatever Kubernetes believes.

A document with an expiry by the server's clock, renewed by a thread. Each taking raises its token, and before each step
the holder looks for that token: one that was cut off and comes back finds it raised, or its time over, and stops
(https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html).
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from colonnade.core.errors import ColonnadeError, Unreachable, WaitingForLock
from colonnade.engines.mongodb.session import MAJORITY, Session

COLLECTION = "colonnade.lock"
SECONDS = 15.0
_PAUSE = 0.1
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Lock:
    """One lock of one database, for one holder."""

    def __init__(self, session: Session, name: str = "writer") -> None:
        self._session = session
        self._name = name
        self._holder = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"
        self._lost = threading.Event()
        self.token: int | None = None

    @contextmanager
    def held(self, wait: float = 0.0) -> Iterator[None]:
        """Take it, keep it, give it back. Raises WaitingForLock while another holds it, for longer than `wait`
        seconds.
        """
        self.token = self._awaited(time.monotonic() + wait)
        done = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(done,), name=f"lock-{self._name}", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()
            self._give_back()

    def check(self) -> None:
        """It is still ours. Raises WaitingForLock where another has taken it."""
        ours = {"_id": self._name, "token": self.token, "holder": self._holder, "$expr": {"$gt": ["$expires", "$$NOW"]}}
        if self._lost.is_set() or not list(self._session.rows({"find": COLLECTION, "filter": ours})):
            raise WaitingForLock(
                f"the right to write to {self._session.name!r} was lost to another operator while steps ran; what is "
                "done stays, and the rest is planned afresh"
            )

    def _awaited(self, deadline: float) -> int:
        while True:
            try:
                return self._taken()
            except WaitingForLock:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE)

    def _taken(self) -> int:
        self._run([{"q": {"_id": self._name}, "u": {"$setOnInsert": {"token": 0, "expires": _NEVER}}, "upsert": True}])
        free = {"_id": self._name, "$expr": {"$lt": ["$expires", "$$NOW"]}}
        ours = {"holder": self._holder, "token": {"$add": ["$token", 1]}, "expires": _later()}
        command = {
            "findAndModify": COLLECTION,
            "query": free,
            "update": [{"$set": ours}],
            "new": True,
            "writeConcern": MAJORITY,
        }
        if found := self._session.run(command)["value"]:
            self._lost.clear()
            return int(found["token"])
        raise WaitingForLock(
            f"{self._holding()} is writing to {self._session.name!r}; it is tried again when that is done, or "
            f"{SECONDS:g} s after that process has ended"
        )

    def _holding(self) -> str:
        for row in self._session.rows({"find": COLLECTION, "filter": {"_id": self._name}}):
            return f"process {row.get('holder', '?')!r}"
        return "another process"

    def _renewed(self) -> bool:
        ours = {"_id": self._name, "token": self.token, "holder": self._holder}
        return bool(self._run([{"q": ours, "u": [{"$set": {"expires": _later()}}]}])["n"])

    def _keep(self, done: threading.Event) -> None:
        while not done.wait(SECONDS / 3):
            try:
                if not self._renewed():
                    self._lost.set()
            except Unreachable:
                continue  # the next renewal, or the check before the next step, tells
            except ColonnadeError:
                self._lost.set()

    def _give_back(self) -> None:
        """Where the server does not answer, its time runs out by itself."""
        ours = {"_id": self._name, "token": self.token, "holder": self._holder}
        with suppress(Unreachable):
            self._run([{"q": ours, "u": {"$set": {"expires": _NEVER}}}])

    def _run(self, updates: list[dict[str, Any]]) -> dict[str, Any]:
        """Two processes may insert the first document at once: the later one is refused, and has what it wanted."""
        return self._session.run({"update": COLLECTION, "updates": updates, "writeConcern": MAJORITY}, lenient=True)


def _later() -> dict[str, Any]:
    return {"$add": ["$$NOW", int(SECONDS * 1000)]}
