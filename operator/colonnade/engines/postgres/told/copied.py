"""What the rows of a table that is made anew are asked: whether they agree with what guards the new one, and did not guard them so far.

The copy would be refused for them, or what is built on it, in the words of the server and after others have waited.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check
from colonnade.engines.postgres.kind import Context, unasked
from colonnade.engines.postgres.kinds import constraint
from colonnade.engines.postgres.kinds.inherited_not_null import needs_value
from colonnade.engines.postgres.told import indexed
from colonnade.engines.postgres.told.foreseen import has_none

ASKED: Mapping[str, Callable[[ObjectId, Any, Context], tuple[Check, ...]]] = {
    "check": constraint.violates,
    "primary key": constraint.duplicates,
    "unique": constraint.duplicates,
    "foreign key": constraint.orphans,
    "index": indexed.duplicates,
}
"""By kind, the question for the rows that such an object would refuse."""
UNIQUE = ("primary key", "unique", "index")


def asked(table: ObjectId, context: Context) -> Iterator[Check]:
    """The questions for the rows of this table."""
    before = {(o.kind, _says(s)) for o, s in _guards(table, context.old)}
    columns = {o for o in context.new.objects if o.kind == "column" and o.name[:2] == table.name}
    other = {o for o in columns if _type(o, context.old) != _type(o, context.new)}
    for oid in sorted(columns - context.old.objects.keys()):
        spec = context.new.objects[oid]
        if spec.not_null and not (spec.generated or spec.identity) and has_none(oid, context):
            yield needs_value(oid, context)
    for oid, spec in _guards(table, context.new):
        if (oid.kind, _says(spec)) not in before or context.new.needs.get(oid, set[ObjectId]()) & other:
            yield from ASKED[oid.kind](oid, spec, context)


def _guards(table: ObjectId, model: Model) -> Iterator[tuple[ObjectId, Any]]:
    for oid, spec in model.objects.items():
        home = spec.table if oid.kind == "index" else oid.name[:2]
        guards = oid.kind in ASKED and not unasked(spec) and (oid.kind != "index" or spec.unique)
        if guards and home == table.name:
            yield oid, spec


def _says(spec: Any) -> object:
    return spec.definition, getattr(spec, "target", None)


def _type(column: ObjectId, model: Model) -> object:
    spec = model.objects.get(column)
    return spec and (spec.type, spec.collation)
