"""One MongoDB database and the flow on it: `mongo.apply(...)` is what the operator does, `mongo.db` what an application sees."""

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import yaml
from pymongo import monitoring
from pymongo.database import Database as PymongoDatabase

from colonnade.core.gate import Facts, Policy, Verdict
from colonnade.core.plan import Plan
from colonnade.engines import Database, Declaration, Target, engine
from colonnade.reconcile import Result, reconcile
from colonnade.resources.mongo_schema import MongoSchemaSpec

OWNER = "MongoSchema/shop/orders"
WRITES = frozenset({
    "create", "createIndexes", "collMod", "drop", "dropIndexes", "renameCollection", "convertToCapped", "insert", "update", "delete",
    "findAndModify", "dropDatabase",
})  # fmt: skip


class Commands(monitoring.CommandListener):
    """The write commands that any client of this process sent while somebody listened."""

    def __init__(self) -> None:
        self.writes: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES:
            self.writes.append(f"{event.command_name} {event.command[event.command_name]}")

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


COMMANDS = Commands()
monitoring.register(COMMANDS)


def approved(plan: Plan) -> Facts:
    return Facts(verdict=Verdict(plan.hash, approved=True))


def declared(spec: str | Mapping[str, Any]) -> MongoSchemaSpec:
    """A spec as YAML, without its datastoreRef."""
    body = yaml.safe_load(spec) if isinstance(spec, str) else spec
    return MongoSchemaSpec.model_validate({"datastoreRef": {"name": "shop"}, **(body or {})})


@dataclass
class Mongo:
    """One database, and the engine on it."""

    url: str
    db: "PymongoDatabase[dict[str, Any]]"
    policy: Policy = field(default_factory=Policy)

    def opened(
        self, policy: Policy | None = None, stop: threading.Event | None = None
    ) -> AbstractContextManager[Database]:
        return engine("MongoDB").open(Target("shop", self.url), policy or self.policy, stop or threading.Event())

    def reconcile(
        self,
        specs: str | Mapping[str, str],
        facts: Callable[[Plan], Facts] = lambda plan: Facts(),
        policy: Policy | None = None,
        *,
        whole: bool = False,
        stop: threading.Event | None = None,
    ) -> Result:
        """One pass over all declarations, by owner; one text is that of OWNER."""
        texts = specs if isinstance(specs, Mapping) else {OWNER: specs}
        declarations = [Declaration(owner, declared(text)) for owner, text in texts.items()]
        with self.opened(policy, stop) as database:
            return reconcile(database, declarations, policy or self.policy, facts, whole=whole)

    def apply(self, specs: str | Mapping[str, str], policy: Policy | None = None, *, whole: bool = False) -> Result:
        """The same with everything approved; then nothing is left to do."""
        result = self.reconcile(specs, approved, policy, whole=whole)
        assert result.held is None
        assert self.steps(specs, policy, whole=whole) == []
        return result

    def plan(self, specs: str | Mapping[str, str], policy: Policy | None = None) -> Plan:
        """What would be done; nothing is."""
        texts = specs if isinstance(specs, Mapping) else {OWNER: specs}
        with self.opened(policy) as database:
            desired = database.desire([Declaration(owner, declared(text)) for owner, text in texts.items()])
            for error in desired.errors.values():
                raise error
            return database.plan(database.read(desired), desired)

    def steps(self, specs: str | Mapping[str, str], policy: Policy | None = None, *, whole: bool = False) -> list[str]:
        """The statements of the plan, as they are now."""
        texts = specs if isinstance(specs, Mapping) else {OWNER: specs}
        with self.opened(policy) as database:
            desired = database.desire([Declaration(o, declared(text)) for o, text in texts.items()], whole=whole)
            return [step.statement for step in database.plan(database.read(desired), desired).steps]

    def hazards(self, specs: str | Mapping[str, str], policy: Policy | None = None) -> list[str]:
        return [hazard.code for hazard in self.plan(specs, policy).hazards]

    def indexes(self, collection: str) -> dict[str, dict[str, Any]]:
        return {spec["name"]: dict(spec) for spec in self.db[collection].list_indexes()}

    def options(self, collection: str) -> dict[str, Any]:
        return dict(self.db[collection].options())

    def names(self) -> set[str]:
        """The collections that an application sees."""
        return {n for n in self.db.list_collection_names() if not n.startswith(("colonnade.", "system."))}

    def release(self, owner: str, policy: str) -> None:
        with self.opened() as database:
            database.release(owner, policy)


def listening(told: list[str]) -> Callable[[str, float | None], None]:
    """A Progress that keeps what it is told."""

    def progress(message: str, done: float | None = None) -> None:
        told.append(message)

    return progress


def stopping(stop: threading.Event, word: str) -> Callable[[str, float | None], None]:
    """A Progress that says stop as soon as it is told of this."""

    def progress(message: str, done: float | None = None) -> None:
        if word in message:
            stop.set()

    return progress


def is_building(mongo: Mongo, collection: str) -> bool:
    """Whether an index of the collection is being built now."""
    listed = mongo.db.command("listIndexes", collection, includeBuildUUIDs=True)["cursor"]["firstBatch"]
    return any("buildUUID" in spec for spec in listed)
