"""An update in batches by _id: short, sized to policy.target_batch, paused while replicas lag, and begun again where it
was broken off.

The documents to change are read once in the order of _id; each batch asks the update's own query again, so that what
changed meanwhile is left alone. Where that query does not tell what is done (`comment: once`), batch and place are
noted in one transaction (https://www.mongodb.com/docs/manual/core/transactions/).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from colonnade.engines import Progress
from colonnade.engines.mongodb.errors import Stopped
from colonnade.engines.mongodb.records import STATE, Records
from colonnade.engines.mongodb.session import MAJORITY, Session
from colonnade.engines.mongodb.tasks import ONCE, done_key

FIRST, MOST = 200, 5000
_LOOK = 0.5


class Batches:
    """Runs the updates of a plan. Raises Stopped between two batches when told to."""

    def __init__(self, session: Session, records: Records) -> None:
        self._session = session
        self._records = records

    def run(self, command: Mapping[str, Any], progress: Progress) -> None:
        name = str(command["update"])
        (update,) = command["updates"]
        key, once = done_key(command), command.get("comment") == ONCE
        total = max(1, int(self._session.run({"count": name, "query": update["q"]})["n"]))
        ids, size, done = self._ids(name, update["q"], self._place(key)), float(FIRST), 0
        while batch := list(islice(ids, int(size))):
            began = time.monotonic()
            self._change(name, update, batch, key if once else None)
            size = _sized(size, time.monotonic() - began, self._session.policy.target_batch)
            done += len(batch)
            progress(f"{name}: {done} of {total} documents changed", min(1.0, done / total))
            self._breathe(progress)
        if once:
            self._records.note(key, {"done": True})

    def _place(self, key: str) -> Any:
        return self._records.state.get(key, {}).get("place")

    def _ids(self, name: str, query: Mapping[str, Any], place: Any) -> Iterator[Any]:
        """`$expr` compares _ids of different types, too."""
        rest = [query] if place is None else [query, {"$expr": {"$gt": ["$_id", {"$literal": place}]}}]
        command = {
            "find": name,
            "filter": {"$and": rest},
            "projection": {"_id": 1},
            "sort": {"_id": 1},
            "noCursorTimeout": True,
        }
        return (row["_id"] for row in self._session.rows(command))

    def _change(self, name: str, update: Mapping[str, Any], ids: list[Any], key: str | None) -> None:
        chosen = {"q": {"$and": [{"_id": {"$in": ids}}, update["q"]]}, "u": update["u"], "multi": True}
        changing = {"update": name, "updates": [chosen]}
        if key is None:
            self._session.run({**changing, "writeConcern": MAJORITY})
            return
        place = {"q": {"_id": key}, "u": {"$set": {"place": ids[-1]}}, "upsert": True}
        self._session.together([changing, {"update": STATE, "updates": [place]}])

    def _breathe(self, progress: Progress) -> None:
        """Stop if told to, and let replicas catch up."""
        while True:
            lag = self._session.lag()
            behind = lag > self._session.policy.max_replica_lag
            if behind:
                progress(f"waiting for a replica that is {lag:.0f} s behind", None)
            if self._session.stop.wait(_LOOK if behind else 0):
                raise Stopped("stopped between two batches; what is done stays, and the next run goes on")
            if not behind:
                return


def _sized(size: float, seconds: float, target: float) -> float:
    """Twice or half as many at most, towards batches that take the target's time."""
    return min(MOST, max(1, size * min(2.0, max(0.5, target / max(seconds, 0.001)))))
