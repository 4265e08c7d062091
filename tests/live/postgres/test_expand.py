"""A column of a large table gets another type while the table serves: by a second column that takes its place, with all that stands on it.

Here every table that has rows counts as a large one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import psycopg
import pytest

from colonnade.cli.script import down
from colonnade.core.errors import DataViolation
from colonnade.core.gate import Facts, Policy
from colonnade.core.plan import Plan
from colonnade.reconcile import reconcile
from tests.live.postgres.flow import Flow, approved, declarations
from tests.live.postgres.walk import shape

AT_ONCE = Policy(max_blocking=0.0, drops="Drop")
"""Nobody is to wait at all."""


@pytest.fixture
def flow(flow: Flow) -> Flow:
    flow.policy = AT_ONCE
    return flow


def changed(flow: Flow, before: str, rows: str, after: str) -> Plan:
    """From one to the other with these rows in it; the plan by which it came there."""
    flow.apply(before)
    flow.run(rows)
    result = flow.apply(after)
    assert result.plan is not None
    assert_nothing_is_left(flow)
    return result.plan


def assert_nothing_is_left(flow: Flow) -> None:
    left = flow.column(
        r"SELECT attname FROM pg_attribute WHERE attname LIKE '%\_colonnade\_%' AND NOT attisdropped"
        r" UNION SELECT relname FROM pg_class WHERE relname LIKE '%\_colonnade\_%'"
        r" UNION SELECT conname FROM pg_constraint WHERE conname LIKE '%\_colonnade\_%'"
        r" UNION SELECT tgname FROM pg_trigger WHERE tgname LIKE '%\_colonnade\_%'"
        r" UNION SELECT proname FROM pg_proc WHERE proname LIKE '%\_colonnade\_%'"
    )
    assert left == []


def codes(plan: Plan) -> set[str]:
    return {h.code for h in plan.hazards}


SHOP = """
CREATE TABLE users (id {0} PRIMARY KEY, email text NOT NULL, age int CHECK (age >= 0), CONSTRAINT users_email_key UNIQUE (email, id));
CREATE TABLE orders (
    id {0} GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id {0} NOT NULL DEFAULT 1 CONSTRAINT buyer REFERENCES users ON DELETE CASCADE,
    parent {0} REFERENCES orders, total numeric(10, 2), CONSTRAINT own CHECK (parent <> id)
);
CREATE INDEX by_user ON orders (user_id, total) WHERE user_id > 0;
CREATE UNIQUE INDEX by_both ON orders ((user_id + 1), id DESC) INCLUDE (total);
CREATE TABLE items (id serial PRIMARY KEY, order_id {0} REFERENCES orders (id) ON UPDATE CASCADE, n int);
ALTER INDEX by_both ALTER COLUMN 1 SET STATISTICS 300;
COMMENT ON COLUMN orders.user_id IS 'who buys';
COMMENT ON INDEX by_user IS 'for the list';
COMMENT ON CONSTRAINT buyer ON orders IS 'somebody';
CREATE VIEW spent AS SELECT user_id, sum(total) AS s FROM orders GROUP BY user_id;
CREATE VIEW most AS SELECT * FROM spent WHERE s > 10;
CREATE VIEW grouped AS SELECT o.*, count(i.id) AS n FROM orders o LEFT JOIN items i ON i.order_id = o.id GROUP BY o.id;
CREATE FUNCTION buyers() RETURNS SETOF {0} LANGUAGE sql BEGIN ATOMIC SELECT user_id FROM orders; END;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_orders ON orders USING (user_id > 0);
CREATE STATISTICS both_of ON user_id, total FROM orders;
ALTER TABLE orders ALTER COLUMN user_id SET STATISTICS 500, ALTER COLUMN user_id SET (n_distinct = -0.5);
"""
ROWS = """
INSERT INTO users SELECT i, i || '@x', i FROM generate_series(1, 300) i;
INSERT INTO orders (user_id, total) SELECT 1 + i % 300, i FROM generate_series(1, 900) i;
UPDATE orders SET parent = id - 1 WHERE id > 1;
INSERT INTO items (order_id, n) SELECT 1 + i % 900, i FROM generate_series(1, 500) i;
"""


def test_keys_and_what_refers_to_them_grow_together_and_nobody_waits(flow: Flow) -> None:
    plan = changed(flow, SHOP.format("int"), ROWS, SHOP.format("bigint"))
    assert "REWRITES_TABLE" not in codes(plan)
    assert {"FILLS_COLUMN", "MOVES_COLUMN"} <= codes(plan)
    assert (
        flow.ask("SELECT count(*) FROM orders o JOIN users u ON u.id = user_id JOIN items i ON i.order_id = o.id")
        == 500
    )
    assert flow.ask("INSERT INTO orders (total) VALUES (1) RETURNING id") == 901, "it goes on counting"
    flow.run(
        "INSERT INTO users (id, email) VALUES (3000000000, 'large'); INSERT INTO orders (user_id) VALUES (3000000000)"
    )
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        flow.ask("UPDATE items SET order_id = 12345 RETURNING id")


def test_they_go_back_the_same_way(flow: Flow) -> None:
    changed(flow, SHOP.format("bigint"), ROWS, SHOP.format("int"))
    assert (
        flow.ask("SELECT count(*) FROM orders o JOIN users u ON u.id = user_id JOIN items i ON i.order_id = o.id")
        == 500
    )


CHANGES = {
    "to numeric": ("a int", "a numeric", "SELECT sum(a)::int FROM t", 500500),
    "to fewer digits": ("a numeric", "a numeric(10, 1)", "SELECT sum(a)::int FROM t", 500500),
    "to text": ("a int", "a text", "SELECT max(length(a)) FROM t", 4),
    "to a number by a cast": ("a text", "a int", "SELECT sum(a)::int FROM t", 500500),
    "to not null as well": ("a int", "a bigint NOT NULL", "SELECT sum(a)::int FROM t", 500500),
    "to nullable as well": ("a int NOT NULL", "a bigint", "SELECT sum(a)::int FROM t", 500500),
    "with another default": ("a int DEFAULT 7", "a bigint DEFAULT 8", "INSERT INTO t (id) VALUES (0) RETURNING a", 8),
    "with a collation": ("a text", 'a varchar(9) COLLATE "C"', "SELECT max(length(a)) FROM t", 4),
    "with storage": (
        "a int",
        'a text COLLATE "C"; ALTER TABLE t ALTER a SET STORAGE EXTERNAL',
        "SELECT max(length(a)) FROM t",
        4,
    ),
    "to become an identity": (
        "a int NOT NULL",
        "a bigint GENERATED BY DEFAULT AS IDENTITY",
        "SELECT sum(a)::int FROM t",
        500500,
    ),
    "of an odd name": ('"A ""b" int', '"A ""b" bigint', 'SELECT sum("A ""b")::int FROM t', 500500),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_column_changes_in_slices(flow: Flow, change: tuple[str, str, str, int]) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, {}, z text);{}"
    before, after, question, answer = change
    after, _, more = after.partition(";")
    rows = "INSERT INTO t SELECT i, i, 'z' FROM generate_series(1, 1000) i"
    plan = changed(flow, table.format(before, ""), rows, table.format(after, more))
    assert any(s.batched for s in plan.steps), plan.steps
    assert flow.ask(question) == answer  # pyright: ignore[reportArgumentType] - written above


OTHERWISE = {
    "a cast that depends on the session": ("CREATE TABLE t (id int PRIMARY KEY, a {});", "text", "timestamptz", "now()"),
    "values without an order": ("CREATE TABLE t (id int PRIMARY KEY, a {});", "text", "json", "'{}'"),
    "partitions": (
        "CREATE TABLE t (id int, a {}) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9999);",
        "int", "bigint", "7",
    ),
    "children": ("CREATE TABLE t (id int, a {}); CREATE TABLE c () INHERITS (t);", "int", "bigint", "7"),
    "a generated column": ("CREATE TABLE t (id int, a {}, g bigint GENERATED ALWAYS AS (a + 1) STORED);", "int", "bigint", "7"),
    "a publication": ("CREATE TABLE t (id int PRIMARY KEY, a {}); CREATE PUBLICATION p FOR TABLE t;", "int", "bigint", "7"),
    "a rule": (
        "CREATE TABLE t (id int, a {}); CREATE RULE r AS ON UPDATE TO t DO ALSO NOTIFY changed;", "int", "bigint", "7",
    ),
    "a routine that returns its rows": (
        """CREATE TABLE t (id int PRIMARY KEY, a {0});
        CREATE FUNCTION f() RETURNS SETOF t LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT t.id, t.a FROM t; END';""",
        "int", "bigint", "7",
    ),
    "a trigger that writes whole rows": (
        """CREATE TABLE t (id int PRIMARY KEY, a {0}); CREATE TABLE h (id int, a bigint);
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO h VALUES (OLD.*); RETURN OLD; END';
        CREATE TRIGGER g AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION f();""",
        "int", "bigint", "7",
    ),
    "an exclusion constraint": (
        "CREATE TABLE t (id int, a {}, EXCLUDE USING btree (a WITH =) WHERE (id < 0));", "int", "bigint", "7",
    ),
    "a trigger that always fires": (
        """CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TABLE t (id int, a {}); CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE t ENABLE ALWAYS TRIGGER g;""",
        "int", "bigint", "7",
    ),
}  # fmt: skip


