"""Postgres, MongoDB and Kubernetes together, for the demo and for playing: `make servers`.

All lie below `dev.paths.state()`, where `make clean` finds and ends them, with whatever else is recorded there by
`dev.process.Server`.
"""

from dataclasses import dataclass
from pathlib import Path

from dev import kubernetes, paths, postgres
from dev.kubernetes import Cluster
from dev.mongodb import Mongo
from dev.postgres import Postgres


@dataclass(frozen=True)
class Servers:
    """All that the product needs around it, running."""

    cluster: Cluster
    postgres: Postgres
    mongo: Mongo


def start(folder: Path) -> Servers:
    """Starts what does not run; a second call finds it all running."""
    cluster = kubernetes.start(folder / "kubernetes")
    relational = Postgres(folder / "postgres", postgres.programs())
    relational.start()
    documents = Mongo(folder / "mongodb")
    documents.start()
    return Servers(cluster, relational, documents)


def main(folder: Path) -> None:
    servers = start(folder)
    print(f"export COLONNADE_KUBECONFIG={servers.cluster.kubeconfig}")
    print(f"export COLONNADE_POSTGRES_URL={servers.postgres.url()}")
    print(f"export COLONNADE_MONGO_URL='{servers.mongo.url()}'")


if __name__ == "__main__":
    main(paths.state() / "servers")
