"""`make demo`: the main job before your eyes, on a real Kubernetes API, a real Postgres and a real MongoDB.

Every command is printed before it runs, as a person would type it; on a terminal each chapter waits for Enter. At the end everything
goes on running, to be played with, but for CI=true, where nobody is there. `make clean` ends and removes it all.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pymongo import MongoClient

from colonnade.cli.entry import REFUSED
from dev import demo_stage, paths, shop
from dev.demo_stage import Stage
from dev.process import poll, stop_all

CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")
ALONE = CI or not sys.stdin.isatty() or not sys.stdout.isatty()
PLAIN = not sys.stdout.isatty() or "NO_COLOR" in os.environ
PATIENCE = 120


class Stopped(Exception):
    """Something did not come out as it should."""


def paint(code: str, text: str) -> str:
    return text if PLAIN else f"\033[{code}m{text}\033[0m"


def say(text: str) -> None:
    print(paint("2", f"# {text}"), flush=True)


def chapter(text: str) -> None:
    if not ALONE:
        input(paint("2", "\n(Enter to go on) "))
    print(f"\n{paint('1;36', '== ' + text)}", flush=True)


class Demo:
    """A person at a shell, whose current namespace is `shop`."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def play(self) -> None:
        for scene in (self.declare, self.change, self.approve, self.back, self.drift, self.mistake, self.delete):
            scene()

    def declare(self) -> None:
        chapter("A team declares its shop: tables in Postgres as SQL, documents in MongoDB")
        self.run("kubectl apply -f manifests/examples/shop")
        self.run(f"kubectl wait --for=condition=Ready --timeout={PATIENCE}s postgresschema/shop mongoschema/shop")
        self.run("kubectl get datastores,postgresschemas,mongoschemas")
        say("Ready says that each database was read again, and is what was declared:")
        self.run("psql $SHOP -c '\\dt' -c '\\d orders'")
        self.collections()
        chapter("Rows come in")
        self.run("psql $SHOP -q -v ON_ERROR_STOP=1 -f manifests/examples/shop/rows/postgres.sql")
        shop.fill_mongo(self.stage.mongo_url)
        say("and documents, from manifests/examples/shop/rows/mongodb")
        self.count()

    def change(self) -> None:
        chapter(
            "The next step: users.status, NOT NULL, with a default and a check; those who are there get one that fits them"
        )
        self.run(
            "diff manifests/examples/shop/sql/schema.sql manifests/examples/shop/sql/schema-with-status.sql",
            may_end_with=(0, 1),
        )
        self.run("kubectl apply -f manifests/examples/shop/step-2/20-postgres.yaml")
        self.run(f"kubectl wait --for=condition=Ready --timeout={PATIENCE}s postgresschema/shop")
        say("no step of it made anybody wait or could lose anything, so it ran by itself; this is what ran:")
        self.run(f"kubectl colonnade show {self.plan('Applied', 'shop')}")
        self.run("psql $SHOP -c 'SELECT status, count(*), count(verified_at) AS verified FROM users GROUP BY status'")

    def approve(self) -> None:
        chapter("The same for the documents: from now on some writes would be refused, so a person looks first")
        self.run("kubectl apply -f manifests/examples/shop/step-2/30-mongo.yaml")
        self.until("mongoschema/shop", "ApprovalRequired")
        self.run("kubectl get migrationplans")
        self.give_word("shop-mongo")
        self.run(f"kubectl wait --for=condition=Ready --timeout={PATIENCE}s mongoschema/shop")

    def back(self) -> None:
        chapter("And back again: dropping the column would lose data, so that waits for a person, too")
        self.run("kubectl apply -f manifests/examples/shop/20-postgres.yaml")
        self.until("postgresschema/shop", "ApprovalRequired")
        self.give_word("shop")
        self.run(f"kubectl wait --for=condition=Ready --timeout={PATIENCE}s postgresschema/shop")
        say("the column waits in quarantine, out of the way, and every row is there:")
        self.count()

    def drift(self) -> None:
        chapter("Somebody changes the database by hand, at night")
        self.run("psql $SHOP -c 'DROP INDEX orders_user_idx' -c 'ALTER TABLE products ALTER COLUMN stock DROP DEFAULT'")
        say("it would be seen at the next look, every 30 s here; let us not wait:")
        self.look("datastore/shop")
        self.until("postgresschema/shop", "Drifted")
        self.run("kubectl colonnade status")
        say("reported, and left alone: that is the default. Now let it be put back:")
        self.run("""kubectl patch datastore shop --type=merge -p '{"spec": {"policy": {"drift": "Correct"}}}'""")
        self.until("postgresschema/shop", "ApprovalRequired", "Converged")
        if self.ready("postgresschema/shop")["reason"] == "ApprovalRequired":
            self.give_word("shop")
        self.until("postgresschema/shop", "Converged")
        self.run("psql $SHOP -c '\\d orders_user_idx'")

    def mistake(self) -> None:
        chapter("A mistake: an index over now(). It is told with its place and the way out, and nothing is changed")
        self.run("kubectl apply -f manifests/examples/mistakes/2-now-in-index.yaml")
        self.until("postgresschema/now-in-index", "InvalidSpec")
        self.message("postgresschema/now-in-index")
        self.run("kubectl delete postgresschema now-in-index")

    def delete(self) -> None:
        chapter("Deleting a resource leaves its database as it is, unless its deletionPolicy says otherwise")
        self.run("kubectl delete postgresschema/shop mongoschema/shop")
        self.count()
        say("and declaring it once more finds it all as it should be:")
        self.run("kubectl apply -f manifests/examples/shop")
        self.run(f"kubectl wait --for=condition=Ready --timeout={PATIENCE}s postgresschema/shop")

    # -- hands

    def run(self, command: str, *, may_end_with: Sequence[int] = (0,)) -> int:
        """Show the command, run it, let its output be seen; its exit code."""
        print(paint("1", f"$ {command}"), flush=True)
        done = subprocess.run(["bash", "-c", command], env=self.stage.environment, cwd=paths.ROOT, check=False)
        if done.returncode not in may_end_with:
            raise Stopped(f"that command ended with {done.returncode}")
        return done.returncode

    def ask(self, *arguments: str) -> str:
        """What kubectl says, unseen."""
        return self.stage.servers.cluster.kubectl(f"--namespace={demo_stage.NAMESPACE}", *arguments)

    def ready(self, name: str) -> dict[str, str]:
        """The condition Ready of a resource, once it is about what was applied last."""
        doc = json.loads(self.ask("get", name, "--output=json"))
        found = {c["type"]: c for c in doc["status"].get("conditions", [])}.get("Ready", {})
        return found if found.get("observedGeneration") == doc["metadata"]["generation"] else {"reason": ""}

    def until(self, name: str, *reasons: str) -> None:
        def there() -> bool:
            return self.ready(name).get("reason") in reasons

        say(f"{name}: waiting for {' or '.join(reasons)}")
        if not poll(there, PATIENCE, 0.2):
            raise Stopped(f"{name} is {self.ready(name)} after {PATIENCE} s, and should be {' or '.join(reasons)}")

    def message(self, name: str) -> None:
        self.run(f"kubectl get {name} -o jsonpath='{{.status.conditions[?(@.type==\"Ready\")].message}}'")
        print()

    def look(self, name: str) -> None:
        self.run(f"kubectl annotate --overwrite {name} colonnade.dev/reconcile-at={time.time():.0f}")

    def plans(self, state: str, datastore: str) -> Iterator[str]:
        for doc in json.loads(self.ask("get", "migrationplans", "--sort-by=.metadata.creationTimestamp", "-o", "json"))[
            "items"
        ]:
            if doc["spec"]["datastoreRef"]["name"] == datastore and doc["status"].get("state") == state:
                yield doc["metadata"]["name"]

    def plan(self, state: str, datastore: str) -> str:
        """The newest plan of that Datastore that is in this state."""
        if not poll(lambda: any(self.plans(state, datastore)), 30, 0.2):
            raise Stopped(f"no plan of {datastore} is {state}")
        return list(self.plans(state, datastore))[-1]

    def give_word(self, datastore: str) -> None:
        name = self.plan("Pending", datastore)
        if not ALONE:
            say("it shows the plan, and asks; a person with the right to approve answers y:")
        command = f"kubectl colonnade approve {name}{' --yes' if ALONE else ''} --reason 'seen in the demo'"
        while self.run(command, may_end_with=(0, REFUSED)) == REFUSED:
            say("the plan waits for as long as it takes; the demo goes on with a y:")

    def count(self) -> None:
        self.run("psql $SHOP -f manifests/examples/shop/rows/count.sql")
        self.collections()

    def collections(self) -> None:
        with MongoClient[dict[str, object]](self.stage.mongo_url) as client:
            database = client.get_default_database()
            for name in sorted(n for n in database.list_collection_names() if not n.startswith("colonnade.")):
                indexes = ", ".join(sorted(database[name].index_information()))
                say(
                    f"MongoDB collection {name}: {database[name].estimated_document_count()} documents; indexes {indexes}"
                )


