"""The Kubernetes that tests and the demo run on: the first that works of

1. the cluster that COLONNADE_KUBECONFIG names,
2. kind, where Docker runs,
3. the programs in KUBEBUILDER_ASSETS (envtest),
4. programs built from source, once per user and version.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from dev import golang, kind
from dev.control_plane import ControlPlane

KUBECTL = Path(sys.executable).parent / "kubectl"


@dataclass(frozen=True)
class Cluster:
    """A running Kubernetes and how to reach it as its administrator."""

    kubeconfig: Path
    origin: str
    control_plane: ControlPlane | None = None  # only of those that are neither given nor kind's

    @property
    def has_controllers(self) -> bool:
        return self.control_plane is None or self.control_plane.has_controllers

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        command = [str(KUBECTL), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"kubectl {' '.join(arguments)} failed: {done.stderr}")
        return done.stdout

    def kubeconfig_for(self, namespace: str, service_account: str, path: Path) -> Path:
        """Written to `path`: how a program outside the cluster works as this ServiceAccount, for a day."""
        token = self.kubectl("create", "token", service_account, f"--namespace={namespace}", "--duration=24h").strip()
        config = json.loads(self.kubectl("config", "view", "--raw", "--minify", "--output=json"))
        config["users"] = [{"name": service_account, "user": {"token": token}}]
        config["contexts"][0]["context"] |= {"user": service_account, "namespace": namespace}
        path.touch(mode=0o600)
        path.write_text(json.dumps(config))
        return path


def start(folder: Path) -> Cluster:
    """What it owns lies in `folder`; a second call finds it running."""
    if given := os.environ.get("COLONNADE_KUBECONFIG"):
        return Cluster(Path(given), "the cluster of COLONNADE_KUBECONFIG")
    folder.mkdir(parents=True, exist_ok=True)
    if kind.usable():
        return Cluster(kind.create(folder), "kind")
    control_plane = ControlPlane(folder, programs())
    control_plane.start()
    return Cluster(control_plane.kubeconfig, f"the programs in {control_plane.programs}", control_plane)


def programs() -> Path:
    """The folder of etcd and kube-apiserver: envtest's, or built."""
    if assets := os.environ.get("KUBEBUILDER_ASSETS"):
        return Path(assets)
    return golang.build(*golang.SERVERS)


if __name__ == "__main__":  # what the tests need is built before them, where its progress shows
    programs()
    golang.helm()
