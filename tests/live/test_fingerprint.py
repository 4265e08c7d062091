"""The fingerprint: moves with every fact of the schema, and with nothing else."""

import itertools
import re
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import dict_row

from colonnade.core.errors import Unsupported
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.census.catalogs import Catalog, describe
from colonnade.engines.postgres.live.census.left_out import CATALOGS, COLUMNS, OF_ONE_DATABASE
from colonnade.engines.postgres.live.census.values import INSTEAD, value
from tests.fixtures.postgres import MakeRole, PostgresServer
from tests.live.catalog_changes import constraints, others, routines, tables, types
from tests.live.catalog_changes.change import FUNCTION, T
from tests.live.catalog_changes.neutral import NEUTRAL
from tests.live.catalog_changes.pairs import PAIRS
from tests.live.catalog_changes.schema import SCHEMA

Connection = psycopg.Connection[tuple[object, ...]]
Dump = Callable[..., str]
CHANGES = {
    name: change for module in (tables, constraints, routines, types, others) for name, change in module.CHANGES.items()
}


@pytest.fixture(scope="module")
def session(postgres_server: PostgresServer) -> Iterator[Connection]:
    """A session in an empty database for tests that do all in one transaction."""
    name = f"test_{secrets.token_hex(6)}"
    postgres_server.run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    with psycopg.connect(postgres_server.url(name)) as connection:
        yield connection
    postgres_server.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def emptied(session: Connection) -> Iterator[Connection]:
    yield session
    session.rollback()


@pytest.fixture
def database(postgres_url: str) -> Iterator[Connection]:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.postgres(change.versions)) for name, change in CHANGES.items()]
)
def test_moves_with_a_change_and_back(emptied: Connection, name: str) -> None:
    case = CHANGES[name]
    emptied.execute(case.setup)
    before = fingerprint.read(emptied)
    emptied.execute(case.change)
    changed = fingerprint.read(emptied)
    assert case.named in [difference.identity for difference in before.differences(changed)]
    assert before.digest != changed.digest
    emptied.execute(case.undo)
    assert fingerprint.read(emptied).differences(before) == ()


@pytest.mark.parametrize("name", NEUTRAL)
def test_does_not_move_with_what_is_no_schema(database: Connection, name: str) -> None:
    setup, neutral = NEUTRAL[name]
    one_by_one(database, setup)
    before = fingerprint.read(database)
    one_by_one(database, neutral)
    assert fingerprint.read(database).differences(before) == ()


@pytest.mark.parametrize("name", PAIRS)
def test_tells_schemas_apart_as_a_dump_does(name: str, make_postgres: Callable[[], str], pg_dump: Dump) -> None:
    urls = [make_postgres(), make_postgres()]
    for url, script in zip(urls, PAIRS[name], strict=True):
        run(url, script)
    first, second = (shape(pg_dump(url, "--schema-only", "--no-owner")) for url in urls)
    unlike = taken(urls[0]).differences(taken(urls[1]))
    assert (unlike == ()) == (first == second), unlike


def test_is_the_same_from_the_second_restored_dump_on(
    make_postgres: Callable[[], str], pg_dump: Dump, psql: Callable[[str, str], str]
) -> None:
    urls = [make_postgres() for _ in range(3)]
    run(urls[0], SCHEMA)
    for source, target in itertools.pairwise(urls):
        psql(target, re.sub(r"^SET transaction_timeout.*", "", pg_dump(source, "--schema-only"), flags=re.MULTILINE))
    first, second, third = (taken(url) for url in urls)
    assert {d.identity for d in first.differences(second)} <= {"table constraint known on public.parents"}
    assert third.differences(second) == ()


def test_the_server_computes_the_same_digest(emptied: Connection) -> None:
    empty = fingerprint.digest(emptied)
    assert empty == fingerprint.read(emptied).digest
    emptied.execute(SCHEMA)
    assert fingerprint.digest(emptied) == fingerprint.read(emptied).digest != empty


