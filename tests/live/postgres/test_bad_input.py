"""What goes wrong in declarations is told with its place and the way out, and changes nothing."""

from __future__ import annotations

import pytest

from colonnade.core.errors import ColonnadeError, InvalidSpec, Unsupported
from colonnade.engines.postgres.declared import load
from colonnade.resources import InvalidResource
from tests.live.postgres.flow import OWNER, Flow, declaration

GOOD = "CREATE TABLE good (id int PRIMARY KEY, a text);\n"
SQL: dict[str, tuple[str, tuple[str, ...]]] = {
    "a typing mistake": (
        "CREATE TABLE t (\n  id int,\n  name txt\n);",
        ("line 4, column 8", 'type "txt" does not exist', "correct the name"),
    ),
    "a keyword": (
        "CRATE TABLE t (id int);",
        ("line 2, column 1", 'syntax error at or near "CRATE"', "correct the syntax"),
    ),
    "a comma too much": ("CREATE TABLE t (id int,);", ("line 2, column 24", "syntax error", "correct the syntax")),
    "a parenthesis too few": ("CREATE TABLE t (id int;", ("line 2", "syntax error")),
    "an open quote": (
        "CREATE TABLE t (a text DEFAULT 'it''s);",
        ("line 2, column 32", "the quote ' that begins here is not closed"),
    ),
    "an open dollar quote": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1;",
        ("line 2, column 49", "quote $$", "close it"),
    ),
    "an open comment": ("/* what\nCREATE TABLE t ();", ("line 2, column 1", "comment /*", "close it")),
    "a key to no table": (
        "CREATE TABLE t (id int,\n  u bigint REFERENCES users (id));",
        ("line 2, column 1", 'relation "users" does not exist', "declare it", "another"),
    ),
    "a key to no column": (
        "CREATE TABLE t (x int REFERENCES good (nope));",
        ("line 2", 'column "nope"', "does not exist"),
    ),
    "a key to what is not unique": (
        "CREATE TABLE t (x text REFERENCES good (a));",
        ("line 2", "unique constraint", "just these columns"),
    ),
    "a key of another type": (
        "CREATE TABLE t (x text REFERENCES good);",
        ("line 2", "cannot be implemented", "types agree"),
    ),
    "now in an index": (
        "CREATE TABLE t (at timestamptz);\nCREATE INDEX i ON t (at)\n  WHERE at > now();",
        ("line 3, column 1", "IMMUTABLE", "use only immutable functions"),
    ),
    "views in a circle": (
        "CREATE VIEW v AS SELECT a FROM w;\nCREATE VIEW w AS SELECT a FROM v;",
        ("line 2, column 32", 'relation "w" does not exist', "(sql, line 3, column 1)", "break the circle"),
    ),
    "a body that says nothing": (
        "CREATE TABLE t (a int);\nCREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETRUN 1;\nEND $$;",
        ("line 3, column 1", "function public.f()", "RETRUN", "line 3 of its body", "correct its body"),
    ),
    "a body in SQL that says nothing": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELCT 1';",
        ("line 2, column 1", "function public.f()", "SELCT", "correct its body"),
    ),
    "a text without quotes": (
        "CREATE TABLE t (state text DEFAULT pending);",
        ("line 2, column 36", "column reference in DEFAULT", "quotes"),
    ),
    "a key that lacks what says the partition": (
        "CREATE TABLE t (a int, b int, PRIMARY KEY (a)) PARTITION BY LIST (b);",
        ("line 2, column 1", 'lacks column "b"'),
    ),
    "a rule that can only be of another sort": (
        "CREATE RULE r AS ON INSERT TO good WHERE new.id > 1 DO ALSO NOTIFY x;",
        ("line 2", "rules with WHERE conditions", "correct the definition"),
    ),
    "what is the server's": (
        "CREATE TABLE pg_catalog.t (a int);",
        ("line 2", "permission denied", "a schema of your own"),
    ),
    "an index on no column": (
        "CREATE INDEX i ON good (nope);",
        ("line 2", '"nope" does not exist', "declare the column"),
    ),
    "an index on no table": ("CREATE INDEX i ON nope (a);", ("line 2", '"nope" does not exist')),
    "an unknown method": ("CREATE INDEX i ON good USING btee (a);", ("line 2", 'access method "btee" does not exist')),
    "a check of no column": ("CREATE TABLE t (a int, CHECK (b > 0));", ("line 2", '"b" does not exist')),
    "a subquery in a check": (
        "CREATE TABLE t (a int CHECK (a IN (SELECT id FROM good)));",
        ("line 2, column 32", "cannot use subquery", "another way"),
    ),
    "a default of another type": (
        "CREATE TABLE t (a int DEFAULT 'x');",
        ("line 2", "invalid input syntax for type integer"),
    ),
    "a default from a column": (
        "CREATE TABLE t (a int, b int DEFAULT a);",
        ("line 2, column 38", "cannot use column reference"),
    ),
    "a generated column with now": (
        "CREATE TABLE t (a timestamptz GENERATED ALWAYS AS (now()) STORED);",
        ("line 2", "not immutable"),
    ),
    "a table twice": (
        "CREATE TABLE t ();\nCREATE TABLE t ();",
        ("line 3, column 1", 'relation "t" already exists', "declared twice"),
    ),
    "a column twice": ("CREATE TABLE t (a int, a text);", ("line 2", '"a" specified more than once', "keep one")),
    "two primary keys": ("CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY);", ("line 2", "multiple primary keys")),
    "a view of no table": (
        "CREATE VIEW v AS\n  SELECT * FROM nope;",
        ("line 3, column 17", '"nope" does not exist', "declare it"),
    ),
    "a view of no column": ("CREATE VIEW v AS SELECT nope FROM good;", ("line 2, column 25", '"nope" does not exist')),
    "an unknown function": (
        "CREATE VIEW v AS SELECT lowre(a) FROM good;",
        ("line 2, column 25", "lowre(text) does not exist", "declare the function"),
    ),
    "a trigger without a function": (
        "CREATE TRIGGER t AFTER INSERT ON good FOR EACH ROW EXECUTE FUNCTION nope();",
        ("line 2", "nope() does not exist", "declare the function"),
    ),
    "an unknown extension": (
        "CREATE EXTENSION no_such_thing;",
        ("line 2", "no_such_thing", "install the extension's package"),
    ),
    "an unknown role": (
        "GRANT SELECT ON good TO nobody_at_all;",
        ("line 2", '"nobody_at_all" does not exist', "create the role"),
    ),
    "a declared role that is not there": (
        "CREATE ROLE nobody_at_all;",
        ("line 2", "nobody_at_all", "create the role on the server first"),
    ),
    "an unknown schema": ("CREATE TABLE nope.t (a int);", ("line 2", '"nope" does not exist', "declare the schema")),
    "an unknown language": ("CREATE FUNCTION f() RETURNS int LANGUAGE plpython9 AS '';", ("line 2", "plpython9")),
    "an empty enum value twice": ("CREATE TYPE e AS ENUM ('a', 'a');", ("line 2", "a")),
    "a partition of no partition": (
        "CREATE TABLE p PARTITION OF good FOR VALUES IN (1);",
        ("line 2", "not partitioned"),
    ),
    "partitions that overlap": (
        "CREATE TABLE p (a int) PARTITION BY LIST (a);\nCREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 2);\nCREATE TABLE p2 PARTITION OF p FOR VALUES IN (2);",
        ("line 4", "would overlap"),
    ),
    "an unended query": (
        "CREATE MATERIALIZED VIEW m AS SELECT 1 WHERE;",
        ("line 2, column 44", "syntax error at end of input", "correct the syntax"),
    ),
    "rows": ("INSERT INTO good VALUES (1);", ("line 2, column 1", "INSERT writes rows", "spec.backfills")),
    "copied rows": ("COPY good FROM stdin;\n1\ta\n\\.\n", ("line 2, column 1", "COPY writes rows")),
    "a query": ("SELECT pg_sleep(100);", ("line 2, column 1", "SELECT runs a query", "take it out")),
    "a database": ("CREATE DATABASE x;", ("line 2, column 1", "manages databases", "take it out")),
    "a tablespace": ("CREATE TABLESPACE x LOCATION '/';", ("line 2, column 1", "manages tablespaces")),
    "a membership": ("GRANT pg_read_all_data TO PUBLIC;", ("line 2, column 1", "GRANT manages roles")),
    "another role": ("SET ROLE postgres;", ("line 2, column 1", "SET ROLE changes the session")),
    "a roll back": ("ROLLBACK;", ("line 2, column 1", "ROLLBACK takes back")),
    "the journal": ("DROP TABLE colonnade.plan;", ("line 2", "colonnade")),
}


