"""The flow on a real server: what is declared comes to be, is proved, and stays; and nothing is written that should not be."""

from __future__ import annotations

import threading

import psycopg
import pytest

from colonnade.core.errors import ColonnadeError, Stale, Unsupported
from colonnade.core.gate import Facts, Policy, Verdict
from colonnade.core.plan import Plan
from colonnade.reconcile import reconcile
from tests.live.postgres.flow import OWNER, Flow, approved, declarations

SHOP = """
CREATE TYPE order_status AS ENUM ('pending', 'shipped');
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL DEFAULT '',
    lower_email text GENERATED ALWAYS AS (lower(email)) STORED, CHECK (email LIKE '%@%'));
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL REFERENCES users ON DELETE CASCADE,
    status order_status NOT NULL DEFAULT 'pending', total numeric(12, 2) NOT NULL CHECK (total >= 0), placed timestamptz DEFAULT now());
CREATE INDEX orders_by_user ON orders (user_id, placed DESC) WHERE status <> 'shipped';
CREATE SEQUENCE invoice START 100;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.placed := now(); RETURN NEW; END $$;
CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
CREATE VIEW open_orders AS SELECT o.*, u.email FROM orders o JOIN users u ON u.id = o.user_id WHERE o.status <> 'shipped';
CREATE MATERIALIZED VIEW totals AS SELECT user_id, sum(total) AS total FROM orders GROUP BY user_id;
CREATE UNIQUE INDEX totals_key ON totals (user_id);
COMMENT ON TABLE users IS 'those who buy';
COMMENT ON COLUMN users.email IS 'unique';
"""
YAML = """
spec:
  schemas: [public, app]
  enums: [{name: mood, values: [sad, happy]}]
  tables:
  - name: users
    columns:
    - {name: id, type: bigint, identity: Always}
    - {name: email, type: text, nullable: false, comment: unique}
    - {name: mood, type: mood, nullable: false, default: "'happy'"}
    primaryKey: {columns: [id]}
    uniques: [{name: users_email_key, columns: [email]}]
  - name: app.orders
    columns: [{name: id, type: bigint}, {name: user_id, type: bigint}]
    primaryKey: {columns: [id]}
    foreignKeys: [{name: orders_user, columns: [user_id], references: {table: users, columns: [id]}}]
    indexes: [{name: by_user, columns: [{name: user_id}]}]
  sql: CREATE VIEW app.emails AS SELECT email FROM users;
"""


def test_a_schema_comes_to_be_out_of_nothing_and_the_second_pass_is_one_query(
    flow: Flow, make_postgres: object
) -> None:
    result = flow.apply(SHOP)
    assert result.plan is not None
    assert result.outcome is not None
    assert set(result.outcome.timings) == {s.id for s in result.plan.steps}
    assert not result.plan.hazards, "nobody uses what is new"
    assert all(s.transactional for s in result.plan.steps)
    flow.run(
        "INSERT INTO users (email) VALUES ('a@b'); INSERT INTO orders (user_id, total) VALUES (1, 2); UPDATE orders SET total = 3"
    )
    assert flow.ask("SELECT total FROM open_orders") == 3
    with flow.opened() as database:
        held = flow.scratch_databases_held()
        desired = database.desire(declarations(SHOP))
        assert database.settled() == (desired.digest, database.fingerprint())
        assert flow.scratch_databases_held() == held, "none was made"


def test_rows_and_what_the_server_does_by_itself_are_no_drift(flow: Flow) -> None:
    flow.apply(SHOP)
    flow.run("""
        INSERT INTO users (email) SELECT i || '@x' FROM generate_series(1, 1000) i; INSERT INTO orders (user_id, total) SELECT id, 1 FROM users;
        ANALYZE; REFRESH MATERIALIZED VIEW totals; SELECT nextval('invoice'); CREATE TEMPORARY TABLE x (a int);""")
    flow.run("VACUUM FULL orders")
    flow.run("REINDEX TABLE users")
    again = flow.reconcile(SHOP)
    assert (again.state, again.held) == (None, None)


