"""The fingerprint: moves with every fact of the schema, and with nothing else."""

import secrets
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from colonnade.engines.postgres import fingerprint
from tests.fixtures.postgres import PostgresServer
from tests.live.catalog_changes import constraints, others, routines, tables, types
from tests.live.catalog_changes.change import Change

CHANGES = [
    pytest.param(change, id=name, marks=pytest.mark.postgres(change.versions))
    for module in (tables, constraints, routines, types, others)
    for name, change in module.CHANGES.items()
]

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="module")
def session(postgres_server: PostgresServer) -> Iterator[Connection]:
    """A session in an empty database that every test leaves as it was: what a test does is rolled back."""
    name = sql.Identifier(f"test_{secrets.token_hex(6)}")
    postgres_server.run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(name))
    with psycopg.connect(postgres_server.url(name.as_string().strip('"'))) as connection:
        yield connection
        connection.rollback()
    postgres_server.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(name))


@pytest.fixture
def emptied(session: Connection) -> Iterator[Connection]:
    yield session
    session.rollback()


@pytest.mark.parametrize("case", CHANGES)
def test_moves_with_a_change_and_back(emptied: Connection, case: Change) -> None:
    emptied.execute(case.setup)
    before = fingerprint.read(emptied)
    emptied.execute(case.change)
    changed = fingerprint.read(emptied)
    assert case.named in [difference.identity for difference in before.differences(changed)]
    assert before.digest != changed.digest
    emptied.execute(case.undo)
    assert not fingerprint.read(emptied).differences(before)
