"""Types as the server prints them (format_type), taken apart. https://www.postgresql.org/docs/current/datatype.html"""

from __future__ import annotations

import re
from typing import NamedTuple

TEXTS = ("text", "character varying", "character")
INTEGERS: tuple[str, ...] = ("smallint", "integer", "bigint")
"""From the smallest."""
FLOATS = ("real", "double precision")
_PRINTED = re.compile(
    r"(?P<base>[^(\[]*?)(?:\((?P<size>\d+)(?:,(?P<scale>-?\d+))?\))?(?P<rest>[^(\[]*)(?P<array>(?:\[\])*)"
)


class Parts(NamedTuple):
    """The name without what bounds it; the length, or digits in all; of these, those after the point; the brackets of an array."""

    base: str
    size: int | None
    scale: int
    array: str


def parts(type_: str) -> Parts:
    """The parts of a type."""
    found = _PRINTED.fullmatch(type_)
    if found is None:
        return Parts(type_, None, 0, "")
    size = int(found["size"]) if found["size"] else None
    return Parts(f"{found['base'].strip()}{found['rest'].rstrip()}", size, int(found["scale"] or 0), found["array"])
