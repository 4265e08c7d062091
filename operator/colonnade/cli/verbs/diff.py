"""`colonnade diff`: what differs, object by object, rather than what to do about it."""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Collection
from dataclasses import dataclass

from colonnade.cli import cluster, options
from colonnade.cli.aim import Aim, aims
from colonnade.cli.data import FORMAT, dumped
from colonnade.cli.definition import lines, shown
from colonnade.cli.entry import CONVERGED, PENDING
from colonnade.cli.progress import Progress, progress
from colonnade.cli.session import opened
from colonnade.cli.terminal import paint
from colonnade.cli.text import NO_CHANGES
from colonnade.core.diff import Change, diff
from colonnade.core.kind import Model
from colonnade.core.plan import Plan
from colonnade.engines import Desired, State
from colonnade.reconcile import reconcile


def arguments(parser: ArgumentParser) -> None:
    options.files(parser)
    options.database(parser)
    cluster.options(parser)
    options.schemas(parser)
    options.policy(parser)
    options.output(parser, "text", "json")
    parser.add_argument("--exit-code", action="store_true", help="exit with 2 where something differs")


@dataclass(frozen=True)
class Found:
    """What differs in one database; a `plan` whose steps are about none of it changes what only the server can tell apart."""

    datastore: str
    changes: tuple[Change, ...]
    plan: Plan | None = None


def run(args: Namespace) -> int:
    with aims(args, "Plan") as all_aims, progress(args) as told:
        found = [_found(aim, told) for aim in all_aims]
    if args.output == "json":
        print(dumped([_data(one) for one in found] if len(found) > 1 else _data(found[0])))
    else:
        colours = paint(args)
        for one in found:
            told_lines = [line for change in one.changes for line in shown(change, colours)]
            print(*(told_lines or _only_steps(one) or [colours(NO_CHANGES, "green")]), sep="\n")
    differs = any(one.changes or (one.plan and one.plan.steps) for one in found)
    return PENDING if differs and args.exit_code else CONVERGED


def _found(aim: Aim, told: Progress) -> Found:
    with opened(aim.engine, aim.target, aim.policy, threading.Event()) as database:
        result = reconcile(database, aim.declared.declarations, aim.policy, whole=aim.whole, progress=told)
    if result.plan is None or result.state is None or not result.plan.steps:
        return Found(aim.target.name, ())
    return Found(aim.target.name, tuple(_real(result.state, result.desired, result.plan)), result.plan)


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


def _only_steps(found: Found) -> list[str]:
    steps = found.plan.steps if found.plan else ()
    return [f"~ {subject} differs" for subject in dict.fromkeys(step.subject for step in steps)]


def _data(found: Found) -> dict[str, object]:
    changes = [
        {"object": str(c.id), "change": c.verb, "there": lines(c.old), "declared": lines(c.new)} for c in found.changes
    ]
    return {
        "format": FORMAT,
        "datastore": found.datastore,
        "converged": not (found.plan and found.plan.steps),
        "changes": changes,
    }
