"""Partitions that are split, merged, bounded otherwise: every row stays in its whole, and is where it belongs."""

import re

import pytest

from colonnade.core.errors import DataViolation, Stale, Unsupported
from colonnade.core.gate import Facts
from colonnade.core.hazards import Weight
from colonnade.core.plan import Plan
from tests.live.postgres.flow import Flow, approved

SPLIT = """
CREATE TABLE split (id int, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
{}
CREATE TABLE split_2 PARTITION OF split FOR VALUES FROM (20) TO (30);
CREATE INDEX split_note ON split (note);
CREATE TABLE refers (id int, at int, FOREIGN KEY (id, at) REFERENCES split);
"""
MIDDLE = """
CREATE TABLE middle (region text, at int) PARTITION BY LIST (region);
CREATE TABLE middle_a PARTITION OF middle FOR VALUES IN ('a', 'b') PARTITION BY RANGE (at);
{}
CREATE TABLE middle_c PARTITION OF middle FOR VALUES IN ('c');
"""
BORDER = """
CREATE TABLE border (at int) PARTITION BY RANGE (at);
CREATE TABLE border_1 PARTITION OF border FOR VALUES FROM (0) TO ({0});
CREATE TABLE border_2 PARTITION OF border FOR VALUES FROM ({0}) TO (30);
"""
LISTED = """
CREATE TABLE listed (region text) PARTITION BY LIST (region);
CREATE TABLE listed_1 PARTITION OF listed FOR VALUES IN ({});
CREATE TABLE listed_2 PARTITION OF listed FOR VALUES IN ({});
"""
HASHED = "CREATE TABLE hashed (id int) PARTITION BY HASH (id);\n"


def hashed(modulus: int) -> str:
    parts = (
        f"CREATE TABLE hashed_{i} PARTITION OF hashed FOR VALUES WITH (MODULUS {modulus}, REMAINDER {i});"
        for i in range(modulus)
    )
    return HASHED + "\n".join(parts)


def part(whole: str, name: str, low: int | str, high: int | str) -> str:
    return f"CREATE TABLE {name} PARTITION OF {whole} FOR VALUES FROM ({low}) TO ({high});\n"


ROWS = """
INSERT INTO split SELECT i, i, 'n' || i FROM generate_series(0, 29) i; INSERT INTO refers SELECT i, i FROM generate_series(1, 25) i;
INSERT INTO middle SELECT (ARRAY['a', 'b', 'c'])[1 + i % 3], i FROM generate_series(0, 29) i;
INSERT INTO border SELECT generate_series(0, 29);
INSERT INTO listed SELECT (ARRAY['a', 'b', 'c'])[1 + i % 3] FROM generate_series(0, 29) i;
INSERT INTO hashed SELECT generate_series(0, 29);
"""
BEFORE = (
    SPLIT.format(part("split", "split_1", 0, 20))
    + MIDDLE.format(part("middle_a", "middle_a1", 0, 10) + part("middle_a", "middle_a2", 10, 30))
    + BORDER.format(20)
    + LISTED.format("'a', 'b'", "'c'")
    + hashed(2)
)
AFTER = (
    SPLIT.format(part("split", "split_1a", 0, 10) + part("split", "split_1b", 10, 20))
    + MIDDLE.format(part("middle_a", "middle_a0", 0, 30))
    + BORDER.format(10)
    + LISTED.format("'a'", "'b', 'c'")
    + hashed(4)
)
WHOLES = ("split", "middle_a", "border", "listed", "hashed")


def counts(flow: Flow) -> list[str]:
    return flow.column("""
        SELECT t.tableoid::regclass || ' ' || count(*) FROM (
          SELECT tableoid FROM split UNION ALL SELECT tableoid FROM middle UNION ALL SELECT tableoid FROM border
          UNION ALL SELECT tableoid FROM listed UNION ALL SELECT tableoid FROM hashed) t
        GROUP BY t.tableoid ORDER BY t.tableoid::regclass::text COLLATE "C" """)


