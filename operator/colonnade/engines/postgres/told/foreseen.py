"""The rows of a table as a plan will have made them when it comes to ask something of them: with the columns that it adds, fills, and alters.

So a constraint over a new column is asked before anything is done, not once it stands half way. What cannot be asked of the rows as they
are (a type that is new, a sequence that would move on) the server refuses, and it is found out later.
https://www.postgresql.org/docs/current/sql-altertable.html (ADD COLUMN: the default is every row's value)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.rewriting.by_name import type_of
from colonnade.engines.postgres.statement import Part, listed, name, printed, q


def rows(table: tuple[str, ...], context: Context, called: str = "") -> Part:
    """What stands after FROM: the table, or a selection that has columns as it will; `called` is what it is to be named there."""
    old, new = ({o: s for o, s in m.objects.items() if _is_of(o, table)} for m in (context.old, context.new))
    new_by_then = context.is_fresh(table) and not context.is_remade(table)
    if new_by_then or not old or all(o in old and _as_it_is(o, context) for o in new):
        return q("{} {}", name(*table[:2]), name(called)) if called else name(*table[:2])
    values = [q("ctid"), *(_there(o, context) for o in old), *_added(old, new, context)]
    return q("(SELECT {} FROM {}) AS {}", listed(values), name(*table[:2]), name(called or table[1]))


def _is_of(oid: ObjectId, table: tuple[str, ...]) -> bool:
    return oid.kind == "column" and oid.name[:2] == table[:2]


def _as_it_is(column: ObjectId, context: Context) -> bool:
    """Whether its values stay, and are of the type and the making that they are of."""
    was, now = context.old.objects[column], context.new.objects[column]
    kinds = [(s.type, s.collation, s.generated, s.expression if s.generated else None) for s in (was, now)]
    return kinds[0] == kinds[1] and column not in context.backfills


def _there(column: ObjectId, context: Context) -> Part:
    called, spec = name(column.name[2]), context.new.objects.get(column)
    if spec is None or _as_it_is(column, context):
        return called
    if spec.generated:
        return q("({}) AS {}", printed(spec.expression), called)
    value: Part = called
    if (wish := context.backfills.get(column)) is not None:
        which = q("({}) IS TRUE", printed(wish.where)) if wish.where else q("{} IS NULL", called)
        value = q("CASE WHEN {} THEN ({}) ELSE {} END", which, printed(wish.expression), called)
    was = context.old.objects[column]
    if was.type != spec.type:
        conversion = context.conversions.get(column)
        value = q("({})", printed(conversion)) if conversion else q("({})::{}", value, printed(spec.type))
    if was.collation or spec.collation:
        value = q("{} COLLATE {}", value, printed(spec.collation or 'pg_catalog."default"'))
    return q("{} AS {}", value, called)


def has_none(column: ObjectId, context: Context) -> bool:
    """Whether nothing is said of the value that rows which are there get in a new column."""
    said = column in context.backfills or ObjectId("default", column.name) in context.new.objects
    return not said and _of_its_domain(column, context) is None


def _added(old: dict[ObjectId, Any], new: dict[ObjectId, Any], context: Context) -> Iterator[Part]:
    for oid, spec in new.items():
        if oid not in old:
            default, wish = context.new.objects.get(ObjectId("default", oid.name)), context.backfills.get(oid)
            given = wish.expression if wish else default.expression if default else spec.expression
            given = given or _of_its_domain(oid, context)
            yield q("({})::{} AS {}", printed(given or "NULL"), printed(spec.type), name(oid.name[2]))


def _of_its_domain(column: ObjectId, context: Context) -> str | None:
    """The value that a column without a default has from the domain that it is of."""
    domain, many = type_of(context.new.objects[column].type, context.new)
    return context.new.objects[domain].default if domain and domain.kind == "domain" and not many else None
