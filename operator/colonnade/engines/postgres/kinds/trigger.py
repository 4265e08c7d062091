"""Triggers. https://www.postgresql.org/docs/current/sql-createtrigger.html"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from colonnade.core.hazards import DROPS_GUARANTEE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import SUCCESSORS
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step

QUERY = f"""
SELECT g.oid, g.tgrelid AS rel, ARRAY[n.nspname, c.relname, g.tgname] AS name, pg_get_triggerdef(g.oid) AS definition,
  g.tgconstraint <> 0 AS "constraint", g.tgenabled::text AS enabled
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT g.tgisinternal AND g.tgname !~ {SUCCESSORS} AND g.tgparentid = 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""

STATES = {"O": q("ENABLE"), "D": q("DISABLE"), "R": q("ENABLE REPLICA"), "A": q("ENABLE ALWAYS")}


@dataclass(frozen=True)
class Trigger:
    """The trigger as the server prints it, and when it fires: O(rigin), D(isabled), R(eplica), A(lways)."""

    definition: str
    constraint: bool
    enabled: str


def _state(oid: ObjectId, enabled: str) -> Part:
    return q("ALTER TABLE {} {} TRIGGER {}", name(*oid.name[:2]), STATES[enabled], name(oid.name[2]))


def create(oid: ObjectId, spec: Trigger, context: Context) -> Steps:
    yield step(oid, printed(spec.definition), undo=q("DROP TRIGGER {} ON {}", name(oid.name[2]), name(*oid.name[:2])))
    if spec.enabled != "O":
        yield step(oid, _state(oid, spec.enabled), undo=_state(oid, "O"))


def alter(oid: ObjectId, old: Trigger, new: Trigger, context: Context) -> Steps | None:
    if old.definition != new.definition and (old.constraint or new.constraint):
        return None
    return _in_place(oid, old, new)


def _in_place(oid: ObjectId, old: Trigger, new: Trigger) -> Iterator[Step]:
    """A trigger that is replaced is enabled by that."""
    was = old.enabled
    if old.definition != new.definition:
        there, back = (
            printed(s.definition.replace("CREATE TRIGGER", "CREATE OR REPLACE TRIGGER", 1)) for s in (new, old)
        )
        yield step(oid, there, undo=joined(";\n", [back, *([_state(oid, was)] if was != "O" else [])]))
        was = "O"
    if was != new.enabled:
        yield step(oid, _state(oid, new.enabled), undo=_state(oid, was))


def drop(oid: ObjectId, spec: Trigger, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(DROPS_GUARANTEE, oid),)
    yield step(
        oid,
        q("DROP TRIGGER {} ON {}", name(oid.name[2]), name(*oid.name[:2])),
        hazards=risk,
    )


KINDS = (
    PgKind(
        name="trigger", catalog="pg_trigger", spec=Trigger, query=QUERY, create=create, alter=alter, drop=drop, rank=24
    ),
)
