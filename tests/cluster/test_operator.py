"""The main job: what is applied comes to be, is said to be, and goes on being so."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.cluster.harness import (
    Operator,
    Team,
    condition,
    config_map,
    current,
    datastore,
    message,
    postgres,
    resource,
    secret,
    standing,
)

USERS = "CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE);"
ORDERS = "CREATE TABLE orders (id bigint PRIMARY KEY, note text);"

pytestmark = pytest.mark.usefixtures("operator")


def columns(url: str, table: str) -> list[str]:
    with psycopg.connect(url) as connection:
        query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
        return [row[0] for row in connection.execute(query, [table])]


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


def test_what_is_applied_comes_to_be(team: Team, shop: str, postgres_url: str) -> None:
    team.apply(postgres("comes-to-be", shop, USERS))
    found = team.ready("PostgresSchema", "comes-to-be")
    assert columns(postgres_url, "users") == ["id", "email"]
    assert found["status"]["managedObjects"] > 0
    applied = team.plan(found["status"]["applied"]["plan"], "Applied")
    assert applied["spec"]["plan"]["steps"]
    assert {step["state"] for step in applied["status"]["steps"]} == {"Done"}
    store = team.ready("Datastore", shop)
    assert store["status"]["server"]["version"]
    assert applied["metadata"]["ownerReferences"][0]["uid"] == store["metadata"]["uid"]


def test_apply_and_wait_has_no_race(team: Team, shop: str, postgres_url: str) -> None:
    """Each apply is followed by a wait at once: were a stale Ready=True believed, the column would not be there yet."""
    sql = "CREATE TABLE race (c0 int"
    for turn in range(1, 4):
        sql += f", c{turn} int"
        team.apply(postgres("race", shop, f"{sql});"))
        team.kubectl("wait", "--for=condition=Ready", "pgs/race", "--timeout=60s")
        assert columns(postgres_url, "race") == [f"c{i}" for i in range(turn + 1)]


def test_all_conditions_carry_the_generation_they_are_about(team: Team, shop: str) -> None:
    team.apply(postgres("generations", shop, ORDERS))
    first = team.ready("PostgresSchema", "generations")
    team.apply(postgres("generations", shop, ORDERS.replace("note", "remark text, note")))
    second = team.ready("PostgresSchema", "generations")
    assert second["metadata"]["generation"] == first["metadata"]["generation"] + 1
    assert {c["observedGeneration"] for c in second["status"]["conditions"]} == {second["metadata"]["generation"]}
    assert {c["type"]: c["status"] for c in second["status"]["conditions"]} == {
        "Ready": "True", "Reconciling": "False", "Stalled": "False", "Drifted": "False",
    }  # fmt: skip


def test_resources_of_one_datastore_are_seen_together(team: Team, shop: str, postgres_url: str) -> None:
    """The order they arrive in does not matter: a foreign key may be declared before its table is."""
    refers = "CREATE TABLE basket (id int PRIMARY KEY, owner bigint REFERENCES users (id));"
    team.apply(postgres("a-basket", shop, refers))
    team.reason("PostgresSchema", "a-basket", "InvalidSpec")
    team.apply(postgres("b-users", shop, USERS))
    team.ready("PostgresSchema", "b-users")
    team.ready("PostgresSchema", "a-basket")
    assert columns(postgres_url, "basket") == ["id", "owner"]


def test_a_resource_that_is_wrong_says_where_and_stops_no_other(team: Team, shop: str, postgres_url: str) -> None:
    team.apply(
        postgres("wrong", shop, "CREATE TABLE bad (\n  id int,\n  at timestampz\n);"), postgres("right", shop, ORDERS)
    )
    team.ready("PostgresSchema", "right")
    wrong = team.reason("PostgresSchema", "wrong", "InvalidSpec")
    assert "timestampz" in message(wrong)
    assert "line 3" in message(wrong)
    assert condition(wrong, "Stalled")["status"] == "True"
    assert condition(wrong, "Reconciling")["status"] == "False"
    assert columns(postgres_url, "orders") == ["id", "note"]
    team.apply(postgres("wrong", shop, "CREATE TABLE bad (id int, at timestamptz);"))
    team.ready("PostgresSchema", "wrong")


def test_one_object_in_two_resources_is_a_conflict_of_both(team: Team, shop: str) -> None:
    team.apply(postgres("mine", shop, ORDERS), postgres("yours", shop, ORDERS))
    mine, yours = (team.reason("PostgresSchema", name, "Conflict") for name in ("mine", "yours"))
    assert f"{team.namespace}/yours" in message(mine)
    assert f"{team.namespace}/mine" in message(yours)
    assert condition(mine, "Stalled")["status"] == "True"
    team.delete("PostgresSchema", "yours")
    team.ready("PostgresSchema", "mine")


def test_a_resource_waits_for_its_datastore_and_a_datastore_for_its_secret(team: Team, postgres_url: str) -> None:
    team.apply(postgres("early", "later", ORDERS))
    early = team.reason("PostgresSchema", "early", "WaitingForDependency")
    assert "Datastore later is not there" in message(early)
    team.apply(datastore("later"))
    later = team.reason("Datastore", "later", "WaitingForDependency")
    assert "Secret later is not there" in message(later)
    assert condition(later, "Reconciling")["status"] == "True"
    team.apply(secret("later", uri=postgres_url))
    team.ready("PostgresSchema", "early")
    team.ready("Datastore", "later")


def test_sql_in_a_config_map_is_read_and_read_again_when_it_changes(team: Team, shop: str, postgres_url: str) -> None:
    source = [{"configMapKeyRef": {"name": "shop-sql", "key": "schema.sql"}}]
    team.apply(postgres("from-map", shop, sqlFrom=source))
    waiting = team.reason("PostgresSchema", "from-map", "WaitingForDependency")
    assert "ConfigMap shop-sql is not there" in message(waiting)
    team.apply(config_map("shop-sql", other="x"))
    team.until("PostgresSchema", "from-map", lambda doc: "has no key 'schema.sql'; it has other" in message(doc))
    team.apply(config_map("shop-sql") | {"binaryData": {"schema.sql": "/w=="}})
    team.until("PostgresSchema", "from-map", lambda doc: "key 'schema.sql' is binary data" in message(doc))
    team.apply(config_map("shop-sql", **{"schema.sql": ORDERS}))
    team.ready("PostgresSchema", "from-map")
    team.apply(config_map("shop-sql", **{"schema.sql": ORDERS.replace("note", "remark text, note")}))
    team.until(
        "PostgresSchema",
        "from-map",
        lambda doc: "remark" in columns(postgres_url, "orders") and standing(doc)[0] == "True",
    )


def test_a_change_by_hand_is_reported_and_stays(team: Team, make_shop: Callable[..., str], postgres_url: str) -> None:
    shop = make_shop(resync="1s")
    team.apply(postgres("reported", shop, ORDERS))
    team.ready("PostgresSchema", "reported")
    execute(postgres_url, "ALTER TABLE orders DROP COLUMN note")
    drifted = team.until("PostgresSchema", "reported", lambda doc: condition(doc, "Drifted")["status"] == "True")
    assert standing(drifted) == ("True", "Drifted")
    assert drifted["status"]["drift"]["objects"]
    assert "policy.drift is Report" in message(drifted)
    assert columns(postgres_url, "orders") == ["id"]
    execute(postgres_url, "ALTER TABLE orders ADD COLUMN note text")
    healed = team.ready("PostgresSchema", "reported")
    assert condition(healed, "Drifted")["status"] == "False"
    assert "drift" not in healed["status"]


def test_a_change_by_hand_is_put_back_where_the_policy_says_so(
    team: Team, make_shop: Callable[..., str], postgres_url: str
) -> None:
    shop = make_shop(resync="1s", drift="Correct")
    team.apply(postgres("corrected", shop, ORDERS))
    team.ready("PostgresSchema", "corrected")
    execute(postgres_url, "ALTER TABLE orders DROP COLUMN note")
    team.until(
        "PostgresSchema", "corrected", lambda doc: columns(postgres_url, "orders") == ["id", "note"] and current(doc)
    )
    team.ready("PostgresSchema", "corrected")


def test_a_paused_resource_stays_as_it_is_and_the_others_go_on(team: Team, shop: str, postgres_url: str) -> None:
    team.apply(postgres("resting", shop, ORDERS), postgres("going-on", shop, "CREATE TABLE t (a int);"))
    team.ready("PostgresSchema", "resting")
    team.ready("PostgresSchema", "going-on")
    team.annotate("PostgresSchema", "resting", paused="true")
    team.reason("PostgresSchema", "resting", "Paused")
    team.merge("PostgresSchema", "resting", {"spec": {"sql": ORDERS.replace("note", "remark text, note")}})
    team.apply(postgres("going-on", shop, "CREATE TABLE t (a int, b int);"))
    team.ready("PostgresSchema", "going-on")
    assert columns(postgres_url, "t") == ["a", "b"]
    assert columns(postgres_url, "orders") == ["id", "note"]
    team.annotate("PostgresSchema", "resting", paused=None)
    team.ready("PostgresSchema", "resting")
    assert "remark" in columns(postgres_url, "orders")


def test_a_paused_datastore_is_looked_at_and_not_changed(team: Team, shop: str, postgres_url: str) -> None:
    team.annotate("Datastore", shop, paused="true")
    team.apply(postgres("held", shop, ORDERS))
    held = team.reason("PostgresSchema", "held", "Paused")
    assert held["status"]["plan"]["steps"] > 0
    assert columns(postgres_url, "orders") == []
    team.ready("Datastore", shop, reason="Paused")
    team.annotate("Datastore", shop, paused=None)
    team.ready("PostgresSchema", "held")


def test_reconcile_at_looks_at_once(team: Team, shop: str, postgres_url: str) -> None:
    """The next resync would be five minutes away."""
    team.apply(postgres("asked", shop, ORDERS))
    team.ready("PostgresSchema", "asked")
    execute(postgres_url, "ALTER TABLE orders ADD COLUMN more int")
    team.annotate("PostgresSchema", "asked", reconcile_at="now")
    team.until("PostgresSchema", "asked", lambda doc: condition(doc, "Drifted")["status"] == "True")


def test_a_looser_policy_than_the_datastores_is_refused_on_that_resource_alone(team: Team, shop: str) -> None:
    loose = {"policy": {"approval": "Never"}}
    team.apply(postgres("loose", shop, ORDERS, **loose), postgres("modest", shop, "CREATE TABLE t (a int);"))
    refused = team.reason("PostgresSchema", "loose", "Refused")
    assert "policy.approval: Never is looser than the Datastore's Hazardous" in message(refused)
    team.ready("PostgresSchema", "modest")


def test_a_resource_of_the_other_engine_is_told_so(team: Team, shop: str) -> None:
    spec = {"datastoreRef": {"name": shop}, "collections": [{"name": "c"}]}
    team.apply(resource("MongoSchema", "elsewhere", spec))
    found = team.reason("MongoSchema", "elsewhere", "InvalidSpec")
    assert "needs a Datastore whose engine is MongoDB" in message(found)


def test_events_tell_of_transitions_and_nothing_twice(team: Team, shop: str) -> None:
    team.apply(postgres("told", shop, "CREATE TABLE t (a nonsense);"))
    team.reason("PostgresSchema", "told", "InvalidSpec")
    team.apply(postgres("told", shop, "CREATE TABLE t (a int);"))
    team.ready("PostgresSchema", "told")
    for turn in range(3):
        team.annotate("PostgresSchema", "told", reconcile_at=str(turn))
    team.until("PostgresSchema", "told", current)
    assert team.events("told") == [("Warning", "InvalidSpec"), ("Normal", "Converged")]


def test_a_status_that_is_right_is_not_written_again(
    team: Team, operator: Operator, make_shop: Callable[..., str]
) -> None:
    shop = make_shop(resync="1s")
    team.apply(postgres("quiet", shop, ORDERS))
    before = [team.ready("PostgresSchema", "quiet"), team.ready("Datastore", shop)]

    def passes() -> float:
        return operator.metric("colonnade_reconciles_total", datastore=shop, result="Converged") or 0

    seen = passes()
    team.until("PostgresSchema", "quiet", lambda _: passes() >= seen + 3)
    after = [team.get("PostgresSchema", "quiet"), team.get("Datastore", shop)]
    versions = [[doc["metadata"]["resourceVersion"] for doc in docs if doc] for docs in (before, after)]
    assert versions[0] == versions[1]


def test_one_database_belongs_to_one_datastore_the_older_one(team: Team, shop: str, postgres_url: str) -> None:
    team.ready("Datastore", shop)
    team.apply(secret("twin", uri=postgres_url), datastore("twin"), postgres("in-twin", "twin", ORDERS))
    twin = team.reason("Datastore", "twin", "Conflict")
    assert f"Datastore {shop} is for the same database" in message(twin)
    assert condition(twin, "Stalled")["status"] == "True"
    team.reason("PostgresSchema", "in-twin", "Conflict")
    team.ready("Datastore", shop)
    team.delete("Datastore", shop)
    team.gone("Datastore", shop)
    team.annotate("Datastore", "twin", reconcile_at="now")
    team.ready("PostgresSchema", "in-twin")


def test_an_address_alone_claims_no_database(team: Team, shop: str, postgres_url: str) -> None:
    """Whoever is let in goes first, though another wrote down the address before."""
    split = urlsplit(postgres_url)
    guessed = split._replace(netloc=f"{split.username}:guessed@{split.hostname}:{split.port}").geturl()
    team.delete("Datastore", shop)
    team.gone("Datastore", shop)
    team.apply(secret("squatter", uri=guessed), datastore("squatter", resync="1s"))
    team.reason("Datastore", "squatter", "Unauthorized")
    team.apply(secret("rightful", uri=postgres_url), datastore("rightful"), postgres("of-right", "rightful", ORDERS))
    team.ready("PostgresSchema", "of-right")
    team.ready("Datastore", "rightful")
    squatter = team.until("Datastore", "squatter", lambda doc: standing(doc)[0] == "False")
    assert "guessed" not in str(squatter)
