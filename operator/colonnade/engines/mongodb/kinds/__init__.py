"""The kinds of MongoDB objects: one file each; the folder is the registry.

A new kind is a new file here with its `KINDS`. The reader, the planner and the contract tests find it by themselves.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from colonnade.core.kind import Model, ObjectId
from colonnade.engines.mongodb.kind import MongoKind


def _found() -> Mapping[str, MongoKind[Any]]:
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    kinds = [kind for m in modules for kind in getattr(m, "KINDS", ())]
    return {k.name: k for k in sorted(kinds, key=lambda k: (k.rank, k.name))}


KINDS: Mapping[str, MongoKind[Any]] = _found()


def with_family(specs: Mapping[ObjectId, Any]) -> Model:
    """The model of these objects: what each needs, and what it vanishes with."""
    homes = {oid: ObjectId("collection", oid.name[:1]) for oid in specs if oid.kind in ("index", "validator")}
    needs = {oid: frozenset(KINDS[oid.kind].needs(oid, spec)) - {oid} for oid, spec in specs.items()}
    family = {oid: frozenset({home}) for oid, home in homes.items()}
    return Model(specs, {oid: needs[oid] | family.get(oid, frozenset()) for oid in specs}, family)