@pytest.mark.parametrize("other", OTHERWISE.values(), ids=OTHERWISE)
def test_where_a_second_column_would_not_do_the_table_is_rewritten_and_that_is_said(
    flow: Flow, other: tuple[str, str, str, str]
) -> None:
    table, before, after, value = other
    flow.apply(table.format(before))
    flow.run(f"INSERT INTO t SELECT i, {value} FROM generate_series(1, 100) i")
    plan = flow.plan(table.format(after))
    assert "REWRITES_TABLE" in codes(plan)
    flow.apply(table.format(after))
    assert flow.ask("SELECT count(*) FROM t WHERE a IS NOT NULL") == 100


TOUCHED = """
CREATE TABLE t (id int PRIMARY KEY, a {0}, touched int DEFAULT 0);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := NEW.touched + 1; NEW.a := NEW.a + 1; RETURN NEW; END';
CREATE TRIGGER touching BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
"""


def test_the_table_s_own_triggers_do_not_notice(flow: Flow) -> None:
    rows = "INSERT INTO t SELECT i, 5 FROM generate_series(1, 200) i"
    plan = changed(flow, TOUCHED.format("int"), rows, TOUCHED.format("bigint"))
    assert "REWRITES_TABLE" not in codes(plan)
    assert flow.ask("SELECT sum(touched)::int || ' ' || sum(a) FROM t") == "0 1000"


