"""The whole database in one pass, as the server tells it: listCollections once, listIndexes once a collection.

Left out are the server's own collections (buckets of time series stand behind a collection that is listed anyway;
`system.views` behind the views; `system.profile` comes and goes with the profiler) and Colonnade's own records and
quarantine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from colonnade.core.errors import Stale
from colonnade.engines.mongodb.kind import is_own, is_system
from colonnade.engines.mongodb.session import Session

Raw = Mapping[str, Any]
_TRIES = 5


@dataclass(frozen=True)
class Census:
    """Raw documents by collection; `aside` are the names of Colonnade's own collections."""

    collections: Mapping[str, Raw]
    indexes: Mapping[str, tuple[Raw, ...]]
    aside: frozenset[str] = frozenset()

    def renamed(self, names: Mapping[str, str]) -> Census:
        """The same, with these collections under their new names."""
        return Census(
            {names.get(name, name): raw for name, raw in self.collections.items()},
            {names.get(name, name): raw for name, raw in self.indexes.items()},
            self.aside,
        )


def census(session: Session) -> Census:
    """What is there now. A collection that goes while it is looked at makes it look again."""
    for _ in range(_TRIES - 1):
        try:
            return _taken(session)
        except Stale:
            continue
    return _taken(session)


def _taken(session: Session) -> Census:
    found = {str(raw["name"]): raw for raw in session.rows({"listCollections": 1})}
    listed = {name: raw for name, raw in found.items() if not is_own(name) and not is_system(name)}
    indexes = {name: _indexes(session, name) for name, raw in listed.items() if raw["type"] != "view"}
    return Census(listed, indexes, frozenset(name for name in found if is_own(name)))


def _indexes(session: Session, collection: str) -> tuple[Raw, ...]:
    """Those that are being built are told apart only with `includeBuildUUIDs`."""
    return tuple(session.rows({"listIndexes": collection, "includeBuildUUIDs": True}))
