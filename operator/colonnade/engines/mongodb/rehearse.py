"""Declared collections made for a moment, empty, under a name of Colonnade's own: the server says what it makes of
them.

That finds everything the server would refuse before the first step runs, and gives the echo that the proof compares
with: raw documents that went through nobody's normalisation. An echo is kept by (server version, declaration), so an
unchanged declaration costs nothing. Only where policy.mode is Apply: in the other modes nothing is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from pymongo.errors import PyMongoError

from colonnade.core.errors import ColonnadeError, InvalidSpec, Unauthorized, Unreachable, WaitingForLock
from colonnade.engines.mongodb.compile import CompiledCollection
from colonnade.engines.mongodb.errors import NOT_FOUND, code_of, words
from colonnade.engines.mongodb.lock import SECONDS, Lock
from colonnade.engines.mongodb.records import Records
from colonnade.engines.mongodb.session import Session
from colonnade.engines.mongodb.statement import document, text

SCRATCH = "colonnade.scratch"
_NOT_ITS_FAULT = (Unauthorized, Unreachable, WaitingForLock)
_WAIT = SECONDS + 5
"""Seconds. The name is used for moments only; longer than this, and its holder has died."""

Echo = Mapping[str, Any]
"""`options` and `indexes`, as listCollections and listIndexes told them."""


class Rehearsal:
    """Echoes of declared collections."""

    def __init__(self, session: Session, records: Records) -> None:
        self._session = session
        self._records = records
        self._known: dict[str, Echo] = {}
        self._used: set[str] = set()

    @property
    def allowed(self) -> bool:
        return self._records.writes

    def echo(self, compiled: CompiledCollection) -> Echo | None:
        """What the server makes of it, if that is known."""
        name = self._echo_name(compiled)
        if name not in self._known and (kept := self._records.state.get(name)):
            self._known[name] = document(kept["echo"])
        return self._known.get(name)

    def rehearse(self, declared: Sequence[tuple[str, CompiledCollection]]) -> dict[str, ColonnadeError]:
        """Ask for the echoes that are not known. The errors, by owner."""
        missing = [(owner, compiled) for owner, compiled in declared if self.echo(compiled) is None]
        errors: dict[str, ColonnadeError] = {}
        if missing and self.allowed:
            with Lock(self._session, "scratch").held(wait=_WAIT):
                for owner, compiled in missing:
                    if owner not in errors and (error := self._asked(compiled)) is not None:
                        errors[owner] = error
                self._drop()
        return errors

    def same_to_server(self, compiled: CompiledCollection, name: str, live: Mapping[str, Any]) -> bool:
        """Whether the server takes a live index for the declared one of this name: asked to add it, it has nothing to do."""
        declared = next(index.document for index in compiled.indexes if index.document["name"] == name)
        verdict = _name("same", self._session.version, compiled.options, declared, live)
        self._used.add(verdict)
        if (kept := self._records.state.get(verdict)) is None:
            kept = {"same": self._adds_nothing(compiled, declared, live)}
            self._records.note(verdict, kept)
        return bool(kept["same"])

    def _adds_nothing(self, compiled: CompiledCollection, declared: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
        asked = {key: value for key, value in live.items() if key not in ("v", "ns", "prepareUnique")}
        with Lock(self._session, "scratch").held(wait=_WAIT):
            try:
                self._make(compiled, [declared])
                reply = self._session.run({"createIndexes": SCRATCH, "indexes": [{**asked, "name": declared["name"]}]})
            except _NOT_ITS_FAULT:
                raise
            except ColonnadeError:
                return False
            finally:
                self._drop()
        return bool(reply["numIndexesBefore"] == reply["numIndexesAfter"])

    def tidy(self, declared: Sequence[CompiledCollection]) -> None:
        """Forget what was found out about declarations that are there no more."""
        wanted = {*map(self._echo_name, declared), *self._used}
        known = [name for name in self._records.state if name.startswith(("echo ", "same "))]
        self._records.forget([name for name in known if name not in wanted])

    def _echo_name(self, compiled: CompiledCollection) -> str:
        documents = [index.document for index in compiled.indexes]
        return _name("echo", self._session.version, compiled.options, documents)

    def _asked(self, compiled: CompiledCollection) -> ColonnadeError | None:
        """All indexes at once; where that fails, one at a time, to find out which."""
        documents = [index.document for index in compiled.indexes]
        try:
            self._make(compiled, documents)
        except _NOT_ITS_FAULT:
            raise
        except ColonnadeError as error:
            return self._refused_index(compiled, error) if documents else _refused(compiled.origin, error)
        self._keep(compiled)
        return None

    def _refused_index(self, compiled: CompiledCollection, error: ColonnadeError) -> ColonnadeError:
        for origin, documents in [
            (compiled.origin, []),
            *((index.origin, [index.document]) for index in compiled.indexes),
        ]:
            try:
                self._make(compiled, documents)
            except _NOT_ITS_FAULT:
                raise
            except ColonnadeError as refusal:
                return _refused(origin, refusal)
        return _refused(f"{compiled.origin}.indexes", error)

    def _make(self, compiled: CompiledCollection, indexes: Sequence[Mapping[str, Any]]) -> None:
        self._drop()
        self._session.run({"create": SCRATCH, **compiled.options})
        if indexes:
            self._session.run({"createIndexes": SCRATCH, "indexes": list(indexes)})

    def _keep(self, compiled: CompiledCollection) -> None:
        found = next(iter(self._session.rows({"listCollections": 1, "filter": {"name": SCRATCH}})))
        indexes = [] if found["type"] == "view" else list(self._session.rows({"listIndexes": SCRATCH}))
        echo = {"options": found.get("options", {}), "indexes": indexes}
        self._known[self._echo_name(compiled)] = echo
        self._records.note(self._echo_name(compiled), {"echo": text(echo)})

    def _drop(self) -> None:
        try:
            self._session.run({"drop": SCRATCH})
        except ColonnadeError as error:
            if code_of(error) not in NOT_FOUND:
                raise


def _name(sort: str, *facts: Any) -> str:
    """Under what something found out about these facts is kept."""
    return f"{sort} {hashlib.sha256(text(list(facts)).encode()).hexdigest()[:32]}"


def _refused(origin: str, error: ColonnadeError) -> InvalidSpec:
    said = words(error.__cause__) if isinstance(error.__cause__, PyMongoError) else str(error)
    return InvalidSpec(f"{origin}: the server refuses it: {said}; correct the declaration")
