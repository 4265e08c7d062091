"""`kubectl apply` of the shop on an empty database, until it is Ready, with a running operator; beside `psql -f` of the same SQL.

The operator works with the chart's rights on a real API server. Each run has a namespace and a database of its own, so that nothing
is remembered of it. The parts are the operator's own figures; what is left is Kubernetes: kubectl, the watch, the statuses.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from bench import shop
from bench.report import report, row, timed
from dev import install, kubernetes, paths
from dev.kubernetes import Cluster
from dev.postgres import Postgres
from dev.process import Server, free_ports, poll

BIN = Path(sys.executable).parent
WHOLE = "kubectl apply until Ready"
PARTS = {"desire": "shadow", "read": "read", "plan": "plan and rehearsal", "execute": "apply", "verify": "verify"}


@dataclass(frozen=True)
class Stage:
    """All that runs."""

    cluster: Cluster
    postgres: Postgres
    metrics: int

    def seconds(self) -> dict[str, float]:
        """What the operator has spent in each part of its passes so far, and in all of them."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics}/metrics", timeout=5) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        out: dict[str, float] = defaultdict(float)
        for sample in (one for family in families for one in family.samples):
            if sample.name == "colonnade_reconcile_part_seconds_total":
                out[sample.labels["part"]] += sample.value
            elif sample.name in ("colonnade_reconcile_seconds_sum", "colonnade_reconcile_seconds_count"):
                out[sample.name.rpartition("_")[2]] += sample.value
        return out


@contextmanager
def staged() -> Iterator[Stage]:
    """A control plane, the CRDs and rights, Postgres 18, and the operator, which ends with the block."""
    folder = paths.state() / "bench"
    cluster = kubernetes.start(folder / "kubernetes")
    rights = install.install(cluster, "default", folder=folder)
    probes, metrics = free_ports(2)
    operator = Server("colonnade", folder)
    operator.stop()
    options = [f"--probes-port={probes}", f"--metrics-port={metrics}", "--resync=1s"]
    operator.start([BIN / "colonnade", "run", *options], env={"KUBECONFIG": str(rights)})
    try:
        operator.wait(lambda: _answers(f"http://127.0.0.1:{probes}/readyz"))
        yield Stage(cluster, shop.server(), metrics)
    finally:
        operator.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own
            return bool(answer.status == 200)
    except OSError:
        return False


def documents(namespace: str, resync: str = "1h") -> str:
    """The shop of Postgres, as its team writes it."""
    found = [
        one
        for file in ("10-datastores.yaml", "20-postgres.yaml")
        for one in install.documents((shop.FOLDER / file).read_text())
    ]
    docs = [doc for doc in found if doc["metadata"]["name"] == "shop"]
    docs[0]["spec"]["resync"] = resync
    for doc in docs:
        doc["metadata"]["namespace"] = namespace
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": docs})


def prepare(stage: Stage, namespace: str) -> None:
    """A namespace with the Secret, and an empty database."""
    url = shop.empty(stage.postgres, namespace)
    stage.cluster.kubectl("create", "namespace", namespace)
    secret = ("create", "secret", "generic", "shop-postgres", f"--from-literal=uri={url}?sslmode=disable")
    stage.cluster.kubectl(f"--namespace={namespace}", *secret)


def once(stage: Stage, namespace: str, parts: dict[str, list[float]], resync: str = "1h") -> None:
    """From nothing to Ready."""
    prepare(stage, namespace)
    text, before = documents(namespace, resync), stage.seconds()
    kubectl = stage.cluster.kubectl
    wait = (f"--namespace={namespace}", "wait", "--for=condition=Ready", "--timeout=60s", "postgresschema/shop")
    applied = timed(lambda: kubectl("apply", "-f", "-", stdin=text))
    waited = timed(lambda: kubectl(*wait))
    poll(lambda: stage.seconds()["verify"] > before["verify"], 5, 0.02)  # counted once all is told
    spent = {part: seconds - before[part] for part, seconds in stage.seconds().items()}
    parts["kubectl apply"].append(applied)
    parts[WHOLE].append(applied + waited)
    for part, told in PARTS.items():
        parts[told].append(spent.get(part, 0.0))
    parts["other work with the database"].append(spent["sum"] - sum(spent.get(part, 0.0) for part in PARTS))
    parts["Kubernetes and waiting"].append(applied + waited - spent["sum"])


def leave(stage: Stage, namespace: str) -> None:
    """So that the next run has the operator to itself."""
    stage.cluster.kubectl(f"--namespace={namespace}", "delete", "datastores,postgresschemas", "--all")
    stage.cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    shop.drop(stage.postgres, namespace)


def calm(stage: Stage, passes: int) -> list[float]:
    """Seconds that each of so many passes took, in which nothing had changed."""
    found: list[float] = []
    last = stage.seconds()
    while len(found) < passes:
        time.sleep(0.02)
        now = stage.seconds()
        if now["count"] == last["count"] + 1:
            found.append(now["sum"] - last["sum"])
        last = now
    return found


def floor(stage: Stage) -> float:
    """What psql takes for the same SQL on an empty database."""
    url = shop.empty(stage.postgres)
    psql = [str(stage.postgres.programs / "psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(shop.SQL), url]
    environment = {**os.environ, "PSQLRC": os.devnull}
    return timed(lambda: subprocess.run(psql, check=True, stdout=subprocess.DEVNULL, env=environment))


def main(times: int = 7) -> None:
    first: dict[str, list[float]] = defaultdict(list)
    parts: dict[str, list[float]] = defaultdict(list)
    with staged() as stage:
        names = [f"bench-{os.getpid()}-{number}" for number in range(times + 1)]
        for name in names:
            once(stage, name, parts if name != names[0] else first)
            leave(stage, name)
        floors = [floor(stage) for _ in range(times)]
        resyncs = f"bench-{os.getpid()}-resync"
        once(stage, resyncs, defaultdict(list), "1s")
        passes = calm(stage, 10)
        leave(stage, resyncs)
    whole, applied = parts.pop(WHOLE), parts.pop("kubectl apply")
    least = [a + b for a, b in zip(applied, floors, strict=True)]
    base = statistics.median(least)
    rows = [
        row("kubectl apply, then psql -f", least),
        row(WHOLE, whole, base),
        row(f"{WHOLE}, the first after a start", first[WHOLE], base),
        *(row(f"of it {name}", seconds) for name, seconds in parts.items()),
        row("a look with nothing changed", passes),
    ]
    report("apply", rows, postgres="18")
