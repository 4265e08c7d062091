"""What resources speak for, and what nobody speaks for and so nobody touches."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from colonnade.core.diff import diff
from colonnade.core.errors import InvalidSpec
from colonnade.core.kind import Model, ObjectId
from colonnade.engines import Declaration
from colonnade.engines.postgres.declared.normalise import PgDesired
from colonnade.engines.postgres.live.scope import Scope


def oid(text: str) -> ObjectId:
    kind, _, dotted = text.rpartition(" ")
    return ObjectId(kind, tuple(dotted.split(".")))


PARTS = {"column": "table", "index": "table", "comment": "table", "trigger": "table"}


def model(*objects: str) -> Model:
    """Parts go with the table of their first two names."""
    ids = [oid(o) for o in objects]
    parents = {o: frozenset({ObjectId("table", o.name[:2])}) for o in ids if o.kind in PARTS}
    return Model(dict.fromkeys(ids, 1), parents, parents)


def scope(
    live: Model,
    declared: Mapping[str, str],
    ledger: Mapping[str, str] | None = None,
    *,
    whole: bool = False,
    unmanaged: tuple[str, ...] = (),
    broken: tuple[str, ...] = (),
    gone: tuple[str, ...] = (),
) -> Scope:
    owners = {oid(o): who for o, who in declared.items()}
    everybody = sorted({*declared.values(), *(ledger or {}).values(), *broken} - set(gone))
    desired = PgDesired(
        model(*declared),
        {} if whole else owners,
        "digest",
        {who: InvalidSpec("x") for who in broken},
        whole=whole,
        declarations=tuple(Declaration(who, None) for who in everybody),
        unmanaged=unmanaged,
    )
    return Scope.of(live, desired, {oid(o): who for o, who in (ledger or {}).items()})


def changes(found: Scope) -> set[str]:
    return {f"{c.verb} {c.id}" for c in diff(found.live, found.wanted)}


LIVE = model(
    "table public.mine", "column public.mine.a", "table public.other", "column public.other.b", "view public.v"
)


def test_what_nobody_declares_stays_and_is_named() -> None:
    found = scope(LIVE, {"table public.mine": "x", "column public.mine.a": "x"})
    assert changes(found) == set()
    assert found.unmanaged() == ("table public.other", "view public.v")


def test_a_declared_table_is_declared_with_all_that_is_in_it() -> None:
    live = model(
        "table public.mine",
        "column public.mine.a",
        "column public.mine.extra",
        "index public.mine.i",
        "trigger public.mine.t",
    )
    found = scope(live, {"table public.mine": "x", "column public.mine.a": "x"})
    assert changes(found) == {"drop column public.mine.extra", "drop index public.mine.i", "drop trigger public.mine.t"}


def test_what_is_only_said_about_an_object_counts_once_it_was_declared() -> None:
    live = model("table public.mine", "comment public.mine.it")
    assert changes(scope(live, {"table public.mine": "x"})) == set()
    assert changes(scope(live, {"table public.mine": "x"}, {"comment public.mine.it": "x"})) == {
        "drop comment public.mine.it"
    }


def test_what_was_declared_once_and_no_longer_goes() -> None:
    found = scope(
        LIVE,
        {"table public.mine": "x", "column public.mine.a": "x"},
        {"table public.other": "x", "column public.other.b": "x"},
    )
    assert changes(found) == {"drop table public.other", "drop column public.other.b"}


@pytest.mark.parametrize(("broken", "gone"), [(("y",), ()), ((), ("y",))])
def test_what_belongs_to_a_resource_that_cannot_be_used_or_is_not_at_hand_is_frozen(
    broken: tuple[str, ...], gone: tuple[str, ...]
) -> None:
    declared = {"table public.mine": "x", "column public.mine.a": "x"}
    found = scope(LIVE, declared, {"table public.other": "y"}, broken=broken, gone=gone)
    assert changes(found) == set()
    assert oid("table public.other") not in found.managed


def test_a_part_of_another_resource_in_a_table_of_ours_is_frozen_with_it() -> None:
    live = model("table public.mine", "index public.mine.theirs")
    found = scope(live, {"table public.mine": "x"}, {"index public.mine.theirs": "y"}, broken=("y",))
    assert changes(found) == set()


def test_an_object_may_go_over_to_another_resource() -> None:
    found = scope(
        LIVE,
        {"table public.other": "y", "column public.other.b": "y"},
        {"table public.other": "x", "column public.other.b": "x"},
    )
    assert changes(found) == set()


OTHER = model("table public.other", "column public.other.b")


@pytest.mark.parametrize("pattern", ["public.other", "public.*", "*", "public.oth?r", "public"])
def test_patterns_leave_out_what_they_match_and_all_that_is_in_it(pattern: str) -> None:
    assert changes(scope(OTHER, {}, whole=True, unmanaged=(pattern,))) == set()
    assert changes(scope(OTHER, {}, {"table public.other": "x"}, unmanaged=(pattern,))) == set()


@pytest.mark.parametrize("pattern", ["other", "public.o", "private.*", "publi"])
def test_patterns_match_whole_names(pattern: str) -> None:
    found = scope(OTHER, {}, {"table public.other": "x"}, unmanaged=(pattern,))
    assert changes(found) == {"drop table public.other", "drop column public.other.b"}


def test_with_a_whole_database_declared_everything_else_goes() -> None:
    found = scope(LIVE, {"table public.mine": "x", "column public.mine.a": "x"}, whole=True)
    assert changes(found) == {"drop table public.other", "drop column public.other.b", "drop view public.v"}
    assert found.unmanaged() == ()


def test_without_what_is_gone_all_that_is_in_it_goes_too() -> None:
    live = model("schema app", "table app.t", "column app.t.a", "schema public", "table public.keep")
    found = Scope.without(live, [oid("table app.t"), oid("schema app")])
    assert changes(found) == {"drop schema app", "drop table app.t", "drop column app.t.a"}


def test_a_schema_that_is_gone_stays_while_others_have_something_in_it() -> None:
    live = model("schema app", "table app.t", "table app.theirs")
    assert changes(Scope.without(live, [oid("table app.t"), oid("schema app")])) == {"drop table app.t"}