def test_yaml_and_sql_are_one_road(flow: Flow) -> None:
    flow.apply(YAML)
    assert flow.ask("SELECT count(*) FROM app.emails") == 0
    same = """
    CREATE SCHEMA app; CREATE TYPE mood AS ENUM ('sad', 'happy');
    CREATE TABLE users (id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, email text NOT NULL UNIQUE, mood mood NOT NULL DEFAULT 'happy');
    COMMENT ON COLUMN users.email IS 'unique';
    CREATE TABLE app.orders (id bigint PRIMARY KEY, user_id bigint CONSTRAINT orders_user REFERENCES users);
    CREATE INDEX by_user ON app.orders (user_id); CREATE VIEW app.emails AS SELECT email FROM users;
    """
    assert flow.statements(same) == []


def test_a_database_that_was_made_by_hand_is_adopted_as_it_is(flow: Flow) -> None:
    flow.run(SHOP)
    before = flow.shape()
    result = flow.reconcile(SHOP)
    assert result.held is None
    assert not (result.plan and result.plan.steps)
    assert flow.reconcile(SHOP).state is None
    flow.run("DROP SCHEMA colonnade CASCADE")
    assert flow.shape() == before


def test_the_dump_of_a_database_declares_it(flow: Flow) -> None:
    flow.run(SHOP)
    dump = flow.dump(flow.hand, "--schema-only", "--no-owner")
    assert flow.statements(dump) == []


INHERITED = {
    "a_partition_says_it_again": """
CREATE TABLE t (id int, a text NOT NULL, PRIMARY KEY (a, id)) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t (a NOT NULL) FOR VALUES IN ('a');""",
    "a_partition_said_it_first": """
CREATE TABLE t (id int, a text) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t (a NOT NULL, id NOT NULL, CONSTRAINT k CHECK (id > 0)) FOR VALUES IN ('a');
ALTER TABLE t ALTER a SET NOT NULL, ADD CONSTRAINT k CHECK (id > 0);""",
    "parts_of_parts": """
CREATE TABLE t (id int, a text NOT NULL CHECK (a <> 'c')) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF t (a DEFAULT 'b' NOT NULL) FOR VALUES IN ('b') PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF q (a NOT NULL, CHECK (a <> 'c')) DEFAULT;""",
    "names_of_their_own": """
CREATE TABLE t (id int, a text CONSTRAINT n NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t (a CONSTRAINT m NOT NULL) FOR VALUES IN ('a');
CREATE TABLE q (id int, a text CONSTRAINT k NOT NULL);
ALTER TABLE t ATTACH PARTITION q DEFAULT;""",
    "a_name_that_a_former_partition_kept": """
CREATE TABLE t (a text NOT NULL) PARTITION BY LIST (a);
CREATE TABLE p PARTITION OF t FOR VALUES IN ('a');
ALTER TABLE t DETACH PARTITION p;""",
    "children": """
CREATE TABLE t (id int, a text NOT NULL, CONSTRAINT k CHECK (id > 0));
CREATE TABLE c (a text NOT NULL, CONSTRAINT k CHECK (id > 0)) INHERITS (t);
CREATE TABLE d (id int NOT NULL, a text NOT NULL) INHERITS (t);
CREATE TABLE e (a text NOT NULL) INHERITS (c, d);
ALTER TABLE c NO INHERIT t;""",
}


def test_the_dump_declares_what_is_inherited_and_said_again(flow: Flow) -> None:
    for name, script in INHERITED.items():
        flow.run(f"CREATE SCHEMA {name}; SET search_path = {name};{script}")
    dump = flow.dump(flow.hand, "--schema-only", "--no-owner")
    assert flow.statements(dump) == []
    assert flow.reconcile(dump).held is None


def test_the_dump_declares_what_the_server_prints_otherwise_the_second_time(flow: Flow) -> None:
    flow.run(
        "CREATE TABLE t (id int, status varchar(9) CHECK (status IN ('new', 'old')));"
        "CREATE INDEX open ON t (id) WHERE status IN ('new', 'old')"
    )
    dump = flow.dump(flow.hand, "--schema-only", "--no-owner")
    assert flow.ask("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 't_status_check'") in dump
    flow.apply(dump)
    flow.run(
        "ALTER TABLE t DROP CONSTRAINT t_status_check, ADD CONSTRAINT t_status_check CHECK (status IN ('new', 'odd'))"
    )
    assert len(flow.statements(dump)) > 1


