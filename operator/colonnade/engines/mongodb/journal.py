"""The record of what ran: one document a plan, each step noted before and after, kept in the target database.

After a crash nothing has to be undone from here: the next run plans from what is live. It tells a person, and the
command line, what happened, how long it took, and how each step is reversed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from colonnade.core.errors import Unreachable
from colonnade.core.plan import Plan, Step
from colonnade.engines.mongodb.session import MAJORITY, Session

COLLECTION = "colonnade.journal"
KEPT = 200
_WHOLE = 4 * 1024 * 1024


class Journal:
    """The document of one run. That a step is done is written together with what comes next."""

    def __init__(self, session: Session, plan: Plan, token: int | None) -> None:
        self._session = session
        self._plan = plan
        self._id = f"{plan.hash[:12]}-{secrets.token_hex(6)}"
        self._token = token
        self._place = {step.id: i for i, step in enumerate(plan.steps)}
        self._running: Step | None = None

    def begin(self) -> None:
        steps: list[dict[str, Any]] = [_told(step) for step in self._plan.steps]
        if sum(len(step.statement) for step in self._plan.steps) > _WHOLE:  # a document holds 16 MiB
            steps = [{"id": step.id, "subject": step.subject} for step in self._plan.steps]
        run = {"plan": self._plan.hash, "premise": self._plan.premise, "token": self._token, "steps": steps}
        self._write({**run, "state": "running"}, "begun")
        self._trim()

    def before(self, step: Step) -> None:
        self._write({**self._done(), f"{self._path(step)}.state": "running"}, f"{self._path(step)}.begun")
        self._running = step

    def failed(self, error: Exception) -> None:
        """The step that ran did not end well. Where the server does not answer, that it was running has to do."""
        assert self._running is not None
        path = self._path(self._running)
        with suppress(Unreachable):
            self._write({"state": "failed", f"{path}.state": "failed", f"{path}.error": str(error)[:2000]}, "ended")

    def end(self) -> None:
        self._write({**self._done(), "state": "done"}, "ended")

    def _path(self, step: Step) -> str:
        return f"steps.{self._place[step.id]}"

    def _done(self) -> dict[str, Any]:
        return {} if self._running is None else {f"{self._path(self._running)}.state": "done"}

    def _write(self, values: Mapping[str, Any], dated: str) -> None:
        update = {"q": {"_id": self._id}, "u": {"$set": dict(values), "$currentDate": {dated: True}}, "upsert": True}
        self._session.run({"update": COLLECTION, "updates": [update], "writeConcern": MAJORITY})

    def _trim(self) -> None:
        """The last runs are kept."""
        command = {"find": COLLECTION, "projection": {"_id": 1}, "sort": {"begun": -1}, "skip": KEPT}
        if old := [row["_id"] for row in self._session.rows(command)]:
            self._session.run(
                {"delete": COLLECTION, "deletes": [{"q": {"_id": {"$in": old}}, "limit": 0}], "writeConcern": MAJORITY}
            )


def _told(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "subject": step.subject,
        "statement": step.statement,
        "undo": step.undo,
        "note": step.undo_note,
    }
