"""What the server's errors mean for us: one table from SQLSTATE to our tree.

https://www.postgresql.org/docs/current/errcodes-appendix.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.pq import TransactionStatus

from colonnade.core.errors import (
    ColonnadeError,
    DataViolation,
    Failed,
    InvalidSpec,
    Unauthorized,
    Unreachable,
    Unsupported,
    WaitingForLock,
)
from colonnade.core.kind import ObjectId

if TYPE_CHECKING:
    from colonnade.engines.postgres.session import Connection

MEANINGS: dict[str, tuple[type[ColonnadeError], str]] = {
    "28P01": (Unauthorized, "check the password in the Secret"),
    "28000": (Unauthorized, "check the user in the Secret and pg_hba.conf on the server"),
    "42501": (Unauthorized, "grant what is missing to the user in the Secret"),
    "25006": (
        Unauthorized,
        "it takes no writes; use the primary, or turn default_transaction_read_only off for the role, database or server",
    ),
    "3D000": (Unreachable, "create the database, or correct its name in the Secret"),
    "53300": (Unreachable, "the server has no connection left; raise max_connections or use fewer"),
    "57P03": (Unreachable, "the server is starting or shutting down; it is tried again"),
    "57P01": (Unreachable, "the server ended the connection; it is tried again"),
    "55P03": (WaitingForLock, "another session holds the lock; it is tried again"),
    "40P01": (WaitingForLock, "it met another session in a deadlock; it is tried again"),
    "57014": (WaitingForLock, "it took too long; it is tried again"),
    "23505": (DataViolation, "remove the duplicates first"),
    "23502": (DataViolation, "fill the rows that have no value first"),
    "23503": (DataViolation, "mend the rows that refer to nothing first"),
    "23514": (DataViolation, "mend the rows that violate the check first"),
    "23P01": (DataViolation, "mend the rows that conflict first"),
    "22P02": (DataViolation, "declare a conversion for the values that do not fit"),
    "22001": (DataViolation, "shorten the values that do not fit, or declare a conversion"),
}
OF_VALUES = (DataViolation, "mend the values that do not fit, or declare a conversion")
"""All else of class 22: https://www.postgresql.org/docs/current/errcodes-appendix.html"""


NOWHERE = "declare a partition for the row, or a default one"


class Undone(Unsupported):
    """What cannot be done to these objects where they are, or does not make of them what is wanted."""

    def __init__(self, message: str, objects: Collection[ObjectId]) -> None:
        super().__init__(message)
        self.objects = objects


def meaning(error: psycopg.Error, subject: str, connection: Connection | None = None) -> ColonnadeError:
    """Our error for the server's, told of `subject`. Its text holds the server's primary message: no statement, no rows.

    Over the `connection`, where there is one, the server is asked whether it was an event trigger that said so.
    """
    state = error.sqlstate
    if state is None and isinstance(error, psycopg.OperationalError):
        return _connection_error(error, subject)
    unknown = OF_VALUES if (state or "").startswith("22") else (Failed, "look into the operator's log")
    said = error.diag.message_primary or type(error).__name__
    found, remedy = MEANINGS.get("22P02" if _unreadable(state, said) else state or "", unknown)
    refused = forbidden(error, connection) if connection else ""
    remedy = NOWHERE if said.startswith("no partition of relation ") else remedy
    remedy = refused or membership(said) or unreached(error).removeprefix("; ") or remedy
    return found(f"{subject}: {said}; {remedy}")


def _unreadable(state: str | None, said: str) -> bool:
    """Whether a type of an extension could not read a value: some call it a syntax error, as of SQL."""
    return state in ("42601", "XX000") and "syntax error" in said.lower() and " error at " not in said


def membership(said: str) -> str:
    """What to grant where a role cannot be acted for; nothing where the server complains of something else."""
    found = re.search(r'must be (?:able to SET ROLE|a? ?member of role|owner of .* or member of) "([^"]+)"', said)
    if found is None:
        return ""
    return (
        f'run: GRANT "{found[1]}" TO the user in the Secret; or, where that may do too much, as a superuser may, let another own it '
        "(ALTER … OWNER TO)"
    )


WATCHING: LiteralString = """SELECT pg_catalog.quote_ident(e.evtname) FROM pg_catalog.pg_event_trigger e
JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid WHERE e.evtenabled <> 'D' AND p.proname = ANY(%s) ORDER BY 1"""


