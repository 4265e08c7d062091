"""Declarations brought into a scratch database: in an order in which each finds what it needs, without those that cannot be.

Which of them each object is of shows in what is there after each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from colonnade.core.errors import ColonnadeError, Conflict, InvalidSpec
from colonnade.core.kind import Model, ObjectId
from colonnade.engines import Declaration, Desired
from colonnade.engines.postgres.declared.bodies import unreadable_bodies
from colonnade.engines.postgres.declared.load import NeedsDatabase, load
from colonnade.engines.postgres.declared.scratch import Scratch
from colonnade.engines.postgres.declared.together import load_together, schemas
from colonnade.engines.postgres.declared.trial import broken_triggers
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.session import SCRATCH, Connection, pin

D = TypeVar("D", bound=Desired)

LARGE = 2**18
"""Characters of SQL beyond which what is declared is loaded in a database of its own: one transaction can only hold so many locks."""


class Loading:
    """One attempt at some declarations. `owners` and what was `found` are those of the database that they were brought into last."""

    def __init__(self, scratch: Scratch, empty: Callable[[Connection], Model]) -> None:
        self.scratch, self.empty = scratch, empty
        self.owners: dict[ObjectId, str] = {}
        self.found: Model | None = None
        self._tried_after: dict[str, set[str]] = {}
        self._together = False

    def loaded(
        self,
        declarations: Sequence[Declaration],
        errors: dict[str, ColonnadeError],
        take: Callable[[Connection], D],
        *,
        owned: bool = False,
    ) -> D:
        """What `take` makes of a database with all declarations in it that can be; a failing one is taken out and the rest loaded anew.

        Whose each object is, is only found out where they are `owned`.
        """
        order = list(declarations)
        room = self.scratch.database if _size(declarations) > LARGE else self.scratch.trial
        while True:
            try:
                with room() as connection:
                    failed = self._load_each(connection, order, errors, owned=owned)
                    if failed is None:
                        found = take(connection)
                        failed = self._without_broken(connection, found.model, order, errors)
                        if failed is None:
                            return found
                order = failed
            except NeedsDatabase:
                room = self.scratch.database

    def _without_broken(
        self, connection: Connection, model: Model, order: list[Declaration], errors: dict[str, ColonnadeError]
    ) -> list[Declaration] | None:
        """None where every body can be read and every trigger can work; else the declarations without those with one that cannot."""
        before = len(errors)
        unreadable = unreadable_bodies(connection, order)
        unable = ((oid, f"{oid} fails on every row: {said}") for oid, said in broken_triggers(connection, model))
        for oid, said in (*unreadable, *unable):
            errors.setdefault(self.owners.get(oid) or order[0].owner, InvalidSpec(said))
        return [d for d in order if d.owner not in errors] if len(errors) > before else None

    def _load_each(
        self, connection: Connection, order: list[Declaration], errors: dict[str, ColonnadeError], *, owned: bool
    ) -> list[Declaration] | None:
        """None when all are in; else the order to try next."""
        came = self._watched(connection, owned=owned and (len(order) > 1 or any(d.spec or d.claims for d in order)))
        if self._together:
            return self._load_together(connection, order, errors, came)
        for i, declaration in enumerate(order):
            try:
                _load(connection, declaration)
            except InvalidSpec as e:
                after = [d for d in order[i + 1 :] if d.owner not in self._tried_after.get(declaration.owner, set())]
                if after and _lacks(e):
                    self._tried_after.setdefault(declaration.owner, set()).update(d.owner for d in after)
                    return [*order[:i], *order[i + 1 :], declaration]
                if _lacks(e) and len(order) > 1:
                    self._together = True
                    return order
                errors[declaration.owner] = e
                return [*order[:i], *order[i + 1 :]]
            except ColonnadeError as e:
                return self._conflict(order, i, e, errors)
            came(declaration)
        return None

    def _load_together(
        self,
        connection: Connection,
        order: list[Declaration],
        errors: dict[str, ColonnadeError],
        came: Callable[[Declaration], None],
    ) -> list[Declaration] | None:
        """The same, where no order will do."""
        found = load_together(connection, order, came)
        for i, declaration in enumerate(order):
            if isinstance(error := found.get(declaration.owner), Conflict):
                return self._conflict(order, i, error, errors)
        errors.update(found)
        return [d for d in order if d.owner not in found] if found else None

    def _watched(self, connection: Connection, *, owned: bool) -> Callable[[Declaration], None]:
        """What finds out, whenever something of a declaration has come, whose each object is, where they are `owned`."""
        self.owners, self.found = {}, None
        known = set(self.empty(connection).objects) if owned else set[ObjectId]()

        def came(declaration: Declaration) -> None:
            pin(connection, **SCRATCH)
            if owned:
                self.found = read(connection)
                self.owners.update({o: declaration.owner for o in self.found.objects if o not in known})
                known.update(self.found.objects)

        return came

    def _conflict(
        self, order: list[Declaration], i: int, error: ColonnadeError, errors: dict[str, ColonnadeError]
    ) -> list[Declaration]:
        """Both that declare one object are set aside: which of them is right is not for us to say."""
        errors[order[i].owner] = error
        if not isinstance(error, Conflict) or i == 0:
            errors[order[i].owner] = InvalidSpec(str(error)) if isinstance(error, Conflict) else error
            return [*order[:i], *order[i + 1 :]]
        for other in order[:i]:
            with self.scratch.database() as connection:
                try:
                    for d in (other, order[i]):
                        _load(connection, d)
                except Conflict as e:
                    errors[other.owner] = Conflict(f"{order[i].owner} declares the same object: {e}")
                    errors[order[i].owner] = Conflict(f"{other.owner} declares the same object: {e}")
                    return [d for d in order if d.owner not in errors]
                except ColonnadeError:
                    continue
        errors[order[i].owner] = InvalidSpec(str(error))
        return [*order[:i], *order[i + 1 :]]


def _load(connection: Connection, declaration: Declaration) -> None:
    load(connection, declaration, schemas(declaration))


def _size(declarations: Sequence[Declaration]) -> int:
    return sum(len(source.text) for d in declarations for source in d.sources)


def _lacks(error: ColonnadeError) -> bool:
    return any(w in str(error) for w in ("does not exist", "no schema has been selected"))
