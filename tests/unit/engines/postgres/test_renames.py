"""Renames that are declared become statements; those that are not are suspected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from colonnade.core.diff import diff
from colonnade.core.errors import Unsupported
from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.planning.renames import Rename, due, steps, suspected
from colonnade.resources.postgres_schema import PostgresSchemaSpec


@dataclass(frozen=True)
class Spec:
    """As much of any kind's spec as renames look at."""

    type: str = ""
    function: str = "f"
    arguments: str = "integer"
    labels: tuple[str, ...] = ("a", "b")


def declared(**rename: Any) -> Rename:
    spec = PostgresSchemaSpec.model_validate(
        {"datastoreRef": {"name": "shop"}, "schemas": ["public", "app"], "renames": [rename]}, by_alias=True
    )
    return Rename.declared(spec, spec.renames[0])


def model(*objects: tuple[str, ...], **types: str) -> Model:
    return Model({ObjectId(kind, tuple(name)): Spec(types.get(name[-1], "")) for kind, *name in objects})


TABLE = ("table", "public", "users")


@pytest.mark.parametrize(
    ("rename", "there", "statements"),
    [
        (
            {"kind": "Table", "from": "user", "to": "users"},
            ("table", "public", "user"),
            ['ALTER TABLE "public"."user" RENAME TO "users"'],
        ),
        (
            {"kind": "Table", "from": "app.user", "to": "users"},
            ("table", "app", "user"),
            ['ALTER TABLE "app"."user" RENAME TO "users"', 'ALTER TABLE "app"."users" SET SCHEMA "public"'],
        ),
        (
            {"kind": "View", "from": "v", "to": "app.v"},
            ("view", "public", "v"),
            ['ALTER VIEW "public"."v" SET SCHEMA "app"'],
        ),
        (
            {"kind": "MaterializedView", "from": "v", "to": "w"},
            ("materialized view", "public", "v"),
            ['ALTER MATERIALIZED VIEW "public"."v" RENAME TO "w"'],
        ),
        (
            {"kind": "Index", "from": "i", "to": "j"},
            ("index", "public", "i"),
            ['ALTER INDEX "public"."i" RENAME TO "j"'],
        ),
        (
            {"kind": "Sequence", "from": "s", "to": "t"},
            ("sequence", "public", "s"),
            ['ALTER SEQUENCE "public"."s" RENAME TO "t"'],
        ),
        (
            {"kind": "Type", "from": "mood", "to": "moods"},
            ("enum", "public", "mood"),
            ['ALTER TYPE "public"."mood" RENAME TO "moods"'],
        ),
        ({"kind": "Schema", "from": "old", "to": "app"}, ("schema", "old"), ['ALTER SCHEMA "old" RENAME TO "app"']),
        (
            {"kind": "Function", "from": "f", "to": "g"},
            ("function", "public", "f(integer)"),
            ['ALTER ROUTINE "public"."f"(integer) RENAME TO "g"'],
        ),
        (
            {"kind": "Column", "table": "users", "from": "mail", "to": "email"},
            ("column", "public", "users", "mail"),
            ['ALTER TABLE "public"."users" RENAME COLUMN "mail" TO "email"'],
        ),
        (
            {"kind": "Constraint", "table": "users", "from": "k", "to": "l"},
            ("check", "public", "users", "k"),
            ['ALTER TABLE "public"."users" RENAME CONSTRAINT "k" TO "l"'],
        ),
        (
            {"kind": "Trigger", "table": "users", "from": "t", "to": "u"},
            ("trigger", "public", "users", "t"),
            ['ALTER TRIGGER "t" ON "public"."users" RENAME TO "u"'],
        ),
        (
            {"kind": "Policy", "table": "app.users", "from": "p", "to": "q"},
            ("policy", "app", "users", "p"),
            ['ALTER POLICY "p" ON "app"."users" RENAME TO "q"'],
        ),
        (
            {"kind": "EnumValue", "type": "mood", "from": "a", "to": "it's"},
            ("enum", "public", "mood"),
            ["ALTER TYPE \"public\".\"mood\" RENAME VALUE 'a' TO 'it''s'"],
        ),
        (
            {"kind": "Table", "from": '"we""ird"', "to": "users"},
            ("table", "public", 'we"ird'),
            ['ALTER TABLE "public"."we""ird" RENAME TO "users"'],
        ),
    ],
)
def test_a_declared_rename_is_one_as_long_as_the_old_name_is_there(
    rename: dict[str, str], there: tuple[str, ...], statements: list[str]
) -> None:
    one = declared(**rename)
    made = list(steps(model(there), [one]))
    assert [s.statement for s in made] == statements
    assert all(s.undo for s in made), "each can be taken back"
    assert list(steps(model(("table", "public", "other")), [one])) == []


