"""`colonnade plan`: read, compare, rehearse and show; nothing is written to the database."""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from colonnade.cli import cluster, options
from colonnade.cli.aim import Aim, aims
from colonnade.cli.data import dumped, plan_data
from colonnade.cli.entry import CONVERGED, PENDING
from colonnade.cli.progress import Progress, progress
from colonnade.cli.script import both, down
from colonnade.cli.session import opened
from colonnade.cli.terminal import Paint, paint
from colonnade.cli.text import NO_CHANGES, plan_text, warnings
from colonnade.cli.told import told
from colonnade.cli.verdict import needed, would_run
from colonnade.core.gate import Held
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


@dataclass(frozen=True)
class Planned:
    """A plan for one database, what it would wait for, and whether a person's yes is all of that."""

    plan: Plan
    held: Held | None
    would_run: bool


def run(args: Namespace) -> int:
    with aims(args) as found, progress(args) as shown:
        plans = [planned(aim, shown) for aim in found]
    for line in _shown(plans, args):
        print(line)
    pending = any(one.plan.steps for one in plans)
    return PENDING if pending and args.exit_code else CONVERGED


def planned(aim: Aim, shown: Progress) -> Planned:
    """The plan for one database. Raises ColonnadeError."""
    with opened(aim.engine, aim.target, aim.looking, threading.Event(), places=aim.declared.places) as database:
        result = reconcile(database, aim.declared.declarations, aim.looking, whole=aim.whole, progress=shown)
    plan = plan_of(result, aim)
    first_contact = result.state is not None and result.state.first_contact
    return Planned(plan, needed(plan, aim.rules, first_contact=first_contact), would_run(plan, aim.rules))


def plan_of(result: Result, aim: Aim) -> Plan:
    """What came of it as a plan, one without steps where nothing had to be looked at."""
    told = tuple(warning for warnings in result.desired.warnings.values() for warning in warnings)
    plan = result.plan or Plan(aim.target.name, (), result.fingerprint, told)
    return replace(plan, warnings=(*plan.warnings, *result.left))


def _shown(plans: list[Planned], args: Namespace) -> Iterable[str]:
    if args.output == "json":
        data = [plan_data(one.plan, one.held) for one in plans]
        return [dumped(data[0] if len(data) == 1 else data)]
    show = _as_sql if args.output == "sql" else _as_text
    return (line for one in plans for line in show(one, args))


def _as_text(one: Planned, args: Namespace) -> Iterator[str]:
    colours = paint(args)
    if one.plan.steps:
        yield from plan_text(one.plan, colours)
        yield _next(one, colours)
    else:
        yield from warnings(one.plan.warnings, colours)
        yield colours(NO_CHANGES, "green")


def _next(one: Planned, colours: Paint) -> str:
    if one.held is None:
        return f"It needs no approval. To run it: {options.own('apply')}, with the same options"
    if not one.would_run:
        return colours(told(one.held.message), "yellow")
    return f"It needs approval. To approve just this plan: {options.own('apply')} … --approve {one.plan.hash}"


def _as_sql(one: Planned, args: Namespace) -> Iterator[str]:
    if not one.plan.steps:
        yield f"-- {NO_CHANGES}"
    else:
        yield from (down if args.reverse else both)(one.plan)
