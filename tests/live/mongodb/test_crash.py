"""A crash is a pause: killed at any step, or in the middle of an index build, the next run converges."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dev.process import poll
from tests.live.mongodb.live import Mongo, is_building

ROOT = Path(__file__).parents[3]
BEFORE = """
collections:
- name: orders
  fields: [{name: a, type: int}]
  indexes: [{name: one, keys: [{field: a, order: 1}]}, {name: two, keys: [{field: b, order: 1}]}]
- {name: gone}
"""
AFTER = """
collections:
- name: orders
  fields: [{name: a, type: int}, {name: s, type: string, required: true}]
  indexes: [{name: one, keys: [{field: a, order: 1}, {field: b, order: 1}]}, {name: two, keys: [{field: b, order: 1}], unique: true}]
- {name: fresh, indexes: [{name: i, keys: [{field: x, order: 1}]}]}
backfills: [{collection: orders, field: s, value: x}]
views: [{name: v, viewOn: orders}]
"""
RUN = """
import os, signal, sys, threading
from colonnade.core.gate import Facts, Policy, Verdict
from colonnade.engines import Declaration, Target, engine
from colonnade.reconcile import reconcile
from tests.live.mongodb.live import OWNER, declared

url, spec, last = sys.argv[1], sys.argv[2], int(sys.argv[3])
seen = 0

def told(message, done=None):
    global seen
    seen += message[:1] == "s" and message[1:2].isdigit()
    if seen == last:
        os.kill(os.getpid(), signal.SIGKILL)

with engine("MongoDB").open(Target("shop", url), Policy(), threading.Event()) as database:
    reconcile(database, [Declaration(OWNER, declared(spec))], Policy(), lambda p: Facts(verdict=Verdict(p.hash, True)), progress=told)
"""


def run(mongo: Mongo, spec: str, last: int) -> subprocess.Popen[bytes]:
    """The same run in a process of its own, which ends itself as kill -9 would before step `last`."""
    path = os.pathsep.join([str(ROOT / "operator"), str(ROOT)])
    return subprocess.Popen(
        [sys.executable, "-c", RUN, mongo.url, spec, str(last)], env={**os.environ, "PYTHONPATH": path}, cwd=ROOT
    )


def dead_lock(mongo: Mongo) -> None:
    """The time of the killed process's lock is over."""
    mongo.db["colonnade.lock"].update_many(
        {}, {"$set": {"expires": mongo.db.command("hello")["localTime"].replace(year=2020)}}
    )


@pytest.mark.parametrize("last", range(1, 13))
def test_killed_before_any_step_the_next_run_converges(mongo: Mongo, last: int) -> None:
    mongo.apply(BEFORE)
    mongo.db.orders.insert_many([{"_id": i, "a": i, "b": i} for i in range(50)])
    with run(mongo, AFTER, last) as process:
        code = process.wait()
    assert code == (-signal.SIGKILL if last <= 12 else 0)
    dead_lock(mongo)
    mongo.apply(AFTER)
    assert mongo.names() == {"orders", "fresh", "v", "colonnade_quarantine.gone"}
    assert set(mongo.indexes("orders")) == {"_id_", "one", "two"}
    assert mongo.db.orders.count_documents({"s": "x"}) == 50


@pytest.mark.parametrize("last", [3, 6, 9])
def test_killed_half_way_and_taken_back_everything_is_as_before(mongo: Mongo, last: int) -> None:
    mongo.apply(BEFORE)
    mongo.db.orders.insert_many([{"_id": i, "a": i, "b": i} for i in range(50)])
    before = {name: spec["key"] for name, spec in mongo.indexes("orders").items()}
    with run(mongo, AFTER, last) as process:
        process.wait()
    dead_lock(mongo)
    mongo.apply(BEFORE)
    assert {name: spec["key"] for name, spec in mongo.indexes("orders").items()} == before
    assert mongo.db.orders.count_documents({}) == 50


def test_killed_in_the_middle_of_a_build_the_next_run_joins_it(mongo: Mongo) -> None:
    mongo.apply("collections: [{name: big}]")
    for start in range(0, 300_000, 50_000):
        mongo.db.big.insert_many(
            [
                {"a": i, "b": f"{i * 7919 % 300_000:09d}", "c": f"{i * 104729 % 300_000:012d}"}
                for i in range(start, start + 50_000)
            ]
        )
    spec = "collections: [{name: big, indexes: [{name: by_b, keys: [{field: b, order: 1}, {field: c, order: -1}, {field: a, order: 1}]}]}]"

    with run(mongo, spec, -1) as process:
        assert poll(lambda: is_building(mongo, "big") or process.poll() is not None, seconds=60, every=0.01)
        assert process.poll() is None, "the build was over before it could be seen"
        process.kill()
        process.wait()
    dead_lock(mongo)
    mongo.apply(spec)
    assert set(mongo.indexes("big")) == {"_id_", "by_b"}
    assert (
        mongo.db.big.find({"b": "000000007"}).explain()["queryPlanner"]["winningPlan"]["inputStage"]["indexName"]
        == "by_b"
    )


def test_the_journal_tells_how_far_a_killed_run_came(mongo: Mongo) -> None:
    with run(mongo, "collections: [{name: a}, {name: b}]", 2) as process:
        process.wait()
    (entry,) = mongo.db["colonnade.journal"].find()
    assert entry["state"] == "running"
    assert [step.get("state") for step in entry["steps"]] == ["done", "running"]
    assert mongo.names() == {"a"}