def test_every_row_goes_to_the_partition_that_is_to_have_it(flow: Flow) -> None:
    flow.apply(BEFORE)
    flow.run(ROWS)
    before = counts(flow)
    plan = flow.plan(AFTER)
    assert weighing(plan) == {("COPIES_TABLE", f"table public.{t}") for t in WHOLES}
    anew = [s for s in plan.steps if "_colonnade_old" in s.statement and s.statement.startswith("ALTER TABLE")]
    assert all(any("others have changed it" in c.told for c in s.confirms) for s in anew), (
        "none of it is strange to the plan"
    )
    flow.apply(AFTER)
    assert [c for c in counts(flow) if not c.startswith("hashed")] == [
        "border_1 10", "border_2 20", "listed_1 10", "listed_2 20", "middle_a0 20", "middle_c 10",
        "split_1a 10", "split_1b 10", "split_2 10",
    ]  # fmt: skip
    assert flow.ask("SELECT count(*) FROM hashed") == 30
    flow.apply(BEFORE)
    assert counts(flow) == before


def test_what_has_no_rows_of_another_is_not_copied(flow: Flow) -> None:
    """Out with the oldest and in with the next, a border beyond all rows, one more value: none of these moves a row."""
    ends = "CREATE TABLE ends (at int) PARTITION BY RANGE (at);\n"
    months = "CREATE TABLE months (at int) PARTITION BY RANGE (at);\n"
    flow.apply(
        ends
        + part("ends", "ends_1", 0, "MAXVALUE")
        + months
        + part("months", "months_1", 0, 10)
        + part("months", "months_2", 10, 20)
        + LISTED.format("'a'", "'c'")
    )
    flow.run(
        "INSERT INTO ends SELECT generate_series(0, 29); INSERT INTO months SELECT generate_series(0, 19);"
        " INSERT INTO listed VALUES ('a'), ('c')"
    )
    after = (
        ends
        + part("ends", "ends_1", 0, 30)
        + part("ends", "ends_2", 30, "MAXVALUE")
        + months
        + part("months", "months_2", 10, 20)
        + part("months", "months_3", 20, 30)
        + LISTED.format("'a', 'b'", "'c'")
    )
    assert weighing(flow.plan(after)) == {("DELETES_DATA", "table public.months_1")}
    flow.apply(after)
    assert flow.column("SELECT count(*) FROM ends UNION ALL SELECT count(*) FROM months") == [30, 10]


TAKES_BOTH = [part("t", "t_a", 0, 40), part("t", "t_1", 0, 10) + part("t", "t_2", 10, 40), part("t", "t_a", -5, 45)]


@pytest.mark.parametrize("after", TAKES_BOTH)
def test_rows_that_come_after_the_plan_was_made_are_not_left_behind(flow: Flow, after: str) -> None:
    """Nothing was there to be moved; the plan is made afresh."""
    whole = "CREATE TABLE t (at int) PARTITION BY RANGE (at);\n"
    flow.apply(whole + part("t", "t_1", 0, 20) + part("t", "t_2", 20, 40))
    plans: list[Plan] = []

    def come(plan: Plan) -> Facts:
        if not plans:
            flow.run("INSERT INTO t VALUES (15), (25)")
        plans.append(plan)
        return approved(plan)

    flow.reconcile(whole + after, come)
    assert ["COPIES_TABLE" in [h.code for h in plan.hazards] for plan in plans] == [False, True]
    assert flow.ask("SELECT count(*) FROM t") == 2


RANGES = "CREATE TABLE {} (at int) PARTITION BY RANGE (at);\n"
REST = "CREATE TABLE {0}_rest PARTITION OF {0} DEFAULT;\n"
NO_EDGES = {
    "a": (REST.format("a"), part("a", "a_1", 0, 10) + part("a", "a_2", 10, 30)),
    "b": (part("b", "b_1", 0, 30), part("b", "b_2", -5, 7) + part("b", "b_3", 7, 35)),
    "c": (part("c", "c_1", 0, 30), part("c", "c_1", 0, 10) + REST.format("c")),
    "d": (part("d", "d_1", 0, 30) + REST.format("d"), part("d", "d_1", 0, 10) + REST.format("d")),
    "e": (part("e", "e_1", 0, "30) PARTITION BY RANGE (at") + REST.format("e_1"), part("e", "e_2", -1, 31)),
}


