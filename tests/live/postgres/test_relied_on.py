"""What others rely on and no longer find is told, also where it is replaced under the same name; what serves as well is not."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

import pytest

from colonnade.core.plan import Plan
from tests.live.postgres.flow import Flow

Case = tuple[str, str, str]
"""The old declaration, the new one, and what is told: its code, and after a colon a word of its message; '' where nothing is."""

BASE = "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, a int, b int, r int4range, s varchar(9){});"
CHECKS = (
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$; CREATE TRIGGER g BEFORE {};"
)


def constraint(old: str, new: str, told: str) -> Case:
    return BASE.format(f", CONSTRAINT c {old}"), BASE.format(f", CONSTRAINT c {new}"), told


def beside(old: str, new: str, told: str) -> Case:
    return BASE.format("") + old, BASE.format("") + new, told


def trigger(old: str, new: str, told: str) -> Case:
    head, tail = CHECKS.split("{}")
    before, after = (f"{head}{one} EXECUTE FUNCTION f(){tail}" for one in (old, new))
    return beside(before, after, told)


GUARDS = {
    "key_of_more": (
        "CREATE TABLE t (id int, k int NOT NULL, CONSTRAINT c PRIMARY KEY (id));",
        "CREATE TABLE t (id int NOT NULL, k int NOT NULL, CONSTRAINT c PRIMARY KEY (k, id));",
        "DROPS_GUARANTEE:no longer about (id)",
    ),
    "key_of_a_whole": (
        "CREATE TABLE t (id int, k int NOT NULL, CONSTRAINT c PRIMARY KEY (id));",
        """CREATE TABLE t (id int NOT NULL, k int NOT NULL, CONSTRAINT c PRIMARY KEY (id, k)) PARTITION BY LIST (k);
        CREATE TABLE t1 PARTITION OF t DEFAULT;""",
        "DROPS_GUARANTEE:no longer about (id)",
    ),
    "unique_of_more": constraint("UNIQUE (a)", "UNIQUE (a, b)", "DROPS_GUARANTEE:no longer about (a)"),
    "unique_of_nulls": constraint("UNIQUE (a)", "UNIQUE (b)", "DROPS_GUARANTEE:no longer about (a)"),
    "unique_deferred": constraint("UNIQUE (a)", "UNIQUE (a) DEFERRABLE", "DROPS_GUARANTEE:ON CONFLICT no longer"),
    "unique_of_less": constraint("UNIQUE (a, b)", "UNIQUE (a)", "BREAKS_CLIENTS:ON CONFLICT (a, b)"),
    "index_of_less": beside(
        "CREATE UNIQUE INDEX i ON t (a, b);", "CREATE UNIQUE INDEX i ON t (b);", "BREAKS_CLIENTS:ON CONFLICT (a, b)"
    ),
    "unique_reordered": constraint("UNIQUE (a, b)", "UNIQUE (b, a) INCLUDE (s)", ""),
    "index_of_more": beside(
        "CREATE UNIQUE INDEX i ON t (a);", "CREATE UNIQUE INDEX i ON t (a, b);", "DROPS_GUARANTEE:(a, b)"
    ),
    "index_of_some": beside(
        "CREATE UNIQUE INDEX i ON t (a);", "CREATE UNIQUE INDEX i ON t (a) WHERE b > 5;", "DROPS_GUARANTEE:b > 5"
    ),
    "index_of_all": beside("CREATE UNIQUE INDEX i ON t (a) WHERE b > 5;", "CREATE UNIQUE INDEX i ON t (a);", ""),
    "index_plain": beside("CREATE UNIQUE INDEX i ON t (a);", "CREATE INDEX i ON t (a);", "DROPS_GUARANTEE:unique"),
    "index_other": beside("CREATE INDEX i ON t (a);", "CREATE INDEX i ON t (b);", ""),
    "index_alone": beside("CREATE UNIQUE INDEX i ON t (a, b);", "", "DROPS_GUARANTEE:index"),
    "index_of_what_goes": (
        BASE.format(", x int") + "CREATE UNIQUE INDEX i ON t (a, x);",
        BASE.format(""),
        "DROPS_GUARANTEE:index",
    ),
    "index_goes_along": (BASE.format(", x int") + "CREATE UNIQUE INDEX i ON t (x);", BASE.format(""), ""),
    "index_beside": beside(
        "CREATE UNIQUE INDEX i ON t (a); CREATE UNIQUE INDEX j ON t (a);", "CREATE UNIQUE INDEX j ON t (a);", ""
    ),
    "constraint_to_index": (
        BASE.format(", CONSTRAINT c UNIQUE (a)"),
        BASE.format("") + "CREATE UNIQUE INDEX c ON t (a);",
        "",
    ),
    "constraint_to_another": (
        BASE.format(", CONSTRAINT c UNIQUE (a)"),
        BASE.format("") + "CREATE UNIQUE INDEX i ON t (a);",
        "",
    ),
    "constraint_to_less": (
        BASE.format(", CONSTRAINT c UNIQUE (a)"),
        BASE.format("") + "CREATE UNIQUE INDEX i ON t (a) WHERE b > 0;",
        "DROPS_GUARANTEE:unique",
    ),
    "index_to_constraint": (
        BASE.format("") + "CREATE UNIQUE INDEX i ON t (a);",
        BASE.format(", CONSTRAINT c UNIQUE (a)"),
        "",
    ),
    "primary_to_index": (
        BASE.format("").replace("id int PRIMARY KEY, a", "id int NOT NULL, a")
        + "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (id);",
        BASE.format("").replace("id int PRIMARY KEY, a", "id int NOT NULL, a") + "CREATE UNIQUE INDEX k ON t (id);",
        "DROPS_GUARANTEE:primary key",
    ),
    "index_to_plain": beside("CREATE UNIQUE INDEX i ON t (a);", "CREATE INDEX j ON t (a);", "DROPS_GUARANTEE:index"),
    "check_goes_beside": (
        BASE.format(", CONSTRAINT c CHECK (a > 0), CONSTRAINT d CHECK (a > 5)"),
        BASE.format(", CONSTRAINT d CHECK (a > 5)"),
        "",
    ),
    "looser": constraint("CHECK (a > 0)", "CHECK (a > -9)", "DROPS_GUARANTEE:may let in"),
    "one_of_two": constraint("CHECK (a > 0)", "CHECK (a > 0 OR b > 0)", "DROPS_GUARANTEE:may let in"),
    "stricter": constraint("CHECK (a > 0)", "CHECK (a > 0 AND b > 0)", ""),
    "fewer_words": constraint("CHECK (s IN ('a', 'b', 'c'))", "CHECK (s IN ('a', 'b'))", ""),
    "more_words": constraint("CHECK (s IN ('a', 'b'))", "CHECK (s IN ('a', 'b', 'c'))", "DROPS_GUARANTEE:may let in"),
    "proved": constraint("CHECK (a > 0) NOT VALID", "CHECK (a > 0)", ""),
    "unproved": constraint("CHECK (a > 0)", "CHECK (a > 0) NOT VALID", ""),
    "other_type": (
        BASE.format(", CONSTRAINT c CHECK (s <> ''), CONSTRAINT d CHECK (s IN ('x', 'y'))"),
        BASE.format(", CONSTRAINT c CHECK (s <> ''), CONSTRAINT d CHECK (s IN ('x', 'y'))").replace(
            "varchar(9)", "text"
        ),
        "",
    ),
    "cascades": constraint(
        "FOREIGN KEY (b) REFERENCES p", "FOREIGN KEY (b) REFERENCES p ON DELETE CASCADE", "DROPS_GUARANTEE:deletes the"
    ),
    "refuses": constraint("FOREIGN KEY (b) REFERENCES p ON DELETE CASCADE", "FOREIGN KEY (b) REFERENCES p", ""),
    "excludes_some": constraint(
        "EXCLUDE USING gist (r WITH &&)",
        "EXCLUDE USING gist (r WITH &&) WHERE (b > 9)",
        "DROPS_GUARANTEE:only about rows where b > 9",
    ),
    "domain": (
        "CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > 0); CREATE TABLE t (id d);",
        "CREATE DOMAIN d AS int CONSTRAINT c CHECK (VALUE > -9); CREATE TABLE t (id d);",
        "DROPS_GUARANTEE:may let in",
    ),
    "fires_less": trigger(
        "INSERT OR UPDATE ON t FOR EACH ROW", "INSERT ON t FOR EACH ROW", "DROPS_GUARANTEE:no longer fires on UPDATE"
    ),
    "fires_more": trigger("UPDATE OF a ON t FOR EACH ROW", "INSERT OR UPDATE ON t FOR EACH ROW", ""),
    "fires_late": beside(
        CHECKS.format("UPDATE ON t EXECUTE FUNCTION f()"),
        CHECKS.format("UPDATE ON t EXECUTE FUNCTION f()").replace("BEFORE", "AFTER"),
        "DROPS_GUARANTEE:fires AFTER",
    ),
    "runs_another": beside(
        CHECKS.format("UPDATE ON t EXECUTE FUNCTION f()"),
        CHECKS.format("UPDATE ON t EXECUTE FUNCTION f('x')"),
        "DROPS_GUARANTEE:it runs runs_another.f('x')",
    ),
    "disabled": beside(
        CHECKS.format("UPDATE ON t EXECUTE FUNCTION f()"),
        CHECKS.format("UPDATE ON t EXECUTE FUNCTION f()") + "ALTER TABLE t DISABLE TRIGGER g;",
        "DROPS_GUARANTEE:it is disabled",
    ),
}


NOT_ENFORCED = {
    "check_idle": constraint("CHECK (a > 0)", "CHECK (a > 0) NOT ENFORCED", "DROPS_GUARANTEE:NOT ENFORCED"),
    "key_idle": constraint(
        "FOREIGN KEY (b) REFERENCES p",
        "FOREIGN KEY (b) REFERENCES p DEFERRABLE NOT ENFORCED",
        "DROPS_GUARANTEE:NOT ENFORCED",
    ),
    "key_enforced": constraint("FOREIGN KEY (b) REFERENCES p NOT ENFORCED", "FOREIGN KEY (b) REFERENCES p", ""),
}
"""From Postgres 18 on."""


def in_schemas(cases: Mapping[str, Case], which: int) -> str:
    return "".join(f"CREATE SCHEMA {n}; SET search_path = {n};\n{c[which]}\n" for n, c in cases.items())


def told(plan: Plan, *codes: str) -> Mapping[str, list[str]]:
    """What is told of each schema's objects for good."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for step in plan.steps:
        schema = re.findall(r"(\w+)[.]|$", step.subject)[0]
        found[schema] += [
            f"{h.code}:{h.message}" for h in step.hazards if h.code in codes and " (until it " not in h.message
        ]
    return found


