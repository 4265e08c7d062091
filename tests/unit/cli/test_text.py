from __future__ import annotations

import re

import pytest

from colonnade.cli.terminal import Paint
from colonnade.cli.text import costs, plan_text, span
from colonnade.core.hazards import BUILDS_INDEX, DELETES_DATA, hazard
from colonnade.core.plan import Plan, Step

PLAN = Plan(
    "db.example/shop",
    (
        Step(
            'ALTER TABLE "public"."users" ADD COLUMN "status" text',
            "column public.users.status",
            lock="ACCESS EXCLUSIVE",
            blocks=("public.users",),
            estimate=0.002,
        ),
        Step("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$\nSELECT 1;\n$$", "function public.f()"),
        Step(
            'CREATE INDEX CONCURRENTLY "i" ON "public"."users" (status)',
            "index public.i",
            transactional=False,
            lock="SHARE UPDATE EXCLUSIVE",
            hazards=(hazard(BUILDS_INDEX, "table public.users"),),
        ),
        Step(
            'DROP TABLE "public"."old"',
            "table public.old",
            hazards=(hazard(DELETES_DATA, "table public.old", "3 rows"),),
        ),
    ),
    "premise",
    warnings=("index public.j repeats primary key public.users.users_pkey",),
)
SHOWN = f"""\
4 steps for db.example/shop

-- in one transaction
1. ALTER TABLE "public"."users" ADD COLUMN "status" text;
   lock ACCESS EXCLUSIVE, reads and writes of public.users wait, about 2 ms
2. CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$
   SELECT 1;
   $$;

-- outside a transaction
3. CREATE INDEX CONCURRENTLY "i" ON "public"."users" (status);
   lock SHARE UPDATE EXCLUSIVE
   · BUILDS_INDEX: an index on table public.users is built beside the traffic; it costs input, output and disk

-- in a transaction
4. DROP TABLE "public"."old";
   ! DELETES_DATA: table public.old and everything in it is deleted (3 rows)
     the safe way: keep it declared, or save first what it holds; what goes to quarantine waits there before
     it is really dropped

warning: index public.j repeats primary key public.users.users_pkey

3 steps in 2 transactions, 1 step outside; 1 destructive. Plan {PLAN.hash}"""


def test_a_plan_is_shown_in_order_with_transactions_locks_and_hazards() -> None:
    assert "\n".join(plan_text(PLAN, Paint())) == SHOWN


def test_colours_are_added_and_change_no_word() -> None:
    painted = "\n".join(plan_text(PLAN, Paint(on=True)))
    assert "\x1b[31mDELETES_DATA\x1b[0m" in painted
    assert re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", painted)) == re.sub(r"\s+", " ", SHOWN)


def test_only_the_lines_that_begin_a_statement_look_like_one() -> None:
    """Whoever counts or greps the steps finds each once."""
    found = re.findall(r"^(?:\d+\. )?(?:alter|create|drop)\b", SHOWN, re.IGNORECASE | re.MULTILINE)
    assert len(found) == 4


def test_commands_of_mongodb_are_shown_as_they_are() -> None:
    plan = Plan("db/shop", (Step('{"create": "orders"}', "collection orders", transactional=False),), "p")
    assert list(plan_text(plan, Paint())) == [
        "1 step for db/shop",
        "",
        '1. {"create": "orders"}',
        "",
        f"1 command; no hazards. Plan {plan.hash}",
    ]


def test_what_runs_in_slices_says_so() -> None:
    steps = (
        Step("UPDATE t SET a = 1", transactional=False, batched='"public"."t"'),
        Step("VACUUM t", transactional=False),
    )
    told = list(plan_text(Plan("db/shop", steps, "p"), Paint()))
    assert told[2:4] == ["-- in slices, each in a transaction of its own", "1. UPDATE t SET a = 1;"]
    assert told[-1].startswith("1 step in slices, 1 step outside; ")


def test_many_relations_that_wait_are_counted() -> None:
    step = Step("x", lock="SHARE", blocks=("a", "b", "c", "d", "e"), estimate=3)
    assert costs(step) == "lock SHARE, writes of a, b, c and 2 more wait, about 3.0 s"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "an instant"), (0.0204, "20 ms"), (1.25, "1.2 s"), (119, "119.0 s"), (600, "10 min")]
)
def test_times_have_the_unit_that_suits_them(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_what_an_author_wrote_cannot_hide_anything_from_who_approves() -> None:
    name = "a\x1b[2K\u202eb\u200b\r"
    step = Step(f'DROP TABLE "{name}"', f"table {name}", hazards=(hazard(DELETES_DATA, f"table {name}"),))
    shown = "\n".join(plan_text(Plan("shop", (step,), "premise", warnings=(name,)), Paint()))
    assert shown.count(r"a\u001b[2K\u202eb\u200b\u000d") == 3
    assert not set(shown) & set(name) - set("ab[2K")
