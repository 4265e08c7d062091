"""`colonnade release KIND/NAME`: from now on the resource can be deleted and the database stays as it is, whatever its deletionPolicy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from colonnade.cli import cluster
from colonnade.cli.entry import CONVERGED
from colonnade.cli.terminal import ask, somebody_there
from colonnade.core.errors import InvalidSpec, Refused

if TYPE_CHECKING:
    from colonnade.cluster.api import Api


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("resource", metavar="KIND/NAME", help="such as postgresschema/shop")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    cluster.options(parser)


def run(args: Namespace) -> int:
    word, slash, name = args.resource.partition("/")
    kind = cluster.kind_of(word) if slash else ""
    if kind not in ("PostgresSchema", "MongoSchema"):
        raise InvalidSpec(f"{args.resource!r} is no schema resource; write postgresschema/NAME or mongoschema/NAME")
    where = cluster.namespace(args)
    doc = cluster.within(args, lambda api: cluster.found(api, kind, where, name))
    if not args.yes:
        _asked(doc)

    async def write(api: Api) -> None:
        from colonnade.cluster.objects import OWN, RELEASE

        await api.merge(OWN[kind], where, name, {"metadata": {"annotations": {RELEASE: "true"}}})

    cluster.within(args, write)
    print(f"{kind} {name} is released: when it is deleted, the database stays as it is")
    print(f"To delete it: kubectl delete {kind.lower()} {name} --namespace {where}")
    return CONVERGED


def _asked(doc: cluster.Document) -> None:
    name = doc["metadata"]["name"]
    if not somebody_there():
        raise Refused(f"{name}: nobody is there to ask; say --yes")
    policy = doc["spec"].get("deletionPolicy", "Retain")
    if not ask(f"Leave the database as it is when {doc['kind']} {name} is deleted? Its deletionPolicy is {policy}."):
        raise Refused(f"{name}: nothing was changed, for the answer was no")
