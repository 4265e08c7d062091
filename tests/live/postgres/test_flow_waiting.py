"""What has to wait says for what, and a door that is closed says which key is wrong: never a secret in any of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, LiteralString
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from colonnade.core.errors import ColonnadeError, Unauthorized, Unreachable, WaitingForLock
from colonnade.core.gate import Facts, Policy
from colonnade.core.plan import Plan
from colonnade.engines import Target, engine
from colonnade.engines.postgres.session import connect
from colonnade.reconcile import reconcile
from dev.postgres import Postgres
from dev.process import free_ports
from tests.fixtures.postgres import MakeRole
from tests.live.postgres.flow import Flow, approved, declarations

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
IMPATIENT = Policy(lock_timeout=0.05, lock_retry_budget=0.4)
PATIENT = Policy(lock_timeout=0.05, lock_retry_budget=60)


@contextmanager
def holding(flow: Flow, *statements: str) -> Iterator[psycopg.Connection[Any]]:
    """An application that began something and does not end it."""
    with flow.session(application_name="slow-report") as other:
        for statement in statements:
            other.execute(statement.encode())
        yield other
        other.rollback()


def test_a_lock_that_others_hold_is_asked_for_again_and_its_holder_named(flow: Flow) -> None:
    flow.apply(USERS)
    told: list[str] = []
    with holding(flow, "SELECT count(*) FROM users") as other:

        def let_go(message: str, done: float | None) -> None:
            told.append(message)
            if message.startswith("waits for a lock") and len([m for m in told if m.startswith("waits")]) == 2:
                other.rollback()

        pid = other.info.backend_pid
        result = flow.reconcile(USERS.replace("email text", "email text, name text"), policy=PATIENT, progress=let_go)
    assert result.held is None
    (first, *_) = [m for m in told if m.startswith("waits")]
    assert f"pid {pid} (slow-report, user postgres, idle in transaction, " in first
    assert "column public.users.name" in first
    assert "SELECT" not in first, "what it runs is nobody's business"


def test_once_the_patience_is_over_nothing_was_done_and_the_holder_is_named(flow: Flow) -> None:
    flow.apply(USERS)
    wanted = USERS.replace("email text", "email text, name text")
    with holding(flow, "LOCK users IN ACCESS SHARE MODE") as other:
        pid = other.info.backend_pid
        with pytest.raises(WaitingForLock) as told:
            flow.reconcile(wanted, policy=IMPATIENT)
    assert f"pid {pid} (slow-report" in str(told.value)
    assert "public.users" in str(told.value)
    assert told.value.retry is not None
    flow.apply(wanted)


def test_nobody_waits_behind_us_for_longer_than_the_lock_timeout(flow: Flow) -> None:
    """While we wait for a reader to end, other readers get through between our tries."""
    flow.apply(USERS)
    read: list[int] = []

    def reading(message: str, done: float | None) -> None:
        if message.startswith("waits"):
            with flow.session() as other:
                read.append(other.execute("SELECT count(*) FROM users").rowcount)

    with holding(flow, "SELECT count(*) FROM users"), pytest.raises(WaitingForLock):
        flow.reconcile(USERS.replace("email text", "email text, name text"), policy=IMPATIENT, progress=reading)
    assert read


def test_an_index_that_cannot_be_built_behind_an_old_transaction_waits_and_says_so(flow: Flow) -> None:
    flow.apply(USERS)
    wanted = USERS + "CREATE INDEX by_email ON users (email);"
    with holding(flow, "INSERT INTO users VALUES (1, 'a')"), pytest.raises(WaitingForLock) as told:
        flow.reconcile(wanted, policy=IMPATIENT)
    assert "index public.by_email" in str(told.value)
    assert "(slow-report, " in str(told.value)
    flow.apply(wanted)
    assert flow.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_email'::regclass")


def test_a_backfill_waits_for_rows_that_others_hold_a_slice_at_a_time(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run("INSERT INTO users SELECT i FROM generate_series(1, 5000) i")
    wanted = f"""spec:
  sql: {USERS[:-2]}, state text NOT NULL DEFAULT 'new');
  backfills: [{{table: users, column: state, expression: "'old'"}}]
