"""What was dropped waits: columns in their table under another name, tables in a schema; it comes back, or goes for good in the end."""

from __future__ import annotations

import re
from typing import LiteralString

import pytest

from colonnade.cli.entry import main
from colonnade.cli.script import down
from colonnade.core.errors import Conflict, DataViolation, InvalidSpec, Unsupported
from colonnade.core.gate import Policy
from colonnade.engines import Restorable
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import shape

USERS = "CREATE TABLE users (id bigint PRIMARY KEY, {}email text);"
FULL = (
    "CREATE TYPE mood AS ENUM ('good'); "
    + USERS.format("note text NOT NULL DEFAULT 'x' CHECK (note <> ''), n serial, m mood, ")
    + "CREATE INDEX by_note ON users (note);"
)
BARE = USERS.format("")
ROWS = "INSERT INTO users (id, note) SELECT i, 'note ' || i FROM generate_series(1, 5) i;"
NAMES = "SELECT attname::text FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum"


def restore(flow: Flow, name: str) -> str:
    with flow.opened() as database:
        assert isinstance(database, Restorable)
        return database.restore(name).name


def test_a_dropped_column_waits_in_its_table_out_of_everyones_way_and_comes_back_with_its_values(flow: Flow) -> None:
    flow.apply(FULL)
    flow.run(ROWS)
    held = flow.reconcile(BARE).held
    assert held is not None
    assert held.reason == "ApprovalRequired"
    assert "(after the quarantine): 5 row(s)" in held.message
    flow.apply(BARE)
    assert len(flow.column(NAMES)) == 5
    flow.run("INSERT INTO users (id, email) VALUES (6, 'f')")
    assert flow.statements(BARE) == [], "what waits is no difference"
    assert flow.ask("SELECT to_regclass('by_note') IS NULL AND to_regclass('users_n_seq') IS NULL")
    flow.apply(BARE.replace("email text", "email text, more int"))
    flow.apply(BARE, Policy(drops="Drop"))
    assert restore(flow, "users.note") == "public.users.note"
    assert flow.column("SELECT note FROM users ORDER BY id") == [f"note {i}" for i in range(1, 6)] + [None]
    flow.run("UPDATE users SET note = 'six' WHERE id = 6; SELECT 'good'::mood, nextval('users_n_seq')")
    flow.apply(USERS.format("note text NOT NULL DEFAULT 'x' CHECK (note <> ''), "), Policy(drops="Drop"))
    assert flow.ask("SELECT count(DISTINCT note) FROM users") == 6


def test_a_column_is_not_brought_back_onto_another_and_each_drop_keeps_its_own(flow: Flow) -> None:
    flow.apply(FULL)
    flow.run(ROWS)
    flow.apply(BARE)
    again = USERS.format("note text, ")
    flow.apply(again)
    flow.run("UPDATE users SET note = 'new'")
    with pytest.raises(Conflict, match=r"column public.users.note cannot come back: column \"note\" .* already exists"):
        restore(flow, "public.users.note")
    flow.apply(BARE)
    assert len([n for n in flow.column(NAMES) if n.endswith("_note")]) == 2
    restore(flow, "public.users.note")
    assert flow.ask("SELECT min(note) FROM users") == "new", "the one that was dropped last"
    with pytest.raises(InvalidSpec, match=r"nothing.there is not in quarantine; column public.users.m, "):
        restore(flow, "nothing.there")


def test_columns_whose_time_is_over_are_really_dropped_unless_somebody_needs_or_uses_them(flow: Flow) -> None:
    flow.apply(FULL)
    flow.run(ROWS)
    flow.apply(BARE)
    flow.run("UPDATE colonnade.quarantine SET until = now()")
    with flow.session() as other:
        other.execute("SELECT FROM users")
        assert flow.reconcile(BARE).held is None
        assert len(flow.column(NAMES)) == 5, "it did not wait behind the other, nor let others wait"
    (note, n, _) = [c for c in flow.column(NAMES) if c not in ("id", "email")]
    flow.run(f'CREATE VIEW theirs AS SELECT "{note}" FROM users')
    assert flow.reconcile(BARE).held is None
    assert n in flow.column(NAMES), "all of a plan goes together"
    flow.run("DROP VIEW theirs")
    assert flow.reconcile(BARE).held is None
    assert flow.column(NAMES) == ["id", "email"]
    assert flow.column("SELECT schema FROM colonnade.quarantine") == []
    assert flow.ask("SELECT to_regtype('mood') IS NULL")


