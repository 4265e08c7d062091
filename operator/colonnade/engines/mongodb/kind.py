"""What a MongoDB kind is, beyond what every kind is, and what it may ask while it writes steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from colonnade.core.gate import Policy
from colonnade.core.kind import Kind, Model, ObjectId
from colonnade.core.plan import Step

S = TypeVar("S")
Steps = Iterable[Step]

OWN_PREFIX = "colonnade."
QUARANTINE_PREFIX = "colonnade_quarantine."


def is_own(collection: str) -> bool:
    """Whether Colonnade keeps this collection for itself: its records, and what is in quarantine. No part of any
    State.
    """
    return collection.startswith((OWN_PREFIX, QUARANTINE_PREFIX))


def is_system(collection: str) -> bool:
    """Whether the server keeps this collection for itself: the buckets of time series, the definitions of views, the
    profile.
    """
    return collection.startswith("system.")


def span(seconds: float) -> str:
    """A length of time in words."""
    return (
        f"{seconds / 86400:g} days"
        if seconds >= 2 * 86400
        else f"{seconds / 3600:g} h"
        if seconds >= 7200
        else f"{seconds:g} s"
    )


@dataclass(frozen=True)
class Found:
    """What a look at the documents came to: how many (`more`: at least so many), and the _ids of the first few."""

    count: int
    ids: tuple[str, ...] = ()
    more: bool = False

    def __bool__(self) -> bool:
        return self.count > 0

    def __str__(self) -> str:
        number = f"{'more than ' if self.more else ''}{self.count}"
        return f"{number} document{'' if self.count == 1 and not self.more else 's'}"

    @property
    def sample(self) -> str:
        """The number, and some of them by _id."""
        return (
            f"{self} (_id {', '.join(self.ids)}{' …' if self.count > len(self.ids) else ''})" if self.ids else str(self)
        )


class Evidence(Protocol):
    """What the live database knows about its documents; read-only, time-boxed."""

    def documents(self, collection: str) -> int:
        """How many there are, by the collection's own count."""
        ...

    def violators(self, collection: str, query: Mapping[str, Any]) -> Found:
        """Those that do not match the validator."""
        ...

    def older(self, collection: str, path: str, seconds: int) -> Found:
        """Those whose date is older than so many seconds: what a TTL deletes at once."""
        ...

    def duplicates(self, collection: str, index: Mapping[str, Any]) -> Found:
        """Those that share the values a unique index forbids to share."""
        ...

    def usage(self, collection: str, index: str) -> str:
        """How often queries used the index, in words."""
        ...

    def stable(self, collection: str, count: int) -> bool:
        """Whether the violators of the validator that warns have not become more for long enough."""
        ...


@dataclass(frozen=True)
class Context:
    """What a kind may look at while it writes steps.

    Both models, the documents, the policy; what is made anew in this plan (`fresh`); the collections whose documents it
    changes, with the fields (`mended`); what has been in quarantine for long enough (`due`); and every live name that is
    taken, managed or not.
    """

    old: Model
    new: Model
    evidence: Evidence
    policy: Policy
    database: str = ""
    fresh: frozenset[ObjectId] = frozenset()
    mended: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    due: frozenset[ObjectId] = frozenset()
    collections: frozenset[str] = frozenset()
    indexes: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])

    def is_fresh(self, collection: str) -> bool:
        """Whether the collection is made in this plan, so that nobody uses it yet."""
        return ObjectId("collection", (collection,)) in self.fresh

    def live(self, collection: str) -> str:
        """The name that the collection goes by before the plan has run; this plan may rename it."""
        spec = self.old.objects.get(ObjectId("collection", (collection,)))
        return str(spec.name) if spec is not None else collection

    def empty(self, collection: str) -> bool:
        """Whether nothing is in it, so that nothing can stand in the way."""
        return self.is_fresh(collection) or self.evidence.documents(self.live(collection)) == 0


@dataclass(frozen=True, kw_only=True)
class MongoKind(Kind[S, Context]):
    """One sort of MongoDB object. `rank` is its place in a plan: lower ones are made first and dropped last."""

    rank: int
    warns: Callable[[ObjectId, S, Context], Iterable[str]] = lambda oid, spec, context: ()


def never(oid: ObjectId, old: Any, new: Any, context: Context) -> Steps | None:
    """Cannot be changed in place: is replaced."""
    return None
