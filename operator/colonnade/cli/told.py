"""The engines' errors as a person at a command line reads them, and without passwords."""

from __future__ import annotations

from colonnade import log
from colonnade.cli.terminal import visible

_WORDS = {
    "the password in the Secret": "the password in --url, PGPASSWORD or ~/.pgpass",
    "in the Secret": "in --url",
    "and the CA in its Secret": "and the certificates that --url names",
    "check connection.tls": "check sslmode in --url",
    ", or give the Datastore a spec.shadow": ", or name another server with --shadow",
    ", or set spec.shadow": ", or name another server with --shadow",
    "policy.drops is Refuse; declare it again, or set policy.drops to Quarantine": "drops are refused here; declare it again, "
    "or say --drops quarantine",
    "; it is tried again": "; run this again in a moment",
    "; look into the operator's log": "; look into the server's log",
    ", as the operator was told to; it goes on later": "; run this again to go on",
    "; it is planned afresh": "; run this again",
}
"""What the operator's users would do, and what to do here. The errors themselves are the same wherever they come from."""


def told(message: str, *, cluster: bool = False) -> str:
    """The message without secrets; unless it is about a `cluster`, in the words of a command line."""
    for theirs, ours in () if cluster else _WORDS.items():
        message = message.replace(theirs, ours)
    return visible(log.scrub(message))
