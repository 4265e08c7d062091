"""The Kubernetes API as this operator needs it: plain documents in and out, retried where the server is away or busy.

The generated client brings authentication and connections; its models are not used, so that a document comes back with every
field it had. 429 and 5xx are normal while an API server restarts, and right after a CRD was made
(https://kubernetes.io/docs/reference/using-api/api-concepts/).
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
from kubernetes.aio import client, config

from colonnade import metrics

_LOG = logging.getLogger(__name__)
_TRIES = 6
_PAGE = 500
_TIMEOUT = 20
_JSON = "application/json"
_NAMES_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

Document = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """Where objects of one kind are in the API."""

    group: str
    version: str
    plural: str

    def path(self, namespace: str | None = None, name: str | None = None, sub: str | None = None) -> str:
        """The path of the collection, of one object, or of a part of it."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        inside = f"/namespaces/{quote(namespace)}" if namespace else ""
        return root + inside + "".join(f"/{quote(part)}" for part in (self.plural, name, sub) if part)


SECRETS = Place("", "v1", "secrets")
CONFIG_MAPS = Place("", "v1", "configmaps")
EVENTS = Place("events.k8s.io", "v1", "events")


class ApiError(Exception):
    """The API server refused, or could not be reached (status 0)."""

    def __init__(self, status: int, verb: str, path: str, message: str) -> None:
        super().__init__(f"{verb} {path}: {status or 'no answer'} {message}")
        self.status = status

    @property
    def transient(self) -> bool:
        """Whether the same request may work a little later."""
        return self.status in (0, 429) or self.status >= 500


class Api:
    """One connection pool to one API server."""

    def __init__(self, generated: client.ApiClient) -> None:
        self._client = generated

    async def find(self, place: Place, namespace: str, name: str) -> Document | None:
        """The object, or None where there is none."""
        try:
            return await self.request("GET", place.path(namespace, name))
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def list(self, place: Place, namespace: str | None, *, names_only: bool = False) -> AsyncIterator[Document]:
        """Every object of a namespace, or of all, page by page; `names_only` asks for their metadata alone."""
        query: dict[str, str] = {"limit": str(_PAGE)}
        accept = _NAMES_ONLY if names_only else _JSON
        while True:
            page = await self.request("GET", place.path(namespace), query, accept=accept)
            for item in page["items"] or ():  # null where there are none
                yield item
            if not (token := page["metadata"].get("continue")):
                return
            query["continue"] = token

    async def create(self, place: Place, namespace: str, body: Mapping[str, Any]) -> Document:
        return await self.request("POST", place.path(namespace), body=body)

    async def replace(self, place: Place, namespace: str, name: str, body: Mapping[str, Any]) -> Document:
        return await self.request("PUT", place.path(namespace, name), body=body)

    async def delete(self, place: Place, namespace: str, name: str) -> None:
        """Remove the object; it may be gone already."""
        try:
            await self.request("DELETE", place.path(namespace, name))
        except ApiError as error:
            if error.status != 404:
                raise

    async def merge(
        self, place: Place, namespace: str, name: str, patch: Mapping[str, Any], sub: str | None = None
    ) -> Document:
        """A merge patch: what is named is set, null removes."""
        return await self.request("PATCH", place.path(namespace, name, sub), body=patch, form="merge-patch")

    async def patch(self, place: Place, namespace: str, name: str, operations: Sequence[Mapping[str, Any]]) -> Document:
        """A JSON patch, all or nothing."""
        return await self.request("PATCH", place.path(namespace, name), body=operations, form="json-patch")

    async def apply(
        self, place: Place, namespace: str | None, name: str, body: Mapping[str, Any], manager: str
    ) -> Document:
        """Server-side apply, in the name of `manager`: https://kubernetes.io/docs/reference/using-api/server-side-apply/."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"}
        return await self.request("PATCH", place.path(namespace, name), query, body=body, form="apply-patch")

    async def request(
        self,
        verb: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        body: Any = None,
        form: str = "",
        accept: str = _JSON,
    ) -> Document:
        """One request, tried again while the server is away or busy. `form` is the sort of a patch."""
        notation = "yaml" if form == "apply-patch" else "json"  # what that one is called; JSON is YAML
        headers = {"Accept": accept, "Content-Type": f"application/{form}+{notation}" if form else _JSON}
        target = f"{path}?{urlencode(query)}" if query else path
        for turn in range(_TRIES):
            try:
                return await self._once(verb, target, headers, body)
            except ApiError as error:
                if not error.transient or turn == _TRIES - 1:
                    raise
                _LOG.debug("tried again", extra={"verb": verb, "path": path, "status": error.status})
                await asyncio.sleep(min(5.0, 0.2 * 2**turn) * random.uniform(0.7, 1.3))  # noqa: S311 - spreads load
        raise AssertionError("the last try returns or raises")

    async def _once(self, verb: str, path: str, headers: Mapping[str, str], body: Any) -> Document:
        try:
            call = await self._client.param_serialize(
                verb, path, header_params=dict(headers), body=body, auth_settings=["BearerToken"]
            )
            answer = await self._client.call_api(
                *call, _request_timeout=aiohttp.ClientTimeout(total=_TIMEOUT, sock_connect=5)
            )
            data: bytes = await answer.read()  # type: ignore[no-untyped-call]
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            metrics.API_REQUESTS.labels(verb, "none").inc()
            raise ApiError(0, verb, path, type(error).__name__) from error
        metrics.API_REQUESTS.labels(verb, str(answer.status)).inc()
        if answer.status >= 400:
            raise ApiError(answer.status, verb, path, _said(data))
        found: Document = json.loads(data)
        return found


def _said(data: bytes) -> str:
    """What the server says is wrong."""
    try:
        return str(json.loads(data).get("message", ""))[:1000]
    except (ValueError, AttributeError):
        return ""


@asynccontextmanager
async def connect(kubeconfig: str | None = None, context: str | None = None) -> AsyncIterator[Api]:
    """The API of the cluster that the process runs in, or that KUBECONFIG names; a person may name file and context."""
    generated = client.ApiClient(await configured(kubeconfig, context))
    generated.user_agent = "colonnade"
    try:
        yield Api(generated)
    finally:
        await generated.close()  # type: ignore[no-untyped-call]


async def configured(kubeconfig: str | None = None, context: str | None = None) -> client.Configuration:
    """Address, certificates and token, as they are now."""
    configuration = client.Configuration()
    if os.environ.get("KUBERNETES_SERVICE_HOST") and not (kubeconfig or context or os.environ.get("KUBECONFIG")):
        config.load_incluster_config(configuration)  # type: ignore[no-untyped-call]
    else:
        await config.load_kube_config(kubeconfig, context, configuration)  # type: ignore[no-untyped-call]
    configuration.connection_pool_maxsize = 32
    return configuration
