"""Tables as kubectl prints them: capitals on top, three spaces between, the last column as long as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines; columns that are empty in every row are left out."""
    kept = [i for i in range(len(head)) if any(row[i] for row in rows)]
    lines = [[head[i] for i in kept], *([row[i] for i in kept] for row in rows)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(kept))]
    for line in lines:
        cells = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        yield "   ".join(cells).rstrip()


def _width(cell: str) -> int:
    return len(_COLOUR.sub("", cell))


def age(stamp: str, now: datetime | None = None) -> str:
    """How long ago a moment of the API was, as kubectl says it: 45s, 12m, 5h, 3d."""
    if not stamp:
        return ""
    spent = ((now or datetime.now(UTC)) - datetime.fromisoformat(stamp)).total_seconds()
    for unit, size, limit in (("s", 1, 120), ("m", 60, 7200), ("h", 3600, 172800)):
        if spent < limit:
            return f"{max(0, int(spent // size))}{unit}"
    return f"{int(spent // 86400)}d"