def test_rows_stay_in_their_whole_where_the_places_have_no_edge_in_common(flow: Flow) -> None:
    """With a default partition that goes, or others all around, the rows themselves are asked."""
    before, after = ("".join(RANGES.format(t) + parts[i] for t, parts in NO_EDGES.items()) for i in (0, 1))
    flow.apply(before)
    for table in NO_EDGES:
        flow.run(f"INSERT INTO {table} SELECT generate_series(0, 29)")
    assert {h.code for h in flow.plan(after).hazards} == {"COPIES_TABLE"}
    flow.apply(after)
    counted = (
        flow.run(f"SELECT tableoid::regclass, count(*) FROM {t} GROUP BY 1 ORDER BY 1").split() for t in NO_EDGES
    )
    assert [sorted(c) for c in counted] == [
        ["a_1|10", "a_2|20"],
        ["b_2|7", "b_3|23"],
        ["c_1|10", "c_rest|20"],
        ["d_1|10", "d_rest|20"],
        ["e_2|30"],
    ]


RENAMED = """spec: {renames: [{kind: Table, from: border, to: edge}], sql: "
CREATE TABLE edge (at int) PARTITION BY %s; CREATE TABLE border_1 PARTITION OF edge FOR VALUES %s;
CREATE TABLE border_2 PARTITION OF edge %s;"}"""
OTHERWISE = {
    "another key": ("LIST (at)", "IN (1, 15)", "DEFAULT"),
    "other bounds": ("RANGE (at)", "FROM (0) TO (25)", "FOR VALUES FROM (25) TO (30)"),
}


@pytest.mark.parametrize("otherwise", OTHERWISE.values(), ids=OTHERWISE.keys())
def test_a_whole_of_another_name_is_partitioned_otherwise(flow: Flow, otherwise: tuple[str, str, str]) -> None:
    """Its parts are not asked as if their rows stayed in them."""
    flow.apply(BORDER.format(10))
    flow.run("INSERT INTO border VALUES (1), (15), (27)")
    flow.apply((RENAMED % otherwise).replace("\n", " "))
    assert flow.column("SELECT tableoid::regclass || ' ' || at FROM edge ORDER BY at") == [
        "border_1 1", "border_1 15", "border_2 27",
    ]  # fmt: skip


@pytest.mark.parametrize("border", [10, 25])
def test_the_column_that_says_where_rows_belong_is_renamed_as_well(flow: Flow, border: int) -> None:
    """Whether a row has to move cannot be asked by its new name: the table is made anew in any case, which is told."""
    flow.apply(BORDER.format(20))
    flow.run("INSERT INTO border SELECT * FROM unnest(ARRAY[1, 15, 27])")
    after = BORDER.format(border).replace("at int", "since int").replace("(at)", "(since)").replace("\n", " ")
    result = flow.apply(f"spec: {{renames: [{{kind: Column, table: border, from: at, to: since}}], sql: '{after}'}}")
    assert result.plan is not None
    assert "COPIES_TABLE" in [h.code for h in result.plan.hazards]
    assert flow.column("SELECT since FROM border ORDER BY since") == [1, 15, 27]


def test_rows_of_a_default_partition_go_to_the_one_that_is_new(flow: Flow) -> None:
    whole = "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY, at int) PARTITION BY RANGE (at);\n"
    rest = "CREATE TABLE t_rest PARTITION OF t DEFAULT PARTITION BY RANGE (id);\n" + part("t_rest", "t_low", 0, 99)
    flow.apply(whole + rest)
    flow.run("INSERT INTO t (at) VALUES (5), (15)")
    flow.apply(whole + rest + part("t", "t_1", 0, 10))
    flow.run("INSERT INTO t (at) VALUES (25)")
    assert flow.column("SELECT tableoid::regclass || ' ' || id FROM t ORDER BY id") == ["t_1 1", "t_low 2", "t_low 3"]


def test_rows_that_fit_nowhere_are_named_and_nothing_is_changed(flow: Flow) -> None:
    flow.apply(BORDER.format(20))
    flow.run("INSERT INTO border SELECT generate_series(0, 29)")
    whole = flow.shape()
    gap = BORDER.format(10).replace("FROM (10)", "FROM (15)")
    with pytest.raises(DataViolation, match=r"table public.border .* rows that fit no partition: 5 of them"):
        flow.reconcile(gap, approved)
    assert flow.shape() == whole


