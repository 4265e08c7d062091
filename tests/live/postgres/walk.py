"""Walking a database through versions of a schema: what the planner makes of each must be what the SQL itself makes.

Three judges that know nothing of one another: our own reader, the fingerprint, and pg_dump.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, LiteralString

import psycopg

from colonnade.cli.script import down
from colonnade.core.diff import diff
from colonnade.core.kind import Model
from colonnade.core.plan import Plan, Step, numbered
from colonnade.engines import Target
from colonnade.engines.postgres import session
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.planning import planner
from colonnade.engines.postgres.running.rehearse import settled

HEADER = re.compile(r"^--\n-- (?:Name|TOC entry).*\n--\n", re.MULTILINE)
NOISE = re.compile(r"^(SET |SELECT pg_catalog\.set_config|\\(?:un)?restrict|--|$)")
NOT_NULL = re.compile(
    r'CONSTRAINT (?:\w+|"[^"]+") NOT NULL'
)  # Postgres 18 makes names up, and other ones for partitions
STATISTICS = re.compile(r"(?<= ON )([\w\", ]+)(?= FROM )")
"""Columns, which are printed in the order in which the table has them."""
TABLE = re.compile(r"\ACREATE (?:UNLOGGED |FOREIGN )?TABLE ")


def shape(dump: str) -> list[str]:
    """The statements of a dump, sorted, and so the columns of each table and statistics object, and the lines of privileges."""
    return sorted(one for one in map(_statement, HEADER.split(dump)[1:]) if one)


def _statement(text: str) -> str:
    lines = [NOT_NULL.sub("NOT NULL", line) for line in text.splitlines() if not NOISE.match(line)]
    if lines and lines[0].startswith("CREATE STATISTICS "):
        lines[0] = STATISTICS.sub(lambda m: ", ".join(sorted(m[1].split(", "))), lines[0])
    if not lines or not (TABLE.match(lines[0]) or lines[0].startswith(("GRANT ", "REVOKE "))):
        return "\n".join(lines)
    return "\n".join(sorted(line.rstrip(",") for line in lines))


@dataclass
class Place:
    """One database, and what the judges say of it: said once of what stays as it is, and anew after `moved`."""

    url: str
    dump: Callable[..., str]
    connection: session.Connection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = session.connect(Target("test", self.url))

    @cached_property
    def model(self) -> Model:
        return read(self.connection)

    @cached_property
    def shape(self) -> list[str]:
        return shape(self.dump(self.url, "--schema-only", "--no-owner"))

    @cached_property
    def printed(self) -> fingerprint.Fingerprint:
        return fingerprint.read(self.connection, owners=False)

    def explain(self, identities: Sequence[str]) -> Mapping[str, Sequence[fingerprint.Fact]]:
        return fingerprint.explain(self.connection, identities, owners=False)

    def ask(self, question: LiteralString) -> Any:
        row = self.connection.execute(question).fetchone()
        assert row is not None
        return row[0]

    def moved(self) -> None:
        for said in ("model", "shape", "printed"):
            self.__dict__.pop(said, None)

    def run(self, step: Step) -> Step:
        """As a rehearsal would: where the server finds no cast for the first way, the next. The step with the way it took."""
        ways = (step.statement, *step.otherwise)
        for i, way in enumerate(ways):
            try:
                session.run(self.connection, way)
            except psycopg.Error as error:
                if i + 1 == len(ways):
                    error.add_note(way)
                    raise
            else:
                return settled(step, way)
        raise AssertionError(step)


@dataclass
class Walk:
    """`walk(one, two, …)`: nothing -> one -> two -> … and the whole way back, and each from nothing, all in as few rounds as can be."""

    make_postgres: Callable[[], str]
    psql: Callable[[str, str], str]
    dump: Callable[..., str]
    places: list[Place] = field(default_factory=list[Place])
    steps: list[Step] = field(default_factory=list[Step])

    def place(self, script: str = "") -> Place:
        url = self.make_postgres()
        if script:
            self.psql(url, script)
        self.places.append(Place(url, self.dump))
        return self.places[-1]

    def __call__(self, *versions: str, base: str = "", rounds: int = 1) -> None:
        """`base` is there in every version."""
        stops = [self.place(base), *(self.place(base + v) for v in versions)]
        live = self.place(base)
        for stop in stops[1:]:
            self.there_and_back(live, stop, rounds)
        for stop in [*reversed(stops[:-1]), *(s for v in stops[2:] for s in (v, stops[0]))]:
            self.go(live, stop, rounds)

    def cases(self, cases: Mapping[str, Sequence[str]], base: str = "", *, before: str = "", rounds: int = 1) -> None:
        """Many small walks as one: each case in a schema of its own (its name), which is all of its search_path.

        `base` is there in each case, `before` once.
        """
        many = max(map(len, cases.values()))
        versions = [[v[min(i, len(v) - 1)] for v in cases.values()] for i in range(many)]
        self(
            *("".join(_in_schema(n, base + v) for n, v in zip(cases, each, strict=True)) for each in versions),
            base=before,
            rounds=rounds,
        )

    def go(self, live: Place, wanted: Place, rounds: int = 1) -> list[Step]:
        """Bring `live` to what `wanted` is, and let the judges look. The steps taken are kept in `steps`, too."""
        taken: list[Step] = []
        for _ in range(rounds):
            taken += self.once(live, wanted)
        self.steps += taken
        judge(live, wanted, taken)
        return taken

    def there_and_back(self, live: Place, wanted: Place, rounds: int = 1) -> None:
        """Go there, take it back by the script that the steps come with, look whether all is as it was, and go there again."""
        before, start = live.model, live.printed
        taken = self.go(live, wanted, rounds)
        script = take_back(self.psql, live.url, taken)
        live.moved()
        changed = one_way(taken)
        left = [str(c.id) for c in diff(before, live.model) if c.id.name[0] not in changed]
        unlike = [
            str(d) for d in start.differences(live.printed) if not any(f"{schema}." in d.identity for schema in changed)
        ]
        assert not left + unlike, f"not taken back: {left + unlike} by\n{script}"
        for _ in range(rounds):
            self.once(live, wanted)

    def once(self, live: Place, wanted: Place) -> list[Step]:
        version = live.connection.info.server_version
        steps = planner.steps(live.model, wanted.model, diff(live.model, wanted.model), version)
        taken = [live.run(step) for step in steps]
        live.moved()
        return taken

    def close(self) -> None:
        for place in self.places:
            place.connection.close()


NOTHING_TO_TAKE_BACK = (
    "nothing to take back",
    "it only served to prove",
    "the rows had no value",
    "a sequence has no memory",
    "it goes with the index of the whole",
    "it is made again with the whole",
    "it is taken back with the others",
    "the change of the type is taken back as a whole",
)
ONE_WAY = (
    "a label cannot be taken back",
    "an attached index cannot be detached",
    "the expression can only be given to a new column",
    "extensions have no downgrade scripts",
    "the change the other way round copies the rows back",
    "it stays proved",
    "what was set once stays",
    "the old sequence keeps its own position",
    "where it was lies outside of what it may be now",
)
IN_PART = ("what it has from its parents stays its own, too", "it comes back behind the others")


def one_way(steps: Sequence[Step]) -> set[str]:
    """The schemas of what cannot be taken back, for a reason that is told."""
    odd = [s for s in steps if s.undo is None and not s.undo_note.startswith(NOTHING_TO_TAKE_BACK)]
    unexplained = [s.statement for s in odd if not s.undo_note.startswith(ONE_WAY)]
    odd += [s for s in steps if s.undo_note.startswith(IN_PART)]
    assert not unexplained, f"no way back, and no reason: {unexplained}"
    return {s.subject.rpartition(" ")[2].partition(".")[0] for s in odd}


def take_back(psql: Callable[[str, str], str], url: str, taken: Sequence[Step]) -> str:
    """Run the script that takes these steps back; the script."""
    script = "\n".join(down(Plan("test", numbered(taken), "")))
    try:
        psql(url, script)
    except AssertionError as error:
        error.add_note(script)
        raise
    return script


def judge(live: Place, wanted: Place, taken: Sequence[Step]) -> None:
    """Fails with what differs and what was done."""
    done = "\n".join(s.statement for s in taken)
    left = [f"{c.verb} {c.id}: {c.old} -> {c.new}" for c in diff(live.model, wanted.model)]
    assert not left, "\n".join(["our reader:", *left, "after:", done])
    unlike = live.printed.differences(wanted.printed)
    names = [d.identity for d in unlike]
    why = (
        "\n".join(map(str, fingerprint.explained(unlike, live.explain(names), wanted.explain(names)))) if unlike else ""
    )
    assert not unlike, f"the fingerprint:\n{why}\nafter:\n{done}"
    more, less = (
        [one for one in here if one not in there]
        for here, there in ((live.shape, wanted.shape), (wanted.shape, live.shape))
    )
    assert not more + less, "\n".join(["pg_dump, too much:", *more, "pg_dump, missing:", *less, "after:", done])


def cases(text: str) -> dict[str, tuple[str, ...]]:
    """Versions of each case: after a line ``== name`` come its versions, a line ``--`` between them."""
    found = (one.partition("\n") for one in re.split(r"^== ", text, flags=re.MULTILINE)[1:])
    return {name: tuple(re.split(r"^--$", body, flags=re.MULTILINE)) for name, _, body in found}


def _in_schema(name: str, script: str) -> str:
    return f'CREATE SCHEMA "{name}"; SET search_path = "{name}";\n{script}\n'
