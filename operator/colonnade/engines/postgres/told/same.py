"""That what a step deletes is what it was when the plan was made: it goes by its name, and by then that may be another's."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Confirm, Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import name, q, text, value

NUMBERED: LiteralString = """SELECT c.oid::int8, a.attnum FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = %s
WHERE c.oid = to_regclass(%s) AND c.relkind IN ('r', 'p')"""


def confirmed(connection: Connection, step: Step, oid: ObjectId) -> Step:
    """The step that deletes this table or column, which is asked once more whether it still is the one that is there now."""
    table, column = name(*oid.name[:2]), oid.name[2] if oid.kind == "column" else None
    if not _deletes(step, oid):
        return step
    row = connection.execute(NUMBERED, [column, text(table)]).fetchone()
    if row is None:
        return step
    number, place = row
    asked = q("SELECT 'the table' WHERE {}::regclass::oid <> {}::oid", value(text(table)), value(number))
    if place is not None:
        other = "SELECT 'the column' FROM pg_catalog.pg_attribute a WHERE a.attrelid = {}::regclass AND a.attname = {} AND a.attnum <> {}"
        asked = q("{} UNION ALL {}", asked, q(other, value(text(table)), value(column), value(place)))
    told = f"{oid} is about to be deleted, and others have given its name to another since the plan was made"
    return replace(step, confirms=(*step.confirms, Confirm((text(asked),), text(table), told, says=True)))


def _deletes(step: Step, oid: ObjectId) -> bool:
    """Whether the statement names it as it is called now: not after it was renamed in the same plan."""
    table = re.escape(text(name(*oid.name[:2])))
    if oid.kind == "table":
        return re.match(rf"(?:DROP TABLE {table}$|ALTER TABLE {table} SET SCHEMA )", step.statement) is not None
    column = re.escape(text(name(oid.name[2])))
    return (
        re.match(rf"ALTER TABLE {table} (?:DROP COLUMN {column}$|RENAME COLUMN {column} TO )", step.statement)
        is not None
    )
