"""What a managed object is: its identity, its kind, and the model of a database made of such objects.

A Kind is the one shape of every managed object of every engine. One file in an engine's `kinds/` folder defines one; the
folder is the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

from colonnade.core.plan import Step


class ObjectId(NamedTuple):
    """The identity of an object within its database: its kind and its name, outermost part first."""

    kind: str
    name: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.kind} {'.'.join(self.name)}"


NOTHING: frozenset[ObjectId] = frozenset()


@dataclass(frozen=True)
class Model:
    """A database as objects: what each is, what each needs, and what each vanishes with.

    State and Desired are both Models, read by the same reader; their difference is what has to change.
    """

    objects: Mapping[ObjectId, Any]
    needs: Mapping[ObjectId, frozenset[ObjectId]] = field(default_factory=dict[ObjectId, frozenset[ObjectId]])
    parents: Mapping[ObjectId, frozenset[ObjectId]] = field(default_factory=dict[ObjectId, frozenset[ObjectId]])

    def vanishes_with(self, oid: ObjectId, among: Container[ObjectId] | None = None) -> frozenset[ObjectId]:
        """The objects that take this one with them when one of them goes, near and far; `among` those that do go."""
        found: set[ObjectId] = set()
        todo = list(self.parents.get(oid, NOTHING))
        while todo:
            if (one := todo.pop()) not in found and (among is None or one in among):
                found.add(one)
                todo += self.parents.get(one, NOTHING)
        return frozenset(found)

    def only(self, keep: Callable[[ObjectId], bool]) -> Model:
        """The part of this model that `keep` says yes to."""
        return replace(self, objects={k: v for k, v in self.objects.items() if keep(k)})


S = TypeVar("S")
C = TypeVar("C")


def no_needs(oid: ObjectId, spec: Any) -> Iterable[ObjectId]:
    """Needs nothing beyond what the server itself tells."""
    return ()


@dataclass(frozen=True, kw_only=True)
class Kind(Generic[S, C]):
    """One sort of object and its verbs; `C` is the engine's context (both models, the server's version).

    `alter` returns the steps that bring an object from one spec to another in place, or None where it has to be replaced.
    `spec` is a frozen dataclass: its equality is the diff.
    """

    name: str
    spec: type[S]
    query: Any
    needs: Callable[[ObjectId, S], Iterable[ObjectId]] = no_needs
    create: Callable[[ObjectId, S, C], Iterable[Step]]
    alter: Callable[[ObjectId, S, S, C], Iterable[Step] | None]
    drop: Callable[[ObjectId, S, C], Iterable[Step]]
    holds_data: bool = False
    since: int = 0