GROWN = (
    "CREATE TABLE t (a int, {}b int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t FOR VALUES IN (1);"
    " CREATE TABLE g (a int, {}b int); CREATE TABLE alone (a int, b int); {}"
)
PARTS = (
    "CREATE TABLE q (a int, b int) PARTITION BY LIST (b); ALTER TABLE t ATTACH PARTITION q FOR VALUES IN (2);"
    " CREATE TABLE q_1 PARTITION OF q DEFAULT; CREATE TABLE c () INHERITS (g); ALTER TABLE alone INHERIT g"
)


@pytest.mark.parametrize("together", [True, False])
def test_what_comes_to_be_a_part_of_a_table_in_which_a_column_waits_may_come(flow: Flow, *, together: bool) -> None:
    """The server wants all columns of the whole in each part, those that wait among them."""
    flow.apply(GROWN.format('w text COLLATE "C", ', "w int, ", ""))
    flow.run("INSERT INTO t VALUES (1, 'one', 1); INSERT INTO g VALUES (1, 7, 1)")
    if not together:
        flow.apply(GROWN.format("", "", ""))
    flow.apply(GROWN.format("", "", PARTS))
    flow.run("INSERT INTO t (a, b) VALUES (2, 3)")
    assert flow.statements(GROWN.format("", "", PARTS)) == []
    assert restore(flow, "t.w") == "public.t.w"
    assert flow.column("SELECT tableoid::regclass || coalesce(w, '') FROM t ORDER BY 1") == ["pone", "q_1"]
    flow.apply(GROWN.format("", "", PARTS), Policy(drift="Correct"))
    flow.run("UPDATE colonnade.quarantine SET until = now()")
    flow.apply(GROWN.format("", "", PARTS))
    assert flow.ask("SELECT count(*) FROM pg_attribute WHERE attname ~ 'quarantine' AND NOT attisdropped") == 0


JOINING = (
    "CREATE TABLE t (a int, b int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT PARTITION BY LIST (b);"
)
JOINED = "CREATE TABLE q (a int, b int{}); {}"
JOINS = "ALTER TABLE p ATTACH PARTITION q DEFAULT"


@pytest.mark.parametrize("together", [True, False])
def test_a_table_in_which_a_column_waits_may_come_to_be_a_part(flow: Flow, *, together: bool) -> None:
    """The server lets no part have columns that its whole has not."""
    flow.apply(JOINING + JOINED.format(", w text", ""))
    flow.run("INSERT INTO q VALUES (1, 2, 'three')")
    if not together:
        flow.apply(JOINING + JOINED.format("", ""))
    flow.apply(JOINING + JOINED.format("", JOINS))
    assert flow.statements(JOINING + JOINED.format("", JOINS)) == []
    assert flow.column("SELECT row_to_json(t)::jsonb - 'a' - 'b' - 'w' <> '{}' FROM t") == [True], (
        "the value still waits"
    )
    flow.run("UPDATE colonnade.quarantine SET until = now()")
    flow.apply(JOINING + JOINED.format("", JOINS))
    assert flow.column("SELECT t::text FROM t") == ["(1,2)"]


LONG = "a" * 63
TWO = (
    "CREATE TABLE p (k int, {0}b int) PARTITION BY RANGE (k); CREATE TABLE q (k int, {1}b int);"
    "CREATE TABLE a (k int, {0}b int); CREATE TABLE c (k int, {1}b int); CREATE TABLE d (k int, b int){2};"
)
MET = TWO.format("", "", " INHERITS (a, c)") + "ALTER TABLE p ATTACH PARTITION q FOR VALUES FROM (0) TO (9)"


@pytest.mark.parametrize("together", [True, False])
def test_columns_of_one_name_and_two_types_wait_apart(flow: Flow, *, together: bool) -> None:
    """What comes to be a part, or a child, of both could not have them else."""
    flow.apply(TWO.format(f"w text, {LONG} text, ", f"w int, {LONG} int, ", ""))
    for table, value in (("a", "'one'"), ("c", "1"), ("q", "1")):
        flow.run(f"INSERT INTO {table} (k, w, {LONG}) VALUES (1, {value}, {value})")
    if not together:
        flow.apply(TWO.format("", "", ""))
    flow.apply(MET)
    assert flow.statements(MET) == []
    for one in (f"a.{LONG}", "c.w", "p.w"):
        restore(flow, one)
    assert flow.column(f"SELECT {LONG} FROM a") == ["one"]
    assert flow.column("SELECT w FROM c") == [1]