def tell(flow: Flow, cases: Mapping[str, Case], *codes: str) -> Plan:
    """Each case tells what it is to tell, once, and nothing more of these codes; then all of it is done."""
    flow.apply(in_schemas(cases, 0))
    wanted = in_schemas(cases, 1)
    plan = flow.plan(wanted)
    found = told(plan, *codes)
    wrong = {}
    for name, (_, _, code) in cases.items():
        head, _, tail = code.partition(":")
        if [m for m in found[name] if not (head and m.startswith(f"{head}:") and tail in m)] or len(
            found[name]
        ) != bool(code):
            wrong[name] = (code, found[name])
    assert not wrong
    flow.apply(wanted)
    return plan


def test_a_guard_that_lets_more_in(flow: Flow) -> None:
    since_18 = int(flow.ask("SHOW server_version_num")) >= 180000
    plan = tell(flow, GUARDS | (NOT_ENFORCED if since_18 else {}), "DROPS_GUARANTEE", "BREAKS_CLIENTS")
    in_place = [s.statement for s in plan.steps if "key_idle" in s.subject]
    assert in_place == (['ALTER TABLE "key_idle"."t" ALTER CONSTRAINT "c" DEFERRABLE NOT ENFORCED'] if since_18 else [])


VIEWS = "CREATE TABLE t (id int PRIMARY KEY, a int, b varchar(9)); "
SHAPES = {
    "view_of_less": (
        VIEWS + "CREATE VIEW v AS SELECT id, a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT id FROM t;",
        "BREAKS_CLIENTS:no longer has a",
    ),
    "view_renamed": (
        VIEWS + "CREATE VIEW v AS SELECT id, a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT id, a AS n FROM t;",
        "BREAKS_CLIENTS:no longer has a",
    ),
    "view_of_more": (VIEWS + "CREATE VIEW v AS SELECT id FROM t;", VIEWS + "CREATE VIEW v AS SELECT a, id FROM t;", ""),
    "view_typed": (
        VIEWS + "CREATE VIEW v AS SELECT DISTINCT a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT DISTINCT a::text AS a FROM t;",
        "BREAKS_CLIENTS:of type text",
    ),
    "view_follows": (
        VIEWS + "CREATE VIEW v AS SELECT b FROM t;",
        VIEWS.replace("varchar(9)", "text") + "CREATE VIEW v AS SELECT b FROM t;",
        "",
    ),
    "kept_of_less": (
        VIEWS + "CREATE MATERIALIZED VIEW v AS SELECT id, a FROM t;",
        VIEWS + "CREATE MATERIALIZED VIEW v AS SELECT id FROM t;",
        "BREAKS_CLIENTS:no longer has a",
    ),
    "kept_typed": (
        VIEWS + "CREATE MATERIALIZED VIEW v AS SELECT id, a FROM t;",
        VIEWS + "CREATE MATERIALIZED VIEW v AS SELECT id, a::bigint AS a FROM t;",
        "BREAKS_CLIENTS:of type bigint",
    ),
    "gives_another": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$SELECT '1'$$;",
        "BREAKS_CLIENTS:it gives text, no longer integer",
    ),
    "asks_for_more": (
        "CREATE FUNCTION f(a int, b int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "BREAKS_CLIENTS:fewer arguments",
    ),
    "other_names": (
        "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "BREAKS_CLIENTS:other names",
    ),
    "named": (
        "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE FUNCTION f(b int) RETURNS int LANGUAGE sql AS 'SELECT 2';",
        "",
    ),
    "leaves_one_of_two": (
        "CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE c () INHERITS (a, b);",
        "CREATE TABLE a (x int); CREATE TABLE b (x int); CREATE TABLE c () INHERITS (b);",
        "BREAKS_CLIENTS:table leaves_one_of_two.a no longer shows the rows of table leaves_one_of_two.c",
    ),
    "published": (
        VIEWS + "CREATE PUBLICATION of_all FOR ALL TABLES;",
        VIEWS + "CREATE PUBLICATION of_all FOR TABLE t;",
        "",
    ),
}
RIGHTS = {
    "barred": (
        VIEWS + "CREATE VIEW v AS SELECT a FROM t;",
        VIEWS + "CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t;",
        "CHANGES_ACCESS:no longer seen by",
    ),
    "unbarred": (
        VIEWS + "CREATE VIEW v WITH (security_barrier) AS SELECT a, b FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT a FROM t;",
        "CHANGES_ACCESS:may be shown to",
    ),
    "definer": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
        "CHANGES_ACCESS:the rights of its owner",
    ),
    "invoker": (
        "CREATE PROCEDURE f() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
        "CREATE PROCEDURE f() LANGUAGE sql AS 'SELECT 1';",
        "CHANGES_ACCESS:the rights of whoever calls it",
    ),
}
WRITTEN_THROUGH = {
    "checked": (
        VIEWS + "CREATE VIEW v AS SELECT a FROM t WHERE a > 0;",
        VIEWS + "CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION;",
        "TIGHTENS_RULE:that it would not show",
    ),
    "checked_further": (
        VIEWS + "CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH LOCAL CHECK OPTION;",
        VIEWS + "CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH CHECK OPTION;",
        "TIGHTENS_RULE:that it would not show",
    ),
    "unchecked": (
        VIEWS + "CREATE VIEW v AS SELECT a FROM t WHERE a > 0 WITH CHECK OPTION;",
        VIEWS + "CREATE VIEW v AS SELECT a FROM t WHERE a > 0;",
        "DROPS_GUARANTEE:no longer refuses",
    ),
}
INSTEAD = (
    VIEWS + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;"
    "CREATE VIEW v AS SELECT DISTINCT a FROM t;"
)
TAKES = {
    "no_writes": (
        VIEWS + "CREATE VIEW v AS SELECT id, a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT DISTINCT id, a FROM t;",
        "BREAKS_CLIENTS:no INSERT and no UPDATE and no DELETE",
    ),
    "no_value": (
        VIEWS + "CREATE VIEW v AS SELECT id, a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT id, a + 1 AS a FROM t;",
        "BREAKS_CLIENTS:no value for a",
    ),
    "no_trigger": (
        INSTEAD + "CREATE TRIGGER g INSTEAD OF INSERT ON v FOR EACH ROW EXECUTE FUNCTION f();",
        INSTEAD,
        "BREAKS_CLIENTS:it takes no INSERT",
    ),
    "takes_more": (
        VIEWS + "CREATE VIEW v AS SELECT DISTINCT a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT a FROM t;",
        "",
    ),
}
INVOKER = {
    "by_invoker": (
        VIEWS + "CREATE VIEW v AS SELECT a FROM t;",
        VIEWS + "CREATE VIEW v WITH (security_invoker = on) AS SELECT a FROM t;",
        "CHANGES_ACCESS:whoever reads it",
    ),
    "by_owner": (
        VIEWS + "CREATE VIEW v WITH (security_invoker) AS SELECT a FROM t;",
        VIEWS + "CREATE VIEW v AS SELECT a FROM t;",
        "CHANGES_ACCESS:its owner",
    ),
}


