"""A crash is a pause: killed at any step boundary, or within a long step, the next run converges and no row is lost."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any

import psycopg
import pytest
from psycopg import sql

from colonnade.core.gate import Policy
from colonnade.engines import Target, engine
from colonnade.reconcile import reconcile
from dev.process import poll
from tests.live.postgres.flow import Flow, approved, declarations

RUNS = multiprocessing.get_context("forkserver")
RUNS.set_forkserver_preload(["colonnade.engines.postgres.database", "tests.live.postgres.flow"])
"""Processes of their own without having to import all of it each time."""


def run(url: str, specs: str, last: str, policy: Policy) -> None:
    """Ends itself as kill -9 would when told of progress for the `last` time, or of `last`.

    Progress with a number is told before each group of steps, and after each slice of a backfill.
    """
    calls = itertools.count(1)

    def told(message: str, done: float | None = None) -> None:
        if last in ("" if done is None else str(next(calls)), message):
            os.kill(os.getpid(), signal.SIGKILL)

    with engine("Postgres").open(Target("shop", url), policy, threading.Event()) as database:
        reconcile(database, declarations(specs), policy, approved, progress=told)


@contextmanager
def started(flow: Flow, specs: str, last: int | str, **policy: Any) -> Iterator[BaseProcess]:
    """A run in a process of its own, which nothing is left of."""
    process = RUNS.Process(target=run, args=(flow.url, specs, str(last), Policy(**policy)))
    process.start()
    try:
        yield process
    finally:
        process.join()
        process.close()


def killed(flow: Flow, specs: str, last: int, **policy: Any) -> bool:
    """Whether the run was long enough to be killed there; what it left on the server is cleared away."""
    with started(flow, specs, last, **policy) as process:
        process.join()
        code = process.exitcode
    assert code in (0, -signal.SIGKILL)
    clear(flow)
    return code != 0


def clear(flow: Flow) -> None:
    """Drop the scratch databases of the dead process: they are swept only once they are old."""
    with psycopg.connect(flow.hand, autocommit=True) as hand:
        for name in flow.scratch_databases():
            hand.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


@dataclass(frozen=True)
class Scenario:
    """`before` with `rows`, on the way to `after`; then `question` has this answer. Each time it is killed `pace` places later."""

    before: str
    rows: str
    after: str
    question: str
    answer: str
    max_blocking: float = 1.0
    pace: float = 1 / 3


USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text, age int);"
NAMED = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int);"
ROWS = "INSERT INTO users SELECT i, i || '@x', 7 FROM generate_series(1, 5000) i;"
SCENARIOS = {
    "index": Scenario(
        USERS,
        ROWS,
        USERS
        + "CREATE INDEX a ON users (email); CREATE UNIQUE INDEX b ON users (email, age); ALTER TABLE users ADD CONSTRAINT k UNIQUE (age, id);",
        "SELECT count(*) FROM pg_index WHERE indrelid = 'users'::regclass AND indisvalid",
        "4",
    ),
    "not null": Scenario(
        USERS,
        ROWS,
        "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, age int NOT NULL CHECK (age > 0));",
        "SELECT count(*) FROM pg_constraint WHERE conrelid = 'users'::regclass AND contype = 'c'",
        "1",
    ),
    "replaced": Scenario(
        NAMED
        + "CREATE INDEX a ON users (email); ALTER TABLE users ADD CONSTRAINT k UNIQUE (age, id), ADD CONSTRAINT c CHECK (age > 0);",
        ROWS,
        NAMED.replace(" PRIMARY KEY", "")
        + "CREATE INDEX a ON users (email, age); ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY"
        " (id, email), ADD CONSTRAINT k UNIQUE (id, age), ADD CONSTRAINT c CHECK (age > 1);",
        "SELECT count(*) FILTER (WHERE indisvalid) || '/' || count(*) FILTER (WHERE relname LIKE '%colonnade%')"
        " FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE indrelid = 'users'::regclass",
        "3/0",
    ),
    "backfill": Scenario(
        USERS,
        ROWS,
        f"""spec:
  sql: {USERS[:-2]}, state text NOT NULL DEFAULT 'new'); CREATE INDEX by_state ON users (state);
  backfills: [{{table: users, column: state, expression: "'old'"}}]
