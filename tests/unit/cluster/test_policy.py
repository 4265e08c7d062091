from __future__ import annotations

from colonnade.cluster.policy import strictest, window_sets
from colonnade.core.gate import Policy
from colonnade.resources import DatastorePolicy
from colonnade.resources.policy import Window


def test_the_strictest_wish_of_any_resource_holds() -> None:
    base = Policy(mode="Apply", approval="Destructive", drops="Drop", drift="Correct", max_blocking=2)
    found = strictest(base, [
        Policy(approval="Always", drops="Drop", drift="Correct", max_blocking=1),
        Policy(approval="Destructive", drops="Refuse", drift="Report", max_blocking=5, quarantine_period=10**6),
    ])  # fmt: skip
    assert (found.mode, found.approval, found.drops, found.drift) == ("Apply", "Always", "Refuse", "Report")
    assert (found.max_blocking, found.quarantine_period) == (1, 10**6)


def test_no_wish_makes_the_datastores_policy_looser() -> None:
    base = Policy(mode="Observe", approval="Always", drops="Refuse", drift="Report", lock_timeout=0.1)
    assert strictest(base, [Policy(approval="Never", drops="Drop", drift="Correct", lock_timeout=9)]) == base


def test_windows_of_a_resource_count_besides_those_of_the_datastore() -> None:
    night, noon = Window(schedule="0 2 * * *", duration="2h"), Window(schedule="0 12 * * *", duration="1h")
    assert window_sets(
        DatastorePolicy(), [None, DatastorePolicy(windows=(night,)), DatastorePolicy(windows=(noon,))]
    ) == ((night,), (noon,))
    assert window_sets(DatastorePolicy(windows=(night,)), [DatastorePolicy(windows=(night,))]) == ((night,),)
