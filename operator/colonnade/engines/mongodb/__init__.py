"""The MongoDB engine: collections, validators, options, indexes and views, kept as they are declared without stopping
traffic, and proved.

pymongo and bson are known here and nowhere else; the kinds do not know them either.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from colonnade.core.gate import Policy
from colonnade.engines import Database, Engine, Target
from colonnade.engines.mongodb.database import MongoDatabase
from colonnade.engines.mongodb.session import connected, is_encrypted


class MongoEngine:
    """Opens MongoDB databases."""

    name = "MongoDB"

    @contextmanager
    def open(self, target: Target, policy: Policy, stop: threading.Event) -> Iterator[Database]:
        """Raises Unreachable, Unauthorized or InvalidSpec."""
        with connected(target, policy, stop) as session:
            yield MongoDatabase(session, target.name, tls=is_encrypted(target))


ENGINE: Engine = MongoEngine()
