from collections.abc import Iterator

import pytest

from colonnade.resources import InvalidResource, load
from colonnade.resources.common import Frozen, Rule
from tests.unit.resources.rules import CASES, Case, document


def every_rule(model: type[Frozen] = Frozen) -> Iterator[Rule]:
    yield from vars(model).get("rules", ())
    for inner in model.__subclasses__():
        yield from every_rule(inner)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_spec_that_obeys_a_rule_is_loaded(case: Case) -> None:
    assert load(document(case.kind, case.obeys), strict=True).metadata.name == "case"


@pytest.mark.parametrize("case", [case for case in CASES if not case.change], ids=str)
def test_a_spec_that_breaks_a_rule_is_refused_with_its_message(case: Case) -> None:
    with pytest.raises(InvalidResource, match=r"spec\S*: ") as refusal:
        load(document(case.kind, case.breaks), strict=True)
    assert case.says in str(refusal.value)


def test_every_rule_is_in_the_table() -> None:
    forgotten = {rule.message for rule in every_rule() if not any(case.says in rule.message for case in CASES)}
    assert not forgotten


def test_every_message_says_what_to_do() -> None:
    silent = {rule.message for rule in every_rule() if not any(mark in rule.message for mark in (": ", "; "))}
    assert not silent
