"""A change that could hurt waits for a person, and runs once that person has said yes to this very change."""

from __future__ import annotations

import time
from collections.abc import Callable

import psycopg
import pytest

from tests.cluster.harness import Operator, Team, condition, eventually, message, postgres, resource, standing
from tests.cluster.test_operator import columns, execute

WITH = "CREATE TABLE users (id int PRIMARY KEY, email text, legacy text);"
WITHOUT = "CREATE TABLE users (id int PRIMARY KEY, email text);"

pytestmark = pytest.mark.usefixtures("operator")


@pytest.fixture
def waiting(team: Team, shop: str, postgres_url: str) -> tuple[str, str]:
    """A resource whose change would drop a column with rows in it, and the plan that waits."""
    return waits(team, shop, postgres_url)


def waits(team: Team, shop: str, postgres_url: str) -> tuple[str, str]:
    name = f"{shop}-users"
    team.apply(postgres(name, shop, WITH))
    team.ready("PostgresSchema", name)
    execute(postgres_url, "INSERT INTO users VALUES (1, 'a@b', 'old'), (2, 'c@d', 'older')")
    team.apply(postgres(name, shop, WITHOUT))
    found = team.reason("PostgresSchema", name, "ApprovalRequired")
    return name, found["status"]["plan"]["name"]


def test_a_plan_that_could_lose_data_waits_and_says_what_how_and_how_to_approve(
    team: Team, shop: str, waiting: tuple[str, str], postgres_url: str
) -> None:
    name, plan = waiting
    found = team.plan(plan, "Pending")
    assert any(
        hazard["code"] == "DELETES_DATA" for step in found["spec"]["plan"]["steps"] for hazard in step["hazards"]
    )
    assert columns(postgres_url, "users") == ["id", "email", "legacy"]
    schema = team.reason("PostgresSchema", name, "ApprovalRequired")
    assert f"kubectl colonnade approve {plan}" in message(schema)
    assert condition(schema, "Reconciling")["status"] == "True"
    assert condition(schema, "Stalled")["status"] == "False"
    assert "DELETES_DATA" in schema["status"]["plan"]["hazards"]
    store = team.ready("Datastore", shop)
    assert store["status"]["pendingPlan"] == plan


def test_an_approved_plan_runs_at_once(team: Team, waiting: tuple[str, str], postgres_url: str) -> None:
    name, plan = waiting
    team.say(plan, "Approve")
    team.ready("PostgresSchema", name)
    *stay, waits = columns(postgres_url, "users")
    assert (stay, waits[:21], waits[-7:]) == (["id", "email"], "colonnade_quarantine_", "_legacy")
    applied = team.plan(plan, "Applied")
    assert applied["status"]["finished"]
    assert standing(applied) == ("True", "Converged")
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM users").fetchone()
    assert row == (2,)


def test_what_waits_in_quarantine_is_told_until_it_is_really_dropped_and_not_while_all_is_paused(
    team: Team, make_shop: Callable[..., str], postgres_url: str
) -> None:
    shop = make_shop(quarantinePeriod="5s", resync="1s")
    name, plan = waits(team, shop, postgres_url)
    team.say(plan, "Approve")
    found = team.until("PostgresSchema", name, lambda doc: bool(doc["status"].get("quarantined")))
    assert [one["name"] for one in found["status"]["quarantined"]] == ["column public.users.legacy"]
    team.annotate("Datastore", shop, paused="true")
    team.until("Datastore", shop, lambda doc: condition(doc, "Ready")["reason"] == "Paused")
    time.sleep(7)  # its time is over, and nobody may touch it
    assert len(columns(postgres_url, "users")) == 3
    team.annotate("Datastore", shop, paused=None)
    team.until("PostgresSchema", name, lambda doc: not doc["status"].get("quarantined"))
    assert columns(postgres_url, "users") == ["id", "email"]


def test_an_approval_of_steps_that_are_not_the_plans_does_not_count(
    team: Team, shop: str, waiting: tuple[str, str], postgres_url: str
) -> None:
    name, plan = waiting
    forged = team.get("MigrationPlan", plan)
    assert forged is not None
    team.merge("PostgresSchema", name, {"spec": {"sql": WITH}})
    team.plan(plan, "Superseded")
    team.kubectl("delete", "migrationplan", plan)
    steps = [{"id": "s1", "statement": "COMMENT ON TABLE users IS 'harmless'", "transactional": True}]
    told = forged["spec"]["plan"]
    spec = {
        "datastoreRef": {"name": shop},
        "plan": {**told, "steps": steps},
        "approval": {"hash": told["hash"], "verdict": "Approve", "reason": "it looks harmless"},
    }
    team.apply({"apiVersion": forged["apiVersion"], "kind": forged["kind"], "metadata": {"name": plan}, "spec": spec})
    team.merge("PostgresSchema", name, {"spec": {"sql": WITHOUT}})
    held = team.reason("PostgresSchema", name, "ApprovalRequired")
    assert held["status"]["plan"]["name"] == f"{plan}-2"
    assert columns(postgres_url, "users") == ["id", "email", "legacy"]
    assert team.plan(plan, "Superseded")["status"]["supersededBy"] == f"{plan}-2"
    true = team.plan(f"{plan}-2", "Pending")
    assert true["spec"]["plan"]["hash"] == told["hash"]
    assert [step["statement"] for step in true["spec"]["plan"]["steps"]] == [
        step["statement"] for step in told["steps"]
    ]
    team.say(f"{plan}-2", "Approve")
    team.plan(f"{plan}-2", "Applied")


