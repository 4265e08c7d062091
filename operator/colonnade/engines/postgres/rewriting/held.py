"""Values that no row held, for they were computed when someone read them: a column that is to hold them from now on gets them at once.

It is given them by a change of type, which fires no triggers and shows nobody a column without values.
https://www.postgresql.org/docs/current/ddl-generated-columns.html
"""

from __future__ import annotations

from typing import Any

from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.statement import name, printed, q, step


def becomes_plain(oid: ObjectId, context: Context) -> bool:
    """Whether the column was virtual and is to be no more generated, in a table that stays."""
    was, now = (m.objects.get(oid) for m in (context.old, context.new))
    return bool(was and now and was.generated == "v" and not now.generated) and not context.is_gone(oid.name)


def can_be_held(oid: ObjectId, context: Context) -> bool:
    """Whether that is so, what its values were computed from stays, and no partition is to have a NOT NULL before that."""
    if not becomes_plain(oid, context) or (context.new.objects[oid].not_null and context.partitioned(oid.name)):
        return False
    return all(n in context.new.objects for n in context.old.needs.get(oid, NOTHING))


def held(oid: ObjectId, spec: Any, context: Context) -> Step:
    """The step by which the new column gets what was seen in the old one."""
    column, computed = name(oid.name[2]), printed(context.old.objects[oid].expression)
    fill = q(
        "ALTER TABLE {} ALTER COLUMN {} TYPE {}{} USING ({})::{}",
        name(*oid.name[:2]),
        column,
        printed(spec.type),
        q(" COLLATE {}", printed(spec.collation)) if spec.collation else q(""),
        computed,
        printed(spec.type),
    )
    return step(oid, fill, undo="nothing to take back: it goes with its column")