""",
        "SELECT count(*) FROM users WHERE state = 'old'",
        "5000",
    ),
    "type": Scenario(
        USERS
        + "CREATE VIEW v AS SELECT id, age FROM users; CREATE MATERIALIZED VIEW m AS SELECT sum(age) AS s FROM v; COMMENT ON VIEW v IS 'x';",
        ROWS,
        USERS.replace("age int", "age bigint")
        + "CREATE VIEW v AS SELECT id, age FROM users; CREATE MATERIALIZED VIEW m AS SELECT sum(age) AS s FROM v; COMMENT ON VIEW v IS 'x';",
        "SELECT s::int FROM m WHERE obj_description('v'::regclass) = 'x'",
        "35000",
    ),
    "enum": Scenario(
        "CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TABLE t (id int, m mood DEFAULT 'b');",
        "INSERT INTO t SELECT i, 'c' FROM generate_series(1, 100) i",
        "CREATE TYPE mood AS ENUM ('z', 'c', 'b'); CREATE TABLE t (id int, m mood DEFAULT 'z'); CREATE INDEX i ON t (m);",
        "SELECT count(*) FROM t WHERE m = 'c'",
        "100",
    ),
    "quarantine": Scenario(
        USERS + "CREATE TABLE log (id int PRIMARY KEY, u bigint REFERENCES users); CREATE TABLE other (a int);",
        ROWS + "INSERT INTO log SELECT i, i FROM generate_series(1, 50) i",
        USERS + "CREATE INDEX a ON users (email);",
        "SELECT format('SELECT count(*) FROM %I.log', nspname) FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%' \\gexec",
        "50",
    ),
    "large type": Scenario(
        USERS
        + "CREATE TABLE o (u bigint REFERENCES users); CREATE INDEX i ON users (age); CREATE VIEW v AS SELECT age FROM users;",
        ROWS + "INSERT INTO o SELECT id FROM users",
        (
            USERS
            + "CREATE TABLE o (u bigint REFERENCES users); CREATE INDEX i ON users (age); CREATE VIEW v AS SELECT age FROM users;"
        )
        .replace("bigint", "numeric")
        .replace("age int", "age bigint NOT NULL"),
        "SELECT sum(age)::int || '/' || (SELECT count(*) FROM o JOIN users ON id = u) || '/' ||"
        " (SELECT count(*) FROM pg_attribute WHERE attname LIKE '%colonnade%' AND NOT attisdropped) FROM v",
        "35000/5000/0",
        max_blocking=0.0,
        pace=3,
    ),
    "keys": Scenario(
        USERS + "CREATE TABLE o (id int PRIMARY KEY, u bigint);",
        ROWS + "INSERT INTO o SELECT i, i FROM generate_series(1, 100) i",
        USERS
        + "CREATE TABLE o (id int PRIMARY KEY, u bigint NOT NULL REFERENCES users ON DELETE CASCADE); CREATE INDEX o_u ON o (u);",
        "SELECT count(*) FROM o JOIN users ON users.id = u",
        "100",
    ),
}


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS.keys())
def test_killed_at_every_step_in_turn_the_next_run_goes_on_and_the_last_converges(
    flow: Flow, scenario: Scenario
) -> None:
    """What is left over each time is the next one's beginning; those that come later in the row live a little longer."""
    flow.apply(scenario.before)
    flow.run(scenario.rows)
    kills = 0
    while killed(flow, scenario.after, 2 + int(kills * scenario.pace), max_blocking=scenario.max_blocking):
        kills += 1
        assert kills < 25
    flow.apply(scenario.after, Policy(max_blocking=scenario.max_blocking))
    assert flow.run(scenario.question).split() == [scenario.answer]
    assert not flow.column("SELECT conname FROM pg_constraint WHERE conname LIKE 'colonnade%'")


@pytest.mark.parametrize("last", [1, 2, 3])
@pytest.mark.parametrize("name", ["backfill", "type", "index"])
def test_killed_on_the_way_and_taken_back_everything_is_as_before(flow: Flow, name: str, last: int) -> None:
    scenario = SCENARIOS[name]
    flow.apply(scenario.before)
    flow.run(scenario.rows)
    rows = flow.ask("SELECT sum(id) || ' ' || sum(age) FROM users")
    killed(flow, scenario.after, last)
    flow.policy = Policy(drops="Drop")
    flow.apply(scenario.before)
    assert flow.ask("SELECT sum(id) || ' ' || sum(age) FROM users") == rows


def test_an_index_build_that_is_killed_half_way_leaves_an_invalid_one_which_is_built_anew(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run(ROWS)
    wanted = USERS + "CREATE UNIQUE INDEX by_email ON users (email)"
    with flow.session() as other:
        other.execute("INSERT INTO users VALUES (0, 'in the way')")
        with started(flow, wanted, "to no message") as process:
            assert poll(lambda: bool(flow.ask("SELECT count(*) FROM pg_class WHERE relname = 'by_email'")), seconds=60)
            process.kill()
            process.join()
        flow.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE INDEX CONCURRENTLY \"by_email\"%'"
        )
        other.rollback()
    clear(flow)
    assert flow.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_email'::regclass") is False
    flow.apply(wanted)
    assert flow.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_email'::regclass") is True


def test_an_index_that_a_person_failed_to_build_is_built_anew(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run("INSERT INTO users VALUES (1, 'a', 1), (2, 'a', 1)")
    with psycopg.connect(flow.hand, autocommit=True) as hand, pytest.raises(psycopg.errors.UniqueViolation):
        hand.execute("CREATE UNIQUE INDEX CONCURRENTLY by_email ON users (email)")
    flow.run("DELETE FROM users WHERE id = 2")
    flow.apply(USERS + "CREATE UNIQUE INDEX by_email ON users (email)")
    assert flow.ask("SELECT indisvalid FROM pg_index WHERE indexrelid = 'by_email'::regclass") is True


TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int, b int);"
LEFT = "i_de7d1b_colonnade_old"
"""What index `i` is called while another takes its place."""


