"""`colonnade apply`: the plan is shown, a person is asked, the steps run, and the database is read again to prove the result."""

from __future__ import annotations

import signal
import sys
import threading
import time
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass, field

from colonnade.cli import cluster, options, verdict
from colonnade.cli.aim import Aim, aims
from colonnade.cli.data import dumped, plan_data
from colonnade.cli.entry import CONVERGED, REFUSED
from colonnade.cli.progress import Progress, progress
from colonnade.cli.session import opened
from colonnade.cli.terminal import ask, paint, somebody_there
from colonnade.cli.text import NO_CHANGES, plan_text, span, warnings
from colonnade.cli.told import told
from colonnade.cli.verbs.plan import plan_of
from colonnade.core.errors import Refused
from colonnade.core.gate import Facts
from colonnade.core.plan import Plan
from colonnade.reconcile import Result, reconcile

_SHORTEST = 8
"""Characters of a hash that are enough to mean a plan."""


def arguments(parser: ArgumentParser) -> None:
    options.files(parser)
    options.database(parser)
    cluster.options(parser)
    options.schemas(parser)
    options.policy(parser)
    options.output(parser, "text", "json")
    parser.add_argument(
        "-y", "--yes", action="store_true", help="approve whatever the plan is, drops and all; never ask"
    )
    parser.add_argument(
        "--timeout",
        type=options.seconds,
        metavar="TIME",
        default=600.0,
        help="how long to wait for Ready, in a cluster [10m]",
    )
    parser.add_argument("--approve", metavar="HASH", help="approve the plan of this hash, and no other")


def run(args: Namespace) -> int:
    if args.url is None:
        from colonnade.cli import rollout

        return rollout.run(args)
    with aims(args) as found:
        return max(_applied(aim, args) for aim in found)


def _applied(aim: Aim, args: Namespace) -> int:
    stop = threading.Event()
    begin = time.monotonic()
    policy = aim.rules.policy
    with progress(args) as shown, opened(aim.engine, aim.target, policy, stop, places=aim.declared.places) as database:
        if policy.mode == "Apply" and database.tidy():
            print("what had waited in quarantine for its whole period was dropped for good", file=sys.stderr)
        person = Person(aim, args, shown, stop)
        found = reconcile(
            database, aim.declared.declarations, policy, person.word, whole=aim.whole, progress=person.progress
        )
    return _report(found, person, time.monotonic() - begin)


@dataclass
class Person:
    """Who started the command: is shown the plan, asked about it, and may stop the run between two steps."""

    aim: Aim
    args: Namespace
    shown: Progress
    stop: threading.Event
    asked: set[str] = field(default_factory=set[str])

    def progress(self, message: str, done: float | None = None) -> None:
        self.shown(message, done)

    def word(self, plan: Plan) -> Facts:
        """The person's word on this plan. Raises Refused where it is no, or meant for another plan."""
        self.shown.clear()
        if plan.hash not in self.asked:
            self._show(plan)
        self.asked.add(plan.hash)
        agreed = self._agrees(plan)
        self._run_on()
        return verdict.approval(plan, self.aim.rules) if agreed else self.aim.rules.facts()

    def _show(self, plan: Plan) -> None:
        for line in plan_text(plan, paint(self.args)) if self.args.output == "text" else ():
            print(line, flush=True)

    def _agrees(self, plan: Plan) -> bool:
        """Whether the person said yes; where nobody can be asked, the policy alone decides."""
        if self.args.yes:
            return True
        if (wanted := self.args.approve) is not None:
            if len(wanted) < _SHORTEST or not plan.hash.startswith(wanted):
                raise Refused(
                    f"the plan is {plan.hash}, and {wanted} was approved; look at the plan and approve this one"
                )
            return True
        if not somebody_there() or not verdict.would_run(plan, self.aim.rules):
            return False
        if not ask("Run it?"):
            raise Refused("not run: the answer was no")
        return True

    def _run_on(self) -> None:
        """From here on a first Ctrl-C stops after the running step, and a second one at once."""

        def gently(number: int, frame: object) -> None:
            self.stop.set()
            signal.signal(number, signal.default_int_handler)
            print("\nstopping after the running step; once more stops at once", file=sys.stderr)

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, gently)


def _report(found: Result, person: Person, seconds: float) -> int:
    plan = plan_of(found, person.aim)
    held = verdict.told(found.held, plan, person.aim.rules) if found.held else None
    if person.args.output == "json":
        more = {"applied": found.outcome is not None, "timings": dict(found.outcome.timings) if found.outcome else {}}
        print(dumped({**plan_data(plan, held), **more}))
    elif found.outcome is not None:
        colours = paint(person.args)
        for line in warnings(found.left, colours):
            print(line)
        print(colours(f"Applied in {span(seconds)}; the database was read again and is what is declared.", "green"))
    elif held is None:
        colours = paint(person.args)
        for line in (*warnings(plan.warnings, colours), colours(NO_CHANGES, "green")):
            print(line)
    if held is not None:
        print(f"colonnade: {told(held.message)}", file=sys.stderr)
    return REFUSED if held is not None else CONVERGED
