"""Each live system is an engine with the same shape: open a database, read it, say what is desired, plan, execute, verify.

`Engine` and `Database` are that shape; `engine(name)` finds one. Engines never import each other. They are synchronous: the
operator calls them in worker threads, the command line calls them directly.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast, runtime_checkable

from colonnade.core.errors import ColonnadeError, InvalidSpec
from colonnade.core.gate import Policy
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Plan

Progress = Callable[[str, float | None], None]
"""Told of long work: what is being done, and how much of it is done (0..1) where that is known."""


def silent(message: str, done: float | None = None) -> None:
    """A Progress that tells nobody."""


@dataclass(frozen=True)
class Target:
    """Where a database is and how to reach it. The URL and the key material are secrets and never shown."""

    name: str
    url: str = field(repr=False)
    shadow_url: str | None = field(default=None, repr=False)
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = field(default=None, repr=False)
    tls_mode: str | None = None


@dataclass(frozen=True)
class Source:
    """A text that a user wrote and the name to call it by in errors: a file, a ConfigMap's key, a field."""

    name: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class Declaration:
    """What one resource wants. `owner` is its identity (``PostgresSchema/shop/orders``); `spec` its parsed spec.

    `claims` are Postgres schemas of which it says everything: what is there and not declared is to be dropped.
    """

    owner: str
    spec: Any
    sources: tuple[Source, ...] = ()
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Desired:
    """What all declarations want together, as the server itself would say it.

    A declaration that cannot be used is in `errors`, by owner, and its objects are left as they are. `whole` says that every
    object of the database is spoken for: what is not declared is to be dropped. `digest` names the declarations' content. `met` is
    the live database's fingerprint where it was found to be just this while the declarations were read.
    """

    model: Model
    owners: Mapping[ObjectId, str]
    digest: str
    errors: Mapping[str, ColonnadeError] = field(default_factory=dict[str, ColonnadeError])
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    whole: bool = False
    met: str = ""


@dataclass(frozen=True)
class State:
    """What the live database holds, read in one snapshot: its model, its fingerprint, and what no resource speaks for."""

    model: Model
    fingerprint: str
    unmanaged: tuple[str, ...] = ()
    first_contact: bool = False


@dataclass(frozen=True)
class Probe:
    """What a Datastore's status says of its server. `problems` each name what is missing and the command that mends it."""

    version: str
    capabilities: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    read_only: bool = False
    tls: bool = False
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Outcome:
    """What running a plan came to: seconds per step id."""

    timings: Mapping[str, float]


@dataclass(frozen=True)
class Proof:
    """The live database read again and compared, object by object, by code that shares nothing with the planner.

    `left` are warnings: what `clear` had to leave.
    """

    differences: tuple[str, ...]
    fingerprint: str
    left: tuple[str, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether the database is what was declared."""
        return not self.differences


class Database(Protocol):
    """One live database, for the length of one reconcile. Not shared between threads."""

    def probe(self) -> Probe:
        """The server's version and what this connection may do. Writes nothing."""
        ...

    def fingerprint(self) -> str:
        """One hash of everything in the database (Colonnade's own records left out): the steady state's one query."""
        ...

    def tidy(self) -> bool:
        """Really drop what was in quarantine for long enough, where that is not the business of a plan. Whether anything was."""
        ...

    def settled(self) -> tuple[str, str] | None:
        """(Desired digest, fingerprint) noted when the database was last proved converged; None where it never was."""
        ...

    def desire(self, declarations: Sequence[Declaration], *, whole: bool = False) -> Desired:
        """What the declarations come to on this server. Errors of one declaration are returned, not raised."""
        ...

    def read(self, desired: Desired) -> State:
        """What is there, split into what `desired` speaks for (or its resources once created) and the unmanaged rest."""
        ...

    def plan(self, state: State, desired: Desired, progress: Progress = silent) -> Plan:
        """The steps from `state` to `desired`, rehearsed and checked against the rows; no steps where nothing differs.

        Raises Unsupported where a difference would remain, DataViolation where rows stand in the way.
        """
        ...

    def lock(self) -> AbstractContextManager[None]:
        """The right to write, one holder a database whatever Kubernetes believes. Raises WaitingForLock."""
        ...

    def execute(self, plan: Plan, desired: Desired, progress: Progress = silent) -> Outcome:
        """Run the plan, each step noted in the journal before and after. Raises Stale where the premise no longer holds."""
        ...

    def verify(self, desired: Desired, plan: Plan | None = None) -> Proof:
        """Read the database again and compare it with what was declared; where it is equal, clear it and note it as settled."""
        ...

    def clear(self) -> tuple[str, ...]:
        """The database is as declared: take away what runs that were cut short left under way. What has to stay, each with the reason."""
        ...

    def release(self, owner: str, policy: str, progress: Progress = silent) -> None:
        """The resource is gone: forget what it owned (Retain), move it to quarantine (Quarantine) or drop it (Delete)."""
        ...

    def rest(self) -> None:
        """Nothing was asked for a while: hold nothing on the server but the connection."""
        ...


@dataclass(frozen=True)
class Waiting:
    """Something in quarantine: what it is, what it was called, and when it is really dropped."""

    kind: str
    name: str
    until: str


@runtime_checkable
class Restorable(Protocol):
    """A Database that can bring back what waits in quarantine."""

    def waiting(self) -> Sequence[Waiting]:
        """What can be brought back."""
        ...

    def restore(self, wanted: str) -> Waiting:
        """Bring it back under its old name. Raises InvalidSpec where it is not there, Conflict where the name is taken."""
        ...


class Engine(Protocol):
    """How to open a database of one sort."""

    name: str

    def open(self, target: Target, policy: Policy, stop: threading.Event) -> AbstractContextManager[Database]:
        """Connect. Raises Unreachable or Unauthorized. When `stop` is set, long work ends at the next safe point."""
        ...


_MODULES = {"Postgres": "colonnade.engines.postgres", "MongoDB": "colonnade.engines.mongodb"}


def engine(name: str) -> Engine:
    """The engine of this name; its driver is imported only now."""
    try:
        module = importlib.import_module(_MODULES[name])
    except KeyError:
        raise InvalidSpec(f"engine {name!r} is not known; use one of {', '.join(_MODULES)}") from None
    return cast(Engine, module.ENGINE)
