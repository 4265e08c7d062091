"""A change of type that makes other values of some is told with their number; one that leaves all as they are is not."""

from __future__ import annotations

import re

import pytest
import yaml

from colonnade.core.errors import DataViolation
from colonnade.core.gate import Facts, Policy
from colonnade.core.plan import Plan
from colonnade.engines.postgres.statement import name, q, text
from colonnade.engines.postgres.statement import value as literal
from tests.live.postgres.flow import Flow, approved

CHANGES = {
    "text to number": ("text", "integer", ["12", "0"], ["007", " 7"]),
    "text to truth": ("text", "boolean", ["true", "false"], ["yes", "1"]),
    "text to document": ("text", "jsonb", ['{"a": 1}', "1"], ['{"a":1,"a":2}']),
    "document to document": ("json", "jsonb", ['{"a": 1}'], ['{"a": 1, "a": 2}']),
    "text to day": ("text", "date", ["2024-02-29"], ["29 Feb 2024"]),
    "text to id": ("text", "uuid", ["0f8fad5b-d9cb-469f-a165-70867728950e"], ["0F8FAD5B-D9CB-469F-A165-70867728950E"]),
    "text to address": ("text", "inet", ["10.0.0.1", "10.0.0.0/8"], ["::FFFF"]),
    "text to short text": ("text", "varchar(3)", ["abc", "a"], ["abc  "]),
    "text to padded text": ("text", "char(3)", ["abc", "a"], ["a "]),
    "text to name": ("text", "name", ["x" * 63], ["x" * 64]),
    "float to number": ("double precision", "numeric", ["0.1", "1e15"], ["1.0000000000000002"]),
    "floats to numbers": ("double precision[]", "numeric[]", ["{0.1,2}"], ["{1,1.0000000000000002}"]),
    "number to whole": ("numeric(10,2)", "bigint", ["12", "3.00"], ["12.5"]),
    "whole to float": ("bigint", "double precision", ["9007199254740992"], ["9007199254740993"]),
    "whole to truth": ("integer", "boolean", ["0", "1"], ["2"]),
    "whole to number of an object": ("integer", "oid", ["5"], ["-5"]),
    "number of an object to whole": ("oid", "integer", ["5"], ["4000000000"]),
    "numbers of relations to wholes": ("regclass[]", "integer[]", ["{pg_class,5}"], ["{5,4000000000}"]),
    "moment to day": ("timestamp", "date", ["2024-02-29"], ["2024-02-29 12:00"]),
    "moment to second": ("timestamp", "timestamp(0)", ["2024-02-29 12:00:01"], ["2024-02-29 12:00:01.5"]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_values_that_become_others_are_counted(flow: Flow, change: tuple[str, str, list[str], list[str]]) -> None:
    old, new, same, others = change
    flow.apply(f"CREATE TABLE t (id int PRIMARY KEY, v {old})")
    rows = ", ".join(f"({n}, '{v}')" for n, v in enumerate([*same, *others], 1))
    flow.run(f"INSERT INTO t VALUES {rows}")
    wanted = f"CREATE TABLE t (id int PRIMARY KEY, v {new})"
    (told,) = (h.message for h in flow.plan(wanted).hazards if h.code == "NARROWS_DATA")
    assert f"{len(others)} value(s) do not come back as they were" in told
    (query,) = re.findall(r"to see them: (.*)", told)
    assert len(flow.run(query).splitlines()) == len(others), "the query that is told finds them"
    flow.run(f"DELETE FROM t WHERE id > {len(same)}")
    plan = flow.plan(wanted)
    assert plan.steps
    assert not plan.hazards
    flow.apply(wanted)
    assert flow.ask("SELECT count(*) FROM t") == len(same)


def test_a_domain_stands_for_what_it_is_made_of(flow: Flow) -> None:
    flow.apply("CREATE DOMAIN code AS text; CREATE TABLE t (id int PRIMARY KEY, v code, w code[])")
    flow.run("INSERT INTO t VALUES (1, '007', '{7}')")
    told = flow.plan("CREATE DOMAIN code AS int; CREATE TABLE t (id int PRIMARY KEY, v code, w code[])").hazards
    assert [h.code for h in told] == ["NARROWS_DATA"]
    assert "public.t.v" in told[0].message


def test_it_is_asked_again_without_a_key_that_goes_in_the_same_plan(flow: Flow) -> None:
    flow.apply(
        "CREATE DOMAIN d AS int; CREATE TABLE t (id d PRIMARY KEY, v jsonb, n int); CREATE INDEX i ON t USING gin (v)"
    )
    flow.run("INSERT INTO t VALUES (1, '7', 1)")
    flow.apply("CREATE TYPE d AS ENUM ('a'); CREATE TABLE t (v json, n int, e d); CREATE INDEX j ON t (e)")
    assert flow.ask("SELECT v::text FROM t") == "7"


def test_where_it_cannot_be_asked_it_is_told_without_a_number(flow: Flow) -> None:
    flow.apply("CREATE TYPE pair AS (a text); CREATE TABLE t (id int PRIMARY KEY, v text)")
    flow.run("INSERT INTO t VALUES (1, '( x)')")
    (told,) = flow.plan("CREATE TYPE pair AS (a int); CREATE TABLE t (id int PRIMARY KEY, v pair)").hazards
    assert told.code == "NARROWS_DATA"
    assert "value(s)" not in told.message


REFUSED = {
    "no number to a number": ("numeric", "integer", "NaN"),
    "without end to a number": ("double precision", "bigint", "Infinity"),
    "no number to money": ("numeric", "money", "NaN"),
    "large ones to small ones": ("integer[]", "smallint[]", "{1,70000}"),
    "a far day to a moment": ("date", "timestamp", "5874897-12-31"),
    "bits to more bits": ("bit(4)", "bit(6)", "0101"),
    "bits to fewer bits": ("bit(5)", "bit(3)", "10101"),
    "a number to a short text": ("integer", "varchar(2)", "123"),
    "a text to a short text": ("text", "varchar(2)", "123"),
    "a domain with a check": ("integer[]", "few", "{1,2,3}"),
    "a domain without NULL": ("text", "known", None),
}
"""Types, and a value of the one that the other does not take."""


def test_values_that_a_cast_refuses_are_found_before(flow: Flow) -> None:
    domains = "CREATE DOMAIN few AS int[] CHECK (cardinality(VALUE) < 3); CREATE DOMAIN known AS text NOT NULL;"
    tables = {f"t{i}": case for i, case in enumerate(REFUSED.values())}
    declared = {t: f"CREATE TABLE {t} (id int PRIMARY KEY, v {old});" for t, (old, _, _) in tables.items()}
    flow.apply(domains + "".join(declared.values()))
    with flow.session(autocommit=True) as other:
        for table, (_, _, value) in tables.items():
            other.execute(text(q("INSERT INTO {} VALUES (9, {})", name(table), literal(value))).encode())
    for table, (old, new, _) in tables.items():
        wanted = {**declared, table: declared[table].replace(f"v {old}", f"v {new}")}
        with pytest.raises(DataViolation, match=f"public.{table}.v is to be .*Nothing was changed") as refused:
            flow.reconcile(domains + "".join(wanted.values()), approved)
        (query,) = re.findall(r"To see (?:it|them all): (.*); then mend the rows", str(refused.value))
        assert flow.run(query).startswith("9"), "the query that is told finds the row"


WITHIN = """CREATE DOMAIN d AS int{0}; CREATE TYPE c AS (x d, y d[]); CREATE DOMAIN e AS c;
CREATE TABLE t (id int PRIMARY KEY, v c); CREATE TABLE u (id int PRIMARY KEY, v c[]); CREATE TABLE w (id int PRIMARY KEY, v e);"""


def test_a_domain_is_asked_of_within_arrays_and_rows_of_types(flow: Flow) -> None:
    flow.apply(WITHIN.format(""))
    rows = {"t": "ROW(1, '{-2}')::c", "u": "ARRAY[ROW(1, '{2}'), ROW(-1, '{2}')]::c[]", "w": "ROW(-1, NULL)::c"}
    for table, row in rows.items():
        flow.run(f"INSERT INTO {table} VALUES (7, {row})")
        with pytest.raises(DataViolation, match=rf"public.{table}.v .*such as id = 7\. Nothing was changed"):
            flow.reconcile(WITHIN.format(" CHECK (VALUE > 0)"), approved)
        flow.run(f"DELETE FROM {table}")
    flow.apply(WITHIN.format(" CHECK (VALUE > 0)"))


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""], ids=["by its key", "by where it lies"])
def test_a_row_that_the_server_stumbles_over_is_named(flow: Flow, key: str) -> None:
    declared = f'CREATE TABLE t ("a%b" int {key}, v {{}});'
    flow.apply(declared.format("numeric"))
    flow.run("INSERT INTO t SELECT i, CASE WHEN i = 7 THEN 'NaN'::numeric ELSE i END FROM generate_series(1, 9) i")
    with pytest.raises(DataViolation, match="cannot convert NaN to integer") as refused:
        flow.reconcile(declared.format("integer"), approved)
    (query,) = re.findall(r"To see it: (.*); then mend the rows", str(refused.value))
    (found,) = flow.run(query).splitlines()
    assert found.endswith("NaN")


