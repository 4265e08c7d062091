"""Indexes over whole rows of their table (`fn(t.*)`): the server says of no column that they stand on it, and yet cannot compute them anew
where one gets another type ("attribute 2 of type t has wrong type").

https://www.postgresql.org/docs/current/indexes-expressional.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.planning.work import Act, Before, Work

QUOTED = re.compile(r"'(?:[^']|'')*'")


def over_them(work: Work) -> Iterator[tuple[ObjectId, ObjectId]]:
    """Such indexes that stay, each with a column of its table that gets another type."""
    old, new = work.old.objects, work.new.objects
    retyped = [o for o in work.altered if o.kind == "column" and old[o].type != new[o].type]
    tables = {o.name[:2] for o in retyped}
    for oid in (o for o, s in old.items() if o.kind == "index" and s.table in tables and o in new):
        if ".*" in QUOTED.sub("", old[oid].definition):
            yield from ((oid, column) for column in retyped if column.name[:2] == old[oid].table)


def out_of_the_way(work: Work, before: Before[Act]) -> None:
    """Add to `before` that they go before the column changes, and come back after it."""
    for oid, column in over_them(work):
        change = Act("alter", column)
        if change in before:
            before[change].add(Act("drop", oid))
        if (again := Act("create", oid)) in before:
            before[again].add(change)
