"""Whether policies hold for a table at all. https://www.postgresql.org/docs/current/ddl-rowsecurity.html

Turned on after the policies are there, for without one nobody sees a row, and off before they go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import CHANGES_ACCESS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import name, q, step

QUERY: LiteralString = f"""
SELECT c.oid, c.oid AS rel, ARRAY[n.nspname, c.relname] AS name, c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND (c.relrowsecurity OR c.relforcerowsecurity) AND c.relpersistence <> 't' AND {USER_SCHEMA} ORDER BY 3"""


@dataclass(frozen=True)
class RowSecurity:
    """For whom: everyone but the owner, or `forced` for the owner, too."""

    enabled: bool
    forced: bool


OFF = RowSecurity(enabled=False, forced=False)


def table_of(oid: ObjectId, spec: RowSecurity) -> Iterable[ObjectId]:
    return (ObjectId("table", oid.name),)


def _change(oid: ObjectId, old: RowSecurity, new: RowSecurity, context: Context) -> Iterator[Step]:
    table = q("ALTER TABLE {}", name(*oid.name))
    risk = () if context.is_fresh(oid.name) else (hazard(CHANGES_ACCESS, f"table {'.'.join(oid.name)}"),)
    for was, now, on, off in (
        (old.enabled, new.enabled, q("ENABLE"), q("DISABLE")),
        (old.forced, new.forced, q("FORCE"), q("NO FORCE")),
    ):
        if was != now:
            there, back = (q("{} {} ROW LEVEL SECURITY", table, on if state else off) for state in (now, was))
            yield step(oid, there, hazards=risk, undo=back)


def create(oid: ObjectId, spec: RowSecurity, context: Context) -> Steps:
    return _change(oid, OFF, spec, context)


def alter(oid: ObjectId, old: RowSecurity, new: RowSecurity, context: Context) -> Steps:
    return _change(oid, old, new, context)


def drop(oid: ObjectId, spec: RowSecurity, context: Context) -> Steps:
    return _change(oid, spec, OFF, context)


KINDS = (
    PgKind(
        name="row security",
        catalog="",
        spec=RowSecurity,
        query=QUERY,
        needs=table_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=26,
    ),
)
