"""What a child of plain inheritance has of its own, and what it has from its parent."""

from __future__ import annotations

import pytest
import yaml

from colonnade.core.errors import Unsupported
from colonnade.engines import Restorable
from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Place, Walk, cases

OWN = {
    "not_null": ("a int NOT NULL", "ALTER a SET NOT NULL"),
    "check": ("a int, CONSTRAINT k CHECK (a > 0)", "ADD CONSTRAINT k CHECK (a > 0)"),
}
ROUND = ((0, 0), (1, 0), (0, 1), (1, 1), (0, 0), (0, 1), (1, 0), (0, 0), (1, 1))
"""Whether the parent has it, and the child has it of its own."""


def _family(parent: int, child: int, here: str, later: str, *, column: bool) -> str:
    """The child has the column as its parent does, or declares it, too."""
    whole = f"CREATE TABLE t ({here if parent else 'a int'});\n"
    if column:
        return f"{whole}CREATE TABLE c ({here if child else 'a int'}) INHERITS (t);\n"
    return f"{whole}CREATE TABLE c () INHERITS (t);\n" + (f"ALTER TABLE c {later};\n" if child else "")


@pytest.mark.parametrize("column", [True, False])
def test_what_guards_a_child_and_its_parent(walk: Walk, column: bool) -> None:
    walk.cases(
        {kind: [_family(*each, here, later, column=column) for each in ROUND] for kind, (here, later) in OWN.items()}
    )


def test_a_new_column_of_both_that_only_the_child_guards(walk: Walk) -> None:
    walk(
        "CREATE TABLE t (b int); CREATE TABLE c () INHERITS (t);",
        "CREATE TABLE t (b int, a int); CREATE TABLE c () INHERITS (t); ALTER TABLE c ALTER a SET NOT NULL;",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a int, b text, c int);", "c int) INHERITS (p);"),
        ("a int, c int) INHERITS (p);", "c int) INHERITS (p);"),
        ("a int, b text, c int); CREATE TABLE g (d int) INHERITS (k);", "c int) INHERITS (p); CREATE TABLE g (d int) INHERITS (k);"),
    ],
    ids=["another table", "a child", "a parent"],
)  # fmt: skip
def test_a_table_gives_its_columns_up_to_a_parent(flow: Flow, before: str, after: str) -> None:
    """The server has no statement for that: the table is made anew with its rows."""
    parent = "CREATE TABLE p (a int, b text); CREATE TABLE k ("
    flow.apply(parent + before)
    flow.run("INSERT INTO k (a, b, c) VALUES (1, 'x', 2)")
    if " g " in before:
        flow.run("INSERT INTO g (a, b, c, d) VALUES (3, 'y', 4, 5)")
    assert "COPIES_TABLE" in [h.code for h in flow.plan(parent + after).hazards]
    flow.apply(parent + after)
    assert flow.ask("SELECT string_agg(concat(a, b), ' ' ORDER BY a) FROM p") == ("1x 3y" if " g " in before else "1x")
    assert flow.ask("SELECT sum(c) FROM k") == (6 if " g " in before else 2)


