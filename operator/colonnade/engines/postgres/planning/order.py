"""In which order a plan's acts come: what is needed is made first and dropped last, and a name is free only once what had it is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from colonnade.core.errors import Unsupported
from colonnade.core.kind import ObjectId
from colonnade.core.plan import CycleError, Step, topological
from colonnade.engines.postgres.kind import VIEWS
from colonnade.engines.postgres.planning.mentions import heeded
from colonnade.engines.postgres.planning.precedence import Precedence
from colonnade.engines.postgres.planning.work import Act, Before, Work, changes_persistence, closure, ends_of, kind_of
from colonnade.engines.postgres.rewriting import expand


class Circular(Unsupported):
    """No order will do for these acts."""

    def __init__(self, message: str, acts: Sequence[Act]) -> None:
        super().__init__(message)
        self.acts = acts


IN_HALVES = (("alter", "column"), ("create", "check"), ("create", "foreign key"))


def halves(act: Act, steps: list[Step]) -> Iterator[tuple[Act, list[Step]]]:
    """What is done in a transaction, and what of it fills rows or looks at them afterwards, alone."""
    first = next((i for i, s in enumerate(steps) if not s.transactional), 0)
    if first and (act.verb, act.id.kind) in IN_HALVES:
        yield act, steps[:first]
        yield Act("finish", act.id), steps[first:]
    else:
        yield act, steps


def ordered(work: Work, made: Mapping[Act, Sequence[Step]]) -> list[Act]:
    """The acts in order. Raises Unsupported where the needs go round in a circle."""
    before = heeded(work, Precedence(work).of(made))
    try:
        acts = topological(sorted(made, key=lambda a: _preference(work, a, made[a])), before)
    except CycleError as e:
        way = " -> ".join(f"{a.verb} {a.id}" for a in e.nodes)
        why = f"these objects need one another in a circle: {way}; {_way_out(e.nodes)}"
        raise Circular(why, e.nodes) from e
    if work.remade.tables:
        whole = {a for a in acts if a.id in work.remade.tables and a.verb in ("move", "drop", "copy")}
        whole |= {a for a in acts if a.verb == "drop" and work.is_left(a.id)}
        acts = _at_once(acts, before, made, whole, {a for a in acts if a.verb == "move"})
    for group in expand.groups(work) if work.expanded else ():
        whole = {Act("create", group[0])} | {a for a in acts if a.id in expand.replaced_with(group, work) and made[a]}
        acts = _at_once(acts, before, made, whole, whole)
    return acts if work.remade.tables else _replaced_at_once(work, acts, before, made)


def _way_out(circle: Sequence[Act]) -> str:
    """What only is made needs one another for good, so that no two changes would do."""
    if all(a.verb == "create" for a in circle):
        views = all(a.id.kind in VIEWS for a in circle)
        return f"let one of them do without the others{', as by reading the tables that they read' if views else ''}"
    return "break it up into two changes"


def _replaced_at_once(
    work: Work, acts: list[Act], before: Before[Act], made: Mapping[Act, Sequence[Step]]
) -> list[Act]:
    """What is dropped to be made again is away for one transaction only, wherever that can be: nobody is to do without it meanwhile."""
    lasting = (o for o in work.dropped & work.created if o.kind != "replica identity")  # it comes with its index
    pairs = {o: (Act("drop", o), Act("create", o)) for o in lasting}
    pairs = {
        o: pair for o, pair in pairs.items() if all(made.get(a) and all(s.transactional for s in made[a]) for a in pair)
    }
    if not pairs:
        return acts
    whole = {a for pair in pairs.values() for a in pair}
    with suppress(Unsupported):
        return _at_once(acts, before, made, whole, {gone for gone, _ in pairs.values()})
    for gone, again in pairs.values():
        with suppress(Unsupported):
            acts = _at_once(acts, before, made, {gone, again}, {gone})
    return acts


def circles_of_keys(work: Work) -> set[ObjectId]:
    """Foreign keys that stay, of tables that refer to one another in a circle and all become logged or unlogged: no order would do."""
    changed = {o for o in work.altered if changes_persistence(o, work)}
    keys = {o: ends_of(o, s) for o, s in work.new.objects.items() if o.kind == "foreign key"} if changed else {}
    found = {o: ends for o, ends in keys.items() if set(ends) <= changed and len(set(ends)) == 2}
    refers: dict[ObjectId, set[ObjectId]] = {t: set() for t in changed}
    for own, target in found.values():
        refers[own].add(target)
    return {o for o, (own, target) in found.items() if own in closure({target}, refers)}


def _preference(work: Work, act: Act, made: Sequence[Step]) -> tuple[Any, ...]:
    """Of what could come next: what shares a transaction before what runs alone, replaced before new, mere drops last."""
    kind = kind_of(act.id)
    alone = any(not s.transactional for s in made)
    if act.verb == "drop":
        return (0 if kind.fires or act.id in work.created else 2, alone, -kind.rank, act.id)
    place = work.place[act.id] if act.verb == "create" else -1
    return (1, alone and act.verb in ("create", "finish"), kind.rank, place, act.id)


def _at_once(
    acts: list[Act],
    before: Before[Act],
    made: Mapping[Act, Sequence[Step]],
    whole: Collection[Act],
    starts: Collection[Act],
) -> list[Act]:
    """From the first to the last of the `whole` everything shares one transaction; what hangs on none of its `starts` comes before.

    Nobody is to see, nor a crash to leave behind, a table whose rows have not arrived yet, or that lacks what it had.
    """
    places = [i for i, a in enumerate(acts) if a in whole]
    alone = [a for a in acts[places[0] : places[-1] + 1] if any(not s.transactional for s in made[a])]
    early = closure({a for a in alone if not closure({a}, before) & set(starts)}, before)
    after: dict[Act, set[Act]] = {a: set() for a in acts}
    for a, needed in before.items():
        for one in needed & after.keys():
            after[one].add(a)
    late = closure(set(alone) - early, after)
    if odd := sorted({str(a.id) for a in late & set(whole) if a.verb != "move"}):
        why = "would be made anew, and what else changes there cannot be done in the same transaction"
        way_out = "make the other changes first, then this one"
        raise Circular(f"{', '.join(odd)} {why}; {way_out}", [a for a in late if a in whole])
    first, last = ([a for a in acts if a in part] for part in (early, late))
    return [*first, *(a for a in acts if a not in early and a not in late), *last]
