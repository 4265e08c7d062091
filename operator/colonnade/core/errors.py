"""What can go wrong, as a tree; each class says what the status shows and whether trying again helps.

ColonnadeError
├── InvalidSpec            the declaration itself is wrong                         no retry until it changes
├── Conflict               two resources declare one object                        no retry until one changes
├── Unsupported            a difference that no kind explains, or a missing feature no retry until something changes
├── Refused                a gate said no                                          no retry until policy or plan changes
├── DataViolation          rows stand in the way of the declared state             retried: rows can be mended
├── Unauthorized           wrong password, missing privilege                       retried: a Secret can be rotated
├── Unreachable            the server does not answer                              retried soon
├── WaitingForLock         another session holds what a step needs                 retried soon
├── WaitingForDependency   something referred to is not there yet                  retried, and on its arrival
├── Stale                  the database moved between plan and run                 planned afresh at once
└── Failed                 a step failed in a way nobody foresaw                   retried with back-off
"""

from __future__ import annotations

from typing import ClassVar


class ColonnadeError(Exception):
    """An error a user may see: its text says what, which value, why, and what to do. It holds no secrets.

    `reason` is the status condition's reason; `retry` is the number of seconds after which trying again can help, or None
    when only a change of the declaration, the policy or an approval can.
    """

    reason: ClassVar[str] = "Failed"
    retry: ClassVar[float | None] = None
    subject: str = ""

    def about(self, subject: str) -> ColonnadeError:
        """The same error, told of this resource (``namespace/name``)."""
        self.subject = self.subject or subject
        return self


class InvalidSpec(ColonnadeError):
    """The declaration cannot be what its author meant: syntax, an unknown type, an index predicate with now()."""

    reason = "InvalidSpec"


class Conflict(ColonnadeError):
    """Two resources declare the same object."""

    reason = "Conflict"


class Unsupported(ColonnadeError):
    """A difference that no kind explains, or that this server version cannot hold."""

    reason = "Unsupported"


class Refused(ColonnadeError):
    """A gate said no, for good, until policy or declaration change."""

    reason = "Refused"


class DataViolation(ColonnadeError):
    """Rows stand in the way; nothing has been changed."""

    reason = "DataViolation"
    retry = 60.0


class Unauthorized(ColonnadeError):
    """The server knows us not, or does not let us."""

    reason = "Unauthorized"
    retry = 30.0


class Unreachable(ColonnadeError):
    """The server does not answer."""

    reason = "Unreachable"
    retry = 5.0


class WaitingForLock(ColonnadeError):
    """Another session holds what a step needs, and held it for the whole retry budget."""

    reason = "WaitingForLock"
    retry = 15.0


class WaitingForDependency(ColonnadeError):
    """Something the declaration refers to is not there yet: a Secret, a ConfigMap, a Datastore, another's table."""

    reason = "WaitingForDependency"
    retry = 30.0


class Stale(ColonnadeError):
    """The database is no longer what the plan was made from."""

    reason = "Applying"
    retry = 0.0


class Failed(ColonnadeError):
    """A step failed in a way nobody foresaw."""

    reason = "Failed"
    retry = 10.0
