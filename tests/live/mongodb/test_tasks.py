"""Documents change with their schema: once, in batches, and again from where it was broken off."""

import threading
from typing import Any

import pytest

from colonnade.core.errors import DataViolation, InvalidSpec, Unreachable
from colonnade.core.gate import Policy
from colonnade.engines import Declaration
from colonnade.engines.mongodb import batches
from colonnade.engines.mongodb.statement import document
from colonnade.reconcile import reconcile
from tests.live.mongodb.live import OWNER, Mongo, approved, declared

PLAIN = "collections: [{name: users, fields: [{name: email, type: string, required: true}]}]"
STATUS = """
collections:
- name: users
  fields:
  - {name: email, type: string, required: true}
  - {name: status, type: string, required: true, enum: [active, blocked]}
  indexes: [{name: by_status, keys: [{field: status, order: 1}]}]
backfills: [{collection: users, field: status, value: active}]
"""


@pytest.fixture
def users(mongo: Mongo) -> Mongo:
    mongo.apply(PLAIN)
    mongo.db.users.insert_many([{"_id": i, "email": f"u{i}@x"} for i in range(1000)])
    return mongo


def verbs(mongo: Mongo, spec: str) -> list[str]:
    return [next(iter(document(step))) for step in mongo.steps(spec)]


def test_a_required_field_comes_with_its_values_and_goes_again(users: Mongo) -> None:
    assert verbs(users, STATUS) == ["update", "createIndexes", "collMod"]
    result = users.apply(STATUS)
    assert result.outcome is not None
    assert users.db.users.count_documents({"status": "active"}) == 1000
    assert users.options("users")["validationAction"] == "error"
    assert users.options("users")["validationLevel"] == "strict"
    users.apply(PLAIN)
    assert users.db.users.count_documents({"status": "active"}) == 1000
    assert users.db.users.count_documents({}) == 1000


def test_a_rule_that_would_refuse_the_change_only_warns_meanwhile(users: Mongo) -> None:
    closed = PLAIN.replace("fields", "additionalFields: false, fields")
    users.apply(closed)
    assert verbs(users, STATUS) == ["collMod", "update", "createIndexes", "collMod"]
    assert users.hazards(STATUS) == ["DROPS_GUARANTEE", "BUILDS_INDEX", "TIGHTENS_RULE"]
    users.apply(STATUS)
    assert users.options("users")["validationAction"] == "error"


def test_documents_that_have_a_value_keep_it(users: Mongo) -> None:
    users.db.users.update_one({"_id": 3}, {"$set": {"status": "blocked"}})
    users.apply(STATUS)
    assert users.db.users.count_documents({"status": "blocked"}) == 1


def test_an_expression_is_computed_from_each_document(users: Mongo) -> None:
    users.apply(PLAIN + "\nbackfills: [{collection: users, field: low, expression: {$toUpper: $email}}]")
    assert users.db.users.find_one({"_id": 5}, {"low": 1, "_id": 0}) == {"low": "U5@X"}


def test_a_value_that_looks_like_an_expression_is_a_value(users: Mongo) -> None:
    users.apply(
        PLAIN
        + '\nbackfills: [{collection: users, field: low, value: "$email"}, {collection: users, field: n, value: null}]'
    )
    assert users.db.users.find_one({"_id": 5}, {"low": 1, "n": 1, "_id": 0}) == {"low": "$email", "n": None}


def test_extended_json_is_read_in_values(users: Mongo) -> None:
    users.apply(PLAIN + '\nbackfills: [{collection: users, field: at, value: {$date: "2024-01-01T00:00:00Z"}}]')
    assert users.db.users.count_documents({"at": {"$type": "date"}}) == 1000


COUNTED = (
    PLAIN
    + "\nbackfills: [{collection: users, field: n, expression: {$add: [{$ifNull: [$n, 0]}, 1]}, filter: {email: {$exists: true}}}]"
)


