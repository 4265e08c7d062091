"""Which columns keep the gentle way, where a rehearsal refuses some of them."""

from __future__ import annotations

import pytest

from colonnade.core.errors import Unsupported
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.rewriting.fallback import LONGEST, MOST, CannotFollow, Tries


def column(table: int, named: str = "a") -> ObjectId:
    return ObjectId("column", ("public", f"t{table:02}", named))


TABLES = [frozenset({column(i), column(i, "b")}) for i in range(40)]


class Rehearsals:
    """Refuses some columns; `telling` which, or not."""

    def __init__(self, refused: set[ObjectId], *, telling: bool) -> None:
        self.refused, self.telling, self.asked = refused, telling, 0

    def __call__(self, columns: frozenset[ObjectId]) -> list[Step]:
        self.asked += 1
        if found := columns & self.refused:
            raise CannotFollow("it cannot", found) if self.telling else Unsupported("it differs; " + "x" * 500)
        return [Step(str(o)) for o in sorted(columns)]


@pytest.mark.parametrize("refused", [set[ObjectId](), {column(3)}, {column(3), column(7, "b")}])
def test_those_that_are_named_fall_back_alone(refused: set[ObjectId]) -> None:
    tries = Tries(Rehearsals(refused, telling=True))
    every = frozenset[ObjectId]().union(*TABLES[:8])
    assert tries.widen(frozenset(), TABLES[:8]) == every - refused
    assert tries.steps == [Step(str(o)) for o in sorted(every - refused)]
    assert tries.reasons == dict.fromkeys(refused, "it cannot")


@pytest.mark.parametrize("tables", [1, 2, 3, 8])
@pytest.mark.parametrize("place", [0, -1])
def test_where_nobody_tells_which_a_table_is_found_by_halves(tables: int, place: int) -> None:
    some = TABLES[:tables]
    tries = Tries(Rehearsals({min(some[place])}, telling=False))
    kept = frozenset[ObjectId]().union(*some) - some[place]
    assert tries.widen(frozenset(), some) == kept
    assert (tries.steps or []) == [Step(str(o)) for o in sorted(kept)]
    assert tries.reasons == dict.fromkeys(some[place], "it differs"), "in a few words"


def test_it_is_not_tried_for_ever() -> None:
    every = frozenset[ObjectId]().union(*TABLES)
    for telling in (True, False):
        rehearsals = Rehearsals({min(t) for t in TABLES}, telling=telling)
        tries = Tries(rehearsals)
        left = every - tries.widen(frozenset(), TABLES)
        assert rehearsals.asked <= MOST
        assert {min(t) for t in TABLES} <= left <= tries.reasons.keys()
        assert all(len(why) <= LONGEST for why in tries.reasons.values())
