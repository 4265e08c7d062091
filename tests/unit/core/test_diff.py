"""What differs between two models."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from colonnade.core.diff import Change, diff
from colonnade.core.kind import Model, ObjectId

A, B, C = (ObjectId("table", ("public", n)) for n in "abc")


def test_what_is_missing_other_or_too_much_in_the_order_desired_and_drops_last() -> None:
    changes = diff(Model({C: 1, A: 1}), Model({B: 1, A: 2}))
    assert changes == (Change(B, None, 1), Change(A, 1, 2), Change(C, 1, None))
    assert [c.verb for c in changes] == ["create", "alter", "drop"]


def test_another_spelling_may_count_as_the_same() -> None:
    assert diff(Model({A: "x", B: "y"}), Model({A: "X", B: "z"}), lambda oid, old, new: old.upper() == new.upper()) == (
        Change(B, "y", "z"),
    )


@pytest.mark.parametrize("missing", [A, B])
def test_sameness_is_asked_only_of_what_is_on_both_sides(missing: ObjectId) -> None:
    def same(oid: ObjectId, old: Any, new: Any) -> bool:
        raise AssertionError(oid)

    assert len(diff(Model({A: 1}), Model({B: 1}), same)) == 2


MODELS = st.dictionaries(st.sampled_from([A, B, C]), st.integers(0, 2)).map(Model)


@given(MODELS, MODELS)
def test_the_changes_lead_from_one_to_the_other(state: Model, desired: Model) -> None:
    objects = dict(state.objects)
    for change in diff(state, desired):
        assert objects.get(change.id) == change.old
        objects.pop(change.id, None)
        if change.new is not None:
            objects[change.id] = change.new
    assert objects == desired.objects


@given(MODELS)
def test_nothing_leads_from_a_model_to_itself(model: Model) -> None:
    assert diff(model, model) == ()


def test_what_vanishes_with_an_object_is_found_through_all_its_parents_and_in_circles() -> None:
    model = Model({A: 1, B: 1, C: 1}, parents={A: frozenset({B}), B: frozenset({C}), C: frozenset({A})})
    assert model.vanishes_with(A) == {A, B, C}
    assert Model({A: 1}).vanishes_with(A) == frozenset()


def test_a_part_of_a_model_keeps_its_needs() -> None:
    model = Model({A: 1, B: 1}, {A: frozenset({B})})
    part = model.only(lambda o: o == A)
    assert list(part.objects) == [A]
    assert part.needs == model.needs


def test_an_object_is_told_by_kind_and_name() -> None:
    assert str(ObjectId("column", ("public", "t", "c"))) == "column public.t.c"