ASKED_BEFORE = {
    "a key about less": ("PRIMARY KEY (id)", "t.t_pkey has values that stand more than once"),
    "a unique index": ("UNIQUE NULLS NOT DISTINCT (note)", "t.t_note_key has values that stand more than once"),
    "a check": ("CONSTRAINT c CHECK (at < 25)", "t.c is violated by rows"),
    "a reference": ("FOREIGN KEY (at) REFERENCES k", "t.t_at_fkey refers to rows of table public.k that are not there"),
}


@pytest.mark.postgres(">=15")
@pytest.mark.parametrize(("declared", "words"), ASKED_BEFORE.values(), ids=ASKED_BEFORE.keys())
def test_rows_that_a_table_made_anew_would_refuse_are_named(flow: Flow, declared: str, words: str) -> None:
    keys = "CREATE TABLE k (id int PRIMARY KEY);\n"
    flow.apply(
        f"{keys}CREATE TABLE t (id int, at int, note text, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);"
        + part("t", "t_1", 0, 30)
    )
    flow.run("INSERT INTO t SELECT i / 2, i FROM generate_series(0, 29) i; INSERT INTO k VALUES (1), (2)")
    whole = flow.shape()
    with pytest.raises(DataViolation, match=f"{re.escape(words)}.*Nothing was changed"):
        flow.reconcile(f"{keys}CREATE TABLE t (id int, at int, note text, {declared});", approved)
    assert flow.shape() == whole


def test_rows_that_fit_nowhere_once_labels_stand_otherwise_are_named(flow: Flow) -> None:
    declared = """CREATE TYPE e AS ENUM ({}); CREATE TABLE t (id int, x e NOT NULL, PRIMARY KEY (id, x)) PARTITION BY RANGE (x);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('a''s') TO ('c');"""
    flow.apply(declared.format("'a''s', 'b', 'c'"))
    flow.run("INSERT INTO t VALUES (9, 'b'), (8, 'a''s')")
    words = r"table public.t has rows that fit no partition: 1 of them, such as \(id, x\) = \(9, \d\)"
    with pytest.raises(DataViolation, match=words) as refused:
        flow.reconcile(declared.format("'b', 'a''s', 'c'"), approved)
    (query,) = re.findall(r"To see them all: (.*); then declare", str(refused.value))
    assert len(flow.run(query).splitlines()) == 1
    flow.run("DELETE FROM t WHERE id = 9")
    flow.apply(declared.format("'b', 'a''s', 'c'"))


def test_a_table_made_anew_is_asked_for_rows_to_which_a_new_column_would_give_nothing(flow: Flow) -> None:
    flow.apply("CREATE TABLE t (id int PRIMARY KEY);")
    flow.run("INSERT INTO t VALUES (7)")
    wanted = "CREATE TABLE t (id int PRIMARY KEY, u int NOT NULL{}) PARTITION BY RANGE (id);" + part("t", "t_1", 0, 30)
    with pytest.raises(DataViolation, match=r"t\.u is new and NOT NULL.*such as id = 7\. Nothing was changed"):
        flow.reconcile(wanted.format(""), approved)
    flow.apply(wanted.format(" DEFAULT 3"))
    assert flow.column("SELECT u FROM t") == [3]


REFERRED = """
CREATE TABLE t (a int, k text, PRIMARY KEY (a, k)) PARTITION BY LIST (k);
{}
CREATE TABLE r (a int, k text, FOREIGN KEY (a, k) REFERENCES {});
"""
PARTS = "CREATE TABLE p PARTITION OF t FOR VALUES IN ({}); CREATE TABLE q PARTITION OF t FOR VALUES IN ({});"
ALONE = "CREATE TABLE p (a int, k text, PRIMARY KEY (a, k)); CREATE TABLE q PARTITION OF t FOR VALUES IN ('y');"
BELOW = (
    "CREATE TABLE p PARTITION OF t FOR VALUES IN ({}) PARTITION BY RANGE (a); CREATE TABLE q PARTITION OF p DEFAULT;"
)
STAYS = {
    "the part goes": ("t", PARTS.partition(";")[0].format("'x'") + ";", "rows of table public.q, which leaves table public.t"),
    "the part stands alone": ("t", ALONE, "rows of table public.p, which leaves table public.t"),
    "the rows go": ("p", PARTS.format("'z'", "'x', 'y'"), "rows that are not in table public.p any more, for its bounds are others"),
}  # fmt: skip


