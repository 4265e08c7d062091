"""The Kubernetes API as a person reaches it: with their kubeconfig and their rights, and with errors that say what to do."""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, cast

import yaml
from kubernetes.aio import config

from colonnade.cluster.api import Api, ApiError, connect
from colonnade.core.errors import (
    ColonnadeError,
    Failed,
    InvalidSpec,
    Refused,
    Unauthorized,
    Unreachable,
    WaitingForDependency,
)

_UNREADABLE = (config.ConfigException, OSError, yaml.YAMLError, AttributeError, KeyError, TypeError)
"""What the client's reader of kubeconfigs raises; the last three where a file is empty, or something else."""
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
logging.getLogger("kubernetes").setLevel(logging.ERROR)  # what it warns of is in our errors, too


@asynccontextmanager
async def reach(kubeconfig: str | None, context: str | None) -> AsyncIterator[Api]:
    """The API. Raises ColonnadeError, here and for what goes wrong in the block."""
    async with AsyncExitStack() as stack:
        try:
            api = await stack.enter_async_context(connect(kubeconfig, context))
        except _UNREADABLE as error:
            advice = "give --kubeconfig or --context, or set KUBECONFIG"
            raise InvalidSpec(f"no cluster can be reached: {_why(kubeconfig, error)}; {advice}") from error
        try:
            yield api
        except ApiError as error:
            raise explained(error) from error


def _why(kubeconfig: str | None, error: Exception) -> str:
    """What keeps the kubeconfig from being used."""
    paths = kubeconfig or os.environ.get("KUBECONFIG") or "~/.kube/config"
    if not any(Path(path).expanduser().is_file() for path in paths.split(os.pathsep) if path):
        return f"there is no kubeconfig at {paths}"
    if isinstance(error, AttributeError | KeyError | TypeError):
        return f"{paths} is no kubeconfig"
    return str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__


def explained(error: ApiError) -> ColonnadeError:
    """What the API server said, as an error with advice."""
    said = str(error).partition(": ")[2]
    match error.status:
        case 0:
            return Unreachable(
                f"the API server does not answer ({said}); check the cluster and --context, and try again"
            )
        case 401:
            return Unauthorized(
                "the API server does not know who you are; log in again, or check --kubeconfig and --context"
            )
        case 403:
            return Unauthorized(f"{said.removeprefix('403 ')}; ask for that right, or use another --context")
        case 404:
            return WaitingForDependency(
                f"{said.removeprefix('404 ')}; check the name and --namespace, and that the CRDs are installed: "
                "colonnade doctor"
            )
        case 409:
            return Refused(f"{said.removeprefix('409 ')}; somebody else changed it, look again")
        case 422 | 400:
            return InvalidSpec(said.partition(" ")[2])
        case _:
            return Failed(f"the API server answered: {said}; look into its log")


def home(kubeconfig: str | None, context: str | None) -> str:
    """The namespace of the kubeconfig's context, as kubectl takes it."""
    if os.environ.get("KUBERNETES_SERVICE_HOST") and not (kubeconfig or context or os.environ.get("KUBECONFIG")):
        return _OWN_NAMESPACE.read_text().strip() if _OWN_NAMESPACE.exists() else "default"
    try:
        contexts, current = cast(tuple[Any, Any], config.list_kube_config_contexts(kubeconfig))  # type: ignore[no-untyped-call]
    except _UNREADABLE:
        return "default"  # reaching the cluster says what is wrong
    chosen = next((one for one in contexts if one["name"] == context), None) if context else current
    found = (chosen or {}).get("context") or {}
    return str(found.get("namespace") or "default")
