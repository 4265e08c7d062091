"""The catalogue of hazards: every one is told as a person would, with the safe way."""

from __future__ import annotations

import re

import pytest

from colonnade.core import hazards
from colonnade.core.hazards import CATALOGUE, HazardType, hazard

EACH = pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda k: k.code)


def test_every_hazard_is_in_the_catalogue_under_its_code_and_name() -> None:
    named = {name: one for name, one in vars(hazards).items() if isinstance(one, HazardType)}
    assert named == CATALOGUE


@EACH
def test_it_names_its_object_and_says_the_safe_way(kind: HazardType) -> None:
    told = hazard(kind, "table public.orders")
    assert (told.code, told.weight, told.safe_way) == (kind.code, kind.weight, kind.safe_way)
    assert "table public.orders" in told.message
    assert len(told.safe_way) > 10
    assert "{" not in told.message + told.safe_way
    assert re.fullmatch(r"[A-Z]+(_[A-Z]+)+", kind.code)


@EACH
@pytest.mark.parametrize("hostile", ["{object}", "a{b}c", "100%s", 'x"y\nz', "{0.__class__}"])
def test_an_object_may_have_any_name(kind: HazardType, hostile: str) -> None:
    assert hostile in hazard(kind, hostile).message


@EACH
def test_details_come_last(kind: HazardType) -> None:
    assert hazard(kind, "t", "7 rows").message.endswith(" (7 rows)")
    assert not hazard(kind, "t").message.endswith(")")