def test_what_applications_call_by_name_has_another_shape(flow: Flow) -> None:
    plan = tell(flow, SHAPES, "BREAKS_CLIENTS")
    (publication,) = (s for s in plan.steps if s.statement.startswith("DROP PUBLICATION"))
    assert [h.code for h in publication.hazards] == ["BREAKS_CLIENTS"]
    assert "not named" in publication.hazards[0].message


def test_with_whose_rights_something_is_done(flow: Flow) -> None:
    tell(flow, RIGHTS | WRITTEN_THROUGH, "CHANGES_ACCESS", "TIGHTENS_RULE", "DROPS_GUARANTEE")


def test_a_view_that_takes_less(flow: Flow) -> None:
    tell(flow, TAKES, "BREAKS_CLIENTS")


def test_what_is_under_a_view_that_takes_less(flow: Flow) -> None:
    """The view itself stays as it is."""
    views = VIEWS + "CREATE VIEW u AS SELECT {} FROM t; CREATE VIEW v AS SELECT a FROM u;"
    flow.apply(views.format("a"))
    (told,) = flow.plan(views.format("DISTINCT a")).steps
    assert [h.message.partition(" fail")[0].rpartition(" ")[2] for h in told.hazards] == ["public.u", "public.v"]


@pytest.mark.postgres(">=15")
def test_with_whose_rights_a_view_reads(flow: Flow) -> None:
    tell(flow, INVOKER, "CHANGES_ACCESS")


