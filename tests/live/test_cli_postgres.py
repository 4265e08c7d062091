"""`plan`, `apply`, `diff` and `doctor` with a URL: a real server, the command as a process of its own."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql

from dev.process import poll
from tests.fixtures.cli import Cli
from tests.fixtures.postgres import MakeRole

Psql = Callable[[str, str], str]

USERS = """\
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email text NOT NULL UNIQUE
);
CREATE INDEX users_email_lower ON users (lower(email));
CREATE VIEW emails AS SELECT email FROM users;
"""
WITH_STATUS = (
    USERS.replace("UNIQUE\n", "UNIQUE,\n  status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'gone'))\n")
    + "CREATE INDEX users_status ON users (status);\n"
)
RESOURCE = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: more}
data:
  more.sql: CREATE VIEW ids AS SELECT id FROM orders;
---
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {name: orders}
spec:
  datastoreRef: {name: shop}
  schemas: [public]
  tables:
    - name: orders
      columns: [{name: id, type: bigint, identity: Always}]
      primaryKey: {columns: [id]}
  sqlFrom: [{configMapKeyRef: {name: more, key: more.sql}}]
"""


def schema(dump: str) -> str:
    """A dump without what differs each time."""
    return "\n".join(
        line for line in dump.splitlines() if line and not line.startswith(("--", "\\", "SET ", "SELECT "))
    )


@pytest.fixture
def shape(pg_dump: Callable[..., str]) -> Callable[[str], str]:
    """What a database is, without Colonnade's own records."""
    return lambda url: schema(pg_dump(url, "--schema-only", "--exclude-schema=colonnade*"))


@pytest.fixture
def users(cli: Cli, postgres_url: str, psql: Psql) -> str:
    """A database that is what users.sql says, with rows; its URL."""
    assert cli("apply", "-f", cli.write("users.sql", USERS), "--url", postgres_url).code == 0
    psql(postgres_url, "INSERT INTO users (email) VALUES ('a@x'), ('b@x')")
    return postgres_url


def test_a_database_is_planned_applied_and_at_rest(cli: Cli, postgres_url: str, psql: Psql) -> None:
    file = cli.write("users.sql", USERS)
    planned = cli("plan", "-f", file, "--url", postgres_url, "--exit-code")
    assert planned.code == 2
    assert '1. CREATE TABLE "public"."users" (' in planned.out
    assert psql(postgres_url, "SELECT count(*) FROM pg_namespace WHERE nspname = 'colonnade'") == "0\n"
    applied = cli("apply", "-f", file, "--url", postgres_url, "--progress", "none")
    assert (applied.code, applied.err) == (0, "")
    assert "read again and is what is declared" in applied.out
    again = cli("plan", "-f", file, "--url", postgres_url, "--exit-code", "--progress", "none")
    assert (again.code, again.out, again.err) == (0, "No changes: the database is what is declared.\n", "")
    assert cli("apply", "-f", file, "--url", postgres_url).out == again.out


def test_without_exit_code_pending_changes_are_no_failure(cli: Cli, postgres_url: str) -> None:
    assert cli("plan", "-f", cli.write("users.sql", USERS), "--url", postgres_url).code == 0


def test_where_nobody_can_be_asked_a_hazard_waits_for_the_approval_of_just_this_plan(
    cli: Cli, users: str, psql: Psql
) -> None:
    smaller = cli.write("smaller.sql", USERS[: USERS.index("CREATE VIEW")])
    refused = cli("apply", "-f", smaller, "--url", users)
    assert refused.code == 3
    assert "emails" in refused.err
    assert psql(users, "SELECT count(*) FROM emails") == "2\n"
    assert [cli("plan", "-f", smaller, "--url", users, *more).code for more in ((), ("--exit-code",))] == [0, 2]
    found = json.loads(cli("plan", "-f", smaller, "--url", users, "-o", "json").out)["hash"]
    assert f"--approve {found}" in refused.err
    other = cli("apply", "-f", smaller, "--url", users, "--approve", "0123456789abcdef")
    assert (other.code, found in other.err) == (3, True)
    assert cli("apply", "-f", smaller, "--url", users, "--approve", found).code == 0
    assert psql(users, "SELECT to_regclass('public.emails') IS NULL") == "t\n"


