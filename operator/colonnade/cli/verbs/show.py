"""`colonnade show NAME`: one MigrationPlan, as `plan` shows one."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from colonnade.cli import cluster, options
from colonnade.cli.data import dumped, plan_data
from colonnade.cli.entry import CONVERGED
from colonnade.cli.recorded import recorded
from colonnade.cli.script import both, down
from colonnade.cli.terminal import Paint, paint, visible
from colonnade.cli.text import plan_text
from colonnade.cli.verbs.plans import state


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", help="name of the MigrationPlan")
    cluster.options(parser)
    options.output(parser, "text", "sql", "json")
    options.reverse(parser)


def run(args: Namespace) -> int:
    where = cluster.namespace(args)
    doc = cluster.within(args, lambda api: cluster.found(api, "MigrationPlan", where, args.name))
    plan = recorded(doc)
    if args.output == "json":
        print(dumped({**plan_data(plan, None), "name": args.name, "namespace": where, "state": state(doc)}))
    elif args.output == "sql":
        print(*(down(plan) if args.reverse else both(plan)), sep="\n")
    else:
        print(*shown(doc, paint(args)), sep="\n")
    return CONVERGED


def shown(doc: Mapping[str, Any], colours: Paint) -> Iterator[str]:
    """The plan, how far it is, and what was said about it."""
    name, now = doc["metadata"]["name"], state(doc)
    yield from plan_text(recorded(doc), colours)
    said = doc["spec"].get("approval")
    if said:
        why = f": {visible(said['reason'])}" if said.get("reason") else ""
        yield f"{'Approved' if said['verdict'] == 'Approve' else 'Rejected'}{why}"
    message = next(
        (c.get("message") for c in (doc.get("status") or {}).get("conditions", ()) if c.get("type") == "Ready"), ""
    )
    yield f"{name} is {now}" + (f": {visible(message)}" if message else "")
