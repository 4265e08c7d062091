"""How a column gets another type: by the assignment cast where there is one, else by an explicit cast, else through text.

The assignment cast refuses a value that does not fit; an explicit one may cut it, so it comes second. Which one the server takes is
found out in the rehearsal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.statement import Part, name, printed, q, step, text

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.column import Column


def retype(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    """ALTER COLUMN … TYPE, with the ways to try in the order of their safety."""
    column = name(oid.name[2])
    start = q(
        "ALTER TABLE {} ALTER COLUMN {} TYPE {}{}",
        name(*oid.name[:2]),
        column,
        printed(new.type),
        q(" COLLATE {}", printed(new.collation)) if new.collation else q(""),
    )
    explicit: Part = q("{} USING {}::{}", start, column, printed(new.type))
    by_text: Part = q("{} USING {}::text::{}", start, column, printed(new.type))
    undo = f"ALTER COLUMN … TYPE {old.type}, as far as the values allow"
    if declared := context.conversions.get(oid):
        yield step(oid, q("{} USING {}", start, printed(declared)), undo=undo)
        return
    yield replace(step(oid, start, undo=undo), otherwise=(text(explicit), text(by_text)))