def test_a_person_is_asked_and_no_is_no(cli: Cli, users: str, psql: Psql) -> None:
    file = cli.write("more.sql", WITH_STATUS)
    no = cli.at_a_terminal("n", "apply", "-f", file, "--url", users)
    assert no.code == 3
    assert "the answer was no" in no.out
    assert "\x1b[" in no.out
    yes = cli.at_a_terminal("y", "apply", "-f", file, "--url", users)
    assert yes.code == 0
    assert psql(users, "SELECT DISTINCT status FROM users") == "active\n"


def test_yes_approves_drops_and_quarantine_keeps_what_was_in_them(cli: Cli, users: str, psql: Psql) -> None:
    empty = cli.write("empty.sql", "CREATE TABLE other (id int);")
    assert cli("apply", "-f", empty, "--url", users, "--drops", "refuse", "--yes").code == 3
    assert cli("apply", "-f", empty, "--url", users, "--yes").code == 0
    where = psql(users, "SELECT schemaname FROM pg_tables WHERE tablename = 'users'").strip()
    assert where.startswith("colonnade_quarantine")
    assert psql(users, f'SELECT count(*) FROM "{where}".users') == "2\n"
    assert cli("plan", "-f", empty, "--url", users, "--exit-code").code == 0


def test_the_end_of_a_quarantine_is_told(cli: Cli, users: str, psql: Psql) -> None:
    rest = cli.write("rest.sql", "CREATE TABLE other (id int);")
    assert cli("apply", "-f", rest, "--url", users, "--yes").err == ""
    psql(users, "UPDATE colonnade.quarantine SET until = now() - interval '1 hour'")
    said = cli("apply", "-f", rest, "--url", users)
    assert (said.code, said.err) == (0, "what had waited in quarantine for its whole period was dropped for good\n")
    assert cli("apply", "-f", rest, "--url", users).err == ""


def test_dropped_at_once_is_gone(cli: Cli, users: str, psql: Psql) -> None:
    empty = cli.write("empty.sql", "CREATE TABLE other (id int);")
    assert cli("apply", "-f", empty, "--url", users, "--yes", "--drops", "drop").code == 0
    assert psql(users, "SELECT count(*) FROM pg_tables WHERE tablename = 'users'") == "0\n"


def test_the_script_does_what_apply_does_and_the_way_back_undoes_it(
    cli: Cli, users: str, psql: Psql, shape: Callable[[str], str]
) -> None:
    file, before = cli.write("more.sql", WITH_STATUS), shape(users)
    there = cli("plan", "-f", file, "--url", users, "-o", "sql").out
    back = cli("plan", "-f", file, "--url", users, "-o", "sql", "--reverse").out
    psql(users, there)
    assert cli("plan", "-f", file, "--url", users, "--exit-code").code == 0
    psql(users, back)
    assert shape(users) == before
    assert psql(users, "SELECT count(*) FROM users") == "2\n"


def test_json_has_the_whole_plan(cli: Cli, users: str) -> None:
    file = cli.write("more.sql", WITH_STATUS)
    plan = json.loads(cli("plan", "-f", file, "--url", users, "-o", "json").out)
    assert (plan["format"], plan["converged"]) == (1, False)
    assert {"id", "statement", "transactional", "lock", "blocks", "estimate", "hazards", "undo"} <= plan["steps"][
        0
    ].keys()
    applied = json.loads(cli("apply", "-f", file, "--url", users, "-o", "json", "--yes").out)
    assert (applied["applied"], applied["hash"]) == (True, plan["hash"])
    assert applied["timings"].keys() == {step["id"] for step in plan["steps"]}
    rest = json.loads(cli("plan", "-f", file, "--url", users, "-o", "json").out)
    assert (rest["converged"], rest["steps"], rest["held"]) == (True, [], None)


