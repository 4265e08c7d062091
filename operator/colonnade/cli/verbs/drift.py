"""`colonnade drift`: whether databases moved away from what is declared, object by object.

With files, each database is looked at now, and told apart from one that was never brought to just this. Without, the resources of a
cluster are asked for what the operator saw.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from colonnade.cli import cluster, differences, options
from colonnade.cli.data import FORMAT, dumped
from colonnade.cli.differences import Found
from colonnade.cli.entry import CONVERGED, PENDING
from colonnade.cli.table import age
from colonnade.cli.terminal import Paint, paint
from colonnade.core.errors import InvalidSpec

if TYPE_CHECKING:
    from colonnade.cluster.api import Api

NO_DRIFT = "No drift: the database is what is declared."
_KINDS = ("PostgresSchema", "MongoSchema")


def arguments(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Exits with 0 where there is no drift, and with 2 where there is. Without -f: the resources of the cluster whose "
        "condition Drifted is True, and what the operator found changed."
    )
    differences.arguments(parser, files=False)
    cluster.every(parser)


def run(args: Namespace) -> int:
    if args.files:
        return _looked_at(args)
    if args.url is not None:
        raise InvalidSpec("--url: drift is from what is declared; give the declarations with -f")
    return _told_by_the_operator(args)


def _looked_at(args: Namespace) -> int:
    found = differences.differences(args)
    if args.output == "json":
        data = [{**one.data(), "drifted": one.drifted} for one in found]
        print(dumped(data if len(data) > 1 else data[0]))
    else:
        for one in found:
            print(*_lines(one, paint(args)), sep="\n")
    return PENDING if any(one.differs for one in found) else CONVERGED


def _lines(found: Found, colours: Paint) -> Iterator[str]:
    if not found.differs:
        yield colours(NO_DRIFT, "green")
        return
    if found.drifted:
        yield colours(f"{found.datastore} was changed after it was brought to what is declared:", "bold")
    else:
        yield colours(f"{found.datastore} differs from what is declared:", "bold")
    yield from found.told(colours)
    if not found.drifted:
        yield "It was never brought to just these declarations, so they may be what moved."


def _told_by_the_operator(args: Namespace) -> int:
    where = None if args.all_namespaces else cluster.namespace(args)

    async def gather(api: Api) -> list[cluster.Document]:
        return [doc for kind in _KINDS for doc in await cluster.listed(api, kind, where)]

    found = [_facts(doc) for doc in cluster.within(args, gather) if _drifted(doc)]
    if args.output == "json":
        print(dumped(found))
    else:
        told = [line for one in found for line in _resource(one, paint(args))]
        print(*(told or [paint(args)("No drift.", "green")]), sep="\n")
    return PENDING if found else CONVERGED


def _drifted(doc: Mapping[str, Any]) -> bool:
    conditions = (doc.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Drifted" and c["status"] == "True" for c in conditions)


def _facts(doc: Mapping[str, Any]) -> dict[str, Any]:
    meta, status = doc["metadata"], doc["status"]
    drift = status.get("drift") or {}
    return {
        "format": FORMAT,
        "namespace": meta["namespace"],
        "kind": doc["kind"],
        "name": meta["name"],
        "datastore": doc["spec"]["datastoreRef"]["name"],
        "since": drift.get("since", ""),
        "count": drift.get("count", 0),
        "objects": list(drift.get("objects") or ()),
        "plan": (status.get("plan") or {}).get("name"),
    }


def _resource(facts: Mapping[str, Any], colours: Paint) -> Iterator[str]:
    since = f", seen {age(facts['since'])} ago" if facts["since"] else ""
    yield colours(f"{facts['kind']} {facts['namespace']}/{facts['name']} drifted{since}:", "bold")
    yield from (f"  ~ {name}" for name in facts["objects"])
    if (more := facts["count"] - len(facts["objects"])) > 0:
        yield f"  and {more} more"
    if facts["plan"]:
        yield f"  What would put it back: {options.own('show')} {facts['plan']} --namespace {facts['namespace']}"
