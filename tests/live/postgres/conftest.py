"""What the tests of the Postgres engine share."""

from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.postgres import MakeRole
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk


@pytest.fixture
def walk(
    make_postgres: Callable[[], str], psql: Callable[[str, str], str], pg_dump: Callable[..., str]
) -> Iterator[Walk]:
    """Databases that go from one version of a schema to another: see `walk.py`."""
    walking = Walk(make_postgres, psql, pg_dump)
    yield walking
    walking.close()


@pytest.fixture
def make_flow(
    make_postgres: Callable[[], str], make_role: MakeRole, psql: Callable[[str, str], str], pg_dump: Callable[..., str]
) -> Iterator[Callable[[str], Flow]]:
    """Databases of their own, on each of which Colonnade works as a role with these attributes: see `flow.py`.

    No test leaves a scratch database behind.
    """
    made: list[Flow] = []

    def make(attributes: str) -> Flow:
        url = make_postgres()
        made.append(Flow(make_role(url, attributes), url, psql, pg_dump))
        return made[-1]

    yield make
    for flowing in made:
        assert flowing.scratch_databases() == []


@pytest.fixture
def flow(make_flow: Callable[[str], Flow]) -> Flow:
    """One database, where Colonnade may do everything."""
    return make_flow("SUPERUSER")
