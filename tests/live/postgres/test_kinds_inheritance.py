"""What a child of plain inheritance has of its own, and what it has from its parent."""

from __future__ import annotations

import pytest

from tests.live.postgres.flow import Flow
from tests.live.postgres.walk import Walk

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
