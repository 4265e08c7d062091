"""The cluster that a person's kubeconfig names, for the verbs that need one."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from colonnade.core.errors import InvalidSpec, WaitingForDependency

if TYPE_CHECKING:
    from colonnade.cluster.api import Api

T = TypeVar("T")
Document = dict[str, Any]


def options(parser: ArgumentParser) -> None:
    """Which cluster and namespace, said as kubectl has it."""
    group = parser.add_argument_group("the cluster")
    group.add_argument("-n", "--namespace", help="namespace [that of the context]")
    group.add_argument("--context", help="context of the kubeconfig [its current one]")
    group.add_argument("--kubeconfig", metavar="FILE", help="kubeconfig [KUBECONFIG, else ~/.kube/config]")


def every(parser: ArgumentParser) -> None:
    """All namespaces at once."""
    parser.add_argument("-A", "--all-namespaces", action="store_true", help="look at all namespaces")


def within(args: Namespace, work: Callable[[Api], Awaitable[T]]) -> T:
    """What `work` does with the API of the cluster. Raises ColonnadeError."""
    from colonnade.cluster.person import reach

    async def run() -> T:
        async with reach(args.kubeconfig, args.context) as api:
            return await work(api)

    return asyncio.run(run())


def namespace(args: Namespace) -> str:
    """The namespace that a command is about."""
    from colonnade.cluster.person import home

    return str(args.namespace or home(args.kubeconfig, args.context))


async def listed(api: Api, kind: str, where: str | None) -> list[Document]:
    """Every object of a kind of ours, in a namespace or in all."""
    from colonnade.cluster.objects import OWN

    return [{"kind": kind, **doc} async for doc in api.list(OWN[kind], where)]


async def found(api: Api, kind: str, where: str, name: str) -> Document:
    """One object of ours. Raises WaitingForDependency where it is not there, naming those that are."""
    from colonnade.cluster.objects import OWN

    if (doc := await api.find(OWN[kind], where, name)) is not None:
        return doc
    there = sorted(one["metadata"]["name"] for one in await listed(api, kind, where))
    others = f"there: {', '.join(there[:10])}" if there else "there is none"
    raise WaitingForDependency(f"{kind} {name} is not in namespace {where} ({others}); check its name and --namespace")


def kind_of(word: str) -> str:
    """The kind that a person means: PostgresSchema, postgresschemas, pgs. Raises InvalidSpec."""
    from colonnade.resources import RESOURCES

    for kind, model in RESOURCES.items():
        if word.lower() in (kind.lower(), model.names.plural, model.names.short):
            return kind
    raise InvalidSpec(f"{word!r} is no kind of resource; write one of {', '.join(RESOURCES)}")
