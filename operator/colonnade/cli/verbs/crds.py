"""`colonnade crds`: the CustomResourceDefinitions of this version, made from the very models that read the resources."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from colonnade.cli.entry import CONVERGED


def arguments(parser: ArgumentParser) -> None:
    parser.epilog = "colonnade crds | kubectl apply --server-side -f -"


def run(args: Namespace) -> int:
    from colonnade.resources import crd

    print("\n---\n".join(text.strip() for text in crd.render().values()))
    return CONVERGED
