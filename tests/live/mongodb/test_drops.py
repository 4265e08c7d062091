"""Nothing is lost silently: what goes is counted, waits for approval, and waits in quarantine where it can be had back."""

from datetime import UTC, datetime
from typing import Any

import pytest

from colonnade.core.errors import Refused, Unsupported
from colonnade.core.gate import Policy
from tests.live.mongodb.live import OWNER, Mongo

TWO = """
collections:
- {name: keep}
- name: lose
  fields: [{name: a, type: int}]
  indexes: [{name: by_a, keys: [{field: a, order: 1}]}]
"""
ONE = "collections: [{name: keep}]"
DROP = Policy(drops="Drop")


@pytest.fixture
def filled(mongo: Mongo) -> Mongo:
    mongo.apply(TWO)
    mongo.db.lose.insert_many([{"a": i} for i in range(42)])
    return mongo


def past(mongo: Mongo) -> None:
    mongo.db["colonnade.quarantine"].update_many({}, {"$set": {"since": datetime(2020, 1, 1, tzinfo=UTC)}})


@pytest.mark.parametrize("policy", [Policy(), DROP])
def test_a_drop_waits_for_approval_and_tells_the_count(filled: Mongo, policy: Policy) -> None:
    result = filled.reconcile(ONE, policy=policy)
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"
    assert "42 documents" in result.held.message
    assert filled.db.lose.count_documents({}) == 42


def test_a_dropped_collection_waits_in_quarantine_whole(filled: Mongo) -> None:
    result = filled.apply(ONE)
    assert result.plan is not None
    assert len(result.plan.steps) == 1
    assert filled.names() == {"keep", "colonnade_quarantine.lose"}
    assert filled.db["colonnade_quarantine.lose"].count_documents({}) == 42
    assert "by_a" in filled.indexes("colonnade_quarantine.lose")
    filled.db["colonnade_quarantine.lose"].rename("lose")
    filled.apply(TWO, Policy(drift="Correct"))
    assert filled.db.lose.count_documents({}) == 42


def test_after_its_time_it_is_dropped_for_good_without_asking_again(filled: Mongo) -> None:
    filled.apply(ONE)
    assert filled.reconcile(ONE).plan is None
    past(filled)
    assert filled.steps(ONE, Policy(drops="Refuse")) == []
    result = filled.reconcile(ONE)
    assert result.held is None
    assert filled.names() == {"keep"}
    assert filled.db["colonnade.quarantine"].count_documents({}) == 0
    assert filled.reconcile(ONE).plan is None


def test_a_change_by_hand_is_drift_though_a_drop_is_due(filled: Mongo) -> None:
    filled.apply(ONE)
    past(filled)
    filled.db.command("collMod", "keep", changeStreamPreAndPostImages={"enabled": True})
    assert filled.reconcile(ONE).drifted
    assert "colonnade_quarantine.lose" in filled.names()


def test_it_goes_to_quarantine_as_often_as_it_is_dropped(filled: Mongo) -> None:
    filled.apply(ONE)
    filled.apply(TWO)
    filled.apply(ONE)
    assert filled.names() == {"keep", "colonnade_quarantine.lose", "colonnade_quarantine.lose.2"}


def test_a_name_that_quarantine_could_not_hold_is_cut(mongo: Mongo) -> None:
    long = "ü" * 110
    mongo.apply(f"collections: [{{name: {long}}}]")
    mongo.apply("collections: []")
    mongo.apply(f"collections: [{{name: {long}}}]")
    mongo.apply("collections: []")
    assert len(mongo.names()) == 2
    assert all(name.startswith("colonnade_quarantine.üüü") for name in mongo.names())


def test_a_time_series_is_dropped_or_stays(mongo: Mongo) -> None:
    mongo.apply("collections: [{name: t, options: {timeseries: {timeField: at}}}]")
    with pytest.raises(Unsupported, match=r"policy\.drops to Drop"):
        mongo.plan("collections: []")
    mongo.apply("collections: []", DROP)
    assert mongo.names() == set()


