"""What the operator counts, for Prometheus; names begin with ``colonnade_``.

Labels are names of Kubernetes objects and words of closed lists, never text that a user wrote. The series of a Datastore end
when it is gone (`forget`).
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

REGISTRY = CollectorRegistry()
_STORE = ("namespace", "datastore")

RECONCILES = Counter(
    "colonnade_reconciles", "Passes over a Datastore, by how they ended", [*_STORE, "result"], registry=REGISTRY
)
SECONDS = Histogram(
    "colonnade_reconcile_seconds",
    "How long a pass over a Datastore took, by how it ended",
    ["result"],
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200),
    registry=REGISTRY,
)
PART_SECONDS = Counter(
    "colonnade_reconcile_part_seconds",
    "Time that passes spent in their parts: connect, probe, desire, settled, fingerprint, read, plan, execute, verify",
    ["part"],
    registry=REGISTRY,
)
QUEUE_DEPTH = Gauge("colonnade_queue_depth", "Datastores that wait for a worker", registry=REGISTRY)
QUEUE_OLDEST = Gauge("colonnade_queue_oldest_seconds", "How long the first of them has waited", registry=REGISTRY)
BUSY = Gauge("colonnade_workers_busy", "Workers that are in a pass", registry=REGISTRY)
PLANS_WAITING = Gauge(
    "colonnade_plans_waiting",
    "1 while a plan of the Datastore waits to be let run",
    [*_STORE, "reason"],
    registry=REGISTRY,
)
DRIFTED = Gauge("colonnade_datastore_drifted", "1 while the database was changed by hand", _STORE, registry=REGISTRY)
UP = Gauge("colonnade_datastore_up", "1 while the database answers and lets us in", _STORE, registry=REGISTRY)
LAST_SUCCESS = Gauge(
    "colonnade_last_success_timestamp_seconds",
    "When the database was last found or made as declared",
    _STORE,
    registry=REGISTRY,
)
RESOURCES = Gauge("colonnade_resources", "Resources by how they stand", [*_STORE, "kind", "reason"], registry=REGISTRY)
STEPS = Counter("colonnade_steps", "Steps of plans that were run", _STORE, registry=REGISTRY)
STEP_SECONDS = Counter("colonnade_step_seconds", "Time spent in steps of plans", _STORE, registry=REGISTRY)
LOCK_WAITS = Counter(
    "colonnade_lock_waits", "Passes put off because a lock was not to be had", _STORE, registry=REGISTRY
)
CONNECTIONS = Gauge("colonnade_connections", "Datastores whose connection is open", registry=REGISTRY)
LEADER = Gauge("colonnade_leader", "1 while this replica is the one that works", registry=REGISTRY)
API_REQUESTS = Counter("colonnade_api_requests", "Requests to the Kubernetes API", ["verb", "code"], registry=REGISTRY)

_BY_STORE = (RECONCILES, PLANS_WAITING, DRIFTED, UP, LAST_SUCCESS, RESOURCES, STEPS, STEP_SECONDS, LOCK_WAITS)


def forget(namespace: str, datastore: str) -> None:
    """The Datastore is gone; so are its series."""
    for metric in _BY_STORE:
        metric.remove_by_labels({"namespace": namespace, "datastore": datastore})
