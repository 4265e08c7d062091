"""`make demo`: the main job before your eyes, on a real Kubernetes API, a real Postgres and a real MongoDB.

Every command is printed before it runs, as a person would type it. At the end everything goes on running for playing, but in CI.
`make clean` ends and removes it all.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql
from pymongo import MongoClient

from dev import install, paths, servers
from dev.process import Server, free_ports, poll

NAMESPACE = "shop"
SYSTEM = "colonnade-system"
EXAMPLES = paths.ROOT / "manifests" / "examples" / "shop"
BIN = Path(sys.executable).parent
PLAIN = not sys.stdout.isatty() or "NO_COLOR" in os.environ


def paint(code: str, text: str) -> str:
    return text if PLAIN else f"\033[{code}m{text}\033[0m"


def title(text: str) -> None:
    print(f"\n{paint('1;36', '== ' + text)}", flush=True)


def say(text: str) -> None:
    print(paint("2", f"   {text}"), flush=True)


class Demo:
    """The stage: the servers, the operator, and a person's shell with its kubeconfig."""

    def __init__(self) -> None:
        self.folder = paths.state() / "servers"
        self.began = time.monotonic()

    def play(self) -> None:
        """The whole piece."""
        self.stage()
        self.apply()
        self.next_step()
        self.back_again()
        self.drift()
        self.mistakes()
        self.delete()

    # -- the stage

    def stage(self) -> None:
        title("The stage: a Kubernetes API, Postgres 18, a MongoDB replica set, the operator")
        self.servers = servers.start(self.folder)
        say(f"Kubernetes: {self.servers.cluster.origin}")
        self.env = {
            **os.environ,
            "KUBECONFIG": str(self.servers.cluster.kubeconfig),
            "PATH": f"{BIN}:{os.environ['PATH']}",
        }
        if SYSTEM not in self.quiet("kubectl", "get", "namespaces", "-o", "name"):
            self.quiet("kubectl", "create", "namespace", SYSTEM)
        self.kubeconfig = install.install(self.servers.cluster, SYSTEM)
        self.clear()
        self.databases()
        self.operator()
        say(f"all of it runs after {time.monotonic() - self.began:.0f} s")

    def clear(self) -> None:
        """What an earlier demo left, so that each starts from nothing."""
        self.quiet("kubectl", "delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
        if not poll(lambda: NAMESPACE not in self.quiet("kubectl", "get", "namespaces", "-o", "name"), 90, 0.5):
            raise SystemExit("the namespace of an earlier demo does not go; run make clean and then make demo again")
        self.quiet("kubectl", "create", "namespace", NAMESPACE)

    def databases(self) -> None:
        """An empty database on each server, and a login that may do just what Colonnade needs."""
        with psycopg.connect(self.servers.postgres.url(), autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS shop WITH (FORCE)")
            if not admin.execute("SELECT FROM pg_roles WHERE rolname = 'colonnade'").fetchone():
                admin.execute("CREATE ROLE colonnade LOGIN CREATEDB")
            admin.execute(sql.SQL("ALTER ROLE colonnade PASSWORD {}").format(sql.Literal("colonnade")))
            admin.execute("CREATE DATABASE shop OWNER colonnade")
        with MongoClient[dict[str, object]](self.servers.mongo.url()) as client:
            client.drop_database("shop")
        secrets = {
            "shop-postgres": {"host": "127.0.0.1", "port": str(self.servers.postgres.port), "database": "shop",
                              "username": "colonnade", "password": "colonnade"},
            "shop-mongo": {"uri": self.servers.mongo.url("shop")},
        }  # fmt: skip
        for name, values in secrets.items():
            self.quiet(
                "kubectl",
                "-n",
                NAMESPACE,
                "create",
                "secret",
                "generic",
                name,
                *(f"--from-literal={k}={v}" for k, v in values.items()),
            )

    def operator(self) -> None:
        """The operator as a process of its own, with the rights of its ServiceAccount and no others."""
        server = Server("colonnade", self.folder)
        server.stop()
        probes, metrics = free_ports(2)
        say(f"colonnade run, as ServiceAccount {SYSTEM}/colonnade; its log: {server.log.relative_to(paths.ROOT)}")
        server.start(
            [
                BIN / "colonnade",
                "run",
                f"--probes-port={probes}",
                f"--metrics-port={metrics}",
                "--lease=colonnade",
                f"--lease-namespace={SYSTEM}",
            ],
            env={"KUBECONFIG": str(self.kubeconfig)},
        )
        server.wait(lambda: _ready(probes))
        self.metrics = metrics

    # -- the piece

    def apply(self) -> None:
        title("A team declares its shop, for both databases")
        self.run("kubectl", "-n", NAMESPACE, "apply", "-f", EXAMPLES / "10-datastores.yaml", "-f", EXAMPLES / "20-postgres.yaml",
                 "-f", EXAMPLES / "30-mongo.yaml")  # fmt: skip
        self.run(
            "kubectl",
            "-n",
            NAMESPACE,
            "wait",
            "--for=condition=Ready",
            "--timeout=120s",
            "postgresschema/shop",
            "mongoschema/shop",
        )
        self.run("kubectl", "-n", NAMESPACE, "get", "colonnade")
        self.psql("\\dt")
        self.psql("\\d orders")
        with MongoClient[dict[str, object]](self.servers.mongo.url()) as client:
            for name in sorted(n for n in client["shop"].list_collection_names() if not n.startswith("colonnade.")):
                say(f"MongoDB collection {name}: indexes {', '.join(sorted(client['shop'][name].index_information()))}")
        say("and rows come in:")
        self.psql_file(EXAMPLES / "rows" / "postgres.sql")
        self.psql(
            "SELECT count(*) AS users, (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM audit_log) AS audited FROM users"
        )

    def next_step(self) -> None:
        title("The next step: users.status, filled in for those who are there, NOT NULL, with a check; nobody waits")
        self.run("kubectl", "-n", NAMESPACE, "apply", "-f", EXAMPLES / "step-2" / "20-postgres.yaml")
        self.run("kubectl", "-n", NAMESPACE, "wait", "--for=condition=Ready", "--timeout=120s", "postgresschema/shop")
        plan = self.newest_plan()
        self.run("colonnade", "-n", NAMESPACE, "show", plan)
        self.psql("SELECT status, count(*) FROM users GROUP BY status")

    def back_again(self) -> None:
        title("And back: dropping the column would lose data, so the plan waits for a person")
        self.run("kubectl", "-n", NAMESPACE, "apply", "-f", EXAMPLES / "20-postgres.yaml")
        self.until("ApprovalRequired", lambda: self.condition("Ready", "reason") == "ApprovalRequired")
        self.run("kubectl", "-n", NAMESPACE, "get", "migrationplans")
        plan = self.condition_plan()
        self.run("colonnade", "-n", NAMESPACE, "show", plan)
        self.run("colonnade", "-n", NAMESPACE, "approve", plan, "--yes")
        self.run("kubectl", "-n", NAMESPACE, "wait", "--for=condition=Ready", "--timeout=120s", "postgresschema/shop")
        self.psql("SELECT count(*) AS users_still_there FROM users")

    def drift(self) -> None:
        title("Somebody changes the database by hand")
        self.psql("DROP INDEX orders_user_idx; ALTER TABLE products ALTER COLUMN stock DROP DEFAULT")
        self.run(
            "kubectl",
            "-n",
            NAMESPACE,
            "annotate",
            "--overwrite",
            "datastore/shop",
            f"colonnade.dev/reconcile-at={time.time():.0f}",
        )
        self.until("Drifted", lambda: self.condition("Drifted", "status") == "True")
        self.run("kubectl", "-n", NAMESPACE, "get", "postgresschema/shop", "-o",
                 'jsonpath={range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}')  # fmt: skip
        say("reported; now let it be put back:")
        self.run("kubectl", "-n", NAMESPACE, "patch", "datastore/shop", "--type=merge", "-p",
                 '{"spec": {"policy": {"drift": "Correct"}}}')  # fmt: skip
        self.until(
            "no drift",
            lambda: self.condition("Drifted", "status") == "False" and self.condition("Ready", "status") == "True",
        )
        self.psql("\\di orders_user*")

    def mistakes(self) -> None:
        title("A mistake is told with its place and the way out, and nothing is changed")
        self.run("kubectl", "-n", NAMESPACE, "apply", "-f", EXAMPLES.parent / "mistakes" / "2-now-in-index.yaml")
        self.until("InvalidSpec", lambda: self.condition("Ready", "reason", "now-in-index") == "InvalidSpec")
        self.run("kubectl", "-n", NAMESPACE, "get", "postgresschema/now-in-index", "-o",
                 'jsonpath={.status.conditions[?(@.type=="Ready")].message}{"\\n"}')  # fmt: skip
        self.run("kubectl", "-n", NAMESPACE, "delete", "postgresschema/now-in-index")

    def delete(self) -> None:
        title("Deleting a resource leaves the database as it is (deletionPolicy: Retain)")
        self.run("kubectl", "-n", NAMESPACE, "delete", "mongoschema/shop")
        with MongoClient[dict[str, object]](self.servers.mongo.url()) as client:
            left = sorted(n for n in client["shop"].list_collection_names() if not n.startswith("colonnade."))
        say(f"MongoDB still has {', '.join(left)}")
        self.run("kubectl", "-n", NAMESPACE, "get", "colonnade")

    def finish(self) -> None:
        title(f"That was the main job, in {time.monotonic() - self.began:.0f} s")
        if os.environ.get("CI"):
            say("CI=true: everything is stopped")
            return
        config = os.path.relpath(self.servers.cluster.kubeconfig)
        print("\n".join((
            "Everything goes on running. To play with it:",
            f"  export KUBECONFIG=$PWD/{config} PATH=$PWD/.venv/bin:$PATH",
            f"  kubectl -n {NAMESPACE} get colonnade",
            f"  kubectl -n {NAMESPACE} edit postgresschema/shop",
            f"  colonnade -n {NAMESPACE} status; colonnade -n {NAMESPACE} plans",
            f"  psql {self.servers.postgres.url('shop', 'colonnade', 'colonnade')}   # the demo's own throw-away server",
            f"  curl -s http://127.0.0.1:{self.metrics}/metrics | grep ^colonnade_",
            "make demo plays it again in seconds; make clean ends and removes all of it.",
        )))  # fmt: skip

    # -- hands

    def run(self, *command: object) -> None:
        """Show the command, run it, let its output be seen."""
        words = [str(w) for w in command]
        print(
            paint(
                "1",
                "$ " + shlex.join(os.path.relpath(w) if w.startswith("/") and Path(w).exists() else w for w in words),
            ),
            flush=True,
        )
        done = subprocess.run(words, env=self.env, check=False)
        if done.returncode != 0:
            raise SystemExit(
                f"the demo stops: {words[0]} ended with {done.returncode}; the operator's log is in {os.path.relpath(self.folder)}"
            )

    def quiet(self, *command: str) -> str:
        done = subprocess.run(command, env=self.env, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"the demo stops: {' '.join(command[:4])} … failed: {done.stderr.strip()}")
        return done.stdout

    def psql(self, command: str) -> None:
        self.run(
            self.servers.postgres.programs / "psql",
            "-X",
            "-q",
            "-P",
            "pager=off",
            self.servers.postgres.url("shop", "colonnade", "colonnade"),
            "-c",
            command,
        )

    def psql_file(self, file: Path) -> None:
        self.run(
            self.servers.postgres.programs / "psql",
            "-X",
            "-q",
            self.servers.postgres.url("shop", "colonnade", "colonnade"),
            "-f",
            file,
        )

    def condition(self, sort: str, field: str, name: str = "shop") -> str:
        return self.quiet(
            "kubectl",
            "-n",
            NAMESPACE,
            "get",
            f"postgresschema/{name}",
            "-o",
            f'jsonpath={{.status.conditions[?(@.type=="{sort}")].{field}}}',
        )

    def condition_plan(self) -> str:
        return self.quiet(
            "kubectl", "-n", NAMESPACE, "get", "postgresschema/shop", "-o", "jsonpath={.status.plan.name}"
        )

    def newest_plan(self) -> str:
        names = self.quiet(
            "kubectl", "-n", NAMESPACE, "get", "migrationplans", "--sort-by=.metadata.creationTimestamp", "-o", "name"
        )
        return [line for line in names.split() if "shop-mongo" not in line][-1].split("/")[-1]

    def until(self, what: str, condition: Callable[[], bool]) -> None:
        say(f"waiting for {what} …")
        if not poll(condition, 90, 0.2):
            raise SystemExit(
                f"the demo stops: {what} did not come within 90 s; the operator's log is in {os.path.relpath(self.folder)}"
            )


def _ready(port: int) -> bool:
    import urllib.error
    import urllib.request

    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def main() -> None:
    demo = Demo()
    try:
        demo.play()
        demo.finish()
    finally:
        if os.environ.get("CI"):
            from dev.process import stop_all

            stop_all(paths.state())


if __name__ == "__main__":
    main()