def forbidden(error: psycopg.Error, connection: Connection) -> str:
    """What to do where an event trigger of the database raised this; nothing where none did, or it can no longer be asked."""
    raised = re.findall(r'function "?(?:[^\s"().]+\.)?([^\s"().]+)"?\(\)', error.diag.context or "")
    if not raised or connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
        return ""
    found = [one for (one,) in connection.execute(WATCHING, [raised]).fetchall()]
    if not found:
        return ""
    disable = "; ".join(f"ALTER EVENT TRIGGER {one} DISABLE" for one in found)
    return (
        f"event trigger {', '.join(found)} of the database refuses it: let its function pass what the user in the Secret does, "
        f"or run: {disable}; and enable it again after the change"
    )


def unreached(error: psycopg.Error) -> str:
    """What to do where a function's body names something by no schema, or a type is of a sort that no kind knows, with a semicolon before
    it; nothing where that is not the error.

    Sessions of ours have nothing but pg_catalog on their search_path (see session.py).
    """
    if unset := re.match(r'unrecognized configuration parameter "([^"]+)"', error.diag.message_primary or ""):
        return (
            f"; no session of ours has this setting: run ALTER ROLE … SET {unset[1]} = …, for the user in the Secret and with the value "
            f"that the rows are to get, or declare current_setting('{unset[1]}', true), which is NULL without it"
        )
    if hidden := re.match(
        r'query would be affected by row-level security policy for table "(.+)"', error.diag.message_primary or ""
    ):
        return _hidden(hidden[1])
    found = re.search(r'function "?([^\s"(]+)', error.diag.context or "")
    if error.sqlstate == "42704" and not found and (error.diag.message_primary or "").startswith("type "):
        return "; where that is a base type: it is functions in C, and not managed; take what needs it out of the declaration"
    if error.sqlstate not in ("42883", "42P01", "42704") or not found:
        return ""
    return (
        f"; function {found[1]} is run with only pg_catalog on its search_path: write out in its body of which schema "
        f"the things are that it uses, or give it a search_path: ALTER FUNCTION {found[1]} SET search_path = …"
    )


def _hidden(table: str) -> str:
    """Sessions of ours rather fail than pass rows over (see session.py)."""
    return (
        f"; row-level security hides rows of table {table} from its owner, too, and what is not seen cannot be proved: let the user in the "
        f"Secret see all of them (ALTER ROLE … BYPASSRLS), or run: ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY; which is taken back "
        "by the next plan, once all else is done"
    )


def _connection_error(error: psycopg.Error, subject: str) -> ColonnadeError:
    """libpq tells why a connection failed only in words; they name host and port, which may be shown, and no password."""
    said = str(error).lower()
    if "password authentication failed" in said or "no password supplied" in said:
        return Unauthorized(f"{subject}: the server refused the password; check the password in the Secret")
    if "does not exist" in said and "role" in said:
        return Unauthorized(f"{subject}: the server does not know the user; check the user in the Secret")
    if "no pg_hba.conf entry" in said:
        return Unauthorized(f"{subject}: pg_hba.conf on the server does not let this user in from here; add an entry")
    if "does not exist" in said and "database" in said:
        return Unreachable(f"{subject}: the database does not exist; create it, or correct its name in the Secret")
    if "certificate" in said or "ssl" in said:
        return Unreachable(
            f"{subject}: TLS could not be set up ({_last(error)}); check connection.tls and the CA in its Secret"
        )
    return Unreachable(f"{subject}: the server does not answer ({_last(error)}); it is tried again")


def _last(error: psycopg.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    first = lines[0] if lines else type(error).__name__
    return first.removeprefix("connection failed: ")[:200]


@contextmanager
def translated(subject: str, connection: Connection | None = None) -> Iterator[None]:
    """The server's errors of this block, as ours; for the `connection` see `meaning`."""
    try:
        yield
    except psycopg.Error as e:
        raise meaning(e, subject, connection) from e


def bad_spec(error: psycopg.Error) -> bool:
    """Whether the server rejects what was declared, rather than failing at it: classes 42, 22, 0A, 2B, 3F …"""
    return bool(error.sqlstate) and str(error.sqlstate)[:2] in (
        "42",
        "22",
        "0A",
        "2B",
        "3F",
        "54",
        "F0",
        "P0",
        "23",
        "25",
        "2F",
        "21",
        "55",
    )


__all__ = ["InvalidSpec", "Undone", "bad_spec", "meaning", "translated", "unreached"]
