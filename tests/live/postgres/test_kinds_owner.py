"""Who owns what: where it is declared it is compared and set; where it is not, the owner that is there stays, come what may."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from colonnade.core.errors import InvalidSpec, Unauthorized, Unsupported
from tests.fixtures.postgres import MakeRole
from tests.live.postgres.flow import OWNER, Flow, approved
from tests.live.postgres.test_part import whole
from tests.live.postgres.walk import Walk

EVERYTHING = """
CREATE SCHEMA s; ALTER SCHEMA s OWNER TO {0};
CREATE TABLE s.t (id int PRIMARY KEY, n serial); ALTER TABLE s.t OWNER TO {0};
CREATE VIEW s.v AS SELECT id FROM s.t; ALTER VIEW s.v OWNER TO {0};
CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a; ALTER MATERIALIZED VIEW s.m OWNER TO {0};
CREATE SEQUENCE s.q; ALTER SEQUENCE s.q OWNER TO {0};
CREATE FUNCTION s.f(int, text) RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION s.f(int, text) OWNER TO {0};
CREATE PROCEDURE s.p() LANGUAGE sql AS 'SELECT 1'; ALTER PROCEDURE s.p() OWNER TO {0};
CREATE AGGREGATE s.a(int) (SFUNC = int4pl, STYPE = int); ALTER AGGREGATE s.a(int) OWNER TO {0};
CREATE TYPE s.e AS ENUM ('a'); ALTER TYPE s.e OWNER TO {0};
CREATE TYPE s.c AS (a int); ALTER TYPE s.c OWNER TO {0};
CREATE TYPE s.r AS RANGE (SUBTYPE = int); ALTER TYPE s.r OWNER TO {0};
CREATE DOMAIN s.d AS int; ALTER DOMAIN s.d OWNER TO {0};
CREATE COLLATION s.co (LOCALE = 'C'); ALTER COLLATION s.co OWNER TO {0};
CREATE OPERATOR s.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int); ALTER OPERATOR s.=== (int, int) OWNER TO {0};
CREATE STATISTICS s.st ON id, n FROM s.t; ALTER STATISTICS s.st OWNER TO {0};
CREATE TEXT SEARCH DICTIONARY s.di (TEMPLATE = simple); ALTER TEXT SEARCH DICTIONARY s.di OWNER TO {0};
CREATE TEXT SEARCH CONFIGURATION s.cf (COPY = simple); ALTER TEXT SEARCH CONFIGURATION s.cf OWNER TO {0};
CREATE FOREIGN DATA WRAPPER w; CREATE SERVER sv FOREIGN DATA WRAPPER w; ALTER SERVER sv OWNER TO {0};
CREATE PUBLICATION pu; ALTER PUBLICATION pu OWNER TO {0};
GRANT SELECT ON s.t TO PUBLIC;
"""
OWNERS: LiteralString = """
SELECT DISTINCT pg_get_userbyid(o) FROM (SELECT relowner FROM pg_class UNION ALL SELECT proowner FROM pg_proc UNION ALL SELECT typowner FROM pg_type
UNION ALL SELECT nspowner FROM pg_namespace WHERE nspname = 's' UNION ALL SELECT oprowner FROM pg_operator UNION ALL SELECT collowner FROM pg_collation
UNION ALL SELECT stxowner FROM pg_statistic_ext UNION ALL SELECT dictowner FROM pg_ts_dict UNION ALL SELECT cfgowner FROM pg_ts_config
UNION ALL SELECT srvowner FROM pg_foreign_server UNION ALL SELECT pubowner FROM pg_publication) x (o) WHERE pg_get_userbyid(o) LIKE 'role_%'"""


@pytest.fixture
def roles(postgres_url: str, make_role: MakeRole) -> tuple[str, str]:
    one, other = (urlsplit(make_role(postgres_url)).username or "" for _ in range(2))
    return one, other


def test_owners_of_every_kind_are_changed(walk: Walk, roles: tuple[str, str]) -> None:
    old, new, bare = walk.place(EVERYTHING.format(roles[0])), walk.place(EVERYTHING.format(roles[1])), walk.place()
    taken = walk.go(old, new)
    assert {s.statement.rpartition(" ")[2] for s in taken} == {f'"{roles[1]}"'}
    assert len(taken) == 19
    assert old.connection.execute(OWNERS).fetchall() == [(roles[1],)]
    walk.go(bare, new)
    assert bare.connection.execute(OWNERS).fetchall() == [(roles[1],)]
    walk.psql(old.url, "DROP SCHEMA s CASCADE; DROP SERVER sv; DROP FOREIGN DATA WRAPPER w; DROP PUBLICATION pu")
    walk.psql(bare.url, "DROP SCHEMA s CASCADE; DROP SERVER sv; DROP FOREIGN DATA WRAPPER w; DROP PUBLICATION pu")
    walk.psql(new.url, "DROP SCHEMA s CASCADE; DROP SERVER sv; DROP FOREIGN DATA WRAPPER w; DROP PUBLICATION pu")


TABLES = "CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t;"


def owner(flow: Flow, relation: str) -> str:
    (found,) = flow.column("SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = %s", relation)
    return str(found)


def clean(flow: Flow) -> None:
    flow.run("DROP TABLE t CASCADE")


def test_an_owner_that_nobody_declares_stays_and_is_the_owner_again_after_a_rebuild(
    flow: Flow, roles: tuple[str, str]
) -> None:
    flow.run(
        f"CREATE TABLE t (a int); CREATE VIEW v AS SELECT a FROM t; ALTER TABLE t OWNER TO {roles[0]}; ALTER VIEW v OWNER TO {roles[1]}"
    )
    flow.run("INSERT INTO t VALUES (1)")
    assert flow.statements(TABLES) == []
    flow.apply(TABLES.replace("a int", "a bigint"))
    assert (owner(flow, "t"), owner(flow, "v")) == roles
    flow.apply(TABLES.replace("(a int);", "(a bigint) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT;"))
    assert (owner(flow, "t"), owner(flow, "v")) == roles, "though the table was made anew"
    clean(flow)


def test_a_declared_owner_is_set_and_a_change_of_it_asks_and_is_proved(flow: Flow, roles: tuple[str, str]) -> None:
    declared = TABLES + f"ALTER TABLE t OWNER TO {roles[0]};"
    flow.apply(declared)
    assert owner(flow, "t") == roles[0]
    held = flow.reconcile(declared.replace(roles[0], roles[1])).held
    assert held is not None
    assert held.reason == "ApprovalRequired"
    assert "who may read or write through table public.t changes" in held.message
    flow.apply(declared.replace(roles[0], roles[1]))
    assert owner(flow, "t") == roles[1]
    assert flow.statements(TABLES) == [], "no longer declared, it stays"
    clean(flow)


def test_a_role_that_colonnade_may_not_act_for_is_told_with_the_grant(
    flow: Flow,
    roles: tuple[str, str],
    make_role: MakeRole,
    psql: Callable[[str, str], str],
    pg_dump: Callable[..., str],
) -> None:
    url = make_role(flow.hand, "CREATEDB")
    me = urlsplit(url).username
    flow.run(f"GRANT CREATE ON DATABASE {urlsplit(url).path[1:]} TO {me}; GRANT CREATE ON SCHEMA public TO {me}")
    poor = Flow(url, flow.hand, psql, pg_dump)
    declared = TABLES + f"ALTER TABLE t OWNER TO {roles[0]};"
    error = poor.reconcile(declared, approved).desired.errors[OWNER]
    assert isinstance(error, InvalidSpec | Unauthorized)
    assert f'run: GRANT "{roles[0]}" TO' in str(error)
    assert "line 1, column" in str(error)
    flow.run(f"GRANT {roles[0]} TO {me}; GRANT CREATE ON SCHEMA public TO {roles[0]}")
    with_right = "GRANT CREATE ON SCHEMA public TO " + roles[0] + ";"
    poor.apply(with_right + declared)
    assert owner(flow, "t") == roles[0]
    poor.close()
    flow.run(
        f"DROP TABLE t CASCADE; DROP SCHEMA colonnade CASCADE; REVOKE ALL ON SCHEMA public FROM {roles[0]}, {me}; REVOKE ALL ON DATABASE {urlsplit(url).path[1:]} FROM {me}; REVOKE {roles[0]} FROM {me}"
    )


def test_files_that_speak_for_everything_say_who_owns_what(flow: Flow, make_role: MakeRole) -> None:
    role = urlsplit(make_role(flow.url)).username
    flow.run("CREATE TABLE t (a int)")
    wanted = f'CREATE TABLE t (a int); ALTER TABLE t OWNER TO "{role}"'
    assert whole(flow, wanted).outcome is not None
    assert flow.ask("SELECT tableowner FROM pg_tables WHERE tablename = 't'") == role
    assert whole(flow, wanted).state is None, "it is settled"
    flow.run("ALTER TABLE t OWNER TO CURRENT_USER")
    drifted = whole(flow, wanted)
    assert drifted.outcome is not None
    assert flow.ask("SELECT tableowner FROM pg_tables WHERE tablename = 't'") == role


@pytest.fixture
def odd_role(flow: Flow) -> Iterator[str]:
    """One whose name has to be quoted."""
    role = f'"Role {uuid4().hex[:8]}"'
    flow.run(f"CREATE ROLE {role}")
    yield role
    flow.close()  # until then a copy of the database may be there, in which the role has rights
    flow.run(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_an_owner_whose_name_is_quoted_loses_rights_of_its_own(flow: Flow, odd_role: str) -> None:
    flow.apply(f"{TABLES} GRANT SELECT ON v TO {odd_role} WITH GRANT OPTION;")
    owned = f"{TABLES} ALTER VIEW v OWNER TO {odd_role};"
    flow.apply(owned)
    assert owner(flow, "v") == odd_role.strip('"')
    flow.apply(f"{owned} REVOKE INSERT ON v FROM {odd_role};")
    flow.apply(f"{owned} REVOKE DELETE ON v FROM {odd_role};")


RIGHTS = """CREATE SCHEMA s; GRANT USAGE ON SCHEMA s TO {role};
CREATE TABLE t (id serial, a int); GRANT UPDATE (a) ON t TO {role}; GRANT USAGE ON SEQUENCE t_id_seq TO {role}, PUBLIC;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION f() TO {role};
CREATE DOMAIN d AS int; GRANT USAGE ON TYPE d TO {role} WITH GRANT OPTION;"""
OWNED = ("SCHEMA s", "TABLE t", "FUNCTION f()", "DOMAIN d")


def test_rights_for_a_role_that_owns_the_object_want_that_declared(flow: Flow, odd_role: str) -> None:
    declared = RIGHTS.format(role=odd_role)
    flow.apply(declared)
    flow.run("".join(f"ALTER {one} OWNER TO {odd_role};" for one in OWNED))
    ways = list[str]()
    for _ in range(len(OWNED)):
        with pytest.raises(Unsupported, match="owns it in the database, which nobody declares") as refused:
            flow.plan(declared + "".join(ways))
        (way,) = re.findall(r"declare (ALTER .* OWNER TO .*) before them", str(refused.value))
        ways.append(f"{way};")
    flow.apply(declared + "".join(ways))
