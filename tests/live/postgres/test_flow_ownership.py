"""Who owns what: several resources declare one database together, and what none of them declares is left alone."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from colonnade.core.errors import Conflict, InvalidSpec
from colonnade.core.gate import Policy
from tests.fixtures.postgres import MakeRole
from tests.live.postgres.flow import OWNER, Flow, approved

USERS, ORDERS = "PostgresSchema/shop/users", "PostgresSchema/shop/orders"
TEAMS = {
    ORDERS: "CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users); CREATE INDEX ON orders (user_id);",
    USERS: "CREATE TABLE users (id bigint PRIMARY KEY, email text);",
}
OTHERS = """
CREATE SCHEMA theirs; CREATE TABLE theirs.users (id int PRIMARY KEY); CREATE TABLE legacy (a int); INSERT INTO legacy VALUES (1);
CREATE TYPE legacy_mood AS ENUM ('a'); CREATE FUNCTION legacy_f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE SEQUENCE legacy_s;
CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE DOMAIN legacy_d AS text;
"""


def tables(flow: Flow) -> set[str]:
    return set(
        flow.column(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'v') AND relnamespace IN ('public'::regnamespace)"
        )
    )


def test_what_nobody_declares_is_named_and_stays_as_it_is(flow: Flow) -> None:
    flow.run(OTHERS)
    before = flow.whole()
    result = flow.reconcile(TEAMS)
    assert result.held is None
    assert result.state is not None
    assert {
        "table theirs.users",
        "table public.legacy",
        "enum public.legacy_mood",
        "function public.legacy_f()",
    } <= set(result.state.unmanaged)
    flow.apply({USERS: "CREATE TABLE users (id bigint PRIMARY KEY, email text, name text)", ORDERS: TEAMS[ORDERS]})
    flow.run(
        "DROP TABLE orders, users; DROP SCHEMA colonnade CASCADE; DROP SCHEMA IF EXISTS colonnade_quarantine CASCADE"
    )
    assert flow.whole() == before


def test_a_view_and_a_function_of_others_on_a_managed_table_outlive_its_changes(flow: Flow) -> None:
    flow.apply(TEAMS)
    flow.run("""
        CREATE VIEW report AS SELECT id, email FROM users; GRANT SELECT ON report TO PUBLIC; COMMENT ON VIEW report IS 'theirs';
        CREATE FUNCTION mails() RETURNS SETOF users LANGUAGE sql AS 'SELECT * FROM users';""")
    assert flow.reconcile(TEAMS).held is None, "what others make beside what is declared is no drift"
    flow.apply({**TEAMS, USERS: "CREATE TABLE users (id bigint PRIMARY KEY, email varchar(100), name text);"})
    assert flow.ask("SELECT obj_description('report'::regclass)") == "theirs"
    assert flow.ask("SELECT relacl::text LIKE '%=r/%' FROM pg_class WHERE relname = 'report'")
    assert flow.ask("SELECT count(*) FROM mails()") == 0


def test_two_teams_share_a_database_with_a_key_from_one_to_the_other_in_any_order(flow: Flow) -> None:
    flow.apply(TEAMS)
    assert flow.reconcile(dict(reversed(TEAMS.items()))).held is None
    assert set(flow.column("SELECT DISTINCT owner FROM colonnade.ledger")) == {USERS, ORDERS}


def test_one_object_declared_twice_is_a_conflict_for_both_and_stays_as_it_is(flow: Flow) -> None:
    flow.apply({USERS: "CREATE TABLE users (id bigint PRIMARY KEY)", OWNER: "CREATE TABLE mine (a int)"})
    specs = {
        USERS: "CREATE TABLE users (id bigint PRIMARY KEY, email text)",
        OWNER: "CREATE TABLE mine (a int, b int)",
        ORDERS: "CREATE TABLE users (id text)",
    }
    result = flow.reconcile(specs)
    errors = result.desired.errors
    assert {o: type(e) for o, e in errors.items()} == {USERS: Conflict, ORDERS: Conflict}
    assert ORDERS in str(errors[USERS])
    assert USERS in str(errors[ORDERS])
    assert "users" in str(errors[USERS])
    assert flow.column("SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0") == ["id"]
    assert flow.column("SELECT attname FROM pg_attribute WHERE attrelid = 'mine'::regclass AND attnum > 0") == [
        "a",
        "b",
    ], "the others go on"
    del specs[ORDERS]
    flow.apply(specs)


def test_a_table_declared_twice_in_one_resource_is_its_own_mistake(flow: Flow) -> None:
    result = flow.reconcile(
        {USERS: "CREATE TABLE users (id int);\nCREATE TABLE users (id int);", OWNER: "CREATE TABLE mine (a int)"}
    )
    assert {o: type(e) for o, e in result.desired.errors.items()} == {USERS: InvalidSpec}
    assert "sql, line 2, column 1" in str(result.desired.errors[USERS])
    assert "declared twice" in str(result.desired.errors[USERS])
    assert tables(flow) == {"mine"}


def test_of_a_broken_resource_everything_is_frozen_and_the_others_go_on(flow: Flow) -> None:
    flow.apply(TEAMS)
    flow.run("INSERT INTO users VALUES (1, 'a'); INSERT INTO orders VALUES (1, 1)")
    specs = {
        USERS: "CREATE TABLE users (id bigint PRIMARY KEY, email text, name txt);",
        ORDERS: TEAMS[ORDERS],
        OWNER: "CREATE TABLE mine ()",
    }
    result = flow.reconcile(specs, approved)
    assert set(result.desired.errors) == {USERS, ORDERS}, (
        "orders refers to users, which is not there without its resource"
    )
    assert "txt" in str(result.desired.errors[USERS])
    assert tables(flow) == {"users", "orders", "mine"}
    assert flow.ask("SELECT count(*) FROM orders JOIN users ON users.id = user_id") == 1


def test_what_a_resource_drops_while_another_is_broken_goes_and_only_that(flow: Flow) -> None:
    policy = Policy(drops="Drop")
    broken = "CREATE TABLE theirs (a nonsense)"
    flow.apply(
        {USERS: "CREATE TABLE a (id int); CREATE TABLE b (id int)", ORDERS: "CREATE TABLE theirs (a int)"}, policy
    )
    assert flow.reconcile({USERS: "CREATE TABLE a (id int)", ORDERS: broken}, approved, policy).held is None
    assert tables(flow) == {"a", "theirs"}
    flow.apply({USERS: "CREATE TABLE a (id int)"}, policy)
    assert tables(flow) == {"a", "theirs"}, "a resource that is not at hand keeps what it has until it is released"


def test_what_was_made_while_another_was_broken_is_owned(flow: Flow) -> None:
    policy = Policy(drops="Drop")
    broken = {ORDERS: "CREATE TABLE theirs (a nonsense)"}
    flow.reconcile({USERS: "CREATE TABLE a (id int); CREATE TABLE b (id int)", **broken}, approved, policy)
    assert tables(flow) == {"a", "b"}
    result = flow.reconcile({USERS: "CREATE TABLE a (id int)", **broken}, approved, policy)
    assert result.held is None
    assert tables(flow) == {"a"}


def test_an_object_goes_over_to_another_resource_without_a_change(flow: Flow) -> None:
    both = "CREATE TABLE a (id int); CREATE TABLE b (id int);"
    flow.apply({USERS: both})
    result = flow.reconcile({USERS: "CREATE TABLE a (id int)", ORDERS: "CREATE TABLE b (id int)"})
    assert result.held is None
    assert not (result.plan and result.plan.steps)
    assert flow.column("SELECT DISTINCT owner FROM colonnade.ledger WHERE name[2] = 'b'") == [ORDERS]


def test_the_first_contact_with_a_database_that_is_not_empty_drops_nothing(flow: Flow) -> None:
    flow.run(
        "CREATE TABLE users (id bigint PRIMARY KEY, email text, fax text); INSERT INTO users VALUES (1, 'a', '123'); CREATE TABLE old ()"
    )
    result = flow.reconcile({USERS: TEAMS[USERS]}, policy=Policy(approval="Never", drops="Drop"))
    assert result.held is not None
    assert result.held.reason == "ApprovalRequired"
    assert "first contact" in result.held.message
    assert flow.ask("SELECT fax FROM users") == "123"
    assert tables(flow) == {"users", "old"}


def test_released_objects_stay_and_belong_to_nobody(flow: Flow) -> None:
    flow.apply(TEAMS)
    flow.run("INSERT INTO users VALUES (1, 'a')")
    with flow.opened() as database:
        database.release(ORDERS, "Retain")
        database.release("PostgresSchema/shop/never-there", "Retain")
    assert flow.column("SELECT DISTINCT owner FROM colonnade.ledger") == [USERS]
    result = flow.reconcile({USERS: TEAMS[USERS]}, approved)
    assert result.held is None
    assert tables(flow) == {"users", "orders"}
    assert result.state is not None
    assert "table public.orders" in result.state.unmanaged


def test_a_resource_that_is_deleted_with_delete_takes_its_objects_along_and_only_those(flow: Flow) -> None:
    flow.run("CREATE TABLE theirs (a int)")
    flow.apply(TEAMS)
    flow.run("INSERT INTO users VALUES (1, 'a'); INSERT INTO orders VALUES (1, 1)")
    with flow.opened() as database:
        database.release(ORDERS, "Delete")
    assert tables(flow) == {"users", "theirs"}
    assert flow.ask("SELECT count(*) FROM users") == 1
    flow.apply({USERS: TEAMS[USERS]})
    with flow.opened() as database:
        database.release(USERS, "Delete")
    assert tables(flow) == {"theirs"}


def test_a_resource_that_is_deleted_with_quarantine_leaves_its_rows_there(flow: Flow) -> None:
    flow.apply(TEAMS)
    flow.run("INSERT INTO users VALUES (1, 'a'); INSERT INTO orders VALUES (1, 1)")
    with flow.opened() as database:
        database.release(ORDERS, "Quarantine")
    assert tables(flow) == {"users"}
    (schema,) = flow.column("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%'")
    assert flow.run(f'SELECT id FROM "{schema}".orders').strip() == "1"
    assert flow.reconcile({USERS: TEAMS[USERS]}).held is None


def test_patterns_leave_out_what_others_manage(flow: Flow) -> None:
    flow.apply("CREATE TABLE users (id bigint)")
    flow.run("CREATE INDEX tuned_by_dba ON users (id); CREATE TABLE part_1 (a int)")
    left = "spec:\n  unmanaged: [public.tuned_*]\n  sql: CREATE TABLE users (id bigint)"
    result = flow.reconcile(left, approved, Policy(drift="Correct"))
    assert result.held is None
    assert not (result.plan and result.plan.steps)
    assert flow.ask("SELECT to_regclass('tuned_by_dba') IS NOT NULL")


def test_what_a_role_has_passed_on_is_declared_as_a_dump_says_it(
    make_flow: Callable[[str], Flow], make_role: MakeRole
) -> None:
    """Where the session may not act for the role, its rights are the owner's; a role that makes something by it is an owner itself."""
    flow, lesser = make_flow("SUPERUSER"), make_flow("CREATEDB")
    a, b = (f'"{urlsplit(make_role(flow.hand)).username}"' for _ in range(2))
    passing_on = f"SET SESSION AUTHORIZATION {a}; GRANT SELECT ON t TO {b}; RESET SESSION AUTHORIZATION;"
    declared = f"CREATE TABLE t (id int); GRANT SELECT ON t TO {a} WITH GRANT OPTION; {passing_on}"
    flow.run(f"CREATE TABLE t (id int); GRANT SELECT ON t TO {a} WITH GRANT OPTION; GRANT SELECT ON t TO {b}")
    flow.apply(declared)
    assert passing_on.replace('"', "") in " ".join(flow.shape().replace('"', "").replace("TABLE public.", "").split())
    flow.run(
        f"REVOKE SELECT ON t FROM {a} CASCADE; GRANT SELECT ON t TO {a} WITH GRANT OPTION; GRANT SELECT ON t TO {b}"
    )
    assert any("SET ROLE" in s for s in flow.statements(declared))
    flow.apply(
        f"SET SESSION AUTHORIZATION {a}; CREATE TABLE t (id int); GRANT SELECT ON t TO {b}; RESET SESSION AUTHORIZATION;"
    )
    assert not any("SET ROLE" in s for s in lesser.statements(declared))


