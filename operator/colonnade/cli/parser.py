"""The grammar of the command line. Only the verb that was asked for is imported; the others are known by name and by a sentence."""

from __future__ import annotations

import argparse
import importlib
import re
import sys
from collections.abc import Sequence
from keyword import iskeyword
from typing import NoReturn

VERBS: dict[str, str] = {
    "plan": "show what would be done to bring a database to what is declared, and do nothing",
    "apply": "show the plan, ask, and bring the database to what is declared",
    "import": "write a live Postgres database down as a resource that changes nothing there",
    "diff": "show what differs between a database and what is declared, object by object",
    "drift": "say whether databases moved away from what is declared, object by object",
    "status": "show how the resources in a cluster stand",
    "plans": "list the plans that wait or ran in a cluster",
    "show": "show one plan of a cluster with its hazards",
    "approve": "look at a plan of a cluster and let it run",
    "reject": "say that a plan of a cluster must not run",
    "release": "let a resource be deleted without touching the database, whatever its deletionPolicy",
    "restore": "bring back a table or column that was dropped and waits in quarantine",
    "doctor": "find out what keeps Colonnade from working, and how to mend it",
    "crds": "print the CustomResourceDefinitions, for kubectl apply --server-side",
    "run": "run the operator",
}

EPILOG = """exit codes:
  0  the database is what is declared, or was brought there; without
     --exit-code also where plan or diff have something to show
  1  an error
  2  changes are pending, whether they need an approval or not (plan and diff
     with --exit-code); there is drift (drift); something is not ready (status
     with --exit-code)
  3  refused, or rows stand in the way; or nobody gave the approval that was
     needed, or a policy holds the plan (apply)

environment:
  NO_COLOR         no colours
  COLONNADE_DEBUG  1: show tracebacks
"""


class Parser(argparse.ArgumentParser):
    """Wrong usage is an error like any other: exit code 2 says that changes are pending."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(1, f"{self.prog}: {message}\n")


_KUBECTLS = ("-n", "--namespace", "--context", "--kubeconfig")
"""What kubectl takes before its verb and behind it alike. All have a value."""


def verb_first(words: Sequence[str]) -> list[str]:
    """The words with those options of kubectl's behind the verb that stand before it."""
    at = 0
    while at < len(words) and (size := _size(words[at])):
        at += size
    return [*words[at : at + 1], *words[:at], *words[at + 1 :]] if at < len(words) else list(words)


def _size(word: str) -> int:
    """Of how many words such an option consists; 0 for what is none."""
    if word in _KUBECTLS:
        return 2
    together = word.startswith(tuple(f"{option}=" for option in _KUBECTLS[1:])) or re.match("-n.", word)
    return 1 if together else 0


def verb_of(words: Sequence[str]) -> str | None:
    """The verb that was asked for, if any."""
    return next((word for word in words if not word.startswith("-")), None)


def parser_for(*verbs: str | None) -> Parser:
    """A parser that knows all verbs, and the options of these."""
    from colonnade import __version__

    parser = Parser(
        prog=program(),
        description="Keep live Postgres and MongoDB databases the way they are declared.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"colonnade {__version__}")
    known = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, sentence in VERBS.items():
        one = known.add_parser(
            verb,
            help=sentence,
            description=sentence[0].upper() + sentence[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        if verb in verbs:
            module = importlib.import_module(f"colonnade.cli.verbs.{verb}{'_' if iskeyword(verb) else ''}")
            module.arguments(one)
            one.set_defaults(run=module.run)
    return parser


def program() -> str:
    """What this command was called as: by itself, or through kubectl."""
    return "kubectl colonnade" if sys.argv[0].endswith("kubectl-colonnade") else "colonnade"