def test_names_objects_as_the_server_does(emptied: Connection) -> None:
    emptied.execute(SCHEMA)
    addressed = emptied.execute(
        """SELECT i.type || ' ' || i.identity FROM (
          SELECT tableoid, oid, 0 FROM pg_constraint WHERE contype <> 'n' AND (contype <> 'f' OR conparentid = 0)
          UNION ALL SELECT tableoid, oid, 0 FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
          UNION ALL SELECT tableoid, oid, 0 FROM pg_policy UNION ALL SELECT tableoid, oid, 0 FROM pg_attrdef
          UNION ALL SELECT tableoid, oid, 0 FROM pg_rewrite WHERE rulename <> '_RETURN'
          UNION ALL SELECT tableoid, oid, 0 FROM pg_class WHERE relkind NOT IN ('c', 't')
          UNION ALL SELECT 'pg_class'::regclass, attrelid, attnum FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
            WHERE attnum > 0 AND NOT attisdropped AND relkind NOT IN ('i', 'I', 't', 'S')) o (class, id, sub),
        pg_identify_object(o.class, o.id, o.sub) i WHERE o.id >= 16384 AND i.schema IS DISTINCT FROM 'pg_toast'"""
    ).fetchall()
    assert {name for (name,) in addressed} - fingerprint.read(emptied).objects.keys() == set()


def test_tells_which_facts_differ(emptied: Connection) -> None:
    emptied.execute("CREATE TABLE t (a int); CREATE TYPE m AS ENUM ('x')")
    before = fingerprint.read(emptied)
    names = ["table column public.t.a", "type public.m", "table public.u"]
    facts = fingerprint.explain(emptied, names)
    emptied.execute("ALTER TABLE t ALTER a TYPE bigint; ALTER TYPE m ADD VALUE 'y'; CREATE TABLE u ()")
    unlike = before.differences(fingerprint.read(emptied))
    told = {d.identity: str(d) for d in fingerprint.explained(unlike, facts, fingerprint.explain(emptied, names))}
    assert told["table column public.t.a"].endswith('differs; pg_attribute.atttypid is "integer", not "bigint"')
    assert '"enumlabel": "y"' in told["type public.m"]
    assert told["table public.u"] == "table public.u is missing"


def test_an_object_that_is_not_there_has_no_facts(emptied: Connection) -> None:
    assert fingerprint.explain(emptied, ["table public.t"]) == {"table public.t": []}


def test_keeps_secrets(emptied: Connection) -> None:
    emptied.execute(
        "CREATE FOREIGN DATA WRAPPER w OPTIONS (api_key 'hush'); CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (token 'hush');"
        "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (anything 'hush');"
        "CREATE FOREIGN TABLE f () SERVER s OPTIONS (secret 'hush', path 'shown');"
        "CREATE SUBSCRIPTION x CONNECTION 'password=hush' PUBLICATION y WITH (connect = false)"
    )
    facts = str(fingerprint.explain(emptied, fingerprint.read(emptied).objects.keys()))
    assert "anything" in facts
    assert "path=shown" in facts
    assert "hush" not in facts


def test_leaves_schemas_out_with_all_that_is_in_them(emptied: Connection) -> None:
    empty = fingerprint.read(emptied)
    emptied.execute("CREATE SCHEMA own_1; SET LOCAL search_path = own_1")
    emptied.execute("CREATE EXTENSION citext")
    emptied.execute(T + FUNCTION)
    emptied.execute(
        "CREATE TYPE m AS ENUM ('x'); CREATE TABLE u (a m DEFAULT 'x', c citext, id serial PRIMARY KEY, CHECK (id > 0));"
        "CREATE VIEW v AS SELECT * FROM u; CREATE DOMAIN d AS int CHECK (VALUE > 0); CREATE POLICY p ON u;"
        "CREATE CAST (m AS bool) WITH INOUT; CREATE STATISTICS s ON a, c FROM u; COMMENT ON COLUMN u.id IS 'x';"
        "CREATE RULE r AS ON DELETE TO u DO NOTHING; GRANT SELECT ON u TO PUBLIC;"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA own_1 GRANT SELECT ON TABLES TO PUBLIC"
    )
    assert {d.identity for d in fingerprint.read(emptied, leave_out=["own%"]).differences(empty)} <= {
        "cast (own_1.m AS boolean)"
    }
    assert fingerprint.read(emptied, leave_out=["other%"]).differences(empty)


