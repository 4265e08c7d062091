"""Column defaults, of tables and views. https://www.postgresql.org/docs/current/sql-altertable.html

A default is an object of its own, for it may need a sequence or a function that the table does not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from colonnade.core.hazards import TIGHTENS_RULE, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.rewriting.remade import other_name
from colonnade.engines.postgres.sequences import at_least, heirs, numbering, past_rows, rises, successors
from colonnade.engines.postgres.statement import Part, name, printed, q, step
from colonnade.engines.postgres.types import INTEGERS

QUERY = """
SELECT d.oid, d.adrelid AS rel, ARRAY[n.nspname, c.relname, a.attname] AS name, pg_get_expr(d.adbin, d.adrelid) AS expression,
  c.relkind = 'v' AS of_view
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attgenerated = '' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY n.nspname, c.relname, a.attnum"""


@dataclass(frozen=True)
class Default:
    """The expression as the server prints it."""

    expression: str
    of_view: bool


def _column(oid: ObjectId, spec: Default) -> Part:
    relation = (
        q("ALTER VIEW {}", name(*oid.name[:2])) if spec.of_view else q("ALTER TABLE ONLY {}", name(*oid.name[:2]))
    )
    return q("{} ALTER COLUMN {}", relation, name(oid.name[2]))


def create(oid: ObjectId, spec: Default, context: Context) -> Steps:
    column = _column(oid, spec)
    yield step(oid, q("{} SET DEFAULT {}", column, printed(spec.expression)), undo=q("{} DROP DEFAULT", column))
    yield from _goes_on(oid, context)


def _goes_on(oid: ObjectId, context: Context) -> Steps:
    """A new sequence goes on from where the old one has got to, which nobody asks any more by then; where there was none, and the
    column, from its highest value."""
    was, now = numbering(oid, context.old), numbering(oid, context.new)
    if now is None or now not in context.fresh or context.is_fresh(oid.name):
        return
    here, options = name(*now.name), context.new.objects[now].options
    if was and now in successors(was, context.old, context.new):
        moved = was in context.gone and heirs(was, context.old, context.new)
        there = name(was.name[0], other_name(was.name[1]) if moved else was.name[1])
        up = rises(now, context.new)
        yield step(oid, at_least(here, there, rising=up), undo=at_least(there, here, rising=up))
    elif was is None and _counts(oid, context):
        highest = past_rows(now.name, [ObjectId("column", oid.name)], options)
        yield step(oid, highest, undo="nothing to take back: it goes with the sequence")


def _counts(oid: ObjectId, context: Context) -> bool:
    """Whether the column was there, has whole numbers, and was no identity, which would say itself where it has got to."""
    column = context.old.objects.get(ObjectId("column", oid.name))
    return column is not None and not column.identity and column.type in INTEGERS


def alter(oid: ObjectId, old: Default, new: Default, context: Context) -> Steps:
    column = _column(oid, new)
    yield step(
        oid,
        q("{} SET DEFAULT {}", column, printed(new.expression)),
        undo=q("{} SET DEFAULT {}", column, printed(old.expression)),
    )
    yield from _goes_on(oid, context)


def drop(oid: ObjectId, spec: Default, context: Context) -> Steps:
    column = _column(oid, spec)
    away = step(oid, q("{} DROP DEFAULT", column), undo=q("{} SET DEFAULT {}", column, printed(spec.expression)))
    yield replace(away, hazards=tuple(_missed(oid, context)))


def _missed(oid: ObjectId, context: Context) -> Iterable[Hazard]:
    """Who leaves the column out of an INSERT gets no row, where it is to have a value and has it from nowhere else."""
    column = context.new.objects.get(ObjectId("column", oid.name))
    if column is None or oid in context.new.objects or not context.live:
        return
    if column.not_null and not (column.identity or column.generated):
        told = hazard(TIGHTENS_RULE, oid)
        refused = f"an INSERT that gives column {'.'.join(oid.name)} no value is refused from then on: it is NOT NULL"
        yield replace(told, message=refused, safe_way="have the applications give it one first")


def after_its_parents(column: ObjectId, spec: Any, context: Context) -> Steps:
    """The default of a new column that comes along with that of a parent, where the parent may give it another at that moment."""
    here = ObjectId("default", column.name)
    own = context.new.objects.get(here)
    apart = own is not None and here not in context.folded.get(column, ())
    if spec.generated or apart or all(_gives(p, own, context) for p in _above(column, context)):
        return
    alter = q("ALTER TABLE ONLY {} ALTER COLUMN {}", name(*column.name[:2]), name(column.name[2]))
    if own is not None:
        yield step(column, q("{} SET DEFAULT {}", alter, printed(own.expression)), undo=q("{} DROP DEFAULT", alter))
    else:
        yield step(column, q("{} DROP DEFAULT", alter), undo="nothing to take back: it goes with its column")


def _above(column: ObjectId, context: Context) -> Iterable[ObjectId]:
    """The columns of the parents that it comes along with; those of the whole where it is a partition's."""
    for model in (context.new, context.old):
        if place := model.objects.get(ObjectId("inheritance", column.name[:2])):
            columns = (ObjectId("column", (*p, column.name[2])) for p in place.parents)
            return [c for c in columns if c in model.objects]
    return []


def _gives(parent: ObjectId, own: Default | None, context: Context) -> bool:
    """Whether a parent's column has this very default when a child is made: it stays as it is, or was made with it."""
    here = ObjectId("default", parent.name)
    old, new = (model.objects.get(here) for model in (context.old, context.new))
    if (new.expression if new else None) != (own.expression if own else None):
        return False
    if parent in context.fresh:
        there = new is None or here in context.folded.get(parent, ())
        return there and all(_gives(p, own, context) for p in _above(parent, context))
    was, now = (model.objects.get(parent) for model in (context.old, context.new))
    return old == new and was is not None and now is not None and was.type == now.type


def column_of(oid: ObjectId, spec: Default) -> tuple[ObjectId, ...]:
    return (ObjectId("view", oid.name[:2]) if spec.of_view else ObjectId("column", oid.name),)


KINDS = (
    PgKind(
        name="default",
        catalog="pg_attrdef",
        spec=Default,
        query=QUERY,
        needs=column_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=8,
        foldable=True,
    ),
)
