"""The kinds of Postgres objects: one file each; the folder is the registry.

A new kind is a new file here with a `KIND`. The reader, the planner and the contract tests find it by themselves.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from colonnade.engines.postgres.kind import PgKind


def _found() -> Mapping[str, PgKind[Any]]:
    modules = [importlib.import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    kinds = [kind for m in modules for kind in getattr(m, "KINDS", ())]
    return {k.name: k for k in sorted(kinds, key=lambda k: (k.rank, k.name))}


KINDS: Mapping[str, PgKind[Any]] = _found()
