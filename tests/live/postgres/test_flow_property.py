"""From any schema to any other: what comes out is what the SQL itself makes, and then nothing is left to do."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from colonnade.core.gate import Policy
from colonnade.engines import Target
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.session import connect
from tests.live.postgres.flow import Flow, approved
from tests.live.postgres.walk import shape

DEFAULTS = {
    "integer": ("7", "1 + 1", "NULL"),
    "bigint": ("7", "nextval('numbers')"),
    "text": ("'x'", "lower('X')", "'it''s'"),
    "varchar(20)": ("'x'",),
    "numeric(10,2)": ("0", "1.50"),
    "boolean": ("true", "NOT false"),
    "timestamptz": ("now()", "'2020-01-01 00:00+00'"),
    "mood": ("'ok'", "'sad'::mood"),
    "mood[]": ("'{ok}'",),
    "jsonb": ("'{}'",),
}
TABLES, COLUMNS = ("t0", "t1", "t2"), ("a", "b", "c", "D e")


def quoted(name: str) -> str:
    return f'"{name}"'


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    default: str | None
    not_null: bool

    def __str__(self) -> str:
        default = f" DEFAULT {self.default}" if self.default else ""
        return f"{quoted(self.name)} {self.type}{default}{' NOT NULL' if self.not_null else ''}"


@st.composite
def columns(draw: st.DrawFn) -> Column:
    kind = draw(st.sampled_from(sorted(DEFAULTS)))
    default = draw(st.none() | st.sampled_from(DEFAULTS[kind]))
    return Column(draw(st.sampled_from(COLUMNS)), kind, default, draw(st.booleans()))


EXTRAS = {
    "check": "ALTER TABLE {t} ADD CHECK ({c} IS NOT NULL);",
    "named": "ALTER TABLE {t} ADD CONSTRAINT k_{t}_{n} CHECK ({c}::text <> '');",
    "unique": "ALTER TABLE {t} ADD UNIQUE ({c}, id);",
    "index": "CREATE INDEX i_{t}_{n} ON {t} ({c});",
    "partial": "CREATE INDEX i_{t}_{n} ON {t} ({c} DESC, id) WHERE {c} IS NOT NULL;",
    "expression": "CREATE INDEX ON {t} (({c} IS NULL));",
    "comment": "COMMENT ON COLUMN {t}.{c} IS 'of {t}';",
    "key": "ALTER TABLE {t} ADD FOREIGN KEY ({c}) REFERENCES t0 ON DELETE CASCADE;",
    "view": "CREATE VIEW v_{t}_{n} AS SELECT id, {c} AS x FROM {t} WHERE {c} IS NOT NULL;",
    "generated": "ALTER TABLE {t} ADD g{n} boolean GENERATED ALWAYS AS ({c} IS NULL) STORED;",
}


@st.composite
def tables(draw: st.DrawFn, name: str) -> str:
    found = draw(st.lists(columns(), max_size=4, unique_by=lambda c: c.name))
    statements = [f"CREATE TABLE {name} (id bigint PRIMARY KEY{''.join(f', {c}' for c in found)});"]
    for column in found:
        wished = draw(st.sets(st.sampled_from(sorted(EXTRAS)), max_size=3))
        wished -= {"partial"} if "index" in wished else set()
        wished -= {"key"} if column.type != "bigint" else set()
        number = COLUMNS.index(column.name)
        statements += [EXTRAS[what].format(t=name, c=quoted(column.name), n=number) for what in sorted(wished)]
    return "\n".join(statements)


@st.composite
def schemas(draw: st.DrawFn) -> str:
    more = draw(st.lists(st.sampled_from(["happy", "meh", "it''s"]), unique=True))
    labels = ", ".join(f"'{label}'" for label in draw(st.permutations(["sad", "ok", *more])))
    names = ["t0", *draw(st.lists(st.sampled_from(TABLES[1:]), unique=True))]
    return "\n".join(
        [f"CREATE TYPE mood AS ENUM ({labels});", "CREATE SEQUENCE numbers;", *(draw(tables(name)) for name in names)]
    )


EMPTY = """
DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner; GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
"""


def test_from_any_schema_to_any_other_and_back(flow: Flow, make_postgres: Callable[[], str]) -> None:
    """Three judges: our own proof, the fingerprint of a database that was made by hand, and pg_dump."""
    by_hand = make_postgres()
    dropping = Policy(drops="Drop")
    flow.reconcile("CREATE TABLE t0 ()", approved, dropping)

    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(schemas(), schemas())
    def walk(before: str, after: str) -> None:
        flow.run(EMPTY + "TRUNCATE colonnade.ledger, colonnade.settled, colonnade.step, colonnade.plan;")
        for script in (before, after):
            result = flow.reconcile(script, approved, dropping)
            assert (result.held, result.desired.errors) == (None, {})
        again = flow.reconcile(after, policy=dropping)
        assert again.state is None
        assert flow.statements(after, dropping) == []
        flow.psql(by_hand, EMPTY + after)
        assert prints(flow.hand) == prints(by_hand)
        assert shape(flow.dump(flow.hand, "--schema-only", "--no-owner", "--exclude-schema=colonnade")) == shape(
            flow.dump(by_hand, "--schema-only", "--no-owner")
        )

    walk()


def prints(url: str) -> dict[str, str]:
    with connect(Target("test", url)) as connection:
        return dict(fingerprint.read(connection, leave_out=["colonnade%"], owners=False).objects)


EXAMPLES = int(os.environ.get("COLONNADE_EXAMPLES", "10"))