@pytest.mark.parametrize(("whole", "after", "words"), STAYS.values(), ids=STAYS.keys())
def test_rows_that_others_refer_to_stay_where_they_are(flow: Flow, whole: str, after: str, words: str) -> None:
    flow.apply(REFERRED.format(PARTS.format("'x'", "'y'"), whole))
    flow.run("INSERT INTO t VALUES (1, 'x'), (2, 'y'); INSERT INTO r SELECT * FROM " + whole)
    shape = flow.shape()
    with pytest.raises(DataViolation, match=f"foreign key public.r.r_a_k_fkey refers to {words}: 1 of them.*Nothing"):
        flow.reconcile(REFERRED.format(after, whole), approved)
    assert flow.shape() == shape
    flow.run("DELETE FROM r")
    flow.apply(REFERRED.format(after, whole))


KEYED = "CREATE TABLE {} (a int PRIMARY KEY) PARTITION BY RANGE (a); "
PART = "CREATE TABLE {} PARTITION OF {} FOR VALUES FROM ({}) TO ({}){}; "
REFERS = "CREATE TABLE r (a int{});"
IN_TWO = KEYED.format("t") + PART.format("p", "t", 0, 10, "") + PART.format("q", "t", 10, 20, "")
LAYERED = KEYED.format("t") + PART.format("m", "t", 0, 20, " PARTITION BY RANGE (a)")
UNDER = LAYERED + PART.format("p", "m", 0, 10, "") + PART.format("q", "m", 10, 20, "")
BY_ITSELF = KEYED.format("t") + PART.format("p", "t", 0, 10, "") + "CREATE TABLE q (a int PRIMARY KEY); "
ELSEWHERE = KEYED.format("t") + PART.format("p", "t", 0, 10, "") + KEYED.format("u") + PART.format("q", "u", 10, 20, "")
PLACES = {
    "to a place below": (IN_TWO, "t", UNDER, "t"),
    "to a place above": (UNDER, "t", IN_TWO, "t"),
    "to another whole": (IN_TWO + KEYED.format("u"), "t", ELSEWHERE, "u"),
    "into a whole": (BY_ITSELF, "", IN_TWO, "t"),
    "into a new whole": ("CREATE TABLE q (a int PRIMARY KEY); ", "", UNDER, "m"),
}


@pytest.mark.parametrize(("before", "was", "after", "now"), PLACES.values(), ids=PLACES.keys())
def test_rows_that_others_refer_to_go_along_with_their_part(
    flow: Flow, before: str, was: str, after: str, now: str
) -> None:
    flow.apply(before + REFERS.format(f" REFERENCES {was}" if was else ""))
    flow.run("INSERT INTO q VALUES (13); INSERT INTO r VALUES (13)")
    flow.apply(after + REFERS.format(f" REFERENCES {now}"))
    assert flow.run(f"SELECT tableoid::regclass FROM {now}").strip() == "q"
    flow.apply(after + REFERS.format(""))
    flow.run("INSERT INTO r VALUES (14)")
    with pytest.raises(DataViolation, match=rf"refers to rows of table public\.{now} that are not there: 1 of them"):
        flow.apply(after + REFERS.format(f" REFERENCES {now}"))


