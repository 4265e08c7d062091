"""`colonnade diff`: what differs, object by object, rather than what to do about it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from colonnade.cli import differences
from colonnade.cli.data import dumped
from colonnade.cli.entry import CONVERGED, PENDING
from colonnade.cli.terminal import paint
from colonnade.cli.text import NO_CHANGES


def arguments(parser: ArgumentParser) -> None:
    differences.arguments(parser)
    parser.add_argument("--exit-code", action="store_true", help="exit with 2 where something differs")


def run(args: Namespace) -> int:
    found = differences.differences(args)
    if args.output == "json":
        print(dumped([one.data() for one in found] if len(found) > 1 else found[0].data()))
    else:
        colours = paint(args)
        for one in found:
            print(*(list(one.told(colours)) or [colours(NO_CHANGES, "green")]), sep="\n")
    return PENDING if any(one.differs for one in found) and args.exit_code else CONVERGED
