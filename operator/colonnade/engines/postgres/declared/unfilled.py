"""Materialized views where they are only looked at: nothing fills them, for their queries may read other servers, or take hours.

https://www.postgresql.org/docs/current/sql-creatematerializedview.html
"""

from __future__ import annotations

import re
from dataclasses import replace

from colonnade.core.kind import Model
from colonnade.engines.postgres.declared.script import identifiers

UNFILLED = "\nWITH NO DATA"
"""What is added to a statement that does not say so itself."""
_MADE = re.compile(r"\s*CREATE\s+MATERIALIZED\s+VIEW\b", re.IGNORECASE)


def unfilled(statement: str) -> str:
    """The statement, so that it does not run the query of a materialized view that it makes."""
    if not _MADE.match(statement):
        return statement
    names = [*identifiers(statement)][-3:]
    said = [name for _, name in names]
    if said == ["with", "no", "data"]:
        return statement
    begin, end = names[-2][0], names[-1][0]
    if said[1:] == ["with", "data"] and statement[begin + len("with") : end].isspace():
        return f"{statement[:begin]}WITH NO DATA"
    return f"{statement}{UNFILLED}"


def filled(model: Model, live: Model) -> Model:
    """The model of a database in which none is filled, with those that are so there, or are not there yet."""
    views = {o: s for o, s in model.objects.items() if o.kind == "materialized view"}
    as_there = {o: replace(s, populated=o not in live.objects or live.objects[o].populated) for o, s in views.items()}
    return replace(model, objects={**model.objects, **as_there}) if as_there else model
