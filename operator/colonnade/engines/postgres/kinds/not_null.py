"""NOT NULL on a column of a table in use: nobody waits for the scan.

Postgres 18 has NOT NULL constraints that start NOT VALID; before it a checked constraint proves it, and SET NOT NULL then needs no scan.
https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.statement import Part, keys, name, printed, q, step, text


def helper_name(oid: ObjectId) -> str:
    """The name of the constraint that proves the column free of nulls while it becomes NOT NULL."""
    return "colonnade_not_null_" + hashlib.sha256(".".join(oid.name).encode()).hexdigest()[:12]


def _no_nulls(oid: ObjectId, context: Context) -> Check:
    rows = q("FROM {} WHERE {}", name(*oid.name[:2]), _stays_null(oid, context))
    wish = oid in context.backfills
    return Check(
        query=text(q("SELECT {} {} LIMIT 5", keys(context.key_of(oid.name)), rows)),
        count=text(q("SELECT count(*) {}", rows)),
        problem=f"{oid} is to be NOT NULL and has rows {'that its backfill leaves ' if wish else ''}without a value",
        remedy="let the backfill reach them" if wish else "declare a backfill for it, or fill the rows by hand",
    )


def _stays_null(oid: ObjectId, context: Context) -> Part:
    """Rows that have no value and get none."""
    null = q("true") if oid in context.fresh else q("{} IS NULL", name(oid.name[2]))
    if (wish := context.backfills.get(oid)) is None:
        return null
    filled = q("({}) IS TRUE", printed(wish.where)) if wish.where else null
    left = q("{} AND ({}) IS NULL", filled, printed(wish.expression))
    return q("({}) OR (NOT ({}) AND {})", left, filled, null) if wish.where else left


def backfill(oid: ObjectId, context: Context) -> Iterator[Step]:
    """The declared value for rows that have none, in slices of the table."""
    table, column = name(*oid.name[:2]), name(oid.name[2])
    wish = context.backfills[oid]
    which = q("({})", printed(wish.where)) if wish.where else q("{} IS NULL", column)
    fill = q("UPDATE {} SET {} = ({}) WHERE {}", table, column, printed(wish.expression), which)
    yield replace(step(oid, fill, alone=True, undo="the rows had no value"), batched=text(table))


def set_not_null(oid: ObjectId, constraint: str, context: Context) -> Iterator[Step]:
    """The steps to NOT NULL. Partitioned tables and tables with children take the direct road: the constraint must reach all of them."""
    table, column = name(*oid.name[:2]), name(oid.name[2])
    back = q("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table, column)
    foreign = context.is_foreign(oid.name)
    check = () if foreign else (_no_nulls(oid, context),)
    direct = context.partitioned(oid.name) or not context.live or context.is_fresh(oid.name) or foreign
    if direct and not constraint:
        yield replace(
            step(oid, q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, column), undo=back), checks=check
        )
    elif context.version >= 180000:
        k = name(constraint or f"{oid.name[1]}_{oid.name[2]}_not_null"[:63])
        valid = q("") if context.partitioned(oid.name) else q(" NOT VALID")
        yield replace(
            step(oid, q("ALTER TABLE {} ADD CONSTRAINT {} NOT NULL {}{}", table, k, column, valid), undo=back),
            checks=check,
        )
        if not context.partitioned(oid.name):
            yield step(
                oid, q("ALTER TABLE {} VALIDATE CONSTRAINT {}", table, k), alone=True, undo="nothing to take back"
            )
    else:
        k = name(helper_name(oid))
        away = q("ALTER TABLE {} DROP CONSTRAINT {}", table, k)
        yield replace(
            step(
                oid, q("ALTER TABLE {} ADD CONSTRAINT {} CHECK ({} IS NOT NULL) NOT VALID", table, k, column), undo=away
            ),
            checks=check,
        )
        yield step(oid, q("ALTER TABLE {} VALIDATE CONSTRAINT {}", table, k), alone=True, undo="nothing to take back")
        yield step(oid, q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, column), undo=back)
        yield step(oid, away, undo="it only served to prove the column free of nulls")