def how_to_go_on(stage: Stage) -> str:
    return "\n".join((
        "Everything goes on running. To play with it, in this folder:",
        *(f'  export {name}="{value}"' for name, value in stage.exports.items()),
        "  kubectl get colonnade                        # everything there is",
        "  kubectl edit postgresschema shop             # change the SQL, and watch",
        "  kubectl colonnade status",
        "  kubectl colonnade plans",
        "  psql $SHOP                                   # be the one who changes it by hand",
        f"  curl -s 127.0.0.1:{stage.metrics}/metrics | grep ^colonnade_",
        f"  tail -f {demo_stage.relative(stage.log)}",
        "make demo plays it again, make clean ends and removes all of it.",
    ))  # fmt: skip


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Two at once would have one database between them."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Stopped("another demo plays here already; let it end, or stop it") from None
        yield


def main() -> int:
    folder = paths.state() / "servers"
    try:
        with only_one(folder):
            return play(folder)
    except Stopped as problem:
        print(f"\nThe demo stops: {problem}. The operator's log: {folder / 'colonnade.log'}", file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print(
            "\nStopped in the middle; what runs goes on running: make demo begins anew, make clean ends it.",
            file=sys.stderr,
        )
        return 130


def play(folder: Path) -> int:
    began = time.monotonic()
    try:
        print(
            paint("1;36", "== The stage: a Kubernetes API, Postgres 18, a MongoDB replica set, and the operator"),
            flush=True,
        )
        stage = demo_stage.build(folder, say)
        say(f"all of it runs, after {time.monotonic() - began:.0f} s")
        Demo(stage).play()
        print(f"\n{paint('1;32', f'== That was the main job. {time.monotonic() - began:.0f} s in all.')}", flush=True)
        print("CI=true: everything is stopped." if CI else how_to_go_on(stage), flush=True)
    finally:
        if CI:
            stop_all(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