FAMILIES = {
    "partitions": (
        "CREATE TABLE t (a int, {}b int NOT NULL) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT;",
        "INSERT INTO t VALUES (1, 7, 3)",
    ),
    "children": ("CREATE TABLE t (a int, {}b int); CREATE TABLE p () INHERITS (t);", "INSERT INTO p VALUES (1, 7, 3)"),
}


@pytest.mark.parametrize(("tables", "rows"), FAMILIES.values(), ids=FAMILIES.keys())
def test_columns_of_a_whole_family_wait_and_come_back(flow: Flow, tables: str, rows: str) -> None:
    column = f"{LONG} int NOT NULL, " if "PARTITION" in tables else f"{LONG} int, "
    flow.apply(tables.format(column))
    flow.run(rows)
    flow.apply(tables.format(""))
    flow.run("INSERT INTO t (a, b) VALUES (2, 2)")
    restore(flow, f"t.{LONG}")
    assert flow.run(f"SELECT sum({LONG}) FROM t").strip() == "7"


BOTH = (
    "CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (a int, r int REFERENCES r) PARTITION BY RANGE (a); "
    "CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE q PARTITION OF t FOR VALUES FROM (10) TO (20); "
    "CREATE TABLE g (a int); CREATE TABLE c () INHERITS (g);"
)
ONE = (
    "CREATE TABLE r (id int PRIMARY KEY); CREATE TABLE t (a int, r int REFERENCES r) PARTITION BY RANGE (a); "
    "CREATE TABLE p PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE d PARTITION OF t DEFAULT; CREATE TABLE g (a int);"
)


def test_a_table_that_waits_is_part_of_no_other_and_refers_to_none(flow: Flow) -> None:
    flow.apply(BOTH)
    flow.run("INSERT INTO r VALUES (1), (2); INSERT INTO t VALUES (1, 1), (11, 2); INSERT INTO c VALUES (7)")
    flow.apply(ONE)
    flow.run("INSERT INTO t VALUES (12, 1); DELETE FROM r WHERE id = 2")
    assert flow.column("SELECT a FROM t ORDER BY a") == [1, 12]
    assert flow.ask("SELECT count(*) FROM g") == 0
    assert {restore(flow, one) for one in ("q", "c")} == {"public.q", "public.c"}
    assert flow.column("SELECT a FROM q UNION ALL SELECT a FROM c") == [11, 7]


def test_what_cannot_wait_in_its_table_goes_at_once_and_a_table_made_anew_loses_nothing_that_waits(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (a int, twice int GENERATED ALWAYS AS (a * 2) STORED, b int)")
    flow.run("INSERT INTO t (a, b) VALUES (1, 2)")
    flow.apply("CREATE TABLE t (a int)")
    assert (
        flow.ask("SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped")
        == 2
    )
    parted = "CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE p PARTITION OF t DEFAULT"
    flow.apply(parted)
    halves = parted.replace("DEFAULT", "FOR VALUES IN (1, 3); CREATE TABLE q PARTITION OF t FOR VALUES IN (2)")
    flow.apply(halves)
    flow.apply(halves.replace("(1, 3)", "(3)").replace("(2)", "(1, 2)"))
    assert restore(flow, "t.b") == "public.t.b"
    assert flow.column("SELECT row_to_json(t)::text || tableoid::regclass FROM t") == ['{"a":1,"b":2}q']


RENAMED = """spec:
  renames: [{{kind: Table, from: {0}, to: {1}}}]
  sql: "CREATE TABLE {1} (id int, k int) PARTITION BY {2}; CREATE TABLE p PARTITION OF {1} {3};
    CREATE TABLE q PARTITION OF {1} FOR VALUES {4};"
"""


def test_what_waits_comes_along_with_a_table_of_another_name(flow: Flow) -> None:
    """It is known by the name of the moment: of a table that gets new parts, and of one that is made anew."""
    ranges = ("FOR VALUES FROM (0) TO (10)", "FROM (10) TO (20)")
    lists = ("DEFAULT", "IN (99)")
    whole = "CREATE TABLE t (id int, k int{}) PARTITION BY RANGE (k); CREATE TABLE p PARTITION OF t " + ranges[0]
    flow.apply(whole.format(", w text"))
    flow.run("INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two')")
    flow.apply(whole.format(""))
    flow.apply(RENAMED.format("t", "other", "RANGE (k)", *ranges))
    flow.apply(RENAMED.format("other", "third", "LIST (k)", *lists))
    assert restore(flow, "third.w") == "public.third.w"
    assert flow.column("SELECT tableoid::regclass || w FROM third ORDER BY 1") == ["pone", "ptwo"]


def test_a_name_that_would_hide_a_column_is_not_declared(flow: Flow) -> None:
    error = flow.reconcile("CREATE TABLE t (colonnade_quarantine_1_a int)").desired.errors
    assert "of the sort that Colonnade gives" in str(next(iter(error.values())))


def test_a_table_comes_back_with_what_it_needs_and_is_listed_until_then(
    flow: Flow, capsys: pytest.CaptureFixture[str]
) -> None:
    log = "CREATE TYPE mood AS ENUM ('a', 'b'); CREATE TABLE log (id serial, m mood); CREATE TABLE other (a int);"
    flow.apply(BARE + log)
    flow.run("INSERT INTO log (m) VALUES ('a'), ('b')")
    flow.apply(BARE)
    assert main(["restore", "--url", flow.url]) == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["table", "public.log"], ["table", "public.other"]]
    assert main(["restore", "log", "--url", flow.url]) == 0
    assert "table public.log is back" in capsys.readouterr().out
    assert main(["restore", "other", "--url", flow.url]) == 0
    flow.apply(BARE + log)
    assert flow.column("SELECT m::text FROM log ORDER BY id") == ["a", "b"]
    assert not flow.column("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'colonnade_quarantine%'")
    assert main(["restore", "log", "--url", flow.url]) == 1
    assert "log is not in quarantine" in capsys.readouterr().err