@contextmanager
def writing(flow: Flow) -> Iterator[list[int]]:
    """An application that inserts, changes and deletes rows all the time, and counts the errors that it meets."""
    stop, errors, written = Event(), [], [0]

    def work() -> None:
        with psycopg.connect(flow.hand, autocommit=True) as hand:
            while not stop.is_set():
                written[0] += 1
                at = 10_000 + written[0]
                for statement in (
                    f"INSERT INTO t (id, a, z) VALUES ({at}, {at}, 'new')",
                    f"UPDATE t SET a = a + 1, z = 'changed' WHERE id = {1 + at % 5000}",
                    f"UPDATE t SET id = {at + 100_000} WHERE id = {at}",
                    f"DELETE FROM t WHERE id = {1 + at % 3}",
                ):
                    try:
                        hand.execute(statement.encode())
                    except psycopg.Error as e:
                        errors.append(e)

    worker = Thread(target=work)
    worker.start()
    try:
        yield written
    finally:
        stop.set()
        worker.join()
    assert errors == []


def test_what_is_written_meanwhile_is_written_to_both(flow: Flow) -> None:
    table = "CREATE TABLE t (id {0} PRIMARY KEY, a {0}, z text); CREATE INDEX i ON t (a);"
    flow.apply(table.format("int"))
    flow.run("INSERT INTO t SELECT i, 0, 'old' FROM generate_series(1, 5000) i; CREATE TABLE log (id bigint, a bigint)")
    with writing(flow) as written:
        flow.apply(table.format("bigint"))
    assert written[0] > 5
    assert_nothing_is_left(flow)
    assert (
        flow.ask("SELECT count(*) FROM t WHERE id > 5000 AND (a NOT BETWEEN 10001 AND 99999 OR id <> a + 100000)") == 0
    )
    flow.run("SET enable_seqscan = off; SELECT count(*) FROM t WHERE a > 0")


