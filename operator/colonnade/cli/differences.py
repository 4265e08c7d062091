"""What differs in each database that a command is about, object by object: what `diff` and `drift` both tell."""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from colonnade.cli import cluster, options
from colonnade.cli.aim import Aim, aims
from colonnade.cli.data import FORMAT
from colonnade.cli.definition import lines, shown
from colonnade.cli.progress import Progress, progress
from colonnade.cli.session import opened
from colonnade.cli.terminal import Paint
from colonnade.core.diff import Change, diff
from colonnade.core.kind import Model
from colonnade.core.plan import Plan
from colonnade.engines import Desired, State
from colonnade.reconcile import reconcile


def arguments(parser: ArgumentParser, *, files: bool = True) -> None:
    """What both verbs take."""
    options.files(parser, required=files)
    options.database(parser)
    cluster.options(parser)
    options.schemas(parser)
    options.policy(parser)
    options.output(parser, "text", "json")


@dataclass(frozen=True)
class Found:
    """What differs in one database; a `plan` whose steps are about none of it changes what only the server can tell apart.

    `drifted` says that it was brought to just what is declared before, so that it is the database that moved.
    """

    datastore: str
    changes: tuple[Change, ...]
    plan: Plan | None = None
    drifted: bool = False

    @property
    def differs(self) -> bool:
        """Whether anything does."""
        return bool(self.changes or (self.plan and self.plan.steps))

    def told(self, colours: Paint) -> Iterator[str]:
        """Each object that differs, and how."""
        for change in self.changes:
            yield from shown(change, colours)
        for subject in (
            dict.fromkeys(step.subject for step in self.plan.steps) if self.plan and not self.changes else ()
        ):
            yield f"~ {subject} differs"

    def data(self) -> dict[str, object]:
        """The same as JSON has it."""
        changes = [
            {"object": str(c.id), "change": c.verb, "there": lines(c.old), "declared": lines(c.new)}
            for c in self.changes
        ]
        return {
            "format": FORMAT,
            "datastore": self.datastore,
            "converged": not (self.plan and self.plan.steps),
            "changes": changes,
        }


def differences(args: Namespace) -> list[Found]:
    """What differs in each database. Raises ColonnadeError."""
    with aims(args) as all_aims, progress(args) as told:
        return [_found(aim, told) for aim in all_aims]


def _found(aim: Aim, told: Progress) -> Found:
    with opened(aim.engine, aim.target, aim.looking, threading.Event(), places=aim.declared.places) as database:
        result = reconcile(database, aim.declared.declarations, aim.looking, whole=aim.whole, progress=told)
    if result.plan is None or result.state is None or not result.plan.steps:
        return Found(aim.target.name, ())
    return Found(aim.target.name, tuple(_real(result.state, result.desired, result.plan)), result.plan, result.drifted)


def _real(state: State, desired: Desired, plan: Plan) -> list[Change]:
    """The differences that the plan is about: others are one thing in two spellings, or nobody's."""
    subjects = {step.subject for step in plan.steps}
    changes = diff(state.model, desired.model)
    added = _touched([c for c in changes if c.verb == "create"], desired.model, subjects)
    gone = _touched([c for c in changes if c.verb == "drop"], state.model, subjects)
    return [*gone, *(c for c in changes if c.verb == "alter" and str(c.id) in subjects), *added]


def _touched(changes: Collection[Change], model: Model, subjects: Collection[str]) -> list[Change]:
    """Those that the plan names; what comes or goes with one that it names is a part of that one's story."""
    return [
        change
        for change in changes
        if str(change.id) in subjects or {str(p) for p in model.vanishes_with(change.id)} & set(subjects)
    ]
