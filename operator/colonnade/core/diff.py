"""What differs between two models, object by object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from colonnade.core.kind import Model, ObjectId

Same = Callable[[ObjectId, Any, Any], bool]


@dataclass(frozen=True)
class Change:
    """One difference: an object that is missing (`old` is None), too much (`new` is None) or otherwise."""

    id: ObjectId
    old: Any
    new: Any

    @property
    def verb(self) -> str:
        """create, drop or alter."""
        return "create" if self.old is None else "drop" if self.new is None else "alter"


def diff(state: Model, desired: Model, same: Same | None = None) -> tuple[Change, ...]:
    """The changes that lead from `state` to `desired`, in the order of the desired objects, drops last.

    `same` may call two unequal specs the same (another spelling that the server treats alike).
    """
    out = []
    for oid, new in desired.objects.items():
        old = state.objects.get(oid)
        if old is None or not (old == new or (same is not None and same(oid, old, new))):
            out.append(Change(oid, old, new))
    out += [Change(oid, old, None) for oid, old in state.objects.items() if oid not in desired.objects]
    return tuple(out)
