"""Addresses of databases, looked at before anybody takes them apart: a password that is not encoded comes out as a host or a name."""

from __future__ import annotations

import re

from colonnade.core.errors import InvalidSpec

_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")


def well_formed(url: str, where: str) -> None:
    """Raises InvalidSpec, told of `where` and without a word of the address.

    An ``@``, ``/``, ``?`` or ``#`` in a password ends it early, and what is left of it would be shown as the host.
    """
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path, _, options = rest[len(authority) :].partition("?")
    cut = not path or not all(_HOST.fullmatch(host) for host in authority.split(","))
    if authority.count("@") > 1 or "@" in path or ("@" not in authority and "@" in options and cut):
        raise InvalidSpec(
            f"{where}: there is an @ where none may be: the user, the password and the name of the database have to be percent-encoded "
            "(@ is %40, / is %2F, ? is %3F, # is %23)"
        )
