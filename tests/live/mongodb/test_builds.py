"""Index builds: told while they run, joined when they run already, left to the server when we are told to stop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection

from colonnade.core.errors import DataViolation, Unreachable, Unsupported
from colonnade.core.gate import Policy
from colonnade.engines import Declaration
from colonnade.engines.mongodb import execute
from colonnade.reconcile import reconcile
from dev.process import poll
from tests.live.mongodb.live import OWNER, Mongo, declared, is_building, stopping

SPEC = "collections: [{name: big, indexes: [{name: by_b, keys: [{field: b, order: 1}, {field: a, order: 1}]}]}]"
NEVER_ASKS = Policy(approval="Never")


class Held:
    """A build that cannot end, for an open transaction keeps it from the lock that it ends with."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def let_go(self) -> None:
        if self._session.in_transaction:
            self._session.commit_transaction()


def _begun(mongo: Mongo, big: "Collection[dict[str, Any]]", key: dict[str, int], name: str) -> threading.Thread:
    thread = threading.Thread(target=lambda: big.create_index(list(key.items()), name=name))
    thread.start()
    poll(lambda: is_building(mongo, "big") or not thread.is_alive(), seconds=60, every=0.002)
    return thread


@contextmanager
def held_build(mongo: Mongo, name: str = "by_b", **key: int) -> Iterator[Held]:
    mongo.db.big.insert_many([{"a": i, "b": f"{i * 7919 % 100_000:09d}"} for i in range(100_000)])
    with MongoClient[dict[str, Any]](mongo.url) as client, client.start_session() as session:
        big = client.get_default_database().big
        for _ in range(10):
            thread = _begun(mongo, big, key, name)
            session.start_transaction()
            big.insert_one({"a": 0}, session=session)
            if is_building(mongo, "big"):
                break
            session.abort_transaction()  # it was over before it could be held: once more
            thread.join()
            big.drop_indexes()
        held = Held(session)
        try:
            yield held
        finally:
            held.let_go()
            thread.join()


def test_a_build_that_runs_already_is_joined(mongo: Mongo) -> None:
    with held_build(mongo, b=1, a=1) as held:
        assert is_building(mongo, "big")
        (step,) = mongo.steps(SPEC)
        assert step.startswith('{"createIndexes": "big"')
        told: list[str] = []

        def progress(message: str, done: float | None = None) -> None:
            told.append(message)
            if "building index" in message:
                held.let_go()

        with mongo.opened() as database:
            reconcile(database, [Declaration(OWNER, declared(SPEC))], NEVER_ASKS, progress=progress)
    assert any("building index big.by_b" in message for message in told)
    assert mongo.steps(SPEC) == []
    assert set(mongo.indexes("big")) == {"_id_", "by_b"}


def test_a_stop_leaves_the_build_to_the_server(mongo: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execute, "_LOOK", 0.05)
    with held_build(mongo, b=1, a=1) as held:
        stop = threading.Event()
        with mongo.opened(stop=stop) as database, pytest.raises(Unreachable, match="the server goes on with it"):
            reconcile(
                database, [Declaration(OWNER, declared(SPEC))], NEVER_ASKS,
                progress=stopping(stop, "building"),
            )  # fmt: skip
        assert is_building(mongo, "big")
        held.let_go()
    mongo.apply(SPEC)
    assert set(mongo.indexes("big")) == {"_id_", "by_b"}


def test_another_build_under_the_declared_name_is_waited_for(mongo: Mongo) -> None:
    with held_build(mongo, a=1), pytest.raises(Unsupported, match="another index of this name is being built"):
        mongo.plan(SPEC)


def test_a_build_that_meets_a_duplicate_leaves_nothing_behind(mongo: Mongo) -> None:
    mongo.db.big.insert_many([{"_id": 1, "b": ["x"]}, {"_id": 2, "b": ["x", "y"]}])
    with pytest.raises(DataViolation, match="duplicate"):
        mongo.apply("collections: [{name: big, indexes: [{name: u, keys: [{field: b, order: 1}], unique: true}]}]")
    assert set(mongo.indexes("big")) == {"_id_"}
