"""Plans are values: what their hash is bound to, and the order that steps come in."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.core.hazards import CATALOGUE, DELETES_DATA, DROPS_INDEX, SCANS_TABLE, Weight, hazard
from colonnade.core.plan import Check, CycleError, Plan, Step, numbered, topological

STEP = Step(
    "ALTER TABLE t DROP COLUMN c",
    "column public.t.c",
    hazards=(hazard(DELETES_DATA, "c"),),
    undo_note="gone",
    lock="ACCESS EXCLUSIVE",
)
PLAN = Plan("shop", (STEP, Step("CREATE INDEX i ON t (a)", transactional=False)), "premise")


def test_the_hash_is_the_same_for_equal_plans_and_on_every_machine() -> None:
    again = Plan("shop", tuple(replace(s) for s in PLAN.steps), "premise")
    assert PLAN.hash == again.hash == "691eeb46c86dd18c4eeb42c8a30f1166"
    assert again == PLAN


@pytest.mark.parametrize(
    "other",
    [
        replace(PLAN, datastore="other"),
        replace(PLAN, premise="another"),
        replace(PLAN, steps=PLAN.steps[::-1]),
        replace(PLAN, steps=PLAN.steps[:1]),
        replace(PLAN, steps=(*PLAN.steps, Step("SELECT 1"))),
        replace(PLAN, steps=(replace(STEP, statement=STEP.statement + " "), PLAN.steps[1])),
        replace(PLAN, steps=(replace(STEP, transactional=False), PLAN.steps[1])),
        replace(PLAN, steps=(replace(STEP, hazards=()), PLAN.steps[1])),
        replace(PLAN, steps=(STEP.with_hazard(hazard(DROPS_INDEX, "i")), PLAN.steps[1])),
    ],
)
def test_an_approval_is_bound_to_what_is_done_in_which_order_to_what(other: Plan) -> None:
    assert other.hash != PLAN.hash


@pytest.mark.parametrize(
    "same",
    [
        replace(PLAN, warnings=("an index repeats another",)),
        replace(PLAN, resources=("PostgresSchema/shop/a",)),
        replace(PLAN, continues="another"),
        replace(PLAN, steps=(replace(STEP, estimate=3.2), PLAN.steps[1])),
        replace(PLAN, steps=(replace(STEP, undo="x"), PLAN.steps[1])),
        replace(PLAN, steps=(replace(STEP, hazards=(hazard(DELETES_DATA, "c", "7 rows"),)), PLAN.steps[1])),
    ],
)
def test_an_approval_outlives_what_only_tells_of_the_plan(same: Plan) -> None:
    assert same.hash == PLAN.hash


def test_a_plan_is_plain_data() -> None:
    plain = json.loads(json.dumps(PLAN.as_dict()))
    assert plain["hash"] == PLAN.hash
    assert [s["statement"] for s in plain["steps"]] == [s.statement for s in PLAN.steps]


def test_a_plan_without_steps_is_false() -> None:
    assert PLAN
    assert not Plan("shop", (), "premise")


def test_hazards_are_told_in_order_and_weighed() -> None:
    plan = replace(PLAN, steps=(*PLAN.steps, Step("x", hazards=(hazard(SCANS_TABLE, "t"),))))
    assert [h.code for h in plan.hazards] == ["DELETES_DATA", "SCANS_TABLE"]
    assert plan.weighs(Weight.BLOCKING)
    assert not plan.weighs(Weight.NOTICE, Weight.CAREFUL)


def test_a_step_has_each_hazard_once() -> None:
    more = STEP.with_hazard(hazard(DELETES_DATA, "again"), hazard(SCANS_TABLE, "t"))
    assert [h.code for h in more.hazards] == ["DELETES_DATA", "SCANS_TABLE"]
    assert more.hazards[0] == STEP.hazards[0]


def test_steps_are_numbered_by_their_place() -> None:
    assert [s.id for s in numbered([STEP, STEP, STEP])] == ["s1", "s2", "s3"]


def test_checks_are_values() -> None:
    assert Check("q", "c", "p", "r") == Check("q", "c", "p", "r")


def test_of_nodes_that_are_free_the_first_given_comes_first() -> None:
    assert topological("cab", {}) == ["c", "a", "b"]
    assert topological("cab", {"c": "b"}) == ["a", "b", "c"]
    assert topological("cab", {"c": "bz", "b": "b"}) == ["a", "b", "c"], (
        "names that are no nodes, and oneself, do not count"
    )
    assert topological([], {"a": "b"}) == []


@pytest.mark.parametrize("cycle", ["ab", "abc", "abcdefg"])
def test_a_cycle_is_told_node_by_node(cycle: str) -> None:
    before = {n: cycle[i - 1] for i, n in enumerate(cycle)}
    with pytest.raises(CycleError) as told:
        topological("x" + cycle + "y", {**before, "y": cycle[0], "x": "y"})
    nodes = list(told.value.nodes)
    assert nodes[0] == nodes[-1]
    assert set(nodes) == set(cycle), "what only waits for the cycle is not part of it"
    assert str(told.value) == " -> ".join(nodes)


NODES = st.lists(st.integers(0, 30), unique=True, max_size=20)


@given(NODES, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_everything_comes_after_what_it_waits_for_or_a_true_cycle_is_told(
    nodes: list[int], edges: list[tuple[int, int]]
) -> None:
    before: dict[int, list[int]] = {}
    for a, b in edges:
        before.setdefault(a, []).append(b)
    try:
        order = topological(nodes, before)
    except CycleError as error:
        path = list(error.nodes)
        assert path[0] == path[-1]
        assert len(path) > 1
        assert all(b in before[a] and a in nodes for a, b in itertools.pairwise(path))
        return
    assert sorted(order) == sorted(nodes)
    place = {n: i for i, n in enumerate(order)}
    assert all(place[b] < place[a] for a, b in edges if a in place and b in place and a != b)


@given(NODES, st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=60))
def test_there_is_an_order_exactly_where_there_is_no_cycle(nodes: list[int], edges: list[tuple[int, int]]) -> None:
    forward = {a: [b for x, b in edges if x == a and b < a] for a in nodes}
    order = topological(nodes, forward)
    assert order == topological(nodes, forward), "the same each time"
    assert sorted(order) == sorted(nodes)


def test_every_hazard_of_the_catalogue_can_be_hashed() -> None:
    hashes = {Plan("d", (Step("x", hazards=(hazard(k, "o"),)),), "p").hash for k in CATALOGUE.values()}
    assert len(hashes) == len(CATALOGUE)
