"""`colonnade restore NAME --url …`: what was dropped and waits in quarantine comes back under its old name; without NAME, what waits."""

from __future__ import annotations

import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from colonnade.cli import address
from colonnade.cli.entry import CONVERGED
from colonnade.cli.table import table
from colonnade.core.errors import InvalidSpec
from colonnade.core.gate import Policy
from colonnade.engines import Restorable, Waiting, engine


def arguments(parser: ArgumentParser) -> None:
    parser.add_argument("name", nargs="?", help="such as public.orders or public.orders.note [list what waits]")
    parser.add_argument(
        "--url",
        required=True,
        help="postgresql://user@host:port/database; a password is better kept in PGPASSWORD or ~/.pgpass than here",
    )


def run(args: Namespace) -> int:
    found, target = address.read(args.url)
    with engine(found).open(target, Policy(), threading.Event()) as database:
        if not isinstance(database, Restorable):
            raise InvalidSpec(
                "restore is for Postgres; in MongoDB rename the collection back by hand, with renameCollection"
            )
        if args.name is None:
            print(*_listed(database.waiting()), sep="\n")
            return CONVERGED
        one = database.restore(args.name)
    print(f"{one.kind} {one.name} is back, with its rows; declare it now, or it is dropped again by the next plan")
    return CONVERGED


def _listed(waiting: Sequence[Waiting]) -> Sequence[str]:
    if not waiting:
        return ["Nothing is in quarantine."]
    return [*table(("KIND", "NAME", "DROPPED FOR GOOD"), [(w.kind, w.name, w.until) for w in waiting])]
