"""From any schema to any other, over every kind: what comes out is what the SQL itself makes, then nothing is left to do, and there is a way back."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colonnade.core.gate import Policy
from colonnade.engines import Target
from colonnade.engines.postgres.kinds import KINDS
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.fingerprint import Fingerprint
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.session import connect
from tests.fixtures.postgres import MakeRole
from tests.live.postgres.every_kind import OBJECTS, ROLES, Choice, load
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import one_way, shape, take_back

EXAMPLES = int(os.environ.get("COLONNADE_EXAMPLES", "12"))
DROPPING = Policy(drops="Drop")
SLICING = Policy(drops="Drop", max_blocking=-1.0)
"""Nothing may block anybody: rows are filled in slices wherever that can be done."""
NOTHING = "CREATE SCHEMA nothing;"
"""What is declared where no object of a choice can be: no declaration may be empty."""


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Choice, Choice]:
    """Two schemas with much in common."""
    before: dict[str, int | None] = {}
    after: dict[str, int | None] = {}
    for name, variants in OBJECTS.items():
        there = st.none() | st.sampled_from(range(len(variants)))
        before[name] = draw(there)
        after[name] = draw(st.just(before[name]) | there)
    return before, after


def prints(url: str) -> Mapping[str, str]:
    with connect(Target("test", url)) as connection:
        return fingerprint.read(connection, leave_out=["colonnade%", "nothing"], owners=False).objects


@dataclass(frozen=True)
class Round:
    """Goes from one schema to another, on databases of its own."""

    make_postgres: Callable[[], str]
    psql: Callable[[str, str], str]
    dump: Callable[..., str]
    roles: Sequence[str]

    def by_hand(self, choice: Choice) -> tuple[str, str]:
        """The script that a choice comes to, and a database that it was run in."""
        url = self.make_postgres()
        with psycopg.connect(url, autocommit=True) as connection:
            return load(connection, choice, self.roles) or NOTHING, url

    def dumped(self, url: str) -> list[str]:
        return shape(self.dump(url, "--schema-only", "--no-owner", "--exclude-schema=colonnade|nothing"))

    def unlike(self, url: str, other: str) -> str:
        """What differs between two databases, and why."""
        unlike = Fingerprint(prints(url)).differences(Fingerprint(prints(other)))
        names = [d.identity for d in unlike]
        with connect(Target("test", url)) as one, connect(Target("test", other)) as two:
            here, there = (fingerprint.explain(c, names, owners=False) for c in (one, two))
        return "\n".join(map(str, fingerprint.explained(unlike, here, there)))

    def go(self, before: Choice, after: Choice, policy: Policy) -> None:
        """Three judges: our own proof, the fingerprint of a database that was made by hand, and pg_dump. Then the way back, where each step has one."""
        (first, start), (second, end) = self.by_hand(before), self.by_hand(after)
        live = self.make_postgres()
        flow = Flow(live, live, self.psql, self.dump)
        try:
            flow.apply(first, policy)
            result = flow.apply(second, policy)
            assert flow.statements(second, policy) == []
        finally:
            flow.close()
        assert self.unlike(live, end) == ""
        assert self.dumped(live) == self.dumped(end)
        steps = result.plan.steps if result.plan else ()
        if not one_way(steps) and "DEFAULT PRIVILEGES" not in first + second:  # what is made again gets them anew
            take_back(self.psql, live, steps)
            assert self.unlike(live, start) == ""


def test_from_any_schema_to_any_other_and_back(
    make_postgres: Callable[[], str], make_role: MakeRole, psql: Callable[[str, str], str], pg_dump: Callable[..., str]
) -> None:
    url = make_postgres()
    one_round = Round(make_postgres, psql, pg_dump, [_name(make_role(url)) for _ in ROLES])

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(pairs(), st.sampled_from([DROPPING, SLICING]))
    def go(pair: tuple[Choice, Choice], policy: Policy) -> None:
        one_round.go(*pair, policy)

    go()


def test_there_are_objects_of_every_kind(make_postgres: Callable[[], str], make_role: MakeRole) -> None:
    found: set[str] = set()
    many = max(map(len, OBJECTS.values()))
    first = dict.fromkeys(OBJECTS, 0)
    whole = next(i for i, script in enumerate(OBJECTS["table t"]) if "PARTITION BY" in script)
    known: set[str] = set()
    choices: list[Choice] = [{name: i % len(v) for name, v in OBJECTS.items()} for i in range(many)]
    for choice in (*choices, {**first, "table t": whole, "trigger state": None}):
        url = make_postgres()
        roles = [_name(make_role(url)) for _ in ROLES]
        with psycopg.connect(url, autocommit=True) as connection:
            load(connection, choice, roles)
        with connect(Target("test", url)) as connection:
            found |= {oid.kind for oid in read(connection).objects}
            known = {name for name, kind in KINDS.items() if kind.since <= connection.info.server_version}
    assert found == known


def _name(url: str) -> str:
    return str(urlsplit(url).username)
