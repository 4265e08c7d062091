"""After a pass: bring MigrationPlans, finalizers and statuses to what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prometheus_client import Gauge

from colonnade import metrics
from colonnade.cluster import judge
from colonnade.cluster.api import Document
from colonnade.cluster.finalize import Finalizers, Leaving
from colonnade.cluster.judge import Judgement, Ran
from colonnade.cluster.load import Entry
from colonnade.cluster.objects import Key, condition, id_of, stamp
from colonnade.cluster.plans import Plans
from colonnade.cluster.store import Store, View
from colonnade.cluster.work import Report
from colonnade.cluster.writer import Writer
from colonnade.core.gate import Policy
from colonnade.resources import Datastore
from colonnade.resources.policy import Window


@dataclass
class Work:
    """A pass under way: what it saw, what it made of that, and the plan that it began to run."""

    view: View
    entries: list[Entry]
    leaving: Leaving = field(default_factory=Leaving)
    datastore: Datastore | None = None
    policy: Policy = field(default_factory=Policy)
    windows: tuple[tuple[Window, ...], ...] = ()
    paused: bool = False
    plan: str = ""
    told: float = 0.0
    progress: asyncio.Task[None] | None = None

    @property
    def key(self) -> Key:
        return self.view.key


class Teller:
    """Tells every resource of a Datastore how it stands. Lives in one event loop."""

    def __init__(self, store: Store, writer: Writer, plans: Plans, finalizers: Finalizers) -> None:
        self._store, self._writer, self._plans, self._finalizers = store, writer, plans, finalizers

    async def tell(self, work: Work, report: Report) -> None:
        """The plan first, for the others name it; then the resources that go; then how each stands."""
        ran = Ran(await self._of_plan(work, report), stamp())
        await self._of_leaving(work, report)
        told = [] if report.calm else work.entries
        judged = [(entry.doc, judge.of_schema(entry, report, ran, work.key)) for entry in told]
        if work.view.datastore is not None:
            judged.append(
                (work.view.datastore, judge.of_datastore(report, ran, paused=work.paused, declared=bool(work.entries)))
            )
        await self._write(judged)
        _measure(work, report, judged)

    async def everybody(self, work: Work, error: Exception) -> None:
        """The pass itself came to grief."""
        standing = judge.told(error)
        docs = [entry.doc for entry in work.entries] + ([work.view.datastore] if work.view.datastore else [])
        await self._write([(doc, Judgement(standing)) for doc in docs])

    async def _write(self, judged: Iterable[tuple[Document, Judgement]]) -> None:
        await asyncio.gather(*(self._writer.write(doc, one.standing, one.fields) for doc, one in judged))

    async def _of_plan(self, work: Work, report: Report) -> str:
        result = report.result
        if work.view.datastore is None:
            return ""
        if result is not None and result.held is not None and result.plan is not None:
            return await self._plans.hold(work.view, result.plan, result.held, drifted=result.drifted)
        if report.ran is not None and report.outcome is not None:
            await self._plans.finish(work.view, work.plan, report.ran, report.outcome, report.error)
        elif report.ran is not None and report.error is not None:
            await self._plans.fail(work.view, work.plan, report.error)
        elif result is not None:
            await self._plans.settle(work.view)
        elif not work.entries and report.error is None:
            await self._plans.supersede(work.view, None)
        return work.plan

    async def _of_leaving(self, work: Work, report: Report) -> None:
        for owner, error in report.left.items():
            if error is None:
                self._store.gone[work.key].discard(owner)
        for owner, doc in work.leaving.docs.items():
            error = report.left.get(owner, report.error)
            if error is None:
                await self._finalizers.done(doc)
            else:
                await self._finalizers.stuck(doc, judge.told(error))


def result_of(report: Report) -> str:
    """One word for how a pass ended: a reason."""
    if report.error is not None:
        return judge.told(report.error).reason
    if report.result is not None and report.result.held is not None:
        return report.result.held.reason
    return "Converged"


def _measure(work: Work, report: Report, judged: Iterable[tuple[Document, Judgement]]) -> None:
    key, reason = work.key, result_of(report)
    metrics.RECONCILES.labels(*key, reason).inc()
    metrics.SECONDS.labels(reason).observe(report.seconds)
    for part, seconds in report.parts.items():
        metrics.PART_SECONDS.labels(part).inc(seconds)
    if work.view.datastore is None:
        return
    metrics.UP.labels(*key).set(report.probe is not None)
    if (drifted := judge.drifted(report)) is not None:
        metrics.DRIFTED.labels(*key).set(drifted)
    if reason == "Converged":
        metrics.LAST_SUCCESS.labels(*key).set(datetime.now(UTC).timestamp())
    if reason == "WaitingForLock":
        metrics.LOCK_WAITS.labels(*key).inc()
    if not report.calm:
        _measure_plans(key, report)
        _measure_resources(key, judged)


def _measure_plans(key: Key, report: Report) -> None:
    _clear(metrics.PLANS_WAITING, key)
    result = report.result
    if result is not None and result.held is not None:
        metrics.PLANS_WAITING.labels(*key, result.held.reason).set(1)
    if result is not None and result.outcome is not None:
        metrics.STEPS.labels(*key).inc(len(result.outcome.timings))
        metrics.STEP_SECONDS.labels(*key).inc(sum(result.outcome.timings.values()))


def _measure_resources(key: Key, judged: Iterable[tuple[Document, Judgement]]) -> None:
    _clear(metrics.RESOURCES, key)
    for doc, one in judged:
        metrics.RESOURCES.labels(*key, doc["kind"], one.standing.reason).inc()


def _clear(gauge: Gauge, key: Key) -> None:
    gauge.remove_by_labels({"namespace": key.namespace, "datastore": key.name})


def ready(entry: Entry) -> bool:
    """Whether the resource stood well when the pass began."""
    return condition(entry.doc, "Ready").get("status") == "True"


def described(work: Work) -> dict[str, str]:
    """What a log line says of a pass."""
    return {"datastore": str(work.key), "resources": ",".join(str(id_of(entry.doc)) for entry in work.entries[:20])}
