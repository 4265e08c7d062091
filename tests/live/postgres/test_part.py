"""Files that speak for a whole, large database: what differs is found by hashes, and only that much is read and rehearsed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import psycopg
import pytest

from colonnade.core.gate import Policy
from colonnade.engines import Declaration, Source, Target
from colonnade.engines.postgres.declared.normalise import PgDesired
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.session import Connection, connect
from colonnade.reconcile import Result, reconcile
from tests.live.catalog_changes.schema import SCHEMA
from tests.live.postgres.flow import Flow, approved, unasked
from tests.live.postgres.walk import shape

TABLES = 150
SCHEMA_ONLY = ("--schema-only", "--no-owner", "--exclude-schema=colonnade*")
DROPPING = Policy(drops="Drop", drift="Correct")


def large(changed: str = "") -> str:
    """Tables that refer to one another, with views over views, a type, a trigger's function and partitions among them."""
    tables = "".join(
        f"CREATE TABLE t{i} (id bigint PRIMARY KEY, up bigint REFERENCES t{i // 2}, email varchar(99) CHECK (email IN ('a', 'b')), kind mood);\n"
        f"CREATE INDEX ON t{i} (up, id); CREATE INDEX t{i}_email ON t{i} (lower(email)) WHERE kind <> 'sad';\n"
        for i in range(TABLES)
    )
    return f"""
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
    CREATE FUNCTION double(a int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * a';
    {tables}
    CREATE VIEW seventh AS SELECT id, email FROM t7;
    CREATE VIEW over_seventh AS SELECT s.id, double(1) AS two FROM seventh s JOIN t9 ON t9.id = s.id;
    GRANT SELECT ON over_seventh TO PUBLIC; COMMENT ON VIEW over_seventh IS 'stands on another';
    CREATE TRIGGER touch BEFORE UPDATE ON t7 FOR EACH ROW EXECUTE FUNCTION touch();
    CREATE TABLE days (day date NOT NULL, what text) PARTITION BY RANGE (day);
    CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
    {changed}
    """


CHANGES: dict[str, tuple[str, ...]] = {
    "a column and an index": ("", "ALTER TABLE t5 ADD note text; CREATE INDEX t5_note ON t5 (note);"),
    "a type under two layers of views": tuple(
        f"CREATE TABLE w (id bigint REFERENCES t1, a {kind}); CREATE VIEW w1 AS SELECT a FROM w; CREATE VIEW w2 AS SELECT a FROM w1;"
        for kind in ("int", "numeric")
    ),
    "a table that others refer to, and they with it": (
        """CREATE TABLE extra (id int PRIMARY KEY REFERENCES t3); CREATE TABLE more (id int REFERENCES extra);
        CREATE VIEW v AS SELECT * FROM more;""",
        "",
    ),
    "a function under an index, a default and a view": (
        """CREATE TABLE u (a int DEFAULT double(2)); CREATE INDEX u_double ON u (double(a));
        CREATE VIEW uu AS SELECT double(a) AS d FROM u;""",
        """ALTER FUNCTION double(int) RENAME TO twice; CREATE FUNCTION double(a bigint) RETURNS bigint LANGUAGE sql AS 'SELECT 2 * a';
        CREATE TABLE u (a int DEFAULT twice(2)); CREATE INDEX u_double ON u (twice(a)); CREATE VIEW uu AS SELECT twice(a) AS d FROM u;""",
    ),
    "an enum's label, and what is said about things": (
        "CREATE TYPE size AS ENUM ('s', 'l'); CREATE TABLE sized (size size DEFAULT 's');",
        """CREATE TYPE size AS ENUM ('s', 'm', 'l'); CREATE TABLE sized (size size DEFAULT 'm'); COMMENT ON TABLE t1 IS 'one';
        GRANT SELECT (id) ON t2 TO PUBLIC; COMMENT ON FUNCTION double(int) IS '2';""",
    ),
    "partitions and their index": (
        """CREATE TABLE days_2 PARTITION OF days FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
        CREATE INDEX days_day ON days (day);""",
    ),
    "a trigger, a policy, a rule and statistics": (
        """CREATE RULE quiet AS ON DELETE TO t4 DO INSTEAD NOTHING; ALTER TABLE t4 ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON t4 USING (id > 0); CREATE STATISTICS pair ON id, up FROM t4;""",
        """CREATE TRIGGER touch BEFORE INSERT ON t4 FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TABLE t4 ENABLE ROW LEVEL SECURITY;
        CREATE POLICY mine ON t4 USING (id > 1); CREATE STATISTICS pair ON id, up, kind FROM t4;""",
    ),
    "an extension": ("CREATE EXTENSION citext; ALTER TABLE t8 ADD code citext;",),
}


