"""What Colonnade keeps in the target database, in collections of its own.

| collection | what |
|---|---|
| colonnade.ledger | which resource created or adopted which object, and the names its index may go by |
| colonnade.state | what was last proved, how long a rule has only warned, what was backfilled, echoes of scratch collections |
| colonnade.quarantine | since when something is in quarantine |
| colonnade.journal | each plan that ran, step by step (`journal.py`) |
| colonnade.lock | who may write (`lock.py`) |

With policy.mode Plan or Observe, and on a server that takes no writes from us, nothing is ever written, this included.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.engines.mongodb.session import MAJORITY, Session

LEDGER, STATE, QUARANTINE = "colonnade.ledger", "colonnade.state", "colonnade.quarantine"
SOAK = timedelta(hours=1)
"""How long the number of documents that break a rule must not grow before new ones that do are refused."""


@dataclass(frozen=True)
class Entry:
    """One line of the ledger. `names` are those an index may go by; `claimed` the owners that declare it besides."""

    owner: str
    names: frozenset[str] = frozenset()
    claimed: frozenset[str] = frozenset()


Ledger = Mapping[ObjectId, Entry]


def key(oid: ObjectId) -> dict[str, Any]:
    """An object's _id in the records."""
    return {"kind": oid.kind, "name": list(oid.name)}


class Records:
    """Read once, when first asked for; written at once."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.writes = session.writable

    def _all(self, collection: str) -> dict[Any, Mapping[str, Any]]:
        rows = self._session.rows({"find": collection})
        return {row["_id"] if isinstance(row["_id"], str) else _oid(row["_id"]): row for row in rows}

    @cached_property
    def ledger(self) -> Ledger:
        return {
            oid: Entry(row["owner"], frozenset(row.get("names", ())), frozenset(row.get("claimed", ())))
            for oid, row in self._all(LEDGER).items()
        }

    @cached_property
    def state(self) -> Mapping[str, Mapping[str, Any]]:
        return self._all(STATE)

    @cached_property
    def quarantine(self) -> Mapping[ObjectId, datetime]:
        """What is in quarantine, and since when."""
        return {oid: row["since"] for oid, row in self._all(QUARANTINE).items()}

    def _forget_read(self, *names: str) -> None:
        for name in names:
            self.__dict__.pop(name, None)

    def now(self) -> datetime:
        """The server's clock."""
        found = self._session.run({"hello": 1}, database="admin")["localTime"]
        assert isinstance(found, datetime)
        return found

    def write(self, collection: str, updates: Sequence[Mapping[str, Any]]) -> None:
        if updates and self.writes:
            self._session.run({"update": collection, "updates": list(updates), "writeConcern": MAJORITY})

    def remove(self, collection: str, ids: Iterable[Any]) -> None:
        if (gone := list(ids)) and self.writes:
            deletes = [{"q": {"_id": {"$in": gone}}, "limit": 0}]
            self._session.run({"delete": collection, "deletes": deletes, "writeConcern": MAJORITY})

    # the ledger

    def enter(self, entries: Mapping[ObjectId, Entry], *, gone: Iterable[ObjectId] = ()) -> None:
        """Write the lines that differ from what is there, and take out those of objects that are gone."""
        changed = {oid: entry for oid, entry in entries.items() if self.ledger.get(oid) != entry}
        self.write(LEDGER, [_kept(key(oid), _line(entry)) for oid, entry in changed.items()])
        self.remove(LEDGER, [key(oid) for oid in gone if oid in self.ledger])
        self._forget_read("ledger")

    # what was proved

    def settled(self) -> tuple[str, str] | None:
        row = self.state.get("settled")
        return (row["desired"], row["fingerprint"]) if row else None

    @property
    def unfinished(self) -> bool:
        """Whether something was left that may be done another time without any change."""
        return bool(self.state.get("settled", {}).get("unfinished"))

    def settle(self, digest: str, fingerprint: str, *, unfinished: bool = False) -> None:
        if (self.settled(), self.unfinished) != ((digest, fingerprint), unfinished):
            self.note("settled", {"desired": digest, "fingerprint": fingerprint, "unfinished": unfinished})

    def unsettle(self) -> None:
        """What was proved is no longer known to hold."""
        if "settled" in self.state:
            self.forget(["settled"])

    def note(self, name: str, values: Mapping[str, Any]) -> None:
        """Keep a fact under this name."""
        self.write(STATE, [_kept(name, values)])
        self._forget_read("state")

    def forget(self, names: Sequence[str]) -> None:
        if names:
            self.remove(STATE, names)
            self._forget_read("state")

    def is_done(self, update: str) -> bool:
        """Whether an update that must run once has run to its end."""
        return bool(self.state.get(update, {}).get("done"))

    # the ladder of validators

    def warned_long_enough(self, collection: str, count: int) -> bool:
        noted = self.state.get(f"warned {collection}")
        return noted is not None and count <= noted["count"] and noted["since"] + SOAK <= self.now()

    def warn(self, collection: str, count: int) -> None:
        """Note how many documents break a rule that is not fully in force; the time starts anew when they become
        more.
        """
        noted = self.state.get(f"warned {collection}")
        if noted is None or count > noted["count"]:
            self.note(f"warned {collection}", {"count": count, "since": self.now()})

    # the quarantine

    def set_aside(self, objects: Iterable[ObjectId]) -> None:
        """Their time in quarantine begins, unless it has begun; what is no longer among them is forgotten."""
        there = set(objects)
        if fresh := there - set(self.quarantine):
            now = self.now()
            self.write(QUARANTINE, [_kept(key(oid), {"since": now}) for oid in sorted(fresh)])
        self.remove(QUARANTINE, [key(oid) for oid in sorted(set(self.quarantine) - there)])
        self._forget_read("quarantine")

    def due(self, period: float) -> frozenset[ObjectId]:
        """What has been in quarantine for so many seconds."""
        if not self.quarantine:
            return frozenset()
        latest = self.now() - timedelta(seconds=period)
        return frozenset(oid for oid, since in self.quarantine.items() if since <= latest)


def _oid(raw: Mapping[str, Any]) -> ObjectId:
    return ObjectId(str(raw["kind"]), tuple(raw["name"]))


def _line(entry: Entry) -> dict[str, Any]:
    return {"owner": entry.owner, "names": sorted(entry.names), "claimed": sorted(entry.claimed)}


def _kept(ident: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"q": {"_id": ident}, "u": {"$set": dict(values)}, "upsert": True}
