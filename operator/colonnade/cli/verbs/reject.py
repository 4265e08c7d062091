"""`colonnade reject NAME`: say that a plan must not run. What it was made for then waits for another declaration or policy."""

from __future__ import annotations

from argparse import Namespace

from colonnade.cli.verbs.approve import arguments, decide

__all__ = ["arguments", "run"]


def run(args: Namespace) -> int:
    return decide(args, "Reject")
