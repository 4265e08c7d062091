"""Which triggers of a table the filling of one of its columns fires.

https://www.postgresql.org/docs/current/sql-createtrigger.html
"""

from __future__ import annotations

import re

from colonnade.core.kind import Model, ObjectId
from colonnade.engines.postgres.statement import name, text

EVENTS = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER .*? (?:BEFORE|AFTER) (.*?) ON ", re.DOTALL)
UPDATE = re.compile(r"\bUPDATE\b(?: OF (.*?))?(?: OR |$)", re.DOTALL)
SLEEPING = ("D", "R")
"""Disabled, or fired on replicas only."""


def fired_by_filling(column: ObjectId, model: Model) -> list[str]:
    """The names of the triggers that an UPDATE of this column fires."""
    found = ((o.name[2], s) for o, s in model.objects.items() if o.kind == "trigger" and o.name[:2] == column.name[:2])
    return sorted(n for n, s in found if s.enabled not in SLEEPING and _fires(s.definition, column.name[2]))


def _fires(definition: str, column: str) -> bool:
    events = EVENTS.match(definition)
    update = UPDATE.search(events[1]) if events else None
    if update is None:
        return False
    listed = [c.strip() for c in update[1].split(", ")] if update[1] else None
    return listed is None or column in listed or text(name(column)) in listed
