"""The command line with a cluster: what a person does there, with an operator that does its part."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.cluster.harness import Operator, Team, condition, datastore, postgres, secret
from tests.fixtures.cli import Cli

TWO = "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE logs (id int);"
ONE = "CREATE TABLE users (id int PRIMARY KEY);"


@pytest.fixture
def person(cli: Cli, team: Team) -> Callable[..., Cli]:
    """The command line with a kubeconfig: the administrator's, if not told otherwise."""

    def make(kubeconfig: Path | None = None) -> Cli:
        cli.environment["KUBECONFIG"] = str(kubeconfig or team.cluster.kubeconfig)
        return cli

    return make


def files(cli: Cli, name: str, url: str, sql: str, *, store: bool = True) -> str:
    docs = [secret(name, uri=url), datastore(name)] if store else []
    items = [*docs, postgres(name, name, sql)]
    return cli.write(f"{name}.json", json.dumps({"apiVersion": "v1", "kind": "List", "items": items}))


def test_plan_shows_what_the_operator_then_does(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    file = files(cli, "planned", postgres_url, TWO)
    planned = cli("plan", "-f", file, where, "-o", "json", "--exit-code")
    assert planned.code == 2
    assert team.get("PostgresSchema", "planned") is None
    applied = cli("apply", "-f", file, where)
    assert applied.code == 0, applied.err
    assert "PostgresSchema planned is ready" in applied.out
    found = json.loads(planned.out)["hash"]
    assert [
        plan["spec"]["plan"]["hash"] for plan in team.all("MigrationPlan") if "planned" in plan["metadata"]["name"]
    ] == [found]
    assert cli("plan", "-f", file, where, "--exit-code").code == 0
    assert cli("status", "planned", where, "--exit-code").code == 0


def test_a_plan_is_looked_at_and_approved(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    assert cli("apply", "-f", files(cli, "approved", postgres_url, TWO), where).code == 0
    refused = cli("apply", "-f", files(cli, "approved", postgres_url, ONE, store=False), where)
    assert refused.code == 3
    assert "DELETES_DATA" in refused.out
    (plan,) = json.loads(cli("plans", where, "--datastore", "approved", "--pending", "-o", "json").out)
    name = plan["metadata"]["name"]
    assert name in refused.err
    assert cli("status", "approved", where, "--exit-code").code == 2
    shown = cli("show", name, where)
    assert "DELETES_DATA" in shown.out
    assert f"{name} is Pending" in shown.out
    assert cli("show", name, where, "-o", "sql").out.startswith("-- plan")
    asked = cli("approve", name, where)
    assert (asked.code, "say --yes" in asked.err) == (3, True)
    said = cli("approve", name, where, "--yes", "--reason", "nobody reads logs")
    assert (said.code, f"{name} approved; it runs, in its window, if" in said.out) == (0, True)
    team.plan(name, "Applied")
    assert "Approved: nobody reads logs" in cli("show", name, where).out
    late = cli("approve", name, where, "--yes")
    assert (late.code, f"{name} is Applied" in late.err) == (3, True)


def test_a_person_at_a_terminal_is_asked_while_applying(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    assert cli("apply", "-f", files(cli, "asked", postgres_url, TWO), where).code == 0
    file = files(cli, "asked", postgres_url, ONE, store=False)
    said = cli.at_a_terminal("y", "apply", "-f", file, where)
    assert said.code == 0, said.out
    assert "PostgresSchema asked is ready" in said.out


def test_a_rejected_plan_does_not_run(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    assert cli("apply", "-f", files(cli, "rejected", postgres_url, TWO), where).code == 0
    assert cli("apply", "-f", files(cli, "rejected", postgres_url, ONE, store=False), where).code == 3
    (plan,) = json.loads(cli("plans", where, "--datastore", "rejected", "--pending", "-o", "json").out)
    assert cli("reject", plan["metadata"]["name"], where, "--yes", "--reason", "keep the logs").code == 0
    team.reason("PostgresSchema", "rejected", "Refused")
    assert "keep the logs" in cli("status", "rejected", where).out


def test_a_mistake_stops_apply_with_its_place(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    file = files(cli, "mistaken", postgres_url, "CREATE TABEL users ();")
    planned = cli("plan", "-f", file, where)
    assert planned.code == 1
    assert 'line 1, column 8: syntax error at or near "TABEL"' in planned.err
    applied = cli("apply", "-f", file, where)
    assert applied.code == 3
    assert "InvalidSpec" in applied.err
    unknown = cli.write("unknown.json", Path(cli.folder / file).read_text().replace('"sql"', '"sequel"'))
    said = cli("apply", "-f", unknown, where)
    assert said.code == 1
    assert "did you mean sql?" in said.err


def test_released_a_resource_goes_and_its_tables_stay(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli], psql: Callable[[str, str], str]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    assert cli("apply", "-f", files(cli, "released", postgres_url, ONE), where).code == 0
    team.merge("PostgresSchema", "released", {"spec": {"deletionPolicy": "Delete"}})
    team.ready("PostgresSchema", "released")
    said = cli("release", "pgs/released", where, "--yes")
    assert said.code == 0
    assert "kubectl delete postgresschema released" in said.out
    team.delete("PostgresSchema", "released")
    team.gone("PostgresSchema", "released")
    assert psql(postgres_url, "SELECT count(*) FROM users") == "0\n"


def test_the_doctor_looks_at_the_cluster_and_at_each_datastore(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    assert cli("apply", "-f", files(cli, "well", postgres_url, ONE), where).code == 0
    team.apply(secret("ill", uri=postgres_url.replace("/test_", "/gone_")), datastore("ill"))
    team.reason("Datastore", "ill", "Unreachable")
    well = cli("doctor", "well", where)
    assert well.code == 0, well.out
    assert "CRD datastores.colonnade.dev: installed, of this version" in well.out
    ill = cli("doctor", "ill", where)
    assert ill.code == 1
    assert "the database does not exist" in ill.out


def test_who_may_not_is_told_what_to_ask_for(
    team: Team, person: Callable[..., Cli], service_account: Callable[[str], Path], namespace: str
) -> None:
    cli = person(service_account("nobody"))
    said = cli("status", f"--namespace={team.namespace}")
    assert said.code == 1
    assert "cannot list resource" in said.err
    doctor = cli("doctor", f"--namespace={team.namespace}")
    assert doctor.code == 1
    assert "✗ list datastores: not allowed" in doctor.out


def test_drift_lists_what_the_operator_found_changed(
    team: Team, operator: Operator, postgres_url: str, person: Callable[..., Cli]
) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    file = files(cli, "watched", postgres_url, "CREATE TABLE users (id int PRIMARY KEY, name text);")
    assert cli("apply", "-f", file, where).code == 0
    assert "PostgresSchema watched" not in cli("drift", where).out
    assert cli("drift", "-f", file, where).code == 0
    with psycopg.connect(postgres_url, autocommit=True) as hand:
        hand.execute("ALTER TABLE users DROP COLUMN name")
    team.merge("Datastore", "watched", {"spec": {"resync": "1s"}})
    team.until("PostgresSchema", "watched", lambda doc: condition(doc, "Drifted")["status"] == "True")
    said = cli(where, "drift")
    assert said.code == 2
    assert f"PostgresSchema {team.namespace}/watched drifted" in said.out
    assert "  ~ column public.users.name\n  What would put it back: " in said.out
    found = {one["name"]: one for one in json.loads(cli("drift", where, "-o", "json").out)}
    assert found["watched"]["objects"] == ["column public.users.name"]
    assert cli("show", found["watched"]["plan"], where).code == 0
    looked = cli("drift", "-f", file, where)
    assert looked.code == 2
    assert "was changed after it was brought to what is declared" in looked.out


def test_what_is_not_there_is_named_with_what_is(team: Team, crds: list[str], person: Callable[..., Cli]) -> None:
    cli, where = person(), f"--namespace={team.namespace}"
    said = cli("show", "nothing", where)
    assert said.code == 1
    assert f"MigrationPlan nothing is not in namespace {team.namespace}" in said.err
    assert "no kind of resource" in cli("release", "pod/x", where, "--yes").err
    lost = cli("plan", "-f", cli.write("lost.json", json.dumps(postgres("lost", "nowhere", ONE))), where)
    assert (lost.code, "Datastore" in lost.err and "is neither in the cluster nor in the files" in lost.err) == (
        1,
        True,
    )


def test_without_a_cluster_it_says_so(cli: Cli) -> None:
    cli.environment["KUBECONFIG"] = cli.write("kubeconfig", "")
    said = cli("status")
    assert said.code == 1
    assert "no cluster can be reached" in said.err
    assert "give --kubeconfig or --context" in said.err


def test_options_that_mean_nothing_in_a_cluster_are_refused(cli: Cli) -> None:
    said = cli("plan", "-f", cli.write("x.json", json.dumps(postgres("x", "x", ONE))), "--drops", "drop")
    assert (said.code, said.err.startswith("colonnade: --drops: only with --url")) == (1, True)
