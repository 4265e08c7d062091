from __future__ import annotations

from colonnade.cli.places import Place, together
from colonnade.core.errors import ColonnadeError, Conflict, InvalidSpec, Unauthorized
from colonnade.engines import Source

TEXT = """\
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {name: crm}
spec:
  datastoreRef: {name: shop}
  schemas: [public, more]
  tables:
    - name: more.x
      columns:
        - name: a
          type: textt
      indexes:
        - columns: [a]
---
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {name: crm, namespace: other}
spec: {}
"""
CRM = Place(Source("crm.yaml", TEXT), "PostgresSchema", None, "crm")
OTHER = Place(Source("crm.yaml", TEXT), "PostgresSchema", "other", "crm")
PLACES = {"PostgresSchema/default/crm": CRM, "PostgresSchema/other/crm": OTHER}


def told(message: str) -> str:
    return CRM.before(message).removesuffix(message)


def test_a_place_has_its_line_where_that_is_known() -> None:
    assert told("spec.tables[more.x].columns[a].type: no") == "crm.yaml:11: PostgresSchema crm: "
    assert told("spec.tables[more.x].columns[b].type: no") == "crm.yaml:10: PostgresSchema crm: "
    assert told("spec.tables[more.x].indexes[0]: no") == "crm.yaml:13: PostgresSchema crm: "
    assert told("spec.schemas[more]: no") == "crm.yaml:6: PostgresSchema crm: "
    assert told("specific: no") == "crm.yaml: PostgresSchema crm: "


def test_sql_within_a_resource_names_file_and_resource_by_itself() -> None:
    assert told("crm.yaml, PostgresSchema crm, spec.sql, line 2: no") == ""


def test_resources_of_one_name_in_two_namespaces_are_told_apart() -> None:
    assert OTHER.before("spec: no") == "crm.yaml:18: PostgresSchema crm: spec: no"


def test_errors_are_told_together_each_with_its_place() -> None:
    errors: dict[str, ColonnadeError] = {
        "PostgresSchema/default/crm": InvalidSpec("spec.schemas: no"),
        "b.sql": Unauthorized("b.sql, line 2: no"),
    }
    error = together(errors, PLACES)
    assert isinstance(error, InvalidSpec)
    assert str(error) == "crm.yaml:6: PostgresSchema crm: spec.schemas: no\nb.sql, line 2: no"


def test_in_a_cluster_a_resource_is_told_by_its_identity() -> None:
    errors: dict[str, ColonnadeError] = {"PostgresSchema/shop/a": InvalidSpec("spec.sql, line 1: no")}
    assert str(together(errors, {})) == "PostgresSchema/shop/a: spec.sql, line 1: no"


def test_other_resources_are_called_by_their_files() -> None:
    errors: dict[str, ColonnadeError] = {
        "PostgresSchema/other/crm": Conflict("PostgresSchema/default/crm declares the same object: no"),
        "b.sql": Conflict("PostgresSchema/default/crm declares the same object: no"),
        "PostgresSchema/default/crm": Conflict("PostgresSchema/default/crm-2 declares the same object: no"),
    }
    assert str(together(errors, PLACES)).splitlines() == [
        "crm.yaml: PostgresSchema crm: PostgresSchema crm in crm.yaml declares the same object: no",
        "b.sql: PostgresSchema crm in crm.yaml declares the same object: no",
        "crm.yaml: PostgresSchema crm: PostgresSchema/default/crm-2 declares the same object: no",
    ]
