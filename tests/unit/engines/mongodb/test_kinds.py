"""What every kind of MongoDB object must be; found in the folder, not listed."""

# ruff: noqa: ARG002 - one answer to every question

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from colonnade.core.gate import Policy
from colonnade.core.hazards import CATALOGUE
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.mongodb import kinds
from colonnade.engines.mongodb.kind import Context, Found, MongoKind
from colonnade.engines.mongodb.kinds import KINDS
from colonnade.engines.mongodb.kinds.collection import Collection
from colonnade.engines.mongodb.kinds.index import Index, successor, temporary
from colonnade.engines.mongodb.kinds.validator import Validator
from colonnade.engines.mongodb.kinds.view import View
from colonnade.engines.mongodb.statement import document

MODULES = [importlib.import_module(f"{kinds.__name__}.{m.name}") for m in pkgutil.iter_modules(kinds.__path__)]
EACH = pytest.mark.parametrize("kind", KINDS.values(), ids=lambda k: k.name)
POLICIES = pytest.mark.parametrize("drops", ["Quarantine", "Drop"])

SPECS: Mapping[ObjectId, Any] = {
    ObjectId("collection", ("c",)): Collection("c"),
    ObjectId("validator", ("c",)): Validator('{"x": 1}', raw={"x": 1}),
    ObjectId("index", ("c", "i")): Index((("a", 1),), name="i", raw={"key": {"a": 1}, "name": "i"}),
    ObjectId("view", ("v",)): View("c", "[]", raw={"viewOn": "c", "pipeline": []}),
}


@dataclass(frozen=True)
class Told:
    """Evidence about collections of which each has so many documents, and nothing wrong with them."""

    count: int

    def documents(self, collection: str) -> int:
        return self.count

    def violators(self, collection: str, query: Mapping[str, Any]) -> Found:
        return Found(0)

    def older(self, collection: str, path: str, seconds: int) -> Found:
        return Found(0)

    def duplicates(self, collection: str, index: Mapping[str, Any]) -> Found:
        return Found(0)

    def usage(self, collection: str, index: str) -> str:
        return "used 5 times"

    def stable(self, collection: str, count: int) -> bool:
        return False


def context(drops: Any = "Quarantine", *, fresh: bool = False) -> Context:
    made = frozenset(SPECS) if fresh else frozenset[ObjectId]()
    return Context(Model(SPECS), Model(SPECS), Told(0 if fresh else 7), Policy(drops=drops), "shop", fresh=made)


def steps_of(verb: str, within: Context) -> list[tuple[ObjectId, Step]]:
    found = []
    for oid, spec in SPECS.items():
        steps: Iterable[Step] = getattr(KINDS[oid.kind], verb)(oid, spec, within)
        found += [(oid, step) for step in steps]
    return found


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_file_says_where_the_vendor_tells_of_it(module: object) -> None:
    assert "https://www.mongodb.com/docs/manual/" in (inspect.getdoc(module) or "")


@EACH
def test_every_kind_has_its_verbs_and_a_frozen_spec(kind: MongoKind[object]) -> None:
    assert dataclasses.is_dataclass(kind.spec)
    assert kind.spec.__dataclass_params__.frozen  # type: ignore[attr-defined]
    for verb in (kind.create, kind.alter, kind.drop):
        assert len(inspect.signature(verb).parameters) == (4 if verb is kind.alter else 3)


def test_there_is_a_spec_of_every_kind_here() -> None:
    assert [oid.kind for oid in SPECS] == list(KINDS)
    assert [k.name for k in KINDS.values() if k.holds_data] == ["collection"]


@POLICIES
@pytest.mark.parametrize("verb", ["create", "drop"])
def test_every_step_is_one_command_with_its_object_and_the_way_back(verb: str, drops: str) -> None:
    for oid, step in steps_of(verb, context(drops)):
        assert document(step.statement)
        assert step.subject == str(oid)
        assert step.undo or step.undo_note
        assert {h.code for h in step.hazards} <= CATALOGUE.keys()


@POLICIES
def test_what_holds_documents_says_that_they_are_deleted_with_it(drops: str) -> None:
    for oid, step in steps_of("drop", context(drops)):
        told = [h for h in step.hazards if h.code == "DELETES_DATA"]
        assert bool(told) == KINDS[oid.kind].holds_data
        assert all("7 documents" in h.message for h in told)


@POLICIES
def test_no_drop_is_without_a_hazard_and_nothing_new_has_one(drops: str) -> None:
    assert all(step.hazards for _, step in steps_of("drop", context(drops)))
    assert not [step for _, step in steps_of("create", context(drops, fresh=True)) if step.hazards]


def test_names_that_are_made_up_fit_and_differ() -> None:
    long = Index(keys=(("a", 1),), name="x" * 127)
    assert len(successor(long)) <= 127
    assert len(temporary(long)) <= 127
    for named in (successor, temporary):
        assert named(long) != named(Index(keys=(("b", 1),), name="x" * 127))
