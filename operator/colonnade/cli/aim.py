"""What a command is about: a database, what is declared for it, and what may be done there."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from colonnade.cli import address, files
from colonnade.cli.declared import Declared, declared
from colonnade.cli.options import for_urls, policy_of
from colonnade.core.errors import InvalidSpec
from colonnade.core.gate import Mode, Policy, stricter
from colonnade.engines import Target

if TYPE_CHECKING:
    from colonnade.resources import DatastorePolicy


@dataclass(frozen=True)
class Aim:
    """One database and its declarations. `whole` says that what is not declared is to go."""

    engine: str
    target: Target
    declared: Declared
    policy: Policy
    whole: bool


@contextmanager
def aims(args: Namespace, mode: Mode) -> Iterator[list[Aim]]:
    """The databases that a command is about; what their connections need is there for the length of the block."""
    texts = files.read(args.files)
    if args.url is None:
        with _in_cluster(args, texts, mode) as several:
            yield several
        return
    engine, target = address.read(args.url, args.shadow)
    found = declared(texts, engine)
    if found.passed_over:
        print(f"passed over, not for {engine}: {', '.join(found.passed_over)}", file=sys.stderr)
    if args.schemas:
        found = _claiming(found, engine, args.schemas)
    policy = narrowed(policy_of(args, mode), found.wishes)
    yield [Aim(engine, target, found, policy, whole=not args.schemas)]


def narrowed(policy: Policy, wishes: Sequence[DatastorePolicy]) -> Policy:
    """The policy with whatever resources want to be stricter about; options never make it looser than they say."""
    said = ((name, getattr(wish, name)) for wish in wishes for name in ("approval", "drops"))
    for name, word in said:
        narrower = stricter(policy, **{name: word})
        policy = narrower if isinstance(narrower, Policy) else policy
    return policy


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
def _in_cluster(args: Namespace, texts: files.Texts, mode: Mode) -> Iterator[list[Aim]]:
    from colonnade.cli import kept
    from colonnade.cluster.target import Files

    refuse_for_urls(args)
    certificates = Files()
    try:
        found = list(kept.aims(args, texts, mode, certificates))
        for aim in found:
            if aim.declared.passed_over:
                print(
                    f"left as they are, for they cannot be used now: {', '.join(aim.declared.passed_over)}",
                    file=sys.stderr,
                )
        yield found
    finally:
        certificates.close()
