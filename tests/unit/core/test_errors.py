"""The tree of errors: each says what the status shows and whether trying again can help."""

from __future__ import annotations

import re

import pytest

from colonnade.core import errors
from colonnade.core.errors import ColonnadeError
from colonnade.core.status import REASONS

TREE = {e.__name__: e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, ColonnadeError)}
EACH = pytest.mark.parametrize("error", TREE.values(), ids=lambda e: e.__name__)


def test_the_picture_in_the_docstring_is_the_tree() -> None:
    assert errors.__doc__
    drawn = re.findall(r"^(?:[├└]── )?(\w+)(?:  .*)?$", errors.__doc__.split("\n\n", 1)[1], re.MULTILINE)
    assert drawn == list(TREE)
    assert all(e.__base__ is ColonnadeError for e in TREE.values() if e is not ColonnadeError)


@pytest.mark.parametrize(
    "line", [line for line in (errors.__doc__ or "").split("\n") if line[:1] in "├└" and line], ids=lambda s: s[4:20]
)
def test_the_picture_tells_who_is_tried_again(line: str) -> None:
    error = TREE[line[4:].split(maxsplit=1)[0]]
    assert ("no retry" in line) == (error.retry is None)


@EACH
def test_its_reason_is_one_that_statuses_know(error: type[ColonnadeError]) -> None:
    assert error.reason in REASONS
    assert error.retry is None or error.retry >= 0
    assert error.__doc__


@EACH
def test_it_is_told_of_the_first_resource_that_it_was_about(error: type[ColonnadeError]) -> None:
    one = error("x: y")
    assert one.about("shop/orders") is one
    assert one.about("shop/other").subject == "shop/orders"
    assert str(one) == "x: y"
    assert error.subject == ""
