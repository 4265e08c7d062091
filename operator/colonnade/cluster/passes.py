"""One look at one Datastore: gather what is declared, talk to the database in a thread, tell every resource how it stands."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections.abc import Coroutine, Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, TypeVar

from colonnade import metrics
from colonnade.cluster import plans
from colonnade.cluster.api import Api, ApiError, Document
from colonnade.cluster.calm import Calms
from colonnade.cluster.finalize import Finalizers
from colonnade.cluster.judge import touched
from colonnade.cluster.load import Entry
from colonnade.cluster.objects import PAUSED, Key, deleting, id_of, metadata, says, stamp, wish
from colonnade.cluster.order import Orders
from colonnade.cluster.schedule import Again
from colonnade.cluster.sessions import Sessions
from colonnade.cluster.store import Store
from colonnade.cluster.tell import Teller, Work, described, ready, result_of
from colonnade.cluster.windows import opens
from colonnade.cluster.work import Hooks, Order, Report, work
from colonnade.cluster.writer import Writer
from colonnade.core.errors import ColonnadeError, Failed, Unreachable
from colonnade.core.gate import Facts
from colonnade.core.plan import Plan
from colonnade.core.status import working
from colonnade.resources import seconds
from colonnade.settings import Settings

_LOG = logging.getLogger(__name__)
_PROGRESS_EVERY = 5.0
_UNFORESEEN = 5.0
_MENDING = 60.0
_ASKING = 60.0
T = TypeVar("T")


class Overtaken(ColonnadeError):
    """The declarations are no longer what the plan was made from."""

    reason = "Applying"
    retry = 0.0


class Passes:
    """Runs passes. Its coroutines live in one event loop; the part that talks to a database runs in the executor's threads."""

    def __init__(self, api: Api, store: Store, settings: Settings, executor: Executor, stop: threading.Event) -> None:
        self._api, self._store, self._settings, self._executor, self._stop = api, store, settings, executor, stop
        self.writer = Writer(api, store, settings.identity)
        self.sessions = Sessions(settings.max_connections, settings.idle, stop)
        self._plans = plans.Plans(api, store, self.writer)
        self._finalizers = Finalizers(api, store, self.writer, settings.finalize)
        self._teller = Teller(store, self.writer, self._plans, self._finalizers)
        self._orders = Orders(api, store, settings, self._overtaken)
        self._calms = Calms(store)

    async def run(self, key: Key) -> Again:
        """One pass; what went wrong is in the statuses, and in how soon to come back."""
        view = self._store.view(key)
        if view.empty:
            return self._forget(key)
        entries = [Entry(doc) for doc in view.schemas if not deleting(doc)]
        this = Work(view, entries)
        try:
            return await self._run(this)
        except ApiError as error:
            _LOG.warning("a pass was cut short by the Kubernetes API", extra={**described(this), "error": str(error)})
            return Again(_UNFORESEEN, failed=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the resources say so and it is tried again
            _LOG.exception("a pass failed", extra=described(this))
            await self._teller.everybody(this, error)
            return Again(_UNFORESEEN, failed=True)

    async def _run(self, this: Work) -> Again:
        this.leaving = await self._finalizers.sort(this.view.schemas)
        report = await self._asked(this) or await self._reconciled(this)
        self._log(this, report)
        if not (self._stop.is_set() and report.error is not None):
            await self._teller.tell(this, report)
        return self._again(this, report)

    async def _asked(self, this: Work) -> Report | None:
        """Where nothing was asked for since the last proof: ask the database alone. None where there is more to do."""
        order = self._calms.find(this)
        if order is None:
            return None
        report = await self._in_thread(order, this)
        return report if report.calm or report.error is not None else None

    async def _reconciled(self, this: Work) -> Report:
        try:
            order = await self._orders.prepare(this)
        except ColonnadeError as error:
            self._calms.forget(this.key)
            return Report(error=error)
        inputs = self._calms.inputs(this.view)
        report = await self._in_thread(order, this)
        self._calms.note(this, order, report, inputs)
        return report

    async def _in_thread(self, order: Order, this: Work) -> Report:
        loop = asyncio.get_running_loop()

        def ask(coroutine: Coroutine[Any, Any, T]) -> T:
            return asyncio.run_coroutine_threadsafe(coroutine, loop).result(_ASKING)

        def progress(message: str, done: float | None) -> None:
            if time.monotonic() - this.told >= _PROGRESS_EVERY:
                this.told = time.monotonic()
                loop.call_soon_threadsafe(self._show, this, message, done)

        hooks = Hooks(lambda plan: ask(self._facts(this, plan)), lambda plan: ask(self._begin(this, plan)), progress)
        this.told = time.monotonic()
        report = await loop.run_in_executor(self._executor, work, order, self.sessions, hooks)
        if this.progress is not None:
            await asyncio.wait([this.progress])
        return report

    async def _facts(self, this: Work, plan: Plan) -> Facts:
        """What the gate has to know, as things are at this moment: somebody may have paused or approved while the plan was made."""
        view = self._store.view(this.key)
        now = datetime.now(UTC)
        opening = opens(this.windows, now)
        paused = any(
            says(doc, PAUSED) for doc in (*self._declared(this), *([view.datastore] if view.datastore else []))
        )
        return Facts(
            verdict=plans.verdict(view.plans, plan),
            window_open=opening == now,
            next_window=stamp(opening),
            paused=paused,
        )

    def _declared(self, this: Work) -> list[Document]:
        """The resources whose declarations are worked on, as they are by now."""
        found = (self._store.find(id_of(entry.doc)) for entry in this.entries if entry.declaration)
        return [doc for doc in found if doc is not None]

    async def _begin(self, this: Work, plan: Plan) -> None:
        """A plan is about to run: write it down first, so that no change is ever without its plan."""
        if self._stop.is_set():
            raise Unreachable("the operator is stopping; the next one begins this plan")
        planned = [wish(entry.doc) for entry in this.entries if entry.declaration]
        if [wish(doc) for doc in self._declared(this)] != planned:
            raise Overtaken("what is declared changed while the plan was made; it is planned afresh")
        try:
            doc = await self._plans.ensure(this.view, plan)
            this.plan = str(metadata(doc)["name"])
            await asyncio.gather(self._plans.begin(this.view, doc, plan), *self._say(this, plan))
        except ApiError as error:
            raise Failed(f"the plan was not begun, for its MigrationPlan could not be written: {error}") from error

    def _say(self, this: Work, plan: Plan) -> Iterator[Coroutine[Any, Any, None]]:
        """Those that the plan is about say that it runs."""
        message = f"plan {this.plan} is being run, {len(plan.steps)} step(s)"
        about = (entry for entry in this.entries if entry.declaration and touched(plan, entry.owner))
        return (self.writer.write(entry.doc, working(message)) for entry in about)

    def _show(self, this: Work, message: str, done: float | None) -> None:
        """Write the progress of a long step, unless the write before is still under way."""
        if this.progress is None or this.progress.done():
            this.progress = asyncio.create_task(self._write_progress(this, message, done))

    async def _write_progress(self, this: Work, message: str, done: float | None) -> None:
        """Only to resources that do not stand well: looking again at one that does is no news."""
        shown: dict[str, Any] = {"message": message, "time": stamp()}
        if done is not None:
            shown["percent"] = min(100, max(0, int(done * 100)))
        told = f"{message} ({shown['percent']} %)" if done is not None else message
        fields = {"progress": shown}
        waiting = [entry for entry in this.entries if entry.declaration and (this.plan or not ready(entry))]
        await asyncio.gather(
            *(self.writer.write(entry.doc, working(told), fields) for entry in waiting), return_exceptions=True
        )

    def _again(self, this: Work, report: Report) -> Again:
        resync = max(self._settings.resync, seconds(this.datastore.spec.resync)) if this.datastore else None
        if report.error is not None:
            return self._after(report.error, resync)
        if any(report.left.get(owner) is not None for owner in this.leaving.docs):
            return Again(_MENDING / 2, failed=True)
        after = resync or _MENDING
        if (
            report.result is not None
            and report.result.held is not None
            and report.result.held.reason == "WaitingForWindow"
        ):
            until = opens(this.windows, datetime.now(UTC)) - datetime.now(UTC)
            after = min(after, until.total_seconds() + 1)
        if report.probe is not None and report.probe.problems:
            after = min(after, _MENDING)
        return Again(after * random.uniform(0.9, 1.1))  # noqa: S311 - spreads load

    def _after(self, error: Exception, resync: float | None) -> Again:
        """When a pass that failed is tried again: soon if that can help by itself, else on a change or with the next resync."""
        if not isinstance(error, ColonnadeError):
            return Again(_UNFORESEEN, failed=True)
        if error.retry is None:
            return Again(resync)
        return Again(error.retry, failed=True)

    def _overtaken(self, key: Key) -> None:
        """Its database belongs to an older Datastore: it has to be told so."""
        self._calms.forget(key)
        self._store.wake(key)

    def _forget(self, key: Key) -> Again:
        self.sessions.drop(key)
        self._orders.forget(key)
        self._calms.forget(key)
        self._store.forget(key)
        metrics.forget(*key)
        return Again(None)

    def _log(self, this: Work, report: Report) -> None:
        extra = {**described(this), "result": result_of(report), "seconds": round(report.seconds, 3)}
        unforeseen = report.error is not None and not isinstance(report.error, ColonnadeError)
        if unforeseen:
            _LOG.error("a pass met an error that nobody foresaw", exc_info=report.error, extra=extra)
        else:
            _LOG.info("looked at a Datastore", extra={**extra, "plan": this.plan})
        if isinstance(report.error, ColonnadeError):
            _LOG.debug("the error", exc_info=report.error)

    def close(self) -> None:
        self.sessions.close()
        self._orders.close()
