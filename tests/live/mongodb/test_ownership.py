"""What Colonnade did not create or adopt, it leaves alone; each object has one owner."""

from colonnade.core.errors import Conflict, InvalidSpec
from colonnade.core.gate import Policy
from tests.live.mongodb.live import Mongo, approved

A, B = "MongoSchema/shop/a", "MongoSchema/shop/b"


def only(*names: str) -> str:
    return f"collections: [{', '.join(f'{{name: {n}}}' for n in names)}]"


def test_what_nobody_declares_is_named_and_left_alone(mongo: Mongo) -> None:
    mongo.db.theirs.insert_one({})
    mongo.db.ours.create_index("x", name="by_hand")
    mongo.db.command("collMod", "ours", validator={"a": 1})
    mongo.db.command("create", "v", viewOn="ours", pipeline=[])
    state = mongo.apply(only("ours")).state
    assert state is not None
    assert set(state.unmanaged) == {"collection theirs", "index ours.by_hand", "validator ours", "view v"}
    assert state.first_contact
    assert mongo.steps(only("ours")) == []
    assert len(mongo.steps("collections: []")) == 1
    mongo.apply("collections: []", Policy(drops="Drop"))
    assert mongo.names() == {"theirs", "v"}


def test_what_is_declared_no_more_is_dropped_only_by_its_owner(mongo: Mongo) -> None:
    mongo.apply({A: only("one"), B: only("two")})
    assert mongo.steps({B: only("two")}) == []
    assert len(mongo.steps({A: only(), B: only("two")})) == 1


def test_an_object_goes_over_to_who_declares_it_next(mongo: Mongo) -> None:
    mongo.apply({A: only("one", "two"), B: only()})
    mongo.apply({A: only("one"), B: only("two")})
    assert mongo.names() == {"one", "two"}
    assert len(mongo.steps({B: only()})) == 1


def test_two_owners_of_one_object_both_wait_and_the_object_stays(mongo: Mongo) -> None:
    mongo.apply({A: only("one", "both")})
    result = mongo.reconcile({A: only("both"), B: only("both", "new")}, approved)
    assert {owner: type(error) for owner, error in result.desired.errors.items()} == {A: Conflict, B: Conflict}
    assert B in str(result.desired.errors[A])
    assert mongo.names() == {"one", "both"}


def test_a_contested_object_is_handed_over_when_one_of_two_goes(mongo: Mongo) -> None:
    mongo.apply({A: only("both", "mine")})
    mongo.db.both.insert_one({"kept": True})
    mongo.reconcile({A: only("both", "mine"), B: only("both")})
    mongo.release(A, "Delete")
    assert mongo.names() == {"both"}
    mongo.apply({B: only("both")})
    assert mongo.db.both.count_documents({"kept": True}) == 1


def test_what_a_broken_declaration_owned_is_frozen(mongo: Mongo) -> None:
    mongo.apply({A: only("one"), B: only("two")})
    broken = "collections: [{name: x, jsonSchema: {type: integer}}]"
    result = mongo.reconcile({A: broken, B: only("two", "three")})
    assert isinstance(result.desired.errors[A], InvalidSpec)
    assert mongo.names() == {"one", "two", "three"}
    result = mongo.reconcile({A: broken, B: only("two", "three", "one")})
    assert isinstance(result.desired.errors[B], Conflict)
    assert A in str(result.desired.errors[B])


def test_a_broken_declaration_is_frozen_for_a_whole_database_too(mongo: Mongo) -> None:
    mongo.apply({A: only("one"), B: only("two")})
    broken = "collections: [{name: x, jsonSchema: {type: integer}}]"
    mongo.reconcile({A: broken, B: only("two")}, approved, Policy(drops="Drop"), whole=True)
    assert mongo.names() == {"one", "two"}


def test_records_and_quarantine_are_no_part_of_the_state(mongo: Mongo) -> None:
    mongo.apply(only("one"))
    with mongo.opened() as database:
        before = database.fingerprint()
        mongo.db["colonnade_quarantine.x"].insert_one({})
        mongo.db["colonnade.more"].insert_one({})
        assert database.fingerprint() == before
        mongo.db.more.insert_one({})
        assert database.fingerprint() != before
