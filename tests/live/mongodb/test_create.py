"""From nothing to what is declared, and not a command more."""

import json
from typing import Any

import pytest

from colonnade.core.errors import InvalidSpec
from colonnade.core.gate import Policy
from colonnade.core.plan import Plan
from tests.live.mongodb.live import Mongo

SHOP = """
collections:
- name: orders
  fields:
  - {name: status, type: string, required: true, enum: [pending, processing, shipped]}
  - {name: user, type: object, required: true, fields: [{name: _id, type: objectId, references: users}]}
  - {name: items, type: array, items: {type: object, fields: [{name: sku, type: string}, {name: price, type: decimal, minimum: 0}]}}
  - {name: created_at, type: date}
  indexes:
  - {name: by_user, keys: [{field: user._id, order: 1}, {field: created_at, order: -1}]}
  - {name: by_sku, keys: [{field: items.sku, order: 1}]}
  - {name: open_orders, keys: [{field: status, order: 1}], partialFilter: {status: {$in: [pending, processing]}}}
  - {name: expiry, keys: [{field: created_at, order: 1}], expireAfter: 720h}
- name: products
  fields: [{name: name, type: string, required: true}]
  additionalFields: false
  indexes:
  - {name: search, keys: [{field: name, type: text}, {field: description, type: text}], weights: {name: 5}}
  - {name: near, keys: [{field: place, type: 2dsphere}]}
  - {name: anything, keys: [{field: $**, order: 1}], wildcardProjection: {tags: 1}}
- name: users
  options: {collation: {locale: de, strength: 2}}
  indexes:
  - {name: email, keys: [{field: email, order: 1}], unique: true}
  - {name: exact, keys: [{field: email, order: 1}], collation: {locale: simple}}
  - {name: hashed, keys: [{field: email, type: hashed}], sparse: true, collation: {locale: simple}}
views:
- {name: open, viewOn: orders, pipeline: [{$match: {status: pending}}, {$lookup: {from: users, localField: user._id, foreignField: _id, as: u}}]}
"""


def test_a_shop_is_made_and_then_nothing_is_left_to_do(mongo: Mongo, writes: list[str]) -> None:
    result = mongo.reconcile(SHOP)
    assert result.held is None
    assert mongo.names() == {"orders", "products", "users", "open"}
    assert {"_id_", "by_user", "by_sku", "open_orders", "expiry"} == set(mongo.indexes("orders"))
    writes.clear()
    assert mongo.reconcile(SHOP).plan is None
    assert mongo.steps(SHOP) == []
    assert writes == []


def test_new_objects_have_no_hazards(mongo: Mongo) -> None:
    assert mongo.hazards(SHOP) == []


def test_the_reading_of_an_unsettled_database_writes_nothing_either(mongo: Mongo, writes: list[str]) -> None:
    mongo.apply(SHOP)
    mongo.db["colonnade.state"].delete_one({"_id": "settled"})
    writes.clear()
    assert mongo.reconcile(SHOP).plan == Plan(
        "shop", (), mongo.plan(SHOP).premise, mongo.plan(SHOP).warnings, mongo.plan(SHOP).resources
    )
    assert writes == ["update colonnade.state"]  # that it is settled


@pytest.mark.parametrize("mode", ["Plan", "Observe"])
def test_nothing_is_written_where_the_policy_forbids_it(mongo: Mongo, writes: list[str], mode: Any) -> None:
    result = mongo.reconcile(SHOP, policy=Policy(mode=mode))
    assert result.plan is not None
    assert len(result.plan.steps) == 14
    assert result.held is not None
    assert writes == []
    assert mongo.db.list_collection_names() == []


@pytest.mark.parametrize("mode", ["Plan", "Observe"])
def test_nothing_is_written_about_a_converged_database_either(mongo: Mongo, writes: list[str], mode: Any) -> None:
    mongo.apply(SHOP)
    writes.clear()
    mongo.db["colonnade.state"].drop()
    mongo.db["colonnade.ledger"].drop()
    writes.clear()
    assert mongo.reconcile(SHOP, policy=Policy(mode=mode)).held is None
    assert writes == []


def test_a_collection_refuses_what_breaks_its_rule(mongo: Mongo) -> None:
    mongo.apply(SHOP)
    mongo.db.orders.insert_one({"status": "pending", "user": {}})
    with pytest.raises(Exception, match="failed validation"):
        mongo.db.orders.insert_one({"status": "lost", "user": {}})


@pytest.mark.parametrize(
    "name", ["a.b", "ünï", 'quo"te', "it's", "sp ace", "back\\slash", "new\nline", "x" * 120, "{curly}", "a..b"]
)
def test_hostile_names_are_only_names(mongo: Mongo, name: str) -> None:
    body = json.dumps(
        {
            "collections": [
                {
                    "name": name,
                    "fields": [{"name": name.replace(".", "_"), "type": "string"}],
                    "indexes": [{"name": name, "keys": [{"field": name.replace(".", "_"), "order": 1}]}],
                }
            ],
            "views": [{"name": f"v{name}", "viewOn": name}],
        }
    )
    mongo.apply(body)
    assert mongo.names() == {name, f"v{name}"}
    mongo.apply("collections: []")
    assert mongo.names() == {f"colonnade_quarantine.{name}"}


def test_a_view_over_a_view_is_made_after_it(mongo: Mongo) -> None:
    mongo.apply("""
collections: [{name: z}]
views: [{name: a, viewOn: b}, {name: b, viewOn: c}, {name: c, viewOn: z}]
""")
    assert mongo.names() == {"a", "b", "c", "z"}


def test_views_in_a_circle_are_refused(mongo: Mongo) -> None:
    with pytest.raises(Exception, match="circle"):
        mongo.plan("views: [{name: a, viewOn: b}, {name: b, viewOn: a}]")


def test_what_the_server_refuses_is_told_with_its_place_before_anything_is_made(mongo: Mongo) -> None:
    text = """
collections:
- name: orders
  indexes: [{name: fine, keys: [{field: a, order: 1}]}, {name: odd, keys: [{field: a, type: hashed}], unique: true}]
"""
    result = mongo.reconcile(text)
    error = result.desired.errors["MongoSchema/shop/orders"]
    assert isinstance(error, InvalidSpec)
    assert "spec.collections[orders].indexes[odd]" in str(error)
    assert mongo.names() == set()


def test_a_broken_declaration_does_not_hold_up_another(mongo: Mongo) -> None:
    result = mongo.reconcile(
        {
            "MongoSchema/shop/good": "collections: [{name: good}]",
            "MongoSchema/shop/bad": "collections: [{name: bad, jsonSchema: {type: integer}}]",
        }
    )
    assert set(result.desired.errors) == {"MongoSchema/shop/bad"}
    assert mongo.names() == {"good"}