def test_one_that_is_no_longer_wanted_half_way_leaves_nothing_behind(flow: Flow) -> None:
    table = "CREATE TABLE t (id {0} PRIMARY KEY, a int); CREATE TABLE u (t {0} REFERENCES t);"
    flow.apply(table.format("int"))
    flow.run("INSERT INTO t SELECT i, 0 FROM generate_series(1, 500) i; INSERT INTO u SELECT id FROM t")
    seen: list[str] = []

    class Enough(Exception):
        pass

    def stop(message: str, done: float | None = None) -> None:
        seen.append(message)
        if done is not None and done > 0.7:
            raise Enough

    with pytest.raises(Enough):
        flow.reconcile(table.format("bigint"), approved, progress=stop)
    assert (
        flow.ask(
            r"SELECT count(*)::int FROM pg_attribute WHERE attname LIKE '%\_colonnade\_new' AND NOT attisdropped AND attnum > 0"
        )
        > 0
    )
    flow.apply(table.format("int"))
    assert_nothing_is_left(flow)


def test_the_reverse_script_leads_back_with_everything_that_stood_on_the_columns(flow: Flow) -> None:
    flow.apply(SHOP.format("int"))
    flow.run(ROWS)
    before = shape(flow.dump(flow.hand, "--schema-only", "--exclude-schema=colonnade"))
    wanted = SHOP.format("bigint").replace("DEFAULT 1", "DEFAULT 2").replace("'who buys'", "'who bought'")
    plan = flow.plan(wanted)
    assert all(s.undo or s.undo_note for s in plan.steps)
    flow.apply(wanted)
    flow.psql(flow.url, "\n".join(down(plan)))
    assert shape(flow.dump(flow.hand, "--schema-only", "--exclude-schema=colonnade")) == before


def test_what_others_call_alike_is_left_alone(flow: Flow) -> None:
    flow.run(
        "CREATE SCHEMA theirs; CREATE TABLE theirs.u (k int, total_colonnade_new int); INSERT INTO theirs.u VALUES (1, 2)"
    )
    flow.reconcile("CREATE TABLE z (id int)", approved)
    assert flow.ask("SELECT total_colonnade_new FROM theirs.u") == 2


ALIKE = """
CREATE TABLE t (id int, x_colonnade_new {0}, CONSTRAINT k_colonnade_new CHECK (id > {1}));
CREATE INDEX i_colonnade_new ON t (id) WHERE id > {1};
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g_colonnade_new {2} INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
"""


def test_what_others_call_alike_is_read_as_all_else(flow: Flow) -> None:
    """Only names with our digest before the ending are not there for the readers."""
    flow.apply(ALIKE.format("int", 1, "BEFORE"))
    plan = flow.plan(ALIKE.format("bigint", 2, "AFTER"))
    assert {s.subject for s in plan.steps} >= {
        "column public.t.x_colonnade_new",
        "check public.t.k_colonnade_new",
        "index public.i_colonnade_new",
        "trigger public.t.g_colonnade_new",
    }
    flow.apply(ALIKE.format("bigint", 2, "AFTER"))
    flow.run("ALTER TABLE t DROP COLUMN x_colonnade_new")
    assert flow.plan(ALIKE.format("bigint", 2, "AFTER")).steps, "the fingerprint sees it, too"
    desired = flow.reconcile("CREATE TABLE t (id int, x_0123abcd_colonnade_new int);").desired
    assert "x_0123abcd_colonnade_new has a name of the sort" in str(next(iter(desired.errors.values())))