def error_of(flow: Flow, spec: str) -> ColonnadeError:
    """What is said of the one declaration; another one goes on beside it."""
    result = flow.reconcile({OWNER: spec, "PostgresSchema/shop/beside": "CREATE TABLE beside (a int)"})
    assert set(result.desired.errors) == {OWNER}
    return result.desired.errors[OWNER]


def test_each_mistake_is_told_with_its_place_and_the_way_out_and_the_others_go_on(flow: Flow) -> None:
    wrong: list[str] = []
    flow.reconcile({"PostgresSchema/shop/beside": "CREATE TABLE beside (a int)"})
    before = flow.whole()
    for what, (script, parts) in SQL.items():
        error = error_of(flow, GOOD + script)
        said = str(error)
        if not isinstance(error, InvalidSpec) or error.retry is not None:
            wrong.append(f"{what}: {type(error).__name__}: {said}")
        wrong += [f"{what}: no {part!r} in: {said}" for part in ("sql, ", *parts) if part not in said]
    assert not wrong, "\n".join(wrong)
    assert flow.whole().split("COPY colonnade.ledger")[0] == before.split("COPY colonnade.ledger")[0]
    assert flow.column(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    ) == ["beside"]


YAML: dict[str, tuple[str, tuple[str, ...]]] = {
    "a type": (
        "tables: [{name: t, columns: [{name: a, type: intt}]}]",
        ("spec.tables[t].columns[a].type", '"intt" does not exist'),
    ),
    "a default": (
        "tables: [{name: t, columns: [{name: a, type: int, default: nwo()}]}]",
        ("spec.tables[t].columns[a].default", "nwo() does not exist", "declare the function"),
    ),
    "a check": (
        "tables: [{name: t, columns: [{name: a, type: int}], checks: [{name: k, expression: b > 0}]}]",
        ("spec.tables[t].checks[k]", '"b" does not exist'),
    ),
    "a key to no table": (
        "tables: [{name: t, columns: [{name: a, type: int}], foreignKeys: [{name: f, columns: [a], references: {table: nope, columns: [id]}}]}]",
        ("spec.tables[t].foreignKeys[f]", '"public.nope" does not exist', "declare it"),
    ),
    "now in an index": (
        "tables: [{name: t, columns: [{name: a, type: date}], indexes: [{name: i, columns: [{name: a}], where: a > now()}]}]",
        ("spec.tables[t].indexes[i]", "IMMUTABLE", "use only immutable"),
    ),
    "a policy": (
        "tables: [{name: t, columns: [{name: a, type: int}], rowLevelSecurity: {policies: [{name: p, command: All, using: 'a'}]}}]",
        ("spec.tables[t].rowLevelSecurity.policies[p]", "boolean"),
    ),
    "an extension": (
        "extensions: [{name: nope}]",
        ("spec.extensions[nope]", "nope", "install the extension's package"),
    ),
    "a generated column": (
        "tables: [{name: t, columns: [{name: a, type: timestamptz, generated: {expression: now()}}]}]",
        ("spec.tables[t]", "not immutable"),
    ),
}


