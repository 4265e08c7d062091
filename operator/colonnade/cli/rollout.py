"""`apply` with no --url: the resources are applied to the cluster, and one watches the operator bring the databases there."""

from __future__ import annotations

import asyncio
import time
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from colonnade.cli import cluster, files
from colonnade.cli.aim import refuse_for_urls
from colonnade.cli.entry import CONVERGED
from colonnade.cli.kept import given
from colonnade.cli.progress import Progress, progress
from colonnade.cli.terminal import Paint, ask, paint, somebody_there
from colonnade.cli.verbs.show import shown
from colonnade.cluster.objects import OWN, PLACES, Id, condition, generation, metadata, status
from colonnade.core.errors import InvalidSpec, Refused, Unreachable

if TYPE_CHECKING:
    from colonnade.cluster.api import Api

_MANAGER = "colonnade"
_EVERY = 0.3
_FIRST = ("Secret", "ConfigMap", "Datastore")
"""What others refer to is applied before them."""


def run(args: Namespace) -> int:
    """Apply, and wait until every resource is ready or waits for somebody; the exit code."""
    refuse_for_urls(args)
    if args.output != "text":
        raise InvalidSpec(
            "--output json goes with --url; in a cluster ask for it after: colonnade status --output json"
        )
    docs = given(files.read(args.files), cluster.namespace(args))
    ordered = sorted(docs, key=lambda oid: _FIRST.index(oid.kind) if oid.kind in _FIRST else len(_FIRST))
    with progress(args) as told:
        return cluster.within(
            args, lambda api: Rollout(api, args, told, paint(args)).run([(oid, docs[oid]) for oid in ordered])
        )


@dataclass
class Rollout:
    """Some resources on their way to Ready."""

    api: Api
    args: Namespace
    told: Progress
    paint: Paint
    decided: set[str] = field(default_factory=set[str])

    async def run(self, docs: list[tuple[Id, cluster.Document]]) -> int:
        waiting = {}
        for oid, doc in docs:
            done = await self.api.apply(PLACES[oid.kind], oid.namespace, oid.name, doc, _MANAGER)
            self.say(f"{oid.kind} {oid.name} applied")
            if oid.kind in OWN:
                waiting[oid] = generation(done)
        deadline = time.monotonic() + self.args.timeout
        while waiting:
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"{', '.join(f'{o.kind} {o.name}' for o in waiting)}: not ready after {self.args.timeout:.0f} s; "
                    "see why: colonnade status; is the operator running?"
                )
            waiting = {oid: wanted for oid, wanted in waiting.items() if not await self._arrived(oid, wanted)}
            await asyncio.sleep(_EVERY if waiting else 0)
        return CONVERGED

    def say(self, line: str) -> None:
        self.told.clear()
        print(line, flush=True)

    async def _arrived(self, oid: Id, wanted: int) -> bool:
        """Whether the resource is ready. Raises Refused where it never will be as it is."""
        doc = await cluster.found(self.api, oid.kind, oid.namespace, oid.name)
        ready = condition(doc, "Ready")
        if ready.get("observedGeneration") != wanted:
            self.told(f"{oid.kind} {oid.name}: waiting for the operator")
            return False
        if ready.get("status") == "True":
            self.say(self.paint(f"{oid.kind} {oid.name} is ready: {ready.get('message', '')}", "green"))
            return True
        if condition(doc, "Stalled").get("status") == "True":
            raise Refused(f"{oid.kind} {oid.name}: {ready.get('reason')}: {ready.get('message')}")
        if ready.get("reason") == "ApprovalRequired":
            await self._decide(oid, doc, str(ready.get("message")))
        self._progress(oid, doc)
        return False

    def _progress(self, oid: Id, doc: Mapping[str, Any]) -> None:
        now = status(doc).get("progress") or {}
        percent = now.get("percent")
        message = now.get("message") or condition(doc, "Ready").get("message", "")
        self.told(f"{oid.kind} {oid.name}: {message}", None if percent is None else percent / 100)

    async def _decide(self, oid: Id, doc: Mapping[str, Any], message: str) -> None:
        """A plan waits for somebody's word: show it once, and ask. Raises Refused where nobody says yes."""
        name = (status(doc).get("plan") or {}).get("name")
        if not name or name in self.decided:
            return
        plan = await cluster.found(self.api, "MigrationPlan", oid.namespace, name)
        self.told.clear()
        print(*shown(plan, self.paint), sep="\n", flush=True)
        digest = str(plan["spec"]["plan"]["hash"])
        agreed = self.args.yes or (self.args.approve and digest.startswith(self.args.approve))
        if not agreed and not (somebody_there() and ask("Run it?")):
            raise Refused(f"{oid.kind} {oid.name}: {message}")
        self.decided.add(name)
        approval = {"hash": digest, "verdict": "Approve"}
        await self.api.merge(
            OWN["MigrationPlan"], oid.namespace, metadata(plan)["name"], {"spec": {"approval": approval}}
        )
