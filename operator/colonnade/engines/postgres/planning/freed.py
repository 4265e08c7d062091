"""What gives its name up to others before it goes itself, which is late."""

from __future__ import annotations

from colonnade.core.kind import NOTHING, ObjectId
from colonnade.engines.postgres.planning.work import ROUTINES, SAID, Work, is_type


def to_free(work: Work) -> set[ObjectId]:
    """Columns whose NOT NULL has a name that is wanted, routines whose calls would be taken for calls of others, or that a table
    calls which is made anew, or that say how a type compares that is."""
    wanted = {key for oid in work.created | work.altered for key in work.names(oid, work.new)}
    columns = {o for o in work.dropped - work.created if o.kind == "column" and not work.taken_by(o)}
    return _routines(work) | {o for o in columns if wanted & work.names(o, work.old)}


def _routines(work: Work) -> set[ObjectId]:
    gone = {o for o in work.dropped if o.kind in ROUTINES}
    late = work.remade.tables | {o for o in work.moved if is_type(o)}
    placing = {n for o in late for n in work.old.needs.get(o, NOTHING)}
    callers = (o for o in work.created | work.altered if o.kind not in SAID)
    called = {n for o in callers for n in work.new.needs.get(o, NOTHING) if n.kind in ROUTINES}
    # what has types in its name goes before these are called otherwise
    typed = {o for o in gone if work.old.needs.get(o, NOTHING) & work.moved.keys()}
    again = {o for o in gone & work.created if o in placing or (o not in typed and work.copied_over(o))}
    return again | {o for o in gone if called & overloading(o, work)}


def overloading(routine: ObjectId, work: Work) -> set[ObjectId]:
    """The new routines of the same name, other than in their arguments."""
    called = (routine.name[0], work.old.objects[routine].function)
    new = (o for o in work.created - work.dropped if o.kind in ROUTINES and routine not in work.created)
    return {o for o in new if (o.name[0], work.new.objects[o].function) == called}