PARENTS = cases("""
== another_parent_of_the_same_columns
CREATE TABLE g (id int); CREATE TABLE h (id int);
CREATE TABLE c (n int) INHERITS (g); CREATE TABLE d () INHERITS (c);
--
CREATE TABLE g (id int); CREATE TABLE h (id int);
CREATE TABLE c (n int) INHERITS (h); CREATE TABLE d () INHERITS (c);
--
CREATE TABLE g (id int); CREATE TABLE h (id int);
CREATE TABLE c (n int) INHERITS (g, h); CREATE TABLE d () INHERITS (c);
== guarded
CREATE TABLE g (id int NOT NULL CONSTRAINT k CHECK (id > 0)); CREATE TABLE c (id int);
--
CREATE TABLE g (id int NOT NULL CONSTRAINT k CHECK (id > 0)); CREATE TABLE c () INHERITS (g);
--
CREATE TABLE g (id int NOT NULL CONSTRAINT k CHECK (id > 0));
CREATE TABLE c (id int NOT NULL CONSTRAINT k CHECK (id > 0)) INHERITS (g);
--
CREATE TABLE g (id int NOT NULL CONSTRAINT k CHECK (id > 0)); CREATE TABLE c (id int) INHERITS (g);
== a_column_of_both
CREATE TABLE g (id int); CREATE TABLE c () INHERITS (g);
--
CREATE TABLE g (id int, k int); CREATE TABLE c (k int) INHERITS (g);
== the_same_comes_to_both_when_it_leaves
CREATE TABLE a (k int); CREATE TABLE b (k int); CREATE TABLE t () INHERITS (a, b); CREATE TABLE u () INHERITS (a);
--
CREATE TABLE a (k int, n int, CONSTRAINT c CHECK (k > 0)); CREATE TABLE b (k int);
CREATE TABLE t (k int, n int, CONSTRAINT c CHECK (k > 0)) INHERITS (b); CREATE TABLE u (k int, CONSTRAINT c CHECK (k > 0));
== guarded_and_with_defaults
CREATE TABLE g (id int); CREATE TABLE c () INHERITS (g);
--
CREATE TABLE g (id int, k int NOT NULL DEFAULT 5 CHECK (k > 0)); CREATE TABLE c (k int NOT NULL DEFAULT 7) INHERITS (g);
""")


NAMED = cases("""
== a_child_that_leaves
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL); CREATE TABLE c (id int CONSTRAINT own NOT NULL);
--
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL); CREATE TABLE c () INHERITS (g);
== usually_named
CREATE TABLE g (id int NOT NULL); CREATE TABLE c (id int NOT NULL);
--
CREATE TABLE g (id int NOT NULL); CREATE TABLE c () INHERITS (g);
--
CREATE TABLE g (id int); CREATE TABLE c (id int NOT NULL) INHERITS (g);
== a_parent_that_no_longer_has_one
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL, n int); CREATE TABLE c (id int CONSTRAINT own NOT NULL) INHERITS (g);
--
CREATE TABLE g (id int, n int); CREATE TABLE c (id int CONSTRAINT own NOT NULL) INHERITS (g);
--
CREATE TABLE g (id int CONSTRAINT other NOT NULL, n int); CREATE TABLE c (id int CONSTRAINT another NOT NULL) INHERITS (g);
== another_parent
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL); CREATE TABLE h (id int); CREATE TABLE c (id int CONSTRAINT own NOT NULL) INHERITS (g);
--
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL); CREATE TABLE h (id int); CREATE TABLE c (id int CONSTRAINT own NOT NULL) INHERITS (h);
== one_parent_of_two
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL); CREATE TABLE h (id int NOT NULL); CREATE TABLE c () INHERITS (g, h);
--
CREATE TABLE g (id int CONSTRAINT theirs NOT NULL); CREATE TABLE h (id int); CREATE TABLE c (id int NOT NULL) INHERITS (h);
--
CREATE TABLE g (id int); CREATE TABLE h (id int NOT NULL); CREATE TABLE c () INHERITS (g);
== a_part
CREATE TABLE g (id int, n int CONSTRAINT theirs NOT NULL) PARTITION BY LIST (id);
CREATE TABLE h PARTITION OF g FOR VALUES IN (1) PARTITION BY LIST (id); CREATE TABLE i PARTITION OF h FOR VALUES IN (1);
--
CREATE TABLE g (id int, n int) PARTITION BY LIST (id);
CREATE TABLE h PARTITION OF g FOR VALUES IN (1) PARTITION BY LIST (id); CREATE TABLE i PARTITION OF h (n NOT NULL) FOR VALUES IN (1);
--
CREATE TABLE g (id int, n int) PARTITION BY LIST (id);
CREATE TABLE h PARTITION OF g (n CONSTRAINT own NOT NULL) FOR VALUES IN (1) PARTITION BY LIST (id); CREATE TABLE i PARTITION OF h FOR VALUES IN (1);
""")
"""What goes by a name of its own only while no parent has it, too."""


