"""One policy for one plan: the Datastore's, made stricter by every resource that wishes for it.

All resources of a Datastore are changed by one plan, so the strictest wish of any of them holds for the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from colonnade.core.gate import Policy, stricter
from colonnade.resources import DatastorePolicy
from colonnade.resources.policy import Window

_LEAST = ("max_blocking", "lock_timeout", "lock_retry_budget", "target_batch", "max_replica_lag")
_WORDS = ("mode", "approval", "drops", "drift")


def strictest(base: Policy, wishes: Iterable[Policy]) -> Policy:
    """The strictest of all in each field."""
    out = base
    for wish in wishes:
        out = _both(out, wish)
    return out


def _both(one: Policy, other: Policy) -> Policy:
    for name in _WORDS:
        narrower = stricter(one, **{name: getattr(other, name)})
        one = narrower if isinstance(narrower, Policy) else one
    least = {name: min(getattr(one, name), getattr(other, name)) for name in _LEAST}
    return replace(one, **least, quarantine_period=max(one.quarantine_period, other.quarantine_period))


def window_sets(base: DatastorePolicy, wishes: Iterable[DatastorePolicy | None]) -> tuple[Sequence[Window], ...]:
    """The sets of windows that must be open together: the Datastore's, and those of its resources."""
    found = [base.windows, *(wish.windows for wish in wishes if wish)]
    return tuple(dict.fromkeys(tuple(windows) for windows in found if windows))
