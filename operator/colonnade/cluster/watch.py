"""Kopf feeds the Store: it lists and watches, reconnects, and logs in again. It decides nothing and stores nothing in the objects.

It runs in a thread and loop of its own: it treats every task of its loop as its own to cancel, and every signal as meant for it.
Where it ends with an error (a watch that the server breaks off with anything but 410 does that) it is started anew.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Collection
from typing import Any

import kopf

from colonnade.cluster.api import Document, configured
from colonnade.cluster.objects import PLACES

_LOG = logging.getLogger(__name__)
_PAUSE = 2.0
_MANY = "type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token,type!=kubernetes.io/dockerconfigjson"
"""Secrets of these types are numerous and large, and none of them holds the address of a database."""

Sink = Callable[[str | None, Document], None]


class _Stateless(kopf.DiffBaseStorage):
    """Kopf compares objects with what it stored of them; here nothing is stored, and nothing compared."""

    def build(self, **_: Any) -> Any:
        return {}

    def fetch(self, **_: Any) -> Any:
        return None

    def store(self, **_: Any) -> None:
        return None


class Watch(threading.Thread):
    """Calls `sink` in `loop` for every event of every kind. `running` says whether Kopf is up; `restart` starts it anew."""

    def __init__(self, namespaces: Collection[str], sink: Sink, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="watch", daemon=True)
        self._namespaces, self._sink, self._loop = namespaces, sink, loop
        self._end = threading.Event()
        self._stop_kopf = threading.Event()
        self.running = threading.Event()

    def run(self) -> None:
        while not self._end.is_set():
            self._stop_kopf.clear()
            try:
                asyncio.run(self._operate())
            except Exception:  # noqa: BLE001 - whatever ended it, without a watch nothing is noticed any more
                _LOG.exception("the watch ended and is started anew")
            self.running.clear()
            self._end.wait(_PAUSE)

    def restart(self) -> None:
        self._stop_kopf.set()

    def stop(self) -> None:
        self._end.set()
        self._stop_kopf.set()

    async def _operate(self) -> None:
        await kopf.operator(
            registry=self._registry(),
            settings=_settings(),
            clusterwide=not self._namespaces,
            namespaces=self._namespaces,
            stop_flag=self._stop_kopf,
            ready_flag=self.running,
        )

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(_login)
        for kind, place in PLACES.items():
            kopf.on.event(place.group, place.version, place.plural, registry=registry, id=f"see-{kind.lower()}")(
                self._handler(kind)
            )
        return registry

    def _handler(self, kind: str) -> Callable[..., Any]:
        async def see(event: Any, **_: Any) -> None:
            doc = {**event["object"], "kind": kind}
            self._loop.call_soon_threadsafe(self._sink, event["type"], doc)

        return see


async def _login(**_given: Any) -> kopf.ConnectionInfo:
    """As our own client does it; Kopf asks again when a token is no longer taken."""
    found = await configured()
    scheme, _, token = str(found.api_key.get("BearerToken", "")).rpartition(" ")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        scheme=scheme.capitalize() or None,
        token=token or None,
        proxy_url=found.proxy,
    )


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.peering.standalone = True
    settings.posting.enabled = False
    settings.scanning.disabled = (
        True  # needs no right to list CRDs or namespaces; that the CRDs are there is seen to before
    )
    settings.watching.chunk_size = 500
    settings.watching.field_selectors["", "v1", "secrets"] = _MANY
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.persistence.finalizer = (
        "colonnade.dev/kopf"  # never set; Kopf takes away the one it believes to be its own
    )
    settings.persistence.diffbase_storage = _Stateless()
    return settings
