"""Steps and plans: values that can be printed, compared and hashed, and that hold no connection and no clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

from colonnade.core.hazards import Hazard, Weight


@dataclass(frozen=True, slots=True)
class Check:
    """A read-only question asked before any step runs: it must find nothing.

    `query` returns the keys of what stands in the way (at most `limit`), `count` their number; `problem` and `remedy` make the
    error's sentence.
    """

    query: str
    count: str
    problem: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Step:
    """One statement or command: what it does to which object, how it runs, what it can do to others, how to go back.

    Times are seconds; `locks` names the relations that others have to wait for, with the mode.
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
    id: str = ""

    def with_hazard(self, *more: Hazard) -> Step:
        """This step with more hazards, each code once."""
        known = {h.code for h in self.hazards}
        return replace(self, hazards=self.hazards + tuple(h for h in more if h.code not in known))


@dataclass(frozen=True)
class Plan:
    """Ordered steps, the fingerprint of the State that they were made from, and the hash of it all."""

    datastore: str
    steps: tuple[Step, ...]
    premise: str
    warnings: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """What an approval is bound to: the statements in their order, their hazards, and the premise."""
        facts = [self.datastore, self.premise, [[s.statement, s.transactional, [h.code for h in s.hazards]] for s in self.steps]]
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
    """The nodes in an order in which each comes after everything in `before[node]`; ties keep the order given.

    Raises CycleError. Names that are no nodes are ignored.
    """
    known, done, path = set(nodes), set[T](), dict[T, None]()
    out: list[T] = []
    for start in nodes:
        if start in done:
            continue
        stack: list[tuple[T, Iterable[T]]] = [(start, iter(before.get(start, ())))]
        path[start] = None
        while stack:
            node, rest = stack[-1]
            for n in rest:
                if n in path:
                    seen = list(path)
                    raise CycleError([*seen[seen.index(n) :], n])
                if n in known and n not in done:
                    stack.append((n, iter(before.get(n, ()))))
                    path[n] = None
                    break
            else:
                stack.pop()
                path.pop(node)
                done.add(node)
                out.append(node)
    return out
