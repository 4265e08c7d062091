"""NOT NULL on a column of a table in use: nobody waits for the scan.

Postgres 18 has NOT NULL constraints that start NOT VALID; before it a checked constraint proves it, and SET NOT NULL then needs no scan.
https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from colonnade.core.hazards import DROPS_GUARANTEE, FIRES_TRIGGERS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import CONSTRAINTS, PROVED, Context, is_shortened, made_up, usual_not_null
from colonnade.engines.postgres.rewriting.held import can_be_held
from colonnade.engines.postgres.statement import Part, keys, name, printed, q, question, step, text, words
from colonnade.engines.postgres.told import refilled
from colonnade.engines.postgres.told.fired import fired_by_filling

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.column import Column


HELPER = "colonnade_not_null_"
"""How the constraint is called that proves a column free of nulls, but for a hash."""


def helper_name(oid: ObjectId) -> str:
    """The name of the constraint that proves the column free of nulls while it becomes NOT NULL."""
    return HELPER + hashlib.sha256(".".join(oid.name).encode()).hexdigest()[:12]


def constraint_name(oid: ObjectId, spec: Column, context: Context) -> str:
    """The name that its NOT NULL gets, chosen or usual; of several that are shortened to the same one, all but one get a number."""
    if spec.not_null_name or not is_shortened(oid):
        return spec.not_null_name or (_as_a_part(oid, spec, context) or usual_not_null(oid))
    taken = set(_constraints_beside(oid, context))
    numbered = (made_up(f"not_null{number}", *oid.name[1:3]) for number in itertools.count(1))
    free = (n for n in itertools.chain([spec.not_null_called, usual_not_null(oid)], numbered) if n and n not in taken)
    return next(free)


def _as_a_part(oid: ObjectId, spec: Column, context: Context) -> str:
    """The name where it is not the usual one for the whole's sake: dumps show it, and types only change where all below go by one."""
    called = spec.not_null_called if spec.not_null_inherited and not is_shortened(oid) else ""
    return called if called != usual_not_null(oid) else ""


def _has_to_be_said(oid: ObjectId, spec: Column, context: Context) -> bool:
    """Whether the server would make up another name: it takes none that some constraint of the schema has."""
    beside = context.constraints.get((oid.name[0], usual_not_null(oid)), set()) - {oid.name}
    return bool(_as_a_part(oid, spec, context) or (beside and not is_shortened(oid)))


def _constraints_beside(oid: ObjectId, context: Context) -> Iterator[str]:
    """The names of the other constraints of its table: of what is there already as it is called there."""
    both = ({o: s for o, s in m.objects.items() if o.name[:2] == oid.name[:2]} for m in (context.new, context.old))
    columns: dict[ObjectId, Column] = {}
    for objects in both:
        yield from (o.name[2] for o in objects if o.kind in CONSTRAINTS)
        columns |= {o: s for o, s in objects.items() if o.kind == "column" and s.not_null and o != oid}
    yield from (s.not_null_called or usual_not_null(o) for o, s in columns.items())


def no_nulls(oid: ObjectId, context: Context) -> Check:
    """Whether every row has a value, or gets one."""
    rows = q("FROM {} WHERE {}", name(*oid.name[:2]), _stays_null(oid, context))
    wish = oid in context.backfills
    return question(
        keys(context.key_of(oid.name)),
        rows,
        problem=f"{oid} is to be NOT NULL and has rows {'that its backfill leaves ' if wish else ''}without a value",
        remedy="let the backfill reach them" if wish else "declare a backfill for it, or fill the rows by hand",
    )


def _stays_null(oid: ObjectId, context: Context) -> Part:
    """Rows that have no value and get none."""
    none = oid in context.fresh and not can_be_held(oid, context)
    null = q("true") if none else q("{} IS NULL", name(oid.name[2]))
    if (wish := context.backfills.get(oid)) is None:
        conversion = context.conversions.get(oid)
        return q("({}) IS NULL", printed(conversion)) if conversion else null
    filled = q("({}) IS TRUE", printed(wish.where)) if wish.where else null
    left = q("{} AND ({}) IS NULL", filled, printed(wish.expression))
    return q("({}) OR (NOT ({}) AND {})", left, filled, null) if wish.where else left


def backfill(oid: ObjectId, context: Context) -> Iterator[Step]:
    """The declared value for rows that have none, in slices of the table."""
    table, column = name(*oid.name[:2]), name(oid.name[2])
    wish = context.backfills[oid]
    which = q("({})", printed(wish.where)) if wish.where else q("{} IS NULL", column)
    fill = q("UPDATE {} SET {} = ({}) WHERE {}", table, column, printed(wish.expression), which)
    fired = () if wish.unwatched else fired_by_filling(oid, context.old)
    told = (hazard(FIRES_TRIGGERS, oid, ", ".join(fired)),) if fired else ()
    made = step(oid, fill, alone=True, hazards=told, undo="the rows had no value")
    left = q("{} AND {} IS NULL", fill, column) if wish.where else fill
    reached = which if wish.where or oid in context.old.objects else q("true")
    asked = refilled.asked(oid.name[:2], reached, context, {oid.name[2]: q("({})", printed(wish.expression))})
    yield replace(made, batched=text(table), unwatched=wish.unwatched, remainder=text(left), checks=tuple(asked))


