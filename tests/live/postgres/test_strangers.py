"""What no kind knows is told of by name where it is, and refused by name where it is declared; it is never passed over."""

from __future__ import annotations

import pytest

from colonnade.core.errors import Unsupported
from tests.live.postgres.flow import OWNER, Flow, approved
from tests.live.postgres.test_part import whole

BASE_TYPE = """CREATE TYPE base;
CREATE FUNCTION base_in(cstring) RETURNS base LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION base_out(base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE base (INPUT = base_in, OUTPUT = base_out, LIKE = text);
"""
TABLE = "CREATE TABLE t (a int);"


def test_what_is_there_is_named_as_not_managed_and_stays_as_it_is(flow: Flow) -> None:
    flow.run(BASE_TYPE + "CREATE TYPE unfinished;")
    flow.run(
        "CREATE PUBLICATION p; CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false)"
    )
    flow.apply(TABLE)
    flow.run("""SET allow_system_table_mods = on;
        INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'guard', 'secret')""")
    before = flow.shape()
    state = flow.reconcile(TABLE + "CREATE TABLE u (a int);").state
    assert state is not None
    assert {
        "base type base",
        "shell type unfinished",
        "subscription s",
        "security label of guard on table public.t",
    } <= {one.replace("public.base", "base").replace("public.unfinished", "unfinished") for one in state.unmanaged}
    flow.run("DROP TABLE u")
    assert flow.shape().replace("u", "") == before.replace("u", "")
    flow.run("ALTER SUBSCRIPTION s SET (slot_name = NONE); DROP SUBSCRIPTION s")


def test_a_subscription_stands_in_nobodys_way(flow: Flow) -> None:
    """Files that speak for the whole database leave alone what they cannot declare."""
    flow.run("""CREATE SUBSCRIPTION s CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
        COMMENT ON SUBSCRIPTION s IS 'from afar'""")
    result = whole(flow, TABLE)
    assert result.plan is not None
    assert whole(flow, TABLE).plan is None
    assert flow.column("SELECT subname::text FROM pg_subscription WHERE subconninfo = 'dbname=nowhere'") == ["s"]
    flow.run("DROP SUBSCRIPTION s")


def test_constraints_that_are_not_enforced_are_named_and_stand_in_nobodys_way(flow: Flow) -> None:
    """DISABLE TRIGGER ALL is what loads of data leave behind: it takes a superuser, and no dump tells of it."""
    tables = "CREATE TABLE t (a int PRIMARY KEY); CREATE TABLE u (a int CONSTRAINT k REFERENCES t"
    flow.apply(f"{tables});")
    flow.run("ALTER TABLE u DISABLE TRIGGER ALL")
    state = flow.reconcile(f"{tables}, b int);", approved).state
    assert state is not None
    assert [one.replace("public.", "") for one in state.unmanaged] == ["triggers of constraint k on u, disabled"]
    flow.apply(f"{tables}, b int, c int);")
    assert flow.ask("SELECT count(*) FROM pg_trigger WHERE tgenabled = 'D'") == 2


@pytest.mark.parametrize("used", [False, True])
def test_a_declared_base_type_is_refused_by_name(flow: Flow, used: bool) -> None:
    before = flow.shape()
    with pytest.raises(Unsupported, match=r"(?s)public\.base.*where that is a base type" if used else r"public\.base"):
        flow.reconcile(BASE_TYPE + (TABLE.replace("int", "base") if used else ""), approved)
    assert flow.shape() == before


REFUSED = {
    "CREATE SUBSCRIPTION s CONNECTION 'dbname=x' PUBLICATION p": "CREATE SUBSCRIPTION connects to another server",
    "ALTER SUBSCRIPTION s DISABLE": "subscription",
    "SECURITY LABEL FOR guard ON TABLE t IS 'x'": "SECURITY LABEL labels objects for other software",
}


def test_a_declaration_that_leaves_a_constraint_unenforced_is_refused(flow: Flow) -> None:
    declared = "CREATE TABLE t (a int UNIQUE DEFERRABLE);\nALTER TABLE t DISABLE TRIGGER {};"
    error = str(flow.reconcile(declared.format("ALL"), approved).desired.errors[OWNER])
    assert "sql, line 2, column 1: triggers of constraint t_a_key on t, disabled" in error
    flow.apply(declared.format("USER"))


@pytest.mark.parametrize(("statement", "said"), REFUSED.items())
def test_what_is_declared_of_them_is_refused_with_its_place(flow: Flow, statement: str, said: str) -> None:
    error = str(flow.reconcile(f"{TABLE}\n{statement};", approved).desired.errors[OWNER])
    assert "sql, line 2, column 1" in error
    assert said in error


def test_a_table_over_a_base_type_that_is_there_names_it(flow: Flow) -> None:
    flow.run(BASE_TYPE + "CREATE TABLE o (b base)")
    with pytest.raises(Unsupported, match=r"public\.base.*functions in C"):
        flow.reconcile(TABLE, approved)