REFERRED = (
    "CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, p int CONSTRAINT k REFERENCES p{});"
)
COLUMNS = {
    "no_default": (
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL DEFAULT 5, b int DEFAULT 5);",
        "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL, b int);",
        "TIGHTENS_RULE:gives column no_default.t.a no value",
    ),
    "no_more_along": (
        REFERRED.format(" ON DELETE CASCADE"),
        REFERRED.format(" ON DELETE RESTRICT"),
        "TIGHTENS_RULE:no more ON DELETE CASCADE",
    ),
    "always": (
        "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
        "TIGHTENS_RULE:GENERATED ALWAYS",
    ),
    "from_serial": (
        "CREATE TABLE t (id serial PRIMARY KEY);",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
        "TIGHTENS_RULE:GENERATED ALWAYS",
    ),
    "by_default": (
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
        "CREATE TABLE t (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);",
        "",
    ),
    "comes_last": (
        "CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED, z int);",
        "CREATE TABLE t (id int PRIMARY KEY, a bigint, g bigint GENERATED ALWAYS AS (a + 1) STORED, z int);",
        "MOVES_COLUMN:comes to stand last",
    ),
    "was_last": (
        "CREATE TABLE t (id int PRIMARY KEY, a int, g int GENERATED ALWAYS AS (a + 1) STORED);",
        "CREATE TABLE t (id int PRIMARY KEY, a bigint, g bigint GENERATED ALWAYS AS (a + 1) STORED);",
        "",
    ),
}