def refused_meanwhile(flow: Flow, policy: Policy) -> str:
    """What is told where a value comes that the new type refuses, once the rows have been asked."""
    declared, came = "CREATE TABLE t (id int PRIMARY KEY, v {});", list[str]()
    flow.apply(declared.format("integer"))
    flow.run("INSERT INTO t VALUES (0, 5)")

    def write(message: str, done: float | None = None) -> None:
        if message.startswith("ALTER TABLE") and not came:
            came.append(flow.run("INSERT INTO t VALUES (1, 70000)"))

    with pytest.raises(DataViolation, match="mend the values that do not fit, or declare a conversion") as refused:
        flow.reconcile(declared.format("smallint"), approved, policy, progress=write)
    assert came
    return str(refused.value)


def test_values_that_the_server_refuses_are_what_is_told(flow: Flow) -> None:
    assert "Nothing was changed" in refused_meanwhile(flow, Policy())


def test_what_was_done_before_a_value_is_refused_is_told(flow: Flow) -> None:
    assert re.search(r"\d of \d+ steps are done and stay so", refused_meanwhile(flow, Policy(max_blocking=0.0)))


UNCAST = {
    "number to id": ("int", "uuid", "7", 60.0),
    "number to id, by a successor": ("int", "uuid", "7", 0.0),
    "id to number": ("uuid", "int", "0f8fad5b-d9cb-469f-a165-70867728950e", 60.0),
    "span to number": ("interval", "bigint", "1 day", 60.0),
    "label to number": ("e", "int", "a", 60.0),
    "numbers to ids": ("int[]", "uuid[]", "{7}", 60.0),
}
"""Types that know nothing of one another, a value that cannot be written as one of the other, how long others may be blocked."""


