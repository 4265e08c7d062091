"""Where output goes and what it may look like there: colours on a terminal, a question only where somebody can answer it."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from dataclasses import dataclass

_CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}


_UNSEEN = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0xAD,
    0x61C,
    *range(0x200B, 0x2010),
    *range(0x202A, 0x202F),
    *range(0x2060, 0x2070),
    0xFEFF,
)
"""Characters that move the cursor, turn the direction of writing, or cannot be seen."""
_SHOWN = {code: f"\\u{code:04x}" for code in _UNSEEN if chr(code) not in "\n\t"}


def visible(text: str) -> str:
    """Text of others as it is, and not as it would like to look: who approves a plan must see all of it."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


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
