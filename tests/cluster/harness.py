"""The operator as its users meet it: a process of its own, under its own ServiceAccount, on a real API server.

Tests speak to it only through the API, its signals, its ports and its log.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from kubernetes import client, config
from kubernetes.client.exceptions import ApiException

from colonnade.resources import GROUP, RESOURCES, VERSION
from dev.install import install
from dev.kubernetes import Cluster
from dev.process import free_ports, poll

Doc = dict[str, Any]
PATIENCE = 60.0


class Team:
    """One namespace, its operator's rights in it, and what its team does there."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster, self.folder = cluster, folder
        self.namespace = f"team-{secrets.token_hex(4)}"
        cluster.kubectl("create", "namespace", self.namespace)
        self.kubeconfig = install(cluster, self.namespace, [self.namespace], folder=folder, crds=False)
        self._api = config.new_client_from_config(str(cluster.kubeconfig))  # type: ignore[no-untyped-call]
        self._objects = client.CustomObjectsApi(self._api)

    def close(self) -> None:
        for kind in ("PostgresSchema", "MongoSchema"):
            for doc in self.all(kind):
                if doc["metadata"].get("finalizers"):
                    self.merge(kind, doc["metadata"]["name"], {"metadata": {"finalizers": None}})
        self.cluster.kubectl("delete", "namespace", self.namespace, "--wait=false")
        self._api.close()

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def apply(self, *docs: Doc) -> None:
        self.kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": list(docs)}))

    def get(self, kind: str, name: str) -> Doc | None:
        try:
            found = self._objects.get_namespaced_custom_object(
                GROUP, VERSION, self.namespace, RESOURCES[kind].names.plural, name
            )
        except ApiException as error:
            if error.status == 404:
                return None
            raise
        return cast("Doc", found)

    def all(self, kind: str) -> list[Doc]:
        found = self._objects.list_namespaced_custom_object(
            GROUP, VERSION, self.namespace, RESOURCES[kind].names.plural
        )
        return cast("list[Doc]", cast("Doc", found)["items"])

    def merge(self, kind: str, name: str, patch: Doc) -> Doc:
        made = self._objects.patch_namespaced_custom_object(
            GROUP,
            VERSION,
            self.namespace,
            RESOURCES[kind].names.plural,
            name,
            patch,
            _content_type="application/merge-patch+json",
        )
        return cast("Doc", made)

    def set_status(self, kind: str, name: str, status: Doc) -> None:
        """As only the operator does otherwise."""
        self._objects.patch_namespaced_custom_object_status(
            GROUP,
            VERSION,
            self.namespace,
            RESOURCES[kind].names.plural,
            name,
            {"status": status},
            _content_type="application/merge-patch+json",
        )

    def annotate(self, kind: str, name: str, **notes: str | None) -> None:
        named = {f"colonnade.dev/{key.replace('_', '-')}": value for key, value in notes.items()}
        self.merge(kind, name, {"metadata": {"annotations": named}})

    def delete(self, kind: str, name: str) -> None:
        self.kubectl("delete", RESOURCES[kind].names.plural, name, "--wait=false")

    def until(self, kind: str, name: str, true: Callable[[Doc], bool], seconds: float = PATIENCE) -> Doc:
        """The object once it is so."""
        last: list[Doc | None] = [None]

        def so() -> bool:
            last[0] = self.get(kind, name)
            return last[0] is not None and true(last[0])

        assert poll(so, seconds), (
            f"{kind} {name} came to stand otherwise: {json.dumps((last[0] or {}).get('status'), indent=1)}"
        )
        assert last[0] is not None
        return last[0]

    def ready(self, kind: str, name: str, reason: str = "Converged", seconds: float = PATIENCE) -> Doc:
        """The object once it is ready, and as of its newest generation."""
        return self.until(kind, name, lambda doc: standing(doc) == ("True", reason) and current(doc), seconds)

    def reason(self, kind: str, name: str, reason: str, seconds: float = PATIENCE) -> Doc:
        """The object once it is not ready for this reason."""
        return self.until(kind, name, lambda doc: standing(doc) == ("False", reason) and current(doc), seconds)

    def gone(self, kind: str, name: str, seconds: float = PATIENCE) -> None:
        assert poll(lambda: self.get(kind, name) is None, seconds), (
            f"{kind} {name} is still there: {self.get(kind, name)}"
        )

    def plan(self, name: str, state: str, seconds: float = PATIENCE) -> Doc:
        return self.until("MigrationPlan", name, lambda doc: doc.get("status", {}).get("state") == state, seconds)

    def say(self, plan: str, verdict: str, reason: str = "seen") -> None:
        """A person's word on a plan."""
        found = self.get("MigrationPlan", plan)
        assert found is not None
        approval = {"hash": found["spec"]["plan"]["hash"], "verdict": verdict, "reason": reason}
        self.merge("MigrationPlan", plan, {"spec": {"approval": approval}})

    def events(self, name: str) -> list[tuple[str, str]]:
        """(type, reason) of the Events about an object."""
        found = json.loads(self.kubectl("get", "events.events.k8s.io", "--output=json"))["items"]
        ours = [event for event in found if event["regarding"]["name"] == name]
        return [(event["type"], event["reason"]) for event in sorted(ours, key=lambda event: event["eventTime"])]