def cut_short(flow: Flow, before: str, rows: str, after: str) -> str:
    """Ends while rows are filled; the name of the second column."""
    flow.apply(before)
    flow.run(rows)

    def stop(message: str, done: float | None = None) -> None:
        if message.startswith("UPDATE"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow.reconcile(after, approved, progress=stop)
    (column,) = flow.column(
        r"SELECT attname FROM pg_attribute WHERE attname LIKE '%\_colonnade\_new' AND NOT attisdropped AND attnum > 0"
    )
    return str(column)


NUMBERS = "CREATE TABLE t (id int PRIMARY KEY, n {0});"
SOME = "INSERT INTO t SELECT i, i FROM generate_series(1, 500) i"


def test_going_back_by_hand_leaves_nothing_behind_either(flow: Flow) -> None:
    """Files that speak for the whole database find it as it is to be, without a plan."""
    column = cut_short(flow, NUMBERS.format("text"), SOME, NUMBERS.format("int"))
    with flow.opened() as database:
        wanted = declarations(NUMBERS.format("text"))
        assert database.desire(wanted, whole=True).met
        assert column in flow.column("SELECT attname FROM pg_attribute"), "who only reads takes nothing away"
        result = reconcile(database, wanted, flow.policy, approved, whole=True)
    assert (result.plan, result.left) == (None, ())
    assert_nothing_is_left(flow)
    flow.run("INSERT INTO t VALUES (0, 'abc')")


def test_what_somebody_s_view_stands_on_stays_and_is_told_of(flow: Flow) -> None:
    column = cut_short(flow, NUMBERS.format("text"), SOME, NUMBERS.format("int"))
    flow.run(f'CREATE SCHEMA theirs; CREATE VIEW theirs.v AS SELECT "{column}" FROM t')
    (told,) = flow.reconcile(NUMBERS.format("text"), approved).left
    assert f"cannot drop column {column} of table public.t" in told
    assert "view theirs.v depends on" in told
    flow.run("INSERT INTO t VALUES (0, 'abc'); DROP VIEW theirs.v")
    assert flow.reconcile(NUMBERS.format("text"), approved).left == ()
    assert_nothing_is_left(flow)


LONG = "long_" * 12
NAMES = {
    "long table": (LONG, "a", "b"),
    "long columns, shortened to the same": ("t", LONG + "a", LONG + "b"),
    "both, of letters of several bytes": ("tabelle_" + "ü" * 20, "spalte_" + "ß" * 20, "größe_" + "日" * 12),
}


@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("before", ["NOT NULL", ""], ids=["it is there", "it comes"])
def test_not_null_keeps_a_name_that_the_server_has_shortened(
    flow: Flow, names: tuple[str, str, str], before: str
) -> None:
    t, a, b = names
    table = f'CREATE TABLE "{t}" (id int PRIMARY KEY, "{a}" {{0}} {{1}}, "{b}" {{0}} NOT NULL);'
    question = "SELECT conname FROM pg_constraint WHERE contype = 'n' AND conkey <> '{1}' AND connamespace = 2200"
    flow.run(table.format("bigint", "NOT NULL"))
    expected = flow.column(question)
    flow.run(f'DROP TABLE "{t}"')
    flow.apply(table.format("int", before))
    flow.run(f'INSERT INTO "{t}" SELECT i, i, i FROM generate_series(1, 50) i')
    plan = flow.plan(table.format("bigint", "NOT NULL"))
    assert "REWRITES_TABLE" not in codes(plan)
    flow.apply(table.format("bigint", "NOT NULL"))
    assert sorted(flow.column(question)) == sorted(expected)


PARTLY = """
CREATE TABLE users (id {0} PRIMARY KEY);
CREATE TABLE visits (user_id {0} REFERENCES users, at int) PARTITION BY RANGE (at);
CREATE TABLE visits_1 PARTITION OF visits FOR VALUES FROM (0) TO (9999);
CREATE TABLE t (id {0} PRIMARY KEY, a {0});
"""


def test_where_one_column_cannot_the_others_still_do(flow: Flow) -> None:
    """The foreign key of a partitioned table cannot be built on a successor, so the column that it refers to is rewritten with it."""
    rows = """INSERT INTO users SELECT generate_series(1, 100); INSERT INTO t SELECT i, i FROM generate_series(1, 100) i;
        INSERT INTO visits SELECT i, i FROM generate_series(1, 100) i;"""
    plan = changed(flow, PARTLY.format("int"), rows, PARTLY.format("bigint"))
    rewritten = {s.subject: h.message for s in plan.steps for h in s.hazards if h.code == "REWRITES_TABLE"}
    assert set(rewritten) == {"column public.users.id", "column public.visits.user_id"}
    assert rewritten["column public.users.id"].endswith("visits.visits_user_id_fkey cannot follow to the new column")
    filled = {s.subject for s in plan.steps for h in s.hazards if h.code == "FILLS_COLUMN"}
    assert filled == {"column public.t.id", "column public.t.a"}


def test_a_row_is_written_once_for_all_columns_of_its_table(flow: Flow) -> None:
    table = "CREATE TABLE t (id {0} PRIMARY KEY, a {0}, b {0} NOT NULL); CREATE TABLE u (id int, n {0});"
    rows = "INSERT INTO t SELECT i, i, i FROM generate_series(1, 1000) i; INSERT INTO u SELECT i, i FROM generate_series(1, 100) i"
    plan = changed(flow, table.format("int"), rows, table.format("bigint"))
    assert sorted(s.batched for s in plan.steps if s.batched) == ['"public"."t"', '"public"."u"']
    assert sum("VALIDATE CONSTRAINT" in s.statement and '"t"' in s.statement for s in plan.steps) == 1
    assert [s.subject for s in plan.steps if s.batched] == ["table public.t", "column public.u.n"]
    assert flow.ask("SELECT (sum(id) + sum(a) + sum(b))::int FROM t") == 3 * 500500


def test_writes_that_fail_before_the_type_has_changed_are_told_of(flow: Flow) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, a {}, b {}, c int);"
    plan = changed(
        flow,
        table.format("text", "int"),
        "INSERT INTO t SELECT i, i, i FROM generate_series(1, 50) i",
        table.format("int", "bigint"),
    )
    (told,) = (h for h in plan.hazards if h.code == "TIGHTENS_RULE")
    assert "writes to column public.t.a of values that are not valid as integer fail from this step on" in told.message
    assert "maxBlocking" in told.safe_way


