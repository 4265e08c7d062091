"""From a Secret to the address of a database, whoever wrote the Secret.

Understood as they come: a whole address (``uri``), or its parts; the names that these give their keys:
CloudNativePG (https://cloudnative-pg.io/documentation/current/applications/), Crunchy
(https://access.crunchydata.com/documentation/postgres-operator/latest/tutorials/basic-setup/user-management), Zalando (only user and
password; the host follows from its labels), the MongoDB operators, and servicebinding.io. Others are named under
``connection.secretRef.keys``.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit, urlunsplit

from colonnade import log
from colonnade.core.errors import InvalidSpec, Refused, WaitingForDependency
from colonnade.engines import Target
from colonnade.engines.address import well_formed
from colonnade.resources import Datastore

_URI = ("uri", "url", "connectionString.standardSrv", "connectionString.standard", "connectionStringStandardSrv",
        "connectionStringStandard", "connection-string")  # fmt: skip
_PARTS = {
    "host": ("host", "hostname"),
    "port": ("port",),
    "database": ("database", "dbname"),
    "username": ("username", "user"),
    "password": ("password",),
}
_AUTH_SOURCE = ("authSource", "authDatabase")
_SCHEMES = {"Postgres": ("postgresql", "postgres"), "MongoDB": ("mongodb", "mongodb+srv")}
_PORTS = {"Postgres": "5432", "MongoDB": "27017"}
_HOST_OPTIONS = ("host", "hostaddr")

Secrets = Mapping[str, Mapping[str, Any]]
"""The Secrets of a namespace that were found, by name."""


class Files:
    """Certificates and keys as files that only this process may read; the same content is the same file."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="colonnade-")

    def put(self, content: bytes) -> str:
        path = Path(self._folder.name) / hashlib.sha256(content).hexdigest()
        if not path.exists():
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - made private at once
                file.write(content)
        return str(path)

    def close(self) -> None:
        self._folder.cleanup()


def target(datastore: Datastore, secrets: Secrets, files: Files, allowed: Sequence[str] = ()) -> Target:
    """Where the database is. Raises WaitingForDependency, InvalidSpec or Refused; never shows a secret."""
    spec = datastore.spec
    keys = spec.connection.secret_ref.keys
    name = spec.connection.secret_ref.name
    url = address(spec.engine, name, _secret(secrets, name), keys.model_dump(exclude_none=True) if keys else {})
    shadow = None
    if spec.shadow is not None:
        ref = spec.shadow.secret_ref
        shadow = address(
            spec.engine,
            ref.name,
            _secret(secrets, ref.name),
            ref.keys.model_dump(exclude_none=True) if ref.keys else {},
        )
    for one in (url, shadow or url):
        admit(one, allowed)
    return Target(datastore.metadata.name, url, shadow, **_tls(datastore, url, secrets, files))


def _secret(secrets: Secrets, name: str) -> Mapping[str, Any]:
    if (found := secrets.get(name)) is None:
        raise WaitingForDependency(f"Secret {name} is not there; create it in the namespace of the Datastore")
    return found


def values(secret: Mapping[str, Any]) -> dict[str, bytes]:
    """The Secret's content by key."""
    try:
        return {key: base64.b64decode(value or "") for key, value in (secret.get("data") or {}).items()}
    except binascii.Error:
        raise InvalidSpec(
            f"Secret {secret['metadata']['name']} is not base64; write it anew, with stringData"
        ) from None


def address(engine: str, name: str, secret: Mapping[str, Any], keys: Mapping[str, str]) -> str:
    """The URL that the Secret tells, in whatever layout."""
    found = _texts(name, secret)
    parts = {part: _first(found, [keys[part]] if part in keys else usual) for part, usual in _PARTS.items()}
    if missing := [key for key in keys.values() if key not in found]:
        raise WaitingForDependency(
            f"Secret {name} has no key {missing[0]!r}; {_has(found)}. Add it, or mend secretRef.keys"
        )
    log.hide([parts["password"] or ""], [parts[part] or "" for part in ("username", "database", "host")])
    by_parts = any(part in keys for part in _PARTS)
    url = None if by_parts else _first(found, [keys["uri"]] if "uri" in keys else _URI)
    if url is not None:
        return _checked(engine, name, url, parts)
    host = parts["host"] or _zalando(secret)
    if not host:
        raise WaitingForDependency(
            f"Secret {name} has neither an address (uri) nor a host; {_has(found)}. Add one, or name its keys under secretRef.keys"
        )
    return _composed(engine, {**parts, "host": host}, _first(found, _AUTH_SOURCE))


def _texts(name: str, secret: Mapping[str, Any]) -> dict[str, str]:
    out = {}
    for key, value in values(secret).items():
        try:
            out[key] = value.decode().strip("\r\n")
        except UnicodeDecodeError:
            continue  # a key that holds no text (a keystore) is none of those that are read here
    if not out:
        raise WaitingForDependency(f"Secret {name} is empty; add uri, or host, port, database, username and password")
    return out


