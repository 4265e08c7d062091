"""`colonnade status`: every resource, whether it is ready, and if not, why and what to do."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from colonnade.cli import cluster, options
from colonnade.cli.data import dumped
from colonnade.cli.entry import CONVERGED, PENDING
from colonnade.cli.table import age, table
from colonnade.cli.terminal import Paint, paint, visible

if TYPE_CHECKING:
    from colonnade.cluster.api import Api

_HEAD = ("NAMESPACE", "KIND", "NAME", "READY", "REASON", "DATASTORE", "AGE", "MESSAGE")
_KINDS = ("Datastore", "PostgresSchema", "MongoSchema")


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="only the resources of this name, or of this Datastore")
    parser.add_argument("--exit-code", action="store_true", help="exit with 2 where something is not ready, or drifted")
    cluster.every(parser)
    cluster.options(parser)
    options.output(parser, "text", "json")


def run(args: Namespace) -> int:
    where = None if args.all_namespaces else cluster.namespace(args)

    async def gather(api: Api) -> list[cluster.Document]:
        return [doc for kind in _KINDS for doc in await cluster.listed(api, kind, where)]

    rows = [_facts(doc) for doc in cluster.within(args, gather)]
    rows = [row for row in rows if args.name in (None, row["name"], row["datastore"])]
    if args.output == "json":
        print(dumped(rows))
    elif not rows:
        print(
            f"No resources{f' of the name {args.name}' if args.name else ''}{f' in namespace {where}' if where else ''}."
        )
    else:
        print(*table(_HEAD, [_row(row, paint(args), named=args.all_namespaces) for row in rows]), sep="\n")
    well = all(row["ready"] and not row["drifted"] for row in rows)
    return CONVERGED if well or not args.exit_code else PENDING


def _facts(doc: Mapping[str, Any]) -> dict[str, Any]:
    """What a resource's status says, as far as it is about what is declared now."""
    meta, status = doc["metadata"], doc.get("status") or {}
    conditions = {c["type"]: c for c in status.get("conditions") or ()}
    ready = conditions.get("Ready", {})
    seen = ready.get("observedGeneration") == meta.get("generation")
    return {
        "namespace": meta["namespace"],
        "kind": doc["kind"],
        "name": meta["name"],
        "datastore": meta["name"] if doc["kind"] == "Datastore" else doc["spec"]["datastoreRef"]["name"],
        "ready": seen and ready.get("status") == "True",
        "drifted": conditions.get("Drifted", {}).get("status") == "True",
        "stalled": seen and conditions.get("Stalled", {}).get("status") == "True",
        "reason": ready.get("reason", "") if seen else "",
        "message": ready.get("message", "") if seen else "the operator has not seen this version yet; is it running?",
        "plan": status.get("pendingPlan") or (status.get("plan") or {}).get("name"),
        "warnings": list(status.get("warnings") or ()),
        "created": meta["creationTimestamp"],
    }


def _row(facts: Mapping[str, Any], colours: Paint, *, named: bool) -> tuple[str, ...]:
    word, colour = ("True", "green") if facts["ready"] else ("False", "red" if facts["stalled"] else "yellow")
    if facts["ready"] and facts["drifted"]:
        colour = "yellow"
    told = " ".join([facts["message"], *(f"Warning: {warning}." for warning in facts["warnings"])])
    return (
        facts["namespace"] if named else "", facts["kind"], facts["name"], colours(word, colour), facts["reason"],
        facts["datastore"], age(facts["created"]), visible(told.replace("\n", " ")),
    )  # fmt: skip
