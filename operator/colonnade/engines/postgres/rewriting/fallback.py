"""Which of a plan's columns can get successors: where a rehearsal refuses some, those are rewritten and all others keep the gentle way."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import psycopg

from colonnade.core.errors import Unsupported
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step

MOST = 12
"""Rehearsals, at most: each costs a copy of the schema."""
LONGEST = 160


class CannotFollow(Unsupported):
    """What stands on these columns cannot be built on their successors."""

    def __init__(self, message: str, columns: Collection[ObjectId]) -> None:
        super().__init__(message)
        self.columns = frozenset(columns)


class Tries:
    """Looks for the most columns that a rehearsal goes well with. `steps` are those of the last that did, `reasons` why others cannot."""

    def __init__(self, attempt: Callable[[frozenset[ObjectId]], list[Step]]) -> None:
        self.attempt, self.left = attempt, MOST
        self.last = Unsupported("")
        self.steps: list[Step] | None = None
        self.reasons: dict[ObjectId, str] = {}

    def widen(self, kept: frozenset[ObjectId], more: Sequence[frozenset[ObjectId]]) -> frozenset[ObjectId]:
        """`kept`, which goes well, and what of the groups in `more` does, too; where nobody says what is in the way, by halves."""
        wanted = kept.union(*more) - self.reasons.keys()
        if wanted <= kept:
            return kept
        if self.left <= 0:
            return self._without(kept, wanted, self.last)
        try:
            self.left -= 1
            self.steps = self.attempt(wanted)
        except Unsupported as why:
            self.last = why
            named = why.columns & wanted if isinstance(why, CannotFollow) else frozenset[ObjectId]()
            if named:
                self.reasons |= dict.fromkeys(named, short(why))
                return self.widen(kept, more)
            if len(more) == 1:
                return self._without(kept, wanted, why)
            half = len(more) // 2
            return self.widen(self.widen(kept, more[:half]), more[half:])
        return wanted

    def _without(self, kept: frozenset[ObjectId], wanted: frozenset[ObjectId], why: Unsupported) -> frozenset[ObjectId]:
        self.reasons = dict.fromkeys(wanted - kept, short(why)) | self.reasons
        return kept


def short(why: Unsupported) -> str:
    """The reason in a few words: the server's own where it is the one that refused."""
    cause = why.__cause__
    said = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
    return (said or str(why).partition(";")[0])[:LONGEST]
