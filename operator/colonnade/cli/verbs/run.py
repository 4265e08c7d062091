"""`colonnade run`: the operator, in this process."""

from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from colonnade import settings
from colonnade.core.errors import InvalidSpec


def arguments(parser: ArgumentParser) -> None:
    parser.epilog = (
        "Each flag has an environment variable, too: --max-connections is COLONNADE_MAX_CONNECTIONS; a flag wins."
    )
    settings.add_flags(parser)


def run(args: Namespace) -> int:
    try:
        chosen = settings.load(os.environ, args)
    except ValueError as wrong:
        raise InvalidSpec(str(wrong)) from None
    from colonnade import cluster

    return cluster.run(chosen)