SEVERAL = {
    "that stand by themselves": (
        "CREATE TABLE log (id int PRIMARY KEY, u bigint REFERENCES users); CREATE TABLE other (a int);",
        "INSERT INTO users VALUES (1); INSERT INTO log VALUES (1, 1); INSERT INTO other VALUES (1)",
        "SELECT count(*) FROM users JOIN log ON u = users.id, other",
    ),
    "that refer to one another": (
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a_id int REFERENCES a);",
        "INSERT INTO a VALUES (1); INSERT INTO b VALUES (1, 1)",
        "SELECT count(*) FROM a JOIN b ON a_id = a.id",
    ),
}


@pytest.mark.parametrize(("tables", "rows", "question"), SEVERAL.values(), ids=SEVERAL)
def test_the_reverse_script_brings_all_of_several_tables_back(
    flow: Flow, tables: str, rows: str, question: LiteralString
) -> None:
    """The place that they went to goes only once the last has left it."""
    flow.apply(BARE + tables)
    flow.run(rows)
    before = shape(flow.dump(flow.hand, "--schema-only", "--exclude-schema=colonnade"))
    plan = flow.plan(BARE)
    flow.apply(BARE)
    flow.psql(flow.url, "\n".join(down(plan)))
    assert shape(flow.dump(flow.hand, "--schema-only", "--exclude-schema=colonnade")) == before
    assert flow.ask(question) == 1


def test_a_column_that_shows_in_rows_as_a_whole_is_named_as_what_waits(flow: Flow) -> None:
    """In quarantine it is still an attribute of the table's row, which a function returns."""
    rest = "CREATE FUNCTION f() RETURNS SETOF t LANGUAGE sql STABLE AS 'SELECT * FROM public.t'; CREATE VIEW v AS SELECT * FROM f();"
    flow.apply("CREATE TABLE t (a int PRIMARY KEY, b int);" + rest)
    with pytest.raises(
        Unsupported, match=r"view public\.v differs; columns that wait in quarantine .*policy\.drops: Drop"
    ):
        flow.plan("CREATE TABLE t (a int PRIMARY KEY);" + rest)
    flow.apply("CREATE TABLE t (a int PRIMARY KEY);" + rest, Policy(drops="Drop"))


HELD = "CREATE TYPE e AS ENUM ({}); CREATE TYPE c AS (x {}); CREATE DOMAIN d AS int{}; CREATE TABLE keep (id int, e e, c c, d d);"
HOLDING = {
    "enum public.e": ("'a'", "int", ""),
    "composite type public.c": ("'a', 'b'", "bigint", ""),
    "domain public.d": ("'a', 'b'", "int", " CHECK (VALUE > 9)"),
}