def whole(flow: Flow, script: str, *, facts: bool = True) -> Result:
    """As the command line does with a URL; a part always does."""
    told: list[str] = []
    with flow.opened(DROPPING) as database:
        wanted = [Declaration("schema.sql", None, (Source("schema.sql", script),))]
        result = reconcile(
            database,
            wanted,
            DROPPING,
            approved if facts else unasked,
            whole=True,
            progress=lambda text, _: told.append(text),
        )
    assert not [text for text in told if "does not do" in text]
    return result


def test_changes_in_a_large_database_are_made_with_parts_of_it(flow: Flow, make_postgres: Callable[[], str]) -> None:
    """From each version to the next; at the end it is what the SQL itself makes."""
    flow.run(large())
    for name, versions in CHANGES.items():
        for version in versions:
            result = whole(flow, large(version))
            assert isinstance(result.desired, PgDesired)
            tables = sum(oid.kind == "table" for oid in result.desired.model.objects)
            assert result.desired.met or result.desired.part is None or tables < 40, name
            assert (result.desired.part is None) == ("EXTENSION" in version or not result.outcome), name
    assert whole(flow, large(version), facts=False).desired.met
    by_hand = make_postgres()
    flow.psql(by_hand, large(version))
    ours, theirs = (shape(flow.dump(url, *SCHEMA_ONLY)) for url in (flow.hand, by_hand))
    assert ours == theirs


def test_what_nearly_everything_stands_on_is_looked_at_with_everything(flow: Flow) -> None:
    flow.run(large())
    result = whole(flow, large("ALTER TYPE mood ADD VALUE 'glad';"))
    assert isinstance(result.desired, PgDesired)
    assert (result.desired.part, result.held) == (None, None)
    assert flow.column("SELECT unnest(enum_range(NULL::mood))::text") == ["sad", "ok", "glad"]


@pytest.fixture
def everything(postgres_url: str) -> Iterator[Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as by_hand:
        by_hand.execute(SCHEMA.encode())
    with connect(Target("test", postgres_url)) as connection:
        yield connection


def test_all_parts_together_are_the_whole(everything: Connection) -> None:
    oids = "SELECT oid::int8 FROM pg_class UNION SELECT oid::int8 FROM pg_proc UNION SELECT oid::int8 FROM pg_type"
    in_parts, at_once = read(everything, [oid for (oid,) in everything.execute(oids)]), read(everything)
    assert in_parts.objects == at_once.objects
    assert in_parts.needs == at_once.needs
    assert in_parts.parents == at_once.parents


def test_what_belongs_to_no_part_is_always_there(everything: Connection) -> None:
    kinds = {oid.kind for oid in read(everything, []).objects}
    assert {"schema", "extension", "operator", "cast", "publication", "server", "default privileges"} <= kinds
    assert not kinds & {
        "table",
        "column",
        "index",
        "view",
        "function",
        "check",
        "trigger",
        "policy",
        "enum",
        "statistics",
    }


def test_a_routine_that_only_speaks_of_a_table_is_of_its_part(flow: Flow) -> None:
    """The server keeps no dependency of it; sessions have to compile it anew once a column of the table has another type."""
    spoken = """CREATE TABLE "Äpfel (1)" (a {}); CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS
      'DECLARE r record; BEGIN SELECT * INTO r FROM public."Äpfel (1)" LIMIT 1; RETURN r.a; END';"""
    flow.run(large(spoken.format("int")))
    result = whole(flow, large(spoken.format("bigint")))
    assert isinstance(result.desired, PgDesired)
    assert result.desired.part is not None
    assert result.plan is not None
    assert 'ALTER ROUTINE "public"."f"() SECURITY INVOKER' in [s.statement for s in result.plan.steps]