def test_what_a_killed_run_left_serving_stays_while_its_table_s_declaration_is_away(flow: Flow) -> None:
    """Its resource is paused, say, and another of the same database goes on."""
    paused, other = "PostgresSchema/shop/paused", "PostgresSchema/shop/other"
    flow.apply({paused: TABLE + "CREATE INDEX i ON t (a);", other: "CREATE TABLE u (id int);"})
    flow.run(f"ALTER INDEX i RENAME TO {LEFT}")
    flow.reconcile({other: "CREATE TABLE u (id int, more int);"}, approved)
    assert flow.column(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisprimary"
    ) == [LEFT]
    flow.apply({paused: TABLE + "CREATE INDEX i ON t (a, b);", other: "CREATE TABLE u (id int, more int);"})
    assert flow.column(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisprimary"
    ) == ["i"]


def test_what_a_killed_run_left_is_in_nobody_s_way(flow: Flow) -> None:
    """The declaration changed once more before what was left could be dropped."""
    flow.apply(TABLE + "CREATE INDEX i ON t (a);")
    flow.run(f"CREATE INDEX {LEFT} ON t (b)")
    flow.apply(TABLE + "CREATE INDEX i ON t (a, b);")
    assert flow.column(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 't'::regclass AND NOT indisprimary"
    ) == ["i"]


def test_a_run_that_is_killed_goes_on_without_being_approved_again(flow: Flow) -> None:
    """A person approved the whole of it; what is left of it is no new plan."""
    flow.apply(USERS + "CREATE INDEX old ON users (age);")
    flow.run(ROWS)
    wanted = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);"
    assert killed(flow, wanted, 2, drops="Drop")
    result = flow.reconcile(wanted, policy=Policy(drops="Drop"))
    assert result.held is None
    assert result.plan is not None
    assert result.plan.continues == flow.column("SELECT hash FROM colonnade.plan ORDER BY id")[1]


def test_what_is_left_asks_again_once_something_else_is_declared(flow: Flow) -> None:
    flow.apply(USERS + "CREATE INDEX old ON users (age);")
    flow.run(ROWS)
    assert killed(flow, "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);", 2, drops="Drop")
    result = flow.reconcile(
        "CREATE TABLE users (id bigint PRIMARY KEY, email text, more int);", policy=Policy(drops="Drop")
    )
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"


def test_what_somebody_added_meanwhile_is_no_part_of_what_was_approved(flow: Flow) -> None:
    flow.apply(USERS + "CREATE INDEX old ON users (age);")
    wanted = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);"
    assert killed(flow, wanted, 2, drops="Drop")
    flow.run("ALTER TABLE users ADD COLUMN precious text; INSERT INTO users (id, email, precious) VALUES (1, 'a', 'x')")
    result = flow.reconcile(wanted, policy=Policy(drops="Drop"))
    assert result.held is not None
    assert flow.ask("SELECT precious FROM users") == "x"


def test_the_journal_tells_how_far_a_killed_run_came(flow: Flow) -> None:
    flow.apply(USERS)
    assert killed(flow, USERS + "CREATE INDEX a ON users (email); CREATE INDEX b ON users (age);", 2)
    assert flow.column("SELECT finished IS NULL FROM colonnade.plan ORDER BY id") == [False, True]
    assert flow.column(
        "SELECT step || ' ' || (finished IS NOT NULL) FROM colonnade.step WHERE plan_id = 2 ORDER BY 1"
    ) == ["s1 true"]


def test_scratch_databases_that_a_crash_left_behind_are_swept_once_they_are_old(flow: Flow) -> None:
    with started(flow, USERS, "rehearsing on a copy") as process:
        process.join()
    (left,) = flow.scratch_databases()
    flow.reconcile(USERS, approved)
    assert flow.scratch_databases() == [left], "it could still be in use"
    prefix, born, rest = left.rsplit("_", 2)
    aged = f"{prefix}_{int(born, 16) - 3700:x}_{rest}"
    with psycopg.connect(flow.hand, autocommit=True) as hand:
        hand.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(left), sql.Identifier(aged)))
    flow.reconcile(USERS + "CREATE TABLE t (a int)", approved)
    assert flow.scratch_databases() == []


def test_a_session_that_rests_holds_no_scratch_database_and_goes_on(flow: Flow) -> None:
    with flow.opened() as database:
        database.desire(declarations(USERS))
        assert len(flow.scratch_databases_held()) == 1, "the next trial of a burst finds it there"
        database.rest()
        assert flow.scratch_databases_held() == []
        database.rest()
        assert reconcile(database, declarations(USERS), Policy(), approved).held is None
        database.rest()
        assert flow.scratch_databases_held() == []
    assert flow.ask("SELECT count(*) FROM users") == 0