def test_what_refers_to_the_rows_of_a_partition_lets_it_take_in_others(flow: Flow) -> None:
    """The server lets no partition leave its whole while its rows are referred to, if only for a moment."""
    also = """
    ALTER TABLE t ADD up int, ADD FOREIGN KEY (up, k) REFERENCES t;
    CREATE TABLE s (a int, k text, FOREIGN KEY (a, k) REFERENCES p) PARTITION BY LIST (k);
    CREATE TABLE s_rest PARTITION OF s DEFAULT;
    """
    flow.apply(REFERRED.format(BELOW.format("'x'"), "t") + also)
    flow.run(
        "INSERT INTO t VALUES (1, 'x', NULL), (2, 'x', 1); INSERT INTO r VALUES (1, 'x'); INSERT INTO s VALUES (2, 'x')"
    )
    after = REFERRED.format(BELOW.format("'x', 'y'"), "t") + also
    assert weighing(flow.plan(after)) == set()
    flow.apply(after)
    assert flow.column("SELECT a FROM q ORDER BY a") == [1, 2]


def test_what_leaves_a_table_that_is_made_anew_is_told_by_the_name_that_is_known(flow: Flow) -> None:
    flow.apply(LISTED.format("'a'", "'b'"))
    plan = flow.plan(
        "CREATE TABLE listed (region text) PARTITION BY RANGE (region); CREATE TABLE listed_1 (region text);"
    )
    (told,) = [h.message for h in plan.hazards if h.code == "BREAKS_CLIENTS"]
    assert told.startswith(
        "table public.listed no longer shows the rows of table public.listed_1, and rows that belong"
    )


def weighing(plan: Plan) -> set[tuple[str, str]]:
    """Every hazard that asks, with its subject."""
    return {(h.code, s.subject) for s in plan.steps for h in s.hazards if h.weight != Weight.NOTICE}


MEDDLED = """
GRANT SELECT ON t TO PUBLIC; GRANT UPDATE (note) ON t TO PUBLIC;
CREATE INDEX mine ON t (note);
ALTER TABLE t ADD CONSTRAINT guard CHECK (note <> 'no');
"""


def test_what_others_put_on_a_table_that_is_made_anew_does_not_go_untold(flow: Flow) -> None:
    """It would go with the old table: the plan is made afresh, and asks."""
    before = "CREATE TABLE t (at int, note text);\n"
    after = before.replace("note text)", "note text) PARTITION BY RANGE (at)") + part("t", "t_1", 0, 40)
    flow.apply(before)
    flow.run("INSERT INTO t VALUES (1, 'a')")
    added: list[str] = []

    def meddle(message: str, done: float | None = None) -> None:
        if "RENAME TO" in message and not added:
            added.append(flow.run(MEDDLED))

    def facts(plan: Plan) -> Facts:
        return Facts() if "DROPS_GUARANTEE" in {h.code for h in plan.hazards} else approved(plan)

    result = flow.reconcile(after, facts, progress=meddle)
    assert added
    assert result.held is not None
    assert result.plan is not None
    assert {"DROPS_INDEX", "DROPS_GUARANTEE"} <= {h.code for h in result.plan.hazards}
    assert flow.ask("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass") == 1
    flow.apply(after)
    assert flow.column("SELECT note FROM t") == ["a"]


