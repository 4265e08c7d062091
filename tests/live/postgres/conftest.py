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
def flow(
    make_postgres: Callable[[], str], make_role: MakeRole, psql: Callable[[str, str], str], pg_dump: Callable[..., str]
) -> Iterator[Flow]:
    """One database: see `flow.py`. No test leaves a scratch database behind."""
    url = make_postgres()
    flowing = Flow(make_role(url, "SUPERUSER"), url, psql, pg_dump)
    yield flowing
    assert flowing.scratch_databases() == []
