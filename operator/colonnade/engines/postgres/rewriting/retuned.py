"""Storage parameters of an index that say what becomes of it from then on: they are set in place, and what is there stays as it was built.

Others, such as pages_per_range or those of extensions, say how it is built: for them it is built anew. The server does not let go of what
a partitioned table's index, which has no pages of its own, was made with. https://www.postgresql.org/docs/current/sql-alterindex.html
"""

from __future__ import annotations

from collections.abc import Sequence

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.options import changed_options
from colonnade.engines.postgres.printed_index import PrintedIndex
from colonnade.engines.postgres.statement import name, q

IN_PLACE = ("autosummarize", "buffering", "deduplicate_items", "fastupdate", "fillfactor", "gin_pending_list_limit")


def retuned(oid: ObjectId, old: str, new: str, context: Context) -> Sequence[Step] | None:
    """The steps from one printing of the index, from its method on, to the other; None where it cannot be in place."""
    if old == new:
        return ()
    was, now = PrintedIndex.of(old), PrintedIndex.of(new)
    keys = {one.partition("=")[0] for one in {*was.options} ^ {*now.options}}
    if was.rest != now.rest or not keys <= {*IN_PLACE} or _is_of_a_whole(oid, context):
        return None
    called = name(oid.name[0], oid.name[-1])
    return tuple(changed_options(oid, q("ALTER INDEX {}", called), was.options, now.options))


def _is_of_a_whole(oid: ObjectId, context: Context) -> bool:
    """Whether it is that of a partitioned table, or a part of one that is built anew."""
    spec = context.old.objects[oid]
    table = getattr(spec, "table", oid.name[:2])
    if context.partitioned(table):
        return True
    place = context.old.objects.get(ObjectId("index attachment", (oid.name[0], oid.name[-1])))
    if place is None:
        return False
    whole, called = place.tables[1], place.parent
    same = (
        ObjectId("index", called),
        *(ObjectId(kind, (*whole, called[1])) for kind in ("primary key", "unique", "exclusion")),
    )
    return any(context.old.objects.get(o) != context.new.objects.get(o) for o in same)