def test_a_rewrite_brings_its_rule_with_its_type(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, a text);")
    flow.run("INSERT INTO t SELECT i, i FROM generate_series(1, 50) i")
    plan = flow.plan("CREATE TABLE t (id int PRIMARY KEY, a int);", Policy(max_blocking=60.0))
    assert "TIGHTENS_RULE" not in codes(plan)


def test_what_rows_refuse_leaves_nothing_that_refuses_writes(flow: Flow) -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, f float8 NOT NULL, CONSTRAINT fc CHECK (f <> 1));"
    flow.apply(old)
    flow.run("INSERT INTO t VALUES (1, 1.2), (2, 8)")
    with pytest.raises(DataViolation):
        flow.reconcile(old.replace("float8", "int"), approved, Policy(max_blocking=0))
    flow.run("UPDATE t SET f = 1.3 WHERE id = 2; UPDATE t SET f = 70000000000 WHERE id = 2")
    assert (
        flow.column("SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attname ~ '_colonnade_new$'")
        == []
    )


def test_a_float_becomes_a_text_in_one_session_only(flow: Flow) -> None:
    old = "CREATE TABLE t (id int PRIMARY KEY, f float8);"
    flow.apply(old)
    flow.run("INSERT INTO t SELECT i, i / 7.0 FROM generate_series(1, 100) i")
    plan = flow.plan(old.replace("float8", "text"), Policy(max_blocking=0))
    assert any("follows from the session" in h.message for h in plan.hazards if h.code == "REWRITES_TABLE")


