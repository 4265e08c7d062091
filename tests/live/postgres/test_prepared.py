"""Questions about the catalogs are planned once for each session, and their answers are never older than the question."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from psycopg import sql

from colonnade.core.kind import ObjectId
from colonnade.engines import Target
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.prepared import MOST, Prepared
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.session import Connection, opened

TABLE = "CREATE TABLE public.t (id int PRIMARY KEY)"


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    with opened(Target("test", postgres_url)) as connection:
        yield connection


def looked(connection: Connection) -> tuple[set[ObjectId], str]:
    return set(read(connection).objects), fingerprint.digest(connection)


def planned(connection: Connection) -> int:
    ((found,),) = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchall()
    return int(found)


def test_a_change_and_a_trial_that_is_taken_back_leave_the_plans(connection: Connection) -> None:
    connection.execute(TABLE)
    before = looked(connection)
    known = planned(connection)
    with connection.transaction(force_rollback=True):
        connection.execute("CREATE TABLE public.u (id int)")
        assert looked(connection) != before
    connection.execute("ALTER TABLE public.t ADD n int")
    connection.execute("ALTER TABLE public.t DROP n")
    connection.execute("DROP TABLE public.t")
    connection.execute(TABLE)
    assert looked(connection) == before
    assert planned(connection) == known > 10


def test_a_database_that_makes_our_session_forget_its_plans_is_read_all_the_same(connection: Connection) -> None:
    connection.execute(TABLE)
    before = looked(connection)
    connection.execute("DEALLOCATE ALL")
    assert looked(connection) == before
    with connection.transaction():
        connection.execute("DEALLOCATE ALL")
        assert looked(connection) == before


def test_a_table_that_somebody_put_among_the_catalogs_is_none_of_them(
    connection: Connection, make_postgres: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "_known", {})
    connection.execute("CREATE TABLE public.pg_ours (name text); ALTER TABLE public.pg_ours SET SCHEMA pg_catalog")
    before = looked(connection)
    with opened(Target("test", make_postgres())) as other:
        assert looked(other) == before
    connection.execute(TABLE)
    assert looked(connection) != before


def test_what_nobody_had_before_is_asked_for_once_somebody_has_it(connection: Connection) -> None:
    connection.execute(TABLE)
    _, before = looked(connection)
    connection.execute("CREATE POLICY p ON public.t")
    objects, after = looked(connection)
    assert ObjectId("policy", ("public", "t", "p")) in objects
    assert after != before


def test_for_much_more_to_read_plans_are_made_anew(connection: Connection) -> None:
    looked(connection)
    known = planned(connection)
    for i in range(200):
        connection.execute(
            sql.SQL("CREATE TABLE public.{} (id int PRIMARY KEY, n text UNIQUE)").format(sql.Identifier(f"t{i}"))
        )
    looked(connection)
    assert planned(connection) > known + 20


def test_a_session_does_not_prepare_without_end(connection: Connection) -> None:
    session = Prepared(connection)
    text = "x" * (MOST // 100)
    for i in range(250):
        session.statements([f"SELECT {i}, '{text}'".encode()])
    assert 10 < planned(connection) <= 102
    (statement,) = session.statements([b"SELECT 7"])
    assert connection.execute(statement).fetchall() == [(7,)]
