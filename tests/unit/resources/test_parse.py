from typing import Any

import pytest

from colonnade.core.errors import InvalidSpec
from colonnade.resources import RESOURCES, InvalidResource, MongoSchema, PostgresSchema, load, unknown_fields
from colonnade.resources.parse import build
from tests.unit.resources import rules
from tests.unit.resources.rules import CASES, document


def problems(kind: str, spec: dict[str, Any]) -> list[str]:
    with pytest.raises(InvalidResource) as refusal:
        load(document(kind, spec), strict=True)
    return [str(problem) for problem in refusal.value.problems]


def pg(spec: dict[str, Any]) -> list[str]:
    return problems("PostgresSchema", spec)


def test_a_resource_is_loaded_with_its_defaults() -> None:
    loaded = load(document("PostgresSchema", {"datastoreRef": {"name": "shop"}}), strict=True)
    assert isinstance(loaded, PostgresSchema)
    assert loaded.spec.schemas == ("public",)
    assert loaded.spec.deletion_policy == "Retain"
    assert loaded.spec.policy is None
    assert loaded.status.conditions == ()
    assert loaded.identity == "PostgresSchema/case"


def test_a_resource_cannot_be_changed() -> None:
    loaded = load(document("PostgresSchema", rules.postgres()), strict=True)
    with pytest.raises(ValueError, match="frozen"):
        loaded.metadata.name = "other"  # type: ignore[misc]


def test_an_unknown_field_is_refused_with_the_nearest_known_one() -> None:
    assert pg(rules.postgres("tabels: []"))[0].startswith(
        "spec.tabels: is not a known field (did you mean tables?); known here: datastoreRef, schemas, sql, "
    )
    assert pg(rules.column("nulable: true"))[0].startswith(
        "spec.tables[t].columns[c].nulable: is not a known field (did you mean nullable?); known here: name, type, "
    )


def test_an_unknown_field_of_a_stored_resource_is_told_and_ignored() -> None:
    stored = document("PostgresSchema", rules.postgres("tabels: []"))
    stored["status"] = {"fromAnotherVersion": 1}
    stored["metadata"]["fromAnotherServer"] = True
    assert load(stored, strict=False).metadata.name == "case"
    (told,) = unknown_fields(stored)
    assert told.startswith("spec.tabels: is not a known field (did you mean tables?)")
    assert unknown_fields(document("PostgresSchema", rules.postgres())) == ()


def test_a_status_of_another_version_does_not_keep_a_resource_from_loading() -> None:
    stored = document("PostgresSchema", rules.postgres()) | {"status": {"conditions": "none"}}
    assert load(stored, strict=False).status.conditions == ()
    with pytest.raises(InvalidResource, match=r"status\.conditions"):
        load({**stored, "spec": {"datastoreRef": {}}}, strict=False)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (rules.column("default: 0"), "spec.tables[t].columns[c].default: 0 is not text; write it in quotes"),
        (
            rules.column("identity: always"),
            '"always" is not a choice (did you mean Always?); write one of Always, ByDefault',
        ),
        (rules.column("nullable: 'no'"), '"no" is not true or false; write one of these, without quotes'),
        (rules.column("statistics: '10'"), '"10" is not a whole number; write one, without quotes'),
        (rules.column("statistics: -1"), "-1 cannot stand here: input should be greater than or equal to 0"),
        (rules.postgres("tables: {name: t}"), "spec.tables: the value is not a list"),
        (rules.postgres("tables: [t]"), 'spec.tables[0]: "t" is not a mapping'),
        (rules.table("columns: [{name: a}]"), "spec.tables[t].columns[a].type: is required and not given; add it"),
        (
            rules.postgres("tables: [{name: a}, {name: b}, {name: a}]"),
            "spec.tables: declares a more than once; keep one",
        ),
        (rules.postgres("policy: {lockTimeout: 5 s}"), '"5 s" is no duration; write numbers with units, such as 500ms'),
        (rules.postgres("datastoreRef: {name: Shop_DB}"), '"Shop_DB" does not match'),
        (rules.column("default: 'a; b'"), "has a ';'; write one piece of SQL without it"),
        (rules.postgres(f"schemas: [{'a' * 64}]"), "spec.schemas[0]:"),
        (rules.table("indexes: [{name: i, columns: []}]"), "spec.tables[t].indexes[i].columns:"),
    ],
)
def test_a_mistake_is_told_with_its_place_its_value_and_what_to_do(spec: dict[str, Any], says: str) -> None:
    (told,) = pg(spec)
    assert says in told


