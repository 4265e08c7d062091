from textwrap import dedent

import pytest

from colonnade.resources import InvalidResource, documents, load_all

SHOP = """\
    apiVersion: v1
    kind: ConfigMap
    data: {schema.sql: CREATE TABLE t ()}
    ---
    # nothing but a comment
    ---
    apiVersion: colonnade.dev/v1alpha1
    kind: Datastore
    metadata: {name: shop}
    spec:
      engine: Postgres
      connection: {secretRef: {name: shop-db}}
    ---
    apiVersion: colonnade.dev/v1alpha1
    kind: PostgresSchema
    metadata: {name: orders}
    spec:
      datastoreRef: {name: shop}
      sql: |
        CREATE TABLE t ();
"""


def refusal(text: str) -> list[str]:
    with pytest.raises(InvalidResource) as refused:
        load_all(dedent(text), "shop.yaml")
    return str(refused.value).split("\n")


def test_every_resource_of_a_file_is_loaded_and_other_objects_are_passed_over() -> None:
    assert [found.identity for found in load_all(dedent(SHOP))] == ["Datastore/shop", "PostgresSchema/orders"]


def test_other_objects_can_be_had_as_documents() -> None:
    found = list(documents(dedent(SHOP)))
    assert [(d.number, d.line, d.ours) for d in found] == [(1, 1, False), (3, 7, True), (4, 14, True)]
    assert found[0].content["data"] == {"schema.sql": "CREATE TABLE t ()"}
    assert found[2].line_of(("spec", "sql")) == 19
    assert found[2].line_of(("spec", "nothing", 3)) == 18


def test_a_mistake_is_told_with_its_line() -> None:
    assert refusal(
        """\
        apiVersion: colonnade.dev/v1alpha1
        kind: Datastore
        metadata: {name: shop}
        spec:
          engine: Oracle
          connection:
            secretRef: {name: shop-db}
        ---
        apiVersion: colonnade.dev/v1alpha1
        kind: PostgresSchema
        metadata: {name: orders}
        spec:
          datastoreRef: {name: shop}
          tables:
          - name: orders
            columns:
            - {name: id, type: bigint}
            - {name: total}
        """
    ) == [
        'shop.yaml:5: Datastore shop: spec.engine: "Oracle" is not a choice; write one of Postgres, MongoDB',
        "shop.yaml:18: PostgresSchema orders: spec.tables[orders].columns[total].type: is required and not given; add it",
    ]


def test_a_resource_without_a_name_is_told_by_its_place() -> None:
    (told,) = refusal("a: 1\n---\napiVersion: colonnade.dev/v2\nkind: Datastore\n")
    assert told.startswith("shop.yaml:3: Datastore in document 2: apiVersion: 'colonnade.dev/v2' is not known")


def test_the_items_of_a_list_are_resources() -> None:
    found = load_all(
        dedent("""\
        apiVersion: v1
        kind: List
        items:
        - apiVersion: colonnade.dev/v1alpha1
          kind: PostgresSchema
          metadata: {name: a}
          spec: {datastoreRef: {name: shop}}
        - {apiVersion: v1, kind: Secret}
        """)
    )
    assert [resource.metadata.name for resource in found] == ["a"]


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join(10 * [f'*a{i - 1}'])}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb: 2\na: 3\n", "shop.yaml:3: the key 'a' comes twice; keep one"),
        ("a: [{b: 1, b: 2}]\n", "shop.yaml:1: the key 'b' comes twice; keep one"),
        ("a: " + 30000 * "[", "shop.yaml:1: is nested deeper than 100; mend the YAML"),
        (BOMB, "shop.yaml:6: comes to more than 1000000 values; mend the YAML"),
        ("a: " + 100000 * "9", "shop.yaml: is no YAML: Exceeds the limit"),
        ("a: [1\nb: 2\n", "shop.yaml:2: "),
        ("a: 1\n---\n- 1\n", "shop.yaml:3: document 2 is no mapping; write apiVersion, kind, metadata and spec"),
        ("a: !!python/object:os.system {}\n", "could not determine a constructor"),
        ("a: \x01\n", "shop.yaml"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_line(text: str, says: str) -> None:
    assert says in refusal(text)[0]


def test_merged_keys_and_shared_parts_are_taken() -> None:
    found = list(documents("a: &x {b: 1}\nc: {<<: *x, d: 2}\ne: {<<: *x, b: 3}\n"))
    assert found[0].content == {"a": {"b": 1}, "c": {"b": 1, "d": 2}, "e": {"b": 3}}


def test_a_date_stays_text_as_it_does_in_kubernetes() -> None:
    assert next(iter(documents("a: 2024-01-01\n"))).content == {"a": "2024-01-01"}


def test_an_empty_text_has_no_documents() -> None:
    assert list(documents("")) == []
    assert load_all("---\n# nothing\n---\n") == []