@pytest.mark.parametrize("change", UNCAST.values(), ids=UNCAST.keys())
def test_values_that_only_go_over_as_text_are_asked_first(flow: Flow, change: tuple[str, str, str, float]) -> None:
    old, new, value, max_blocking = change
    declared = "CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, v {});"
    flow.apply(declared.format(old))
    assert flow.plan(declared.format(new)).steps, "without rows there is nothing to ask"
    flow.run(f"INSERT INTO t VALUES (1, '{value}')")
    before = flow.shape()
    with pytest.raises(DataViolation, match="declare a conversion") as refused:
        flow.apply(declared.format(new), Policy(max_blocking=max_blocking))
    if int(flow.ask("SHOW server_version_num")) >= 160000:
        assert "such as id = 1. Nothing was changed" in str(refused.value)
    (query,) = re.findall(r"To see (?:it|them all): (.*); then mend the rows", str(refused.value))
    assert flow.run(query).startswith("1"), "the query that is told finds the row"
    assert flow.shape() == before


def test_a_value_that_a_type_of_an_extension_cannot_read(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, v jsonb)")
    flow.run("""INSERT INTO t VALUES (1, '{"a": 1}')""")
    with pytest.raises(DataViolation, match=r"yntax error.*declare a conversion"):
        flow.apply("CREATE EXTENSION hstore; CREATE TABLE t (id int PRIMARY KEY, v hstore)")


