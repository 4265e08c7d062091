"""What is written to a real API server, and what a missed event does: the parts below the operator's process."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from kubernetes.aio.config import incluster_config

from colonnade.cluster.api import CONFIG_MAPS, Api, ApiError, connect
from colonnade.cluster.objects import OWN, Id, Key
from colonnade.cluster.probes import serve
from colonnade.cluster.store import Store
from colonnade.cluster.sweep import listed, sweep
from colonnade.cluster.watch import _login
from colonnade.cluster.writer import Writer
from colonnade.core.errors import InvalidSpec
from colonnade.core.status import converged, working
from tests.cluster.harness import Doc, datastore, postgres

Main = Callable[[Api], Coroutine[Any, Any, None]]
PLACE = OWN["PostgresSchema"]


@pytest.fixture
def run(kubeconfig: Path, crds: list[str]) -> Callable[[Main], None]:
    """`run(main)`: with a connection to the API server."""

    async def connected(main: Main) -> None:
        async with connect(str(kubeconfig)) as api:
            await main(api)

    return lambda main: asyncio.run(connected(main))


def store() -> Store:
    return Store(lambda key, priority: None)


def schema(name: str = "users") -> Doc:
    return postgres(name, "shop", "CREATE TABLE t (a int);")


def test_a_status_is_patched_where_it_differs_and_what_is_no_longer_true_goes(
    run: Callable[[Main], None], namespace: str
) -> None:
    async def main(api: Api) -> None:
        kept = store()
        doc = await api.create(OWN["Datastore"], namespace, datastore("shop"))
        kept.put(doc)
        writer = Writer(api, kept, "test")
        server = {"version": "18.6", "facts": {"a": "1", "b": "2"}}
        await writer.write(doc, converged("well"), {"server": server, "problems": ["x"], "fingerprint": "f"})
        fewer = {"version": "18.6", "facts": {"b": "3"}}
        await writer.write(doc, converged("well"), {"server": fewer, "problems": [], "fingerprint": None})
        found = await api.find(OWN["Datastore"], namespace, "shop")
        assert found is not None
        assert found["status"]["server"] == fewer
        assert found["status"]["problems"] == []
        assert "fingerprint" not in found["status"]
        before = found["metadata"]["resourceVersion"]
        await writer.write(doc, converged("well"), {"server": fewer, "problems": [], "fingerprint": None})
        again = await api.find(OWN["Datastore"], namespace, "shop")
        assert again is not None
        assert again["metadata"]["resourceVersion"] == before
        await writer.flush()

    run(main)


def test_a_status_is_never_written_for_a_generation_that_was_overtaken(
    run: Callable[[Main], None], namespace: str
) -> None:
    async def main(api: Api) -> None:
        kept = store()
        old = await api.create(PLACE, namespace, schema())
        kept.put(old)
        writer = Writer(api, kept, "test")
        await writer.greet(old)
        kept.put(await api.merge(PLACE, namespace, "users", {"spec": {"sql": "CREATE TABLE t (b int);"}}))
        await writer.write(old, converged("the old one is well"))
        found = await api.find(PLACE, namespace, "users")
        assert found is not None
        assert found["status"]["observedGeneration"] == 1
        assert found["status"]["conditions"][0]["reason"] == "Applying"

    run(main)


def test_writes_to_one_status_do_not_overtake_each_other(run: Callable[[Main], None], namespace: str) -> None:
    async def main(api: Api) -> None:
        kept = store()
        doc = await api.create(PLACE, namespace, schema())
        kept.put(doc)
        writer = Writer(api, kept, "test")
        await asyncio.gather(
            *(writer.write(doc, working(f"step {i}")) for i in range(10)),
            writer.greet(doc),
            writer.write(doc, converged("done")),
        )
        found = await api.find(PLACE, namespace, "users")
        assert found is not None
        assert found["status"]["conditions"][0]["message"] == "done"
        await writer.flush()

    run(main)


def test_a_status_of_an_object_that_is_gone_is_nobodys_error(run: Callable[[Main], None], namespace: str) -> None:
    async def main(api: Api) -> None:
        kept = store()
        doc = await api.create(PLACE, namespace, schema())
        kept.put(doc)
        await api.delete(PLACE, namespace, "users")
        await api.delete(PLACE, namespace, "users")
        await Writer(api, kept, "test").write(doc, converged("well"))
        assert await api.find(PLACE, namespace, "users") is None

    run(main)


def test_what_the_watch_has_missed_is_found_by_comparing(run: Callable[[Main], None], namespace: str) -> None:
    async def main(api: Api) -> None:
        kept = store()
        for name in ("stays", "changes", "goes"):
            kept.put(await api.create(PLACE, namespace, schema(name)))
        assert await sweep(api, kept, [namespace], catch_up=0) == 0
        await api.merge(PLACE, namespace, "changes", {"spec": {"sql": "CREATE TABLE t (b int);"}})
        await api.delete(PLACE, namespace, "goes")
        await api.create(PLACE, namespace, schema("comes"))
        assert await sweep(api, kept, [namespace], catch_up=0) == 3
        assert [doc["metadata"]["name"] for doc in kept.view(Key(namespace, "shop")).schemas] == [
            "changes",
            "comes",
            "stays",
        ]
        changed = kept.find(Id("PostgresSchema", namespace, "changes"))
        assert changed is not None
        assert changed["metadata"]["generation"] == 2
        assert await sweep(api, kept, [namespace], catch_up=0) == 0

    run(main)


def test_listing_takes_as_many_pages_as_it_needs(
    run: Callable[[Main], None], namespace: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("colonnade.cluster.api._PAGE", 2)

    async def main(api: Api) -> None:
        for number in range(5):
            await api.create(PLACE, namespace, schema(f"s{number}"))
        assert len([doc async for doc in listed(api, [namespace])]) == 5
        names = [doc async for doc in listed(api, [namespace], names_only=True)]
        assert all("spec" not in doc for doc in names)
        assert {doc["kind"] for doc in names} == {"PostgresSchema"}

    run(main)


def test_what_the_server_refuses_is_told_with_its_reason(run: Callable[[Main], None], namespace: str) -> None:
    async def main(api: Api) -> None:
        with pytest.raises(ApiError, match="not found") as caught:
            await api.create(CONFIG_MAPS, "no-such-namespace", {"metadata": {"name": "x"}})
        assert (caught.value.status, caught.value.transient) == (404, False)

    run(main)


def test_a_server_that_is_not_there_is_tried_again_and_then_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kubeconfig: Path
) -> None:
    away = tmp_path / "away.kubeconfig"
    away.write_text(re.sub(r"https://127.0.0.1:\d+", "https://127.0.0.1:9", kubeconfig.read_text()))
    monkeypatch.setattr("colonnade.cluster.api._TRIES", 2)

    async def main() -> None:
        async with connect(str(away)) as api:
            with pytest.raises(ApiError, match="no answer") as caught:
                await api.find(PLACE, "default", "users")
            assert caught.value.transient

    asyncio.run(main())


def test_inside_a_cluster_it_works_as_the_service_account_of_its_pod(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    kubeconfig: Path,
    namespace: str,
    service_account: Callable[[str], Path],
    crds: list[str],
) -> None:
    """The files of a Pod are laid out elsewhere; the token is a real one, of somebody who has no rights."""
    cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
    token = yaml.safe_load(service_account("nobody").read_text())["users"][0]["user"]["token"]
    address = urlsplit(cluster["server"])
    (tmp_path / "token").write_text(token)
    (tmp_path / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", str(address.hostname))
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(address.port))
    monkeypatch.delenv("KUBECONFIG", raising=False)

    async def main() -> None:
        async with connect() as api:
            with pytest.raises(ApiError, match=f"system:serviceaccount:{namespace}:nobody") as caught:
                await api.find(PLACE, namespace, "users")
            assert caught.value.status == 403
        seen = await _login()
        assert (seen.server, seen.token, seen.scheme) == (f"https://{address.netloc}", token, "Bearer")

    asyncio.run(main())


def test_a_port_that_is_taken_is_named() -> None:
    async def main() -> None:
        async with serve("127.0.0.1", taken, 0, lambda: "", lambda: ""):
            raise AssertionError("it listens on a port of somebody else")

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(InvalidSpec, match=f"127.0.0.1:{taken} cannot be listened on"):
            asyncio.run(main())
