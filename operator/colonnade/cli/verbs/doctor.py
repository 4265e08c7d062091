"""`colonnade doctor`: connects, looks around, and says what is missing with the command that mends it.

With --url one database; without it the cluster: is it there, are the CRDs installed and of this version, may this person work with the
resources, and does each Datastore answer.
"""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from colonnade.cli import address, cluster, options
from colonnade.cli.entry import CONVERGED, ERROR
from colonnade.cli.session import opened
from colonnade.cli.terminal import Paint, paint
from colonnade.cli.told import told
from colonnade.core.errors import ColonnadeError
from colonnade.core.gate import Policy
from colonnade.engines import Target

if TYPE_CHECKING:
    from colonnade.cluster.api import Api


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: well, or what is wrong and what to do."""

    subject: str
    well: bool
    said: str


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("datastore", nargs="?", help="only this Datastore [all of the namespace]")
    options.database(parser)
    cluster.options(parser)
    options.colour(parser)


def run(args: Namespace) -> int:
    findings = _of_url(args) if args.url else _of_cluster(args)
    colours, well = paint(args), True
    for one in findings:
        print(*_lines(one, colours), sep="\n", flush=True)
        well = well and one.well
    print(
        colours("All is well.", "green") if well else colours("Mend what is marked with ✗, then look again.", "yellow")
    )
    return CONVERGED if well else ERROR


def _lines(finding: Finding, colours: Paint) -> Iterator[str]:
    mark = colours("✓", "green") if finding.well else colours("✗", "red")
    yield f"{mark} {finding.subject}: {finding.said}"


def _of_url(args: Namespace) -> Iterator[Finding]:
    engine, target = address.read(args.url, args.shadow)
    return database(engine, target, cluster_words=False)


def database(engine: str, target: Target, *, cluster_words: bool) -> Iterator[Finding]:
    """Does it answer, what is it, and what is missing there."""
    subject = f"{engine} {target.name}"
    try:
        with opened(engine, target, Policy(mode="Plan"), threading.Event(), remember=False) as found:
            probe = found.probe()
            role = f" as {probe.facts['role']}" if "role" in probe.facts else ""
            yield Finding(subject, True, f"version {probe.version}{role}, {'with' if probe.tls else 'without'} TLS")
            if probe.read_only:
                yield Finding(
                    subject,
                    False,
                    "it takes no writes: it is a replica, or its user is told to write none; name the primary, or another user",
                )
            for problem in probe.problems:
                yield Finding(subject, False, told(problem, cluster=cluster_words))
            if not probe.problems and not probe.read_only:
                found.desire([], whole=False)  # makes a scratch database, where plans need one
                yield Finding(subject, True, "the privileges are there, and plans can be made")
    except ColonnadeError as error:
        yield Finding(subject, False, told(str(error), cluster=cluster_words))


def _of_cluster(args: Namespace) -> Iterator[Finding]:
    from colonnade.cli import checkup

    where = cluster.namespace(args)

    async def look(api: Api) -> list[Finding]:
        return [Finding(*one) async for one in checkup.cluster_findings(api, where)]

    findings = cluster.within(args, look)
    yield from findings
    if all(one.well for one in findings):
        for one in checkup.datastores(args, where):
            yield from (Finding(*one),) if isinstance(one, tuple) else database(*one.address, cluster_words=True)