def test_what_is_copied_into_a_table_made_anew_is_counted_too(flow: Flow) -> None:
    flow.apply("CREATE TABLE o (id int NOT NULL, at timestamp NOT NULL, txt text)")
    flow.run("INSERT INTO o VALUES (1, '2024-01-01 10:00', '007')")
    wanted = """CREATE TABLE o (id int NOT NULL, at date NOT NULL, txt int) PARTITION BY RANGE (at);
        CREATE TABLE o1 PARTITION OF o FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');"""
    told = [h.message for h in flow.plan(wanted).hazards if h.code == "NARROWS_DATA"]
    assert len([t for t in told if "1 value(s) do not come back" in t]) == 2


def test_attributes_of_a_type_that_columns_have(flow: Flow) -> None:
    table = "CREATE TABLE t (id int PRIMARY KEY, v c);"
    flow.apply("CREATE TYPE c AS (a text, b int);" + table)
    assert "NARROWS_DATA" in [h.code for h in flow.plan("CREATE TYPE c AS (a int, b int);" + table).hazards]
    assert not flow.plan("CREATE TYPE c AS (a text, b bigint);" + table).hazards


@pytest.mark.parametrize(
    ("old", "new"), [("timestamp", "timestamptz"), ("timestamptz", "timestamp"), ("date", "timestamptz")]
)
def test_a_moment_needs_a_time_zone(flow: Flow, old: str, new: str) -> None:
    flow.apply(f"CREATE TABLE t (id int PRIMARY KEY, v {old})")
    flow.run("INSERT INTO t VALUES (1, '2024-07-01 12:00')")
    (told,) = (
        h for h in flow.plan(f"CREATE TABLE t (id int PRIMARY KEY, v {new})").hazards if h.code == "NARROWS_DATA"
    )
    assert "UTC" in told.message
    assert "AT TIME ZONE" in told.safe_way


def approve_unless_narrowed(plan: Plan) -> Facts:
    return Facts() if any(h.code == "NARROWS_DATA" for h in plan.hazards) else approved(plan)


TEXTS = "CREATE TABLE t (id int PRIMARY KEY, v text);"
NUMBERS = {
    "in place": TEXTS.replace("text", "int"),
    "made anew": "CREATE TABLE t (id int PRIMARY KEY, v int) PARTITION BY RANGE (id); CREATE TABLE t1 PARTITION OF t DEFAULT;",
}


@pytest.mark.parametrize("wanted", NUMBERS.values(), ids=NUMBERS.keys())
def test_a_row_that_nobody_saw_when_it_was_asked_is_seen_under_the_lock(flow: Flow, wanted: str) -> None:
    """The plan found all to be well (or is approved for what it says); a transaction that is open then commits a value that changes."""
    flow.apply(TEXTS)
    flow.run("INSERT INTO t VALUES (1, '7')")
    waited: list[str] = []
    with flow.session() as other:
        other.execute("INSERT INTO t VALUES (2, '007')")

        def let_go(message: str, done: float | None) -> None:
            if message.startswith("waits for a lock"):
                waited.append(message)
                other.commit()

        policy = Policy(lock_timeout=0.05, lock_retry_budget=60, drops="Drop")
        result = flow.reconcile(wanted, approve_unless_narrowed, policy, progress=let_go)
    assert waited
    assert result.held is not None
    assert result.plan is not None
    (told,) = (h.message for h in result.plan.hazards if h.code == "NARROWS_DATA")
    assert "1 value(s) do not come back as they were" in told
    assert flow.column("SELECT v FROM t ORDER BY id") == ["7", "007"]


def test_a_type_that_another_gives_the_column_meanwhile_is_not_cut(flow: Flow) -> None:
    """From the type of the plan to the new one nothing could have been lost."""
    declared = "CREATE TABLE t (id int PRIMARY KEY, v numeric({}, 1));"
    flow.apply(declared.format(5))
    flow.run("INSERT INTO t VALUES (1, 1.5)")
    changed: list[str] = []

    def meddle(message: str, done: float | None = None) -> None:
        if message.startswith("ALTER TABLE") and not changed:
            changed.append(flow.run("ALTER TABLE t ALTER v TYPE numeric(9, 4); INSERT INTO t VALUES (2, 1.2345)"))

    result = flow.reconcile(declared.format(6), approve_unless_narrowed, progress=meddle)
    assert changed
    assert result.held is not None
    assert flow.ask("SELECT v::text FROM t WHERE id = 2") == "1.2345"