def test_each_mistake_in_yaml_is_told_with_its_field(flow: Flow) -> None:
    wrong: list[str] = []
    for what, (text, parts) in YAML.items():
        said = str(error_of(flow, f"spec:\n  {text}"))
        wrong += [f"{what}: no {part!r} in: {said}" for part in parts if part not in said]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("tables: [{name: t, colums: []}]", "colums"),
        ("tables: [{name: t, columns: [{name: a}]}]", "type"),
        ("schemas: [pg_catalog]", "belong to the server"),
        ("schemas: [colonnade]", "belong to the server and to Colonnade"),
        ("tables: [{name: other.t}]", "spec.schemas"),
        ("tables: [{name: t, columns: [{name: a, type: 'int; DROP TABLE x'}]}]", "';'"),
        ('tables: [{name: t, columns: [{name: a, type: int, default: "\'x"}]}]', "not closed"),
        ("renames: [{kind: Column, from: a, to: b}]", "needs its table"),
        ("enums: [{name: e, values: [a, a]}]", "once"),
    ],
)
def test_what_no_server_needs_to_be_asked_for_is_told_at_once(text: str, part: str) -> None:
    with pytest.raises(InvalidResource) as told:
        declaration(OWNER, f"spec:\n  {text}")
    assert part in str(told.value)
    assert "main.yaml:" in str(told.value)


