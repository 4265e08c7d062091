"""Event triggers. https://www.postgresql.org/docs/current/sql-createeventtrigger.html

They come last and go first, so that a new one does not fire at the plan that brings it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import LiteralString

from colonnade.core.hazards import DROPS_GUARANTEE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, q, step, value

QUERY: LiteralString = """
SELECT e.oid, ARRAY[e.evtname] AS name, e.evtevent::text AS event, ARRAY[n.nspname, p.proname] AS function,
  coalesce(e.evttags, '{}') AS tags, e.evtenabled::text AS enabled
FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace ORDER BY 2"""

STATES: dict[str, LiteralString] = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@dataclass(frozen=True)
class EventTrigger:
    """At which event which function is called, for which commands; when it fires: O(rigin), D(isabled), R(eplica), A(lways)."""

    event: str
    function: tuple[str, str]
    tags: tuple[str, ...]
    enabled: str


def _create(oid: ObjectId, spec: EventTrigger) -> Part:
    tags = q(" WHEN TAG IN ({})", listed(value(t) for t in spec.tags)) if spec.tags else q("")
    function = name(*spec.function)
    return q("CREATE EVENT TRIGGER {} ON {}{} EXECUTE FUNCTION {}()", name(*oid.name), name(spec.event), tags, function)


def _state(oid: ObjectId, old: str, new: str) -> Step:
    there, back = (q("ALTER EVENT TRIGGER {} {}", name(*oid.name), q(STATES[state])) for state in (new, old))
    return step(oid, there, undo=back)


def create(oid: ObjectId, spec: EventTrigger, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP EVENT TRIGGER {}", name(*oid.name)))
    if spec.enabled != "O":
        yield _state(oid, "O", spec.enabled)


def alter(oid: ObjectId, old: EventTrigger, new: EventTrigger, context: Context) -> Steps | None:
    if replace(old, enabled="") != replace(new, enabled=""):
        return None
    return (_state(oid, old.enabled, new.enabled),)


def drop(oid: ObjectId, spec: EventTrigger, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(DROPS_GUARANTEE, oid),)
    yield step(oid, q("DROP EVENT TRIGGER {}", name(*oid.name)), hazards=risk)


KINDS = (
    PgKind(
        name="event trigger",
        catalog="pg_event_trigger",
        spec=EventTrigger,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=95,
        fires=True,
    ),
)
