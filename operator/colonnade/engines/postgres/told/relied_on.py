"""What others rely on and find otherwise after a change: guards that let more in, shapes, rights. It is told at the step that changes it.

Kinds tell what it is that something goes; here old and new are compared, whether changed in place or made anew under the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from colonnade.core.hazards import BREAKS_CLIENTS, DROPS_GUARANTEE, TIGHTENS_RULE, Hazard, hazard
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.planning.work import Act, Work
from colonnade.engines.postgres.rewriting import expand
from colonnade.engines.postgres.rewriting.meanwhile import gone_by
from colonnade.engines.postgres.told import gone, updatable, weaker
from colonnade.engines.postgres.told.implied import without_casts, without_text_casts
from colonnade.engines.postgres.told.reshaped import RESHAPED, stands_on_another_type
from colonnade.engines.postgres.types import parts


def told(work: Work, context: Context, made: Mapping[Act, list[Step]]) -> dict[Act, list[Step]]:
    """The acts by which something becomes less than others rely on, or something else, with that said of their last step."""
    found = gone.told(work, context, made, _printed)
    for oid in sorted(work.altered | (work.dropped & work.created)):
        compare = COMPARED.get(oid.kind)
        hazards = tuple(compare(oid, work)) if compare else ()
        act = _changed_by(oid, work, made) if hazards else None
        if act:
            *others, last = found.get(act, made[act])
            found[act] = [*others, replace(last, hazards=(*last.hazards, *hazards))]
    return found | updatable.told(work, {**made, **found})


def _changed_by(oid: ObjectId, work: Work, made: Mapping[Act, list[Step]]) -> Act | None:
    """The first act by which it is another."""
    swaps = [Act("create", g[0]) for g in expand.groups(work) if expand.columns_of(oid, work) & set(g)]
    acts = (gone_by(oid, work, made), *(Act(verb, oid) for verb in ("alter", "create")), *swaps)
    return next((a for a in acts if made.get(a)), None)


def _guard(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = (m.objects[oid] for m in (work.old, work.new))
    if _comes_with_a_whole(oid, work):
        return
    for more in weaker.refused(old, new) if oid.kind == "foreign key" else ():
        way = "have the applications see to the rows that refer to it first"
        yield replace(hazard(TIGHTENS_RULE, oid), message=f"{oid}: {more}", safe_way=way)
    if whys := list(weaker.whys(oid.kind, old, new, _printed(oid, work))):
        told = hazard(DROPS_GUARANTEE, oid)
        yield replace(told, message=f"{oid} no longer guards the data as it did: {'; '.join(whys)}")
    elif columns := weaker.other_target(oid.kind, old, new, _printed(oid, work)):
        yield replace(
            hazard(BREAKS_CLIENTS, oid), message=f"INSERT … ON CONFLICT {columns} no longer finds {oid}, and fails"
        )


def _printed(oid: ObjectId, work: Work) -> weaker.Printed:
    """How expressions are compared: what comes along with a type, in this round of the plan or an earlier one, has other casts."""
    if stands_on_another_type(oid, work):
        return without_casts
    needed = (work.old.objects[n] for n in work.old.needs.get(oid, NOTHING) if n.kind == "column")
    loses = any(parts(c.type).base.rpartition(".")[2] in ("citext", "character") for c in needed)
    return str if loses else without_text_casts


def _comes_with_a_whole(oid: ObjectId, work: Work) -> bool:
    """Whether it is a part's, and changes as that of the whole does."""
    attachment = ObjectId("index attachment", (oid.name[0], oid.name[-1]))
    return all(attachment in m.objects or getattr(m.objects[oid], "inherited", False) for m in (work.old, work.new))


GUARDS = (
    "primary key",
    "unique",
    "exclusion",
    "index",
    "check",
    "domain constraint",
    "foreign key",
    "trigger",
    "rule",
)
COMPARED: Mapping[str, Callable[[ObjectId, Work], Iterator[Hazard]]] = {**dict.fromkeys(GUARDS, _guard), **RESHAPED}