def condition(doc: Doc, kind: str) -> Doc:
    return next((c for c in doc.get("status", {}).get("conditions", []) if c["type"] == kind), {})


def standing(doc: Doc) -> tuple[str | None, str | None]:
    """Ready's status and reason."""
    ready = condition(doc, "Ready")
    return ready.get("status"), ready.get("reason")


def message(doc: Doc) -> str:
    return str(condition(doc, "Ready").get("message", ""))


def current(doc: Doc) -> bool:
    generation = doc["metadata"]["generation"]
    return bool(
        doc.get("status", {}).get("observedGeneration")
        == generation
        == condition(doc, "Ready").get("observedGeneration")
    )


@dataclass
class Operator:
    """One process of the operator."""

    process: subprocess.Popen[bytes]
    log_file: Path
    probes: int
    metrics_port: int
    settings: Mapping[str, str] = field(default_factory=dict[str, str])

    def ask(self, path: str, port: int | None = None) -> tuple[int, str]:
        """Status and text of one of its pages; status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port or self.probes}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (urllib.error.URLError, OSError):
            return 0, ""

    def wait_ready(self, seconds: float = PATIENCE) -> None:
        poll(lambda: self.process.poll() is not None or self.ask("/readyz")[0] == 200, seconds)
        told = self.log_file.read_text()[-5000:]
        assert self.ask("/readyz")[0] == 200, f"the operator did not become ready:\n{told}"

    def metric(self, name: str, **labels: str) -> float | None:
        """The value of a series, by its name and some of its labels."""
        for line in self.ask("/metrics", self.metrics_port)[1].splitlines():
            head, _, value = line.rpartition(" ")
            if head.partition("{")[0] == name and all(f'{key}="{text}"' in head for key, text in labels.items()):
                return float(value)
        return None

    def lines(self) -> list[Doc]:
        """What it logged."""
        return [json.loads(line) for line in self.log_file.read_text().splitlines() if line.startswith("{")]

    def logged(self, text: str) -> bool:
        return any(text in line["message"] for line in self.lines())

    def stop(self, sig: signal.Signals = signal.SIGTERM, seconds: float = PATIENCE) -> int:
        """Its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(seconds)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


class Operators:
    """Starts operators; those that still run at the end are ended."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self._started: list[Operator] = []

    def start(self, *, wait: bool = True, kubeconfig: Path | None = None, **settings: str) -> Operator:
        probes, metrics = free_ports(2)
        given = {
            "NAMESPACES": self.team.namespace, "PROBES_PORT": str(probes), "METRICS_PORT": str(metrics), "RESYNC": "1s",
            "LOG_LEVEL": "debug", "IDENTITY": f"op-{secrets.token_hex(3)}", "LEASE_NAMESPACE": self.team.namespace, **settings,
        }  # fmt: skip
        log_file = self.team.folder / f"{given['IDENTITY']}.log"
        environment = {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or self.team.kubeconfig),
            **{f"COLONNADE_{name}": value for name, value in given.items()},
        }
        with log_file.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "colonnade", "run"],
                stdout=log,
                stderr=log,
                env=environment,
            )
        operator = Operator(process, log_file, probes, metrics, given)
        self._started.append(operator)
        if wait:
            operator.wait_ready()
        return operator

    def stop_all(self) -> None:
        for operator in self._started:
            operator.kill()


def eventually(true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    assert poll(true, seconds), f"never came true: {what}"


def secret(name: str, **values: str) -> Doc:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values}


def config_map(name: str, **values: str) -> Doc:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": values}


def resource(kind: str, name: str, spec: Doc, **annotations: str) -> Doc:
    notes = {f"colonnade.dev/{key}": value for key, value in annotations.items()}
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": kind,
        "metadata": {"name": name, "annotations": notes},
        "spec": spec,
    }


def datastore(
    name: str, *, engine: str = "Postgres", secret: str | None = None, resync: str = "5m", **policy: Any
) -> Doc:
    spec = {
        "engine": engine,
        "connection": {"secretRef": {"name": secret or name}, "tls": {"mode": "Disable"}},
        "policy": policy,
        "resync": resync,
    }
    return resource("Datastore", name, spec)


def postgres(name: str, of: str, sql: str | None = None, **more: Any) -> Doc:
    return resource("PostgresSchema", name, {"datastoreRef": {"name": of}, **({"sql": sql} if sql else {}), **more})


def mongo(name: str, of: str, *collections: Doc, **more: Any) -> Doc:
    return resource("MongoSchema", name, {"datastoreRef": {"name": of}, "collections": list(collections), **more})