def test_both_halves_of_a_rename_there_are_no_rename_of_a_label() -> None:
    one = declared(kind="EnumValue", type="mood", **{"from": "a", "to": "b"})
    assert list(steps(model(("enum", "public", "mood")), [one])) == []


def drop(kind: str, *name: str) -> Step:
    oid = ObjectId(kind, name)
    return Step("DROP", str(oid), hazards=(hazard(DELETES_DATA, oid),))


def lines(old: Model, new: Model, *drops: Step) -> list[str]:
    made = suspected(drops, diff(old, new), old, new)
    return [h.safe_way for s in made for h in s.hazards if h.code == "LOOKS_LIKE_RENAME"]


MAIL, EMAIL = ("column", "public", "users", "mail"), ("column", "public", "users", "email")


def test_a_column_of_the_same_type_that_comes_as_another_goes_looks_like_a_rename() -> None:
    old, new = model(TABLE, MAIL, mail="text"), model(TABLE, EMAIL, email="text")
    (line,) = lines(old, new, drop(*MAIL))
    assert "renames: [{kind: Column, table: public.users, from: mail, to: email}]" in line


def test_a_table_of_the_same_columns_that_comes_as_another_goes_looks_like_a_rename() -> None:
    old = model(("table", "public", "user"), ("column", "public", "user", "id"), id="bigint")
    new = model(TABLE, ("column", "public", "users", "id"), id="bigint")
    (line,) = lines(old, new, drop("table", "public", "user"))
    assert "renames: [{kind: Table, from: public.user, to: public.users}]" in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (model(TABLE, MAIL, mail="text"), model(TABLE, EMAIL, email="bigint")),
        (model(TABLE, MAIL, mail="text"), model(TABLE)),
        (model(TABLE, MAIL, mail="text"), model(TABLE, ("column", "public", "orders", "email"), email="text")),
        (model(TABLE), model(("table", "public", "orders"))),
    ],
)
def test_what_has_another_shape_is_no_rename(old: Model, new: Model) -> None:
    assert lines(old, new, drop(*MAIL), drop(*TABLE)) == []


def test_a_drop_that_loses_nothing_is_not_suspected() -> None:
    old, new = model(TABLE, MAIL, mail="text"), model(TABLE, EMAIL, email="text")
    assert lines(old, new, Step("DROP", str(ObjectId(MAIL[0], MAIL[1:])))) == []


CHAIN = [("z", "d"), ("x", "y"), ("y", "z")]


def chain(*names: str) -> Model:
    return model(*(("column", "public", "t", n) for n in names))


def columns(*pairs: tuple[str, str]) -> list[Rename]:
    return [declared(kind="Column", table="t", **{"from": a, "to": b}) for a, b in pairs]


@pytest.mark.parametrize(
    ("there", "wanted", "expected"),
    [
        ("xyz", "yzd", ["z", "y", "x"]),
        ("yzd", "yzd", []),
        ("xy", "yz", ["y", "x"]),
    ],
)
def test_a_name_is_free_before_another_takes_it_and_nothing_is_done_twice(
    there: str, wanted: str, expected: list[str]
) -> None:
    found = due(columns(*CHAIN), chain(*there), chain(*wanted))
    assert [r.old[0] for r in found] == expected


@pytest.mark.parametrize(
    ("pairs", "there", "wanted", "why"),
    [
        ([("a", "b"), ("b", "a")], "ab", "ab", "exchanged"),
        ([("a", "b"), ("b", "c"), ("c", "a")], "abc", "abc", "exchanged"),
        ([("a", "b")], "a", "c", "b is declared nowhere"),
        ([("a", "b")], "ab", "b", "both are there"),
    ],
)
def test_what_cannot_be_told_by_the_names_is_refused(
    pairs: list[tuple[str, str]], there: str, wanted: str, why: str
) -> None:
    with pytest.raises(Unsupported, match=f"renames: {{kind: Column, table: public.t, from: a, to: b}}: .*{why}"):
        due(columns(*pairs), chain(*there), chain(*wanted))