"""
    seen: list[str] = []
    with flow.session(application_name="slow-report") as other:

        def meeting(message: str, done: float | None) -> None:
            """Once the column is there an application holds a row for a while; another session lets it go."""
            if message.startswith("UPDATE"):
                other.execute("UPDATE users SET email = 'held' WHERE id = 4000")
                threading.Timer(0.3, other.rollback).start()
            seen.append(message)

        result = flow.reconcile(wanted, policy=PATIENT, progress=meeting)
    assert result.held is None
    assert not any(m.startswith("waits") for m in seen), "it goes on where it was"
    assert flow.ask("SELECT count(*) FROM users WHERE state = 'old'") == 5000


@pytest.mark.parametrize("wanted", ["x text NOT NULL", "x text"])
def test_rows_that_others_change_while_slices_go_by_are_filled_too(flow: Flow, wanted: str) -> None:
    flow.apply("CREATE TABLE u (id int PRIMARY KEY, x text, pad text)")
    flow.run("INSERT INTO u SELECT g, NULL, repeat('x', 200) FROM generate_series(1, 5000) g")
    moved: list[str] = []

    def change(message: str, done: float | None) -> None:
        if ": page " in message:
            moved.append(flow.run("UPDATE u SET pad = repeat('y', 200) WHERE x IS NULL AND id % 7 = 0"))

    sql = f"CREATE TABLE u (id int PRIMARY KEY, {wanted}, pad text)"
    flow.reconcile(
        f"""spec:
  backfills: [{{table: u, column: x, expression: "upper(pad)"}}]
  sql: {sql}
