"""Names that two objects want in one plan: a name is free only once what had it is gone, or has another.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.kind import VIEWS
from colonnade.engines.postgres.planning.work import Act, Before, Work, is_type


def collide(work: Work, before: Before[Act]) -> None:
    """Add to `before` what has to give up a name before another gets it."""
    freed: dict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
    for oid, _, keys in _names_of(work, work.old, work.dropped, work.new):
        for key in keys:
            freed[key].append(oid)
    for oid, act, keys in _names_of(work, work.new, work.created, work.old):
        for key in keys:
            for other in (o for o in freed.get(key, ()) if o != oid):
                early = other in work.freed and key[0] == "constraint"
                gives = {Act("free", other)} if early else _gives_up_its_name(other, work)
                if other in work.serving and key[0] != "primary key":
                    gives = {Act("move", other)}
                before[act].update(gives - {act})
                if oid in work.built_first and act.verb == "create" and key[0] != "primary key":
                    before[Act("build", oid)].update(gives - {Act("drop", work.built_first[oid])})


def _names_of(
    work: Work, model: Model, moving: Collection[ObjectId], other: Model
) -> Iterator[tuple[ObjectId, Act, set[tuple[str, ...]]]]:
    """The names that objects have in this model and not in the other, with the acts by which they get them."""
    for oid in moving:
        home = work.inlined.get(oid, oid) if moving is work.created else oid
        yield oid, Act("create", home), work.names(oid, model)
    for oid in work.altered:
        yield oid, Act("alter", oid), work.names(oid, model) - work.names(oid, other)


def _gives_up_its_name(oid: ObjectId, work: Work) -> set[Act]:
    """Its drop; or what moves its table aside, together with it; a partition's place is its parent's."""
    if (oid.kind in ("sequence", *VIEWS) or is_type(oid)) and oid in work.moved:
        return {Act("move", oid)}
    if oid.kind == "column" and oid in work.altered and work.handed_over(oid):
        return set()  # the one that comes for its sequence's name makes room for itself
    if oid in work.altered:
        return {Act("alter", oid)}
    if domain := work.domain_moved(oid):
        return {Act("move", domain)}
    tables = work.remade.tables
    moved = work.old.vanishes_with(oid) & tables if tables else NOTHING
    if oid.kind == "inheritance":
        moved = frozenset(ObjectId("table", p) for p in work.old.objects[oid].parents) & tables
    return {Act("move", t) for t in moved} or {Act("drop", oid)}