@pytest.mark.parametrize("mode", ["Plan", "Observe"])
def test_where_nothing_may_be_written_nothing_is(flow: Flow, mode: str) -> None:
    flow.run(
        "CREATE TABLE old (a int); CREATE TABLE users (id bigint, email text); INSERT INTO users VALUES (1, 'a@b');"
    )
    before = flow.whole()
    policy = Policy(mode=mode, approval="Never", drift="Correct")  # type: ignore[arg-type]
    result = flow.reconcile(SHOP, approved, policy)
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"
    assert mode in result.held.message
    assert result.plan
    assert flow.whole() == before


@pytest.mark.parametrize("mode", ["Plan", "Observe"])
def test_where_nothing_may_be_written_what_agrees_is_not_noted_either(flow: Flow, mode: str) -> None:
    flow.run("CREATE TABLE users (id bigint)")
    before = flow.whole()
    result = flow.reconcile("CREATE TABLE users (id bigint)", approved, Policy(mode=mode))  # type: ignore[arg-type]
    assert (result.held, result.fingerprint != "") == (None, True)
    assert flow.whole() == before


def test_a_held_plan_writes_nothing(flow: Flow) -> None:
    flow.run("CREATE TABLE users (id bigint); INSERT INTO users VALUES (1)")
    before = flow.whole()
    result = flow.reconcile("CREATE TABLE users (id bigint, a int)", policy=Policy(approval="Always"))
    assert result.held is not None
    assert flow.whole() == before


def test_the_plan_of_the_same_difference_is_the_same_each_time_it_is_made(flow: Flow) -> None:
    flow.run(
        "CREATE TABLE old (a int); CREATE TABLE users (id bigint NOT NULL, email text); CREATE INDEX i ON users (email)"
    )
    hashes = {flow.plan(SHOP + "CREATE INDEX users_by_id ON users (id);").hash for _ in range(3)}
    assert len(hashes) == 1


def test_what_moves_between_plan_and_run_is_planned_afresh(flow: Flow) -> None:
    flow.apply("CREATE TABLE users (id bigint)")
    wanted = "CREATE TABLE users (id bigint, email text, name text)"
    with flow.opened() as database:
        desired = database.desire(declarations(wanted))
        plan = database.plan(database.read(desired), desired)
        flow.run("ALTER TABLE users ADD COLUMN name text")
        with pytest.raises(Stale), database.lock():
            database.execute(plan, desired)
    moved: list[Plan] = []

    def moving(plan: Plan) -> Facts:
        """Somebody is quicker than we are, once."""
        if not moved:
            flow.run("ALTER TABLE users ADD COLUMN email text")
        moved.append(plan)
        return approved(plan)

    result = flow.reconcile(wanted, moving)
    assert result.held is None
    assert len(moved) == 1, "with the second look nothing was left to do"
    assert flow.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 ORDER BY 1"
    ) == ["email", "id", "name"]


def test_an_approval_does_not_outlive_a_change_of_the_database(flow: Flow) -> None:
    flow.apply("CREATE TABLE users (id bigint, mail text, fax text)")
    wanted = "CREATE TABLE users (id bigint)"
    plan = flow.plan(wanted)
    flow.run("ALTER TABLE users ADD COLUMN precious text")
    result = flow.reconcile(wanted, lambda _: Facts(verdict=Verdict(plan.hash, approved=True)))
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"
    assert flow.ask("SELECT count(*) FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0") == 4


DRIFT = {
    "column public.users.extra": "ALTER TABLE users ADD COLUMN extra int",
    "index public.orders_by_user": "DROP INDEX orders_by_user",
    "default public.orders.status": "ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'shipped'",
    "function public.touch()": "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "trigger public.orders.orders_touch": "ALTER TABLE orders DISABLE TRIGGER orders_touch",
    "comment table.public.users": "COMMENT ON TABLE users IS 'hand-made'",
    "check public.orders.orders_total_check": "ALTER TABLE orders DROP CONSTRAINT orders_total_check",
    "column public.orders.user_id": "ALTER TABLE orders ALTER COLUMN user_id DROP NOT NULL",
    "enum public.order_status": "ALTER TYPE order_status ADD VALUE 'lost'",
    "view public.open_orders": "DROP VIEW open_orders",
}


