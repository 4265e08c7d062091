from __future__ import annotations

import pytest

from colonnade.cli.script import both, down, groups, up
from colonnade.core.errors import InvalidSpec
from colonnade.core.hazards import DROPS_INDEX, hazard
from colonnade.core.plan import Plan, Step

PLAN = Plan(
    "db/shop",
    (
        Step("CREATE TABLE t (id int)", undo="DROP TABLE t"),
        Step("CREATE TABLE u (id int)", undo="DROP TABLE u"),
        Step("DROP INDEX CONCURRENTLY i", transactional=False, hazards=(hazard(DROPS_INDEX, "index i"),),
             undo="CREATE INDEX CONCURRENTLY i ON v (id)"),
        Step("UPDATE v SET a = 1 WHERE a IS NULL", transactional=False, batched="public.v", undo_note="values stay"),
        Step("DROP TABLE w"),
    ),
    "premise",
)  # fmt: skip


def test_the_script_has_the_steps_in_their_transactions() -> None:
    assert (
        "\n".join(up(PLAN))
        == f"""\
-- plan {PLAN.hash} for db/shop

BEGIN;
CREATE TABLE t (id int);
CREATE TABLE u (id int);
COMMIT;

-- DROPS_INDEX: queries that used index i may become slow
DROP INDEX CONCURRENTLY i;

-- Colonnade runs this in slices of public.v; run like this it is one transaction
UPDATE v SET a = 1 WHERE a IS NULL;

DROP TABLE w;"""
    )


def test_the_way_back_goes_backwards_and_says_what_cannot_be_taken_back() -> None:
    assert (
        "\n".join(down(PLAN))
        == f"""\
-- takes back plan {PLAN.hash} for db/shop

-- not taken back: DROP TABLE w
-- no way back is known

-- not taken back: UPDATE v SET a = 1 WHERE a IS NULL
-- values stay

CREATE INDEX CONCURRENTLY i ON v (id);

BEGIN;
DROP TABLE u;
DROP TABLE t;
COMMIT;"""
    )


def test_what_is_undone_concurrently_is_undone_outside_a_transaction() -> None:
    plan = Plan(
        "db", (Step("CREATE TABLE t ()", undo="DROP TABLE t"), Step("x", undo="DROP INDEX CONCURRENTLY i")), "p"
    )
    assert "BEGIN;" not in "\n".join(down(plan))


def test_both_can_be_piped_to_a_client_and_run_only_the_way_there() -> None:
    script = "\n".join(both(PLAN))
    _, _, back = script.partition("-- The way back")
    assert script.startswith("\n".join(up(PLAN)))
    assert all(line.startswith("--") for line in back.splitlines()[1:])


def test_commands_of_mongodb_are_no_sql() -> None:
    plan = Plan("db", (Step('{"create": "t"}', transactional=False),), "p")
    for script in (up, down, both):
        with pytest.raises(InvalidSpec, match="--output json"):
            list(script(plan))


def test_only_neighbours_share_a_transaction() -> None:
    assert [len(group) for group in groups(PLAN.steps)] == [2, 1, 1, 1]


def test_bodies_of_routines_are_taken_as_they_are() -> None:
    """As by us: what a body speaks of may be made, or have its type again, after it."""
    routine = Step("DROP FUNCTION f()", undo="CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    said = "SET check_function_bodies = off;"
    assert any(line.startswith(said) for line in down(Plan("db", (routine,), "p")))
    assert not any(line.startswith(said) for line in (*up(Plan("db", (routine,), "p")), *down(PLAN)))


def test_what_goes_over_as_text_is_read_as_it_is_printed() -> None:
    """Whatever the database or the role says of dates, numbers and zones."""
    turned = Step(
        'ALTER TABLE t ALTER x TYPE c USING "x"::text::c', undo='ALTER TABLE t ALTER x TYPE d USING "x"::text::d'
    )
    plan = Plan("db", (turned,), "p")
    for script in (up, down):
        assert any("timezone = 'UTC'" in line and "datestyle" in line for line in script(plan))
        assert not any("timezone" in line for line in script(PLAN))
