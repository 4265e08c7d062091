"""From --url to a Target: which engine, what to call the database in messages, and which parts are secret."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from colonnade import log
from colonnade.core.errors import InvalidSpec
from colonnade.engines import Target
from colonnade.engines.address import well_formed

ENGINES = {"postgresql": "Postgres", "postgres": "Postgres", "mongodb": "MongoDB", "mongodb+srv": "MongoDB"}
_FORM = "write postgresql://user@host:port/database or mongodb://user@host:port/database"
_SECRET_OPTIONS = ("password", "sslpassword", "tlsCertificateKeyFilePassword")


def read(url: str, shadow: str | None = None) -> tuple[str, Target]:
    """The engine's name and the Target. Raises InvalidSpec, without showing the URL."""
    split = _split(url, "--url")
    if shadow is not None and ENGINES[_split(shadow, "--shadow").scheme] != "Postgres":
        raise InvalidSpec("--shadow: scratch databases are for Postgres only; take it out")
    return ENGINES[split.scheme], Target(_name(split), url, shadow)


def _split(url: str, option: str) -> SplitResult:
    well_formed(url, option)
    try:
        split = urlsplit(url)
        options = parse_qs(split.query)
    except ValueError:
        raise InvalidSpec(f"{option}: this is no URL; {_FORM}") from None
    if split.scheme not in ENGINES:
        raise InvalidSpec(f"{option}: this is no address of a database; {_FORM}")
    user, _, hosts = split.netloc.rpartition("@")
    name, _, password = user.partition(":")
    secrets = [password, unquote(password), *(value for option in _SECRET_OPTIONS for value in options.get(option, ()))]
    log.hide(secrets, [unquote(name), hosts, split.path.strip("/")])
    return split


def _name(split: SplitResult) -> str:
    """Where the database is, for people; without user and password."""
    hosts, database = split.netloc.rpartition("@")[2], unquote(split.path.strip("/"))
    return "/".join(part for part in (hosts, database) if part) or "the default database"
