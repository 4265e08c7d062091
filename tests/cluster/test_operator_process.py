"""The process: its signals, its probes, its replicas, its log."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.cluster.harness import (
    Operator,
    Operators,
    Team,
    condition,
    current,
    datastore,
    eventually,
    postgres,
    secret,
    standing,
)
from tests.cluster.test_operator import ORDERS, columns, execute
from tests.fixtures.postgres import MakeRole

MORE = "CREATE TABLE orders (id bigint PRIMARY KEY, note text, more int); CREATE TABLE later (a int);"


@pytest.fixture
def orders(own_team: Team, postgres_url: str) -> str:
    """A Datastore and a resource in it, not looked at by anybody yet."""
    own_team.apply(
        secret("shop", uri=postgres_url), datastore("shop", lockTimeout="100ms"), postgres("orders", "shop", ORDERS)
    )
    return postgres_url


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody reads the table in a long transaction, so that it cannot be altered."""
    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE orders IN ACCESS SHARE MODE")
        yield


def running(team: Team) -> bool:
    return any(doc.get("status", {}).get("state") == "Running" for doc in team.all("MigrationPlan"))


def test_it_ends_in_order_when_told_to(own_team: Team, operators: Operators, orders: str) -> None:
    operator = operators.start()
    own_team.ready("PostgresSchema", "orders")
    assert operator.stop(signal.SIGTERM) == 0


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGKILL], ids=["told", "killed"])
def test_what_was_begun_is_finished_by_the_next_one(
    own_team: Team, operators: Operators, orders: str, sig: signal.Signals
) -> None:
    operator = operators.start()
    own_team.ready("PostgresSchema", "orders")
    with locked(orders):
        own_team.apply(postgres("orders", "shop", MORE))
        eventually(lambda: running(own_team), "the plan runs, and waits for its lock")
        code = operator.stop(sig)
        assert code == (0 if sig == signal.SIGTERM else -signal.SIGKILL)
        assert columns(orders, "orders") == ["id", "note"]
    operators.start()
    own_team.until("PostgresSchema", "orders", lambda doc: standing(doc) == ("True", "Converged") and current(doc))
    assert columns(orders, "orders") == ["id", "note", "more"]
    eventually(lambda: not running(own_team), "no plan is left running")


def test_drift_that_is_being_put_back_is_drift_until_the_proof(
    own_team: Team, operators: Operators, postgres_url: str
) -> None:
    def drifted() -> list[str]:
        docs = (own_team.get("PostgresSchema", "orders"), own_team.get("Datastore", "shop"))
        return [str(condition(doc or {}, "Drifted").get("status")) for doc in docs]

    operators.start()
    own_team.apply(secret("shop", uri=postgres_url), datastore("shop", resync="1s", lockTimeout="100ms"))
    own_team.apply(postgres("orders", "shop", ORDERS))
    own_team.ready("PostgresSchema", "orders")
    execute(postgres_url, "ALTER TABLE orders DROP COLUMN note")
    eventually(lambda: drifted() == ["True", "True"], "the drift is seen")
    with locked(postgres_url):
        own_team.merge("Datastore", "shop", {"spec": {"policy": {"drift": "Correct"}}})
        eventually(lambda: running(own_team), "it is being put back, and waits for its lock")
        own_team.until("PostgresSchema", "orders", lambda doc: standing(doc) == ("False", "Applying"))
        assert drifted() == ["True", "True"]
    own_team.ready("PostgresSchema", "orders")
    eventually(lambda: drifted() == ["False", "False"], "it is proved")
    assert columns(postgres_url, "orders") == ["id", "note"]


@pytest.fixture
def own_role(postgres_url: str, make_role: MakeRole) -> str:
    """A role that owns the test's database and all scratch databases that are made for it."""
    role = make_role(postgres_url, "CREATEDB")
    split = urlsplit(role)
    execute(postgres_url, f"ALTER DATABASE {split.path.strip('/')} OWNER TO {split.username}")
    return role


def scratch_databases(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_database WHERE pg_get_userbyid(datdba) = current_user AND datname LIKE 'colonnade%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_nothing_is_held_on_the_server_while_nothing_changes(
    own_team: Team, operators: Operators, own_role: str
) -> None:
    operators.start()
    own_team.apply(secret("shop", uri=own_role), datastore("shop"), postgres("orders", "shop", ORDERS))
    own_team.ready("PostgresSchema", "orders")
    eventually(lambda: scratch_databases(own_role) == 0, "the scratch database went after the burst")


def test_nothing_is_left_on_the_server_when_it_is_told_to_stop(
    own_team: Team, operators: Operators, own_role: str
) -> None:
    operator = operators.start()
    own_team.apply(secret("shop", uri=own_role), datastore("shop", mode="Plan"), postgres("orders", "shop", ORDERS))
    eventually(lambda: scratch_databases(own_role) > 0, "a plan is being made")
    assert operator.stop(signal.SIGTERM) == 0
    assert scratch_databases(own_role) == 0


