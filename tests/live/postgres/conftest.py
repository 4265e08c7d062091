"""What the tests of the Postgres engine share."""

from collections.abc import Callable, Iterator

import pytest

from tests.live.postgres.walk import Walk


@pytest.fixture
def walk(
    make_postgres: Callable[[], str], psql: Callable[[str, str], str], pg_dump: Callable[..., str]
) -> Iterator[Walk]:
    """Databases that go from one version of a schema to another: see `walk.py`."""
    walking = Walk(make_postgres, psql, pg_dump)
    yield walking
    walking.close()
