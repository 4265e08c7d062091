"""Columns that hold other objects by number, as regclass does: one that is made anew has another number, and the old one names nothing.

https://www.postgresql.org/docs/current/datatype-oid.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from colonnade.core.hazards import NARROWS_DATA, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import RELATIONS
from colonnade.engines.postgres.planning.work import INDEXED, ROUTINES, SEARCH, TYPES, Act, Work
from colonnade.engines.postgres.rewriting.meanwhile import gone_by
from colonnade.engines.postgres.statement import Part, name, printed, q, text, value

HOLD = {
    "regclass": (*RELATIONS, "sequence", "composite type", *INDEXED),
    "regtype": (*TYPES, *RELATIONS),
    "regproc": ROUTINES,
    "regprocedure": ROUTINES,
    "regconfig": (SEARCH,),
    "regdictionary": ("text search dictionary",),
    "regcollation": ("collation",),
}
"""By type, the kinds of what a column of it can name."""


def told(work: Work, made: Mapping[Act, list[Step]]) -> dict[Act, list[Step]]:
    """The acts by which something that such a column may name goes and comes anew, with that said of their last step."""
    holding = [(o, s.type) for o, s in work.old.objects.items() if o.kind == "column" and s.type in HOLD]
    found: dict[Act, list[Step]] = {}
    for oid in sorted(work.dropped & work.created) if holding else ():
        act = gone_by(oid, work, made)
        hazards = tuple(_told(oid, holding, work))
        if hazards and made.get(act):
            *others, last = found.get(act, made[act])
            found[act] = [*others, replace(last, hazards=(*last.hazards, *hazards))]
    return found


def _told(oid: ObjectId, holding: list[tuple[ObjectId, str]], work: Work) -> Iterator[Hazard]:
    for column, type_ in holding:
        if oid.kind in HOLD[type_] and column in work.new.objects:
            called = value(text(_called(oid, work)))
            as_ = "regprocedure" if type_ == "regproc" else type_
            there = name(column.name[2])
            rows = q("FROM {} WHERE {}::oid = {}::{}::oid", name(*column.name[:2]), there, called, printed(as_))
            asks = (text(q("SELECT {} {}", there, rows)),)
            why = f"{column} holds {oid} by its number, which is made anew and has another then; what was stored names nothing"
            yield replace(hazard(NARROWS_DATA, column), message=why, asks=asks)


def _called(oid: ObjectId, work: Work) -> Part:
    """The object as the server reads it there."""
    if oid.kind in ROUTINES:
        spec = work.old.objects[oid]
        return q("{}({})", name(oid.name[0], spec.function), printed(spec.arguments))
    return name(oid.name[0], oid.name[-1])