def test_a_rejected_plan_stays_until_the_declaration_changes(
    team: Team, waiting: tuple[str, str], postgres_url: str
) -> None:
    name, plan = waiting
    team.say(plan, "Reject", "somebody reads it")
    refused = team.reason("PostgresSchema", name, "Refused")
    assert "somebody reads it" in message(refused)
    assert condition(refused, "Stalled")["status"] == "True"
    team.plan(plan, "Rejected")
    assert columns(postgres_url, "users") == ["id", "email", "legacy"]
    team.merge("PostgresSchema", name, {"spec": {"sql": WITH}})
    team.ready("PostgresSchema", name)


def test_a_plan_for_a_database_that_changed_since_is_superseded_and_its_approval_does_not_count(
    team: Team, waiting: tuple[str, str], postgres_url: str
) -> None:
    name, plan = waiting
    execute(postgres_url, "ALTER TABLE users ADD COLUMN by_hand int")
    team.say(plan, "Approve")
    old = team.plan(plan, "Superseded")
    newer = old["status"]["supersededBy"]
    assert newer != plan
    team.plan(newer, "Pending")
    assert "legacy" in columns(postgres_url, "users")
    team.reason("PostgresSchema", name, "ApprovalRequired")


def test_a_plan_that_is_no_longer_needed_is_superseded(team: Team, waiting: tuple[str, str]) -> None:
    name, plan = waiting
    team.merge("PostgresSchema", name, {"spec": {"sql": WITH}})
    team.ready("PostgresSchema", name)
    done = team.plan(plan, "Superseded")
    assert "supersededBy" not in done["status"]
    assert "plan" not in team.ready("PostgresSchema", name)["status"]


def test_a_plan_that_somebody_deleted_comes_back(team: Team, waiting: tuple[str, str]) -> None:
    name, plan = waiting
    before = team.plan(plan, "Pending")
    team.delete("MigrationPlan", plan)
    team.until("MigrationPlan", plan, lambda doc: doc["metadata"]["uid"] != before["metadata"]["uid"])
    team.plan(plan, "Pending")
    team.reason("PostgresSchema", name, "ApprovalRequired")


def test_where_only_plans_are_wanted_nothing_is_written(
    team: Team, make_shop: Callable[..., str], postgres_url: str
) -> None:
    shop = make_shop(mode="Plan")
    team.apply(postgres("only-planned", shop, WITH))
    found = team.reason("PostgresSchema", "only-planned", "ApprovalRequired")
    assert "policy.mode is Plan" in message(found)
    team.plan(found["status"]["plan"]["name"], "Pending")
    with psycopg.connect(postgres_url) as connection:
        schemas = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade%'").fetchall()
    assert schemas == []
    assert columns(postgres_url, "users") == []


def test_where_every_plan_is_asked_for_even_a_harmless_one_waits(
    team: Team, make_shop: Callable[..., str], postgres_url: str
) -> None:
    shop = make_shop(approval="Always")
    team.apply(postgres("asked-for", shop, WITH))
    found = team.reason("PostgresSchema", "asked-for", "ApprovalRequired")
    team.say(found["status"]["plan"]["name"], "Approve")
    team.ready("PostgresSchema", "asked-for")
    assert columns(postgres_url, "users") == ["id", "email", "legacy"]


def test_an_approved_plan_waits_for_its_window(team: Team, make_shop: Callable[..., str], postgres_url: str) -> None:
    """29 February is far enough away on any day but one."""
    shop = make_shop(windows=[{"schedule": "0 0 29 2 *", "duration": "1m"}])
    name, plan = waits(team, shop, postgres_url)
    team.say(plan, "Approve")
    found = team.reason("PostgresSchema", name, "WaitingForWindow")
    assert "02-29T00:00:00Z" in message(found)
    team.plan(plan, "Approved")
    assert "legacy" in columns(postgres_url, "users")
    team.merge("Datastore", shop, {"spec": {"policy": {"windows": None}}})
    team.ready("PostgresSchema", name)
    assert "legacy" not in columns(postgres_url, "users")


def test_only_the_newest_plans_are_kept(team: Team, shop: str) -> None:
    for number in range(22):
        plan = {"datastore": shop, "premise": "f" * 32, "hash": f"{number:032x}"}
        team.apply(resource("MigrationPlan", f"old-{number:02}", {"datastoreRef": {"name": shop}, "plan": plan}))
        team.set_status("MigrationPlan", f"old-{number:02}", {"state": "Applied"})
    team.apply(postgres("newest", shop, WITH))
    newest = team.ready("PostgresSchema", "newest")["status"]["applied"]["plan"]

    def kept() -> list[str]:
        return sorted(
            doc["metadata"]["name"] for doc in team.all("MigrationPlan") if doc["spec"]["datastoreRef"]["name"] == shop
        )

    eventually(lambda: len(kept()) == 20, "twenty plans are left")
    assert kept() == sorted([newest, *(f"old-{number:02}" for number in range(3, 22))])


def test_the_metrics_tell_that_a_plan_waits(
    team: Team, operator: Operator, shop: str, waiting: tuple[str, str]
) -> None:
    name, _ = waiting
    waits = {"datastore": shop, "reason": "ApprovalRequired"}
    eventually(lambda: operator.metric("colonnade_plans_waiting", **waits) == 1, "the metric tells of the plan")
    team.merge("PostgresSchema", name, {"spec": {"sql": WITH}})
    team.ready("PostgresSchema", name)
    team.until("PostgresSchema", name, lambda _: operator.metric("colonnade_plans_waiting", datastore=shop) is None)
