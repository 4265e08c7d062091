"""Where output goes and what it may look like there: colours on a terminal, a question only where somebody can answer it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


@dataclass(frozen=True)
class Paint:
    """Words in colour, or as they are."""

    on: bool = False

    def __call__(self, text: str, *styles: str) -> str:
        """The text in these styles."""
        if not self.on or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"


def paint(args: Namespace) -> Paint:
    """Colours as --color says, else where standard output is a terminal that has them. https://no-color.org"""
    if args.color != "auto":
        return Paint(args.color == "always")
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return Paint(sys.stdout.isatty() and not plain)


def somebody_there() -> bool:
    """Whether a question can be seen and answered."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str) -> bool:
    """Yes or no, told on standard error so that output can go elsewhere; no where the input ends."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")
