"""What every kind of Postgres object must be; found in the folder, not listed."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

import pytest

from colonnade.core.diff import diff
from colonnade.core.hazards import CATALOGUE
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines import Target
from colonnade.engines.postgres import kinds
from colonnade.engines.postgres.declared.normalise import EXPRESSIONS
from colonnade.engines.postgres.kind import Context, PgKind
from colonnade.engines.postgres.kinds import KINDS
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.planning import planner
from colonnade.engines.postgres.session import Connection, connect
from tests.live.catalog_changes.schema import SCHEMA

EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.name)
MODULES = [importlib.import_module(f"{kinds.__name__}.{m.name}") for m in pkgutil.iter_modules(kinds.__path__)]
THE_REST: LiteralString = """
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE FUNCTION lang_handler() RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler'; CREATE LANGUAGE own_lang HANDLER lang_handler;
CREATE FUNCTION to_lang(internal) RETURNS internal LANGUAGE c STRICT IMMUTABLE AS 'prsd_lextype';
CREATE TRANSFORM FOR int LANGUAGE sql (FROM SQL WITH FUNCTION prsd_lextype(internal));
CREATE CONVERSION own_conversion FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1;
CREATE TEXT SEARCH PARSER own_parser (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE own_template (LEXIZE = dsimple_lexize);
ALTER TABLE children REPLICA IDENTITY FULL;
ALTER TABLE children OWNER TO pg_monitor;
CREATE FUNCTION watches() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER watched ON sql_drop EXECUTE FUNCTION watches();
ALTER OPERATOR FAMILY own USING btree ADD FUNCTION 1 (int, bigint) btint48cmp(int, bigint);
"""
SINCE_15: LiteralString = "CREATE PUBLICATION whole FOR TABLES IN SCHEMA x;"


@dataclass(frozen=True)
class Full:
    """A database with at least one of every kind."""

    connection: Connection
    model: Model

    def context(self, *, dropping: bool) -> Context:
        """Everything is dropped one by one, or everything is made anew."""
        empty = Model({})
        old, new = (self.model, empty) if dropping else (empty, self.model)
        return Context(old, new, self.connection.info.server_version)


@pytest.fixture
def full(postgres_url: str, psql: Callable[[str, str], str]) -> Iterator[Full]:
    with connect(Target("shop", postgres_url)) as connection:
        script = SCHEMA + THE_REST.replace(
            "CREATE FUNCTION to_lang(internal) RETURNS internal LANGUAGE c STRICT IMMUTABLE AS 'prsd_lextype';\n", ""
        )
        psql(postgres_url, script + (SINCE_15 if connection.info.server_version >= 150000 else ""))
        yield Full(connection, read(connection))


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_file_says_where_the_vendor_tells_of_it(module: object) -> None:
    doc = inspect.getdoc(module) or ""
    assert "https://www.postgresql.org/docs/current/" in doc or "see constraint.py" in doc
    assert doc.partition("https://")[0].strip().endswith(".")


@EACH
def test_every_kind_has_its_verbs_its_place_and_a_frozen_spec(kind: PgKind[object]) -> None:
    assert kind.name == KINDS[kind.name].name
    assert kind.name == kind.name.lower().strip()
    assert dataclasses.is_dataclass(kind.spec)
    assert kind.spec.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for verb in (kind.create, kind.alter, kind.drop):
        assert len(inspect.signature(verb).parameters) == (4 if verb is kind.alter else 3)
    assert isinstance(kind.rank, int)
    assert set(kind.derived) <= set(kind.spec.__dataclass_fields__)


def test_names_and_ranks_make_one_order() -> None:
    assert list(KINDS) == [k.name for k in sorted(KINDS.values(), key=lambda k: (k.rank, k.name))]
    assert sum(len(getattr(m, "KINDS", ())) for m in MODULES) == len(KINDS), "no two of one name"


def test_every_query_runs_and_gives_what_the_spec_holds(full: Full) -> None:
    version = full.connection.info.server_version
    for kind in KINDS.values():
        if kind.since > version:
            continue
        query = kind.query(version) if callable(kind.query) else kind.query
        with full.connection.cursor() as cursor:
            cursor.execute(query)
            columns = [c.name for c in cursor.description or ()]
            assert cursor.fetchall(), f"there is no {kind.name}"
        assert {"oid", "name", *kind.spec.__dataclass_fields__} <= set(columns), kind.name
        assert len(columns) == len(set(columns)), kind.name


def test_every_kind_is_read_and_every_object_has_one_name(full: Full) -> None:
    version = full.connection.info.server_version
    found = {o.kind for o in full.model.objects}
    assert {k.name for k in KINDS.values() if k.since <= version} == found
    assert all(any(o.name) for o in full.model.objects)
    for oid, spec in full.model.objects.items():
        assert isinstance(spec, KINDS[oid.kind].spec)
        hash(spec)
    assert full.model.needs.keys() <= full.model.objects.keys()


def steps_of(full: Full, verb: str) -> Iterator[tuple[ObjectId, Step]]:
    context = full.context(dropping=verb == "drop")
    for oid, spec in full.model.objects.items():
        found: Iterable[Step] = getattr(KINDS[oid.kind], verb)(oid, spec, context)
        yield from ((oid, s) for s in found)


@pytest.mark.parametrize("verb", ["create", "drop"])
def test_every_step_names_its_object(full: Full, verb: str) -> None:
    for oid, step in steps_of(full, verb):
        assert step.subject == str(oid)
        assert step.statement.strip()
        assert not step.statement.rstrip().endswith(";")
        assert "CASCADE" not in step.statement.replace("ON DELETE CASCADE", "") or oid.kind == "privileges", (
            step.statement
        )
        assert {h.code for h in step.hazards} <= CATALOGUE.keys()


def test_every_step_of_a_plan_has_a_way_back_or_says_that_there_is_none(full: Full) -> None:
    empty, version = Model({}), full.connection.info.server_version
    for old, new in ((full.model, empty), (empty, full.model)):
        steps = planner.steps(old, new, diff(old, new), version)
        assert len(steps) > 40
        assert [s.statement for s in steps if not (s.undo or s.undo_note)] == []


def test_what_holds_rows_says_that_they_are_deleted_with_it(full: Full) -> None:
    holding = {k.name for k in KINDS.values() if k.holds_data}
    assert holding == {"table", "column"}
    for oid, step in steps_of(full, "drop"):
        spec = full.model.objects[oid]
        keeps_rows = oid.kind in (*holding, "sequence") and not getattr(spec, "generated", "") and "far" not in oid.name
        assert ("DELETES_DATA" in [h.code for h in step.hazards]) == keeps_rows, f"{oid}: {step.statement}"


def test_what_guards_serves_or_admits_says_so_when_it_goes(full: Full) -> None:
    wanted = {
        "check": "DROPS_GUARANTEE",
        "primary key": "DROPS_GUARANTEE",
        "unique": "DROPS_GUARANTEE",
        "exclusion": "DROPS_GUARANTEE",
        "foreign key": "DROPS_GUARANTEE",
        "index": "DROPS_INDEX",
        "view": "BREAKS_CLIENTS",
        "materialized view": "BREAKS_CLIENTS",
        "function": "BREAKS_CLIENTS",
        "procedure": "BREAKS_CLIENTS",
        "policy": "CHANGES_ACCESS",
    }
    for oid, step in steps_of(full, "drop"):
        if oid.kind in wanted:
            assert wanted[oid.kind] in [h.code for h in step.hazards], f"{oid}: {step.statement}"


def test_nothing_is_done_to_rows_where_nothing_differs(full: Full) -> None:
    context = Context(full.model, full.model, full.connection.info.server_version)
    for oid, spec in full.model.objects.items():
        if KINDS[oid.kind].holds_data:
            assert list(KINDS[oid.kind].alter(oid, spec, spec, context) or ()) == [], str(oid)


def test_what_may_be_printed_otherwise_the_second_time_are_all_columns_of_expressions(postgres_url: str) -> None:
    with connect(Target("shop", postgres_url)) as connection:
        rows = connection.execute(
            "SELECT attname, atttypid = 'pg_node_tree'::regtype FROM pg_attribute WHERE attrelid < 16384 AND attnum > 0"
        ).fetchall()
    catalog = {name for name, _ in rows}
    trees = {name for name, tree in rows if tree}
    assert trees - {"stxdexpr"} <= set(EXPRESSIONS)
    assert set(EXPRESSIONS) <= catalog
