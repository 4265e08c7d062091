from __future__ import annotations

import pytest

from colonnade.cli.declared import declared
from colonnade.cli.files import Texts
from colonnade.core.errors import InvalidSpec
from colonnade.engines import Source

SCHEMA = """
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {name: orders, namespace: shop}
spec:
  datastoreRef: {name: shop}
  schemas: [public]
  sql: CREATE TABLE orders (id int);
  sqlFrom: [{configMapKeyRef: {name: more, key: more.sql}}]
---
apiVersion: colonnade.dev/v1alpha1
kind: Datastore
metadata: {name: shop}
spec: {engine: Postgres, connection: {secretRef: {name: shop}}}
"""
MORE = """
apiVersion: v1
kind: ConfigMap
metadata: {name: more}
data: {more.sql: CREATE TABLE more (id int);}
"""
MONGO = """
apiVersion: colonnade.dev/v1alpha1
kind: MongoSchema
metadata: {name: logs}
spec: {datastoreRef: {name: logs}, collections: [{name: logs}]}
"""


def texts(*yaml: str, sql: tuple[str, ...] = ()) -> Texts:
    return Texts(
        tuple(Source(f"{i}.sql", text) for i, text in enumerate(sql)),
        tuple(Source(f"{i}.yaml", text) for i, text in enumerate(yaml)),
        ("folder",),
    )


def test_sql_files_are_one_declaration_so_that_their_order_does_not_matter() -> None:
    (one,) = declared(texts(sql=("a", "b")), "Postgres").declarations
    assert [source.name for source in one.sources] == ["0.sql", "1.sql"]
    assert one.spec is None


def test_a_resource_is_declared_by_itself_with_the_texts_it_refers_to() -> None:
    (one,) = declared(texts(SCHEMA, MORE), "Postgres").declarations
    assert one.owner == "PostgresSchema/shop/orders"
    assert [source.name for source in one.sources] == [
        "0.yaml, PostgresSchema orders, spec.sql",
        "1.yaml, ConfigMap more, key more.sql",
    ]


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ((), r"ConfigMap more is in none of the files"),
        ((MORE.replace("more.sql:", "other.sql:"),), "has no key 'more.sql'; it has other.sql"),
        (
            (MORE.replace("data: {more.sql: CREATE TABLE more (id int);}", "binaryData: {more.sql: /w==}"),),
            "key 'more.sql' is binary data",
        ),
    ],
)
def test_what_a_resource_refers_to_has_to_be_among_the_files(others: tuple[str, ...], message: str) -> None:
    with pytest.raises(InvalidSpec, match=message):
        declared(texts(SCHEMA, *others), "Postgres")


def test_resources_of_the_other_engine_are_passed_over_and_named() -> None:
    found = declared(texts(SCHEMA, MORE, MONGO), "MongoDB")
    assert [one.owner for one in found.declarations] == ["MongoSchema/default/logs"]
    assert found.passed_over == ("PostgresSchema orders",)


def test_files_that_declare_nothing_for_the_engine_are_an_error() -> None:
    with pytest.raises(InvalidSpec, match=r"declares nothing for Postgres \(there is only MongoSchema logs\)"):
        declared(texts(MONGO), "Postgres")
    with pytest.raises(InvalidSpec, match="there is no resource"):
        declared(texts(MORE), "Postgres")
    with pytest.raises(InvalidSpec, match="SQL is for Postgres"):
        declared(texts(sql=("CREATE",)), "MongoDB")


def test_one_url_is_one_datastore() -> None:
    other = SCHEMA.replace("name: orders", "name: users").replace(
        "datastoreRef: {name: shop}", "datastoreRef: {name: u}"
    )
    with pytest.raises(InvalidSpec, match=r"2 Datastores \(shop, u\)"):
        declared(texts(SCHEMA, MORE, other), "Postgres")


def test_mistakes_are_told_with_file_and_line() -> None:
    with pytest.raises(InvalidSpec, match=r"0.yaml:8: PostgresSchema orders: spec.sequel: .*did you mean sql"):
        declared(texts(SCHEMA.replace("sql:", "sequel:"), MORE), "Postgres")


def test_a_resource_that_is_given_twice_is_told_with_its_files() -> None:
    assert len(declared(texts(SCHEMA, MORE, SCHEMA.replace("name: orders", "name: o")), "Postgres").declarations) == 2
    with pytest.raises(InvalidSpec) as error:
        declared(texts(SCHEMA, MORE, SCHEMA), "Postgres")
    assert str(error.value) == (
        "PostgresSchema orders is in 0.yaml and in 2.yaml; give one of them, or give each a name of its own"
    )