def test_can_disregard_owners_and_grantors(emptied: Connection) -> None:
    emptied.execute(T + "GRANT SELECT ON t TO PUBLIC")
    before, owned = fingerprint.read(emptied, owners=False), fingerprint.read(emptied)
    emptied.execute("ALTER TABLE t OWNER TO pg_monitor")
    assert fingerprint.read(emptied, owners=False).differences(before) == ()
    assert [d.identity for d in fingerprint.read(emptied).differences(owned)] == ["table public.t"]
    emptied.execute("REVOKE SELECT ON t FROM PUBLIC")
    assert fingerprint.read(emptied, owners=False).differences(before)


def test_reads_inside_the_callers_transaction_and_leaves_it_alone(database: Connection) -> None:
    with database.transaction():
        database.execute("SET LOCAL search_path = public; SET LOCAL timezone = 'Asia/Tokyo'")
        database.execute(T)
        assert "table public.t" in fingerprint.read(database).objects
        kept = database.execute("SELECT current_setting('search_path'), current_setting('timezone')").fetchone()
        assert kept == ("public", "Asia/Tokyo")
        database.execute("CREATE TABLE u ()")
    assert "table public.u" in fingerprint.read(database).objects


def test_reads_while_others_change_the_schema(database: Connection, postgres_url: str) -> None:
    before, done = fingerprint.read(database), threading.Event()

    def change() -> None:
        with psycopg.connect(postgres_url, autocommit=True) as other:
            while not done.is_set():
                other.execute("CREATE TABLE t (a int DEFAULT 1, CHECK (a > 0)); CREATE VIEW v AS SELECT * FROM t")
                other.execute("DROP TABLE t CASCADE")

    with ThreadPoolExecutor() as pool:
        changing = pool.submit(change)
        try:
            assert all("schema public" in fingerprint.read(database).objects for _ in range(10))
        finally:
            done.set()
        changing.result()
    assert fingerprint.read(database).differences(before) == ()


def test_does_not_depend_on_the_connections_rows(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, row_factory=dict_row) as connection:
        assert fingerprint.digest(connection) == fingerprint.read(connection).digest


def test_runs_nothing_that_a_user_made(database: Connection, postgres_url: str) -> None:
    clean = fingerprint.read(database)
    database.execute(
        """CREATE SCHEMA evil; CREATE FUNCTION evil.trap() RETURNS text LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'sprung by %', session_user; END $$;
           CREATE FUNCTION evil.quote_ident(text) RETURNS text LANGUAGE sql AS 'SELECT evil.trap()';
           CREATE FUNCTION evil.pg_get_expr(pg_node_tree, oid) RETURNS text LANGUAGE sql AS 'SELECT evil.trap()';
           CREATE FUNCTION evil.concat(text, text) RETURNS text LANGUAGE sql AS 'SELECT evil.trap()';
           CREATE OPERATOR evil.|| (PROCEDURE = evil.concat, LEFTARG = text, RIGHTARG = text);
           CREATE VIEW evil.pg_class AS SELECT evil.trap(); CREATE TABLE t (a int DEFAULT 1, CHECK (a > 0))"""
    )
    name = sql.Identifier(postgres_url.rpartition("/")[2])
    hostile = "evil, pg_catalog, public"
    database.execute(sql.SQL("ALTER DATABASE {} SET search_path = {}").format(name, sql.SQL(hostile)))
    with psycopg.connect(postgres_url) as connection:
        assert fingerprint.read(connection).objects.keys() > clean.objects.keys()


