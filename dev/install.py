"""The chart as tests, demo and plain manifests use it.

`install` gives a cluster the CRDs and the operator's ServiceAccount with the chart's own RBAC, and no Deployment: the operator then
runs outside, as that ServiceAccount, so that a rule which the chart lacks is missed.
`python -m dev.install` writes manifests/install/.
"""

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from dev import golang
from dev.kubernetes import Cluster
from dev.paths import ROOT

CHART = ROOT / "charts" / "colonnade"
MANIFEST = ROOT / "manifests" / "install" / "colonnade.yaml"
NAME = "colonnade"
NAMESPACE = "colonnade-system"
CRD = "CustomResourceDefinition"
_RIGHTS = ("ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
_HEAD = "# Made from charts/colonnade by `make manifests`: change that.\n"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # seven times as fast, where PyYAML was built with it

Doc = dict[str, Any]


def render(namespace: str, values: Doc | None = None, *options: str) -> str:
    """What helm makes of the chart."""
    command = [str(golang.helm()), "template", NAME, str(CHART), f"--namespace={namespace}", "--values=-", *options]
    done = subprocess.run(command, input=json.dumps(values or {}), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"helm template failed: {done.stderr}")
    return done.stdout


def documents(text: str) -> list[Doc]:
    return [doc for doc in yaml.load_all(text, _LOADER) if doc]


def install(
    cluster: Cluster,
    namespace: str,
    watch: Sequence[str] | None = None,
    *,
    folder: Path | None = None,
    crds: bool = True,
) -> Path:
    """The kubeconfig of the operator's ServiceAccount in `namespace`, which may work in `watch`, or in all namespaces.

    The kubeconfig is written to `folder`, by default beside the cluster's own. Installing again is harmless. Without `crds` they are
    there already.
    """
    docs = documents(render(namespace, {"watchNamespaces": list(watch or ()), "crds": {"enabled": crds}}))
    apply(cluster, [doc for doc in docs if doc["kind"] in (CRD, *_RIGHTS)])
    if crds:
        names = [f"crd/{doc['metadata']['name']}" for doc in docs if doc["kind"] == CRD]
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
    path = (folder or cluster.kubeconfig.parent) / f"{namespace}-{NAME}.kubeconfig"
    return cluster.kubeconfig_for(namespace, NAME, path)


def apply(cluster: Cluster, docs: Iterable[Doc]) -> None:
    """Server-side, so that a CRD does not have to fit into an annotation."""
    items = {"apiVersion": "v1", "kind": "List", "items": list(docs)}
    cluster.kubectl(
        "apply", "--server-side", "--force-conflicts", "--field-manager=helm", "-f", "-", stdin=json.dumps(items)
    )


def manifest() -> str:
    """The installation for those who use no helm: the chart with its defaults, and its namespace."""
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": NAMESPACE, "labels": {"pod-security.kubernetes.io/enforce": "restricted"}},
    }
    docs = [doc for doc in documents(render(NAMESPACE)) if not _is_hook(doc)]
    return _HEAD + "".join(
        f"---\n{yaml.safe_dump(_plain(doc), sort_keys=False, width=120)}" for doc in [namespace, *docs]
    )


def _is_hook(doc: Doc) -> bool:
    return "helm.sh/hook" in doc["metadata"].get("annotations", {})


def _plain(doc: Doc) -> Doc:
    """Without what only helm reads."""
    pods = [doc["spec"]["template"]["metadata"]] if doc["kind"] == "Deployment" else []
    for metadata in (doc["metadata"], *pods):
        for field in ("labels", "annotations"):
            kept = {key: text for key, text in metadata.pop(field, {}).items() if not _of_helm(key)}
            metadata.update({field: kept} if kept else {})
    return doc


def _of_helm(key: str) -> bool:
    return key.startswith("helm.sh/") or key == "app.kubernetes.io/managed-by"


def main() -> None:
    MANIFEST.parent.mkdir(parents=True, exist_ok=True)
    MANIFEST.write_text(manifest())


if __name__ == "__main__":
    main()
