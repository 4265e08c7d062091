"""Views that rows are written through, and that take less of it after a change: of their own, or of what they read.

The server finds out by the query, and what is under it, whether it can; and says so to those who write.
https://www.postgresql.org/docs/current/sql-createview.html (updatable views)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from colonnade.core.hazards import BREAKS_CLIENTS, Hazard, hazard
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import RELATIONS
from colonnade.engines.postgres.planning.work import Act, Work


def told(work: Work, made: Mapping[Act, list[Step]]) -> dict[Act, list[Step]]:
    """The acts by which a view takes less, with that said of their last step."""
    found: dict[Act, list[Step]] = {}
    for oid in sorted(o for o in work.old.objects if o.kind == "view" and o in work.new.objects):
        hazards = tuple(_less(oid, work))
        act = _last_under(oid, work, made) if hazards else None
        if act:
            *others, last = found.get(act, made[act])
            found[act] = [*others, replace(last, hazards=(*last.hazards, *hazards))]
    return found


def _less(view: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = (m.objects[view] for m in (work.old, work.new))
    whys: list[str] = []
    if None in (old.takes, new.takes):
        return
    if verbs := [v for v in old.takes if v not in new.takes]:
        whys.append(f"it takes no {' and no '.join(verbs)} from then on")
    elif columns := [c for c in old.settable if c in new.columns and c not in new.settable]:
        whys.append(f"it takes no value for {', '.join(columns)} from then on")
    for why in whys:
        told = hazard(BREAKS_CLIENTS, view)
        way = "have the applications write to what is under it, or give it INSTEAD OF triggers"
        yield replace(told, message=f"applications that write through {view} fail: {why}", safe_way=way)


def _last_under(view: ObjectId, work: Work, made: Mapping[Act, list[Step]]) -> Act | None:
    """The last act on the view itself, on what it reads, or on what these have; else the last of all."""
    names = {o.name[:2] for m in (work.old, work.new) for o in _read(view, work, m)}
    acts = [act for act, steps in made.items() if steps]
    about = [a for a in acts if a.id.name[:2] in names]
    found = about or acts
    return found[-1] if found else None


def _read(view: ObjectId, work: Work, model: Model) -> set[ObjectId]:
    """The view, and all relations under it."""
    found, todo = {view}, [view]
    while todo:
        needs = model.needs.get(todo.pop(), NOTHING)
        relations = {
            o for n in needs for o in (n, *(ObjectId(k, n.name[:2]) for k in RELATIONS)) if o.kind in RELATIONS
        }
        todo += relations - found
        found |= relations
    return found