def test_a_list_is_not_called_empty_because_its_items_are_wrong() -> None:
    (told,) = pg(rules.table("indexes: [{name: i, columns: [{name: a, expression: b}]}]"))
    assert told.startswith("spec.tables[t].indexes[i].columns[a]: an entry of an index is either")


def test_every_mistake_is_told_and_a_flood_is_cut() -> None:
    columns = ", ".join(f"{{name: c{n}, type: int, kind: x}}" for n in range(14))
    with pytest.raises(InvalidSpec, match=r"(?s)columns\[c0\].kind.*columns\[c9\].kind.*and 4 more$") as refusal:
        load(document("PostgresSchema", rules.table(f"columns: [{columns}]")), strict=True)
    assert isinstance(refusal.value, InvalidResource)
    assert len(refusal.value.problems) == 14


@pytest.mark.parametrize(
    "connection",
    [
        {"secretRef": "postgresql://shop:hunter2@db/shop"},
        {"secretRef": {"name": "hunter2!"}},
        {"password": "hunter2", "secretRef": {"name": "s"}},
        {"uri": "postgresql://shop:hunter2@db/shop"},
    ],
)
def test_what_may_be_a_secret_is_not_repeated(connection: dict[str, Any]) -> None:
    told = problems("Datastore", {"engine": "Postgres", "connection": connection})
    assert told
    assert not any("hunter2" in problem for problem in told)


def test_a_bare_on_is_explained() -> None:
    spec = {"datastoreRef": {"name": "shop"}, "views": [{"name": "v", True: "orders"}]}
    assert "is what YAML makes of a bare on, off, yes or no" in problems("MongoSchema", spec)[1]


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({}, "apiVersion: None is not known; write colonnade.dev/v1alpha1"),
        ({"apiVersion": "v1", "kind": "Secret"}, "apiVersion: 'v1' is not known"),
        ({"apiVersion": "colonnade.dev/v1alpha1"}, "kind: None is not known"),
        (
            {"apiVersion": "colonnade.dev/v1alpha1", "kind": "postgresschema"},
            "kind: 'postgresschema' is not known (did you mean PostgresSchema?); write one of Datastore, ",
        ),
        ({"apiVersion": "colonnade.dev/v1alpha1", "kind": "Datastore"}, "metadata: is required"),
        (
            {"apiVersion": "colonnade.dev/v1alpha1", "kind": "Datastore", "spec": {"resync": float("nan")}},
            "not plain data",
        ),
    ],
)
def test_what_is_no_resource_is_refused(document: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidResource) as refusal:
        load(document, strict=False)
    assert says in str(refusal.value)


def test_fields_may_lie_deeper_than_the_crd_writes_out() -> None:
    inner: dict[str, Any] = {"name": "f", "type": "string", "minLenth": 1}
    for _ in range(12):
        inner = {"name": "f", "type": "object", "fields": [inner]}
    (told,) = problems("MongoSchema", rules.mongo() | {"collections": [{"name": "c", "fields": [inner]}]})
    assert told.startswith(f"spec.collections[c].{'.'.join(['fields[f]'] * 13)}.minLenth: is not a known field")
    del inner["fields"][0]["fields"]
    loaded = load(
        document("MongoSchema", rules.mongo() | {"collections": [{"name": "c", "fields": [inner]}]}), strict=True
    )
    assert isinstance(loaded, MongoSchema)


def test_every_validator_can_be_built_beforehand() -> None:
    build()
    assert all(model.__pydantic_complete__ for model in RESOURCES.values())


@pytest.mark.parametrize("kind", RESOURCES)
def test_a_resource_that_is_written_out_is_loaded_again(kind: str) -> None:
    spec = next(case.obeys for case in CASES if case.kind == kind)
    loaded = load(document(kind, spec), strict=True)
    assert load(loaded.model_dump(by_alias=True, mode="json", exclude_none=True), strict=True) == loaded
