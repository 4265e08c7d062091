"""`import`: whatever a database holds is written down so that it changes nothing there, and makes the same database elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from dev.paths import ROOT
from tests.fixtures.cli import Cli
from tests.fixtures.postgres import MakeRole
from tests.live.test_cli_postgres import schema

Psql = Callable[[str, str], str]
SHOP = (ROOT / "manifests/examples/shop/sql/schema-with-status.sql").read_text()
RICH = (ROOT / "tests/live/rich.sql").read_text()
QUIET = ("--progress", "none")


def lines(dump: str) -> list[str]:
    """In no order, and without the names that Postgres makes up for NOT NULL."""
    return sorted(re.sub(r" CONSTRAINT \S+ NOT NULL", " NOT NULL", schema(dump)).splitlines())


@pytest.fixture
def role(make_role: MakeRole, postgres_url: str) -> str:
    return urlsplit(make_role(postgres_url)).username or ""


@pytest.fixture
def rich(make_postgres: Callable[[], str], role: str, psql: Psql, pg_dump: Callable[..., str]) -> str:
    """A database with all sorts of things, dumped and restored once, so that everything is printed as it stays."""
    first, second = make_postgres(), make_postgres()
    psql(first, "SET check_function_bodies = off;" + SHOP.replace("users", "people") + RICH.replace(":role", role))
    psql(second, pg_dump(first, "--schema-only"))
    return second


@pytest.mark.parametrize("form", ["sql", "yaml"])
def test_what_was_written_changes_nothing_and_makes_the_same_elsewhere(
    form: str, cli: Cli, rich: str, make_postgres: Callable[[], str], pg_dump: Callable[..., str]
) -> None:
    said = cli("import", "--url", rich, "--format", form, "--name", "rich", "--datastore", "main", "-n", "team", *QUIET)
    assert (said.code, said.err) == (0, ""), said.err
    file = cli.write("rich.yaml", said.out)
    assert cli("plan", "-f", file, "--url", rich, "--exit-code").code == 0
    assert "namespace: team" in said.out
    other = make_postgres()
    made = cli("apply", "-f", file, "--url", other, "--yes")
    assert made.code == 0, made.err
    there, here = (lines(pg_dump(url, "--schema-only", "--exclude-schema=colonnade")) for url in (other, rich))
    assert there == here


def test_yaml_says_what_it_can_and_sql_the_rest(cli: Cli, rich: str) -> None:
    said = cli("import", "--url", rich, "--format", "yaml").out
    fields, _, sql = said.partition("  sql: |\n")
    for one in (
        "name: app.mood",
        "name: pg_trgm",
        "name: Sales Été.Order Line",
        "order: Desc",
        "onDelete: SetNull",
        "strategy: Range",
    ):
        assert one in fields
        assert one not in sql
    assert "CREATE DOMAIN app.email" in sql
    assert 'CREATE TABLE "Sales' not in sql


def test_sql_is_as_a_person_would_keep_it(cli: Cli, postgres_url: str, psql: Psql) -> None:
    psql(postgres_url, SHOP)
    said = cli("import", "--url", postgres_url, "--name", "shop")
    assert said.code == 0, said.err
    assert "CREATE TABLE public.users (\n      id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,\n" in said.out
    assert "    CREATE FUNCTION public.set_updated_at()\n" in said.out
    assert "COMMENT ON TABLE public.users IS 'People who can sign in';\n    COMMENT ON" in said.out


def test_of_some_schemas_only_these_are_written_and_the_others_named(cli: Cli, postgres_url: str, psql: Psql) -> None:
    psql(
        postgres_url,
        """CREATE SCHEMA one; CREATE SCHEMA two; CREATE EXTENSION pg_trgm; CREATE TABLE public.aside (a int);
        CREATE TABLE one.t (a serial PRIMARY KEY, b text); CREATE INDEX ON one.t USING gin (b gin_trgm_ops);
        CREATE VIEW two.v AS SELECT a FROM one.t; COMMENT ON TABLE one.t IS 'ours';""",
    )
    said = cli("import", "--url", postgres_url, "--schemas", "one", "--name", "one")
    assert said.code == 0, said.err
    assert "CREATE EXTENSION pg_trgm" in said.out
    assert "COMMENT ON TABLE one.t" in said.out
    assert ("  view two.v\n" in said.err, "#   table public.aside\n" in said.out) == (True, True)
    file = cli.write("one.yaml", said.out)
    assert cli("plan", "-f", file, "--url", postgres_url, "--schemas", "one", "--exit-code").code == 0
    refused = cli("import", "--url", postgres_url, "--schemas", "two")
    assert (refused.code, refused.out) == (1, "")
    assert "view two.v needs" in refused.err
    assert "name its schema, too" in refused.err
    assert "schema three is not in the database" in cli("import", "--url", postgres_url, "--schemas", "three").err


@pytest.mark.parametrize("form", ["sql", "yaml"])
def test_an_empty_database_is_a_resource_that_declares_nothing(form: str, cli: Cli, postgres_url: str) -> None:
    said = cli("import", "--url", postgres_url, "--format", form, *QUIET)
    assert (said.code, said.err) == (0, "")
    assert said.out.endswith("  schemas:\n    - public\n")


def test_what_cannot_be_declared_is_named(cli: Cli, postgres_url: str, psql: Psql) -> None:
    psql(
        postgres_url,
        "SET client_min_messages = error; CREATE TABLE t (a int); CREATE SUBSCRIPTION ours "
        "CONNECTION 'host=127.0.0.1 password=hunter2' PUBLICATION p WITH (connect = false, enabled = false, slot_name = none)",
    )
    try:
        said = cli("import", "--url", postgres_url)
    finally:
        psql(postgres_url, "DROP SUBSCRIPTION ours")
    assert said.code == 0, said.err
    assert "  subscription ours\n" in said.err
    assert "#   subscription ours\n" in said.out
    assert "CREATE TABLE public.t" in said.out
    assert "hunter2" not in said.out + said.err


def test_what_would_not_stay_as_it_is_is_told_and_nothing_written(cli: Cli, postgres_url: str, psql: Psql) -> None:
    psql(postgres_url, "CREATE TABLE t (a int); CREATE INDEX broken ON t (a)")
    psql(postgres_url, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'broken'::regclass")
    said = cli("import", "--url", postgres_url, "--output", "out")
    assert said.code == 1
    assert "nothing is written" in said.err
    assert "index public.broken" in said.err
    assert not (cli.folder / "out").exists()


def test_long_sql_is_kept_in_config_maps(cli: Cli, postgres_url: str, psql: Psql) -> None:
    body = "x" * 40_000
    psql(
        postgres_url,
        "".join(f"CREATE FUNCTION f{n}() RETURNS text LANGUAGE sql AS $$ SELECT '{body}' $$;" for n in range(10)),
    )
    said = cli("import", "--url", postgres_url, "--name", "big", "--output", "out")
    assert (said.code, said.out) == (0, ""), said.err
    files = {path.name: path.stat().st_size for path in (cli.folder / "out").iterdir()}
    assert files.keys() == {"big.yaml", "big-sql-1.yaml", "big-sql-2.yaml", "big-sql-3.yaml"}
    assert max(files.values()) < 256 * 1024
    assert cli("plan", "-f", "out", "--url", postgres_url, "--exit-code").code == 0


def test_nothing_is_left_behind(cli: Cli, postgres_url: str, psql: Psql, pg_dump: Callable[..., str]) -> None:
    psql(postgres_url, SHOP)
    before = schema(pg_dump(postgres_url))
    assert cli("import", "--url", postgres_url).code == 0
    assert schema(pg_dump(postgres_url)) == before
