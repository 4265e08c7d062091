"""What goes wrong around it heals by itself, or says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest

from dev.control_plane import ControlPlane
from dev.kubernetes import Cluster
from dev.postgres import Postgres
from tests.cluster.harness import (
    Operator,
    Operators,
    Team,
    condition,
    current,
    datastore,
    eventually,
    message,
    postgres,
    secret,
    standing,
)
from tests.cluster.test_operator import ORDERS, columns, execute
from tests.fixtures.kubernetes import CRDS
from tests.fixtures.postgres import MakeRole, PostgresServer


def test_a_database_that_is_down_is_waited_for_and_heals_by_itself(
    team: Team, operator: Operator, own_postgres: Postgres
) -> None:
    url = own_postgres.url()
    team.apply(secret("down", uri=url), datastore("down", resync="1s"), postgres("in-down", "down", ORDERS))
    team.ready("PostgresSchema", "in-down")
    own_postgres.stop()
    down = team.reason("Datastore", "down", "Unreachable")
    assert condition(down, "Reconciling")["status"] == "True"
    schema = team.reason("PostgresSchema", "in-down", "Unreachable")
    assert message(schema).startswith("Datastore down: ")
    assert operator.metric("colonnade_datastore_up", datastore="down") == 0
    own_postgres.start()
    team.ready("Datastore", "down", seconds=120)
    team.ready("PostgresSchema", "in-down")
    assert operator.metric("colonnade_datastore_up", datastore="down") == 1


def test_a_rotated_password_is_used_as_soon_as_the_secret_has_it(
    team: Team, operator: Operator, postgres_url: str, postgres_server: PostgresServer, make_role: MakeRole
) -> None:
    role = make_role(postgres_url, "SUPERUSER", password="first-one")
    team.apply(
        secret("rotated", uri=role), datastore("rotated", resync="1s"), postgres("behind-rotated", "rotated", ORDERS)
    )
    team.ready("PostgresSchema", "behind-rotated")
    name = urlsplit(role).username or ""
    postgres_server.run(
        psycopg.sql.SQL("ALTER ROLE {} PASSWORD 'second-one'").format(psycopg.sql.Identifier(name)),
        psycopg.sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = {}").format(name),
    )
    refused = team.reason("Datastore", "rotated", "Unauthorized")
    assert "first-one" not in message(refused)
    assert condition(refused, "Reconciling")["status"] == "True"
    team.apply(secret("rotated", uri=role.replace("first-one", "second-one")))
    team.ready("Datastore", "rotated")
    team.ready("PostgresSchema", "behind-rotated")
    told = operator.log_file.read_text()
    assert "first-one" not in told
    assert "second-one" not in told


def test_a_missing_privilege_is_named_with_the_grant_and_heals_once_it_is_given(
    team: Team, operator: Operator, postgres_url: str, make_role: MakeRole
) -> None:
    role = make_role(postgres_url)
    team.apply(secret("poor", uri=role), datastore("poor", resync="1s"), postgres("in-poor", "poor", ORDERS))
    poor = team.until("Datastore", "poor", lambda doc: standing(doc) == ("False", "Unauthorized"))
    assert poor["status"]["problems"]
    assert "GRANT" in message(poor) or "ALTER ROLE" in message(poor)
    name, database = urlsplit(role).username, urlsplit(role).path.strip("/")
    execute(postgres_url, f"ALTER ROLE {name} CREATEDB; ALTER DATABASE {database} OWNER TO {name}")
    team.ready("PostgresSchema", "in-poor", seconds=120)
    team.ready("Datastore", "poor", seconds=120)


def test_a_wrong_address_is_told_without_its_password(team: Team, operator: Operator) -> None:
    team.apply(secret("astray", uri="mysql://u:opensesame@h/d"), datastore("astray"))
    found = team.reason("Datastore", "astray", "InvalidSpec")
    assert "begins with 'mysql'" in message(found)
    assert "opensesame" not in str(found)
    assert "opensesame" not in operator.log_file.read_text()
    assert "opensesame" not in team.kubectl("get", "events", "--output=json")


def test_a_host_that_is_not_allowed_is_not_connected_to(own_team: Team, operators: Operators) -> None:
    operators.start(ALLOWED_HOSTS="*.example.org")
    own_team.apply(secret("evil", uri="postgresql://u:p@169.254.169.254/d"), datastore("evil"))
    found = own_team.reason("Datastore", "evil", "Refused")
    assert "'169.254.169.254' is not among those" in message(found)


def test_a_right_that_is_missing_is_named_by_the_probe_until_it_is_given(
    own_team: Team, operators: Operators, postgres_url: str
) -> None:
    role = json.loads(own_team.kubectl("get", "role", "colonnade", "--output=json"))
    poor = {**role, "rules": [rule for rule in role["rules"] if "configmaps" not in rule["resources"]]}
    own_team.kubectl("replace", "-f", "-", stdin=json.dumps({**poor, "metadata": {"name": "colonnade"}}))
    operator = operators.start(wait=False)
    eventually(lambda: "may not" in operator.ask("/readyz")[1], "the probe says what is missing")
    code, told = operator.ask("/readyz")
    assert code == 503
    assert f"list configmaps in namespace {own_team.namespace}" in told
    assert f"watch secrets in namespace {own_team.namespace}" in told
    assert "datastores" not in told
    assert operator.ask("/healthz")[0] == 200, "a new start would not help"
    own_team.kubectl("replace", "-f", "-", stdin=json.dumps({**role, "metadata": {"name": "colonnade"}}))
    operator.wait_ready()
    own_team.apply(secret("shop", uri=postgres_url), datastore("shop"), postgres("orders", "shop", ORDERS))
    own_team.ready("PostgresSchema", "orders")


@pytest.fixture
def own_cluster(own_control_plane: ControlPlane) -> Cluster:
    return Cluster(own_control_plane.kubeconfig, "the test's own", own_control_plane)


def test_it_waits_for_its_crds_and_survives_a_restart_of_the_api_server(
    own_cluster: Cluster, own_control_plane: ControlPlane, tmp_path: Path, make_postgres: Callable[[], str]
) -> None:
    url = make_postgres()
    team = Team(own_cluster, tmp_path)
    operators = Operators(team)
    try:
        operator = operators.start(wait=False)
        eventually(lambda: operator.ask("/readyz")[0] == 503, "it runs, and is not ready without CRDs")
        assert operator.ask("/healthz")[0] == 200
        own_cluster.kubectl("apply", "--server-side", f"--filename={CRDS}")
        operator.wait_ready()
        team.apply(secret("shop", uri=url), datastore("shop", resync="1s"), postgres("orders", "shop", ORDERS))
        team.ready("PostgresSchema", "orders")
        own_control_plane.stop_api_server()
        before = operator.metric("colonnade_reconciles_total", datastore="shop", result="Converged") or 0
        eventually(
            lambda: (
                (operator.metric("colonnade_reconciles_total", datastore="shop", result="Converged") or 0) > before + 1
            ),
            "databases are looked after while the API server is away",
        )
        own_control_plane.start_api_server()
        team.apply(postgres("orders", "shop", ORDERS.replace("note", "remark text, note")))
        team.until("PostgresSchema", "orders", lambda doc: standing(doc)[0] == "True" and current(doc))
        assert "remark" in columns(url, "orders")
        assert operator.process.poll() is None
    finally:
        operators.stop_all()
