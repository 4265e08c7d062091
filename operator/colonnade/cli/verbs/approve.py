"""`colonnade approve NAME`: look at a plan and its hazards, and let it run. The approval holds for this very plan and no other."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from colonnade.cli import cluster, options
from colonnade.cli.entry import CONVERGED
from colonnade.cli.terminal import ask, paint, somebody_there
from colonnade.cli.verbs.plans import state
from colonnade.cli.verbs.show import shown
from colonnade.core.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from colonnade.cluster.api import Api, Document

APPROVED = "approved; it runs, in its window, if the database and what is declared are still what it was made for"
_DONE = ("Applied", "Superseded", "Running")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="name of the MigrationPlan")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument("--reason", help="why, for those who read it later")
    cluster.options(parser)
    options.colour(parser)


def run(args: Namespace) -> int:
    return decide(args, "Approve")


def decide(args: Namespace, verdict: str) -> int:
    """Write this verdict on the plan, once the person said yes to that. Raises Refused."""
    where = cluster.namespace(args)
    doc = cluster.within(args, lambda api: cluster.found(api, "MigrationPlan", where, args.name))
    print(*shown(doc, paint(args)), sep="\n")
    _waits(args.name, doc)
    if not args.yes:
        _asked(args.name, verdict)
    approval = {"hash": doc["spec"]["plan"]["hash"], "verdict": verdict, "reason": args.reason}

    async def write(api: Api) -> Document:
        from colonnade.cluster.objects import OWN

        return await api.merge(OWN["MigrationPlan"], where, args.name, {"spec": {"approval": approval}})

    _waits(args.name, cluster.within(args, write))
    print(f"{args.name} {APPROVED if verdict == 'Approve' else 'rejected; it does not run'}")
    return CONVERGED


def _waits(name: str, doc: Mapping[str, Any]) -> None:
    """Raises Refused where nothing comes of a word on this plan, which may be so since it was looked at."""
    if state(doc) in _DONE:
        raise Refused(
            f"{name} is {state(doc)}: nothing waits for a word on it; see what does: {options.own('plans --pending')}"
        )


def _asked(name: str, verdict: str) -> None:
    if not somebody_there():
        raise Refused(f"{name}: nobody is there to ask; look at the plan above, and say --yes")
    if not ask(f"{verdict} it?"):
        raise Refused(f"{name}: nothing was written, for the answer was no")
