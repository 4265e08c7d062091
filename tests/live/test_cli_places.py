"""What a server finds wrong with resources in files is told with file, line and resource."""

from __future__ import annotations

import pytest

from tests.fixtures.cli import Cli

RESOURCE = """\
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {{name: {name}}}
spec:
  datastoreRef: {{name: shop}}
  schemas: [{name}]
  tables:
    - name: {table}
      columns: [{{name: a, type: {type}}}]
"""


def resource(cli: Cli, name: str, table: str = "t", type_: str = "text") -> tuple[str, str]:
    return "-f", cli.write(f"{name}.yaml", RESOURCE.format(name=name, table=table, type=type_))


@pytest.mark.parametrize("more", [(), ("--schemas", "one,two,three")])
def test_of_several_resources_each_that_is_wrong_is_named(more: tuple[str, ...], cli: Cli, postgres_url: str) -> None:
    files = (*resource(cli, "one"), *resource(cli, "two", type_="textt"), *resource(cli, "three", type_="integre"))
    said = cli("plan", *files, "--url", postgres_url, *more, "--progress", "none")
    assert said.code == 1
    assert 'two.yaml:9: PostgresSchema two: spec.tables[t].columns[a].type: type "textt" does not exist' in said.err
    assert 'three.yaml:9: PostgresSchema three: spec.tables[t].columns[a].type: type "integre" does not' in said.err
    assert "one.yaml" not in said.err


def test_two_that_declare_one_object_are_told_with_their_files(cli: Cli, postgres_url: str) -> None:
    other = RESOURCE.format(name="other", table="crm.t", type="text").replace("[other]", "[other, crm]")
    files = (*resource(cli, "crm"), "-f", cli.write("other.yaml", other))
    said = cli("plan", *files, "--url", postgres_url, "--progress", "none")
    assert said.code == 1
    assert "crm.yaml: PostgresSchema crm: PostgresSchema other in other.yaml declares the same object" in said.err
    assert "other.yaml: PostgresSchema other: PostgresSchema crm in crm.yaml declares the same object" in said.err
    assert "default/" not in said.err


def test_sql_in_a_resource_is_told_once_with_its_place(cli: Cli, postgres_url: str) -> None:
    text = RESOURCE.format(name="crm", table="t", type="text") + "  sql: CREATE TABLE crm.u (a textt);\n"
    said = cli("plan", "-f", cli.write("crm.yaml", text), "--url", postgres_url, "--progress", "none")
    assert said.err.startswith("colonnade: crm.yaml, PostgresSchema crm, spec.sql, line 1, column ")
