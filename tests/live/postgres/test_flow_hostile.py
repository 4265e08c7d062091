"""Names and databases that mean us harm, or merely look it."""

from __future__ import annotations

import pytest

from tests.live.postgres.flow import Flow, approved

NAMES = [
    'a"b',
    "a'b",
    "a.b",
    "two words",
    "line\nbreak",
    "tab\there",
    "semi;colon",
    "-- comment",
    "/* comment */",
    "{braces} %s %(x)s %%",
    "$1 $$ $x$",
    "back\\slash",
    "ünï©ødé",
    "日本語の表",
    "emoji 🐘",
    "UPPER and lower",
    "select",
    "user",
    "123",
    "x" * 63,
    "ä" * 31,
    "colon:cast::text",
    "(paren",
    "[bracket]",
    "\u202eright to left",
    " lead and trail ",
]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def script(name: str, *, more: bool) -> str:
    """One table with everything named so: second time with more of it."""
    n, s = quoted(name), literal(name)
    other = quoted(name.encode()[:60].decode(errors="ignore") + "~2")
    short = name.encode()[:50].decode(errors="ignore")
    index, check, unique = (quoted(f"{short}~{x}") for x in "ick")
    extra = f", {other} text NOT NULL DEFAULT {s} CHECK ({other} <> '')" if more else ""
    table = f"""
        CREATE TABLE {n} ({n} text PRIMARY KEY DEFAULT {s}, plain int{extra}, CONSTRAINT {check} CHECK ({n} <> ''), CONSTRAINT {unique} UNIQUE (plain, {n}));
        COMMENT ON TABLE {n} IS {s}; COMMENT ON COLUMN {n}.{n} IS {s};
        CREATE VIEW {quoted(short + "~v")} AS SELECT {n} AS {n}, {s}::text AS x FROM {n};
        CREATE TYPE {quoted(short + "~e")} AS ENUM ({s}, 'b'{", 'c'" if more else ""});"""
    return table + (f"CREATE INDEX {index} ON {n} (({n} || {s}));" if more else "")


@pytest.mark.parametrize("half", [0, 1])
def test_any_name_that_postgres_takes_is_taken_in_every_place(flow: Flow, half: int) -> None:
    names = NAMES[half::2]
    flow.apply("".join(script(n, more=False) for n in names))
    for name in names:
        flow.run(f"INSERT INTO {quoted(name)} (plain) VALUES (1)")
    flow.apply("".join(script(n, more=True) for n in names))
    for name in names:
        assert flow.run(f"SELECT count(*) FROM {quoted(name)}").strip() == "1"
    flow.apply("".join(script(n, more=False) for n in names))


TRAP = """
CREATE TABLE public.trapped (who text, at timestamptz DEFAULT pg_catalog.now());
CREATE SCHEMA evil;
"""
SHADOWED = """
CREATE FUNCTION {s}.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('format'); RETURN 'x'; END $$;
CREATE FUNCTION {s}.format_type(oid, integer) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('format_type'); RETURN 'x'; END $$;
CREATE FUNCTION {s}.pg_get_expr(pg_node_tree, oid) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('pg_get_expr'); RETURN 'x'; END $$;
CREATE FUNCTION {s}.pg_get_viewdef(oid) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('viewdef'); RETURN 'x'; END $$;
CREATE FUNCTION {s}.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('set_config'); RETURN 'x'; END $$;
CREATE FUNCTION {s}.now() RETURNS timestamptz LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('now'); RETURN NULL; END $$;
CREATE FUNCTION {s}.count(bigint) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('count'); RETURN 0; END $$;
CREATE FUNCTION {s}.evil_eq(name, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('='); RETURN true; END $$;
CREATE FUNCTION {s}.evil_eq(oid, oid) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('= oid'); RETURN true; END $$;
CREATE FUNCTION {s}.evil_cat(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ('||'); RETURN 'x'; END $$;
CREATE OPERATOR {s}.= (LEFTARG = name, RIGHTARG = text, FUNCTION = {s}.evil_eq);
CREATE OPERATOR {s}.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = {s}.evil_eq);
CREATE OPERATOR {s}.|| (LEFTARG = text, RIGHTARG = text, FUNCTION = {s}.evil_cat);
CREATE VIEW {s}.pg_class AS SELECT * FROM pg_catalog.pg_class WHERE public.sprung('pg_class');
CREATE VIEW {s}.pg_namespace AS SELECT * FROM pg_catalog.pg_namespace WHERE public.sprung('pg_namespace');
CREATE TYPE {s}.text AS ENUM ('a');
"""
SPRUNG = """
CREATE FUNCTION public.sprung(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.trapped VALUES ($1); RETURN true; END $$;
"""


def test_no_code_of_the_database_runs_in_our_sessions(flow: Flow) -> None:
    flow.run(TRAP + SPRUNG + SHADOWED.format(s="public") + SHADOWED.format(s="evil"))
    flow.run("""
        SELECT pg_catalog.format('ALTER DATABASE %I SET search_path = evil, public, pg_catalog', pg_catalog.current_database()) \\gexec
        CREATE TABLE victim (id int PRIMARY KEY, t pg_catalog.text); INSERT INTO victim VALUES (1, NULL), (2, 'x'); DELETE FROM trapped;""")
    wanted = """
        CREATE TABLE victim (id int PRIMARY KEY, t pg_catalog.text CHECK (t OPERATOR(pg_catalog.<>) ''), n int NOT NULL DEFAULT 7, UNIQUE (t));
        CREATE INDEX victim_n ON victim (n);"""
    result = flow.reconcile(wanted, approved)
    assert result.held is None
    assert flow.reconcile(wanted).held is None
    with flow.opened() as database:
        database.probe()
    assert flow.column("SELECT DISTINCT who FROM public.trapped") == []


def test_an_event_trigger_and_a_slow_function_of_others_do_not_stop_us(flow: Flow) -> None:
    flow.run("""
        CREATE TABLE ddl_log (tag text);
        CREATE FUNCTION logs() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.ddl_log VALUES (tg_tag); END $$;
        CREATE EVENT TRIGGER log_ddl ON ddl_command_end EXECUTE FUNCTION logs();""")
    assert flow.reconcile("CREATE TABLE t (a int)").held is None
    assert "CREATE TABLE" in flow.column("SELECT tag FROM ddl_log")


def test_text_that_is_declared_stays_text(flow: Flow) -> None:
    body = "Robert'); DROP TABLE t; -- {x} %s $$"
    wanted = f"CREATE TABLE t (a text DEFAULT {literal(body)}); COMMENT ON TABLE t IS {literal(body)};"
    flow.apply(wanted)
    flow.run("INSERT INTO t DEFAULT VALUES")
    assert flow.ask("SELECT a FROM t") == body
    assert flow.ask("SELECT obj_description('t'::regclass)") == body
