"""One writer at a time; and nobody waits behind us for longer than the policy lets."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from colonnade.core.errors import Unreachable, WaitingForLock
from colonnade.core.gate import Policy
from colonnade.engines import Declaration
from colonnade.engines.mongodb import lock as lock_module
from colonnade.engines.mongodb.session import Session
from colonnade.reconcile import reconcile
from tests.live.mongodb.live import OWNER, Mongo, declared, listening, stopping

SPEC = "collections: [{name: c, fields: [{name: a, type: int}]}]"
LATER = "collections: [{name: c, fields: [{name: a, type: int}, {name: b, type: int}]}]"


def hold(mongo: Mongo, **more: Any) -> None:
    row = {
        "_id": "writer",
        "token": 5,
        "holder": "another 1 ab",
        "expires": datetime.now(UTC) + timedelta(hours=1),
        **more,
    }
    mongo.db["colonnade.lock"].replace_one({"_id": "writer"}, row, upsert=True)


def test_while_another_writes_we_wait(mongo: Mongo) -> None:
    hold(mongo)
    with pytest.raises(WaitingForLock, match="process 'another 1 ab' is writing"):
        mongo.reconcile(SPEC)
    assert mongo.names() == set()


def test_the_lock_of_a_dead_process_is_taken_after_its_time(mongo: Mongo) -> None:
    hold(mongo, expires=datetime.now(UTC) - timedelta(seconds=1))
    mongo.apply(SPEC)
    row = mongo.db["colonnade.lock"].find_one({"_id": "writer"})
    assert row is not None
    assert row["token"] == 6


def test_two_databases_do_not_write_at_once(mongo: Mongo) -> None:
    with mongo.opened() as one, mongo.opened() as two, one.lock(), pytest.raises(WaitingForLock), two.lock():
        pass
    with mongo.opened() as two, two.lock():
        pass


def test_the_lock_is_kept_while_steps_run(mongo: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_module, "SECONDS", 0.6)
    with mongo.opened() as one, mongo.opened() as two, one.lock():
        first = mongo.db["colonnade.lock"].find_one({"_id": "writer"})
        deadline = threading.Event()
        for _ in range(100):
            now = mongo.db["colonnade.lock"].find_one({"_id": "writer"})
            if now != first or deadline.wait(0.05):
                break
        assert first is not None
        assert now is not None
        assert now["expires"] > first["expires"]
        with pytest.raises(WaitingForLock), two.lock():
            pass


def test_who_lost_the_lock_stops_before_the_next_step(mongo: Mongo) -> None:
    def stolen(message: str, done: float | None = None) -> None:
        if "create" in message:
            mongo.db["colonnade.lock"].update_one({"_id": "writer"}, {"$inc": {"token": 1}})

    spec = declared("collections: [{name: one}, {name: two}]")
    with mongo.opened() as database, pytest.raises(WaitingForLock, match="was lost to another"):
        reconcile(database, [Declaration(OWNER, spec)], Policy(), progress=stolen)
    assert mongo.names() == {"one"}


def test_a_transaction_in_the_way_is_named_when_the_budget_is_used_up(mongo: Mongo) -> None:
    mongo.apply(SPEC)
    hasty = Policy(lock_timeout=0.1, lock_retry_budget=0.5, approval="Never")
    with (
        MongoClient[dict[str, Any]](mongo.url, appname="checkout") as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        client.get_default_database().c.insert_one({"a": 1}, session=session)
        with pytest.raises(WaitingForLock, match=r"collMod on c .* a transaction of 'checkout' .* is open for"):
            mongo.reconcile(LATER, policy=hasty)
    mongo.apply(LATER)


def test_when_the_transaction_ends_the_step_runs(mongo: Mongo) -> None:
    mongo.apply(SPEC)
    patient = Policy(lock_timeout=0.1, approval="Never")
    with MongoClient[dict[str, Any]](mongo.url) as client, client.start_session() as session:
        session.start_transaction()
        client.get_default_database().c.insert_one({"a": 1}, session=session)

        def told(message: str, done: float | None = None) -> None:
            if message.startswith("waiting for c") and session.in_transaction:
                session.commit_transaction()

        with mongo.opened() as database:
            reconcile(database, [Declaration(OWNER, declared(LATER))], patient, progress=told)
    assert mongo.steps(LATER) == []


def test_a_stop_is_heard_while_waiting(mongo: Mongo) -> None:
    mongo.apply(SPEC)
    stop = threading.Event()
    with (
        MongoClient[dict[str, Any]](mongo.url) as client,
        client.start_session() as session,
        session.start_transaction(),
    ):
        client.get_default_database().c.insert_one({"a": 1}, session=session)
        with mongo.opened(stop=stop) as database, pytest.raises(Unreachable, match="stopped while waiting") as caught:
            reconcile(
                database, [Declaration(OWNER, declared(LATER))], Policy(lock_timeout=0.1, approval="Never"),
                progress=stopping(stop, "waiting"),
            )  # fmt: skip
    assert caught.value.reason == "Applying"
    mongo.apply(LATER)


def test_replicas_that_lag_are_waited_for(mongo: Mongo, monkeypatch: pytest.MonkeyPatch) -> None:
    lags = iter([20.0, 15.0, 0.0, 0.0, 0.0])
    monkeypatch.setattr(Session, "lag", lambda self: next(lags))
    mongo.db.c.insert_many([{} for _ in range(10)])
    told: list[str] = []
    with mongo.opened() as database:
        spec = declared("collections: [{name: c}]\nbackfills: [{collection: c, field: x, value: 1}]")
        reconcile(database, [Declaration(OWNER, spec)], Policy(), progress=listening(told))
    assert [m for m in told if "behind" in m] == [
        "waiting for a replica that is 20 s behind",
        "waiting for a replica that is 15 s behind",
    ]
