"""A namespace with an operator for each module of tests; each test makes Datastores of its own in it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dev.kubernetes import Cluster
from tests.cluster.harness import Operator, Operators, Team, datastore, secret


@pytest.fixture(scope="module")
def team(cluster: Cluster, crds: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    made = Team(cluster, tmp_path_factory.mktemp("operator"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def operator(team: Team) -> Iterator[Operator]:
    """One that runs for the whole module."""
    operators = Operators(team)
    yield operators.start()
    operators.stop_all()


@pytest.fixture
def own_team(cluster: Cluster, crds: list[str], tmp_path: Path) -> Iterator[Team]:
    """A namespace for one test alone, without an operator."""
    made = Team(cluster, tmp_path)
    yield made
    made.close()


@pytest.fixture
def operators(own_team: Team) -> Iterator[Operators]:
    """Operators for that namespace, which the test may start and end as it likes."""
    made = Operators(own_team)
    yield made
    made.stop_all()


@pytest.fixture
def shop(team: Team, operator: Operator, postgres_url: str, request: pytest.FixtureRequest) -> str:
    """The name of a Datastore with a fresh Postgres database behind it, named after the test."""
    return _named(team, request, postgres_url)


@pytest.fixture
def make_shop(team: Team, operator: Operator, postgres_url: str, request: pytest.FixtureRequest) -> Callable[..., str]:
    """The same with a policy: `make_shop(drift="Correct", resync="1s")`."""
    return lambda **policy: _named(team, request, postgres_url, **policy)


def _named(team: Team, request: pytest.FixtureRequest, url: str, **policy: str) -> str:
    name = str(request.node.name).replace("_", "-").split("[")[0].removeprefix("test-")[:40].rstrip("-")
    team.apply(secret(name, uri=url), datastore(name, **policy))
    return name