def test_a_not_null_goes_by_its_own_name_where_no_parent_has_it(walk: Walk) -> None:
    walk.cases(NAMED)
    many = [
        [f"CREATE SCHEMA {n}; SET search_path = {n}; {v[min(i, len(v) - 1)]}" for n, v in NAMED.items()]
        for i in range(3)
    ]
    live, *stops = (walk.place("".join(each)) for each in (many[0], *many))
    for stop in (*stops[1:], *reversed(stops[:-1])):
        walk.go(live, stop)
        assert called(live) == called(stop)


def called(place: Place) -> str:
    """What NOT NULL is called where a dump shows it, before 18 by no name; of a plain parent's it has the name for good."""
    found = place.ask("""SELECT string_agg(format('%s %s', k.conrelid::regclass, k.conname), ', ' ORDER BY k.conrelid::regclass::text)
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
        WHERE k.contype = 'n' AND k.conrelid >= 16384 AND (k.conislocal OR c.relispartition)""")
    return str(found)


def test_a_not_null_that_no_row_is_asked_for_reaches_children(flow: Flow) -> None:
    family = "CREATE TABLE g (id int, n int); CREATE TABLE c () INHERITS (g); CREATE TABLE d (m int) INHERITS (c);"
    flow.apply(family)
    if int(flow.ask("SHOW server_version_num")) < 180000:
        return
    flow.run("INSERT INTO d VALUES (NULL, 1, 2)")
    doubted = f"{family} ALTER TABLE g ADD CONSTRAINT k NOT NULL id NOT VALID;"
    flow.apply(doubted)
    flow.apply(doubted.replace("m int", "m bigint"))
    assert flow.ask("SELECT count(*) FROM g") == 1


KEPT = cases("""
== with_its_rules
CREATE TABLE g (a int); CREATE TABLE c (b int DEFAULT 1 NOT NULL CONSTRAINT k CHECK (b > 0)) INHERITS (g);
--
CREATE TABLE g (a int, b int DEFAULT 1 NOT NULL CONSTRAINT k CHECK (b > 0)); CREATE TABLE c () INHERITS (g);
== without
CREATE TABLE g (a int); CREATE TABLE c (b int) INHERITS (g); CREATE TABLE e () INHERITS (g);
--
CREATE TABLE g (a int, b int NOT NULL, CONSTRAINT k CHECK (b > a)); CREATE TABLE c () INHERITS (g);
CREATE TABLE e () INHERITS (g);
== another_rule
CREATE TABLE g (a int); CREATE TABLE c (b int CONSTRAINT k CHECK (b > 1)) INHERITS (g);
--
CREATE TABLE g (a int, b int CONSTRAINT k CHECK (b > 0)); CREATE TABLE c (b int) INHERITS (g);
""")
"""A column that a parent gives up, backwards."""


def test_a_child_keeps_a_column_with_just_the_rules_that_it_is_to_have(walk: Walk) -> None:
    walk.cases(KEPT)
    live = walk.place("CREATE TABLE g (a int, b text); CREATE TABLE c () INHERITS (g);")
    walk.go(live, walk.place("CREATE TABLE g (a int); CREATE TABLE c (b int) INHERITS (g);"))


def test_what_a_child_has_of_its_own_and_from_which_parent(walk: Walk) -> None:
    walk.cases(PARENTS)