IDENTITY = """
CREATE TABLE t (id bigint GENERATED BY DEFAULT AS IDENTITY, k text NOT NULL) PARTITION BY LIST (k);
CREATE TABLE t_a PARTITION OF t FOR VALUES IN ('a', {}) PARTITION BY RANGE (id);
CREATE TABLE t_a_1 PARTITION OF t_a FOR VALUES FROM (0) TO (10);
"""
MOOD = """
CREATE TYPE mood AS ENUM ('good', {});
CREATE TABLE t (id int, k text, m mood DEFAULT 'good') PARTITION BY LIST (k);
CREATE TABLE t_b PARTITION OF t FOR VALUES IN ('b');
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (IDENTITY.format("'b'"), IDENTITY.format("'c'")),
        (MOOD.format("'bad'"), MOOD.format("'fine'").replace("t_b", "t_other")),
    ],
    ids=["identity", "type"],
)
def test_what_cannot_be_done_to_a_part_in_place_is_done_to_the_whole(flow: Flow, before: str, after: str) -> None:
    flow.apply(before)
    flow.run("INSERT INTO t (id, k) VALUES (1, '{}')".format("a" if "t_a" in before else "b"))
    flow.apply(after)
    assert flow.ask("SELECT count(*) FROM t") == 1
    flow.apply(before)
    assert flow.ask("SELECT count(*) FROM t") == 1


def test_a_part_leaves_a_whole_that_is_made_anew_with_its_rows(flow: Flow) -> None:
    """And does not leave them behind as well; what is told of it names the whole as it is called."""
    rest = "CREATE TABLE t_2 PARTITION OF t DEFAULT;"
    flow.apply(
        f"CREATE TABLE t (k text) PARTITION BY LIST (k); CREATE TABLE t_1 PARTITION OF t FOR VALUES IN ('a'); {rest}"
    )
    flow.run("INSERT INTO t VALUES ('a'), ('b')")
    after = f"CREATE TABLE t (k text) PARTITION BY RANGE (k); CREATE TABLE t_1 (k text); {rest}"
    assert "table public.t no longer shows the rows of table public.t_1" in "\n".join(
        h.message for h in flow.plan(after).hazards
    )
    flow.apply(after)
    assert flow.column("SELECT tableoid::regclass || k FROM t UNION ALL SELECT 'alone' || k FROM t_1") == [
        "t_2b",
        "alonea",
    ]


def test_a_whole_with_a_check_gets_new_parts_while_another_leaves(flow: Flow) -> None:
    whole = "CREATE TABLE t (k int, v text, CONSTRAINT c CHECK (k >= 0)) PARTITION BY RANGE (k);\n"
    flow.apply(whole + part("t", "t_1", 0, 10) + part("t", "t_2", 10, 20))
    flow.run("INSERT INTO t SELECT i, 'v' || i FROM generate_series(0, 19) i")
    alone = "CREATE TABLE t_2 (k int, v text, CONSTRAINT c CHECK (k >= 0));"
    flow.apply(whole + part("t", "t_0", 0, 5) + part("t", "t_1", 5, 10) + alone)
    counted = "SELECT tableoid::regclass || ' ' || count(*) FROM t GROUP BY tableoid ORDER BY tableoid::regclass::text"
    assert flow.column(counted) == ["t_0 5", "t_1 5"]
    assert flow.ask("SELECT count(*) FROM t_2") == 10


CHANGED = (
    "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE t ALTER v SET DEFAULT 'x'",
    "GRANT SELECT ON t TO PUBLIC",
    "COMMENT ON COLUMN t.v IS 'said'",
    "ALTER TABLE t_1 ALTER v SET NOT NULL",
    "CREATE PUBLICATION theirs FOR TABLE t",
)


@pytest.mark.parametrize("change", CHANGED)
def test_what_others_change_of_a_table_that_is_made_anew_is_planned_for(flow: Flow, change: str) -> None:
    whole = "CREATE TABLE t (k int, v text) PARTITION BY RANGE (k);\n"
    flow.apply(whole + part("t", "t_1", 0, 10))
    flow.run("INSERT INTO t SELECT i, 'v' || i FROM generate_series(0, 9) i")
    changed: list[str] = []
    plans: list[Plan] = []

    def meddle(message: str, done: float | None = None) -> None:
        if "RENAME TO" in message and not changed:
            changed.append(flow.run(change))

    def facts(plan: Plan) -> Facts:
        plans.append(plan)
        return approved(plan)

    flow.reconcile(whole + part("t", "t_0", 0, 5) + part("t", "t_1", 5, 10), facts, progress=meddle)
    assert changed
    assert len(plans) == 2, "it is planned afresh"
    assert flow.ask("SELECT count(*) FROM t") == 10


def test_it_is_told_what_others_have_changed_where_they_do_it_each_time(flow: Flow) -> None:
    whole = "CREATE TABLE t (k int, v text) PARTITION BY RANGE (k);\n"
    flow.apply(whole + part("t", "t_1", 0, 10))
    flow.run("INSERT INTO t SELECT i FROM generate_series(0, 9) i")

    def meddle(message: str, done: float | None = None) -> None:
        if "RENAME TO" in message:
            flow.run(
                "DO $$ BEGIN EXECUTE format('COMMENT ON COLUMN t.v IS %L', 'said at ' || clock_timestamp()); END $$"
            )

    with pytest.raises(
        Stale, match=r"have changed it since the plan was made: comment 2 said at .*; it is planned"
    ) as told:
        flow.reconcile(whole + part("t", "t_0", 0, 5) + part("t", "t_1", 5, 10), approved, progress=meddle)
    assert "SELECT" not in str(told.value)


def test_a_part_leaves_whose_rows_are_referred_to_by_its_name_from_then_on(flow: Flow) -> None:
    whole = "CREATE TABLE t (k int PRIMARY KEY) PARTITION BY RANGE (k);\n" + part("t", "t_1", 0, 10)
    refers = "CREATE TABLE refers (k int REFERENCES {});"
    flow.apply(whole + part("t", "t_2", 10, 20) + refers.format("t"))
    flow.run("INSERT INTO t VALUES (13); INSERT INTO refers VALUES (13)")
    flow.apply(whole + "CREATE TABLE t_2 (k int PRIMARY KEY);" + refers.format("t_2"))
    assert flow.column("SELECT k FROM t_2") == [13]


def test_rows_are_asked_by_the_names_that_their_tables_have_before_the_plan(flow: Flow) -> None:
    """Of tables, and schemas, that it calls otherwise: nothing is changed for rows that do not fit, and none goes to quarantine."""
    flow.apply(
        "CREATE TABLE a (k int); CREATE TABLE b (k int); CREATE SCHEMA s; " + RANGES.format("s.t") + REST.format("s.t")
    )
    flow.run("INSERT INTO a VALUES (7); INSERT INTO b VALUES (1); INSERT INTO s.t VALUES (3)")
    after = (
        "spec: {renames: [{kind: Table, from: b, to: c}, {kind: Table, from: a, to: b}, {kind: Schema, from: s, to: r}], sql: '"
        "CREATE TABLE b (k int CHECK (k < %s)); CREATE TABLE c (k int); CREATE SCHEMA r; "
        + (RANGES.format("r.t") + part("r.t", "r.t_1", 0, 9)).replace("\n", " ")
        + "'}"
    )
    with pytest.raises(DataViolation, match=r'b_k_check is violated by rows that are there.* FROM "public"\."a"'):
        flow.plan(after % 5)
    flow.apply(after % 9)
    assert flow.ask("SELECT tableoid::regclass::text || at FROM r.t") == "r.t_13"


def test_what_fails_of_something_else_is_not_tried_again_with_a_whole_made_anew(flow: Flow) -> None:
    """Though the words of the server, or the statement, have the name of one in them."""
    rest = "CREATE FUNCTION border(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1'; CREATE TABLE u (a int{});"
    flow.apply(BORDER.format(20) + rest.format(""))
    told: list[str] = []
    with pytest.raises(Unsupported, match=r"does not work on a copy.* DEFAULT public\.border\("):
        flow.reconcile(
            BORDER.format(20) + rest.format(", b text NOT NULL DEFAULT border(current_setting('app.x'))"),
            progress=lambda message, _: told.append(message),
        )
    assert [m for m in told if m.startswith("rehearsing")] == ["rehearsing on a copy"]


HASHED = """CREATE FUNCTION hx(int, bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ($1 + $2)::bigint';
CREATE OPERATOR FAMILY {0} USING hash; CREATE OPERATOR CLASS {1} FOR TYPE int USING hash FAMILY {0} AS OPERATOR 1 =, FUNCTION 2 hx(int, bigint);
CREATE TABLE t (k int{2}) PARTITION BY HASH (k {1});
CREATE TABLE t0 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE t1 PARTITION OF t FOR VALUES WITH (MODULUS 2, REMAINDER 1);"""


def test_rows_are_placed_by_a_hash_of_ones_own(flow: Flow) -> None:
    flow.apply(HASHED.format("f", "c", ""))
    flow.run("INSERT INTO t SELECT generate_series(1, 9)")
    flow.apply(HASHED.format("f", "c", ", n int"))
    with pytest.raises(
        Unsupported, match=r"class public\.c\.hash is to be another, and says which partition of table public\.t"
    ):
        flow.reconcile(HASHED.format("g", "c", ", n int"), approved)
    flow.apply(HASHED.format("g", "d", ", n int"))
    assert flow.ask("SELECT count(*) FROM t") == 9