TOUCH = """CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {body}
  RETURN NEW;
END $$;
CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL CHECK (name <> ''), u int UNIQUE REFERENCES t);
CREATE TRIGGER t_touch BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION touch();
"""


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ("NEW.updated_at := now();", 'record "new" has no field "updated_at"'),
        ("INSERT INTO audit VALUES (NEW.id);", 'relation "audit" does not exist'),
        ("IF TG_OP = 'UPDATE' THEN NEW.nope := 1; END IF;", 'has no field "nope"'),
    ],
)
def test_a_trigger_that_cannot_work_on_any_row_is_told_with_its_function(flow: Flow, body: str, part: str) -> None:
    said = str(error_of(flow, TOUCH.format(body=body)))
    assert "trigger public.t.t_touch" in said
    assert "touch()" in said
    assert part in said
    assert "correct the function" in said


@pytest.mark.parametrize(
    "body",
    [
        "IF NEW.name IS NULL OR NEW.name = '' THEN RAISE EXCEPTION 'a name is needed'; END IF;",
        "IF NEW.id < 0 THEN RAISE check_violation; END IF;",
        "NEW.name := upper(NEW.name);",
    ],
)
def test_a_trigger_that_refuses_some_rows_is_none_of_our_business(flow: Flow, body: str) -> None:
    flow.apply(TOUCH.format(body=body))


@pytest.mark.parametrize(
    ("more", "warned"),
    [
        ("CREATE INDEX i ON t (a);", "index public.i on table public.t repeats unique public.t.t_a_key"),
        ("CREATE INDEX i ON t (id);", "index public.i on table public.t repeats primary key public.t.t_pkey"),
        (
            "CREATE INDEX i ON t (b); CREATE INDEX j ON t (b);",
            "index public.j on table public.t repeats index public.i",
        ),
        (
            "CREATE INDEX i ON t (b) WHERE b > 0; CREATE INDEX j ON t (b DESC); CREATE INDEX k ON t (b, a); CREATE INDEX l ON t USING hash (b);",
            "",
        ),
    ],
)
def test_an_index_that_repeats_another_is_a_warning(flow: Flow, more: str, warned: str) -> None:
    result = flow.reconcile("CREATE TABLE t (id int PRIMARY KEY, a int UNIQUE, b int);" + more)
    found = result.desired.warnings.get(OWNER, ())
    assert len(found) == bool(warned)
    assert warned in "".join(found)
    assert result.plan is not None
    assert result.plan.warnings == tuple(found)


LONG = "a" * 60


@pytest.mark.parametrize(
    ("declared", "warned"),
    [
        (
            f"CREATE TABLE {LONG}bcde (i int);",
            f"sql, line 1, column 14: the name {LONG}bcde has 64 bytes, and the server cuts it to {LONG}bcd;",
        ),
        (
            f'CREATE TABLE t (i int,\n "{LONG}""Bcd" int);',
            f'sql, line 2, column 2: the name {LONG}"Bcd has 64 bytes, and the server cuts it to {LONG}"Bc;',
        ),
        (
            f'CREATE TABLE t (i int);CREATE VIEW v AS SELECT i AS "{"ä" * 32}" FROM t;',
            f"has 64 bytes, and the server cuts it to {'ä' * 31};",
        ),
        (
            f"CREATE TABLE {LONG} (i int UNIQUE CHECK (i > 0), b text DEFAULT '{LONG * 2}'); -- {LONG * 2}\n/* {LONG * 2} */",
            "",
        ),
        (f"CREATE TABLE {LONG}bcd (i int); CREATE INDEX ON {LONG}bcd (i);", ""),
    ],
    ids=("word", "quoted", "another_alphabet", "no_name", "just_fits"),
)
def test_a_name_that_the_server_cuts_is_a_warning(flow: Flow, declared: str, warned: str) -> None:
    result = flow.reconcile(declared)
    found = result.desired.warnings.get(OWNER, ())
    assert len(found) == bool(warned)
    assert warned in "".join(found)
    assert result.plan is not None
    assert result.plan.warnings == found


def test_statements_may_come_in_any_order(flow: Flow) -> None:
    flow.apply("""
        CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT * FROM t; ALTER TABLE t ADD b mood; COMMENT ON VIEW v IS 'x';
        CREATE TABLE t (a int REFERENCES u); CREATE TYPE mood AS ENUM ('x'); CREATE TABLE u (id int PRIMARY KEY);""")
    assert flow.ask("SELECT count(*) FROM v") == 0


