"""Lists to whose end the server adds what comes: parents of a table, options of a relation or of something foreign."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def staying(old: Sequence[T], new: Sequence[T]) -> int:
    """How many of the new, from the first on, can stay where they are, while the rest comes after them anew; as many as can be.

    >>> staying("abc", "acd")
    2
    >>> staying("ab", "ba")
    0
    """
    return next(n for n in range(len(new), -1, -1) if [one for one in old if one in new[:n]] == list(new[:n]))
