"""What people write by mistake or out of malice is told, holds nobody else up, and brings no secret to light."""

from __future__ import annotations

import json

import psycopg

from tests.cluster.harness import Operator, Team, config_map, datastore, message, postgres, secret, standing
from tests.cluster.test_operator import ORDERS, columns, execute

HIDDEN = "Tr0ub4dor-and-3"
ADDRESSES = {
    "unknown-option": f"postgresql://u:{HIDDEN}@127.0.0.1:1/x?nonsense={HIDDEN}",
    "broken-host": f"postgresql://u:{HIDDEN}@[::1/x?y=%zz",
    "nul": f"postgresql://u:{HIDDEN}%00@127.0.0.1:1/x%00y",
    "nobody-there": f"postgresql://u:{HIDDEN}@127.0.0.1:1/y",
    "as-option": f"postgresql://u@127.0.0.1:1/z?password={HIDDEN}",
}
GOOD = "CREATE TABLE good (id int PRIMARY KEY);"
TEXTS = {
    "nul": f"CREATE TABLE t (a int);\0 -- {HIDDEN}",
    "default": f"CREATE TABLE t (a text DEFAULT lower(1, '{HIDDEN}'));",
    "role": f"CREATE ROLE nobody_knows PASSWORD '{HIDDEN}';",
    "subscription": f"CREATE SUBSCRIPTION s CONNECTION 'host=x password={HIDDEN}' PUBLICATION p;",
    "program": "COPY (SELECT 1) TO PROGRAM 'true';",
    "escape": 'CREATE TABLE t (a "\x1b[2K\u202e");',
    "circle-a": "CREATE TABLE ca (id int PRIMARY KEY, other int REFERENCES cb (id));",
    "circle-b": "CREATE TABLE cb (id int PRIMARY KEY, other int REFERENCES ca (id));",
}


def told(team: Team, operator: Operator) -> str:
    """Everything that others can read: statuses, plans, Events, the log."""
    docs = [doc for kind in ("Datastore", "PostgresSchema") for doc in team.all(kind)]
    events = team.kubectl("get", "events.events.k8s.io", "--output=json")
    statuses = json.dumps([doc.get("status") for doc in docs], ensure_ascii=False)
    return f"{statuses}{json.dumps(team.all('MigrationPlan'))}{events}{operator.log_file.read_text()}"


def test_an_address_that_cannot_be_used_is_told_without_what_is_in_it(team: Team, operator: Operator) -> None:
    team.apply(*(doc for name, uri in ADDRESSES.items() for doc in (secret(name, uri=uri), datastore(name))))
    for name in ADDRESSES:
        found = team.until("Datastore", name, lambda doc: standing(doc)[1] in ("InvalidSpec", "Unreachable"))
        assert message(found)
    assert HIDDEN not in told(team, operator)


def test_resources_that_cannot_be_used_hold_nobody_up_and_bring_nothing_to_light(
    team: Team, operator: Operator, shop: str, postgres_url: str
) -> None:
    team.apply(postgres("good", shop, GOOD), *(postgres(name, shop, text) for name, text in TEXTS.items()))
    team.ready("PostgresSchema", "good", seconds=120)
    for name in TEXTS:
        found = team.reason("PostgresSchema", name, "InvalidSpec")
        assert message(found).startswith("spec.sql")
    assert HIDDEN not in told(team, operator)
    assert columns(postgres_url, "good") == ["id"]


def test_a_large_text_from_a_config_map_is_taken(team: Team, shop: str, postgres_url: str) -> None:
    tables = "".join(f"CREATE TABLE t{number} (id int PRIMARY KEY, a text);\n" for number in range(40))
    text = f"/* {'x' * 900_000} */\n{tables}"
    team.kubectl("create", "-f", "-", stdin=json.dumps(config_map("large", sql=text)))
    source = [{"configMapKeyRef": {"name": "large", "key": "sql"}}]
    team.apply(postgres("from-large", shop, sqlFrom=source))
    team.ready("PostgresSchema", "from-large", seconds=120)
    assert columns(postgres_url, "t39") == ["id", "a"]


def test_a_word_on_a_plan_that_is_out_of_date_runs_nothing(team: Team, shop: str, postgres_url: str) -> None:
    team.apply(postgres("moving", shop, ORDERS))
    team.ready("PostgresSchema", "moving")
    execute(postgres_url, "INSERT INTO orders VALUES (1, 'precious')")
    team.apply(postgres("moving", shop, "CREATE TABLE orders (id bigint PRIMARY KEY);"))
    old = team.reason("PostgresSchema", "moving", "ApprovalRequired")["status"]["plan"]["name"]
    execute(postgres_url, "ALTER TABLE orders ADD COLUMN more text")
    team.say(old, "Approve")
    now = team.until(
        "PostgresSchema",
        "moving",
        lambda doc: standing(doc)[1] == "ApprovalRequired" and doc["status"]["plan"]["name"] != old,
    )
    team.plan(old, "Superseded")
    assert now["status"]["plan"]["hazards"]
    assert columns(postgres_url, "orders") == ["id", "note", "more"]


def test_a_datastore_that_is_deleted_while_its_plan_runs_leaves_everything_in_order(
    team: Team, operator: Operator, shop: str, postgres_url: str
) -> None:
    team.apply(postgres("cut-off", shop, ORDERS))
    team.ready("PostgresSchema", "cut-off")
    with psycopg.connect(postgres_url) as reader:
        reader.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
        team.apply(postgres("cut-off", shop, ORDERS.replace("note", "more int, note")))
        team.until("PostgresSchema", "cut-off", lambda doc: "is being run" in message(doc))
        team.delete("Datastore", shop)
        team.gone("Datastore", shop)
    team.reason("PostgresSchema", "cut-off", "WaitingForDependency")
    team.apply(datastore(shop))
    team.ready("PostgresSchema", "cut-off")
    assert "more" in columns(postgres_url, "orders")
    assert operator.ask("/healthz")[0] == 200
