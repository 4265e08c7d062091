"""Which steps share a transaction."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from colonnade.core.plan import Step
from colonnade.engines.postgres.running.execute import grouped

T, A = Step("t"), Step("a", transactional=False)


def test_neighbours_share_a_transaction_and_the_others_run_alone() -> None:
    assert list(grouped([T, T, A, A, T, A, T, T])) == [[T, T], [A], [A], [T], [A], [T, T]]
    assert list(grouped([])) == []


@given(st.lists(st.sampled_from([T, A])))
def test_no_step_is_lost_and_none_runs_in_a_transaction_that_may_not(steps: list[Step]) -> None:
    groups = list(grouped(steps))
    assert [s for g in groups for s in g] == steps
    assert all(len(g) == 1 or all(s.transactional for s in g) for g in groups)