def test_a_filter_that_does_not_tell_what_is_done_runs_once(users: Mongo) -> None:
    users.apply(COUNTED)
    assert users.db.users.count_documents({"n": 1}) == 1000


@pytest.mark.parametrize("spec", [COUNTED, STATUS])
def test_what_was_broken_off_goes_on_where_it_was(users: Mongo, spec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "MOST", 200)
    users.db.users.insert_many([{"_id": f"text {i}", "email": "e"} for i in range(300)])
    for after in (1, 2, 1):
        stop, seen = threading.Event(), [0]

        def told(
            message: str,
            done: float | None = None,
            stop: threading.Event = stop,
            seen: list[int] = seen,
            after: int = after,
        ) -> None:
            seen[0] += "documents changed" in message
            if seen[0] == after:
                stop.set()

        with users.opened(stop=stop) as database, pytest.raises(Unreachable, match="between two batches"):
            reconcile(database, [Declaration(OWNER, declared(spec))], Policy(), approved, progress=told)
    users.apply(spec)
    field = "n" if spec == COUNTED else "status"
    assert users.db.users.distinct(field) in ([1], ["active"])
    assert users.db.users.count_documents({field: {"$exists": True}}) == 1300


def test_a_field_goes_on_under_another_name(users: Mongo) -> None:
    spec = """
collections: [{name: users, fields: [{name: mail, type: string, required: true}]}]
renames: [{kind: Field, collection: users, from: email, to: mail}]
"""
    users.apply(spec)
    assert users.db.users.count_documents({"mail": "u7@x", "email": {"$exists": False}}) == 1
    assert users.options("users")["validationAction"] == "error"


def test_documents_with_both_names_are_told(users: Mongo) -> None:
    users.db.users.insert_one({"_id": "both", "email": "a", "mail": "b"})
    with pytest.raises(DataViolation, match=r'1 document \(_id "both"\) have both email and mail'):
        users.plan(PLAIN + "\nrenames: [{kind: Field, collection: users, from: email, to: mail}]")


def test_a_collection_goes_on_under_another_name_with_everything(users: Mongo, writes: list[str]) -> None:
    spec = PLAIN.replace("name: users", "name: people") + "\nrenames: [{kind: Collection, from: users, to: people}]"
    plan = users.plan(spec)
    assert [h.code for h in plan.hazards] == ["BREAKS_CLIENTS"]
    assert len(plan.steps) == 1
    users.apply(spec)
    assert users.names() == {"people"}
    assert users.db.people.count_documents({}) == 1000
    users.apply(PLAIN.replace("name: users", "name: people"))
    assert users.names() == {"people"}
    assert not [w for w in writes if w.startswith("drop users")]


def test_a_rename_and_changes_of_what_it_holds_come_together(users: Mongo) -> None:
    spec = STATUS.replace("name: users", "name: people").replace("collection: users", "collection: people")
    users.apply(spec + "renames: [{kind: Collection, from: users, to: people}]")
    assert users.db.people.count_documents({"status": "active"}) == 1000
    assert "by_status" in users.indexes("people")


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (PLAIN + "\nrenames: [{kind: Collection, from: users, to: people}]", "has to be declared"),
        (PLAIN + "\nbackfills: [{collection: other, field: x, value: 1}]", "is not declared"),
    ],
)
def test_tasks_for_what_is_not_declared_are_refused(mongo: Mongo, spec: str, words: str) -> None:
    with pytest.raises(InvalidSpec, match=words):
        mongo.plan(spec)


def test_the_size_of_batches_follows_their_time() -> None:
    sized: Any = batches._sized
    assert sized(100, 0.05, 0.1) == 200
    assert sized(100, 0.001, 0.1) == 200
    assert sized(100, 10.0, 0.1) == 50
    assert sized(1, 10.0, 0.1) == 1
    assert sized(5000, 0.001, 0.1) == 5000
