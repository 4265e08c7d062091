"""Triggers. https://www.postgresql.org/docs/current/sql-createtrigger.html"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from colonnade.core.hazards import DROPS_GUARANTEE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import SUCCESSORS
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step

QUERY = f"""
SELECT g.oid, g.tgrelid AS rel, ARRAY[n.nspname, c.relname, g.tgname] AS name, pg_get_triggerdef(g.oid) AS definition,
  g.tgconstraint <> 0 AS "constraint", g.tgenabled::text AS enabled
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT g.tgisinternal AND g.tgname !~ {SUCCESSORS} AND g.tgparentid = 0 AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""

CLONES = f"""
SELECT g.oid, g.tgrelid AS rel, ARRAY[n.nspname, c.relname, g.tgname] AS name, g.tgenabled::text AS enabled, p.tgenabled::text AS usual,
  ARRAY[un.nspname, u.relname, p.tgname] AS parent, up.original, up.parts
FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_trigger p ON p.oid = g.tgparentid JOIN pg_class u ON u.oid = p.tgrelid JOIN pg_namespace un ON un.oid = u.relnamespace
CROSS JOIN LATERAL (WITH RECURSIVE up AS (SELECT g.oid AS oid
    UNION ALL SELECT a.tgparentid FROM up JOIN pg_trigger a ON a.oid = up.oid WHERE a.tgparentid <> 0)
  SELECT max(ARRAY[wn.nspname, w.relname, o.tgname]) FILTER (WHERE o.tgparentid = 0) AS original,
    array_agg(ARRAY[wn.nspname, w.relname] ORDER BY o.oid) FILTER (WHERE o.tgparentid <> 0) AS parts,
    bool_or(o.tgisinternal) FILTER (WHERE o.tgparentid = 0) AS internal
  FROM up JOIN pg_trigger o ON o.oid = up.oid JOIN pg_class w ON w.oid = o.tgrelid JOIN pg_namespace wn ON wn.oid = w.relnamespace) up
WHERE NOT up.internal AND g.tgenabled <> p.tgenabled AND g.tgname !~ {SUCCESSORS} AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""

"""Before 15 copies of triggers are internal, too: the original tells whether it is somebody's."""

STATES = {"O": q("ENABLE"), "D": q("DISABLE"), "R": q("ENABLE REPLICA"), "A": q("ENABLE ALWAYS")}


@dataclass(frozen=True)
class Trigger:
    """The trigger as the server prints it, and when it fires: O(rigin), D(isabled), R(eplica), A(lways)."""

    definition: str
    constraint: bool
    enabled: str


@dataclass(frozen=True)
class TriggerState:
    """When the copy of a trigger fires that a partition has, where that is not as `usual`, like that of its parent; the `parts` have one on its
    way from the original."""

    enabled: str
    usual: str
    parent: tuple[str, str, str]
    original: tuple[str, str, str]
    parts: tuple[tuple[str, ...], ...]


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


def disturbs(oid: ObjectId, old: object, new: object) -> tuple[str, ...]:
    """What is done to the trigger of a whole is done to its copies."""
    return ("trigger state",)


def whole_of(oid: ObjectId, spec: TriggerState) -> Iterator[ObjectId]:
    yield ObjectId("trigger", spec.original)
    yield ObjectId("trigger state", spec.parent)
    yield from places_of(oid, spec)


def places_of(oid: ObjectId, spec: TriggerState) -> Iterator[ObjectId]:
    return (ObjectId("inheritance", part) for part in spec.parts)


def create_state(oid: ObjectId, spec: TriggerState, context: Context) -> Steps:
    yield step(oid, _state(oid, spec.enabled), undo=_state(oid, spec.usual))


def drop_state(oid: ObjectId, spec: TriggerState, context: Context) -> Steps:
    yield step(oid, _state(oid, spec.usual), undo=_state(oid, spec.enabled))


KINDS = (
    PgKind(
        name="trigger state",
        catalog="",
        spec=TriggerState,
        query=CLONES,
        needs=whole_of,
        goes_with=places_of,
        create=create_state,
        alter=never,
        drop=drop_state,
        rank=25,
        disturbs=disturbs,
    ),
    PgKind(
        name="trigger",
        catalog="pg_trigger",
        spec=Trigger,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=24,
        disturbs=disturbs,
    ),
)
