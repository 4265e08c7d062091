"""Changes of tables with rows in them: the rows stay, who reads and writes need not wait, and what the rows forbid is told first."""

from __future__ import annotations

import re

import pytest

from colonnade.core.errors import ColonnadeError, DataViolation, Unsupported
from colonnade.core.gate import Policy
from tests.live.postgres.flow import Flow, approved

ROWS = "INSERT INTO users (id, email) SELECT i, CASE WHEN i % 4 <> 0 THEN i || '@x' END FROM generate_series(1, 100) i;"
USERS = "CREATE TABLE users (id bigint PRIMARY KEY, email text);"
DROPPING = Policy(drops="Drop")


def refused(flow: Flow, wanted: str, error: type[ColonnadeError] = DataViolation, *, asked: bool = True) -> str:
    """What is said, once nothing was changed; where no question was `asked` before, the journal tells of the attempt."""
    look = flow.whole if asked else flow.shape
    before = look()
    with pytest.raises(error) as told:
        flow.reconcile(wanted, approved)
    assert look() == before
    return str(told.value)


def columns(flow: Flow, table: str = "users") -> list[str]:
    return flow.column(
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
        table,
    )


def test_rows_without_a_value_stand_against_not_null_and_are_told_and_filled_where_declared(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run(ROWS)
    wanted = "CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL);"
    told = refused(flow, wanted)
    assert "column public.users.email is to be NOT NULL" in told
    assert "25 of them, such as id = 4, 8, 12, 16, 20. " in told
    assert "declare a backfill" in told
    (query,) = re.findall(r"To see them all: (.*?); then", told)
    assert len(flow.run(query).split()) == 25, "the query that is told finds them all"
    filled = f"spec:\n  sql: {wanted}\n  backfills: [{{table: users, column: email, expression: \"'none-' || id\"}}]"
    flow.apply(filled)
    assert flow.ask("SELECT count(*) FROM users WHERE email = 'none-' || id") == 25
    assert flow.ask("SELECT count(*) FROM users WHERE email LIKE '%@x'") == 75


def test_a_new_column_with_a_backfill_becomes_not_null_in_steps_that_block_nobody(flow: Flow) -> None:
    """The second step that every team takes, and back again."""
    flow.apply(USERS)
    flow.run(ROWS)
    wanted = """spec:
  sql: |
    CREATE TABLE users (id bigint PRIMARY KEY, email text, status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'gone')));
    CREATE INDEX users_status ON users (status);
  backfills: [{table: users, column: status, expression: "'active'"}]
"""
    plan = flow.plan(wanted)
    assert not plan.weighs(*(w for h in plan.hazards for w in [h.weight] if w != "notice")), (
        "nothing here needs a person"
    )
    alone = [s.statement for s in plan.steps if not s.transactional]
    assert any(s.startswith("UPDATE") for s in alone)
    assert any("VALIDATE CONSTRAINT" in s for s in alone)
    assert any(s.startswith("CREATE INDEX CONCURRENTLY") for s in alone)
    result = flow.reconcile(wanted)
    assert result.held is None
    assert flow.ask("SELECT count(*) FROM users WHERE status = 'active'") == 100
    assert flow.ask("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'status'")
    assert not flow.column("SELECT conname FROM pg_constraint WHERE conname LIKE 'colonnade%'")
    flow.apply(USERS, DROPPING)
    assert flow.ask("SELECT count(email) FROM users") == 75


def test_a_backfill_tells_which_triggers_it_fires(flow: Flow) -> None:
    head = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$;"
    triggers = "".join(
        f"CREATE TRIGGER {name} BEFORE {events} ON t FOR EACH ROW EXECUTE FUNCTION f();"
        for name, events in (
            ("always", "INSERT OR UPDATE"),
            ("on_others", "UPDATE OF a"),
            ("on_this", "UPDATE OF a, n OR DELETE"),
            ("on_insert", "INSERT"),
            ("still", "UPDATE"),
        )
    )
    rest = f"{triggers} ALTER TABLE t DISABLE TRIGGER still;"
    flow.apply(f"{head} CREATE TABLE t (a int, n int); {rest}")
    flow.run("INSERT INTO t VALUES (1)")
    wanted = f"""spec:
  sql: {head} CREATE TABLE t (a int, n int NOT NULL); {rest}
  backfills: [{{table: t, column: n, expression: '1'}}]"""
    (told,) = [h for s in flow.plan(wanted).steps for h in s.hazards]
    assert told.code == "FIRES_TRIGGERS"
    assert "(always, on_this)" in told.message


def test_a_backfill_reaches_the_rows_that_it_names_and_what_it_leaves_is_told(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run(ROWS)

    def wanted(where: str, expression: str = "'none'", column: str = "email") -> str:
        more = "" if column == "email" else f", {column} text NOT NULL DEFAULT 'new'"
        table = f"CREATE TABLE users (id bigint PRIMARY KEY, email text{'' if more else ' NOT NULL'}{more});"
        backfill = f'{{table: users, column: {column}, expression: "{expression}"{where}}}'
        return f"spec:\n  sql: {table}\n  backfills: [{backfill}]"

    told = refused(flow, wanted(", where: id < 50"))
    assert "has rows that its backfill leaves without a value: 13 of them, such as id = 52, 56" in told
    assert "25 of them" in refused(flow, wanted("", "lower(email)"))
    assert "50 of them" in refused(flow, wanted(", where: id > 50", column="state"))
    flow.apply(wanted(", where: id <= 2 OR email IS NULL"))
    assert flow.ask("SELECT count(*) FROM users WHERE email = 'none'") == 27


def test_a_column_that_must_have_a_value_and_gets_none_is_told(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run(ROWS)
    told = refused(flow, "CREATE TABLE users (id bigint PRIMARY KEY, email text, age int NOT NULL)")
    assert "column public.users.age" in told
    assert "backfill" in told


DUPLICATES = {
    "unique": "CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE)",
    "index": USERS + "CREATE UNIQUE INDEX users_email_key ON users (email)",
    "partial": USERS + "CREATE UNIQUE INDEX users_email_key ON users (email) WHERE id < 50",
}


@pytest.mark.parametrize("wanted", DUPLICATES.values(), ids=DUPLICATES.keys())
def test_values_that_stand_more_than_once_are_told_before_anything_is_built(flow: Flow, wanted: str) -> None:
    flow.apply(USERS)
    flow.run("INSERT INTO users VALUES (1, 'a'), (2, 'a'), (3, 'b'), (4, NULL), (5, NULL), (6, 'b')")
    told = refused(flow, wanted)
    assert "users_email_key" in told
    assert "2 of them, such as email = " in told
    flow.run("DELETE FROM users WHERE id IN (2, 6)")
    flow.apply(wanted)
    assert flow.ask("SELECT count(*) FROM users") == 4


def test_rows_that_refer_to_nothing_are_told_and_those_that_do_not_refer_are_no_orphans(flow: Flow) -> None:
    before = USERS + "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint, other bigint);"
    flow.apply(before)
    flow.run(ROWS + "INSERT INTO orders VALUES (1, 1), (2, 777), (3, NULL), (4, 888)")
    wanted = USERS + "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users, other bigint);"
    told = refused(flow, wanted)
    assert "foreign key public.orders.orders_user_id_fkey refers to rows of table public.users" in told
    assert "2 of them" in told
    assert "user_id = 777, 888" in told
    flow.run("DELETE FROM orders WHERE user_id > 700")
    plan = flow.plan(wanted)
    assert [s.statement.endswith("NOT VALID") for s in plan.steps] == [True, False]
    assert [s.transactional for s in plan.steps] == [True, False]
    flow.apply(wanted)


def test_rows_that_refer_to_no_row_of_their_own_table_are_told(flow: Flow) -> None:
    flow.run("CREATE TABLE parts (id int PRIMARY KEY, whole int); INSERT INTO parts VALUES (1, NULL), (2, 1), (3, 77)")
    told = refused(flow, "CREATE TABLE parts (id int PRIMARY KEY, whole int REFERENCES parts);")
    assert "refers to rows of table public.parts that are not there: 1 of them, such as whole = 77" in told


REPLACED = {
    "CREATE INDEX i ON t (a)": "CREATE INDEX i ON t (a, b)",
    "CREATE INDEX i ON t (a) WHERE a > 0": "CREATE INDEX i ON t (a DESC)",
    "ALTER TABLE t ADD CONSTRAINT i UNIQUE (a)": "ALTER TABLE t ADD CONSTRAINT i UNIQUE (b, a)",
    "ALTER TABLE t ADD CONSTRAINT i CHECK (a > 0)": "ALTER TABLE t ADD CONSTRAINT i CHECK (a > 1)",
    "ALTER TABLE t ADD CONSTRAINT i FOREIGN KEY (a) REFERENCES u": "ALTER TABLE t ADD CONSTRAINT i FOREIGN KEY (b) REFERENCES u",
}


@pytest.mark.parametrize("before", REPLACED)
def test_what_is_replaced_serves_until_the_new_one_is_there(flow: Flow, before: str) -> None:
    table = "CREATE TABLE u (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b int);"
    flow.apply(f"{table} {before};")
    flow.run("INSERT INTO u SELECT generate_series(2, 9); INSERT INTO t SELECT i, i, i FROM generate_series(2, 9) i")
    wanted = f"{table} {REPLACED[before]};"
    statements = flow.statements(wanted)
    there, gone = (max(i for i, s in enumerate(statements) if s.startswith(verbs)) for verbs in (MAKES, DROPS))
    assert "colonnade_old" in statements[0]
    assert there < gone
    flow.apply(wanted)
    assert flow.column("SELECT conname FROM pg_constraint WHERE conname LIKE '%colonnade%'") == []
    assert flow.column("SELECT relname FROM pg_class WHERE relname LIKE '%colonnade%'") == []


MAKES = ("CREATE INDEX", 'ALTER TABLE "public"."t" ADD', 'ALTER TABLE "public"."t" VALIDATE')
DROPS = ("DROP INDEX", 'ALTER TABLE "public"."t" DROP')


def test_a_view_that_is_made_anew_is_away_for_no_backfill_and_no_build(flow: Flow) -> None:
    flow.apply(
        "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int PRIMARY KEY, m mood); CREATE VIEW v AS SELECT id FROM t;"
    )
    flow.run("INSERT INTO t SELECT i, 'ok' FROM generate_series(1, 99) i")
    plan = flow.plan("""spec:
  sql: |
    CREATE TYPE mood AS ENUM ('ok', 'happy');
    CREATE TABLE t (id int PRIMARY KEY, m mood, note text NOT NULL);
    CREATE INDEX notes ON t (note);
    CREATE VIEW v AS SELECT note, id FROM t WHERE m <> 'happy';
  backfills: [{table: t, column: note, expression: "'none'"}]
""")
    at = next(i for i, s in enumerate(plan.steps) if s.statement.startswith("DROP VIEW"))
    assert plan.steps[at + 1].statement.startswith("CREATE VIEW")
    assert plan.steps[at].transactional
    assert any(s.batched for s in plan.steps[:at])


def test_one_primary_key_takes_the_place_of_another_in_one_transaction(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL);")
    plan = flow.plan("CREATE TABLE t (id int NOT NULL, a int NOT NULL, CONSTRAINT t_key PRIMARY KEY (a, id));")
    assert [(s.statement.partition(" ON ")[0], s.transactional) for s in plan.steps] == [
        ('CREATE UNIQUE INDEX CONCURRENTLY "t_key"', False),
        ('ALTER TABLE "public"."t" DROP CONSTRAINT "t_pkey"', True),
        ('ALTER TABLE "public"."t" ADD CONSTRAINT "t_key" PRIMARY KEY USING INDEX "t_key"', True),
    ]


def test_rows_that_violate_a_check_are_told(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run(ROWS)
    wanted = "CREATE TABLE users (id bigint PRIMARY KEY CHECK (id <= 97), email text)"
    told = refused(flow, wanted)
    assert "check public.users.users_id_check is violated" in told
    assert "3 of them" in told
    flow.run("DELETE FROM users WHERE id > 97")
    flow.apply(wanted)
    assert flow.ask("SELECT convalidated FROM pg_constraint WHERE conname = 'users_id_check'")


DEPENDENTS = """
CREATE VIEW a AS SELECT id, amount FROM t; CREATE VIEW b WITH (security_barrier) AS SELECT * FROM a WHERE amount > 1;
GRANT SELECT ON a TO PUBLIC; GRANT SELECT (id) ON b TO PUBLIC; COMMENT ON VIEW a IS 'of a'; COMMENT ON COLUMN b.amount IS 'of b.amount';
CREATE MATERIALIZED VIEW m AS SELECT id, sum(amount) AS total FROM b GROUP BY id; CREATE UNIQUE INDEX m_key ON m (id); COMMENT ON INDEX m_key IS 'of m';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
CREATE TRIGGER on_a INSTEAD OF INSERT ON a FOR EACH ROW EXECUTE FUNCTION note();
CREATE RULE r AS ON DELETE TO b DO INSTEAD NOTHING;
ALTER VIEW a ALTER COLUMN amount SET DEFAULT 7;
CREATE TRIGGER on_t BEFORE UPDATE OF amount ON t FOR EACH ROW WHEN (NEW.amount > 5) EXECUTE FUNCTION note();
ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (amount > 0);
CREATE INDEX t_amount ON t (amount) WHERE amount > 3; CREATE STATISTICS s ON id, amount FROM t;
"""


def test_around_a_change_of_type_everything_that_stands_on_the_column_is_there_again(flow: Flow) -> None:
    before = "CREATE TABLE t (id int PRIMARY KEY, amount int DEFAULT 1 CHECK (amount > 0), twice int GENERATED ALWAYS AS (amount * 2) STORED);"
    flow.apply(before + DEPENDENTS)
    flow.run("INSERT INTO t SELECT i, i FROM generate_series(1, 50) i; REFRESH MATERIALIZED VIEW m")
    after = before.replace("amount int", "amount bigint").replace("twice int", "twice bigint")
    flow.apply(after + DEPENDENTS)
    assert flow.ask("SELECT sum(amount) || ' ' || sum(twice) FROM t") == "1275 2550"
    assert flow.ask("SELECT count(*) FROM m") == 49, "it is filled again"
    assert flow.ask(
        "SELECT has_table_privilege('public', 'a', 'SELECT') AND has_column_privilege('public', 'b', 'id', 'SELECT')"
    )
    assert (
        flow.ask(
            "SELECT obj_description('a'::regclass) || col_description('b'::regclass, 2) || obj_description('m_key'::regclass)"
        )
        == "of aof b.amountof m"
    )
    flow.apply(before + DEPENDENTS)


def test_where_a_part_only_gets_another_place_its_rows_count_for_the_whole(flow: Flow) -> None:
    whole = "CREATE TABLE t (id int NOT NULL) PARTITION BY RANGE (id); CREATE TABLE p PARTITION OF t FOR VALUES FROM (1) TO (90);"
    flow.apply(whole)
    flow.run("INSERT INTO t SELECT generate_series(1, 50)")
    flow.apply(whole.replace("NOT NULL", "GENERATED ALWAYS AS IDENTITY").replace("90", "99"))
    assert flow.ask("INSERT INTO t DEFAULT VALUES RETURNING id") == 51


def test_a_materialized_view_of_one_that_was_never_filled_is_made_empty(flow: Flow) -> None:
    below = "CREATE TABLE t (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM t; CREATE VIEW v AS SELECT a FROM m;"
    flow.run(below.replace("FROM t;", "FROM t WITH NO DATA;"))
    flow.apply(below + "CREATE MATERIALIZED VIEW n AS SELECT a FROM v; CREATE MATERIALIZED VIEW o AS SELECT a FROM t;")
    assert flow.ask("SELECT string_agg(matviewname, '' ORDER BY 1) FROM pg_matviews WHERE ispopulated") == "o"
    flow.run("REFRESH MATERIALIZED VIEW m")
    flow.apply(below + "CREATE MATERIALIZED VIEW n AS SELECT a + 1 AS a FROM v;")
    assert flow.ask("SELECT string_agg(matviewname, '' ORDER BY 1) FROM pg_matviews WHERE ispopulated") == "mn"


def test_values_that_do_not_fit_the_new_type_are_told_and_a_conversion_helps(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, amount text)")
    flow.run("INSERT INTO t VALUES (1, '12'), (2, 'about 7')")
    wanted = "CREATE TABLE t (id int PRIMARY KEY, amount int)"
    told = refused(flow, wanted, asked=int(flow.ask("SHOW server_version_num")) >= 160000)
    assert "amount" in told
    assert "conversion" in told
    assert flow.column("SELECT amount FROM t ORDER BY id") == ["12", "about 7"]
    flow.apply(
        f"spec:\n  sql: {wanted}\n  conversions: [{{table: t, column: amount, using: \"substring(amount from '[0-9]+')::int\"}}]"
    )
    assert flow.column("SELECT amount FROM t ORDER BY id") == [12, 7]


def test_labels_come_in_place_and_go_with_the_values_carried_over(flow: Flow) -> None:
    tables = "CREATE TABLE t (id int PRIMARY KEY, m mood NOT NULL DEFAULT 'ok', ms mood[]); CREATE INDEX t_m ON t (m); CREATE VIEW v AS SELECT m FROM t;"
    flow.apply("CREATE TYPE mood AS ENUM ('sad', 'ok');" + tables)
    flow.run("INSERT INTO t VALUES (1, 'sad', '{ok}'), (2, 'ok', NULL)")
    more = "CREATE TYPE mood AS ENUM ('awful', 'sad', 'meh', 'ok', 'happy');" + tables
    assert not flow.plan(more).hazards
    flow.apply(more)
    assert flow.column("SELECT unnest(enum_range(NULL::mood))::text") == ["awful", "sad", "meh", "ok", "happy"]
    flow.run("INSERT INTO t VALUES (3, 'happy')")
    less = "CREATE TYPE mood AS ENUM ('ok', 'sad');" + tables
    told = refused(flow, less)
    assert "enum public.mood is to lose the labels awful, meh, happy, and column public.t.m has rows with them" in told
    flow.run("UPDATE t SET m = 'sad' WHERE id = 3; UPDATE t SET ms = '{meh,ok}' WHERE id = 1")
    assert "column public.t.ms" in refused(flow, less)
    flow.run("UPDATE t SET ms = '{ok}' WHERE id = 1")
    assert "NARROWS_DATA" in [h.code for h in flow.plan(less).hazards]
    flow.apply(less)
    assert flow.column("SELECT m::text FROM t ORDER BY id") == ["sad", "ok", "sad"]
    assert flow.ask("SELECT ms::text FROM t WHERE id = 1") == "{ok}"


@pytest.mark.parametrize("kept", ["COMMENT ON TYPE mood IS 'felt';", ""], ids=["kept", "gone"])
def test_a_type_is_replaced_under_its_columns_with_what_is_said_of_it(flow: Flow, kept: str) -> None:
    tables = "CREATE TABLE t (m mood); COMMENT ON COLUMN t.m IS 'how'; CREATE VIEW v AS SELECT m FROM t;"
    flow.apply("CREATE TYPE mood AS ENUM ('sad', 'ok'); COMMENT ON TYPE mood IS 'felt';" + tables)
    flow.apply("CREATE TYPE mood AS ENUM ('ok');" + kept + tables)
    assert flow.ask("SELECT obj_description('mood'::regtype, 'pg_type')") == ("felt" if kept else None)


def test_declared_renames_keep_rows_and_all_that_stands_on_them(flow: Flow) -> None:
    flow.apply("""
        CREATE TABLE customer (id bigint PRIMARY KEY, mail text NOT NULL UNIQUE, state text DEFAULT 'x'); CREATE INDEX by_state ON customer (state);
        CREATE TABLE orders (id int PRIMARY KEY, c bigint REFERENCES customer); CREATE VIEW v AS SELECT mail FROM customer;""")
    flow.run("INSERT INTO customer VALUES (1, 'a'), (2, 'b'); INSERT INTO orders VALUES (1, 2)")
    wanted = """spec:
  renames:
  - {kind: Table, from: customer, to: customers}
  - {kind: Column, table: customers, from: mail, to: email}
  - {kind: Index, from: by_state, to: customers_by_state}
  - {kind: Constraint, table: customers, from: customer_mail_key, to: customers_email_key}
  - {kind: Constraint, table: customers, from: customer_pkey, to: customers_pkey}
  sql: |
    CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, state text DEFAULT 'x');
    CREATE INDEX customers_by_state ON customers (state);
    CREATE TABLE orders (id int PRIMARY KEY, c bigint REFERENCES customers);
    CREATE VIEW v AS SELECT email AS mail FROM customers;
"""
    plan = flow.plan(wanted)
    assert "DELETES_DATA" not in [h.code for h in plan.hazards]
    assert all("RENAME" in s.statement for s in plan.steps if s.subject.startswith(("table", "column")))
    flow.apply(wanted)
    assert flow.column("SELECT email FROM customers ORDER BY id") == ["a", "b"]
    assert flow.ask("SELECT mail FROM v JOIN orders ON true JOIN customers USING (id) LIMIT 1")
    assert flow.statements(wanted) == [], "the rename may stay declared"


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        (
            "CREATE TABLE users (id bigint PRIMARY KEY, mail text)",
            "renames: [{kind: Column, table: public.users, from: email, to: mail}]",
        ),
        (
            "CREATE TABLE people (id bigint PRIMARY KEY, email text)",
            "renames: [{kind: Table, from: public.users, to: public.people}]",
        ),
    ],
)
@pytest.mark.parametrize("drops", ["Drop", "Quarantine"])
def test_what_looks_like_a_rename_is_marked_with_the_line_to_declare(
    flow: Flow, wanted: str, line: str, drops: str
) -> None:
    flow.apply(USERS)
    flow.run(ROWS)
    result = flow.reconcile(wanted, policy=Policy(drops=drops))  # type: ignore[arg-type]
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"
    assert result.plan is not None
    (found,) = [h for h in result.plan.hazards if h.code == "LOOKS_LIKE_RENAME"]
    assert line in found.safe_way
    assert flow.ask("SELECT count(email) FROM users") == 75


def test_a_table_that_is_no_longer_declared_waits_for_approval_and_goes_to_quarantine_with_its_rows(flow: Flow) -> None:
    both = (
        USERS
        + "CREATE TABLE log (id int PRIMARY KEY, u bigint REFERENCES users, at timestamptz); CREATE INDEX ON log (at); CREATE TYPE m AS ENUM ('a'); ALTER TABLE log ADD m m;"
    )
    flow.apply(both)
    flow.run(ROWS + "INSERT INTO log VALUES (1, 1), (2, 2)")
    held = flow.reconcile(USERS)
    assert held.held is not None
    assert held.held.reason == "ApprovalRequired"
    assert held.plan is not None
    assert held.plan.hash[:12] in held.held.message
    assert flow.ask("SELECT count(*) FROM log") == 2
    flow.apply(USERS)
    assert flow.ask("SELECT to_regclass('log') IS NULL")
    (schema,) = flow.column("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%'")
    assert flow.run(f'SELECT count(*) FROM "{schema}".log').strip() == "2"
    assert flow.ask("SELECT until > now() + interval '6 days' FROM colonnade.quarantine")
    flow.apply(both)
    assert flow.ask("SELECT count(*) FROM log") == 0, "a new one; the old one waits in quarantine"
    flow.run("INSERT INTO log VALUES (9, 1)")
    flow.apply(USERS)
    assert len(flow.column("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%'")) == 2


def test_what_waited_in_quarantine_for_long_enough_is_really_dropped_and_never_under_others(flow: Flow) -> None:
    flow.apply(USERS + "CREATE TABLE a (id int); CREATE TABLE b (id int PRIMARY KEY);")
    flow.apply(USERS + "CREATE TABLE b (id int PRIMARY KEY);")
    flow.apply(USERS)
    first, second = flow.column("SELECT schema FROM colonnade.quarantine ORDER BY since")
    flow.run(f'CREATE VIEW theirs AS SELECT id FROM "{second}".b; UPDATE colonnade.quarantine SET until = now()')
    assert flow.reconcile(USERS).held is None
    assert flow.column("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%'") == [second], (
        "somebody needs it"
    )
    flow.run(f'DROP SCHEMA "{second}" CASCADE')
    assert flow.reconcile(USERS).held is None, "dropped by hand is dropped"
    assert flow.column("SELECT schema FROM colonnade.quarantine") == []
    assert first != second


def test_what_is_dropped_at_once_says_how_many_rows_go(flow: Flow) -> None:
    flow.apply(USERS + "CREATE TABLE log (a int)", DROPPING)
    flow.run("INSERT INTO log SELECT generate_series(1, 321); ANALYZE log")
    held = flow.reconcile(USERS, policy=DROPPING)
    assert held.held is not None
    assert "table public.log and everything in it is deleted" in held.held.message
    assert "321 row(s), " in held.held.message
    flow.apply(USERS, DROPPING)
    assert flow.ask("SELECT to_regclass('log') IS NULL")
    assert not flow.column("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%'")


def test_drops_that_are_refused_stay(flow: Flow) -> None:
    flow.apply(USERS + "CREATE TABLE log (a int)")
    held = flow.reconcile(USERS, approved, Policy(drops="Refuse"))
    assert held.held is not None
    assert (held.held.reason, held.held.terminal) == ("Refused", True)
    assert flow.ask("SELECT to_regclass('log') IS NOT NULL")


def test_a_column_that_others_stand_on_is_not_dropped_under_them(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run("CREATE VIEW theirs AS SELECT email FROM users;" + ROWS)
    told = refused(flow, "CREATE TABLE users (id bigint PRIMARY KEY)", Unsupported)
    assert "theirs" in told
    assert flow.ask("SELECT count(*) FROM theirs") == 100


def test_on_tables_in_use_indexes_are_built_and_dropped_beside_the_traffic(flow: Flow) -> None:
    flow.apply(USERS + "CREATE INDEX old ON users (email)")
    wanted = (
        USERS
        + "CREATE INDEX new ON users (lower(email)) WHERE id > 5; ALTER TABLE users ADD CONSTRAINT k UNIQUE (id, email);"
    )
    plan = flow.plan(wanted)
    found = [s.statement for s in plan.steps]
    assert sum("INDEX CONCURRENTLY" in s for s in found) == 3
    assert any("USING INDEX" in s for s in found)
    assert {h.code for h in plan.hazards} == {"BUILDS_INDEX", "DROPS_INDEX"}
    flow.apply(wanted)


def test_every_step_says_how_to_go_back(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run(ROWS)
    wanted = """spec:
  sql: CREATE TABLE users (id bigint PRIMARY KEY, email varchar(50), n int NOT NULL DEFAULT 0 CHECK (n >= 0)); CREATE INDEX i ON users (email);
  backfills: [{table: users, column: n, expression: '1'}]
"""
    plan = flow.plan(wanted)
    assert all(s.undo or s.undo_note for s in plan.steps)
    flow.apply(wanted)
    for one in reversed(plan.steps):
        if one.undo:
            flow.run(one.undo)
    flow.run("ALTER TABLE users ALTER COLUMN email TYPE text")
    assert flow.statements(USERS) == []


def test_a_new_column_with_a_volatile_default_on_a_large_table_is_filled_in_slices(flow: Flow) -> None:
    flow.apply(USERS)
    flow.run("INSERT INTO users SELECT i, repeat('x', 200) FROM generate_series(1, 20000) i; ANALYZE users")
    wanted = "CREATE TABLE users (id bigint PRIMARY KEY, email text, token uuid NOT NULL DEFAULT gen_random_uuid())"
    careful = Policy(max_blocking=0.001)
    plan = flow.plan(wanted, careful)
    assert any(s.batched for s in plan.steps)
    assert "REWRITES_TABLE" not in [h.code for h in plan.hazards]
    flow.apply(wanted, careful)
    assert flow.ask("SELECT count(DISTINCT token) FROM users") == 20000


def test_a_rewrite_that_would_take_long_waits_for_approval(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, a text)")
    flow.run("INSERT INTO t SELECT i, now() FROM generate_series(1, 20000) i; ANALYZE t")
    wanted = "CREATE TABLE t (id int PRIMARY KEY, a timestamptz)"
    assert not flow.plan(wanted).hazards, "a small table takes the direct road"
    held = flow.reconcile(wanted, policy=Policy(max_blocking=0.001))
    assert held.held is not None
    assert held.plan is not None
    (found,) = held.plan.hazards
    assert found.code == "REWRITES_TABLE"
    assert "20000 rows" in found.message
    assert "must be marked IMMUTABLE" in found.message, "why it is not done in slices"
    (step,) = [s for s in held.plan.steps if s.hazards]
    assert step.lock == "ACCESS EXCLUSIVE"
    assert step.blocks == ("public.t",)
    assert step.estimate > 0.001


def test_a_body_that_names_something_by_no_schema_is_told_how_it_can_be_run(flow: Flow) -> None:
    inner = "CREATE FUNCTION inner_one(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + 1';"
    outer = "CREATE FUNCTION outer_one(int) RETURNS int LANGUAGE sql IMMUTABLE {} AS 'SELECT inner_one($1)';"
    table = "CREATE TABLE t (x int, y int GENERATED ALWAYS AS (outer_one(x)) STORED);"
    bare, pathed = (inner + outer.format(path) + table for path in ("", "SET search_path = public"))
    remedy = "ALTER FUNCTION outer_one SET search_path"
    assert remedy in refused(flow, bare, Unsupported)
    flow.run(bare)
    assert remedy in refused(flow, bare + "CREATE TABLE u ();", Unsupported)
    flow.run("ALTER FUNCTION outer_one SET search_path = public")
    flow.apply(pathed + "CREATE TABLE u ();")


def test_a_sequence_that_is_to_begin_higher_is_moved_on_and_never_back(flow: Flow) -> None:
    text = (
        "CREATE SEQUENCE up {0}; CREATE SEQUENCE down INCREMENT -1 {1};"
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY ({0}), a int);"
    )
    flow.apply(text.format("MINVALUE 1 START 200", "MAXVALUE 100 START -50"))
    flow.run("ALTER SEQUENCE up RESTART 3; ALTER SEQUENCE down RESTART 90; ALTER TABLE t ALTER id RESTART 7")
    flow.apply(text.format("MINVALUE 50 START 200", "MAXVALUE 0 START -50"))
    assert flow.ask("SELECT nextval('up') || ' ' || nextval('down')") == "50 0"
    assert flow.ask("INSERT INTO t (a) VALUES (1) RETURNING id") == 50
    flow.apply(text.format("MINVALUE 10 START 200", "MAXVALUE 9 START -50"))
    assert flow.ask("SELECT nextval('up') || ' ' || nextval('down')") == "51 -1", "further bounds move nothing"
    with pytest.raises(DataViolation, match="has got further than 40, which is to be its end"):
        flow.reconcile(text.format("MINVALUE 10 MAXVALUE 40 START 20", "MAXVALUE 9 START -50"), approved)


ASKED_BEFORE = {
    "a check on a new column": ("x int NOT NULL DEFAULT -1, CONSTRAINT c CHECK (x > 0)", "t.c is violated by rows"),
    "a check that no value meets": ("x int, CONSTRAINT c CHECK (x IS NOT NULL)", "t.c is violated by rows"),
    "a check on what is computed": ("x int GENERATED ALWAYS AS (id - 9) STORED, CONSTRAINT c CHECK (x > 0)", "t.c is violated"),
    "a unique new column": ("x int NOT NULL DEFAULT 1, CONSTRAINT c UNIQUE (x)", "t.c has values that stand more than once"),
    "nulls that are not distinct": ("x int, CONSTRAINT c UNIQUE NULLS NOT DISTINCT (x)", "t.c has values that stand more"),
    "a reference out of a new column": ("x int DEFAULT 7 REFERENCES k", "t_x_fkey refers to rows of table public.k that are not"),
    "a reference to a new table": ("CONSTRAINT c FOREIGN KEY (id) REFERENCES n", "t.c refers to rows of table public.n that are not"),
    "a reference to a new column": ("CONSTRAINT c FOREIGN KEY (id) REFERENCES k (m)", "t.c refers to rows of table public.k that are not"),
}  # fmt: skip


@pytest.mark.postgres(">=15")
@pytest.mark.parametrize(("declared", "words"), ASKED_BEFORE.values(), ids=ASKED_BEFORE.keys())
def test_what_is_new_is_asked_as_it_will_be(flow: Flow, declared: str, words: str) -> None:
    """And not found out half way, with a constraint in force that no write can meet."""
    flow.apply("CREATE TABLE k (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY);")
    flow.run("INSERT INTO k VALUES (1), (2); INSERT INTO t VALUES (1), (2)")
    wanted = f"""CREATE TABLE n (id int PRIMARY KEY); CREATE TABLE k (id int PRIMARY KEY, m int UNIQUE);
        CREATE TABLE t (id int PRIMARY KEY, {declared});"""
    with pytest.raises(DataViolation, match=re.escape(words)):
        flow.apply(wanted)
    assert not flow.ask("SELECT to_regclass('n')"), "nothing was changed"


def test_what_is_to_refer_to_a_table_in_the_place_of_a_view_is_asked_as_it_will_be(flow: Flow) -> None:
    flow.apply("CREATE TABLE k (id int); CREATE VIEW v AS SELECT id FROM k; CREATE TABLE t (id int);")
    flow.run("INSERT INTO k VALUES (1); INSERT INTO t VALUES (1)")
    with pytest.raises(DataViolation, match=r"refers to rows of table public.v that are not there"):
        flow.apply(
            "CREATE TABLE k (id int); CREATE TABLE v (id int PRIMARY KEY); CREATE TABLE t (id int REFERENCES v);"
        )
    assert flow.ask("SELECT count(*) FROM v") == 1, "nothing was changed"


def test_a_check_over_what_a_backfill_gives_is_asked_with_that(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, x int);")
    flow.run("INSERT INTO t VALUES (1, NULL), (2, 5)")
    wanted = """spec:
  backfills: [{{table: t, column: x, expression: "{}"}}, {{table: t, column: y, expression: "{}"}}]
  sql: "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL CHECK (x > 3), y int NOT NULL UNIQUE);"
"""
    with pytest.raises(DataViolation, match="t_x_check is violated by rows"):
        flow.apply(wanted.format("1", "id"))
    with pytest.raises(DataViolation, match="t_y_key has values that stand more than once"):
        flow.apply(wanted.format("4", "1"))
    flow.apply(wanted.format("4", "id"))
    assert flow.column("SELECT x FROM t ORDER BY id") == [4, 5]


BUILT = {
    "lower(x)": "index public.i is unique and has values that stand more than once: 1 of them, such as lower = a",
    "x) WHERE (n::int > 0": "or cannot even be computed for one: invalid input syntax for type integer",
    "(n::int)": "or cannot even be computed for one: invalid input syntax for type integer",
}


@pytest.mark.parametrize(("built", "words"), BUILT.items())
def test_what_an_index_is_built_of_is_asked_before(flow: Flow, built: str, words: str) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, x text, n text);"
    flow.apply(table)
    flow.run("INSERT INTO t VALUES (1, 'a', '1'), (2, 'A', '-'), (3, NULL, NULL), (4, NULL, NULL)")
    with pytest.raises(DataViolation, match=re.escape(words)):
        flow.reconcile(f"{table} CREATE TABLE n (id int); CREATE UNIQUE INDEX i ON t ({built});", approved)
    assert not flow.ask("SELECT to_regclass('n')"), "nothing was changed"
    flow.apply(f"{table} CREATE UNIQUE INDEX i ON t (x) WHERE n ~ '^[0-9]*$' AND CASE WHEN id = 1 THEN n::int > 0 END;")


CONVERTED = {
    "CHECK (v > 5)": "check public.t.t_v_check is violated by rows that are there: 1 of them, such as id = 2",
    "UNIQUE": "unique public.t.t_v_key has values that stand more than once: 1 of them, such as v = 9",
}


@pytest.mark.parametrize(("guard", "words"), CONVERTED.items())
def test_what_gets_another_type_and_a_guard_is_asked_as_it_will_be(flow: Flow, guard: str, words: str) -> None:
    text = "CREATE EXTENSION citext; CREATE TABLE t (id int PRIMARY KEY, v text); CREATE TABLE u (e text UNIQUE);"
    flow.apply(text)
    flow.run("INSERT INTO t VALUES (1, '9'), (2, '3'), (3, '09'); INSERT INTO u VALUES ('A'), ('a')")
    with pytest.raises(DataViolation, match=re.escape(words)):
        flow.apply(text.replace("v text", f"v int {guard}"))
    with pytest.raises(DataViolation, match=r"unique public\.u\.u_e_key has values that stand more than once"):
        flow.apply(text.replace("e text", "e citext"))
    assert flow.column("SELECT v FROM t ORDER BY id") == ["9", "3", "09"]


@pytest.mark.parametrize("narrower", ["CHECK (VALUE < 5)", "NOT NULL"])
def test_values_that_a_narrower_domain_refuses_are_found_before(flow: Flow, narrower: str) -> None:
    declared = "CREATE DOMAIN d AS int {}; CREATE TABLE t (id int PRIMARY KEY, v d);"
    flow.apply(declared.format(""))
    flow.run("INSERT INTO t VALUES (1, 7), (2, NULL), (3, 4)")
    with pytest.raises(
        DataViolation, match=r"column public.t.v has values that .* is to refuse: 1 of them, such as id = "
    ):
        flow.apply(declared.format(narrower))
    flow.run("DELETE FROM t WHERE id < 3")
    flow.apply(declared.format(narrower))


def test_a_conversion_may_give_a_value_where_there_was_none(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, v text);")
    flow.run("INSERT INTO t VALUES (1, NULL), (2, 'x'), (3, '3')")
    wanted = """spec:
  conversions: [{{table: t, column: v, using: "{}"}}]
  sql: "CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL UNIQUE);"
"""
    with pytest.raises(
        DataViolation, match="is to be NOT NULL and has rows without a value: 1 of them, such as id = 2"
    ):
        flow.apply(wanted.format("CASE WHEN id <> 2 THEN coalesce(v::int, id) END"))
    flow.apply(wanted.format("coalesce(nullif(v, 'x')::int, id * 100)"))
    assert flow.column("SELECT v FROM t ORDER BY id") == [100, 200, 3]


def test_a_reference_that_is_half_there_is_found_before(flow: Flow) -> None:
    declared = "CREATE TABLE r (a int, b int, PRIMARY KEY (a, b)); CREATE TABLE t (a int, b int{});"
    flow.apply(declared.format(""))
    flow.run("INSERT INTO t VALUES (1, NULL)")
    flow.apply(declared.format(", CONSTRAINT k FOREIGN KEY (a, b) REFERENCES r"))
    with pytest.raises(DataViolation, match=r"k is MATCH FULL, .*: 1 of them, such as \(a, b\) = \(1, NULL\)"):
        flow.apply(declared.format(", CONSTRAINT k FOREIGN KEY (a, b) REFERENCES r MATCH FULL"))


def test_an_expression_that_fails_for_a_new_columns_default_is_nothing_to_no_rows(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int);")
    flow.apply("CREATE TABLE t (id int, w int DEFAULT 0, CHECK (100 / w > 0)); CREATE INDEX ON t ((100 / w));")


def test_a_check_by_a_routine_that_changes_is_not_asked_by_the_old_one(flow: Flow) -> None:
    declared = (
        "CREATE FUNCTION f(int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT $1 > {}'; CREATE TABLE t (id int{});"
    )
    flow.apply(declared.format(100, ""))
    flow.run("INSERT INTO t VALUES (5)")
    flow.apply(declared.format(1, " CHECK (f(id))"))


def test_a_run_that_the_rows_end_says_how_far_it_came(flow: Flow) -> None:
    """Duplicates by the likeness of an operator class are only found while the index is built."""
    table = "CREATE TABLE t (id int PRIMARY KEY, x text);"
    index = "CREATE UNIQUE INDEX i ON t (lower(x) text_pattern_ops);"
    flow.apply(table)
    flow.run("INSERT INTO t VALUES (1, 'a'), (2, 'A')")
    with pytest.raises(DataViolation, match=r"could not create unique index .* No step was done"):
        flow.reconcile(table + index, approved)
    with pytest.raises(DataViolation, match=r"first\. \d of \d steps are done and stay so; the next run"):
        flow.reconcile(f"{table}CREATE TABLE n (id int);{index}", approved)
    assert flow.ask("SELECT to_regclass('n')::text") == "n"
    flow.run("DELETE FROM t WHERE id = 2")
    flow.apply(f"{table}CREATE TABLE n (id int);{index}")


SEEN = "CREATE TABLE t (id int, a int, g int{}){}; CREATE VIEW v AS SELECT g FROM t;"
VIRTUAL = " GENERATED ALWAYS AS (a * 2) VIRTUAL"


@pytest.mark.postgres(">=18")
@pytest.mark.parametrize(
    ("whole", "rest"), [("", " NOT NULL"), (" PARTITION BY LIST (id); CREATE TABLE t1 PARTITION OF t DEFAULT", "")]
)
def test_values_that_were_only_computed_are_held_from_then_on(flow: Flow, whole: str, rest: str) -> None:
    flow.apply(SEEN.format(VIRTUAL, whole))
    flow.run("INSERT INTO t VALUES (1, 5)")
    wanted = SEEN.format(f"{rest} DEFAULT 7", whole)
    assert "DELETES_DATA" not in [h.code for h in flow.plan(wanted).hazards]
    flow.apply(wanted)
    assert flow.ask("SELECT g FROM v") == 10


@pytest.mark.postgres(">=18")
def test_values_whose_source_goes_are_told_as_deleted(flow: Flow) -> None:
    flow.apply(SEEN.format(VIRTUAL, ""))
    told = [
        h.message for h in flow.plan(SEEN.format("", "").replace("a int, ", "")).hazards if h.code == "DELETES_DATA"
    ]
    assert [t for t in told if "public.t.g" in t]


def test_rows_that_refer_to_a_table_that_seems_to_be_renamed_are_told_with_the_line_to_declare(flow: Flow) -> None:
    orders = "CREATE TABLE orders (id int PRIMARY KEY, of_one int REFERENCES {});"
    flow.apply("CREATE TABLE customer (id int PRIMARY KEY, mail text);" + orders.format("customer"))
    flow.run("INSERT INTO customer VALUES (1, 'a'); INSERT INTO orders VALUES (1, 1)")
    with pytest.raises(
        DataViolation, match=r"table public\.customer looks as if it were renamed: .*to: public\.customers"
    ):
        flow.plan("CREATE TABLE customers (id int PRIMARY KEY, mail text);" + orders.format("customers"))


def test_a_materialized_view_that_nobody_fills_is_not_filled_when_it_is_made_anew(flow: Flow) -> None:
    schema = "CREATE TABLE t (n {}); CREATE MATERIALIZED VIEW m AS SELECT n FROM t; CREATE MATERIALIZED VIEW f AS SELECT n + 1 AS n FROM t;"
    flow.apply(schema.format("int"))
    flow.run("INSERT INTO t VALUES (1); REFRESH MATERIALIZED VIEW m WITH NO DATA; REFRESH MATERIALIZED VIEW f")
    flow.apply(schema.format("bigint"))
    assert flow.column("SELECT relname FROM pg_class WHERE relkind = 'm' AND relispopulated") == ["f"]
    assert flow.ask("SELECT pg_typeof(n)::text FROM f") == "bigint"


def test_what_is_said_of_the_way_of_columns_that_nobody_declares_is_told(flow: Flow) -> None:
    plan = flow.plan(
        """spec: {sql: 'CREATE TABLE t (a int NOT NULL)', backfills: [{table: t, column: a, expression: '1'}, {table: t, column: b, expression: '1'}],
           conversions: [{table: u, column: a, using: 'a::int'}]}"""
    )
    assert [w.partition(":")[2].partition(" is ")[0] for w in plan.warnings] == [
        " column public.t.b",
        " column public.u.a",
    ]


def test_a_name_is_taken_over_from_what_gets_another_and_all_is_at_rest_then(flow: Flow) -> None:
    flow.apply("CREATE TABLE one (id int PRIMARY KEY, a text, b int); CREATE TABLE two (id int PRIMARY KEY);")
    flow.run("INSERT INTO one VALUES (1, 'x', 2); INSERT INTO two VALUES (3)")
    flow.apply(
        """spec:
  sql: CREATE TABLE two (id int PRIMARY KEY, b text, c int); CREATE TABLE three (id int PRIMARY KEY);
  renames:
    - {kind: Table, from: one, to: two}
    - {kind: Table, from: two, to: three}
    - {kind: Column, table: two, from: a, to: b}
    - {kind: Column, table: two, from: b, to: c}
"""
    )
    assert flow.run("TABLE two; TABLE three") == "1|x|2\n3\n"


def test_what_blocks_together_for_too_long_is_done_as_if_each_did(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, a int, b int, c text);")
    flow.run("INSERT INTO t SELECT i, i, i, repeat('x', 200) FROM generate_series(1, 20000) i; ANALYZE t")
    one, both = (f"CREATE TABLE t (id int PRIMARY KEY, a bigint, b {b}, c text);" for b in ("int", "bigint"))
    estimate = sum(s.estimate for s in flow.plan(one).steps)
    patient = Policy(max_blocking=1.5 * estimate)
    assert [s.statement for s in flow.plan(one, patient).steps if s.batched] == []
    assert [s for s in flow.plan(both, patient).steps if s.batched]
    assert not [s for s in flow.plan(both, Policy(max_blocking=3 * estimate)).steps if s.batched]
    flow.apply(both, patient)
    assert flow.ask("SELECT count(*) FROM t WHERE a = id AND b = id") == 20000
