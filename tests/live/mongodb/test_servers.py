"""Servers of other sorts: one that stands alone, and one that wants TLS and certificates."""

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from colonnade.core.errors import ColonnadeError, Unreachable
from colonnade.core.gate import Policy
from colonnade.engines import Target, engine
from dev import libraries
from dev.certificates import Authority
from dev.mongodb import mongod
from dev.process import Server, free_ports
from tests.live.mongodb.live import Mongo
from tests.live.mongodb.test_create import SHOP

Start = Callable[..., int]


@pytest.fixture
def start(run_folder: Path) -> Iterator[Start]:
    """A server with these options of its own; its port."""
    servers: list[Server] = []

    def started(*options: str, **how: Any) -> int:
        folder = run_folder / f"mongodb-{secrets.token_hex(4)}"
        (folder / "data").mkdir(parents=True)
        (port,) = free_ports(1)
        server = Server("mongod", folder)
        servers.append(server)
        fixed = [
            "--bind_ip",
            "127.0.0.1",
            "--port",
            str(port),
            "--dbpath",
            str(folder / "data"),
            "--nounixsocket",
            "--quiet",
        ]
        server.start([mongod(), *fixed, *options], env=libraries.for_program(mongod()))
        server.wait(lambda: answers(port, **how))
        return port

    yield started
    for server in servers:
        server.stop()


def answers(port: int, **how: Any) -> bool:
    try:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, serverSelectionTimeoutMS=500, **how) as client:
            client.admin.command("ping")
    except PyMongoError:
        return False
    return True


def test_a_server_that_stands_alone_is_managed_too(start: Start) -> None:
    url = f"mongodb://127.0.0.1:{start()}/shop"
    with MongoClient[dict[str, Any]](url) as client:
        mongo = Mongo(url, client.get_default_database())
        mongo.apply(SHOP)
        mongo.db.users.insert_many([{"email": str(i)} for i in range(5)])
        once = "\nbackfills: [{collection: users, field: x, value: 1, filter: {email: {$exists: true}}}]"
        mongo.apply(SHOP + once)
        assert mongo.db.users.count_documents({"x": 1}) == 5
        with mongo.opened() as database:
            assert database.probe().facts["topology"] == "standalone"


def test_a_server_that_wants_certificates(start: Start, tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours")
    other = Authority(tmp_path / "theirs")
    for each in (authority, other):
        each.create()
    authority.issue("server", "server", hosts=("127.0.0.1",))
    authority.issue("client", "colonnade")
    ours = authority.folder
    both = tmp_path / "server.pem"
    both.write_bytes((ours / "server.crt").read_bytes() + (ours / "server.key").read_bytes())
    client = tmp_path / "client.pem"
    client.write_bytes((ours / "client.crt").read_bytes() + (ours / "client.key").read_bytes())
    options = ["--tlsMode", "requireTLS", "--tlsCertificateKeyFile", str(both), "--tlsCAFile", str(ours / "ca.crt")]
    port = start(*options, tls=True, tlsCAFile=str(ours / "ca.crt"), tlsCertificateKeyFile=str(client))
    target = Target(
        "shop", f"mongodb://127.0.0.1:{port}/shop", ca_file=str(ours / "ca.crt"), certificate_file=str(ours / "client.crt"),
        key_file=str(ours / "client.key"), tls_mode="VerifyFull",
    )  # fmt: skip
    for mode in ("VerifyFull", "VerifyCA", "Require"):
        with engine("MongoDB").open(replace(target, tls_mode=mode), Policy(), threading.Event()) as database:
            assert database.probe().tls
    elsewhere = replace(target, url=f"mongodb://localhost:{port}/shop")
    refused: list[ColonnadeError] = []
    for wrong in (
        replace(target, ca_file=str(other.folder / "ca.crt")),
        replace(target, certificate_file=None, key_file=None),
        replace(target, tls_mode="Disable", ca_file=None, certificate_file=None),
        elsewhere,
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("colonnade.engines.mongodb.session.FIND_SECONDS", 2)
            with pytest.raises(Unreachable) as caught, engine("MongoDB").open(wrong, Policy(), threading.Event()):
                pass
            refused.append(caught.value)
    assert "certificate verify failed" in str(refused[0])
    with engine("MongoDB").open(replace(elsewhere, tls_mode="VerifyCA"), Policy(), threading.Event()) as database:
        assert database.probe().tls