def _has(found: Mapping[str, str]) -> str:
    return f"it has {', '.join(sorted(found))}"


def _first(found: Mapping[str, str], keys: Sequence[str]) -> str | None:
    return next((found[key] for key in keys if found.get(key)), None)


def _zalando(secret: Mapping[str, Any]) -> str | None:
    """Its operator names the cluster in a label, and the Service of the cluster's primary is called as the cluster."""
    labels = secret["metadata"].get("labels") or {}
    if labels.get("application") == "spilo" and (cluster := labels.get("cluster-name")):
        return f"{cluster}.{secret['metadata']['namespace']}.svc"
    return None


def _checked(engine: str, name: str, url: str, parts: Mapping[str, str | None]) -> str:
    """A whole address, with the user of the Secret where the address names none."""
    well_formed(url, f"the address in Secret {name}")
    try:
        split = urlsplit(url)
    except ValueError:
        raise InvalidSpec(
            f"the address in Secret {name} is no URL; write {_SCHEMES[engine][0]}://user:password@host/database"
        ) from None
    if split.scheme not in _SCHEMES[engine]:
        raise InvalidSpec(
            f"the address in Secret {name} begins with {split.scheme[:20]!r}, and the Datastore's engine is {engine}; "
            f"write {_SCHEMES[engine][0]}://user:password@host/database"
        )
    user, _, hosts = split.netloc.rpartition("@")
    log.hide([unquote(user.partition(":")[2])], [unquote(user.partition(":")[0]), hosts, split.path.strip("/")])
    if not user and parts["username"]:
        split = split._replace(netloc=f"{_user(parts)}{hosts}")
    return urlunsplit(split)


def _user(parts: Mapping[str, str | None]) -> str:
    if not parts["username"]:
        return ""
    password = f":{quote(parts['password'], safe='')}" if parts["password"] else ""
    return f"{quote(parts['username'], safe='')}{password}@"


def _composed(engine: str, parts: Mapping[str, str | None], source: str | None) -> str:
    host, port = parts["host"] or "", parts["port"] or _PORTS[engine]
    hosts = ",".join(_with_port(one.strip(), port) for one in host.split(","))
    database = quote(parts["database"] or "", safe="")
    query = f"?authSource={quote(source or 'admin', safe='')}" if engine == "MongoDB" and parts["username"] else ""
    return f"{_SCHEMES[engine][0]}://{_user(parts)}{hosts}/{database}{query}"


def _with_port(host: str, port: str) -> str:
    if host.startswith("[") or host.count(":") == 1:
        return host if host.rpartition("]")[2].startswith(":") or host.count(":") == 1 else f"{host}:{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def hosts(url: str) -> Iterator[str]:
    """Every host that a driver might connect to for this URL."""
    split = urlsplit(url)
    for one in split.netloc.rpartition("@")[2].split(","):
        host = unquote(one)
        yield host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    for option, given in parse_qs(split.query).items():
        if option in _HOST_OPTIONS:
            yield from (host for text in given for host in text.split(","))


def admit(url: str, allowed: Sequence[str]) -> None:
    """Refuse a host that the operator's settings do not allow: a Secret must not turn it against services of others."""
    if not allowed:
        return
    for host in filter(None, hosts(url)):
        if not any(fnmatch.fnmatchcase(host.lower(), pattern.lower()) for pattern in allowed):
            raise Refused(
                f"host {host!r} is not among those that this operator may connect to ({', '.join(allowed)}); "
                "have it added to the operator's setting --allowed-hosts"
            )
    if "service" in parse_qs(urlsplit(url).query):
        raise Refused("the address names a service file, which may lead to any host; write the host itself")


def _tls(datastore: Datastore, url: str, secrets: Secrets, files: Files) -> dict[str, str | None]:
    """Whoever says anything of TLS gets it verified in full, unless the mode or the address says less."""
    tls = datastore.spec.connection.tls
    if tls is None:
        return {}
    told = {"sslmode", "tls", "ssl"} & parse_qs(urlsplit(url).query).keys()
    out: dict[str, str | None] = {"tls_mode": tls.mode or (None if told else "VerifyFull")}
    if (ca := tls.ca_secret_ref) is not None:
        out["ca_file"] = files.put(_value(secrets, ca.name, ca.key))
    if (own := tls.certificate_secret_ref) is not None:
        out["certificate_file"] = files.put(_value(secrets, own.name, "tls.crt"))
        out["key_file"] = files.put(_value(secrets, own.name, "tls.key"))
    return out


def _value(secrets: Secrets, name: str, key: str) -> bytes:
    found = values(_secret(secrets, name))
    if key not in found:
        raise WaitingForDependency(
            f"Secret {name} has no key {key!r}; it has {', '.join(sorted(found)) or 'none'}. Add it"
        )
    return found[key]