def test_rows_of_a_child_stay_whoever_its_parents_are(flow: Flow) -> None:
    both = "CREATE TABLE g (id int, a int); CREATE TABLE h (id int, b int); "
    flow.apply(both + "CREATE TABLE c (z int) INHERITS (g)")
    flow.run("INSERT INTO c (id, a, z) VALUES (1, 2, 3)")
    flow.apply(both + "CREATE TABLE c (z int, a int) INHERITS (h)")
    assert flow.ask("SELECT concat(id, a, b, z) FROM c") == "123"
    assert flow.ask("SELECT id FROM h") == 1
    flow.apply(both + "CREATE TABLE c (z int) INHERITS (g, h)")
    assert flow.ask("SELECT concat(g.id, g.a, h.b) FROM g, h") == "12"
    bare = both + "CREATE TABLE c (z int) INHERITS (h)"
    assert "column public.c.a" in " ".join(h.message for h in flow.plan(bare).hazards if h.code == "DELETES_DATA")
    flow.apply(bare)
    assert restored(flow, "c.a") == "public.c.a"
    assert flow.ask("SELECT a FROM c") == 2


def test_a_child_that_gives_a_column_up_with_its_parent_keeps_its_rows(flow: Flow) -> None:
    """It is made anew, and not while its parent still asks for what its rows no longer have."""
    flow.apply("CREATE TABLE t (a int, b int NOT NULL); CREATE TABLE c (a int, b int NOT NULL);")
    flow.run("INSERT INTO c VALUES (1, 2)")
    flow.apply("CREATE TABLE t (a int); CREATE TABLE c () INHERITS (t);")
    assert flow.column("SELECT a FROM t") == [1]


def restored(flow: Flow, name: str) -> str:
    with flow.opened() as database:
        assert isinstance(database, Restorable)
        return database.restore(name).name


def test_a_type_that_two_parents_share_changes_with_the_child_made_anew(flow: Flow) -> None:
    declared = """CREATE TABLE g (id {0}); CREATE TABLE h (id {0}, n int); CREATE TABLE c (z int) INHERITS (g, h);
        CREATE TABLE d () INHERITS (c); CREATE INDEX i ON c (id); CREATE VIEW v AS SELECT id FROM d;"""
    flow.apply(declared.format("int"))
    flow.run(
        "INSERT INTO g VALUES (1); INSERT INTO h VALUES (2, 2); INSERT INTO c VALUES (3, 3, 3); INSERT INTO d VALUES (4, 4, 4)"
    )
    for type_ in ("bigint", "text", "int"):
        plan = flow.plan(declared.format(type_))
        assert [s.subject for s in plan.steps if "COPIES_TABLE" in [h.code for h in s.hazards]] == [
            "table public.c",
            "table public.d",
        ]
        assert all(s.undo is None for s in plan.steps if " TYPE " in s.statement), "what stands on it is not taken back"
        flow.apply(declared.format(type_))
        assert flow.column("SELECT concat(tableoid::regclass, id) FROM g ORDER BY 1") == ["c3", "d4", "g1"]
        assert flow.column("SELECT concat(tableoid::regclass, id, n) FROM h ORDER BY 1") == ["c33", "d44", "h22"]


def test_a_type_that_comes_from_one_parent_of_both_changes_in_place(flow: Flow) -> None:
    declared = """CREATE TABLE r (id {}); CREATE TABLE g () INHERITS (r); CREATE TABLE h () INHERITS (r);
        CREATE TABLE c () INHERITS (g, h, r);"""
    flow.apply(declared.format("int"))
    assert flow.statements(declared.format("bigint")) == ['ALTER TABLE "public"."r" ALTER COLUMN "id" TYPE bigint']
    flow.apply(declared.format("bigint"))


def test_a_declared_conversion_of_a_type_that_two_parents_share_is_none_of_the_child(flow: Flow) -> None:
    parents = "CREATE TABLE g (id {0}); CREATE TABLE h (id {0}); "
    flow.apply(parents.format("text") + "CREATE TABLE c () INHERITS (g, h)")
    sql = parents.format("int") + "CREATE TABLE c () INHERITS (g, h)"
    ways = [{"table": t, "column": "id", "using": "length(id)"} for t in "gh"]
    with pytest.raises(
        Unsupported, match=r"while table public\.c inherits it from public\.\w, too; declare that public\.c has no"
    ):
        flow.plan(yaml.safe_dump({"spec": {"sql": sql, "conversions": ways}}))