RENAMED = {
    "narrowed": ("v numeric(6, 1)", "", "ALTER TABLE t ALTER v TYPE numeric(9, 4); INSERT INTO t VALUES (2, 1.2345)"),
    "made_anew": ("v numeric(5, 1)", "PARTITION BY LIST (v); CREATE TABLE p PARTITION OF s.u DEFAULT", "COMMENT ON TABLE t IS 'it'"),
}  # fmt: skip


@pytest.mark.parametrize("case", RENAMED.values(), ids=RENAMED.keys())
def test_what_others_do_meanwhile_to_a_table_that_gets_another_name_is_seen(
    flow: Flow, case: tuple[str, str, str]
) -> None:
    column, rest, change = case
    flow.apply("CREATE SCHEMA s; CREATE TABLE t (id int, v numeric(5, 1));")
    flow.run("INSERT INTO t VALUES (1, 1.5)")
    renames = [{"kind": "Table", "from": "public.t", "to": "s.u"}]
    sql = f"CREATE SCHEMA s; CREATE TABLE s.u (id int, {column}) {rest};"
    changed: list[str] = []

    def meddle(message: str, done: float | None = None) -> None:
        if message.startswith("ALTER TABLE") and not changed:
            changed.append(flow.run(change))

    plans: list[Plan] = []

    def facts(plan: Plan) -> Facts:
        plans.append(plan)
        return approved(plan)

    flow.reconcile(
        yaml.safe_dump({"spec": {"schemas": ["public", "s"], "sql": sql, "renames": renames}}), facts, progress=meddle
    )
    assert changed
    assert len(plans) == 2, "it is planned afresh"


def test_rows_of_a_table_that_gets_another_name_are_asked_by_the_one_it_has(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int, v text);")
    flow.run("INSERT INTO t VALUES (1, 'x'), (1, 'y')")
    renames = [{"kind": "Table", "from": "t", "to": "u"}]
    for odd in ("v int", "v text, UNIQUE (id)", "v text, CHECK (v < 'y')"):
        with pytest.raises(DataViolation, match=r'Nothing was changed.* "public"\."t"'):
            flow.plan(yaml.safe_dump({"spec": {"sql": f"CREATE TABLE u (id int, {odd})", "renames": renames}}))


RENAMED_COLUMNS = {
    "not null": ("b int NOT NULL, c text", "id = 3"),
    "check": ("b int, c text CHECK (c <> 'x')", "id = 1"),
    "type": ("b int, c int", 'id"? = .?1'),
    "key": ("b int UNIQUE, c text", "b = 5"),
    "reference": ("b int REFERENCES other, c text", "b = 5"),
    "of a child": ("b int, c text); CREATE TABLE child (CHECK (c <> 'z')) INHERITS (t", r"ctid = \(0,1\)"),
}


@pytest.mark.parametrize("case", RENAMED_COLUMNS.values(), ids=RENAMED_COLUMNS.keys())
def test_rows_are_asked_for_columns_by_the_names_they_have_though_one_takes_over_anothers(
    flow: Flow, case: tuple[str, str]
) -> None:
    columns, found = case
    other, table = "CREATE TABLE other (id int PRIMARY KEY);", "CREATE TABLE t (id int PRIMARY KEY, {});"
    child = "CREATE TABLE child () INHERITS (t);"
    flow.apply(other + table.format("a int, b text") + child)
    flow.run("INSERT INTO t VALUES (1, 5, 'x'), (2, 5, NULL), (3, NULL, 'y'); INSERT INTO child VALUES (4, 1, 'z')")
    renames = [{"kind": "Column", "table": "t", "from": x, "to": y} for x, y in (("b", "c"), ("a", "b"))]
    wanted = other + table.format(columns) + (child if "child" not in columns else "")
    before = flow.whole()
    with pytest.raises(DataViolation, match="Nothing was changed") as refused:
        flow.plan(yaml.safe_dump({"spec": {"sql": wanted, "renames": renames}}))
    assert re.search(found, str(refused.value))
    assert flow.whole() == before


