"""Server codes to Colonnade's errors: one table.
https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml

The driver's own texts may repeat parts of an address, so they are shortened and anything that could be a credential is
cut out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    InvalidName,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from colonnade.core.errors import (
    ColonnadeError,
    DataViolation,
    Failed,
    InvalidSpec,
    Stale,
    Unauthorized,
    Unreachable,
    Unsupported,
    WaitingForLock,
)


class Stopped(Unreachable):
    """The operator was told to stop: what is done stays, and the next one goes on."""

    reason = "Applying"


TIMED_OUT = 50
BUSY = frozenset({24, 46, TIMED_OUT, 112, 12586, 12587})
"""LockTimeout, LockBusy, MaxTimeMSExpired, WriteConflict, a background operation on the database or the collection."""
AWAY = frozenset({6, 7, 89, 91, 133, 189, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436})
"""The primary is unreachable, stepping down or shutting down."""
NOT_FOUND = frozenset({26, 27})
"""NamespaceNotFound, IndexNotFound."""

_CLASSES: Mapping[int, type[ColonnadeError]] = {
    **dict.fromkeys(BUSY, WaitingForLock),
    **dict.fromkeys(AWAY, Unreachable),
    **dict.fromkeys((13, 18, 334, 8000), Unauthorized),
    **dict.fromkeys((26, 27, 48, 10003), Stale),  # somebody dropped or created it since the plan was made
    **dict.fromkeys((121, 171, 359, 11000, 16755, 17261, 17262), DataViolation),
    **dict.fromkeys(
        (2, 4, 5, 9, 14, 51, 56, 66, 67, 73, 167, 182, 197, 13103, 40324, 40352, 40415, 51024, 5626500), InvalidSpec
    ),
    **dict.fromkeys((59, 72, 85, 86, 115, 303, 5979800), Unsupported),
}

_WAY_OUT: Mapping[type[ColonnadeError], str] = {
    WaitingForLock: "it is tried again; end the transaction or operation that holds the collection if it stays so",
    Unreachable: "it is tried again",
    Stale: "the plan is made afresh",
    DataViolation: "mend or remove these documents, then it goes on by itself",
    InvalidSpec: "correct the declaration",
    Unsupported: "the server cannot do this in place; see the documentation of what changes in place",
    Failed: "it is tried again",
}

_ACTIONS: Mapping[str, tuple[str, ...]] = {
    "listCollections": ("listCollections",),
    "listIndexes": ("listIndexes",),
    "create": ("createCollection",),
    "createIndexes": ("createIndex",),
    "dropIndexes": ("dropIndex",),
    "drop": ("dropCollection",),
    "collMod": ("collMod",),
    "convertToCapped": ("convertToCapped",),
    "renameCollection": ("renameCollectionSameDB", "find"),
    "find": ("find",),
    "aggregate": ("find",),
    "count": ("find",),
    "collStats": ("collStats",),
    "insert": ("insert",),
    "update": ("find", "update"),
    "delete": ("remove",),
    "findAndModify": ("find", "insert", "update"),
}
_CREDENTIALS = re.compile(r"//[^/@\s]*@")
_DETAIL = re.compile(
    r", (?:full error|Timeout|Topology Description|configured timeouts):? .*|\(configured timeouts.*", re.DOTALL
)


def code_of(error: BaseException | None) -> int | None:
    """The server's code of a driver's error, or of what it was translated to."""
    found = error.__cause__ if isinstance(error, ColonnadeError) else error
    return found.code if isinstance(found, OperationFailure) else None


def details_of(error: BaseException) -> Mapping[str, Any]:
    """The server's reply behind an error."""
    found = error.__cause__ if isinstance(error, ColonnadeError) else error
    return (found.details or {}) if isinstance(found, OperationFailure) else {}


def words(error: PyMongoError) -> str:
    """What the driver says, short and without anything that could be a credential."""
    said = str(error)
    if isinstance(error, OperationFailure) and error.details:
        said = str(error.details.get("errmsg") or said)
    return _CREDENTIALS.sub("//***@", _DETAIL.sub("", said))[:600].rstrip(" .;,")


def grant(database: str, collection: str, actions: tuple[str, ...]) -> str:
    """The command that gives these actions to Colonnade's role, which manifests/mongodb-role.json makes."""
    listed = ", ".join(f'"{a}"' for a in actions)
    resource = f'{{db: "{database}", collection: "{collection}"}}'
    return (
        f'db.getSiblingDB("admin").grantPrivilegesToRole("colonnade", [{{resource: {resource}, actions: [{listed}]}}])'
    )


def _unauthorized(error: PyMongoError, command: Mapping[str, Any], database: str) -> ColonnadeError:
    if code_of(error) in (18, 334, 8000) or not command:
        return Unauthorized(
            f"the server refuses the credentials of {database!r}: {words(error)}; correct the username, the "
            "password or authSource in the Secret"
        )
    verb = next(iter(command))
    subject = command[verb] if isinstance(command[verb], str) else ""
    where = f" on {database}.{subject}" if subject else f" on {database}"
    actions = _ACTIONS.get(verb, (verb,))
    return Unauthorized(
        f"the database user may not run {verb}{where}: it lacks the action {' and '.join(actions)}; grant it: "
        f"{grant(database, '', actions)}"
    )


def translated(error: PyMongoError, command: Mapping[str, Any], database: str) -> ColonnadeError:
    """The error as a user may see it: what, which value, why, what to do."""
    if isinstance(error, ServerSelectionTimeoutError | AutoReconnect) or code_of(error) in AWAY:
        return Unreachable(
            f"the server of {database!r} does not answer: {words(error)}; it is tried again. See that it runs, "
            "that the address in the Secret is right, and that the network lets us through"
        )
    if isinstance(error, ConfigurationError | InvalidName):
        return InvalidSpec(
            f"the address of {database!r} is no usable mongodb:// URI ({type(error).__name__}); correct it in the "
            "Secret: characters such as @ : / in the password are written %40 %3A %2F"
        )
    code = code_of(error)
    found = _CLASSES.get(code, Failed) if code is not None else Failed
    if found is Unauthorized:
        return _unauthorized(error, command, database)
    verb = next(iter(command), "command")
    subject = command.get(verb) if isinstance(command.get(verb), str) else database
    return found(f"{verb} on {subject}: {words(error)} (code {code}); {_WAY_OUT[found]}")


@contextmanager
def translating(command: Mapping[str, Any], database: str) -> Iterator[None]:
    """The driver's errors come out as Colonnade's."""
    try:
        yield
    except PyMongoError as error:
        raise translated(error, command, database) from error