def test_diff_shows_objects_and_not_steps(cli: Cli, users: str) -> None:
    file = cli.write("more.sql", WITH_STATUS.replace("SELECT email", "SELECT id, email"))
    found = cli("diff", "-f", file, "--url", users, "--exit-code")
    assert found.code == 2
    assert "+ column public.users.status is missing\n    +type: text\n" in found.out
    assert "+ index public.users_status is missing" in found.out
    assert "~ view public.emails differs" in found.out
    assert "users_email_lower" not in found.out
    assert not {"local", "storage", "called"} & set(found.out.replace(":", "").split())
    changes = json.loads(cli("diff", "-f", file, "--url", users, "-o", "json").out)["changes"]
    assert ("column public.users.status", "create") in [(change["object"], change["change"]) for change in changes]
    same = cli("diff", "-f", "users.sql", "--url", users, "--exit-code")
    assert (same.code, same.out) == (0, "No changes: the database is what is declared.\n")


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        ("CREATE TABLE t (id int);\n\n  CREATE TABEL u ();", "line 3, column 10", "correct the syntax"),
        ("CREATE TABLE t (id int REFERENCES gone (id));", "line 1, column 1", "declare it"),
        ("CREATE TABLE t (at timestamptz);\nCREATE INDEX i ON t (at) WHERE at > now();", "line 2", "immutable"),
        ("CREATE TABLE t (id int);\nINSERT INTO t VALUES (1);", "line 2", "only says what the schema is"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_nothing_is_changed(
    text: str, place: str, advice: str, cli: Cli, users: str, psql: Psql
) -> None:
    wrong = cli.write("wrong.sql", text)
    for verb in (("plan",), ("apply", "--yes", "--drops", "drop")):
        said = cli(*verb, "-f", wrong, "--url", users, "--progress", "none")
        assert said.code == 1
        assert f"colonnade: wrong.sql, {place}" in said.err
        assert advice in said.err
        assert "Traceback" not in said.err
    assert psql(users, "SELECT count(*) FROM users") == "2\n"


@pytest.mark.parametrize(
    "wrong",
    [
        "CREATE TABLE t (a int);\nCREATE TABLE u (a texxt);",
        "INSERT INTO t VALUES (1);",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELCT';",
    ],
)
def test_what_is_wrong_is_wrong_the_second_time_too_where_the_database_is_empty(
    wrong: str, cli: Cli, postgres_url: str
) -> None:
    file = cli.write("wrong.sql", wrong)
    said = [cli("plan", "-f", file, "--url", postgres_url) for _ in range(2)]
    assert [one.code for one in said] == [1, 1]
    assert said[0].err == said[1].err != ""


def test_a_dump_with_its_privileges_declares_what_is_there(
    cli: Cli, postgres_url: str, psql: Psql, pg_dump: Callable[..., str]
) -> None:
    psql(
        postgres_url,
        USERS + "GRANT SELECT ON users TO PUBLIC; GRANT UPDATE (email) ON users TO pg_monitor WITH GRANT OPTION;"
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC; ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO pg_monitor;",
    )
    dump = ("--schema-only", "--no-owner")
    before = cli.write("dump.sql", pg_dump(postgres_url, *dump))
    planned = cli("plan", "-f", before, "--url", postgres_url, "--exit-code")
    assert (planned.code, planned.out) == (0, "No changes: the database is what is declared.\n")
    assert cli("apply", "-f", before, "--url", postgres_url).code == 0
    after = cli.write("dump.sql", pg_dump(postgres_url, *dump, "--exclude-schema=colonnade*"))
    assert cli("plan", "-f", after, "--url", postgres_url, "--exit-code").code == 0


def test_rows_in_the_way_refuse_the_plan(cli: Cli, users: str, psql: Psql) -> None:
    psql(users, "INSERT INTO users (email) VALUES ('no at sign')")
    file = cli.write("check.sql", USERS.replace("UNIQUE", "UNIQUE CHECK (email LIKE '%@%')"))
    said = cli("apply", "-f", file, "--url", users, "--yes")
    assert said.code == 3
    assert (
        psql(users, "SELECT count(*) FROM pg_constraint WHERE contype = 'c' AND conrelid = 'users'::regclass") == "0\n"
    )


def test_standard_input_and_folders_are_as_good_as_files(cli: Cli, postgres_url: str) -> None:
    first, second = USERS.split("CREATE VIEW", 1)
    cli.write("schema/10_views.sql", f"CREATE VIEW{second}")
    cli.write("schema/20_tables/users.sql", first)
    assert cli("apply", "-f", "schema", "--url", postgres_url).code == 0
    again = cli("plan", "-f", "-", "--url", postgres_url, "--exit-code", stdin=USERS)
    assert (again.code, again.out) == (0, "No changes: the database is what is declared.\n")


def test_resources_and_sql_are_declared_together(cli: Cli, postgres_url: str, psql: Psql) -> None:
    files = ("-f", cli.write("orders.yaml", RESOURCE), "-f", cli.write("users.sql", USERS))
    assert cli("apply", *files, "--url", postgres_url).code == 0
    assert psql(postgres_url, "SELECT count(*) FROM ids, users") == "0\n"
    assert cli("plan", *files, "--url", postgres_url, "--exit-code").code == 0
    alone = cli("plan", "-f", "orders.yaml", "--url", postgres_url, "--exit-code")
    assert alone.code == 2
    assert "users" in alone.out


def test_only_the_schemas_that_are_spoken_for_lose_what_is_not_declared(
    cli: Cli, postgres_url: str, psql: Psql
) -> None:
    psql(postgres_url, "CREATE SCHEMA app; CREATE TABLE app.old (id int); CREATE TABLE public.neighbour (id int);")
    file = cli.write("app.sql", "CREATE SCHEMA app; CREATE TABLE app.new (id int);")
    words = ("-f", file, "--url", postgres_url, "--schemas", "app")
    assert cli("apply", *words, "--drops", "drop", "--yes").code == 0
    tables = "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind = 'r' AND relname ~ '^(old|new|ne)'"
    assert psql(postgres_url, tables) == "neighbour new\n"
    assert cli("plan", *words, "--exit-code").code == 0
    assert "neighbour" in cli("plan", "-f", file, "--url", postgres_url).out


def test_a_password_is_never_shown(cli: Cli, postgres_url: str, make_role: MakeRole) -> None:
    url = make_role(postgres_url, "CREATEDB", password="hunter2-s3cret")
    file = cli.write("users.sql", USERS)
    wrong = url.replace("hunter2-s3cret", "hunter3-s3cret")
    tried = [
        cli("plan", "-f", file, "--url", url),
        cli("apply", "-f", file, "--url", url, "--yes"),
        cli("plan", "-f", file, "--url", wrong),
        cli("plan", "-f", file, "--url", url.replace("127.0.0.1", "nowhere.invalid")),
        cli("plan", "-f", file, "--url", f"{url}?s3cret=hunter2-s3cret"),
        cli("plan", "-f", file, "--url", url.replace("hunter2-", "hunter2-%")),
        cli("doctor", "--url", wrong),
    ]
    assert [said.code for said in tried[3:6]] == [1, 1, 1]
    for said in tried:
        assert "s3cret" not in (said.out + said.err).replace("nowhere", "")
        assert "Traceback" not in said.err


def test_a_server_that_does_not_answer_is_an_error_with_advice(cli: Cli) -> None:
    said = cli("plan", "-f", cli.write("users.sql", USERS), "--url", "postgresql://127.0.0.1:1/shop")
    assert said.code == 1
    assert said.err.startswith("colonnade: 127.0.0.1:1/shop: the server does not answer")


def test_the_doctor_names_what_is_missing_with_the_command_that_mends_it(
    cli: Cli, postgres_url: str, make_role: MakeRole
) -> None:
    well = cli("doctor", "--url", postgres_url)
    assert well.code == 0
    assert "All is well." in well.out
    poor = cli("doctor", "--url", make_role(postgres_url))
    assert poor.code == 1
    assert " CREATEDB" in poor.out
    assert "GRANT CREATE ON DATABASE" in poor.out


def test_what_was_learnt_is_kept_and_found_again(cli: Cli, users: str) -> None:
    kept = sorted((cli.folder / "cache" / "colonnade" / "desired").glob("*/*"))
    assert kept
    assert all(file.stat().st_mode & 0o077 == 0 for file in kept)
    assert cli("plan", "-f", "users.sql", "--url", users, "--exit-code").code == 0


@contextmanager
def held(url: str, table: str) -> Iterator[None]:
    """Another session has read this table and not come to an end."""
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
        yield


def test_ctrl_c_while_planning_leaves_no_scratch_database(cli: Cli, postgres_url: str) -> None:
    marker = "colonnade_test_sleeps"
    file = cli.write("slow.sql", f"CREATE TABLE t (id int);\nDO $$ BEGIN PERFORM pg_sleep(60) /* {marker} */; END $$;")
    asleep = "SELECT datname FROM pg_stat_activity WHERE query LIKE %s AND datname LIKE 'colonnade\\_scratch%%' AND pid <> pg_backend_pid()"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        process = cli.start("plan", "-f", file, "--url", postgres_url, "--progress", "none")
        found: list[tuple[str]] = []

        def sleeping() -> bool:
            found[:] = connection.execute(asleep, [f"%{marker}%"]).fetchall()
            return bool(found)

        assert poll(sleeping, 60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 130
        assert said.startswith("colonnade: stopped;")
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname = %s", found[0]).fetchone()
        assert left == (0,)


def test_ctrl_c_while_running_stops_between_steps_and_the_next_run_goes_on(cli: Cli, users: str, psql: Psql) -> None:
    file = cli.write("more.sql", WITH_STATUS)
    with held(users, "users"):
        process = cli.start("apply", "-f", file, "--url", users, "--yes", "--lock-retry", "1m")
        running = "SELECT count(*) FROM colonnade.plan WHERE finished IS NULL"
        assert poll(lambda: psql(users, running) == "1\n", 60)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "stopping after the running step" in said
    assert "Traceback" not in said
    assert cli("apply", "-f", file, "--url", users, "--yes").code == 0
    assert cli("plan", "-f", file, "--url", users, "--exit-code").code == 0


def test_of_a_column_that_is_missing_only_what_is_declared_is_shown(cli: Cli, users: str) -> None:
    file = cli.write("more.sql", USERS.replace("UNIQUE\n", "UNIQUE,\n  nick text,\n  age int NOT NULL DEFAULT 7\n"))
    assert cli("diff", "-f", file, "--url", users).out == (
        "+ column public.users.nick is missing\n    +type: text\n"
        "+ column public.users.age is missing\n    +type: integer\n    +not null: True\n"
        "+ default public.users.age is missing\n    +expression: 7\n"
    )


def test_drift_is_told_apart_from_a_declaration_that_moved(cli: Cli, users: str, psql: Psql) -> None:
    still = cli("drift", "-f", "users.sql", "--url", users)
    assert (still.code, still.out) == (0, "No drift: the database is what is declared.\n")
    psql(users, "DROP INDEX users_email_lower")
    said = cli("drift", "-f", "users.sql", "--url", users)
    assert said.code == 2
    assert (
        " was changed after it was brought to what is declared:\n+ index public.users_email_lower is missing\n"
        in said.out
    )
    data = json.loads(cli("drift", "-f", "users.sql", "--url", users, "-o", "json").out)
    assert (data["drifted"], [c["object"] for c in data["changes"]]) == (True, ["index public.users_email_lower"])
    moved = cli("drift", "-f", cli.write("more.sql", WITH_STATUS), "--url", users)
    assert moved.code == 2
    assert "+ column public.users.status is missing" in moved.out
    assert "never brought to just these declarations" in moved.out
    assert cli("apply", "-f", "users.sql", "--url", users, "--yes").code == 0
    assert cli("drift", "-f", "users.sql", "--url", users).code == 0
