"""A plan as an SQL script for those who run their changes by other means, and the script that takes it back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from colonnade.core.errors import InvalidSpec
from colonnade.core.plan import Plan, Step


def groups(steps: Sequence[Step]) -> Iterator[tuple[Step, ...]]:
    """Neighbours that share a transaction, and each other step by itself."""
    for together, found in groupby(steps, key=lambda step: step.transactional):
        if together:
            yield tuple(found)
        else:
            yield from ((step,) for step in found)


def is_command(step: Step) -> bool:
    """Whether it is a command of MongoDB's rather than a statement in SQL."""
    return step.statement.startswith("{")


def up(plan: Plan) -> Iterator[str]:
    """The steps in order, in their transactions. Raises InvalidSpec where they are no SQL."""
    _only_sql(plan)
    yield f"-- plan {plan.hash} for {plan.datastore}"
    yield from _settings(step.statement for step in plan.steps)
    for together in groups(plan.steps):
        yield ""
        yield from _together([_told(step) for step in together], transactional=together[0].transactional)


def down(plan: Plan) -> Iterator[str]:
    """The way back: what each step says of it, the last step first; where there is none, a comment says why.

    Raises InvalidSpec where they are no SQL.
    """
    _only_sql(plan)
    yield f"-- takes back plan {plan.hash} for {plan.datastore}"
    yield from _settings(step.undo or "" for step in plan.steps)
    for together in groups([_alone(step) for step in reversed(plan.steps)]):
        yield ""
        yield from _together([_undo(step) for step in together], transactional=together[0].transactional)


def both(plan: Plan) -> Iterator[str]:
    """The script, and as comments under it the way back."""
    yield from up(plan)
    yield "\n-- The way back (--reverse prints it ready to run):"
    yield from comments(down(plan))


BY_TEXT = "::text::"
PRINTING = (
    "SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC'; SET extra_float_digits = 1; "
    "SET bytea_output = 'hex'; -- values go over as text, and are to be read as they are printed"
)
ROUTINE = re.compile(r"^CREATE (?:OR REPLACE )?(?:FUNCTION|PROCEDURE) ", re.MULTILINE)


def _settings(statements: Iterable[str]) -> Iterator[str]:
    """What a session has to be set to, as ours are."""
    statements = list(statements)
    if any(BY_TEXT in statement for statement in statements):
        yield PRINTING
    if any(ROUTINE.search(statement) for statement in statements):
        yield "SET check_function_bodies = off; -- what a routine speaks of may come after it"


def _only_sql(plan: Plan) -> None:
    if any(is_command(step) for step in plan.steps):
        raise InvalidSpec(
            f"{plan.datastore}: its steps are commands of MongoDB's and no SQL; say --output json, or text"
        )


def _alone(step: Step) -> Step:
    """What cannot be taken back inside a transaction, though it was done in one."""
    return replace(step, transactional=False) if " CONCURRENTLY " in (step.undo or "") else step


def _together(told: Sequence[Sequence[str]], *, transactional: bool) -> Iterator[str]:
    wrapped = transactional and sum(not line.startswith("--") for lines in told for line in lines) > 1
    yield from ("BEGIN;",) if wrapped else ()
    yield from (line for lines in told for line in lines)
    yield from ("COMMIT;",) if wrapped else ()


def _told(step: Step) -> list[str]:
    notes = [f"-- {hazard.code}: {line}" for hazard in step.hazards for line in hazard.message.splitlines()]
    if step.batched:
        notes.append(f"-- Colonnade runs this in slices of {step.batched}; run like this it is one transaction")
    if step.unwatched:
        return [
            *notes,
            "SET session_replication_role = replica;",
            ended(step.statement),
            "RESET session_replication_role;",
        ]
    return [*notes, ended(step.statement)]


def _undo(step: Step) -> list[str]:
    notes = comments([step.undo_note]) if step.undo_note else []
    if step.undo is None:
        first = step.statement.strip().splitlines()[0]
        return [f"-- not taken back: {first}", *(notes or ["-- no way back is known"])]
    return [*notes, ended(step.undo)]


def ended(statement: str) -> str:
    """The statement with its semicolon; a command of MongoDB's has none."""
    text = statement.strip()
    return text if text.endswith(";") or text.startswith("{") else f"{text};"


def comments(texts: Iterable[str]) -> list[str]:
    """Texts as comments, whatever lines they have."""
    return [f"-- {line}".rstrip() for text in texts for line in text.splitlines()]