@pytest.mark.parametrize(("held", "changed"), HOLDING.items(), ids=HOLDING.keys())
def test_a_type_of_what_waits_is_refused_by_name_before_anything_is_changed(
    flow: Flow, held: str, changed: tuple[str, str, str]
) -> None:
    declared = HELD.format("'a', 'b'", "int", "")
    flow.apply(declared + "CREATE TABLE h (e e, c c[], d d[]);")
    flow.run("INSERT INTO h VALUES ('b', ARRAY[ROW(1)::c], '{5}')")
    flow.apply(declared)
    with pytest.raises(
        Unsupported, match=rf"{held} cannot be changed: colonnade_quarantine_\w+\.h\.\w waits in quarantine"
    ):
        flow.plan(HELD.format(*changed))


CALLED = "CREATE TABLE t (a int); {} {}"
PARTS_OF = {
    "function public.one()": "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "extension citext": "CREATE EXTENSION citext;",
}


def test_what_waits_holds_back_what_it_calls_and_the_extension_of_its_type(flow: Flow) -> None:
    function, extension = PARTS_OF.values()
    both = CALLED.format(function, extension)
    flow.apply(both + "CREATE TABLE h (a int DEFAULT one(), b citext);")
    with pytest.raises(Unsupported, match=r"extension citext .* what goes to quarantine needs it: let it go once"):
        flow.plan(CALLED.format(function, ""))
    flow.apply(both)
    for one, what in PARTS_OF.items():
        refused = (
            rf"{re.escape(one)} cannot be changed: colonnade_quarantine_\w+\.h\S* waits in quarantine and needs it"
        )
        with pytest.raises(Unsupported, match=refused):
            flow.plan(both.replace(what, ""))


REFUSING = {
    "no NULL": ("NOT NULL", "NOT NULL"),
    "no NULL by a check": ("CHECK (VALUE IS NOT NULL)", "CHECK (VALUE IS NOT NULL)"),
    "no NULL from then on": ("", "NOT NULL"),
}


@pytest.mark.parametrize(("was", "now"), REFUSING.values(), ids=REFUSING.keys())
def test_a_column_of_a_domain_without_null_lets_new_rows_in_while_it_waits(flow: Flow, was: str, now: str) -> None:
    """They have no value there: it waits as what the domain is made of."""
    domains = 'CREATE DOMAIN c AS varchar(9) COLLATE "C" {}; CREATE DOMAIN d AS c; CREATE TABLE t (a int{}); '
    joins = "CREATE TABLE u (a int{}); {}"
    flow.apply(domains.format(was, ", v d") + joins.format("", ""))
    flow.run("INSERT INTO t VALUES (1, 'one')")
    file = flow.ask("SELECT pg_relation_filenode('t')")
    flow.apply(domains.format(now, "") + joins.format("", "ALTER TABLE u INHERIT t"))
    assert flow.ask("SELECT pg_relation_filenode('t')") == file, "nothing was rewritten for that"
    flow.run("INSERT INTO t (a) VALUES (2); INSERT INTO u (a) VALUES (3)")
    restore(flow, "t.v")
    flow.run("DELETE FROM t WHERE a > 1")
    flow.apply(domains.format(now, ", v d") + joins.format(", v d", "ALTER TABLE u INHERIT t"))
    assert flow.column("SELECT v FROM t") == ["one"]


NARROWER = "CREATE DOMAIN d AS int{}; CREATE TABLE t (a int{}); "


def test_values_that_wait_are_asked_before_their_domain_gets_narrower(flow: Flow) -> None:
    flow.apply(NARROWER.format("", ", v d, w d"))
    flow.run("INSERT INTO t VALUES (1, 7, 9)")
    with pytest.raises(DataViolation, match=r"column public\.t\.v has values .*d_check is to refuse: 1 of them"):
        flow.apply(NARROWER.format(" CHECK (VALUE < 5)", ", w d"))
    flow.apply(NARROWER.format("", ", w d"))
    with pytest.raises(DataViolation, match=r"_v waits in quarantine and has values that domain constraint public\.d"):
        flow.apply(NARROWER.format(" CHECK (VALUE <> 7)", ", w d"))
    for narrower in (" NOT NULL", " CHECK (VALUE IS NOT NULL)"):
        with pytest.raises(Unsupported, match=r"domain public\.d cannot be changed: public\.t\.\w+_v waits"):
            flow.plan(NARROWER.format(narrower, ", w d"))
    flow.apply(NARROWER.format(" CHECK (VALUE > 5)", ", w d"))
    flow.apply(NARROWER.format(" CHECK (VALUE < 8)", ""), Policy(drops="Drop"))
