import pytest

from colonnade.core.errors import Refused
from colonnade.core.gate import Policy
from colonnade.resources import Datastore, DatastorePolicy, InvalidResource, load
from colonnade.resources.policy import Backfill, Window
from tests.unit.resources.rules import datastore, document

NIGHT = (Window(schedule="0 2 * * *", duration="2h", timezone="Europe/Berlin"),)


def test_a_policy_that_says_nothing_is_the_default() -> None:
    assert DatastorePolicy().values() == Policy()


def test_a_policy_is_told_in_seconds() -> None:
    said = DatastorePolicy(
        mode="Plan", quarantine_period="24h", max_blocking="250ms", backfill=Backfill(target_batch="50ms")
    )
    assert said.values() == Policy(mode="Plan", quarantine_period=86400, max_blocking=0.25, target_batch=0.05)


@pytest.mark.parametrize(
    "wish",
    [
        DatastorePolicy(mode="Observe"),
        DatastorePolicy(approval="Always"),
        DatastorePolicy(drops="Refuse"),
        DatastorePolicy(quarantine_period="200h"),
        DatastorePolicy(max_blocking="1s"),
        DatastorePolicy(lock_timeout="100ms"),
        DatastorePolicy(backfill=Backfill(max_replica_lag="1s")),
        DatastorePolicy(windows=NIGHT),
    ],
)
def test_a_schema_may_be_stricter(wish: DatastorePolicy) -> None:
    narrowed = DatastorePolicy().narrowed(wish)
    assert narrowed.windows == wish.windows
    assert narrowed.values() == wish.values()


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        (DatastorePolicy(mode="Apply"), "policy.mode: Apply is looser than the Datastore's Plan"),
        (DatastorePolicy(approval="Never"), "policy.approval: Never is looser than the Datastore's Hazardous"),
        (DatastorePolicy(drops="Drop"), "policy.drops: Drop is looser than the Datastore's Quarantine"),
        (DatastorePolicy(drift="Correct"), "policy.drift: Correct is looser than the Datastore's Report"),
        (DatastorePolicy(quarantine_period="1h"), "policy.quarantinePeriod: 1h is looser than the Datastore's 604800s"),
        (DatastorePolicy(max_blocking="2s"), "policy.maxBlocking: 2s is looser than the Datastore's 1s"),
        (DatastorePolicy(lock_retry_budget="1h"), "policy.lockRetryBudget: 1h is looser"),
        (DatastorePolicy(backfill=Backfill(target_batch="1s")), "policy.backfill.targetBatch: 1s is looser"),
        (
            DatastorePolicy(windows=(Window(schedule="* * * * *", duration="1h"),)),
            "the Datastore names windows already",
        ),
    ],
)
def test_a_schema_may_not_be_looser(wish: DatastorePolicy, says: str) -> None:
    with pytest.raises(Refused) as refusal:
        DatastorePolicy(mode="Plan", windows=NIGHT).narrowed(wish)
    assert says in str(refusal.value)


def test_every_loose_wish_is_named_at_once() -> None:
    with pytest.raises(Refused, match=r"policy.drops: .*; policy.maxBlocking: "):
        DatastorePolicy().narrowed(DatastorePolicy(drops="Drop", max_blocking="1m"))


def test_what_a_schema_does_not_say_is_the_datastores() -> None:
    base = DatastorePolicy(drops="Refuse", backfill=Backfill(target_batch="50ms", max_replica_lag="5s"))
    narrowed = base.narrowed(DatastorePolicy(backfill=Backfill(max_replica_lag="1s")))
    assert narrowed == DatastorePolicy(drops="Refuse", backfill=Backfill(target_batch="50ms", max_replica_lag="1s"))
    assert base.narrowed(None) == base


@pytest.mark.parametrize(
    ("schedule", "says"),
    [
        ("daily", "has 1 fields; write five"),
        ("0 25 * * *", "'25' as hour; write *, numbers from 0 to 23"),
        ("0 0 0 * *", "'0' as day of month"),
        ("0 0 * * MON", "'MON' as day of week"),
        ("*/0 * * * *", "'*/0' as minute"),
        ("1, * * * *", "'' as minute"),
    ],
)
def test_a_schedule_that_never_comes_is_refused(schedule: str, says: str) -> None:
    spec = datastore(f"policy: {{windows: [{{schedule: '{schedule}', duration: 1h}}]}}")
    with pytest.raises(InvalidResource) as refusal:
        load(document("Datastore", spec), strict=True)
    assert says in str(refusal.value)


@pytest.mark.parametrize("schedule", ["0 2 * * *", "*/15 0-5,22,23 1-7 1,6 1-5", "0 0 * * 7", "59 23 31 12 0"])
def test_a_schedule_of_cron_is_taken(schedule: str) -> None:
    spec = datastore(f"policy: {{windows: [{{schedule: '{schedule}', duration: 1h}}]}}")
    loaded = load(document("Datastore", spec), strict=True)
    assert isinstance(loaded, Datastore)
    assert [window.schedule for window in loaded.spec.policy.windows or ()] == [schedule]
