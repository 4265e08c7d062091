"""The same verbs on MongoDB: only the steps look different."""

from __future__ import annotations

import json

import pytest
from pymongo import MongoClient

from tests.fixtures.cli import Cli

ORDERS = """\
apiVersion: colonnade.dev/v1alpha1
kind: MongoSchema
metadata: {name: orders}
spec:
  datastoreRef: {name: shop}
  collections:
    - name: orders
      fields: [{name: status, type: string, required: true, enum: [pending, shipped]}]
      indexes: [{name: by_status, keys: [{field: status, order: 1}]}]
"""


@pytest.fixture
def orders(cli: Cli, mongo_url: str) -> str:
    assert cli("apply", "-f", cli.write("orders.yaml", ORDERS), "--url", mongo_url).code == 0
    return mongo_url


def test_a_database_is_planned_applied_and_at_rest(cli: Cli, mongo_url: str) -> None:
    file = cli.write("orders.yaml", ORDERS)
    planned = cli("plan", "-f", file, "--url", mongo_url, "--exit-code")
    assert planned.code == 2
    assert '\n1. {"create": "orders"' in planned.out
    assert cli("apply", "-f", file, "--url", mongo_url).code == 0
    again = cli("plan", "-f", file, "--url", mongo_url, "--exit-code")
    assert (again.code, again.out) == (0, "No changes: the database is what is declared.\n")


def test_a_hazard_waits_for_an_approval(cli: Cli, orders: str) -> None:
    file = cli.write("fewer.yaml", ORDERS[: ORDERS.index("      indexes")])
    refused = cli("apply", "-f", file, "--url", orders)
    assert refused.code == 3
    assert "by_status" in refused.out
    assert cli("apply", "-f", file, "--url", orders, "--yes").code == 0


def test_diff_shows_what_is_declared_otherwise(cli: Cli, orders: str) -> None:
    file = cli.write("more.yaml", ORDERS.replace("[pending, shipped]", "[pending, shipped, lost]"))
    said = cli("diff", "-f", file, "--url", orders, "--exit-code")
    assert said.code == 2
    assert "~ validator orders differs" in said.out
    assert '+            "lost"' in said.out


def test_its_plans_are_no_sql_and_say_so(cli: Cli, orders: str) -> None:
    file = cli.write("more.yaml", ORDERS.replace("[pending, shipped]", "[pending, shipped, lost]"))
    said = cli("plan", "-f", file, "--url", orders, "-o", "sql")
    assert (said.code, "no SQL; say --output json" in said.err) == (1, True)
    plan = json.loads(cli("plan", "-f", file, "--url", orders, "-o", "json").out)
    assert json.loads(plan["steps"][0]["statement"])["collMod"] == "orders"


def test_collections_that_are_not_declared_are_drops(cli: Cli, orders: str) -> None:
    with MongoClient[dict[str, object]](orders) as client:
        client.get_default_database()["strays"].insert_one({"a": 1})
        said = cli("apply", "-f", "orders.yaml", "--url", orders)
        assert said.code == 3
        assert "strays" in said.out
        assert client.get_default_database()["strays"].count_documents({}) == 1


def test_a_password_is_never_shown(cli: Cli) -> None:
    file = cli.write("orders.yaml", ORDERS)
    for url in (
        "mongodb://app:hunter2@127.0.0.1:1/shop?serverSelectionTimeoutMS=500",
        "mongodb://app:hunt%er2@127.0.0.1:1/shop",
    ):
        said = cli("plan", "-f", file, "--url", url)
        assert said.code == 1
        assert "hunt" not in said.err
        assert "Traceback" not in said.err


def test_the_doctor_looks_at_it(cli: Cli, mongo_url: str) -> None:
    said = cli("doctor", "--url", mongo_url)
    assert (said.code, "MongoDB 127.0.0.1" in said.out) == (0, True)


def test_what_is_for_postgres_is_refused(cli: Cli, mongo_url: str) -> None:
    file = cli.write("orders.yaml", ORDERS)
    assert "--schemas is for Postgres only" in cli("plan", "-f", file, "--url", mongo_url, "--schemas", "a").err
    assert "SQL is for Postgres" in cli("plan", "-f", cli.write("a.sql", "CREATE"), "--url", mongo_url).err
