"""What the operator can be told when it starts: each setting is a flag, an environment variable and a default.

The flag of `max_connections` is ``--max-connections``, its variable ``COLONNADE_MAX_CONNECTIONS``; a flag wins over the variable.
"""

from __future__ import annotations

import argparse
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[,\s]+", text) if word)


def _above(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if (number := int(text)) < least:
            raise ValueError(f"is less than {least}")
        return number

    return read


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def _seconds(text: str) -> float:
    if not re.fullmatch(r"([0-9.]+(ms|s|m|h))+", text):
        raise ValueError("is no duration such as 500ms, 30s, 10m or 1h")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", text))


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"is none of {', '.join(words)}")
        return text.lower()

    return read


def _shard(text: str) -> tuple[int, int]:
    if not (found := re.fullmatch(r"(\d+)/(\d+)", text)) or not int(found[1]) < int(found[2]):
        raise ValueError("is no share such as 0/3, 1/3 or 2/3")
    return int(found[1]), int(found[2])


def _setting(default: str, help_: str, read: Callable[[str], Any] = str) -> Any:
    return field(default=read(default), metadata={"default": default, "help": help_, "read": read})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How this process runs; times are seconds."""

    namespaces: tuple[str, ...] = _setting(
        "", "namespaces to watch, separated by commas; all of them where none is named", _words
    )
    workers: int = _setting("8", "how many Datastores are worked on at once", _above(1))
    resync: float = _setting(
        "5s", "no Datastore is looked at more often than this, whatever its spec.resync says", _seconds
    )
    max_connections: int = _setting(
        "100", "how many Datastores' connections are held open between passes at most", _above(1)
    )
    idle: float = _setting("10m", "how long a connection that nobody needs is kept", _seconds)
    allowed_hosts: tuple[str, ...] = _setting(
        "",
        "database hosts that may be connected to, as patterns such as *.svc or db-?.example.org; any where none is named",
        _words,
    )
    shard: tuple[int, int] = _setting("0/1", "the share of Datastores that this process serves: I/N, I from 0", _shard)
    lease: str = _setting("", "name of the Lease that one of several replicas holds; none where it is empty")
    lease_namespace: str = _setting("", "namespace of the Lease; that of the Pod, or default")
    identity: str = _setting("", "what this replica calls itself; the host's name")
    listen: str = _setting("", "address of the probes and metrics; 0.0.0.0 inside a cluster, else 127.0.0.1")
    probes_port: int = _setting("8080", "port of /healthz and /readyz; 0 turns them off", _above(0))
    metrics_port: int = _setting("8081", "port of /metrics; 0 turns it off", _above(0))
    log_level: str = _setting("info", "debug, info, warning or error", _one_of("debug", "info", "warning", "error"))
    log_format: str = _setting("json", "json or text", _one_of("json", "text"))
    grace: float = _setting(
        "50s", "how long running steps may take to come to a safe end when the process is told to stop", _seconds
    )
    finalize: float = _setting(
        "1h",
        "how long a deleted resource is held while its database cannot be cleaned up; then it is let go and the database kept as "
        "it is; 0s holds it for ever",
        _seconds,
    )


def add_flags(parser: argparse.ArgumentParser) -> None:
    """A flag for every setting."""
    for one in fields(Settings):
        told = one.metadata["help"].replace("%", "%%")
        parser.add_argument(
            f"--{one.name.replace('_', '-')}",
            metavar=one.name.upper(),
            help=f"{told} [{one.metadata['default'] or 'none'}]",
        )


def load(environment: Mapping[str, str], flags: argparse.Namespace | None = None) -> Settings:
    """The settings from flags, else variables, else defaults. Raises ValueError that names what is wrong."""
    said = {}
    for one in fields(Settings):
        variable = f"COLONNADE_{one.name.upper()}"
        flag = getattr(flags, one.name, None)
        text = environment.get(variable) if flag is None else flag
        if text is not None:
            said[one.name] = _read(one.metadata["read"], text, variable)
    return _at_home(Settings(**said), environment)


def _read(read: Callable[[str], Any], text: str, variable: str) -> Any:
    try:
        return read(text)
    except ValueError as wrong:
        flag = variable.removeprefix("COLONNADE_").lower().replace("_", "-")
        raise ValueError(f"--{flag} (or {variable}): {text!r} {wrong}") from None


def _at_home(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """What depends on where the process runs."""
    inside = "KUBERNETES_SERVICE_HOST" in environment
    found: dict[str, Any] = {
        "lease_namespace": environment.get("POD_NAMESPACE") or _own_namespace(),
        "identity": environment.get("POD_NAME") or f"{socket.gethostname()}-{os.getpid()}",
        "listen": "0.0.0.0" if inside else "127.0.0.1",  # noqa: S104 - the kubelet's probes come from outside the Pod
    }
    return replace(settings, **{name: value for name, value in found.items() if not getattr(settings, name)})


def _own_namespace() -> str:
    return _OWN_NAMESPACE.read_text().strip() if _OWN_NAMESPACE.exists() else "default"