def set_not_null(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    """The steps to NOT NULL. Partitioned tables and tables with children take the direct road: the constraint must reach all of them."""
    foreign = context.is_foreign(oid.name)
    check = () if foreign or not spec.not_null_valid else (no_nulls(oid, context),)
    direct = context.partitioned(oid.name) or not context.live or context.is_fresh(oid.name) or foreign
    named = spec.not_null_name or (context.version >= 180000 and _has_to_be_said(oid, spec, context))
    plain = spec.not_null_valid and not spec.not_null_no_inherit and not named
    if direct and plain:
        table, column = name(*oid.name[:2]), name(oid.name[2])
        there = q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, column)
        yield replace(step(oid, there, undo=_dropped(oid)), checks=check)
    elif context.version >= 180000:
        yield from _as_constraint(oid, spec, context, check)
    else:
        yield from by_check(oid, check)


def _dropped(oid: ObjectId) -> Part:
    return q("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", name(*oid.name[:2]), name(oid.name[2]))


def _given_back(oid: ObjectId, spec: Column) -> Part:
    """As it was: one that has nothing of its own needs no constraint to be spoken of."""
    if spec.not_null_valid and not spec.not_null_no_inherit and not spec.not_null_name:
        return q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", name(*oid.name[:2]), name(oid.name[2]))
    called = name(spec.not_null_called or usual_not_null(oid))
    return _added(oid, spec, called, valid=spec.not_null_valid)


def _added(oid: ObjectId, spec: Column, called: Part, *, valid: bool) -> Part:
    return words(
        q("ALTER TABLE {} ADD CONSTRAINT {}", name(*oid.name[:2]), called),
        q("NOT NULL {}", name(oid.name[2])),
        "NO INHERIT" if spec.not_null_no_inherit else None,
        None if valid else "NOT VALID",
    )


def _as_constraint(oid: ObjectId, spec: Column, context: Context, checks: tuple[Check, ...]) -> Iterator[Step]:
    called = name(constraint_name(oid, spec, context))
    later = not context.partitioned(oid.name) and not context.is_fresh(oid.name)
    add = _added(oid, spec, called, valid=spec.not_null_valid and not later)
    yield replace(step(oid, add, undo=_dropped(oid)), checks=checks)
    if later and spec.not_null_valid:
        yield _validated(oid, called)


def _called_then(oid: ObjectId, was: str, old: Column, new: Column, context: Context) -> str:
    """The name in the end: another one where somebody chose it, or where a parent has it from then on, or no longer has."""
    if (old.not_null_name, old.not_null_inherited) == (new.not_null_name, new.not_null_inherited):
        return was
    made_up_here = was.rstrip("0123456789") == usual_not_null(oid)
    if made_up_here and not new.not_null_name and not new.not_null_inherited:
        return was
    return constraint_name(oid, new, context)


def _validated(oid: ObjectId, k: Part) -> Step:
    there = q("ALTER TABLE {} VALIDATE CONSTRAINT {}", name(*oid.name[:2]), k)
    return step(oid, there, alone=True, undo="nothing to take back")


def by_check(oid: ObjectId, checks: tuple[Check, ...]) -> Iterator[Step]:
    """A check that is proved while others write, the NOT NULL that then needs no look at the rows, and no check any more."""
    table, column, k = name(*oid.name[:2]), name(oid.name[2]), name(helper_name(oid))
    away = q("ALTER TABLE {} DROP CONSTRAINT {}", table, k)
    proof = q("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS NOT NULL) NOT VALID", table, k, column)
    there_or_not = q("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, k)
    yield replace(step(oid, proof, undo=there_or_not), checks=checks)
    yield _validated(oid, k)
    yield step(oid, q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, column), undo=_dropped(oid))
    yield step(oid, away, undo="it only served to prove the column free of nulls")


def changed_nullability(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    """From nullable to not, the other way, and what is said of the constraint that says so."""
    if not old.not_null and new.not_null:
        if not new.not_null_local:  # it comes with the parent's
            return
        if oid in context.backfills and context.live:
            yield from backfill(oid, context)
        yield from set_not_null(oid, new, context)
    elif old.not_null and not new.not_null:
        yield step(oid, _dropped(oid), hazards=(hazard(DROPS_GUARANTEE, oid),), undo=_given_back(oid, old))
    elif old.not_null:
        wish = context.backfills.get(oid) if context.live and new.not_null_valid and not old.not_null_valid else None
        if wish and not wish.where:  # rows without a value may be left; who was named by `where` has got theirs
            yield from backfill(oid, context)
        yield from other_constraint(oid, old, new, context)


def other_constraint(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    """From one NOT NULL to another that says something else of itself."""
    table, called = name(*oid.name[:2]), old.not_null_called or usual_not_null(oid)
    was, now = name(called), name(_called_then(oid, called, old, new, context))
    if old.not_null_valid and not new.not_null_valid:
        yield step(oid, _dropped(oid), hazards=(hazard(DROPS_GUARANTEE, oid),), undo=_given_back(oid, old))
        yield from set_not_null(oid, new, context)
        return
    if text(was) != text(now):
        there, back = (q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, a, b) for a, b in ((was, now), (now, was)))
        yield step(oid, there, undo=back)
    if old.not_null_no_inherit != new.not_null_no_inherit:
        to, back = (
            q("ALTER TABLE {} ALTER CONSTRAINT {} {}INHERIT", table, now, q("NO ") if no else q(""))
            for no in (new.not_null_no_inherit, old.not_null_no_inherit)
        )
        yield step(oid, to, undo=back)
    if new.not_null_valid and not old.not_null_valid:
        yield replace(_validated(oid, now), checks=(no_nulls(oid, context),), undo_note=PROVED)
