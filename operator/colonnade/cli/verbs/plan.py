"""`colonnade plan`: read, compare, rehearse and show; nothing is written to the database."""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator

from colonnade.cli import cluster, options
from colonnade.cli.aim import Aim, aims
from colonnade.cli.data import dumped, plan_data
from colonnade.cli.entry import CONVERGED, PENDING
from colonnade.cli.progress import Progress, progress
from colonnade.cli.script import both, down
from colonnade.cli.session import opened
from colonnade.cli.terminal import Paint, paint
from colonnade.cli.text import NO_CHANGES, plan_text, warnings
from colonnade.cli.verdict import needed
from colonnade.core.plan import Plan
from colonnade.reconcile import Result, reconcile


def arguments(parser: ArgumentParser) -> None:
    options.files(parser)
    options.database(parser)
    cluster.options(parser)
    options.schemas(parser)
    options.policy(parser)
    options.output(parser, "text", "sql", "json")
    parser.add_argument("--exit-code", action="store_true", help="exit with 2 where changes are pending")
    options.reverse(parser)


def run(args: Namespace) -> int:
    with aims(args, "Plan") as found, progress(args) as told:
        plans = [(aim, planned(aim, told)) for aim in found]
    for line in _shown(plans, args):
        print(line)
    pending = any(plan.steps for _, plan in plans)
    return PENDING if pending and args.exit_code else CONVERGED


def planned(aim: Aim, told: Progress) -> Plan:
    """The plan for one database. Raises ColonnadeError."""
    with opened(aim.engine, aim.target, aim.policy, threading.Event()) as database:
        result = reconcile(database, aim.declared.declarations, aim.policy, whole=aim.whole, progress=told)
    return plan_of(result, aim)


def plan_of(result: Result, aim: Aim) -> Plan:
    """What came of it as a plan, one without steps where nothing had to be looked at."""
    told = tuple(warning for warnings in result.desired.warnings.values() for warning in warnings)
    return result.plan or Plan(aim.target.name, (), result.fingerprint, told)


def _shown(plans: list[tuple[Aim, Plan]], args: Namespace) -> Iterable[str]:
    if args.output == "json":
        data = [plan_data(plan, needed(plan, aim.policy)) for aim, plan in plans]
        return [dumped(data[0] if len(data) == 1 else data)]
    show = _as_sql if args.output == "sql" else _as_text
    return (line for aim, plan in plans for line in show(aim, plan, args))


def _as_text(aim: Aim, plan: Plan, args: Namespace) -> Iterator[str]:
    colours = paint(args)
    if not plan.steps:
        yield from warnings(plan.warnings, colours)
        yield colours(NO_CHANGES, "green")
        return
    yield from plan_text(plan, colours)
    yield _next(aim, plan, colours)


def _next(aim: Aim, plan: Plan, colours: Paint) -> str:
    held = needed(plan, aim.policy)
    if held is None:
        return "It needs no approval. To run it: colonnade apply, with the same options"
    if held.reason != "ApprovalRequired":
        return colours(held.message, "yellow")
    return f"It needs approval. To approve just this plan: colonnade apply … --approve {plan.hash}"


def _as_sql(aim: Aim, plan: Plan, args: Namespace) -> Iterator[str]:
    if not plan.steps:
        yield f"-- {NO_CHANGES}"
    elif args.reverse:
        yield from down(plan)
    else:
        yield from both(plan)