def test_what_a_column_takes_and_where_it_stands(flow: Flow) -> None:
    tell(flow, COLUMNS, "TIGHTENS_RULE", "MOVES_COLUMN")


def test_what_is_only_called_otherwise_and_what_no_row_has(flow: Flow) -> None:
    declared = """CREATE TYPE e AS ENUM ('a'{0}); CREATE TYPE c AS (e e); CREATE TABLE t (id int{1}) PARTITION BY LIST (id);
        CREATE TABLE t1 PARTITION OF t DEFAULT; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER {2} BEFORE INSERT ON t1 FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY {2} ON t USING (id > 0);"""
    flow.apply(declared.format(", 'b'", "", "one"))
    flow.run("COMMENT ON TRIGGER one ON t1 IS 'first'")
    result = flow.apply(declared.format("", "", '"The other"'))
    assert result.plan is not None
    assert result.plan.hazards == ()
    flow.apply(declared.format(", 'b'", ", c c", '"The other"'))
    assert [h.code for h in flow.plan(declared.format("", ", c c", "x")).hazards] == ["NARROWS_DATA"]


CALLED = """CREATE SCHEMA s;
CREATE FUNCTION s.f(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT {}(t) $$;
CREATE FUNCTION s.by_name(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT s.f(t) $$;
CREATE FUNCTION s.like(a text, b text) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT s.f(a) = s.f(b) $$;
CREATE OPERATOR s.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = s.like);
CREATE DOMAIN s.d AS text CONSTRAINT at_domain CHECK (s.f(VALUE) <> '');
CREATE TABLE s.t (id int PRIMARY KEY, a text, x s.d, c text GENERATED ALWAYS AS (s.by_name(a)) STORED,
  CONSTRAINT excluded EXCLUDE (s.f(a) WITH =), CONSTRAINT checked CHECK (a OPERATOR(s.===) a), n text DEFAULT s.f('x'));
CREATE INDEX indexed ON s.t (s.f(a)); CREATE INDEX partial ON s.t (id) WHERE s.f(a) = 'a'; CREATE INDEX plain ON s.t (a);
CREATE VIEW s.v AS SELECT s.f(a) FROM s.t; CREATE MATERIALIZED VIEW s.m AS SELECT * FROM s.v;
CREATE TABLE s.whole (a text) PARTITION BY LIST (s.f(a));"""


