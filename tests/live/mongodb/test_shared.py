"""Several resources share a database, and one open database serves many passes: neither gets in the way of another."""

from colonnade.core.errors import DataViolation, Unsupported
from colonnade.core.gate import Policy
from colonnade.engines import Declaration
from colonnade.reconcile import reconcile
from tests.fixtures.mongodb import MakeMongoUser
from tests.live.mongodb.live import Mongo, approved, declared

A, B = "MongoSchema/shop/a", "MongoSchema/shop/b"
STRICT = "collections: [{name: a, fields: [{name: n, type: int, required: true}]}]"
DIRECT = STRICT.replace("fields", "validation: {rollout: Direct}, fields")
OTHER = "collections: [{name: b, indexes: [{name: i, keys: [{field: x, order: 1}]}]}]"


def test_documents_that_break_the_rule_of_one_do_not_hold_up_another(mongo: Mongo) -> None:
    mongo.db.a.insert_many([{"_id": 1}, {"_id": 2}])
    result = mongo.reconcile({A: DIRECT, B: OTHER}, approved)
    assert {owner: type(error) for owner, error in result.desired.errors.items()} == {A: DataViolation}
    assert result.plan is not None
    assert result.plan.resources == (B,)
    assert mongo.names() == {"a", "b"}
    assert mongo.options("a") == {}
    result = mongo.reconcile({A: DIRECT, B: OTHER}, approved)
    assert list(result.desired.errors) == [A]
    mongo.db.a.update_many({}, {"$set": {"n": 1}})
    assert not mongo.apply({A: DIRECT, B: OTHER}).desired.errors


def test_a_rule_on_its_ladder_is_told_of_its_resource_alone(mongo: Mongo) -> None:
    mongo.db.a.insert_many([{"_id": 1}, {"_id": 2}])
    for _ in range(2):
        result = mongo.reconcile({A: STRICT, B: OTHER}, approved)
        assert "2 documents (_id 1, 2) break the rule" in str(result.desired.errors[A])
        assert list(result.desired.errors) == [A]
    assert mongo.options("a")["validationAction"] == "warn"
    mongo.db.a.update_many({}, {"$set": {"n": 1}})
    mongo.apply({A: STRICT, B: OTHER})
    assert mongo.options("a")["validationAction"] == "error"


def test_a_change_by_hand_is_drift_though_a_rule_waits(mongo: Mongo) -> None:
    mongo.db.a.insert_one({"_id": 1})
    mongo.reconcile({A: STRICT, B: OTHER}, approved)
    mongo.db.b.drop_index("i")
    assert mongo.reconcile({A: STRICT, B: OTHER}, approved).drifted
    assert "i" not in mongo.indexes("b")


def test_what_cannot_be_done_for_one_is_done_for_the_other(mongo: Mongo) -> None:
    mongo.apply({A: "collections: [{name: a}, {name: z}]", B: "collections: []"})
    collated = "collections: [{name: a, options: {collation: {locale: de}}}]"
    result = mongo.reconcile({A: collated, B: OTHER}, approved)
    assert isinstance(result.desired.errors[A], Unsupported)
    assert mongo.names() == {"a", "b", "z"}  # z waits, too: nothing of a's plan is done


def test_an_open_database_sees_what_happened_between_two_passes(mongo: Mongo) -> None:
    spec = declared("collections: [{name: a}]")
    with mongo.opened() as database:
        declarations = [Declaration(A, spec)]
        reconcile(database, declarations, Policy())
        assert reconcile(database, declarations, Policy()).plan is None
        mongo.db.a.drop()
        assert reconcile(database, declarations, Policy()).drifted
        mongo.apply({A: "collections: [{name: a}, {name: b}]"}, Policy(drift="Correct"))
        result = reconcile(database, declarations, Policy(), approved)
        assert result.plan is not None
        assert [step.subject for step in result.plan.steps] == ["collection b"]


def test_to_a_user_who_may_only_read_nothing_is_written(
    mongo: Mongo, make_mongo_user: MakeMongoUser, writes: list[str]
) -> None:
    reader = Mongo(make_mongo_user(mongo.url, roles=["read"]), mongo.db)
    writes.clear()
    with reader.opened() as database:
        assert database.probe().read_only
        result = reconcile(database, [Declaration(A, declared(OTHER))], Policy(mode="Observe"))
    assert result.held is not None
    assert writes == []