def test_a_row_that_came_while_slices_went_by_is_seen_before_the_columns_change_places(flow: Flow) -> None:
    flow.apply(TEXTS)
    flow.run("INSERT INTO t SELECT g, g FROM generate_series(1, 3000) g")
    came: list[str] = []

    def write(message: str, done: float | None) -> None:
        if ": page " in message and not came:
            came.append(flow.run("INSERT INTO t VALUES (0, '007')"))

    result = flow.reconcile(NUMBERS["in place"], approve_unless_narrowed, Policy(max_blocking=0), progress=write)
    assert came
    assert result.held is not None
    assert flow.ask("SELECT v FROM t WHERE id = 0") == "007"
    columns = "SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass AND attnum > 0 AND NOT attisdropped"
    assert flow.column(columns) == ["id", "v"], "what was built meanwhile is gone: it would go on refusing writes"


FOLDED = {
    "citext": ("CREATE EXTENSION citext;", "citext"),
    "collation": (
        "CREATE COLLATION ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);",
        "text COLLATE ci",
    ),
}


@pytest.mark.parametrize("folded", FOLDED.values(), ids=FOLDED.keys())
def test_what_was_the_same_to_a_key_and_is_no_longer_is_told(flow: Flow, folded: tuple[str, str]) -> None:
    first, type_ = folded
    if "icu" in first and not flow.ask("SELECT count(*) FROM pg_collation WHERE collname = 'de-x-icu'"):
        pytest.skip("this Postgres was built without ICU")
    tables = "CREATE TABLE u (id int PRIMARY KEY, email {0} UNIQUE, note {0}); CREATE TABLE v (email {0} REFERENCES u (email));"
    flow.apply(first + tables.format(type_))
    flow.run("INSERT INTO u VALUES (1, 'Ann', 'x'); INSERT INTO v VALUES ('Ann')")
    (told,) = (h for h in flow.plan(first + tables.format("text")).hazards if h.code == "DROPS_GUARANTEE")
    assert "public.u.u_email_key no longer takes for the same what it did" in told.message
    flow.run("INSERT INTO v VALUES ('ann')")
    with pytest.raises(
        DataViolation, match=r"v_email_fkey refers to rows of table public\.u that are not there: 1 of them"
    ):
        flow.plan(first + tables.format("text"))
    flow.run(
        "DELETE FROM v WHERE email COLLATE \"C\" = 'ann'"
        if "icu" in first
        else "DELETE FROM v WHERE email::text = 'ann'"
    )
    flow.apply(first + tables.format("text"))
    assert not flow.plan(first + tables.format("text")).steps


def test_an_index_over_text_of_citext_comes_along_with_the_type(flow: Flow) -> None:
    flow.apply("CREATE EXTENSION citext; CREATE TABLE t (a citext, CHECK (a <> '')); CREATE INDEX i ON t (lower(a));")
    wanted = "CREATE EXTENSION citext; CREATE TABLE t (a text, CHECK (a <> '')); CREATE INDEX i ON t (lower(a));"
    assert not [s for s in flow.plan(wanted).steps if " INDEX " in s.statement]
    flow.apply(wanted)


TYPES_TO_COME = {
    "label that is added": ("int", "mood", "NULL", "7"),
    "labels of a new enum": ("text[]", "fresh[]", "'{x,NULL}'", "'{x,z}'"),
    "label of a new domain": ("text", "kept", "'x'", "'z'"),
    "number of a new domain": ("numeric", "few", "2.4", "99"),
    "number in a new domain, written": ("text", "few", "'2'", "'99'"),
}
"""Types that are new or become others in the same plan; a value that they take then, and one that they do not."""
BEFORE = "CREATE TYPE mood AS ENUM ('a', 'b');"
THEN = """CREATE TYPE mood AS ENUM ('a', 'b', 'c'); CREATE TYPE fresh AS ENUM ('x'); CREATE DOMAIN kept AS fresh;
CREATE DOMAIN few AS int CHECK (VALUE < 9);"""