def test_what_was_computed_with_another_body(flow: Flow) -> None:
    flow.apply(CALLED.format("lower"))
    plan = flow.plan(CALLED.format("upper"))
    (told,) = plan.hazards
    assert told.code == "KEEPS_OLD_RESULTS"
    for kept in (
        "domain constraint s.d.at_domain",
        "column s.t.c",
        "exclusion s.t.excluded",
        "check s.t.checked",
        "index s.indexed",
        "index s.partial",
        "table s.whole",
        "materialized view s.m",
    ):
        assert kept in told.message
    assert "plain" not in told.message
    assert 'REINDEX INDEX CONCURRENTLY "s"."indexed"' in told.safe_way
    assert 'UPDATE "s"."t" SET "a" = "a"' in told.safe_way
    assert not flow.plan(CALLED.format("/* as before */ lower")).hazards
    flow.apply(CALLED.format("upper"))


def test_what_was_read_through_another_view(flow: Flow) -> None:
    declared = """CREATE TABLE t (a int); CREATE VIEW v AS SELECT DISTINCT a{} AS a FROM t;
        CREATE MATERIALIZED VIEW m AS SELECT a FROM v; CREATE VIEW read AS SELECT a FROM v;"""
    flow.apply(declared.format(""))
    (told,) = flow.plan(declared.format(" + 1")).hazards
    assert told.code == "KEEPS_OLD_RESULTS"
    assert told.safe_way == 'REFRESH MATERIALIZED VIEW "public"."m"'


def test_what_is_built_anew_by_the_same_plan_is_computed_with_the_new_body(flow: Flow) -> None:
    declared = """CREATE FUNCTION f(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT {}(t) $$;
        CREATE TABLE t (id int PRIMARY KEY, a text); CREATE INDEX i ON t ({});"""
    flow.apply(declared.format("lower", "f(a)"))
    assert "KEEPS_OLD_RESULTS" not in [h.code for h in flow.plan(declared.format("upper", "id, f(a)")).hazards]
    assert "KEEPS_OLD_RESULTS" in [h.code for h in flow.plan(declared.format("upper", "f(a)")).hazards]