"""
        if "NOT" in wanted
        else sql.replace("x text", "x text, y uuid DEFAULT gen_random_uuid()"),
        approved,
        Policy(max_blocking=0),
        progress=change,
    )
    assert moved, "there were slices, and rows that went elsewhere meanwhile"
    column = "x" if "NOT" in wanted else "y"
    assert flow.column(f"SELECT count(*) FROM u WHERE {column} IS NULL") == [0]


def test_a_stop_ends_the_waiting(flow: Flow) -> None:
    flow.apply(USERS)
    stop = threading.Event()

    def stopping(message: str, done: float | None) -> None:
        if message.startswith("waits"):
            stop.set()

    wanted = USERS.replace("email text", "email text, name text")
    with (
        holding(flow, "SELECT count(*) FROM users"),
        flow.opened(PATIENT, stop) as database,
        pytest.raises(WaitingForLock),
    ):
        reconcile(database, declarations(wanted), PATIENT, progress=stopping)


def test_the_advisory_lock_of_a_session_that_died_is_free(flow: Flow) -> None:
    with flow.opened() as one, one.lock():
        one.connection.close()  # type: ignore[attr-defined]
    with flow.opened() as other, other.lock():
        pass


Door = Callable[[str], str]


def changed(url: str, **parts: str) -> str:
    found = urlsplit(url)
    user, secret = parts.get("user", found.username or ""), parts.get("password", found.password or "")
    host = f"{user}:{secret}@{parts.get('host', found.hostname)}:{parts.get('port', found.port)}"
    return urlunsplit(found._replace(netloc=host, path=f"/{parts.get('database', found.path[1:])}"))


def test_a_closed_door_says_which_key_is_wrong_and_shows_none(own_postgres: Postgres) -> None:
    url = own_postgres.url()
    for wrong, error, part in [
        (changed(url, password="hunter2"), Unauthorized, "check the password"),
        (changed(url, user="nobody_at_all", password="hunter2"), Unauthorized, "check the password"),
        (changed(url, database="no_such_db"), Unreachable, "create it"),
        (changed(url, port=str(free_ports(1)[0]), password="hunter2"), Unreachable, "does not answer"),
        (changed(url, host="no-such-host.invalid", password="hunter2"), Unreachable, "does not answer"),
    ]:
        with pytest.raises(error) as told:
            connect(Target("shop", wrong))
        assert str(told.value).startswith("shop: ")
        assert part in str(told.value)
        assert told.value.retry is not None
        for seen in (str(told.value), repr(told.value)):
            assert "hunter2" not in seen
            assert "postgresql://" not in seen


def test_a_server_that_goes_away_and_comes_back(own_postgres: Postgres, psql: Any, pg_dump: Any) -> None:
    url = own_postgres.url()
    flow = Flow(url, url, psql, pg_dump)
    flow.apply(USERS)
    with flow.opened() as database:
        own_postgres.stop()
        with pytest.raises(Unreachable):
            database.settled()
    with pytest.raises(Unreachable):
        flow.reconcile(USERS)
    own_postgres.start()
    flow.close()
    assert flow.reconcile(USERS).state is None
    flow.close()


@pytest.fixture
def poor(flow: Flow, make_role: MakeRole) -> Flow:
    """Colonnade as a role that may do nothing."""
    return replace(flow, url=make_role(flow.hand), _sessions={})


def role(flow: Flow) -> str:
    return str(urlsplit(flow.url).username)


def probed(flow: Flow) -> tuple[str, ...]:
    with flow.opened() as database:
        return database.probe().problems


def test_each_privilege_that_is_missing_is_named_with_the_command_that_mends_it(poor: Flow) -> None:
    poor.run(
        f"CREATE ROLE owner_of_{role(poor)}; CREATE TABLE t (a int); ALTER TABLE t OWNER TO owner_of_{role(poor)};"
    )
    try:
        problems = probed(poor)
        assert len(problems) == 3
        with pytest.raises(ColonnadeError) as told:
            poor.reconcile(USERS)
        assert isinstance(told.value, Unauthorized)
        assert "CREATEDB" in str(told.value)
        for problem in problems:
            commands = problem.split("run: ")[1].split(", or set")[0]
            poor.run(commands)
        assert probed(poor) == ()
        poor.run(f"ALTER SCHEMA public OWNER TO {role(poor)}")
        poor.apply("CREATE TABLE t (a int, b int); CREATE TABLE u (id int PRIMARY KEY)")
    finally:
        poor.close()
        poor.run(
            f"REASSIGN OWNED BY owner_of_{role(poor)} TO postgres; DROP OWNED BY owner_of_{role(poor)}; DROP ROLE owner_of_{role(poor)}"
        )
    assert poor.scratch_databases() == []


def test_a_table_of_another_owner_is_refused_with_its_name_and_nothing_was_done(poor: Flow) -> None:
    poor.run(
        f"ALTER ROLE {role(poor)} CREATEDB; GRANT CREATE ON DATABASE {urlsplit(poor.url).path[1:]} TO {role(poor)}; CREATE TABLE t (a int)"
    )
    before = poor.shape()
    with pytest.raises(Unauthorized) as told:
        poor.reconcile("CREATE TABLE t (a int, b int)", approved)
    assert "table t" in str(told.value)
    assert "grant" in str(told.value)
    poor.run("DROP SCHEMA IF EXISTS colonnade CASCADE")
    assert poor.shape() == before
    assert poor.scratch_databases() == []


def test_where_nothing_is_to_be_written_nothing_is(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (a int);")
    flow.close()
    flow.run(f"ALTER ROLE {role(flow)} SET default_transaction_read_only = on")
    before = flow.shape()
    with flow.opened() as database:
        probe = database.probe()
    assert (probe.read_only, probe.problems) == (True, ())
    assert flow.statements("CREATE TABLE t (a int, b int);") == ['ALTER TABLE "public"."t" ADD COLUMN "b" integer']
    with pytest.raises(Unauthorized, match="turn default_transaction_read_only off"):
        flow.reconcile("CREATE TABLE t (a int, b int);", approved)
    assert flow.shape() == before
    flow.run(f"ALTER ROLE {role(flow)} RESET default_transaction_read_only")
    flow.close()
    flow.apply("SET default_transaction_read_only = on; CREATE TABLE t (a int, b int);")


def test_a_role_whose_settings_would_break_us_does_not(flow: Flow) -> None:
    me = role(flow)
    flow.run(f"""
        ALTER ROLE {me} SET search_path = nowhere; ALTER ROLE {me} SET statement_timeout = '4s'; ALTER ROLE {me} SET lock_timeout = '4s';
        ALTER ROLE {me} SET standard_conforming_strings = off;
        ALTER ROLE {me} SET default_transaction_isolation = serializable; ALTER ROLE {me} SET timezone = 'Asia/Kathmandu';
        ALTER ROLE {me} SET datestyle = 'German'; ALTER ROLE {me} SET quote_all_identifiers = on; ALTER ROLE {me} SET intervalstyle = iso_8601;
        ALTER ROLE {me} SET row_security = on; ALTER ROLE {me} SET client_encoding = latin1; ALTER ROLE {me} SET bytea_output = escape;
        ALTER ROLE {me} SET check_function_bodies = on; ALTER ROLE {me} SET idle_session_timeout = '4s'; ALTER ROLE {me} SET idle_in_transaction_session_timeout = '4s';""")
    wanted = r"""CREATE TABLE t (at timestamptz DEFAULT '2020-01-02 03:04+01', d interval DEFAULT '1 day 2 hours', b bytea DEFAULT '\x00ff', s text DEFAULT 'a\b€');
        CREATE FUNCTION later() RETURNS int LANGUAGE sql AS 'SELECT a FROM not_yet'; CREATE TABLE not_yet (a int);"""
    flow.apply(wanted)
    with connect(Target("shop", flow.url)) as ours:
        settings = "SELECT count(*) FROM pg_settings WHERE name ~ '(statement|^lock|session|transaction)_timeout$' AND setting <> '0'"
        assert ours.execute(settings).fetchone() == (0,)
    flow.run("INSERT INTO t DEFAULT VALUES")
    assert flow.ask("SELECT s FROM t") == "a\\b€"


def test_an_engine_is_found_by_its_name() -> None:
    assert engine("Postgres").name == "Postgres"
    with pytest.raises(ColonnadeError, match="use one of Postgres, MongoDB"):
        engine("Oracle")


def test_a_not_null_that_was_cut_short_before_it_was_valid_is_filled_again(flow: Flow) -> None:
    flow.apply("CREATE TABLE u (id int PRIMARY KEY, x text)")
    flow.run("INSERT INTO u SELECT g FROM generate_series(1, 50) g")
    if int(flow.ask("SHOW server_version_num")) >= 180000:
        flow.run("ALTER TABLE u ADD CONSTRAINT u_x_not_null NOT NULL x NOT VALID")
    sql = "CREATE TABLE u (id int PRIMARY KEY, x text NOT NULL)"
    flow.apply(f"""spec:
  backfills: [{{table: u, column: x, expression: "'x'"}}]
  sql: {sql}
