"""What goes for good of tables that stay. Guards are told unless another that is as strict stays, or comes.

By another name, or of another kind: an index that is unique is as good as a constraint, and the other way round. What goes along with
a table that is made anew is told as if it went by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from colonnade.core.hazards import DROPS_GUARANTEE, Hazard, hazard
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.planning.work import Act, Work, kind_of
from colonnade.engines.postgres.rewriting.meanwhile import gone_by, left_behind, transactions
from colonnade.engines.postgres.told import weaker

UNIQUE = ("primary key", "unique", "index")
ALONE = ("primary key", "exclusion", "check", "foreign key")
_LIKE = {**dict.fromkeys(UNIQUE, UNIQUE), **{kind: (kind,) for kind in ALONE}}
"""The kinds of what may guard in the place of each: of a primary key, which rows are known by elsewhere, nothing else."""


def told(
    work: Work, context: Context, made: Mapping[Act, list[Step]], printed: Callable[[ObjectId, Work], weaker.Printed]
) -> dict[Act, list[Step]]:
    """The acts by which something goes, with that said of their last step, or no longer said."""
    found = _along(work, context, made)
    at = transactions(made)
    for oid in sorted(o for o in work.dropped - work.created if _guards(o, work)):
        act = gone_by(oid, work, made)
        if not made.get(act) or (_goes_with_its_columns(oid, work) and (oid.kind == "index" or act.id != oid)):
            continue
        *others, last = found.get(act, made[act])
        plain = hazard(DROPS_GUARANTEE, oid)
        now = [at.get(Act("create", o), at[act]) for o in _instead(oid, work, printed(oid, work))]
        hazards = [h for h in last.hazards if h != plain]
        found[act] = [*others, replace(last, hazards=(*hazards, *_lost(oid, plain, at[act], now)))]
    return found


def _along(work: Work, context: Context, made: Mapping[Act, list[Step]]) -> dict[Act, list[Step]]:
    """The drops of tables that are made anew, with what is to be said of what goes along with them."""
    found: dict[Act, list[Step]] = {}
    gone = work.dropped - work.created if work.remade.tables else NOTHING
    for oid in sorted(o for o in gone if not kind_of(o).holds_data and work.home(o) not in gone):
        act = gone_by(oid, work, made)
        if act.id == oid or act.id not in work.remade.tables or not made.get(act) or _is_a_parts(oid, work):
            continue
        hazards = (h for s in kind_of(oid).drop(oid, work.old.objects[oid], context) for h in s.hazards)
        *others, last = found.get(act, made[act])
        found[act] = [*others, replace(last, hazards=(*last.hazards, *hazards))]
    return found


def _is_a_parts(oid: ObjectId, work: Work) -> bool:
    """Whether it is told of with that of the whole."""
    attached = ObjectId("index attachment", (oid.name[0], oid.name[-1])) in work.old.objects
    return attached or getattr(work.old.objects[oid], "inherited", False)


def _lost(oid: ObjectId, plain: Hazard, gone: int, there: list[int]) -> Iterator[Hazard]:
    """What is to be told, by the transactions in which it goes, and in which others are there that guard as well."""
    if not there:
        yield plain
    elif min(there) > gone:
        yield hazard(DROPS_GUARANTEE, oid, "until it is built again")


def _goes_with_its_columns(oid: ObjectId, work: Work) -> bool:
    """Whether nothing of what it is about stays."""
    own = {o for o in work.old.needs.get(oid, NOTHING) if o.kind == "column" and o.name[:2] == work.home(oid).name}
    return bool(own) and own <= work.dropped - work.created


def _guards(oid: ObjectId, work: Work) -> bool:
    """Whether rows that stay lose it with this: a part's is told of with the whole's, and what a plan left behind was nobody's."""
    gone = work.dropped - work.created
    if oid.kind not in _LIKE or left_behind(oid) or work.home(oid) in gone or _is_a_parts(oid, work):
        return False
    spec = work.old.objects[oid]
    return oid.kind != "index" or bool(spec.unique and spec.valid)


def _instead(oid: ObjectId, work: Work, printed: weaker.Printed) -> Iterator[ObjectId]:
    """Those of the same table that are as strict."""
    old, home = work.old.objects[oid], work.home(oid)
    for other in _of(home, work, _LIKE[oid.kind]):
        new = work.new.objects[other]
        if not any(weaker.whys_of_another(oid.kind, old, other.kind, new, printed)):
            yield other


def _of(home: ObjectId, work: Work, kinds: tuple[str, ...]) -> Iterator[ObjectId]:
    new: Model = work.new
    return (o for o in new.objects if o.kind in kinds and work.home(o, new) == home)