def test_how_an_index_is_stored_is_said_in_place(flow: Flow) -> None:
    declared = """CREATE TABLE t (id int, r int4range, d tsvector, a int, CONSTRAINT k PRIMARY KEY (id){0}, CONSTRAINT u UNIQUE (a){0},
          CONSTRAINT e EXCLUDE USING gist (r WITH &&){0});
        CREATE INDEX i ON t (a){0}; CREATE INDEX g ON t USING gin (d){1}; CREATE INDEX b ON t USING brin (a){2};
        CREATE TABLE w (id int, a int) PARTITION BY RANGE (id); CREATE TABLE w1 PARTITION OF w DEFAULT;
        CREATE INDEX wi ON w (a); ALTER INDEX w1_a_idx {3};"""
    plain = declared.format("", "", "", "SET (fillfactor = 90)")
    tuned = declared.format(" WITH (fillfactor = 70)", " WITH (fastupdate = off)", "", "RESET (fillfactor)")
    flow.apply(plain)
    nodes = flow.column(
        "SELECT relfilenode FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    for wanted in (tuned, plain):
        plan = flow.plan(wanted)
        assert {s.statement.split('"')[0] for s in plan.steps} == {"ALTER INDEX "}
        assert len(plan.steps) == 6
        assert not plan.hazards
        flow.apply(wanted)
    assert nodes == flow.column(
        "SELECT relfilenode FROM pg_class WHERE relkind = 'i' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    assert "CREATE INDEX" in str(
        flow.statements(declared.format("", "", " WITH (pages_per_range = 16)", "SET (fillfactor = 90)"))
    )


def test_an_index_that_is_not_there_for_a_while_is_told(flow: Flow) -> None:
    """Indexes of a partitioned table's parts go with the whole's, and are built one by one."""
    declared = """CREATE TABLE t (id int, a int, b int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;
        CREATE INDEX i ON t ({});"""
    flow.apply(declared.format("a"))
    told = [h.message for h in flow.plan(declared.format("a DESC")).hazards if h.code == "DROPS_INDEX"]
    assert told
    assert all("until it is built again" in t for t in told)


def test_what_was_computed_with_the_words_of_a_language(flow: Flow) -> None:
    declared = """CREATE TEXT SEARCH DICTIONARY words (TEMPLATE = simple{});
        CREATE TEXT SEARCH CONFIGURATION language (COPY = simple);
        ALTER TEXT SEARCH CONFIGURATION language ALTER MAPPING FOR asciiword WITH {};
        CREATE TABLE t (b text, v tsvector GENERATED ALWAYS AS (to_tsvector('language', b)) STORED);
        CREATE INDEX i ON t USING gin (to_tsvector('language', b));"""
    flow.apply(declared.format("", "words"))
    for wanted, changed in ((declared.format(", STOPWORDS = english", "words"), "dictionary public.words"),
                            (declared.format("", "english_stem"), "configuration public.language")):  # fmt: skip
        (told,) = [h.message for h in flow.plan(wanted).hazards if h.code == "KEEPS_OLD_RESULTS"]
        assert all(one in told for one in (f"text search {changed}", "index public.i", "column public.t.v"))


NAMED = """
CREATE TABLE logged (at int, note text){part};
CREATE FUNCTION runs(int) RETURNS {result} LANGUAGE sql AS 'SELECT 1';
CREATE TABLE names (id int PRIMARY KEY, rel regclass, fn regprocedure, bare regproc, ty regtype);
"""


def test_what_a_column_names_by_number_is_made_anew(flow: Flow) -> None:
    """It is told where a row names it, and only there."""
    new = NAMED.format(
        part=" PARTITION BY LIST (at); CREATE TABLE logged_1 PARTITION OF logged DEFAULT", result="bigint"
    )
    flow.apply(NAMED.format(part="", result="int"))
    flow.run("INSERT INTO names VALUES (1, 'names', 'now()', 'now', 'text')")
    assert "NARROWS_DATA" not in {h.code for h in flow.plan(new).hazards}
    flow.run("INSERT INTO names VALUES (2, 'logged', 'runs(int)', 'runs', 'logged'), (3, 'logged', NULL, NULL, NULL)")
    hazards = [h.message for h in flow.plan(new).hazards if h.code == "NARROWS_DATA"]
    assert sorted((m.split()[1], m.split("; ")[1].partition(": ")[2]) for m in hazards) == [
        ("public.names.bare", "1 value(s) do not come back as they were"),
        ("public.names.fn", "1 value(s) do not come back as they were"),
        ("public.names.rel", "2 value(s) do not come back as they were"),
        ("public.names.ty", "1 value(s) do not come back as they were"),
    ]
