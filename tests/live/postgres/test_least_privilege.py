"""A user who owns the database and may make scratch databases, and no more: what superusers made beside it stands in nobody's way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest

from colonnade.core.errors import Unauthorized, Unsupported
from colonnade.core.gate import Policy
from tests.live.postgres.flow import Flow
from tests.live.postgres.test_part import large, whole


@pytest.fixture
def modest(make_flow: Callable[[str], Flow]) -> Iterator[Flow]:
    flowing = make_flow("CREATEDB")
    role, database = urlsplit(flowing.url).username, urlsplit(flowing.hand).path[1:]
    flowing.run(f'ALTER DATABASE "{database}" OWNER TO "{role}"; ALTER SCHEMA public OWNER TO "{role}";')
    yield flowing
    flowing.close()
    flowing.run(f'REASSIGN OWNED BY "{role}" TO CURRENT_USER; DROP OWNED BY "{role}";')


def test_what_a_superuser_made_beside_it_stops_no_change(modest: Flow) -> None:
    modest.apply("CREATE TABLE t (id int PRIMARY KEY);")
    modest.run(
        """CREATE EXTENSION pageinspect; CREATE FOREIGN DATA WRAPPER far;
        CREATE FUNCTION seen() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER seen ON ddl_command_end EXECUTE FUNCTION seen(); COMMENT ON EVENT TRIGGER seen IS 'all of it';"""
    )
    modest.apply("CREATE TABLE t (id int PRIMARY KEY, more text);")
    assert modest.ask("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'more'") == 1
    assert modest.ask("SELECT count(*) FROM pg_event_trigger") == 1


def test_rights_on_what_came_with_the_server_stop_no_change(modest: Flow) -> None:
    """Whoever runs the server takes such rights away in every database."""
    modest.run("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC")
    assert whole(modest, "CREATE TABLE t (id int PRIMARY KEY);").plan is not None
    assert whole(modest, "CREATE TABLE t (id int PRIMARY KEY);").plan is None


def test_rows_that_are_hidden_from_their_owner_say_how_to_be_seen(modest: Flow) -> None:
    tables = """CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p int{});
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; CREATE POLICY later ON t USING (id > 1);"""
    modest.apply(tables.format(""))
    modest.run("INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1)")
    after = tables.format(" REFERENCES p, a int CHECK (a > 0)")
    with pytest.raises(Unsupported, match=r"run: ALTER TABLE t NO FORCE ROW LEVEL SECURITY;.*nothing was changed"):
        modest.reconcile(after)
    modest.run("ALTER TABLE t NO FORCE ROW LEVEL SECURITY")
    modest.apply(after)
    assert modest.ask("SELECT relforcerowsecurity FROM pg_class WHERE relname = 't'")


def test_a_large_database_is_changed_in_part(modest: Flow) -> None:
    modest.psql(modest.url, large())
    result = whole(modest, large("ALTER TABLE t3 ADD note text; CREATE INDEX ON t3 (note);"))
    assert result.outcome
    assert len(result.outcome.timings) == 2


def test_a_large_table_whose_triggers_cannot_be_kept_still_is_rewritten(modest: Flow) -> None:
    """To fill rows in slices would fire them; a rewrite does not."""
    table = """CREATE TABLE t (id int PRIMARY KEY, a {}, touched int DEFAULT 0);
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.touched := NEW.touched + 1; RETURN NEW; END';
    CREATE TRIGGER touching BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();"""
    modest.policy = Policy(max_blocking=0.0)
    modest.apply(table.format("int"))
    modest.run("INSERT INTO t SELECT i, 5 FROM generate_series(1, 200) i")
    result = modest.apply(table.format("bigint, token uuid DEFAULT gen_random_uuid()"))
    assert result.plan is not None
    assert {h.code for h in result.plan.hazards} == {"REWRITES_TABLE"}
    assert modest.ask("SELECT sum(touched)::int || ' ' || count(DISTINCT token) FROM t") == "0 200"


def test_who_comes_after_another_role_is_told_what_to_grant(modest: Flow, make_role: Callable[[str, str], str]) -> None:
    """Its records, of a run that was cut short, say, are that role's: nobody is left alone with a schema that is not theirs."""
    before, table = urlsplit(modest.url).username, "CREATE TABLE t (id int);"
    modest.apply(table)
    modest.url = make_role(modest.hand, "CREATEDB")
    after = urlsplit(modest.url).username
    modest.close()
    with pytest.raises(
        Unauthorized, match=f'those of an earlier run under role {before}; run: GRANT {before} TO "{after}"'
    ):
        modest.plan(table)
    modest.run(f'GRANT {before} TO "{after}"')
    modest.apply(table.replace(")", ", more text)"))


@pytest.mark.parametrize("owned", [False, True], ids=["of others", "of its own"])
def test_a_table_of_others_that_refers_to_a_column_is_found_before(modest: Flow, owned: bool) -> None:
    table, role = "CREATE TABLE orders (id {0} PRIMARY KEY, n {0});", urlsplit(modest.url).username
    modest.policy = Policy(max_blocking=0.0)
    modest.apply(table.format("int"))
    modest.run(f"""INSERT INTO orders SELECT i, i FROM generate_series(1, 100) i;
        CREATE TABLE items (order_id int REFERENCES orders); INSERT INTO items SELECT generate_series(1, 100);
        {f'ALTER TABLE items OWNER TO "{role}"' if owned else ""}""")
    plan = modest.plan(table.format("bigint"))
    rewritten = {s.subject: h.message for s in plan.steps for h in s.hazards if h.code == "REWRITES_TABLE"}
    assert rewritten.keys() == (set() if owned else {"column public.orders.id"})
    assert all("public.items, which belongs to another role" in why for why in rewritten.values())
    modest.apply(table.format("bigint"))
    assert modest.ask("SELECT count(*) FROM orders JOIN items ON order_id = id") == 100


def test_a_routine_of_others_that_sessions_have_compiled_is_told(modest: Flow) -> None:
    """It fails in them once the type of a column it works with is another, and only its owner could have it compiled anew."""
    modest.apply("CREATE TABLE t (id int PRIMARY KEY, v int);")
    modest.run(
        """CREATE SCHEMA theirs; CREATE FUNCTION theirs.one() RETURNS text LANGUAGE plpgsql AS
        $$ DECLARE r record; BEGIN SELECT * INTO r FROM public.t LIMIT 1; RETURN r.v + 1; END $$;"""
    )
    plan = modest.plan("CREATE TABLE t (id int PRIMARY KEY, v bigint);")
    assert ["sessions that have used function theirs.one() fail in it" in h.message for h in plan.hazards] == [True]
    modest.apply("CREATE TABLE t (id int PRIMARY KEY, v bigint);")