CRM, SALES = "PostgresSchema/crm/main", "PostgresSchema/sales/main"
NEED_ONE_ANOTHER = {
    CRM: """spec:
  schemas: [crm]
  sql: |
    CREATE TABLE customer (id int PRIMARY KEY, best int);
    ALTER TABLE customer ADD FOREIGN KEY (best) REFERENCES sales.orders;
    CREATE VIEW bought AS SELECT o.id FROM sales.orders o JOIN customer c ON c.id = o.customer;
""",
    SALES: """spec:
  schemas: [sales]
  sql: |
    CREATE TABLE orders (id int PRIMARY KEY, customer int REFERENCES crm.customer);
    CREATE VIEW most AS SELECT max(id) FROM crm.bought;
""",
}


def test_two_resources_may_need_one_another(flow: Flow) -> None:
    flow.apply(NEED_ONE_ANOTHER)
    of_crm = set(
        flow.column("SELECT kind || ' ' || array_to_string(name, '.') FROM colonnade.ledger WHERE owner = %s", CRM)
    )
    of_sales = set(
        flow.column("SELECT kind || ' ' || array_to_string(name, '.') FROM colonnade.ledger WHERE owner = %s", SALES)
    )
    assert of_crm >= {"table crm.customer", "view crm.bought", "foreign key crm.customer.customer_best_fkey"}
    assert of_sales >= {"table sales.orders", "view sales.most", "foreign key sales.orders.orders_customer_fkey"}
    assert not of_crm & of_sales


def test_what_is_wrong_with_one_of_two_that_need_one_another_is_told_of_that_one(flow: Flow) -> None:
    wrong = {**NEED_ONE_ANOTHER, SALES: NEED_ONE_ANOTHER[SALES].replace("max(id)", "max(nope)")}
    result = flow.reconcile(wrong)
    assert "nope" in str(result.desired.errors[SALES])
    assert flow.column("SELECT nspname FROM pg_namespace WHERE nspname IN ('crm', 'sales')") == []
