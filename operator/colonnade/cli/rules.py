"""What may be done with --url: what the options say, made stricter by what the resources say, as a cluster makes it.

In a cluster the Datastore's policy is the base. Here the options are, and a Datastore among the files wishes like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from colonnade.core.gate import Facts, Policy

if TYPE_CHECKING:
    from colonnade.resources import DatastorePolicy
    from colonnade.resources.policy import Window


@dataclass(frozen=True)
class Wish:
    """The spec.policy of one resource, and how to call that resource."""

    whose: str
    policy: DatastorePolicy


@dataclass(frozen=True)
class Rules:
    """The policy that holds, the sets of windows that must be open for it, and whose word each field is that no option said."""

    policy: Policy
    windows: tuple[Sequence[Window], ...] = ()
    whose: Mapping[str, str] = field(default_factory=dict[str, str])
    notes: tuple[str, ...] = ()

    def facts(self) -> Facts:
        """What the gate has to know of the windows now. Raises InvalidSpec where they never open."""
        if not self.windows:
            return Facts()
        from colonnade.cluster.windows import opens

        now = datetime.now(UTC)
        opening = opens(self.windows, now)
        return Facts(window_open=opening == now, next_window=f"{opening:%Y-%m-%dT%H:%M:%SZ}")


def rules(policy: Policy, wishes: Sequence[Wish], given: Mapping[str, str]) -> Rules:
    """The strictest of what the options and the resources say; `given` are the options that were said, by the field they are about."""
    if not wishes:
        return Rules(policy)
    from colonnade.cluster.policy import strictest, window_sets
    from colonnade.resources import DatastorePolicy

    said = [(wish, wish.policy.said()) for wish in wishes]
    found = strictest(policy, [replace(policy, **values) for _, values in said])
    decided = {
        name: wish
        for wish, values in reversed(said)
        for name, value in values.items()
        if value == getattr(found, name) != getattr(policy, name)
    }
    return Rules(
        found,
        window_sets(DatastorePolicy(), [wish.policy for wish in wishes]),
        {name: wish.whose for name, wish in decided.items()},
        (*_outdone(given, decided), *_looser(said, found)),
    )


def _outdone(given: Mapping[str, str], decided: Mapping[str, Wish]) -> Iterator[str]:
    """Options that do not count, for a resource is stricter."""
    for name in (name for name in given if name in decided):
        yield f"{given[name]} does not count: {_told(name, decided[name])}, which is stricter"


def _looser(said: Sequence[tuple[Wish, Mapping[str, Any]]], found: Policy) -> Iterator[str]:
    """What resources say that does not count, for something else is stricter."""
    for wish, values in said:
        for name in (name for name, value in values.items() if value != getattr(found, name)):
            held = getattr(found, name)
            shown = held if isinstance(held, str) else f"{held:g}s"
            yield f"{_told(name, wish)} and does not count: {shown} holds, which is stricter"


def _told(name: str, wish: Wish) -> str:
    path, text = wish.policy.written(name)
    return f"spec.{path} of {wish.whose} is {text}"
