"""One connection to one database: how it is opened, how commands run, what its user may do.

Times: five seconds to find a primary; no limit on a command that has none of its own, since ending an index build by a
time limit undoes it (https://www.mongodb.com/docs/manual/reference/command/createIndexes/).
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from pymongo import MongoClient, ReadPreference, WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import ConfigurationError, OperationFailure
from pymongo.read_preferences import Primary, SecondaryPreferred

from colonnade.core.errors import InvalidSpec, Unreachable, Unsupported
from colonnade.core.gate import Policy
from colonnade.engines import Target
from colonnade.engines.mongodb.errors import translating
from colonnade.engines.mongodb.statement import Document

FIND_SECONDS = 5
MAJORITY: Document = {"w": "majority", "wtimeout": 60_000}
CHANGES = ("createCollection", "createIndex", "dropIndex", "collMod")
_OTHERS = ("admin", "config", "local")

Client = MongoClient[dict[str, Any]]
Privileges = tuple[Mapping[str, Any], ...]


class Session:
    """A database and how far its user may go. Holds the only client; its threads share it, as the driver allows."""

    def __init__(self, client: Client, database: str, policy: Policy, stop: threading.Event) -> None:
        self.client = client
        self.name = database
        self.policy = policy
        self.stop = stop

    def run(self, command: Document, *, database: str | None = None, lenient: bool = False) -> dict[str, Any]:
        """Run a command on the primary.

        A write that no majority confirmed, and one that was refused (unless `lenient`), comes as ok with a note inside:
        they are errors here.
        """
        with translating(command, self.name):
            reply = self.client[database or self.name].command(dict(command), read_preference=Primary())
            if (refused := reply.get("writeErrors")) and not lenient:
                raise OperationFailure(refused[0].get("errmsg", ""), refused[0].get("code"), refused[0])
        if refusal := reply.get("writeConcernError"):
            verb = next(iter(command))
            raise Unreachable(
                f"{verb} on {command[verb]} ran, but too few members of the replica set confirmed it "
                f"({refusal.get('errmsg')}); see that a majority of them is up. It is looked at again"
            )
        return dict(reply)

    def rows(self, command: Document, *, database: str | None = None, far: bool = False) -> Iterator[dict[str, Any]]:
        """The documents of a command that answers with a cursor; `far` lets a secondary answer."""
        preference = SecondaryPreferred() if far else ReadPreference.PRIMARY
        with translating(command, self.name):
            found = self.client[database or self.name].cursor_command(dict(command), read_preference=preference)
            yield from found

    def together(self, commands: Sequence[Document]) -> None:
        """All of these writes or none of them, where there is a replica set; else one after the other."""
        if not self.replicated:
            for command in commands:
                self.run({**command, "writeConcern": MAJORITY})
            return
        with translating(commands[0], self.name), self.client.start_session() as session:
            session.with_transaction(
                lambda within: self._inside(commands, within), write_concern=WriteConcern("majority")
            )

    def _inside(self, commands: Sequence[Document], session: ClientSession) -> None:
        for command in commands:
            reply = self.client[self.name].command(dict(command), session=session)
            if refused := reply.get("writeErrors"):
                raise OperationFailure(refused[0].get("errmsg", ""), refused[0].get("code"), refused[0])

    def lag(self) -> float:
        """How many seconds the slowest member of the replica set is behind; 0 where there is none, or where we may not
        ask.
        """
        if not self.replicated or not self.may_on_cluster("replSetGetStatus"):
            return 0.0
        members = self.run({"replSetGetStatus": 1}, database="admin")["members"]
        primary = [m["optimeDate"] for m in members if m["stateStr"] == "PRIMARY"]
        others = [m["optimeDate"] for m in members if m["stateStr"] == "SECONDARY"]
        return float(max((max(primary) - one).total_seconds() for one in others)) if primary and others else 0.0

    @cached_property
    def hello(self) -> Mapping[str, Any]:
        """What the server says of itself."""
        return self.run({"hello": 1}, database="admin")

    def forget(self) -> None:
        """What the server said of itself and of the user may have changed."""
        for name in ("hello", "version", "privileges"):
            self.__dict__.pop(name, None)

    def meet(self) -> None:
        """Ask the server anew what it is; another one may have become the primary."""
        self.__dict__.pop("hello", None)

    @property
    def replicated(self) -> bool:
        return "setName" in self.hello

    @property
    def read_only(self) -> bool:
        """Whether nothing can be changed here: a secondary, or a user who may only look."""
        return not self.hello.get("isWritablePrimary") or not any(self.may(action) for action in CHANGES)

    @property
    def writable(self) -> bool:
        """Whether we may write anything at all, our own records included."""
        return self.policy.mode == "Apply" and not self.read_only

    @cached_property
    def version(self) -> tuple[int, ...]:
        found = self.run({"buildInfo": 1}, database="admin")
        return tuple(int(part) for part in found["versionArray"][:3])

    @cached_property
    def privileges(self) -> Privileges | None:
        """What the user may do; None where the server asks nobody who he is."""
        info = self.run({"connectionStatus": 1, "showPrivileges": True}, database="admin")["authInfo"]
        return tuple(info["authenticatedUserPrivileges"]) if info["authenticatedUsers"] else None

    def may(self, action: str, collection: str = "") -> bool:
        """Whether the user may do this to the collection, or to every one of the database where none is named."""
        granted = self.privileges
        return granted is None or any(
            action in p["actions"] and _covers(p["resource"], self.name, collection) for p in granted
        )

    def may_on_cluster(self, action: str) -> bool:
        """Whether the user may do this to the server as a whole."""
        granted = self.privileges
        return granted is None or any(
            action in p["actions"] and (p["resource"].get("cluster") or p["resource"].get("anyResource"))
            for p in granted
        )


def _covers(resource: Mapping[str, Any], database: str, collection: str) -> bool:
    if resource.get("anyResource"):
        return True
    return resource.get("db") in ("", database) and resource.get("collection") in ("", collection)


@contextmanager
def connected(target: Target, policy: Policy, stop: threading.Event) -> Iterator[Session]:
    """A session that reached the server and is known to it. Raises Unreachable, Unauthorized or InvalidSpec."""
    with translating({}, target.name), _certificate(target) as certificate:
        client: Client = MongoClient(target.url, **_options(target, certificate))
    with client:
        session = Session(client, _database(client, target), policy, stop)
        _met(session)
        yield session


def _options(target: Target, certificate: dict[str, Any]) -> dict[str, Any]:
    options: dict[str, Any] = {
        "appname": "colonnade", "serverSelectionTimeoutMS": FIND_SECONDS * 1000, "connectTimeoutMS": FIND_SECONDS * 1000,
        "maxPoolSize": 5, "tz_aware": True, "w": "majority", "readConcernLevel": "local", "retryWrites": True,
    }  # fmt: skip
    return {**options, **_tls(target), **certificate}


def _tls(target: Target) -> dict[str, Any]:
    """https://www.mongodb.com/docs/manual/reference/connection-string/#tls-options; without a mode, as the address
    says.
    """
    if target.tls_mode is None:
        return {"tls": True, "tlsCAFile": target.ca_file} if target.ca_file else {}
    if target.tls_mode == "Disable":
        return {"tls": False}
    found: dict[str, Any] = {"tls": True, "tlsCAFile": target.ca_file} if target.ca_file else {"tls": True}
    if target.tls_mode == "Require":
        return {**found, "tlsAllowInvalidCertificates": True}
    return {**found, "tlsAllowInvalidHostnames": True} if target.tls_mode == "VerifyCA" else found


@contextmanager
def _certificate(target: Target) -> Iterator[dict[str, Any]]:
    """The driver wants certificate and key in one file, and reads it once: memory holds it, so that no key is written
    to disk.
    """
    if target.certificate_file is None:
        yield {}
        return
    files = [file for file in (target.certificate_file, target.key_file) if file]
    held = os.memfd_create("certificate")
    try:
        os.write(held, b"\n".join(Path(file).read_bytes() for file in files))
        yield {"tls": True, "tlsCertificateKeyFile": f"/proc/self/fd/{held}"}
    finally:
        os.close(held)


def _database(client: Client, target: Target) -> str:
    try:
        name = client.get_default_database().name
    except ConfigurationError:
        raise InvalidSpec(
            f"the address of {target.name!r} names no database; write it after the host: "
            "mongodb://host:27017/shop?replicaSet=rs0"
        ) from None
    if name in _OTHERS:
        raise InvalidSpec(
            f"the address of {target.name!r} names {name!r}, which is the server's own database; name the database "
            "whose collections are declared, and authSource=admin for where the user is kept"
        )
    return name


def _met(session: Session) -> None:
    """The first commands: is somebody there, does he know us, can he do what is needed?"""
    if session.hello.get("msg") == "isdbgrid":
        raise Unsupported(
            f"{session.name!r} is reached through mongos; sharded clusters are not managed yet: connect to a replica set"
        )
    if session.version < (6,):
        told = ".".join(map(str, session.version))
        raise Unsupported(f"the server of {session.name!r} is MongoDB {told}; versions 6 to 8 are managed: upgrade it")


def is_encrypted(target: Target) -> bool:
    """Whether the connection uses TLS, by the mode or, without one, by the address."""
    if target.tls_mode is not None:
        return target.tls_mode != "Disable"
    address = target.url.lower()
    asked = (
        "tls=true" in address
        or "ssl=true" in address
        or (address.startswith("mongodb+srv:") and "tls=false" not in address)
    )
    return asked or bool(target.ca_file or target.certificate_file)
