"""What a command is about: a database, what is declared for it, and what may be done there."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from colonnade.cli import address, files
from colonnade.cli.declared import Declared, declared
from colonnade.cli.options import for_urls, policy_of, policy_said
from colonnade.cli.rules import Rules, rules
from colonnade.core.errors import InvalidSpec
from colonnade.core.gate import Policy
from colonnade.engines import Target


@dataclass(frozen=True)
class Aim:
    """One database and its declarations. `whole` says that what is not declared is to go."""

    engine: str
    target: Target
    declared: Declared
    rules: Rules
    whole: bool

    @property
    def looking(self) -> Policy:
        """The policy for those who only look: nothing is written, whatever may be."""
        return replace(self.rules.policy, mode="Plan")


@contextmanager
def aims(args: Namespace) -> Iterator[list[Aim]]:
    """The databases that a command is about; what their connections need is there for the length of the block."""
    texts = files.read(args.files)
    if args.url is None:
        with _in_cluster(args, texts) as several:
            yield several
        return
    engine, target = address.read(args.url, args.shadow)
    found = declared(texts, engine)
    if found.passed_over:
        print(f"passed over, not for {engine}: {', '.join(found.passed_over)}", file=sys.stderr)
    if args.schemas:
        found = _claiming(found, engine, args.schemas)
    holding = rules(policy_of(args), found.wishes, policy_said(args))
    print(*holding.notes, sep="\n", end="\n" if holding.notes else "", file=sys.stderr)
    yield [Aim(engine, target, found, holding, whole=not args.schemas)]


def _claiming(found: Declared, engine: str, schemas: tuple[str, ...]) -> Declared:
    """Only these schemas are spoken for in full."""
    if engine != "Postgres":
        raise InvalidSpec("--schemas is for Postgres only; take it out")
    first, *others = found.declarations
    return replace(found, declarations=(replace(first, claims=schemas), *others))


def refuse_for_urls(args: Namespace) -> None:
    """Raise InvalidSpec for what would be passed over in silence."""
    if given := for_urls(args):
        raise InvalidSpec(
            f"{', '.join(given)}: only with --url; in a cluster the resources say it, under spec.policy and spec.shadow of the Datastore "
            "and spec.schemas of a PostgresSchema"
        )


@contextmanager
def _in_cluster(args: Namespace, texts: files.Texts) -> Iterator[list[Aim]]:
    from colonnade.cli import kept
    from colonnade.cluster.target import Files

    refuse_for_urls(args)
    certificates = Files()
    try:
        found = list(kept.aims(args, texts, certificates))
        for aim in found:
            if aim.declared.passed_over:
                print(
                    f"left as they are, for they cannot be used now: {', '.join(aim.declared.passed_over)}",
                    file=sys.stderr,
                )
        yield found
    finally:
        certificates.close()
