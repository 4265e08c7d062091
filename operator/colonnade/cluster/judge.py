"""From what came of a pass to how each resource stands, and what its status tells besides. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from colonnade.cluster.load import Entry
from colonnade.cluster.objects import Key, condition, generation, stamp, status
from colonnade.cluster.work import Report
from colonnade.core.errors import ColonnadeError
from colonnade.core.plan import Plan
from colonnade.core.status import Standing, converged, crashed, failed, held
from colonnade.engines import Probe, Waiting
from colonnade.resources import duration

_LISTED = 100
_WARNINGS = 64
_KEPT_ASIDE = 500


@dataclass(frozen=True)
class Judgement:
    """How one resource stands, and the fields of its status besides conditions; None takes a field out."""

    standing: Standing
    fields: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Ran:
    """What a judgement says of plans: the name of the MigrationPlan that waits or ran, and when it was done."""

    plan: str = ""
    now: str = ""


def told(error: Exception) -> Standing:
    """How a resource stands because of this error."""
    return failed(error) if isinstance(error, ColonnadeError) else crashed(error)


def of_datastore(report: Report, ran: Ran, *, paused: bool, declared: bool) -> Judgement:
    """How the Datastore stands: whether the database answers, lets us in, and lets us do our work; `declared` says whether anybody asks it."""
    if report.probe is None:
        assert report.error is not None
        return Judgement(told(report.error), {"pendingPlan": None})
    return Judgement(
        _reached(report.probe, paused).drifting(drifted(report)),
        _datastore_fields(report, report.probe, ran, declared=declared),
    )


def _reached(probe: Probe, paused: bool) -> Standing:
    if probe.problems:
        return Standing("Unauthorized", "; ".join(probe.problems))
    if paused:
        return Standing(
            "Paused",
            "paused by the annotation colonnade.dev/paused: looked at, not changed; remove it to go on",
            ready=True,
        )
    return converged(
        f"server {probe.version} answers"
        + (" and takes no writes: only drift and status are reported" * probe.read_only)
    )


def _datastore_fields(report: Report, probe: Probe, ran: Ran, *, declared: bool) -> dict[str, Any]:
    out: dict[str, Any] = {
        "server": {"version": probe.version, "tls": probe.tls, "readOnly": probe.read_only, "facts": dict(probe.facts)},
        "capabilities": list(probe.capabilities),
        "problems": list(probe.problems),
    }
    if not declared and report.error is None:
        out |= {"managedObjects": 0, "pendingPlan": None}
    if report.desired is not None:
        out["managedObjects"] = len(report.desired.owners)
    if (result := report.result) is not None:
        out["fingerprint"] = result.fingerprint or (result.state.fingerprint if result.state else None)
        out["pendingPlan"] = ran.plan if result.held else None
        if result.state is not None:
            out |= {
                "unmanagedObjects": len(result.state.unmanaged),
                "unmanaged": list(result.state.unmanaged[:_LISTED]),
            }
    return out


def drifted(report: Report) -> bool | None:
    """Whether the database was changed by hand; None where this pass cannot tell. What is waited for otherwise hides no drift."""
    if report.calm or (report.result is not None and report.result.held is None):
        return False
    return True if report.result is not None and report.result.drifted else None


def of_schema(entry: Entry, report: Report, ran: Ran, key: Key) -> Judgement:
    """How one schema resource stands."""
    if entry.out is not None:
        return Judgement(entry.out, {"progress": None})
    if report.desired is not None and (own := report.desired.errors.get(entry.owner)):
        return Judgement(failed(own), {"progress": None})
    if report.error is not None:
        return Judgement(_of_error(entry, report.error, report.probe is None, key), {"progress": None})
    assert report.result is not None
    if report.result.held is not None:
        return _of_held(entry, report, ran)
    return Judgement(converged(_counted(entry, report)), _schema_fields(entry, report, ran))


def _of_error(entry: Entry, error: Exception, unreached: bool, key: Key) -> Standing:
    """An error about the database is told of the Datastore; one about another resource only holds this one up."""
    standing = told(error)
    subject = error.subject if isinstance(error, ColonnadeError) else ""
    if unreached:
        return Standing(standing.reason, f"Datastore {key.name}: {standing.message}", stuck=standing.stuck)
    if subject and not entry.owner.endswith(subject):
        return Standing("WaitingForDependency", f"held up by {subject}: {standing.message}")
    return standing


def touched(plan: Plan | None, owner: str) -> bool:
    """Whether the plan is about this resource; one that names none is about all."""
    return plan is not None and (not plan.resources or owner in plan.resources)


def _of_held(entry: Entry, report: Report, ran: Ran) -> Judgement:
    """A plan waits. A resource that it does not touch goes on standing as it was proved to stand."""
    result = report.result
    assert result is not None
    assert result.held is not None
    ready = condition(entry.doc, "Ready")
    proved = ready.get("status") == "True" and ready.get("observedGeneration") == generation(entry.doc)
    if not touched(result.plan, entry.owner) and proved:
        return Judgement(converged(_counted(entry, report)), _schema_fields(entry, report, ran))
    return Judgement(held(result.held, ran.plan, drifted(report)), _schema_fields(entry, report, ran))


def _counted(entry: Entry, report: Report) -> str:
    return f"{_objects(entry, report)} object(s) are as declared"


def _objects(entry: Entry, report: Report) -> int:
    return Counter(report.desired.owners.values())[entry.owner] if report.desired else 0


def _schema_fields(entry: Entry, report: Report, ran: Ran) -> dict[str, Any]:
    result, desired = report.result, report.desired
    assert result is not None
    assert desired is not None
    waits = result.plan if result.held and touched(result.plan, entry.owner) else None
    out: dict[str, Any] = {
        "managedObjects": _objects(entry, report),
        "warnings": list(_warnings(entry, (*desired.warnings.get(entry.owner, ()), *result.left), result.plan)),
        "plan": _summary(waits, ran) if waits else None,
        "progress": None,
        "quarantined": _quarantined(report.waiting),
    }
    if result.drifted or not waits:
        out["drift"] = _drift(waits, entry, ran) if waits else None
    if result.fingerprint:
        out["fingerprint"] = result.fingerprint
    if report.ran is not None and result.outcome is not None and touched(report.ran, entry.owner):
        spent = duration(sum(result.outcome.timings.values()))
        out["applied"] = {"plan": ran.plan, "hash": report.ran.hash, "time": ran.now, "duration": spent}
    return out


def _quarantined(waiting: Iterable[Waiting]) -> list[dict[str, Any]]:
    """What can be brought back, whoever declared it; of two things of a name, the one that is dropped later."""
    found = {f"{one.kind} {one.name}": one.until for one in sorted(waiting, key=lambda one: one.until)}
    return [{"name": name, "dropAfter": stamp(datetime.fromisoformat(at))} for name, at in sorted(found.items())][
        :_KEPT_ASIDE
    ]


def _warnings(entry: Entry, found: Iterable[str], plan: Plan | None) -> Iterable[str]:
    planned = plan.warnings if touched(plan, entry.owner) and plan else ()
    return list(dict.fromkeys((*entry.warnings, *found, *planned)))[:_WARNINGS]


def _summary(plan: Plan, ran: Ran) -> dict[str, Any]:
    codes = list(dict.fromkeys(hazard.code for hazard in plan.hazards))
    return {"name": ran.plan, "hash": plan.hash, "steps": len(plan.steps), "hazards": codes[:_WARNINGS]}


def _drift(plan: Plan, entry: Entry, ran: Ran) -> dict[str, Any]:
    """What the plan would put back; `since` stays while there is drift."""
    changed = list(dict.fromkeys(step.subject for step in plan.steps if step.subject))
    since = (status(entry.doc).get("drift") or {}).get("since") or ran.now
    return {"count": len(changed), "objects": changed[:_LISTED], "since": since}