@pytest.mark.parametrize("change", TYPES_TO_COME.values(), ids=TYPES_TO_COME.keys())
def test_values_are_asked_by_what_the_type_will_be(flow: Flow, change: tuple[str, str, str, str]) -> None:
    old, new, fits, odd = change
    flow.apply(f"{BEFORE} CREATE TABLE t (id int PRIMARY KEY, value {old})")
    wanted = f"{THEN} CREATE TABLE t (id int PRIMARY KEY, value {new})"
    flow.run(f"INSERT INTO t VALUES (1, NULL), (2, {odd})")
    before = flow.shape()
    with pytest.raises(DataViolation, match=r"such as id = 2\. Nothing was changed"):
        flow.reconcile(wanted, approved)
    assert flow.shape() == before
    flow.run(f"DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (3, {fits})")
    flow.apply(wanted)


NEW_TYPES = {
    "of_a_domain": ("CREATE DOMAIN d AS int DEFAULT 0;", "v text, w d, CHECK (w > 0)", "check", "w d DEFAULT 1"),
    "not_twice": ("CREATE DOMAIN d AS int DEFAULT 0;", "v text, w d UNIQUE", "unique", "w d DEFAULT NULL UNIQUE"),
    "of_another": ("CREATE DOMAIN b AS int; CREATE DOMAIN d AS b DEFAULT 0;", "v text, w d UNIQUE", "unique", "w d DEFAULT NULL"),
    "words": ("CREATE TYPE e AS ENUM ('a', 'b');", "v e UNIQUE", "unique", "v e"),
    "word": ("CREATE TYPE e AS ENUM ('a', 'b');", "v e CHECK (v <> 'a')", "check", "v e CHECK (v <> 'b')"),
    "of_words": ("CREATE TYPE e AS ENUM ('a', 'b'); CREATE DOMAIN d AS e;", "v d UNIQUE", "unique", "v d"),
}  # fmt: skip


@pytest.mark.parametrize("case", NEW_TYPES.values(), ids=NEW_TYPES.keys())
def test_rules_over_types_that_are_new_are_asked_by_what_these_are_made_of(
    flow: Flow, case: tuple[str, str, str, str]
) -> None:
    types, broken, rule, kept = case
    flow.apply("CREATE TABLE t (id int PRIMARY KEY, v text)")
    flow.run("INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(DataViolation, match=rf"{rule} public\.t\.\w+ (has|is) .*Nothing was changed"):
        flow.plan(f"{types} CREATE TABLE t (id int PRIMARY KEY, {broken})")
    flow.apply(f"{types} CREATE TABLE t (id int PRIMARY KEY, {kept})")


@pytest.mark.parametrize(("old", "new"), [("e", "e CHECK (v <> 'a')"), ("text", "e UNIQUE")])
def test_rules_over_a_type_that_gets_a_label_are_asked_as_well(flow: Flow, old: str, new: str) -> None:
    type_ = "CREATE TYPE e AS ENUM ('a'{}); CREATE TABLE t (id int PRIMARY KEY, v {});"
    flow.apply(type_.format("", old))
    flow.run("INSERT INTO t VALUES (1, 'a'), (2, 'a')")
    with pytest.raises(DataViolation, match=r"violated by rows|more than once"):
        flow.plan(type_.format(", 'b'", new))
    flow.run("DELETE FROM t" if old == "e" else "UPDATE t SET v = 'b' WHERE id = 2")
    flow.apply(type_.format(", 'b'", new))


def test_ranges_over_labels_that_stand_otherwise_are_told(flow: Flow) -> None:
    declared = (
        "CREATE TYPE e AS ENUM ({}); CREATE TYPE er AS RANGE (subtype = e); CREATE TABLE t (id int PRIMARY KEY, r er);"
    )
    flow.apply(declared.format("'a', 'b', 'c'"))
    assert not flow.plan(declared.format("'b', 'a', 'c'")).hazards, "without rows there is nothing to tell"
    flow.run("INSERT INTO t VALUES (8, '[b,c]')")
    (told,) = flow.plan(declared.format("'b', 'a', 'c'")).hazards
    assert told.code == "NARROWS_DATA"
    assert "other values lie between its bounds): 1 value(s)" in told.message
    flow.run("INSERT INTO t VALUES (9, '[a,b]')")
    with pytest.raises(DataViolation, match=r"t\.r .*: 1 of them, such as id = 9\. Nothing was changed"):
        flow.apply(declared.format("'b', 'a', 'c'"))
