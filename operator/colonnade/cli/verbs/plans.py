"""`colonnade plans`: the MigrationPlans of a namespace, the newest first."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from colonnade.cli import cluster, options
from colonnade.cli.data import dumped
from colonnade.cli.entry import CONVERGED
from colonnade.cli.table import age, table
from colonnade.cli.terminal import Paint, paint

_HEAD = ("NAMESPACE", "NAME", "DATASTORE", "STATE", "STEPS", "HAZARDS", "VERDICT", "AGE")
_COLOURS = {"Pending": "yellow", "Failed": "red", "Rejected": "red", "Applied": "green"}


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--datastore", metavar="NAME", help="only the plans of this Datastore")
    parser.add_argument("--pending", action="store_true", help="only those that wait for somebody")
    cluster.every(parser)
    cluster.options(parser)
    options.output(parser, "text", "json")


def run(args: Namespace) -> int:
    where = None if args.all_namespaces else cluster.namespace(args)
    found = cluster.within(args, lambda api: cluster.listed(api, "MigrationPlan", where))
    chosen = [doc for doc in found if _wanted(doc, args)]
    chosen.sort(key=lambda doc: (doc["metadata"]["creationTimestamp"], doc["metadata"]["name"]), reverse=True)
    if args.output == "json":
        print(dumped(chosen))
    elif not chosen:
        print("No plans.")
    else:
        rows = [_row(doc, paint(args), named=args.all_namespaces) for doc in chosen]
        print(*table(_HEAD, rows), sep="\n")
    return CONVERGED


def state(doc: Mapping[str, Any]) -> str:
    """How far a MigrationPlan is; one that nobody looked at yet waits."""
    return str((doc.get("status") or {}).get("state") or "Pending")


def _wanted(doc: Mapping[str, Any], args: Namespace) -> bool:
    datastore = args.datastore in (None, doc["spec"]["datastoreRef"]["name"])
    return datastore and (not args.pending or state(doc) == "Pending")


def _row(doc: Mapping[str, Any], colours: Paint, *, named: bool) -> tuple[str, ...]:
    plan, meta = doc["spec"]["plan"], doc["metadata"]
    codes = dict.fromkeys(hazard["code"] for step in plan.get("steps", ()) for hazard in step.get("hazards", ()))
    steps = len(plan.get("steps", ())) + plan.get("omitted", 0)
    shown = colours(state(doc), _COLOURS[state(doc)]) if state(doc) in _COLOURS else state(doc)
    verdict = (doc["spec"].get("approval") or {}).get("verdict", "")
    where = meta["namespace"] if named else ""
    created = age(meta["creationTimestamp"])
    return (where, meta["name"], plan["datastore"], shown, str(steps), ", ".join(codes) or "none", verdict, created)
