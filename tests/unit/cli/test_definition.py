from __future__ import annotations

from dataclasses import dataclass, field

from colonnade.cli.definition import lines, shown
from colonnade.cli.terminal import Paint
from colonnade.core.diff import Change
from colonnade.core.kind import ObjectId


@dataclass(frozen=True)
class View:
    definition: str
    columns: tuple[str, ...] = ()
    local: bool = True
    persistence: str = "p"
    usual_storage: str = field(default="PLAIN", compare=False)


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


def test_an_inner_fact_is_not_shown_beside_others() -> None:
    assert told(None, View("SELECT 1", usual_storage="MAIN")) == [
        "+ view public.v is missing",
        "    +definition: SELECT 1",
    ]
    assert told(View("SELECT 1", usual_storage="MAIN"), View("SELECT 2", usual_storage="EXTENDED")) == [
        "~ view public.v differs",
        "    -definition: SELECT 1",
        "    +definition: SELECT 2",
    ]


def test_letters_of_the_catalogs_are_told_in_words_and_the_usual_only_against_something_else() -> None:
    assert told(None, View("SELECT 1", persistence="u"))[2:] == ["    +persistence: unlogged"]
    assert told(View("SELECT 1"), View("SELECT 1", persistence="u"))[1:] == [
        "    -persistence: permanent",
        "    +persistence: unlogged",
    ]


def test_documents_are_shown_as_such() -> None:
    assert lines({"validator": {"a": 1}}) == ["validator:", "  {", '    "a": 1', "  }"]
