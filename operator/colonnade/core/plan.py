"""Steps and plans: values that can be printed, compared and hashed, and that hold no connection and no clock."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from colonnade.core.hazards import Hazard, Weight


@dataclass(frozen=True, slots=True)
class Check:
    """A read-only question asked before any step runs: it must find nothing.

    `query` returns the keys of what stands in the way (at most `limit`), `count` their number; `problem` and `remedy` make the
    error's sentence. One that is only `as_text` is asked where the step takes values over as text, for want of a cast.
    `each` tells of row after row before what is asked is computed of it: where the engine stumbles, the last one told of is the one.
    """

    query: str
    count: str
    problem: str
    remedy: str
    as_text: bool = False
    each: str = ""


@dataclass(frozen=True, slots=True)
class Confirm:
    """What was not so when the plan was made, and is asked again before a step changes anything: then the plan is made afresh.

    `asks` are queries, of which the server takes the first that it can run; by the time that the plan is offered, there is one.
    `table` is how the engine writes what they are about; a transaction that is to change it locks it for that. `told` is what is so.
    With `beyond`, what a query finds while it is planned is known; by then it asks for what is found beyond that. With `says`, what
    it finds are words about the schema, which tell more than the query.
    """

    asks: tuple[str, ...]
    table: str
    told: str
    beyond: bool = False
    says: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One statement or command: what it does to which object, how it runs, what it can do to others, how to go back.

    Times are seconds; `locks` names the relations that others have to wait for, with the mode.
    `otherwise` are statements to try in turn where the server finds no cast for the first; the rehearsal settles which it is.
    A `batched` step runs over slices of the relation it names, `unwatched` where its triggers keep still meanwhile; then its
    `remainder` runs, once, for the rows that others wrote to a place where the slices had been, or that is new.
    """

    statement: str
    subject: str = ""
    transactional: bool = True
    hazards: tuple[Hazard, ...] = ()
    checks: tuple[Check, ...] = ()
    undo: str | None = None
    undo_note: str = ""
    lock: str = ""
    blocks: tuple[str, ...] = ()
    estimate: float = 0.0
    otherwise: tuple[str, ...] = ()
    batched: str = ""
    unwatched: bool = False
    remainder: str = ""
    confirms: tuple[Confirm, ...] = ()
    id: str = ""

    def with_hazard(self, *more: Hazard) -> Step:
        """This step with more hazards, each code once."""
        known = {h.code for h in self.hazards}
        return replace(self, hazards=self.hazards + tuple(h for h in more if h.code not in known))


@dataclass(frozen=True)
class Plan:
    """Ordered steps, the fingerprint of the State that they were made from, and the hash of it all.

    `continues` is the hash of the plan that these steps are the rest of, where one was cut short on the way to the same end.
    """

    datastore: str
    steps: tuple[Step, ...]
    premise: str
    warnings: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    continues: str = ""

    @property
    def hash(self) -> str:
        """What an approval is bound to: the statements in their order, their hazards, and the premise."""
        facts = [
            self.datastore,
            self.premise,
            [[s.statement, s.transactional, [h.code for h in s.hazards]] for s in self.steps],
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def hazards(self) -> tuple[Hazard, ...]:
        """Every hazard of every step, in order."""
        return tuple(h for s in self.steps for h in s.hazards)

    def weighs(self, *weights: Weight) -> bool:
        """Whether some step has a hazard of one of these weights."""
        return any(h.weight in weights for h in self.hazards)

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data, for JSON output and the MigrationPlan resource."""
        return {**asdict(self), "hash": self.hash}

    def __bool__(self) -> bool:
        return bool(self.steps)


def numbered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with ids by their place."""
    return tuple(replace(s, id=f"s{i}") for i, s in enumerate(steps, 1))


T = TypeVar("T")


@dataclass
class CycleError(Exception):
    """The graph has a cycle through these nodes."""

    nodes: Sequence[Any] = field(default_factory=list[Any])

    def __str__(self) -> str:
        return " -> ".join(str(n) for n in self.nodes)


def topological(nodes: Sequence[T], before: Mapping[T, Iterable[T]]) -> list[T]:
    """The nodes in an order in which each comes after everything in `before[node]`; of those that are free, the first given.

    Raises CycleError. Names that are no nodes are ignored.
    """
    place = {n: i for i, n in enumerate(nodes)}
    waits = {n: {b for b in before.get(n, ()) if b in place and b != n} for n in nodes}
    after: dict[T, list[T]] = {n: [] for n in nodes}
    for n, bs in waits.items():
        for b in bs:
            after[b].append(n)
    free = [place[n] for n in nodes if not waits[n]]
    heapq.heapify(free)
    out: list[T] = []
    while free:
        node = nodes[heapq.heappop(free)]
        out.append(node)
        for n in after[node]:
            waits[n].discard(node)
            if not waits[n]:
                heapq.heappush(free, place[n])
    if len(out) < len(place):
        raise CycleError(_cycle({n: bs for n, bs in waits.items() if bs}))
    return out


def _cycle(waits: Mapping[T, set[T]]) -> list[T]:
    """Some cycle among nodes that all wait for one another."""
    node = next(iter(waits))
    path: dict[T, None] = {}
    while node not in path:
        path[node] = None
        node = next(b for b in waits[node] if b in waits)
    seen = list(path)
    return [*seen[seen.index(node) :], node]
