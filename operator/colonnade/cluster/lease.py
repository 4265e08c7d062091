"""One of several replicas works: the one that holds a Lease.

Our own, since that of the Kubernetes client cannot create a Lease and never gives one back. The rules are client-go's
(https://pkg.go.dev/k8s.io/client-go/tools/leaderelection): another's Lease may be taken once *we* have seen no change of it for
its whole duration, so that clocks of different machines never matter. It spares work; what keeps two writers apart in the
database is the database's own lock.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from colonnade import metrics
from colonnade.cluster.api import Api, ApiError, Place

DURATION, RENEW_DEADLINE, RETRY = 15.0, 10.0, 2.0
LEASES = Place("coordination.k8s.io", "v1", "leases")
_LOG = logging.getLogger(__name__)
Move = Literal["create", "take", "renew", "wait"]


@dataclass
class Candidate:
    """What one replica knows of the Lease, and when it saw it change last, by its own clock. Pure: it is told the time."""

    me: str
    seen: tuple[Any, ...] = ()
    changed: float = 0.0
    renewed: float | None = None

    def move(self, lease: Mapping[str, Any] | None, now: float) -> Move:
        """What to do about the Lease as it is now."""
        if lease is None:
            return "create"
        spec = lease.get("spec") or {}
        record = (spec.get("holderIdentity"), spec.get("renewTime"), spec.get("leaseTransitions"))
        if record != self.seen:
            self.seen, self.changed = record, now
        if not spec.get("holderIdentity"):
            return "take"
        if spec["holderIdentity"] == self.me:
            return "renew"
        return "take" if now - self.changed > float(spec.get("leaseDurationSeconds") or DURATION) else "wait"

    def patience(self, now: float) -> float:
        """How long a try may take: what we hold must be renewed before others may take it. None is left where we cannot be sure."""
        return RENEW_DEADLINE if self.renewed is None else self.renewed + RENEW_DEADLINE - now


def written(lease: Mapping[str, Any] | None, me: str, name: str, moment: datetime) -> dict[str, Any]:
    """The Lease as held by `me` from this moment."""
    spec = dict((lease or {}).get("spec") or {})
    stamp = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if spec.get("holderIdentity") != me:
        spec |= {"acquireTime": stamp, "leaseTransitions": int(spec.get("leaseTransitions") or 0) + (1 if lease else 0)}
    spec |= {"holderIdentity": me, "leaseDurationSeconds": int(DURATION), "renewTime": stamp}
    metadata = dict((lease or {}).get("metadata") or {"name": name})
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


class Election:
    """Runs for the Lease until told to stop. Calls `lost` where it is no longer ours; the process then must not write any more."""

    def __init__(self, api: Api, namespace: str, name: str, me: str, lost: Callable[[], None]) -> None:
        self._api, self._namespace, self._name = api, namespace, name
        self._candidate, self._lost = Candidate(me), lost
        self.leading = asyncio.Event()

    async def run(self) -> None:
        """Stand for election, and renew for as long as it is held."""
        while True:
            try:
                async with asyncio.timeout(self._candidate.patience(asyncio.get_running_loop().time())):
                    await self._turn()
            except (ApiError, TimeoutError) as error:
                _LOG.warning(
                    "the Lease could not be looked at", extra={"lease": self._name, "error": type(error).__name__}
                )
            if self._candidate.patience(asyncio.get_running_loop().time()) <= 0:
                self._lost()
            await asyncio.sleep(RETRY * random.uniform(0.8, 1.2))  # noqa: S311 - spreads load

    async def release(self) -> None:
        """Give the Lease back, so that another need not wait for its end."""
        if not self.leading.is_set():
            return
        lease = await self._api.find(LEASES, self._namespace, self._name)
        if lease is not None and lease["spec"].get("holderIdentity") == self._candidate.me:
            await self._api.replace(
                LEASES, self._namespace, self._name, {**lease, "spec": {**lease["spec"], "holderIdentity": ""}}
            )

    async def _turn(self) -> None:
        loop = asyncio.get_running_loop()
        lease = await self._api.find(LEASES, self._namespace, self._name)
        started = loop.time()
        move = self._candidate.move(lease, started)
        if move == "wait":
            return self._lost() if self.leading.is_set() else None
        body = written(lease, self._candidate.me, self._name, datetime.now(UTC))
        if move == "create":
            await self._api.create(LEASES, self._namespace, body)
        else:
            await self._api.replace(LEASES, self._namespace, self._name, body)
        self._candidate.renewed = started
        self._lead()
        return None

    def _lead(self) -> None:
        if not self.leading.is_set():
            _LOG.info(
                "this replica holds the Lease and works", extra={"lease": self._name, "identity": self._candidate.me}
            )
            metrics.LEADER.set(1)
            self.leading.set()
