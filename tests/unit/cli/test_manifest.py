from __future__ import annotations

import pytest
import yaml

from colonnade.cli.manifest import Name, kube_name, laid_out, manifests, text
from colonnade.core.errors import Unsupported
from colonnade.resources import load_all

NAMED = Name("shop", "main", "team")


def test_statements_of_one_sort_stand_together_and_others_apart() -> None:
    assert laid_out(["CREATE TABLE a (\n  b int\n)", "CREATE INDEX i", "CREATE INDEX j;", "GRANT x", "GRANT y"]) == (
        "CREATE TABLE a (\n  b int\n);\n\nCREATE INDEX i;\nCREATE INDEX j;\n\nGRANT x;\nGRANT y;\n"
    )


@pytest.mark.parametrize("name", ["Shop_2", "été", "", "a" * 99 + "-", "1.2"])
def test_any_database_gets_a_name_that_kubernetes_takes(name: str) -> None:
    load_all(text(manifests(Name(kube_name(name), "main"), {}, ["SELECT"]), ()))


@pytest.mark.parametrize(
    "body",
    [
        "plain\nlines",
        "  first line indented\n\tand a tab",
        "trailing blanks  \n\t\n\nand empty lines\n\n",
        "a # b: c\n--- no document\n... no end\n",
        "carriage\r\nreturn",
        "line\u2028separator and \x85 and bell\x07\n",
        "Ünïcode 🦆\n'quotes' \"and\" more\n",
    ],
)
def test_texts_come_back_from_yaml_as_they_were(body: str) -> None:
    statement = f"CREATE FUNCTION f() AS $${body}$$"
    (document,) = yaml.safe_load_all(text(manifests(NAMED, {}, [statement, statement]), ["head: #", "more"]))
    assert document["spec"]["sql"] == f"{statement};\n\n{statement};\n"


def test_what_people_write_in_functions_stays_a_block() -> None:
    said = text(manifests(NAMED, {"schemas": ["public"]}, ["CREATE FUNCTION f() AS $$\n\tx  \n\n$$"]), ())
    assert said.endswith("  schemas:\n    - public\n  sql: |\n    CREATE FUNCTION f() AS $$\n    \tx  \n\n    $$;\n")


def test_long_sql_goes_into_config_maps_in_order() -> None:
    statements = [f"CREATE TABLE t{n} ({'x' * 50_000})" for n in range(10)]
    *maps, schema = manifests(NAMED, {}, statements)
    assert len(maps) == 4
    assert [ref["configMapKeyRef"]["name"] for ref in schema["spec"]["sqlFrom"]] == [
        m["metadata"]["name"] for m in maps
    ]
    assert "".join(m["data"]["schema.sql"] for m in maps).count("CREATE TABLE") == 10
    assert all(m["metadata"]["namespace"] == "team" for m in maps)


def test_sql_stands_aside_where_the_fields_leave_no_room() -> None:
    wide = {"tables": [{"name": "t", "comment": "x" * 150_000}]}
    assert "sql" in manifests(NAMED, wide, ["SELECT 1"])[-1]["spec"]
    assert len(manifests(NAMED, wide, [f"CREATE {'x' * 50_000}"])) == 2


def test_more_than_a_resource_can_refer_to_is_refused() -> None:
    with pytest.raises(Unsupported, match="--schemas"):
        manifests(NAMED, {}, [f"CREATE {'x' * 999_000}"])
    with pytest.raises(Unsupported, match="--schemas"):
        manifests(NAMED, {}, [f"CREATE {'x' * 600_000}"] * 80)
