"""The role that is shipped is enough and no more; what is missing is named with the command that gives it."""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from colonnade.core.errors import Unauthorized
from colonnade.core.gate import Policy
from tests.fixtures.mongodb import MakeMongoUser, MongoServer
from tests.live.mongodb.live import Mongo
from tests.live.mongodb.test_create import SHOP

MANIFEST = Path(__file__).parents[3] / "manifests" / "mongodb-role.json"
ROLES: list[dict[str, Any]] = json.loads(MANIFEST.read_text())
MakeAs = Callable[[Sequence[str]], Mongo]


@pytest.fixture
def with_roles(mongo_server: MongoServer, mongo: Mongo, make_mongo_user: MakeMongoUser) -> Iterator[MakeAs]:
    """The database seen by a user who has some of the shipped roles. Roles for all of a server live in admin, so they are ours to drop."""
    suffix = secrets.token_hex(4)
    text = (
        json.dumps(ROLES)
        .replace('"shop"', json.dumps(mongo.db.name))
        .replace('"createRole": "', f'"createRole": "r{suffix}_')
    )
    with mongo_server.client() as client:
        for role in json.loads(text):
            client.admin.command(role)

        def make(names: Sequence[str]) -> Mongo:
            url = make_mongo_user(mongo.url)
            user = urlsplit(url).username
            granted = [{"role": f"r{suffix}_{name}", "db": "admin"} for name in names]
            client[mongo.db.name].command("grantRolesToUser", user, roles=granted)
            return Mongo(url, mongo.db)

        yield make
        for role in json.loads(text):
            client.admin.command("dropRole", role["createRole"])


@pytest.fixture(autouse=True)
def asks_for_passwords(mongo_server: MongoServer) -> None:
    if "@" not in mongo_server.admin:
        pytest.skip("the server of COLONNADE_MONGO_URL asks nobody for a password")


def test_the_shipped_role_is_enough_for_everything_but_drops_and_backfills(with_roles: MakeAs) -> None:
    limited = with_roles(["colonnade"])
    limited.apply(SHOP)
    limited.db.orders.insert_one({"status": "pending", "user": {}})
    limited.apply(
        SHOP.replace("processing, shipped]}", "processing, shipped, lost]}").replace(
            "expireAfter: 720h", "expireAfter: 700h"
        )
    )
    with limited.opened() as database:
        probe = database.probe()
    assert probe.problems == ()
    assert set(probe.capabilities) == {"schema", "index usage", "progress", "replica lag", "transactions"}
    assert not probe.read_only


def test_it_drops_nothing_and_says_what_is_missing(with_roles: MakeAs) -> None:
    limited = with_roles(["colonnade"])
    limited.apply("collections: [{name: a}]")
    with pytest.raises(
        Unauthorized, match=r"renameCollection.*lacks the action renameCollectionSameDB.*grantPrivilegesToRole"
    ):
        limited.apply("collections: []")
    with pytest.raises(Unauthorized, match="dropCollection"):
        limited.apply("collections: []", Policy(drops="Drop"))
    assert limited.names() == {"a"}
    with_roles(["colonnade", "colonnadeDrops"]).apply("collections: []")
    assert limited.names() == {"colonnade_quarantine.a"}


def test_backfills_need_their_own_role(with_roles: MakeAs) -> None:
    limited = with_roles(["colonnade"])
    limited.db.a.insert_one({})
    spec = "collections: [{name: a}]\nbackfills: [{collection: a, field: x, value: 1}]"
    with pytest.raises(Unauthorized, match="update"):
        limited.apply(spec)
    with_roles(["colonnade", "colonnadeBackfills"]).apply(spec)
    assert limited.db.a.count_documents({"x": 1}) == 1


@pytest.mark.parametrize(
    "action", ["listCollections", "listIndexes", "find", "createCollection", "createIndex", "collMod", "dropIndex"]
)
def test_a_missing_action_is_named_with_the_command_that_gives_it(
    mongo: Mongo, make_mongo_user: MakeMongoUser, mongo_server: MongoServer, action: str
) -> None:
    base: list[dict[str, Any]] = json.loads(
        json.dumps(ROLES[0]["privileges"][:-1]).replace('"shop"', json.dumps(mongo.db.name))
    )
    base[0]["actions"].remove(action)
    url = make_mongo_user(mongo.url, privileges=base)
    with Mongo(url, mongo.db).opened() as database:
        problems = database.probe().problems
    assert problems
    assert action in problems[0]
    given = re.search(r"grantPrivilegesToRole\(.*?, (\[.*\])\)", problems[0])
    assert given
    privileges = json.loads(re.sub(r"(\w+):", r'"\1":', given[1]))
    role = f"{urlsplit(url).username}_may"
    with mongo_server.client() as client:
        client[mongo.db.name].command("grantPrivilegesToRole", role, privileges=privileges)
    with Mongo(url, mongo.db).opened() as database:
        assert not [p for p in database.probe().problems if f"may not {action}" in p]


def test_a_wrong_password_is_told_without_it(mongo: Mongo, make_mongo_user: MakeMongoUser) -> None:
    url = make_mongo_user(mongo.url, roles=["readWrite"]).replace(":secret@", ":wr0ng-pass@")
    with pytest.raises(Unauthorized) as caught, Mongo(url, mongo.db).opened():
        pass
    assert "Authentication failed" in str(caught.value)
    assert "wr0ng-pass" not in str(caught.value)
    assert caught.value.retry is not None


def test_without_a_user_the_database_is_unauthorized(mongo: Mongo, mongo_server: MongoServer) -> None:
    parts = urlsplit(mongo.url)
    url = f"mongodb://{parts.netloc.rpartition('@')[2]}{parts.path}?replicaSet=rs0"
    with pytest.raises(Unauthorized):
        Mongo(url, mongo.db).reconcile("collections: [{name: a}]")


def test_a_user_who_may_only_read_sees_the_plan(mongo: Mongo, make_mongo_user: MakeMongoUser) -> None:
    url = make_mongo_user(mongo.url, roles=["read"])
    reader = Mongo(url, mongo.db, Policy(mode="Plan"))
    assert len(reader.steps(SHOP)) == 14
    with reader.opened() as database:
        probe = database.probe()
    assert probe.read_only
    assert probe.problems == ()