def test_a_dump_with_all_that_stands_around_it_is_taken(flow: Flow) -> None:
    flow.apply(
        """\ufeff-- PostgreSQL database dump
        \\restrict abc
        SET statement_timeout = 0; SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;
        SELECT pg_catalog.set_config('search_path', '', false); SET row_security = off; SET default_tablespace = '';
        BEGIN; CREATE TABLE public.t (a integer); COMMIT;
        ALTER TABLE public.t OWNER TO CURRENT_USER;
        \\unrestrict abc""".replace("        \\", "\\")
    )
    assert flow.ask("SELECT count(*) FROM t") == 0


@pytest.mark.parametrize(
    ("script", "part"),
    [
        (
            "CREATE FUNCTION pg_catalog.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "f is declared in schema pg_catalog, which is the server's own",
        ),
        ("CREATE TYPE information_schema.e AS ENUM ('a')", "e is declared in schema information_schema"),
        (
            "CREATE SCHEMA colonnade_mine",
            "colonnade_mine is declared in schema colonnade_mine, which is Colonnade's own",
        ),
        ("CREATE TEMPORARY TABLE t (a int)", "t is temporary"),
    ],
)
def test_what_would_not_be_compared_is_refused(flow: Flow, script: str, part: str) -> None:
    said = str(error_of(flow, f"{GOOD}{script};"))
    assert "sql, line 2, column 1" in said
    assert part in said


def test_what_comes_too_early_is_made_where_it_was_written(flow: Flow) -> None:
    flow.apply("""
        CREATE SCHEMA a; CREATE SCHEMA b;
        SET search_path = a; CREATE VIEW v AS SELECT * FROM later.t;
        SET search_path = b; CREATE VIEW w AS SELECT * FROM later.t;
        CREATE SCHEMA later; CREATE TABLE later.t ();""")
    assert flow.column(
        "SELECT relnamespace::regnamespace || '.' || relname FROM pg_class WHERE relname IN ('v', 'w') ORDER BY 1"
    ) == ["a.v", "b.w"]


def test_what_came_too_early_is_made_before_default_privileges_that_stand_after_it(flow: Flow) -> None:
    script = """
        CREATE TABLE early (a later); CREATE DOMAIN later AS int; CREATE VIEW of_early AS SELECT a FROM early;
        ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM CURRENT_USER;
        CREATE TABLE late ();"""
    flow.apply(script)
    assert flow.column(
        "SELECT relname FROM pg_class WHERE relname IN ('early', 'late', 'of_early') AND relacl IS NOT NULL"
    ) == ["late"]


def test_a_statement_that_does_not_end_holds_nobody_up(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "LIMIT", 1.0)
    wait = "DO $$BEGIN PERFORM pg_catalog.set_config('statement_timeout', '0', false); END$$; DO $$BEGIN PERFORM pg_sleep(600); END$$;"
    specs = {OWNER: GOOD, "PostgresSchema/shop/endless": f"CREATE TABLE more (a int);\n{wait}"}
    result = flow.reconcile(specs)
    said = str(result.desired.errors["PostgresSchema/shop/endless"])
    assert "line 2" in said
    assert "it ran for 1 s" in said
    assert flow.ask("SELECT count(*) FROM good") == 0


def test_views_that_need_one_another_are_told_with_a_way_out(flow: Flow) -> None:
    a, b = "CREATE OR REPLACE VIEW a AS SELECT x FROM b;", "CREATE VIEW b AS SELECT x FROM a;"
    with pytest.raises(Unsupported) as told:
        flow.reconcile(f"CREATE VIEW a AS SELECT 1 AS x; {b} {a}")
    assert "create view public.a -> create view public.b" in str(told.value)
    assert "let one of them do without the others" in str(told.value)


@pytest.mark.postgres("<18")
@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a + 1) VIRTUAL);", "VIRTUAL is of Postgres 18 and later"),
        ("CREATE TABLE t (a int, CHECK (a > 1) NOT ENFORCED);", "NOT ENFORCED is of Postgres 18 and later"),
        ("CREATE TABLE t (a int, CONSTRAINT c NOT NULL a);", "CONSTRAINT c NOT NULL is of Postgres 18 and later"),
        ("CREATE TABLE t (a textt CONSTRAINT c NOT NULL);", "correct the name"),
        ("CREATE TABLE t (virtual int, a int,,);", "correct the syntax"),
    ],
)
def test_what_a_newer_server_has_is_told_where_it_is_what_the_server_stumbles_over(
    flow: Flow, script: str, told: str
) -> None:
    said = str(error_of(flow, script))
    assert told in said
    assert ("of Postgres 18" in said) == ("of Postgres 18" in told)
