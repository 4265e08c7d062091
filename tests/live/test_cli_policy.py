"""spec.policy of resources with --url: as in a cluster, it makes stricter what the options say."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.fixtures.cli import Cli

Psql = Callable[[str, str], str]

RESOURCE = """\
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {name: crm}
spec:
  datastoreRef: {name: shop}
  policy: %s
  sql: CREATE TABLE public.made (id int);
"""
DATASTORE = """\
apiVersion: colonnade.dev/v1alpha1
kind: Datastore
metadata: {name: %s}
spec:
  engine: Postgres
  connection: {secretRef: {name: shop}}
  policy: {mode: Plan}
"""
THERE = "SELECT to_regclass('public.made') IS NULL, to_regclass('public.kept') IS NULL, to_regprocedure('f()') IS NULL"
UNTOUCHED, DONE = "t|f|f\n", "f|t|t\n"


@pytest.fixture
def shop(postgres_url: str, psql: Psql) -> str:
    """A database with what is declared nowhere; its URL."""
    psql(postgres_url, "CREATE TABLE kept (id int); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    return postgres_url


def there(psql: Psql, url: str) -> str:
    return psql(url, THERE).replace(" ", "").replace("\t", "|")


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("{mode: Observe}", "spec.policy.mode of PostgresSchema crm in crm.yaml is Observe"),
        ("{mode: Plan}", "spec.policy.mode of PostgresSchema crm in crm.yaml is Plan"),
        ("{drops: Refuse}", "spec.policy.drops of PostgresSchema crm in crm.yaml is Refuse"),
        ("{windows: [{schedule: '0 0 29 2 *', duration: 1m}]}", "wait for the next window"),
    ],
)
def test_what_a_resource_forbids_is_not_done_and_told_whatever_the_options_say(
    policy: str, told: str, cli: Cli, shop: str, psql: Psql
) -> None:
    file = cli.write("crm.yaml", RESOURCE % policy)
    said = cli("apply", "-f", file, "--url", shop, "--yes", "--drops", "drop", "--progress", "none")
    assert said.code == 3
    assert told in said.err
    assert there(psql, shop) == UNTOUCHED
    assert psql(shop, "SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'colonnade%'") == "0\n"
    planned = cli("plan", "-f", file, "--url", shop, "--drops", "drop")
    assert planned.code == 0
    assert told in planned.out
    held = json.loads(cli("plan", "-f", file, "--url", shop, "-o", "json").out)["held"]
    assert told in held["message"]


def test_an_option_that_a_resource_outdoes_is_told(cli: Cli, shop: str, psql: Psql) -> None:
    file = cli.write("crm.yaml", RESOURCE % "{drops: Quarantine, maxBlocking: 100ms}")
    said = cli("apply", "-f", file, "--url", shop, "--yes", "--drops", "drop", "--max-blocking", "5s")
    assert said.code == 0
    assert "--drops does not count: spec.policy.drops of PostgresSchema crm in crm.yaml is Quarantine" in said.err
    assert "--max-blocking does not count: spec.policy.maxBlocking of PostgresSchema crm" in said.err
    assert there(psql, shop) == DONE
    assert (
        psql(shop, "SELECT count(*) FROM pg_tables WHERE schemaname ~ '^colonnade_q' AND tablename = 'kept'") == "1\n"
    )


def test_a_looser_policy_of_a_resource_changes_nothing_and_is_told(cli: Cli, shop: str, psql: Psql) -> None:
    file = cli.write("crm.yaml", RESOURCE % "{approval: Never, drops: Drop}")
    said = cli("apply", "-f", file, "--url", shop)
    assert said.code == 3
    assert "spec.policy.approval of PostgresSchema crm in crm.yaml is Never and does not count: Hazardous" in said.err
    assert "spec.policy.drops of PostgresSchema crm in crm.yaml is Drop and does not count: Quarantine" in said.err
    assert there(psql, shop) == UNTOUCHED


def test_the_datastore_among_the_files_counts_and_another_does_not(cli: Cli, shop: str, psql: Psql) -> None:
    file, other = cli.write("crm.yaml", RESOURCE % "{}"), cli.write("other.yaml", DATASTORE % "other")
    own = cli.write("shop.yaml", DATASTORE % "shop")
    said = cli("apply", "-f", file, "-f", own, "--url", shop, "--yes")
    assert said.code == 3
    assert "spec.policy.mode of Datastore shop in shop.yaml is Plan" in said.err
    assert there(psql, shop) == UNTOUCHED
    assert cli("apply", "-f", file, "-f", other, "--url", shop, "--yes").code == 0
    assert there(psql, shop) == DONE


def test_nobody_is_asked_where_a_yes_would_change_nothing(cli: Cli, shop: str, psql: Psql) -> None:
    file = cli.write("crm.yaml", RESOURCE % "{mode: Observe}")
    said = cli.at_a_terminal("y", "apply", "-f", file, "--url", shop)
    assert said.code == 3
    assert "Run it?" not in said.out
    assert "is Observe" in said.out
    assert there(psql, shop) == UNTOUCHED
