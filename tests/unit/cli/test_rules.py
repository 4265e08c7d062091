from __future__ import annotations

import pytest

from colonnade.cli.rules import Rules, Wish, rules
from colonnade.core.gate import Policy
from colonnade.resources import DatastorePolicy
from colonnade.resources.policy import Window

STRICT = Wish("PostgresSchema a in a.yaml", DatastorePolicy(mode="Observe", drops="Refuse", lock_timeout="100ms"))
LOOSE = Wish("PostgresSchema b in b.yaml", DatastorePolicy(drops="Drop", approval="Never", lock_timeout="5s"))


def test_without_resources_the_options_are_what_holds() -> None:
    assert rules(Policy(drops="Drop"), [], {}) == Rules(Policy(drops="Drop"))


@pytest.mark.parametrize("wishes", [(STRICT, LOOSE), (LOOSE, STRICT)])
def test_the_strictest_of_all_holds_in_each_field(wishes: tuple[Wish, ...]) -> None:
    found = rules(Policy(drops="Drop", lock_timeout=1.0, drift="Correct"), wishes, {})
    assert found.policy == Policy(mode="Observe", drops="Refuse", lock_timeout=0.1, drift="Correct")
    assert found.whose == dict.fromkeys(("mode", "drops", "lock_timeout"), STRICT.whose)


def test_what_a_resource_does_not_speak_of_is_as_the_options_say() -> None:
    policy = Policy(drift="Correct", max_blocking=9.0, quarantine_period=1.0)
    assert rules(policy, [Wish("a", DatastorePolicy(approval="Always"))], {}).policy == Policy(
        approval="Always", drift="Correct", max_blocking=9.0, quarantine_period=1.0
    )


def test_what_does_not_count_is_told() -> None:
    found = rules(
        Policy(drops="Drop", lock_timeout=1.0), [STRICT], {"drops": "--drops", "max_blocking": "--max-blocking"}
    )
    assert found.notes == (
        "--drops does not count: spec.policy.drops of PostgresSchema a in a.yaml is Refuse, which is stricter",
    )
    assert rules(Policy(), [LOOSE], {}).notes == (
        "spec.policy.approval of PostgresSchema b in b.yaml is Never and does not count: Hazardous holds, which is stricter",
        "spec.policy.drops of PostgresSchema b in b.yaml is Drop and does not count: Quarantine holds, which is stricter",
        "spec.policy.lockTimeout of PostgresSchema b in b.yaml is 5s and does not count: 0.5s holds, which is stricter",
    )
    assert rules(Policy(drops="Refuse"), [STRICT], {"drops": "--drops"}).notes == ()


def test_windows_hold() -> None:
    never = Wish("a", DatastorePolicy(windows=(Window(schedule="0 0 29 2 *", duration="1m"),)))
    always = Wish("b", DatastorePolicy(windows=(Window(schedule="* * * * *", duration="1h"),)))
    assert rules(Policy(), [always], {}).facts().window_open
    closed = rules(Policy(), [always, never], {}).facts()
    assert not closed.window_open
    assert closed.next_window.endswith("-02-29T00:00:00Z")
