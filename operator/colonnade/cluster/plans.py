"""MigrationPlans: one for each plan that waits or ran, owned by its Datastore, the newest twenty kept.

A plan's verdict counts while it has not run: the same change needed once more, from the same premise, is asked for once more,
under a name with a number. So it is where somebody else made a MigrationPlan of the name that does not tell the plan as it is: what
a person approves is what runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

from colonnade.cluster import judge
from colonnade.cluster.api import Api, ApiError, Document
from colonnade.cluster.objects import OWN, PLAN, Id, Key, id_of, metadata, moment, stamp, status, told
from colonnade.cluster.store import Store, View
from colonnade.cluster.writer import Writer
from colonnade.core.errors import ColonnadeError
from colonnade.core.gate import Held, Verdict
from colonnade.core.plan import Plan
from colonnade.core.status import Standing, converged, held, working
from colonnade.engines import Outcome
from colonnade.resources import GROUP, VERSION, MigrationSteps, duration

KEPT = 20
_OPEN = ("", "Pending", "Approved", "Running", "Failed")
_DONE = ("Applied", "Superseded", "Rejected", "Failed")
_RESUMED = ("WaitingForLock", "Unreachable", "Applying")


def state(doc: Mapping[str, Any]) -> str:
    return str(status(doc).get("state") or "")


def plan_hash(doc: Mapping[str, Any]) -> str:
    return str(doc["spec"]["plan"]["hash"])


def tells(doc: Document, plan: Plan) -> bool:
    """Whether the MigrationPlan says what this plan does: others may create one, with a hash that fits and steps that are none of it."""
    return told(doc) == MigrationSteps.of(plan, doc["spec"]["datastoreRef"]["name"]).told


def verdict(plans: Iterable[Document], plan: Plan) -> Verdict | None:
    """A person's word on this very plan, if it has not run already, and was told to that person as it is."""
    for doc in plans:
        said = doc["spec"].get("approval") or {}
        if plan_hash(doc) == plan.hash == said.get("hash") and state(doc) != "Applied" and tells(doc, plan):
            return Verdict(said["hash"], said.get("verdict") == "Approve", str(said.get("reason") or ""))
    return None


def names(key: Key, plan: Plan) -> Iterator[str]:
    """The names that this plan's MigrationPlan may have, the first choice first."""
    base = f"{key.name[:200]}-{plan.hash[:10]}"
    yield base
    yield from (f"{base}-{number}" for number in count(2))


def serves(doc: Document, key: Key, plan: Plan) -> bool:
    """Whether this is the MigrationPlan of the plan: the one that tells it, and that has not run."""
    own = doc["spec"]["datastoreRef"]["name"] == key.name
    return own and plan_hash(doc) == plan.hash and state(doc) != "Applied" and tells(doc, plan)


def document(name: str, datastore: Mapping[str, Any], plan: Plan) -> Document:
    """The MigrationPlan as it is created. It has no label of the Datastore's: a tool that tracks those would prune it."""
    steps = MigrationSteps.of(plan).model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    meta = metadata(datastore)
    owner = {
        "apiVersion": datastore["apiVersion"],
        "kind": datastore["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": PLAN,
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": {f"{GROUP}/datastore": meta["name"][:63].rstrip("-.")},
            "ownerReferences": [owner],
        },
        "spec": {"datastoreRef": {"name": meta["name"]}, "plan": {**steps, "datastore": meta["name"]}},
    }


