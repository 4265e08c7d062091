"""The same main job for MongoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from tests.cluster.harness import Doc, Operator, Team, condition, current, datastore, message, mongo, secret, standing

USERS: Doc = {
    "name": "users",
    "fields": [{"name": "email", "type": "string", "required": True}],
    "indexes": [{"name": "by_email", "keys": [{"field": "email", "order": 1}], "unique": True}],
}


@pytest.fixture
def live(mongo_url: str) -> Iterator[Database[dict[str, Any]]]:
    with MongoClient[dict[str, Any]](mongo_url) as client:
        yield client.get_default_database()


def store(team: Team, name: str, url: str, **policy: Any) -> str:
    team.apply(secret(name, uri=url), datastore(name, engine="MongoDB", **policy))
    return name


@pytest.mark.usefixtures("operator")
def test_what_is_applied_comes_to_be(team: Team, mongo_url: str, live: Database[dict[str, Any]]) -> None:
    team.apply(mongo("users", store(team, "mongo", mongo_url), USERS))
    found = team.ready("MongoSchema", "users")
    assert "by_email" in live["users"].index_information()
    team.plan(found["status"]["applied"]["plan"], "Applied")
    assert team.ready("Datastore", "mongo")["status"]["server"]["version"]


@pytest.mark.usefixtures("operator")
def test_a_dropped_collection_waits_for_a_person(team: Team, mongo_url: str, live: Database[dict[str, Any]]) -> None:
    shop = store(team, "dropping", mongo_url)
    team.apply(mongo("dropped", shop, USERS, {"name": "old"}))
    team.ready("MongoSchema", "dropped")
    live["old"].insert_one({"kept": 1})
    team.apply(mongo("dropped", shop, USERS))
    waiting = team.reason("MongoSchema", "dropped", "ApprovalRequired")
    assert live["old"].count_documents({}) == 1
    team.say(waiting["status"]["plan"]["name"], "Approve")
    team.ready("MongoSchema", "dropped")
    assert "old" not in live.list_collection_names()


@pytest.mark.usefixtures("operator")
def test_an_index_dropped_by_hand_is_reported_and_put_back_where_the_policy_says_so(
    team: Team, mongo_url: str, live: Database[dict[str, Any]]
) -> None:
    shop = store(team, "drifting", mongo_url, resync="1s")
    team.apply(mongo("drifted", shop, USERS))
    team.ready("MongoSchema", "drifted")
    live["users"].drop_index("by_email")
    drifted = team.until("MongoSchema", "drifted", lambda doc: condition(doc, "Drifted").get("status") == "True")
    assert standing(drifted) == ("True", "Drifted")
    team.merge("Datastore", shop, {"spec": {"policy": {"drift": "Correct"}}})
    team.until("MongoSchema", "drifted", lambda doc: "by_email" in live["users"].index_information() and current(doc))
    team.ready("MongoSchema", "drifted")


@pytest.mark.usefixtures("operator")
def test_documents_in_the_way_are_named_and_mending_them_heals(
    team: Team, mongo_url: str, live: Database[dict[str, Any]]
) -> None:
    live["users"].insert_many([{"_id": 1, "email": "a@b"}, {"_id": 2, "email": "a@b"}])
    shop = store(team, "violated", mongo_url, resync="1s", approval="Destructive")
    team.apply(mongo("violating", shop, USERS))
    found = team.reason("MongoSchema", "violating", "DataViolation")
    assert "users" in message(found)
    live["users"].update_one({"_id": 2}, {"$set": {"email": "c@d"}})
    team.annotate("MongoSchema", "violating", reconcile_at="now")
    team.ready("MongoSchema", "violating")


def test_deletion_does_what_the_policy_says(
    team: Team, operator: Operator, mongo_url: str, live: Database[dict[str, Any]]
) -> None:
    shop = store(team, "emptied", mongo_url)
    team.apply(mongo("deleted", shop, {"name": "doomed"}, deletionPolicy="Delete"), mongo("retained", shop, USERS))
    team.ready("MongoSchema", "deleted")
    team.ready("MongoSchema", "retained")
    team.delete("MongoSchema", "deleted")
    team.gone("MongoSchema", "deleted")
    team.delete("MongoSchema", "retained")
    team.gone("MongoSchema", "retained")
    assert "doomed" not in live.list_collection_names()
    assert "by_email" in live["users"].index_information()
    assert operator.process.poll() is None
