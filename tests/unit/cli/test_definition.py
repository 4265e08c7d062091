from __future__ import annotations

from dataclasses import dataclass

from colonnade.cli.definition import lines, shown
from colonnade.cli.terminal import Paint
from colonnade.core.diff import Change
from colonnade.core.kind import ObjectId


@dataclass(frozen=True)
class View:
    definition: str
    columns: tuple[str, ...] = ()
    local: bool = True


OID = ObjectId("view", ("public", "v"))


def told(old: object, new: object) -> list[str]:
    return list(shown(Change(OID, old, new), Paint()))


def test_what_is_missing_is_shown_in_full_but_for_how_the_server_keeps_it() -> None:
    assert told(None, View("SELECT 1", ("a", "b"))) == [
        "+ view public.v is missing",
        "    +definition: SELECT 1",
        "    +columns: a, b",
    ]


def test_what_is_too_much_is_shown_as_it_is_there() -> None:
    assert told(View("SELECT 1"), None) == ["- view public.v is not declared", "    -definition: SELECT 1"]


def test_of_a_long_definition_only_what_differs_is_shown_with_its_surroundings() -> None:
    old = View("SELECT\n" + "".join(f"  c{i},\n" for i in range(9)) + "  x\nFROM t")
    assert told(old, View(old.definition.replace("x", "y"))) == [
        "~ view public.v differs",
        "         c7,",
        "         c8,",
        "    -    x",
        "    +    y",
        "       FROM t",
    ]


def test_an_inner_fact_is_shown_where_nothing_else_differs() -> None:
    assert told(View("SELECT 1"), View("SELECT 1", local=False)) == ["~ view public.v differs", "    -local: True"]


def test_documents_are_shown_as_such() -> None:
    assert lines({"validator": {"a": 1}}) == ["validator:", "  {", '    "a": 1', "  }"]
