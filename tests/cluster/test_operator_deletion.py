"""Deleting a resource does to the database what its deletionPolicy says, and never holds anybody up for ever."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from tests.cluster.harness import Operators, Team, datastore, eventually, message, postgres, secret
from tests.cluster.test_operator import ORDERS, USERS, columns, execute

FINALIZERS = ["colonnade.dev/cleanup"]


def tables(url: str) -> set[str]:
    """Every table, wherever it is."""
    with psycopg.connect(url) as connection:
        query = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        return {row[0] for row in connection.execute(query)}


@pytest.mark.usefixtures("operator")
class TestPolicies:
    def test_retain_keeps_everything_and_needs_no_finalizer(self, team: Team, shop: str, postgres_url: str) -> None:
        team.apply(postgres("retained", shop, ORDERS))
        assert "finalizers" not in team.ready("PostgresSchema", "retained")["metadata"]
        team.delete("PostgresSchema", "retained")
        team.gone("PostgresSchema", "retained", seconds=5)
        assert columns(postgres_url, "orders") == ["id", "note"]

    def test_what_was_retained_is_nobodys_and_a_new_resource_may_declare_less(
        self, team: Team, shop: str, postgres_url: str
    ) -> None:
        team.apply(postgres("first", shop, USERS + ORDERS))
        team.ready("PostgresSchema", "first")
        team.delete("PostgresSchema", "first")
        team.gone("PostgresSchema", "first")
        team.apply(postgres("first", shop, USERS))
        team.ready("PostgresSchema", "first")
        assert "public.orders" in tables(postgres_url)

    def test_delete_drops_what_the_resource_owned_and_nothing_else(
        self, team: Team, shop: str, postgres_url: str
    ) -> None:
        execute(postgres_url, "CREATE TABLE by_hand (a int)")
        team.apply(postgres("doomed", shop, ORDERS, deletionPolicy="Delete"), postgres("staying", shop, USERS))
        assert team.ready("PostgresSchema", "doomed")["metadata"]["finalizers"] == FINALIZERS
        team.ready("PostgresSchema", "staying")
        team.delete("PostgresSchema", "doomed")
        team.gone("PostgresSchema", "doomed")
        assert {"public.users", "public.by_hand"} <= tables(postgres_url)
        assert not any("orders" in name for name in tables(postgres_url))

    def test_quarantine_keeps_the_rows_out_of_the_way(self, team: Team, shop: str, postgres_url: str) -> None:
        team.apply(postgres("aside", shop, ORDERS, deletionPolicy="Quarantine"))
        team.ready("PostgresSchema", "aside")
        execute(postgres_url, "INSERT INTO orders VALUES (1, 'kept')")
        team.delete("PostgresSchema", "aside")
        team.gone("PostgresSchema", "aside")
        found = tables(postgres_url)
        assert "public.orders" not in found
        assert any("orders" in name for name in found)

    def test_a_finalizer_goes_when_the_policy_becomes_retain(self, team: Team, shop: str, postgres_url: str) -> None:
        team.apply(postgres("changed-mind", shop, ORDERS, deletionPolicy="Delete"))
        team.until("PostgresSchema", "changed-mind", lambda doc: doc["metadata"].get("finalizers") == FINALIZERS)
        team.merge("PostgresSchema", "changed-mind", {"spec": {"deletionPolicy": "Retain"}})
        team.until("PostgresSchema", "changed-mind", lambda doc: "finalizers" not in doc["metadata"])
        team.ready("PostgresSchema", "changed-mind")
        team.delete("PostgresSchema", "changed-mind")
        team.gone("PostgresSchema", "changed-mind")
        assert columns(postgres_url, "orders") == ["id", "note"]

    def test_deleting_the_datastore_harms_nothing_and_its_resources_wait_for_it(
        self, team: Team, shop: str, postgres_url: str
    ) -> None:
        team.apply(postgres("orphan", shop, ORDERS))
        team.ready("PostgresSchema", "orphan")
        team.delete("Datastore", shop)
        team.gone("Datastore", shop)
        waiting = team.reason("PostgresSchema", "orphan", "WaitingForDependency")
        assert f"Datastore {shop} is not there" in message(waiting)
        assert columns(postgres_url, "orders") == ["id", "note"]
        team.apply(datastore(shop))
        team.ready("PostgresSchema", "orphan")

    def test_where_the_database_may_not_be_written_to_the_resource_says_so_and_can_be_let_go(
        self, team: Team, make_shop: Callable[..., str], postgres_url: str
    ) -> None:
        shop = make_shop()
        team.apply(postgres("stuck", shop, ORDERS, deletionPolicy="Delete"))
        team.ready("PostgresSchema", "stuck")
        team.merge("Datastore", shop, {"spec": {"policy": {"mode": "Observe"}}})
        team.until("Datastore", shop, lambda doc: doc["status"]["observedGeneration"] == doc["metadata"]["generation"])
        team.delete("PostgresSchema", "stuck")
        found = team.until("PostgresSchema", "stuck", lambda doc: "cannot be carried out" in message(doc))
        assert "policy.mode of the Datastore is Observe" in message(found)
        assert "annotate it with colonnade.dev/release=true" in message(found)
        team.annotate("PostgresSchema", "stuck", release="true")
        team.gone("PostgresSchema", "stuck")
        assert columns(postgres_url, "orders") == ["id", "note"]

    def test_a_pause_holds_what_would_be_dropped_until_it_is_lifted(
        self, team: Team, shop: str, postgres_url: str
    ) -> None:
        team.apply(postgres("held", shop, ORDERS, deletionPolicy="Delete"))
        team.ready("PostgresSchema", "held")
        team.annotate("PostgresSchema", "held", paused="true")
        team.reason("PostgresSchema", "held", "Paused")
        team.delete("PostgresSchema", "held")
        found = team.until("PostgresSchema", "held", lambda doc: "cannot be carried out" in message(doc))
        assert "the resource is paused" in message(found)
        assert columns(postgres_url, "orders") == ["id", "note"]
        team.annotate("PostgresSchema", "held", paused=None)
        team.gone("PostgresSchema", "held")
        assert not any("orders" in name for name in tables(postgres_url))

    def test_a_datastore_that_refuses_drops_refuses_these_too(self, team: Team, shop: str, postgres_url: str) -> None:
        team.apply(postgres("refused", shop, ORDERS, deletionPolicy="Delete"))
        team.ready("PostgresSchema", "refused")
        team.merge("Datastore", shop, {"spec": {"policy": {"drops": "Refuse"}}})
        team.until("Datastore", shop, lambda doc: doc["status"]["observedGeneration"] == doc["metadata"]["generation"])
        team.delete("PostgresSchema", "refused")
        found = team.until("PostgresSchema", "refused", lambda doc: "cannot be carried out" in message(doc))
        assert "policy.drops of the Datastore is Refuse" in message(found)
        assert columns(postgres_url, "orders") == ["id", "note"]

    def test_a_plan_of_a_resource_that_went_waits_for_nobody(self, team: Team, shop: str, postgres_url: str) -> None:
        team.apply(postgres("left", shop, USERS + ORDERS))
        team.ready("PostgresSchema", "left")
        team.apply(postgres("left", shop, USERS))
        team.reason("PostgresSchema", "left", "ApprovalRequired")
        team.delete("PostgresSchema", "left")
        team.gone("PostgresSchema", "left")
        (plan,) = [doc for doc in team.all("MigrationPlan") if doc["status"].get("state") != "Applied"]
        team.until("MigrationPlan", plan["metadata"]["name"], lambda doc: doc["status"]["state"] == "Superseded")
        assert columns(postgres_url, "orders") == ["id", "note"]


def unreachable(team: Team, url: str) -> None:
    """A resource that wants to be deleted from a database whose address no longer leads anywhere."""
    team.apply(secret("shop", uri=url), datastore("shop"), postgres("doomed", "shop", ORDERS, deletionPolicy="Delete"))
    team.ready("PostgresSchema", "doomed")
    team.apply(secret("shop", uri="postgresql://u:p@127.0.0.1:9/nowhere"))
    team.reason("Datastore", "shop", "Unreachable")
    team.delete("PostgresSchema", "doomed")


def test_a_resource_whose_database_is_away_is_let_go_when_its_time_is_over(
    own_team: Team, operators: Operators, postgres_url: str
) -> None:
    operators.start(FINALIZE="3s")
    unreachable(own_team, postgres_url)
    own_team.gone("PostgresSchema", "doomed")
    eventually(lambda: ("Warning", "LetGo") in own_team.events("doomed"), "an Event says that it was let go")
    assert columns(postgres_url, "orders") == ["id", "note"]


def test_a_resource_whose_database_is_away_is_kept_until_it_is_back(
    own_team: Team, operators: Operators, postgres_url: str
) -> None:
    operators.start()
    unreachable(own_team, postgres_url)
    own_team.until("PostgresSchema", "doomed", lambda doc: "cannot be carried out" in message(doc))
    own_team.apply(secret("shop", uri=postgres_url))
    own_team.gone("PostgresSchema", "doomed")
    assert columns(postgres_url, "orders") == []


def test_a_datastore_that_goes_first_is_remembered_until_its_resources_are_dealt_with(
    own_team: Team, operators: Operators, postgres_url: str
) -> None:
    """As when a namespace is deleted: everything goes at once, in any order."""
    operators.start()
    own_team.apply(
        secret("shop", uri=postgres_url), datastore("shop"), postgres("doomed", "shop", ORDERS, deletionPolicy="Delete")
    )
    own_team.ready("PostgresSchema", "doomed")
    own_team.kubectl("delete", "secret/shop", "datastore/shop", "postgresschema/doomed", "--wait=false")
    own_team.gone("PostgresSchema", "doomed")
    assert columns(postgres_url, "orders") == []
