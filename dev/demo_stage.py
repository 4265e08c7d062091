"""What the demo needs before it begins: servers, CRDs and rights, empty databases, their Secrets, and the operator itself.

The operator is a process on this machine, and works with the rights of its ServiceAccount and no others: a rule that the chart lacks
would stop the demo. Its database users may do what docs/how-to/least-privilege.md says, and no more.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from pymongo import MongoClient
from pymongo.database import Database

from colonnade.resources import RESOURCES
from dev import install, paths, servers
from dev.process import Server, free_ports
from dev.servers import Servers

NAMESPACE = "shop"
USER = "shop_owner"
PASSWORD = "demo-only"  # noqa: S105 - of throw-away servers on loopback
ROLES = paths.ROOT / "manifests" / "mongodb-role.json"
BIN = Path(sys.executable).parent
Say = Callable[[str], None]


@dataclass(frozen=True)
class Stage:
    """All that runs, and how a person reaches it."""

    servers: Servers
    kubeconfig: Path
    metrics: int
    log: Path

    @property
    def postgres_url(self) -> str:
        return self.servers.postgres.url(NAMESPACE, USER, PASSWORD)

    @property
    def mongo_url(self) -> str:
        return self.servers.mongo.url(NAMESPACE)

    @property
    def exports(self) -> Mapping[str, str]:
        """The variables of a person's shell, in the project's folder."""
        programs = f"{here(BIN)}:{here(self.servers.postgres.programs)}"
        return {"KUBECONFIG": here(self.kubeconfig), "PATH": f"{programs}:$PATH", "SHOP": self.postgres_url}

    @property
    def environment(self) -> dict[str, str]:
        path = f"{BIN}:{self.servers.postgres.programs}:{os.environ['PATH']}"
        pager = {"PAGER": "cat", "GIT_PAGER": "cat", "PSQLRC": os.devnull}
        return {**os.environ, **self.exports, **pager, "KUBECONFIG": str(self.kubeconfig), "PATH": path}


def relative(path: Path) -> str:
    """Below the project's folder the path from there; else whole."""
    return str(path.relative_to(paths.ROOT)) if path.is_relative_to(paths.ROOT) else str(path)


def here(path: Path) -> str:
    """As `relative`, to be kept when the person goes elsewhere."""
    return f"$PWD/{relative(path)}" if path.is_relative_to(paths.ROOT) else str(path)


def build(folder: Path, say: Say) -> Stage:
    """Everything, as new: what an earlier demo left is cleared away."""
    running = servers.start(folder)
    say(f"Kubernetes: {running.cluster.origin}")
    say("the CRDs, and the operator's ServiceAccount with its rights, as manifests/install has them")
    rights = _install(running, folder)
    _fresh_namespace(running)
    _fresh_postgres(running.postgres.url())
    _fresh_mongo(running.mongo.url())
    _secrets(running)
    say("the operator: colonnade run, under that ServiceAccount")
    metrics, server = _operator(folder, rights)
    return Stage(running, _shell(folder, running), metrics, server.log)


def _install(running: Servers, folder: Path) -> Path:
    """All of the installation but its Deployment, which needs an image and nodes; how to work as its ServiceAccount."""
    docs = [doc for doc in install.documents(install.MANIFEST.read_text()) if doc["kind"] != "Deployment"]
    install.apply(running.cluster, docs)
    names = [f"crd/{doc['metadata']['name']}" for doc in docs if doc["kind"] == install.CRD]
    running.cluster.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)
    return running.cluster.kubeconfig_for(install.NAMESPACE, install.NAME, folder / "operator.kubeconfig")


def exists(running: Servers, namespace: str) -> bool:
    return f"namespace/{namespace}" in running.cluster.kubectl("get", "namespaces", "--output=name").split()


def _fresh_namespace(running: Servers) -> None:
    """It is emptied, not deleted, which would take a while. The operator of an earlier demo, if it still runs, lets go of what is his."""
    if not exists(running, NAMESPACE):
        running.cluster.kubectl("create", "namespace", NAMESPACE)
    kinds = ",".join((*(model.names.plural for model in RESOURCES.values()), "secrets"))
    try:
        running.cluster.kubectl("delete", kinds, "--all", f"--namespace={NAMESPACE}", "--timeout=60s")
    except RuntimeError as error:
        raise RuntimeError(
            f"what an earlier demo left does not go; run make clean, then make demo again: {error}"
        ) from None


def _fresh_postgres(url: str) -> None:
    """An empty database, and its owner, who may create scratch databases beside it."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(NAMESPACE)))
        known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [USER]).fetchone()
        how = sql.SQL(
            "ALTER ROLE {} LOGIN CREATEDB PASSWORD {}" if known else "CREATE ROLE {} LOGIN CREATEDB PASSWORD {}"
        )
        admin.execute(how.format(sql.Identifier(USER), sql.Literal(PASSWORD)))
        owned = sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(NAMESPACE), sql.Identifier(USER))
        admin.execute(owned)


def _fresh_mongo(url: str) -> None:
    """An empty database, and a user with the roles that the project ships."""
    with MongoClient[dict[str, Any]](url) as client:
        client.drop_database(NAMESPACE)
        names = [_role(client.admin, role) for role in json.loads(ROLES.read_text())]
        told = "updateUser" if client.admin.command("usersInfo", USER)["users"] else "createUser"
        client.admin.command(told, USER, pwd=PASSWORD, roles=names)


def _role(admin: Database[dict[str, Any]], role: dict[str, Any]) -> str:
    name = str(role["createRole"])
    known = admin.command("rolesInfo", name)["roles"]
    admin.command({"updateRole": name, **{k: v for k, v in role.items() if k != "createRole"}} if known else role)
    return name


def _secrets(running: Servers) -> None:
    """The addresses, written so that they say that nothing is encrypted: on loopback."""
    addresses = {
        "shop-postgres": f"{running.postgres.url(NAMESPACE, USER, PASSWORD)}?sslmode=disable",
        "shop-mongo": f"{running.mongo.url(NAMESPACE, USER, PASSWORD)}&tls=false",
    }
    for name, uri in addresses.items():
        doc = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"uri": uri}}
        running.cluster.kubectl(f"--namespace={NAMESPACE}", "apply", "-f", "-", stdin=json.dumps(doc))


def _shell(folder: Path, running: Servers) -> Path:
    """The administrator's kubeconfig, with the demo's namespace as the current one."""
    path = folder / "kubeconfig"
    path.touch(mode=0o600)
    path.write_text(running.cluster.kubectl("config", "view", "--raw", "--minify", "--flatten"))
    running.cluster.kubectl(f"--kubeconfig={path}", "config", "set-context", "--current", f"--namespace={NAMESPACE}")
    return path


def _operator(folder: Path, kubeconfig: Path) -> tuple[int, Server]:
    """The port of its metrics, and the process."""
    server = Server("colonnade", folder)
    server.stop()
    server.log.unlink(missing_ok=True)
    probes, metrics = free_ports(2)
    options = [
        f"--probes-port={probes}",
        f"--metrics-port={metrics}",
        "--lease=colonnade",
        f"--lease-namespace={install.NAMESPACE}",
    ]
    server.start([BIN / "colonnade", "run", *options], env={"KUBECONFIG": str(kubeconfig)})
    server.wait(lambda: _answers(f"http://127.0.0.1:{probes}/readyz"))
    return metrics, server


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