class Plans:
    """Keeps the MigrationPlans of a Datastore in step with what is planned. Lives in one event loop."""

    def __init__(self, api: Api, store: Store, writer: Writer) -> None:
        self._api, self._store, self._writer = api, store, writer

    async def ensure(self, view: View, plan: Plan) -> Document:
        """The MigrationPlan of this plan, made if it is not there: that of its name which has not run, else one with the next number."""
        for name in names(view.key, plan):
            doc = self._store.find(Id(PLAN, view.key.namespace, name)) or await self._made(view, plan, name)
            if serves(doc, view.key, plan):
                return doc
        raise AssertionError

    async def _made(self, view: View, plan: Plan, name: str) -> Document:
        """A new MigrationPlan of this name, or the one that somebody made meanwhile."""
        assert view.datastore is not None
        try:
            made = await self._api.create(OWN[PLAN], view.key.namespace, document(name, view.datastore, plan))
        except ApiError as error:
            if error.status != 409:
                raise
            made = await self._api.request("GET", OWN[PLAN].path(view.key.namespace, name))
        self._store.put(made, ours=True)
        return made

    async def hold(self, view: View, plan: Plan, by: Held, *, drifted: bool) -> str:
        """The plan waits; its name."""
        doc = await self.ensure(view, plan)
        name = str(metadata(doc)["name"])
        said = verdict([doc], plan)
        how = "Pending" if said is None else "Approved" if said.approved else "Rejected"
        standing = held(by, name, drifted)
        if by.reason == "Drifted":
            standing = Standing("Drifted", by.message)
        await self._writer.write(doc, standing, {"state": how, "supersededBy": None})
        await self.supersede(view, name)
        return name

    async def begin(self, view: View, doc: Document, plan: Plan) -> None:
        """The plan, whose MigrationPlan this is, is about to run."""
        fields = {
            "state": "Running",
            "started": stamp(),
            "finished": None,
            "duration": None,
            "supersededBy": None,
            "steps": None,
        }
        await self._writer.write(doc, working(f"{len(plan.steps)} step(s) are being run"), fields)
        await self.supersede(view, str(metadata(doc)["name"]))

    async def finish(self, view: View, name: str, plan: Plan, outcome: Outcome, error: Exception | None) -> None:
        """Every step of the plan ran; the proof that followed may have met an error."""
        if (doc := self._store.find(Id(PLAN, view.key.namespace, name))) is None:
            return
        steps = [
            {"id": step.id, "state": "Done", "duration": duration(outcome.timings[step.id])}
            for step in plan.steps[:1000]
            if step.id in outcome.timings
        ]
        spent = (datetime.now(UTC) - moment(status(doc).get("started") or stamp())).total_seconds()
        fields = {"state": "Applied", "finished": stamp(), "duration": duration(max(spent, 0.0)), "steps": steps}
        proved = converged(f"{len(plan.steps)} step(s) ran, and the result was proved")
        await self._writer.write(doc, judge.told(error) if error else proved, fields)
        await self._prune(view)

    async def fail(self, view: View, name: str, error: Exception) -> None:
        """The plan began to run and did not come to its end; the journal knows how far it came."""
        doc = self._store.find(Id(PLAN, view.key.namespace, name))
        if doc is None:
            return
        if isinstance(error, ColonnadeError) and error.reason in _RESUMED:
            await self._writer.write(doc, judge.told(error), {"state": "Pending"})
        else:
            await self._writer.write(doc, judge.told(error), {"state": "Failed", "finished": stamp()})

    async def settle(self, view: View) -> None:
        """Nothing is left to do: what was open is done, or no longer needed."""
        for doc in self._open(view):
            if state(doc) == "Running":
                message = "the run was interrupted, resumed, and its result was proved"
                await self._writer.write(doc, converged(message), {"state": "Applied", "finished": stamp()})
        await self.supersede(view, None)

    async def supersede(self, view: View, by: str | None) -> None:
        """Every open plan but this one is out of date."""
        instead = f"plan {by} took its place" if by else "it is no longer needed: the database is as declared"
        for doc in self._open(view):
            if metadata(doc)["name"] != by and state(doc) != "Failed":
                await self._writer.write(doc, converged(instead), {"state": "Superseded", "supersededBy": by})
        await self._prune(view)

    def _open(self, view: View) -> list[Document]:
        return [doc for doc in self._store.view(view.key).plans if state(doc) in _OPEN]

    async def _prune(self, view: View) -> None:
        done = [doc for doc in self._store.view(view.key).plans if state(doc) in _DONE]
        done.sort(key=lambda doc: (metadata(doc)["creationTimestamp"], metadata(doc)["name"]))
        for doc in done[:-KEPT]:
            await self._api.delete(OWN[PLAN], view.key.namespace, metadata(doc)["name"])
            self._store.drop(id_of(doc))
