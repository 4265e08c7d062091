"""The order of work, told the time: nothing here waits."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from colonnade.cluster.schedule import Again, Priority, Schedule, backoff


def taken(schedule: Schedule[str], now: float) -> list[str]:
    """Everything that is ready, each done at once."""
    out = []
    while (key := schedule.take(now)) is not None:
        out.append(key)
        schedule.done(key, now, Again(), 0.5)
    return out


def test_a_key_that_waits_is_not_added_twice() -> None:
    schedule: Schedule[str] = Schedule()
    for _ in range(3):
        schedule.add("a", 0)
    assert taken(schedule, 0) == ["a"]


def test_keys_come_in_the_order_they_were_added() -> None:
    schedule: Schedule[str] = Schedule()
    for key in "cab":
        schedule.add(key, 0)
    assert taken(schedule, 0) == ["c", "a", "b"]


def test_a_change_goes_before_a_resync_and_a_retry() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("resync", 0, Priority.RESYNC)
    schedule.add("retry", 1, Priority.RETRY)
    schedule.add("change", 2, Priority.CHANGE)
    assert taken(schedule, 3) == ["change", "retry", "resync"]


def test_a_change_moves_a_waiting_resync_to_the_front() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("a", 0, Priority.RESYNC)
    schedule.add("b", 0, Priority.RESYNC)
    schedule.add("b", 1, Priority.CHANGE)
    assert taken(schedule, 2) == ["b", "a"]


def test_a_key_added_while_it_is_worked_on_is_worked_on_once_more_and_never_twice_at_once() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("a", 0)
    assert schedule.take(0) == "a"
    schedule.add("a", 1)
    schedule.add("a", 2)
    assert schedule.take(3) is None
    schedule.done("a", 4, Again(300), 0.5)
    assert taken(schedule, 4) == ["a"]


def test_a_key_comes_back_after_the_time_it_was_told() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("a", 0)
    schedule.take(0)
    schedule.done("a", 10, Again(300), 0.5)
    assert schedule.next_due() == 310
    assert schedule.take(309.9) is None
    assert schedule.take(310) == "a"


def test_a_change_makes_an_appointment_needless() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add_later("a", 100, Priority.RESYNC)
    schedule.add("a", 1)
    assert taken(schedule, 1) == ["a"]
    assert taken(schedule, 200) == []


def test_of_two_appointments_the_earlier_one_stands() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add_later("a", 100, Priority.RESYNC)
    schedule.add_later("a", 50, Priority.RETRY)
    schedule.add_later("a", 70, Priority.RESYNC)
    assert schedule.next_due() == 50
    assert taken(schedule, 60) == ["a"]
    assert taken(schedule, 200) == []


def test_what_changes_together_is_worked_on_together() -> None:
    schedule: Schedule[str] = Schedule()
    for now in (0.0, 0.1, 0.2):
        schedule.add_soon("a", now, quiet=0.15, most=0.6)
        assert schedule.take(now) is None
    assert schedule.take(0.34) is None
    assert schedule.take(0.36) == "a"


def test_what_never_comes_to_rest_is_worked_on_all_the_same() -> None:
    schedule: Schedule[str] = Schedule()
    for turn in range(1, 20):
        schedule.add_soon("a", turn / 10, quiet=0.15, most=0.6)
        if (key := schedule.take(turn / 10)) is not None:
            assert (key, turn) == ("a", 7)
            return
    raise AssertionError("it was put off for ever")


def test_a_change_does_not_put_off_what_is_ready_already() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("a", 0, Priority.RESYNC)
    schedule.add_soon("a", 1, quiet=0.15, most=0.6)
    assert schedule.take(1) == "a"


def test_a_change_of_what_is_worked_on_is_seen_to_right_afterwards() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("a", 0)
    schedule.take(0)
    schedule.add_soon("a", 1, quiet=0.15, most=0.6)
    schedule.done("a", 2, Again(300), 0.5)
    assert schedule.take(2) == "a"


def test_failures_make_the_waits_longer_and_a_success_ends_that() -> None:
    schedule: Schedule[str] = Schedule()
    now, waits = 0.0, []
    for _ in range(6):
        schedule.add("a", now)
        schedule.take(now)
        schedule.done("a", now, Again(5, failed=True), 0.5)
        due = schedule.next_due()
        assert due is not None
        waits.append(due - now)
        now = due
    assert waits == [5, 10, 20, 40, 60, 60]
    schedule.take(now)
    schedule.done("a", now, Again(), 0.5)
    schedule.add("a", now)
    schedule.take(now)
    schedule.done("a", now, Again(5, failed=True), 0.5)
    assert schedule.next_due() == now + 5


@given(st.floats(0, 300), st.integers(0, 10_000), st.floats(0, 1))
def test_a_back_off_is_never_shorter_than_most_of_its_base_nor_without_end(
    base: float, failures: int, chance: float
) -> None:
    wait = backoff(base, failures, chance)
    assert 0.79 * base <= wait <= 1.21 * max(60, 5 * base)


def test_a_key_that_is_gone_is_forgotten() -> None:
    schedule: Schedule[str] = Schedule()
    schedule.add("a", 0)
    schedule.add_later("b", 10, Priority.RESYNC)
    schedule.forget("a")
    schedule.forget("b")
    assert taken(schedule, 20) == []
    assert schedule.depth == 0


def test_how_long_the_first_has_waited_counts_from_when_it_was_first_added() -> None:
    schedule: Schedule[str] = Schedule()
    assert schedule.oldest(5) == 0
    schedule.add("a", 10, Priority.RESYNC)
    schedule.add("a", 15, Priority.CHANGE)
    assert schedule.oldest(18) == 8


KEYS = st.sampled_from("abcd")


class Workers(RuleBasedStateMachine):
    """Whatever happens in whatever order: no key is lost, none is worked on twice at once."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule: Schedule[str] = Schedule()
        self.now = 0.0
        self.running: set[str] = set()
        self.owed: set[str] = set()

    @rule(key=KEYS, priority=st.sampled_from(Priority))
    def somebody_adds(self, key: str, priority: Priority) -> None:
        self.schedule.add(key, self.now, priority)
        self.owed.add(key)

    @rule(key=KEYS, delay=st.floats(0, 100))
    def an_appointment_is_made(self, key: str, delay: float) -> None:
        if key not in self.running:
            self.schedule.add_later(key, self.now + delay, Priority.RESYNC)

    @rule(seconds=st.floats(0, 100))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def a_worker_takes_one(self) -> None:
        key = self.schedule.take(self.now)
        if key is None:
            assert not self.owed - self.running
            return
        assert key not in self.running
        self.running.add(key)
        self.owed.discard(key)

    @precondition(lambda self: self.running)
    @rule(data=st.data(), again=st.builds(Again, st.none() | st.floats(0, 50), st.booleans()))
    def a_worker_is_done(self, data: st.DataObject, again: Again) -> None:
        key = data.draw(st.sampled_from(sorted(self.running)))
        self.running.discard(key)
        self.schedule.done(key, self.now, again, 0.5)

    @invariant()
    def counts_agree(self) -> None:
        assert self.schedule.busy == len(self.running)
        assert self.owed - self.running <= {key for key in "abcd" if key in self.schedule._ready}


TestWorkers = Workers.TestCase
TestWorkers.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)