def leader(*operators: Operator) -> list[Operator]:
    return [one for one in operators if one.metric("colonnade_leader") == 1]


def test_of_two_replicas_one_works_and_the_other_takes_over_when_it_goes(
    own_team: Team, operators: Operators, orders: str
) -> None:
    one, two = operators.start(LEASE="colonnade"), operators.start(LEASE="colonnade")
    own_team.ready("PostgresSchema", "orders")
    assert leader(one, two) == [one]
    assert two.ask("/readyz")[0] == 200, "it is warm"
    assert one.stop() == 0
    eventually(lambda: leader(two) == [two], "the other holds the Lease")
    lease = json.loads(own_team.kubectl("get", "lease", "colonnade", "--output=json"))
    assert lease["spec"]["holderIdentity"] == two.settings["IDENTITY"]
    assert lease["spec"]["leaseTransitions"] == 1
    own_team.apply(postgres("orders", "shop", MORE))
    own_team.ready("PostgresSchema", "orders")


def test_a_replica_that_dies_is_replaced_once_its_lease_is_over(
    own_team: Team, operators: Operators, orders: str
) -> None:
    one, two = operators.start(LEASE="colonnade"), operators.start(LEASE="colonnade")
    own_team.ready("PostgresSchema", "orders")
    one.stop(signal.SIGKILL)
    own_team.apply(postgres("orders", "shop", MORE))
    own_team.ready("PostgresSchema", "orders")
    assert leader(two) == [two]


def test_a_replica_that_lost_its_lease_ends_at_once(own_team: Team, operators: Operators, orders: str) -> None:
    operator = operators.start(LEASE="colonnade")
    own_team.ready("PostgresSchema", "orders")
    patch = json.dumps({"spec": {"holderIdentity": "somebody-else", "renewTime": "2026-01-01T00:00:00.000000Z"}})
    own_team.kubectl("patch", "lease", "colonnade", "--type=merge", f"--patch={patch}")
    assert operator.process.wait(30) == 1
    assert operator.logged("the Lease is lost")


def test_shards_share_the_datastores_and_leave_none_out(
    own_team: Team, operators: Operators, make_postgres: Callable[[], str]
) -> None:
    names = [f"store-{number}" for number in range(6)]
    own_team.apply(*(doc for name in names for doc in (secret(name, uri=make_postgres()), datastore(name))))
    shards = [operators.start(SHARD=f"{number}/2") for number in range(2)]
    for name in names:
        own_team.ready("Datastore", name)
    served = [{name for name in names if one.metric("colonnade_datastore_up", datastore=name)} for one in shards]
    assert served[0] | served[1] == set(names)
    assert served[0] & served[1] == set()
    assert served[0]
    assert served[1]


def test_probes_and_metrics_answer(own_team: Team, operators: Operators, orders: str) -> None:
    operator = operators.start()
    own_team.ready("PostgresSchema", "orders")
    assert operator.ask("/healthz") == (200, "ok\n")
    assert operator.ask("/readyz") == (200, "ok\n")
    labels = {"namespace": own_team.namespace, "datastore": "shop"}
    eventually(lambda: operator.metric("colonnade_datastore_up", **labels) == 1, "the database is up")
    assert (operator.metric("colonnade_steps_total", **labels) or 0) >= 1
    assert operator.metric("colonnade_resources", kind="PostgresSchema", reason="Converged", **labels) == 1
    assert operator.metric("colonnade_connections") == 1
    own_team.delete("PostgresSchema", "orders")
    own_team.delete("Datastore", "shop")
    eventually(
        lambda: operator.metric("colonnade_datastore_up", **labels) is None, "its series ended with the Datastore"
    )


def test_its_log_is_json_and_holds_no_text_of_users_at_info(
    own_team: Team, operators: Operators, postgres_url: str
) -> None:
    operator = operators.start(LOG_LEVEL="info")
    own_team.apply(
        secret("shop", uri=postgres_url),
        datastore("shop"),
        postgres("orders", "shop", "CREATE TABLE whispered (a int, b nonsense);"),
    )
    own_team.reason("PostgresSchema", "orders", "InvalidSpec")
    own_team.apply(postgres("orders", "shop", "CREATE TABLE whispered (a int);"))
    own_team.ready("PostgresSchema", "orders")
    assert operator.stop() == 0
    text = operator.log_file.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert {"time", "level", "logger", "message"} <= lines[0].keys()
    assert any(
        line.get("datastore") == f"{own_team.namespace}/shop" and line.get("result") == "Converged" for line in lines
    )
    assert "whispered" not in text
    assert "nonsense" not in text
