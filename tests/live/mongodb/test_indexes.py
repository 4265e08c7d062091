"""Every change of an index: in place where MongoDB can, beside the old one where it cannot, and never twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo.errors import DuplicateKeyError

from colonnade.core.errors import DataViolation, InvalidSpec, Unsupported
from colonnade.core.gate import Policy
from colonnade.engines import Declaration
from colonnade.engines.mongodb.kinds import index as index_kind
from colonnade.reconcile import reconcile
from tests.live.mongodb.live import OWNER, Mongo, declared, listening

DROP = Policy(drops="Drop")


def orders(*indexes: str, options: str = "{}") -> str:
    return f"collections: [{{name: orders, options: {options}, indexes: [{', '.join(indexes)}]}}]"


def by(*fields: str, name: str = "one", more: str = "") -> str:
    keys = ", ".join(f"{{field: {f}, order: 1}}" for f in fields)
    return f"{{name: {name}, keys: [{keys}]{', ' + more if more else ''}}}"


def fill(mongo: Mongo, count: int = 20, **more: Any) -> None:
    mongo.db.orders.insert_many([{"_id": i, "a": i, "b": i % 3, "c": str(i), **more} for i in range(count)])


@pytest.mark.parametrize(
    "same",
    [
        {"key": {"a": 1.0}},
        {"key": {"a": 1}, "sparse": False},
        {"key": {"a": 1}, "background": True},
    ],
)
def test_an_index_under_another_name_is_adopted(mongo: Mongo, writes: list[str], same: dict[str, Any]) -> None:
    fill(mongo)
    mongo.db.command("createIndexes", "orders", indexes=[{"name": "theirs", **same}])
    writes.clear()
    result = mongo.apply(orders(by("a", name="ours")))
    assert set(mongo.indexes("orders")) == {"_id_", "theirs"}
    assert not [w for w in writes if "orders" in w]
    assert result.plan is not None
    assert "is called theirs on the server" in result.plan.warnings[0]


@pytest.mark.parametrize(
    "filter_",
    [
        {"x": {"$eq": 1}},
        {"x": 1.0},
        {"$and": [{"x": 1}]},
        {"x": {"$in": [1]}},
    ],
)
def test_a_partial_filter_is_compared_by_meaning(mongo: Mongo, writes: list[str], filter_: dict[str, Any]) -> None:
    fill(mongo)
    mongo.db.orders.create_index([("a", 1)], name="theirs", partialFilterExpression=filter_)
    mongo.apply(orders(by("a", more="partialFilter: {x: 1}")))
    assert set(mongo.indexes("orders")) == {"_id_", "theirs"}
    mongo.db["colonnade.state"].delete_one({"_id": "settled"})
    writes.clear()
    mongo.reconcile(orders(by("a", more="partialFilter: {x: 1}")))
    assert writes == ["update colonnade.state"]  # what the server said of it is remembered


def test_other_keys_replace_the_index_and_it_keeps_its_name(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    steps = mongo.steps(orders(by("a", "b")))
    assert [verb(step) for step in steps] == ["createIndexes", "dropIndexes", "createIndexes", "dropIndexes"]
    mongo.apply(orders(by("a", "b")))
    assert {name: list(spec["key"]) for name, spec in mongo.indexes("orders").items()} == {
        "_id_": ["_id"],
        "one": ["a", "b"],
    }


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (by("a"), by("b")),
        (by("a", "b"), by("b", "a")),
        (by("a"), "{name: one, keys: [{field: a, order: -1}]}"),
        (by("a"), by("a", more="sparse: true")),
        (by("a", more="sparse: true"), by("a")),
        (by("a"), by("a", more="partialFilter: {a: {$gt: 5}}")),
        (by("a", more="partialFilter: {a: {$gt: 5}}"), by("a", more="partialFilter: {a: {$gt: 6}}")),
        (by("c"), by("c", more="collation: {locale: de}")),
        (by("c", more="collation: {locale: de}"), by("c", more="collation: {locale: de, strength: 1}")),
        (by("a", more="unique: true"), by("a")),
        (by("a", more="unique: true"), by("a", "b", more="unique: true")),
        (by("a"), "{name: one, keys: [{field: a, type: hashed}]}"),
        ("{name: one, keys: [{field: a, type: hashed}]}", by("a")),
        (by("$**"), by("$**", more="wildcardProjection: {a: 1}")),
        (by("$**", more="wildcardProjection: {a: 1}"), by("$**", more="wildcardProjection: {a: 0}")),
        (by("a", more="hidden: true"), by("b", more="hidden: true")),
        (by("a", more="expireAfter: 720h"), by("b", more="expireAfter: 720h")),
        ("{name: one, keys: [{field: p, type: 2dsphere}]}", "{name: one, keys: [{field: p, type: 2dsphere}, {field: a, order: 1}]}"),
        ("{name: one, keys: [{field: p, type: 2d}]}", "{name: one, keys: [{field: p, type: 2dsphere}]}"),
    ],
)  # fmt: skip
def test_any_definition_becomes_any_other(mongo: Mongo, before: str, after: str) -> None:
    mongo.apply(orders(before))
    fill(mongo)
    mongo.apply(orders(after), DROP)
    assert len(mongo.indexes("orders")) == 2
    mongo.apply(orders(before), DROP)
    assert len(mongo.indexes("orders")) == 2


def test_on_a_large_collection_there_is_one_build_and_the_name_says_so(
    mongo: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_kind, "_BUILT_TWICE", 0)
    mongo.apply(orders(by("a")))
    fill(mongo)
    assert [verb(step) for step in mongo.steps(orders(by("b")))] == ["createIndexes", "collMod"]
    mongo.apply(orders(by("b")))
    (made,) = set(mongo.indexes("orders")) - {"_id_", "one"}
    assert made.startswith("one_")
    assert mongo.indexes("orders")["one"]["hidden"] is True
    mongo.db["colonnade.quarantine"].update_many({}, {"$set": {"since": datetime(2020, 1, 1, tzinfo=UTC)}})
    mongo.apply(orders(by("b")))
    assert set(mongo.indexes("orders")) == {"_id_", made}
    mongo.apply(orders(by("c")), DROP)
    assert set(mongo.indexes("orders")) == {"_id_", "one"}


def test_queries_that_lose_their_index_are_told_with_its_use(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    mongo.db.orders.find_one({"a": 3})
    assert mongo.hazards(orders(by("a", "b"))) == ["BUILDS_INDEX"]  # they can use this one
    plan = mongo.plan(orders(by("b", "a")))
    assert [h.code for h in plan.hazards] == ["BUILDS_INDEX", "DROPS_INDEX"]
    assert "over a, it was used 1 times" in plan.hazards[1].message


def test_a_unique_twin_keeps_up_the_guarantee(mongo: Mongo) -> None:
    mongo.apply(orders(by("a", more="unique: true")))
    fill(mongo)
    twin = mongo.steps(orders(by("a", "b", more="unique: true")))[0]
    assert '"key": {"a": 2, "b": 2}' in twin
    assert '"unique": true' in twin


def test_a_leftover_twin_is_cleared_away(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    mongo.db.orders.create_index([("a", 2), ("b", 2)], name="colonnade_tmp_one_12345678")
    mongo.apply(orders(by("a")), Policy(drift="Correct"))
    assert set(mongo.indexes("orders")) == {"_id_", "one"}


def verb(statement: str) -> str:
    return statement[2 : statement.index('"', 2)]


# what changes in place


def test_hidden_goes_both_ways_in_place(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    mongo.db.orders.find_one({"a": 3})
    assert mongo.hazards(orders(by("a", more="hidden: true"))) == ["DROPS_INDEX"]
    assert "used 1 times since" in mongo.plan(orders(by("a", more="hidden: true"))).hazards[0].message
    mongo.apply(orders(by("a", more="hidden: true")))
    assert mongo.indexes("orders")["one"]["hidden"] is True
    assert mongo.hazards(orders(by("a"))) == []
    mongo.apply(orders(by("a")))
    assert "hidden" not in mongo.indexes("orders")["one"]


def test_a_ttl_tells_how_many_documents_it_would_delete(mongo: Mongo) -> None:
    now = datetime.now(UTC)
    mongo.apply(orders(by("at")))
    mongo.db.orders.insert_many([{"at": now - timedelta(hours=h)} for h in range(10)])
    plan = mongo.plan(orders(by("at", more="expireAfter: 5h30m")))
    (hazard,) = plan.hazards
    assert hazard.code == "EXPIRES_DATA"
    assert "4 documents with at older than 19800 s" in hazard.message
    held = mongo.reconcile(orders(by("at", more="expireAfter: 5h30m"))).held
    assert held is not None
    assert held.reason == "ApprovalRequired"
    mongo.apply(orders(by("at", more="expireAfter: 5h30m")))
    assert mongo.hazards(orders(by("at", more="expireAfter: 6h"))) == []
    assert mongo.hazards(orders(by("at", more="expireAfter: 1h"))) == ["EXPIRES_DATA"]


def test_a_new_ttl_index_tells_so_too(mongo: Mongo) -> None:
    mongo.db.orders.insert_one({"at": datetime(2020, 1, 1, tzinfo=UTC)})
    assert mongo.hazards(orders(by("at", more="expireAfter: 720h"))) == ["BUILDS_INDEX", "EXPIRES_DATA"]


def test_an_index_ceases_to_expire_documents(mongo: Mongo) -> None:
    mongo.apply(orders(by("at", more="expireAfter: 720h")))
    fill(mongo)
    mongo.apply(orders(by("at")))
    assert mongo.indexes("orders")["one"]["expireAfterSeconds"] == 2147483647
    mongo.apply(orders(by("at", more="expireAfter: 1h")))
    assert mongo.indexes("orders")["one"]["expireAfterSeconds"] == 3600


def test_an_index_becomes_unique_in_place(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    assert mongo.hazards(orders(by("a", more="unique: true"))) == ["TIGHTENS_RULE", "TIGHTENS_RULE"]
    mongo.apply(orders(by("a", more="unique: true")))
    assert mongo.indexes("orders")["one"]["unique"] is True
    assert "prepareUnique" not in mongo.indexes("orders")["one"]


def test_duplicates_keep_an_index_from_becoming_unique_and_are_told_by_id(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    mongo.db.orders.insert_one({"_id": "twice", "a": 7})
    with pytest.raises(DataViolation, match=r"2 documents \(_id 7.*\) share their values of a"):
        mongo.plan(orders(by("a", more="unique: true")))
    assert "prepareUnique" not in mongo.indexes("orders")["one"]


def test_missing_and_null_are_duplicates(mongo: Mongo) -> None:
    mongo.db.orders.insert_many([{"_id": 1}, {"_id": 2, "a": None}])
    with pytest.raises(DataViolation):
        mongo.plan(orders(by("a", more="unique: true")))
    assert mongo.plan(orders(by("a", more="unique: true, partialFilter: {a: {$exists: true}}"))).steps
    mongo.db.orders.insert_one({"_id": 3, "a": None})
    with pytest.raises(DataViolation):
        mongo.plan(orders(by("a", more="unique: true, partialFilter: {a: {$exists: true}}")))


def test_duplicates_by_collation_count(mongo: Mongo) -> None:
    mongo.db.orders.insert_many([{"a": "x"}, {"a": "X"}])
    assert mongo.plan(orders(by("a", more="unique: true"))).steps
    with pytest.raises(DataViolation):
        mongo.plan(orders(by("a", more="unique: true, collation: {locale: en, strength: 2}")))


def test_duplicates_in_arrays_are_found_by_the_server_and_nothing_is_left_behind(mongo: Mongo) -> None:
    mongo.apply(orders(by("tags")))
    mongo.db.orders.insert_many([{"_id": 1, "tags": ["x", "y"]}, {"_id": 2, "tags": ["y", "z"]}])
    with pytest.raises(DataViolation, match="_id 1, 2"):
        mongo.apply(orders(by("tags", more="unique: true")))
    assert "prepareUnique" not in mongo.indexes("orders")["one"]
    mongo.db.orders.delete_one({"_id": 2})
    mongo.apply(orders(by("tags", more="unique: true")))
    with pytest.raises(DuplicateKeyError):
        mongo.db.orders.insert_one({"tags": ["x"]})


def test_an_interrupted_conversion_is_finished_or_taken_back(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    mongo.db.command("collMod", "orders", index={"name": "one", "prepareUnique": True})
    assert len(mongo.steps(orders(by("a", more="unique: true")))) == 1
    mongo.apply(orders(by("a")), Policy(drift="Correct"))
    assert "prepareUnique" not in mongo.indexes("orders")["one"]


# what only can be built again


def text(fields: str, more: str = "") -> str:
    keys = ", ".join(f"{{field: {f}, type: text}}" for f in fields.split())
    return f"{{name: search, keys: [{keys}]{more}}}"


@pytest.mark.parametrize(
    "after",
    [
        text("c", ", weights: {c: 3}"),
        text("c d"),
        text("c", ", defaultLanguage: german"),
        text("c", ", languageOverride: l"),
    ],
)
def test_a_text_index_changes_with_a_gap_that_somebody_allowed(mongo: Mongo, after: str) -> None:
    mongo.apply(orders(text("c")))
    fill(mongo)
    with pytest.raises(Unsupported, match="allowGap"):
        mongo.plan(orders(after))
    allowed = after[:-1] + ", allowGap: true}"
    assert mongo.hazards(orders(allowed)) == ["DROPS_INDEX", "BUILDS_INDEX"]
    mongo.apply(orders(allowed))
    assert len(mongo.indexes("orders")) == 2


def test_a_text_index_under_another_name_is_the_same_one(mongo: Mongo) -> None:
    mongo.db.orders.create_index([("c", "text"), ("d", "text")], name="theirs", weights={"d": 4})
    mongo.apply(orders(text("d c", ", weights: {d: 4}")))
    assert set(mongo.indexes("orders")) == {"_id_", "theirs"}


# what is told before it is tried


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (by("a", more="partialFilter: {a: {$ne: 1}}"), r"\$ne.*name the values that are meant with \$in"),
        (by("a", more="partialFilter: {$nor: [{a: 1}]}"), r"\$nor"),
        (by("a", more="partialFilter: {a: {$exists: false}}"), "without a field"),
        (f"{text('a')}, {text('b').replace('search', 'other')}", "one text index at most"),
        (f"{by('a')}, {by('a', name='two')}", "the same index as"),
        (by("_id"), "always has the index over _id"),
    ],
)
@pytest.mark.parametrize("mode", ["Apply", "Plan"])
def test_a_wrong_index_is_refused_with_the_way_out(mongo: Mongo, wrong: str, words: str, mode: Any) -> None:
    with pytest.raises(InvalidSpec, match=words):
        mongo.plan(orders(wrong), Policy(mode=mode))


def test_an_index_that_another_one_makes_superfluous_is_a_warning(mongo: Mongo) -> None:
    result = mongo.apply(
        orders(by("a"), by("a", "b", name="two"), by("c", name="three", more="unique: true"), by("c", "a", name="four"))
    )
    (warning,) = [w for ws in result.desired.warnings.values() for w in ws]
    assert warning.startswith("spec.collections[orders].indexes[one]: queries can use two in its place")


def test_a_collation_is_inherited_and_simple_is_none(mongo: Mongo) -> None:
    spec = orders(
        by("a"), by("a", name="exact", more="collation: {locale: simple}"), options="{collation: {locale: fr_CA}}"
    )
    mongo.apply(spec)
    mongo.apply(spec, Policy(mode="Plan"))
    assert mongo.indexes("orders")["one"]["collation"]["backwards"] is True
    assert "collation" not in mongo.indexes("orders")["exact"]


# building


def test_a_build_tells_its_progress(mongo: Mongo) -> None:
    mongo.apply(orders(by("a")))
    fill(mongo)
    told: list[str] = []
    with mongo.opened() as database:
        spec = declared(orders(by("a"), by("b", name="two")))
        reconcile(database, [Declaration(OWNER, spec)], Policy(approval="Never"), progress=listening(told))
    assert any("createIndexes index orders.two" in m for m in told)