def test_anyone_may_read_it_and_reads_the_same_but_for_options_of_user_mappings(
    postgres_url: str, make_role: MakeRole
) -> None:
    run(postgres_url, SCHEMA)
    unlike = taken(make_role(postgres_url)).differences(taken(postgres_url))
    assert [d.identity for d in unlike] == ["user mapping public on server away"]


class TestCatalogs:
    """What the census says of the server's catalogs fits them."""

    @pytest.fixture
    def catalogs(self, emptied: Connection) -> dict[str, Catalog]:
        with emptied.cursor() as cursor:
            return {catalog.name: catalog for catalog in describe(cursor)}

    def test_every_oid_is_understood(self, catalogs: dict[str, Catalog]) -> None:
        unknown = {
            (catalog.name, column)
            for catalog in catalogs.values()
            for column, kind in catalog.columns.items()
            if kind in {"oid", "oid[]", "oidvector", "pg_node_tree"} and column != "oid" and counts(catalog)
            if catalog.reference(column) is None and (catalog.name, column) not in INSTEAD
        }
        assert {(table, column) for table, column in unknown if column not in COLUMNS.get(table, {})} == set()

    def test_every_list_of_column_numbers_is_understood(self, catalogs: dict[str, Catalog]) -> None:
        flags = {("pg_index", "indoption")}
        unknown = {
            (catalog.name, column)
            for catalog in catalogs.values()
            for column, kind in catalog.columns.items()
            if kind in {"int2vector", "smallint[]"} and counts(catalog)
            if catalog.reference(column) is None and (catalog.name, column) not in INSTEAD
        }
        assert unknown - flags == set()

    def test_what_is_left_out_or_replaced_exists(self, catalogs: dict[str, Catalog]) -> None:
        assert CATALOGS.keys() | COLUMNS.keys() | OF_ONE_DATABASE <= catalogs.keys()
        assert {table for table, _ in INSTEAD} <= catalogs.keys()

    def test_a_parse_tree_nobody_knows_is_refused(self) -> None:
        new = Catalog("pg_new", False, {"oid": "oid", "newtree": "pg_node_tree"}, ())
        with pytest.raises(Unsupported, match=r"pg_new\.newtree"):
            value(new, "newtree")


def counts(catalog: Catalog) -> bool:
    return catalog.name not in CATALOGS and (not catalog.shared or catalog.name in OF_ONE_DATABASE)


def taken(url: str) -> fingerprint.Fingerprint:
    with psycopg.connect(url) as connection:
        return fingerprint.read(connection)


def run(url: str, script: LiteralString) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(script)


def one_by_one(connection: Connection, script: LiteralString) -> None:
    """As VACUUM and CONCURRENTLY want it."""
    for statement in script.split(";"):
        if statement.strip():
            connection.execute(statement)


def shape(dump: str) -> list[str]:
    """The statements of a dump, sorted, and so the columns of each table; names of not-null constraints taken out."""
    parts = re.split(r"^--\n-- Name.*\n--\n", dump, flags=re.MULTILINE)[1:]
    return sorted("\n".join(_statement(part)) for part in parts)


def _statement(text: str) -> list[str]:
    lines = [
        line
        for line in text.splitlines()
        if line and not re.match(r"SET |--|\\(un)?restrict|SELECT pg_catalog.set", line)
    ]
    lines = [re.sub(r"CONSTRAINT \w+ NOT NULL", "NOT NULL", line) for line in lines]
    if re.match(r"CREATE (UNLOGGED |FOREIGN )?TABLE|GRANT|REVOKE", lines[0] if lines else ""):
        return sorted(line.rstrip(",") for line in lines)
    return lines