def test_where_the_policy_says_so_it_is_dropped_at_once(filled: Mongo) -> None:
    filled.apply(ONE, DROP)
    assert filled.names() == {"keep"}


def test_where_the_policy_refuses_it_stays(filled: Mongo) -> None:
    held = filled.reconcile(ONE, policy=Policy(drops="Refuse")).held
    assert held is not None
    assert held.reason == "Refused"


def test_an_index_is_hidden_first_and_dropped_when_its_time_is_over(filled: Mongo) -> None:
    bare = TWO[: TWO.index("  indexes")]
    plan = filled.plan(bare)
    assert [h.code for h in plan.hazards] == ["DROPS_INDEX"]
    assert "hidden first, and dropped after 7 days; used 0 times since" in plan.hazards[0].message
    filled.apply(bare)
    assert filled.indexes("lose")["by_a"]["hidden"] is True
    assert filled.reconcile(bare).plan is None
    past(filled)
    filled.reconcile(bare)
    assert set(filled.indexes("lose")) == {"_id_"}


def test_a_hidden_index_that_is_declared_again_is_shown_again(filled: Mongo) -> None:
    filled.apply(TWO[: TWO.index("  indexes")])
    filled.apply(TWO)
    assert "hidden" not in filled.indexes("lose")["by_a"]
    assert filled.db["colonnade.quarantine"].count_documents({}) == 0


@pytest.mark.parametrize("more", ["unique: true", "expireAfter: 720h"])
def test_an_index_that_does_more_than_help_queries_is_dropped_at_once(mongo: Mongo, more: str) -> None:
    mongo.apply(f"collections: [{{name: c, indexes: [{{name: i, keys: [{{field: a, order: 1}}], {more}}}]}}]")
    mongo.apply("collections: [{name: c}]")
    assert set(mongo.indexes("c")) == {"_id_"}


def test_the_first_contact_never_drops_by_itself(mongo: Mongo) -> None:
    mongo.db.theirs.insert_one({})
    never = Policy(approval="Never", drops="Drop")
    result = mongo.reconcile(ONE, policy=never, whole=True)
    assert result.held is not None
    assert "first contact" in result.held.message
    assert mongo.names() == {"theirs"}


def test_for_a_whole_database_what_is_not_declared_goes(mongo: Mongo) -> None:
    mongo.db.theirs.insert_one({})
    mongo.apply(ONE, DROP, whole=True)
    assert mongo.names() == {"keep"}


# release


def test_a_released_resource_leaves_everything_and_owns_nothing(filled: Mongo) -> None:
    filled.release(OWNER, "Retain")
    assert filled.db.lose.count_documents({}) == 42
    assert filled.db["colonnade.ledger"].count_documents({}) == 0


@pytest.mark.parametrize(
    ("policy", "left"), [("Quarantine", {"colonnade_quarantine.keep", "colonnade_quarantine.lose"}), ("Delete", set())]
)
def test_a_deleted_resource_takes_along_what_it_owned_and_only_that(filled: Mongo, policy: str, left: set[str]) -> None:
    filled.db.theirs.insert_one({})
    filled.release(OWNER, policy)
    assert filled.names() == {"theirs"} | left
    assert filled.db["colonnade.quarantine"].count_documents({}) == len(left)


@pytest.mark.parametrize("mode", ["Plan", "Observe"])
def test_where_nothing_may_be_written_a_release_changes_nothing(filled: Mongo, writes: list[str], mode: Any) -> None:
    filled.policy = Policy(mode=mode)
    writes.clear()
    filled.release(OWNER, "Retain")
    with pytest.raises(Refused, match="nothing is written"):
        filled.release(OWNER, "Delete")
    assert writes == []


def test_where_drops_are_refused_a_release_refuses_too(filled: Mongo) -> None:
    filled.policy = Policy(drops="Refuse")
    with pytest.raises(Refused, match="deletionPolicy"):
        filled.release(OWNER, "Delete")
    assert filled.names() == {"keep", "lose"}