def test_what_others_put_on_the_column_meanwhile_does_not_go_untold(flow: Flow) -> None:
    """It would go with the old column: the plan is made afresh, and asks."""
    flow.apply(NUMBERS.format("int"))
    flow.run(SOME)
    added: list[str] = []

    def meddle(message: str, done: float | None = None) -> None:
        if message.startswith("ANALYZE") and not added:
            added.append(flow.run("CREATE INDEX mine ON t (n); ALTER TABLE t ADD CONSTRAINT guard CHECK (n > 0)"))

    def facts(plan: Plan) -> Facts:
        return Facts() if "DROPS_INDEX" in codes(plan) else approved(plan)

    result = flow.reconcile(NUMBERS.format("bigint"), facts, progress=meddle)
    assert added
    assert result.held is not None
    assert result.plan is not None
    assert {"DROPS_INDEX", "DROPS_GUARANTEE"} <= codes(result.plan)
    assert flow.column("SELECT conname FROM pg_constraint WHERE conname = 'guard'") == ["guard"]
    assert flow.ask("SELECT to_regclass('mine')::text") == "mine"
    assert_nothing_is_left(flow)


def test_what_is_not_declared_on_the_column_is_dropped_by_name(flow: Flow) -> None:
    """And not taken along by the old column, with nothing said."""
    flow.apply(NUMBERS.format("int"))
    flow.run(SOME + "; CREATE INDEX mine ON t (n); ALTER TABLE t ADD CONSTRAINT guard CHECK (n > 0)")
    plan = flow.plan(NUMBERS.format("bigint"))
    assert {"DROPS_INDEX", "DROPS_GUARANTEE"} <= codes(plan)
    assert any("FILLS_COLUMN" in [h.code for h in s.hazards] for s in plan.steps)
    flow.apply(NUMBERS.format("bigint"))
    assert flow.ask("SELECT to_regclass('mine')") is None


NOT_ASKED = {
    "a_check": ("CHECK (b > 1)", 0),
    "not_null": pytest.param("NOT NULL b", None, marks=pytest.mark.postgres(">=18")),
}


@pytest.mark.parametrize(("rule", "odd"), NOT_ASKED.values(), ids=NOT_ASKED)
def test_rows_are_asked_what_the_filling_would_find(flow: Flow, rule: str, odd: int | None) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, b int, c {});"
    said = f"ALTER TABLE t ADD CONSTRAINT k {rule} NOT VALID;"
    flow.apply(table.format("text"))
    flow.run(f"INSERT INTO t VALUES (7, {'NULL' if odd is None else odd}, '1'), (8, 5, '2'); {said}")
    with pytest.raises(
        DataViolation, match=r"NOT VALID for .*public\.t\..*: 1 of them, such as id = 7\. Nothing was changed"
    ):
        flow.apply(table.format("int") + said)
    flow.run("UPDATE t SET b = 6 WHERE id = 7")
    flow.apply(table.format("int") + said)
    assert_nothing_is_left(flow)


@pytest.mark.parametrize(("rule", "odd"), NOT_ASKED.values(), ids=NOT_ASKED)
def test_rows_are_filled_before_a_rule_comes_and_after_it_goes(flow: Flow, rule: str, odd: int | None) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, b int, c {});"
    said = f"ALTER TABLE t ADD CONSTRAINT k {rule} NOT VALID;"
    changed(
        flow,
        table.format("text"),
        f"INSERT INTO t VALUES (7, {'NULL' if odd is None else odd}, '1')",
        table.format("int") + said,
    )
    flow.apply(table.format("bigint"))
    assert_nothing_is_left(flow)