def test_what_was_changed_by_hand_is_reported_and_put_back_where_the_policy_says_so(flow: Flow) -> None:
    flow.apply(SHOP)
    for change in DRIFT.values():
        flow.run(change)
    before = flow.shape()
    reported = flow.reconcile(SHOP, approved)
    assert reported.held is not None
    assert reported.held.reason == "Drifted"
    assert reported.drifted
    assert flow.shape() == before
    assert reported.plan is not None
    assert {s.subject for s in reported.plan.steps} >= DRIFT.keys()
    flow.apply(SHOP, Policy(drift="Correct"))


def test_what_is_put_back_asks_where_something_would_be_lost(flow: Flow) -> None:
    flow.apply("CREATE TABLE users (id bigint)")
    flow.run("ALTER TABLE users ADD COLUMN notes text; INSERT INTO users VALUES (1, 'by hand')")
    result = flow.reconcile("CREATE TABLE users (id bigint)", policy=Policy(drift="Correct"))
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"
    assert flow.ask("SELECT notes FROM users") == "by hand"


def test_a_change_of_the_declaration_is_no_drift(flow: Flow) -> None:
    flow.apply("CREATE TABLE users (id bigint)")
    flow.run("ALTER TABLE users ADD COLUMN email text")
    result = flow.reconcile("CREATE TABLE users (id bigint, email text, name text)")
    assert result.held is None
    assert not result.drifted


def test_progress_is_told_and_a_stop_is_heeded(flow: Flow) -> None:
    told: list[str] = []
    stop = threading.Event()
    flow.reconcile(SHOP, progress=lambda message, done: told.append(message))
    assert "reading the database" in told
    stop.set()
    with flow.opened(stop=stop) as database, pytest.raises(ColonnadeError, match="it goes on later"):
        reconcile(database, declarations(SHOP + "CREATE TABLE more ();"), Policy())
    flow.apply(SHOP + "CREATE TABLE more ();")


def test_two_at_once_do_not_meet(flow: Flow) -> None:
    with flow.opened() as one, flow.opened() as other:
        with one.lock(), pytest.raises(ColonnadeError, match="another Colonnade process"), other.lock():
            pass
        with other.lock():
            pass


def test_the_journal_tells_what_was_done(flow: Flow) -> None:
    result = flow.apply("CREATE TABLE users (id bigint)")
    assert result.plan is not None
    assert flow.column("SELECT hash FROM colonnade.plan") == [result.plan.hash]
    assert flow.ask("SELECT error IS NULL AND finished >= started FROM colonnade.plan")
    assert flow.ask("SELECT count(*) FILTER (WHERE finished IS NOT NULL) FROM colonnade.step") == len(result.plan.steps)
    assert flow.column("SELECT DISTINCT owner FROM colonnade.ledger") == [OWNER]
    assert flow.ask("SELECT plan #>> '{steps,0,statement}' FROM colonnade.plan").startswith("CREATE TABLE")


def test_a_difference_that_is_left_is_an_error_with_its_name(flow: Flow) -> None:
    """Somebody changes the database while we do: what was proved is what is there, not what was done."""

    def meddling(message: str, done: float | None) -> None:
        if message.startswith("CREATE TABLE"):
            flow.run(
                "CREATE OR REPLACE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$"
            )

    function = SHOP[SHOP.index("CREATE FUNCTION") : SHOP.index("CREATE TRIGGER")]
    flow.apply(function)
    with pytest.raises(Unsupported, match=r"touch\(\)"):
        flow.reconcile(function + "CREATE TABLE t ()", progress=meddling)


def test_a_session_that_stays_open_sees_what_others_do(flow: Flow) -> None:
    with flow.opened() as database:
        desired = database.desire(declarations("CREATE TABLE t (a int)"))
        first = database.read(desired)
        flow.run("CREATE TABLE t (a int)")
        assert database.read(desired).fingerprint != first.fingerprint
        with psycopg.connect(flow.hand) as hand:
            hand.execute("CREATE TABLE not_yet ()")
            assert "table public.not_yet" not in database.read(desired).unmanaged