""")
    assert flow.ask("SELECT count(*) FROM u WHERE x = 'x'") == 50


@pytest.mark.parametrize(
    ("before", "after", "meanwhile", "question"),
    [
        (
            "CREATE TABLE t (id int); CREATE TABLE u (id int);",
            "CREATE TABLE u (id int);",
            "ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; CREATE TABLE u (id int)",
            "SELECT count(*) FROM t",
        ),
        (
            "CREATE TABLE u (id int, v int, w int);",
            "CREATE TABLE u (id int, v int);",
            "ALTER TABLE u RENAME w TO x; ALTER TABLE u RENAME v TO w; ALTER TABLE u RENAME x TO v",
            "SELECT count(w) FROM u",
        ),
    ],
    ids=["table", "column"],
)
def test_what_others_have_given_the_name_of_what_goes_is_not_deleted_in_its_place(
    flow: Flow, before: str, after: str, meanwhile: str, question: LiteralString
) -> None:
    dropping = Policy(drops="Drop")
    flow.apply(before, dropping)
    flow.run("INSERT INTO u SELECT 42 AS id" if "v int" not in before else "INSERT INTO u VALUES (1, 2, 3)")
    done: list[str] = []

    def change(message: str, done_: float | None = None) -> None:
        if done_ is not None and not done:
            done.append(flow.run(meanwhile))

    plans: list[Plan] = []

    def facts(plan: Plan) -> Facts:
        plans.append(plan)
        return approved(plan) if len(plans) == 1 else Facts()

    flow.reconcile(after, facts, dropping, progress=change)
    assert done
    assert flow.ask(question) == 1
    assert len(plans) == 2, "it is planned afresh, and asks again"
