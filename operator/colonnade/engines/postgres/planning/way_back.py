"""The way back from a step that drops: the object is made again, with all that went along with it.

Only what is dropped needs this: what creates or changes knows its own reverse. The statements are those that the kinds themselves
make, so that nothing of an object is forgotten on the way back that is not forgotten on the way there.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from colonnade.core.errors import Unsupported
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kinds.column import freed_names
from colonnade.engines.postgres.kinds.column_type import refers_still, way_back_by_name
from colonnade.engines.postgres.planning.work import ROUTINES, Act, Work, is_type
from colonnade.engines.postgres.rewriting import expand, meanwhile
from colonnade.engines.postgres.rewriting.by_name import AWAY, ByName, qualified
from colonnade.engines.postgres.rewriting.remade import other_name
from colonnade.engines.postgres.statement import Part, name, printed, q, step, text

Made = Mapping[Act, list[Step]]
MadeAgain = Callable[[Mapping[ObjectId, ObjectId]], Mapping[ObjectId, list[str]]]
"""From dropped objects, each with the one that it is made again with, to the statements that make these."""


def told(work: Work, made: Made, made_again: MadeAgain) -> dict[Act, list[Step]]:
    """The steps that drop, and do not say how they are taken back, with what makes the object again; and those that nothing takes back."""
    rows_stay = work.remade.tables | work.remade.emptied | work.followers
    drops = {a.id: a for a in made if a.verb == "drop" and a.id not in rows_stay}
    silent = [o for o, a in drops.items() if made[a] and made[a][-1].undo is None]
    places = (o for o, a in drops.items() if o.kind == "inheritance" and made[a])
    left = {o for o in places if not work.is_bounded_otherwise(o)}  # whose indexes went before
    lost = standing_on(work.remade.tables | _types_of_rows(work), work.old, work.new) | _placing(work)
    alone = (o for o, a in drops.items() if not made[a] and o not in lost)
    along = [o for o in alone if not _comes_with_its_table(o, work.old, left)]
    replaced = work.expanded | work.followers
    with_whom = groups(work.old, [*silent, *sorted(replaced)], along)
    with_whom = {o: whole for o, whole in with_whom.items() if o not in replaced}
    stays = _written_anew(work, made)
    anew = [o for some in stays.values() for o in some]
    with_whom |= groups(work.old, anew, [o for o in work.old.objects if anew and o.kind in RIDES and o not in drops])
    again, why = dict[ObjectId, list[str]](), ""
    try:
        again |= made_again(with_whom) if with_whom else {}
    except Unsupported as error:
        why = f"no way back is known: {str(error).rpartition('; ')[0]}"
    return {
        **{a: list(_again(a, made[a], with_whom, texts, why)) for a, texts in _as_called(work, made, again)},
        **{a: [_none(s) for s in steps] for a, steps in made.items() if a.id in lost},
        **{Act("create", g[0]): _with_theirs(made[Act("create", g[0])], g, work, again) for g in expand.groups(work)},
        **{a: _with_what_stays(made[a], some, work, again, why) for a, some in stays.items()},
    }


RIDES = ("clustering", "comment", "replica identity")
"""What is said of an index, check or statistics object, and goes with it."""


def _written_anew(work: Work, made: Made) -> dict[Act, list[ObjectId]]:
    """What computes with a column that gets a type of another family, and stays where it is: the server writes casts into it, and takes
    none out again on the way back. And statistics, which it measures by its own default from then on.
    """
    old, new = work.old.objects, work.new.objects
    acts = [a for a in made if a.verb == "alter" and a.id.kind == "column" and made[a] and made[a][0].undo]
    retyped = {a.id: a for a in acts if a.id in new and not refers_still(old[a.id].type, new[a.id].type)}
    found: defaultdict[Act, list[ObjectId]] = defaultdict(list)
    for oid, needs in work.old.needs.items() if retyped else ():
        columns = sorted(needs & retyped.keys())
        if columns and _computes(oid, old[oid]) and oid in new and oid not in work.dropped | work.created:
            found[retyped[columns[0]]].append(oid)
    return found


def _computes(oid: ObjectId, spec: Any) -> bool:
    if oid.kind == "index":
        return not spec.partitioned and (" WHERE " in spec.definition or spec.definition.count("(") > 1)
    return oid.kind == "check" or (oid.kind == "statistics" and (spec.target >= 0 or bool(spec.expressions)))


def _with_what_stays(
    steps: Sequence[Step], some: Sequence[ObjectId], work: Work, again: Mapping[ObjectId, list[str]], why: str
) -> list[Step]:
    """The column goes back to its type; then what computes with it is made again as it was, or it is told that it is not."""
    if why:
        return [replace(s, undo_note="; ".join(filter(None, (s.undo_note, why)))) for s in steps]
    texts = [s for o in some if again.get(o) for s in (text(_dropped(o, work)), *again[o])]
    first, *others = steps
    return [replace(first, undo=";\n".join([first.undo or "", *texts])), *others] if texts else [*steps]


def _dropped(oid: ObjectId, work: Work) -> Part:
    if oid.kind == "check":
        return q("ALTER TABLE {} DROP CONSTRAINT {}", name(*oid.name[:2]), name(oid.name[2]))
    return q("DROP {} {}", q("INDEX") if oid.kind == "index" else q("STATISTICS"), name(*oid.name))


def _comes_with_its_table(oid: ObjectId, old: Model, left: Collection[ObjectId]) -> bool:
    """Whether it is the place of an index among those of the whole, which is taken again when the table that left comes back."""
    return oid.kind == "index attachment" and ObjectId("inheritance", old.objects[oid].tables[0]) in left


def _with_theirs(
    steps: Sequence[Step], group: Sequence[ObjectId], work: Work, again: Mapping[ObjectId, list[str]]
) -> list[Step]:
    """Columns that changed places go back to their type; then what went with them, and with what stands on them, is made again."""
    theirs = (o for o in sorted(work.followers) if expand.columns_of(o, work) & set(group))
    texts = [s for o in (*group, *theirs) for s in again.get(o, ())]
    return [replace(s, undo=";\n".join([s.undo, *texts])) if s.undo else s for s in steps]


def _again(
    act: Act, steps: Sequence[Step], with_whom: Mapping[ObjectId, ObjectId], texts: Sequence[str], why: str
) -> Iterator[Step]:
    if why:
        yield from (*steps[:-1], replace(steps[-1], undo_note="; ".join(filter(None, (steps[-1].undo_note, why)))))
    elif with_whom.get(act.id, act.id) != act.id:
        yield from (replace(s, undo_note="it is made again with the whole") for s in steps)
    else:
        yield from steps[:-1]
        yield replace(steps[-1], undo=";\n".join(texts)) if texts else steps[-1]


def _as_called(work: Work, made: Made, again: Mapping[ObjectId, list[str]]) -> Iterator[tuple[Act, list[str]]]:
    """Each drop, with what makes the object again, in which everything goes by the name that it has at that time."""
    moved: dict[ObjectId, str] = {}
    for act in made:
        if act.verb == "move" and act.id in work.moved:
            moved.update(_also(act.id, work))
        elif act.verb == "drop" and made[act] and made[act][-1].undo is None:
            texts = again.get(act.id, [])
            if act.id in work.serving:
                texts = [meanwhile.with_other_name(s, act.id, moved[act.id]) for s in texts]
            if act.id in work.freed:
                texts = _under_the_other_name(act.id, work.old.objects[act.id], texts)
            yield act, [_called(s, moved | _given_up(act.id, work)) for s in texts]
        if act.verb == "drop" and act.id in work.moved:
            for one, _ in _also(act.id, work):
                moved.pop(one, None)


def _given_up(oid: ObjectId, work: Work) -> dict[ObjectId, str]:
    """The routines that something needs which is moved itself, by the names that they go by since they gave theirs up."""
    needs = work.old.needs.get(oid, NOTHING) & work.freed if oid in work.moved else NOTHING
    called = {n: work.old.objects[n].function for n in needs if n.kind in ROUTINES}
    return {ObjectId(n.kind, (n.name[0], one)): other_name(one) for n, one in called.items()}


def _under_the_other_name(oid: ObjectId, spec: Any, texts: Sequence[str]) -> list[str]:
    """What makes it again, as it was called since it gave its name up."""
    if oid.kind == "column":
        was, now = (text(one) for one in freed_names(oid, spec))
        return [s.replace(f" CONSTRAINT {was} ", f" CONSTRAINT {now} ") for s in texts]
    called = ObjectId(oid.kind, (oid.name[0], spec.function))
    return [_called(s, {called: other_name(spec.function)}, count=1) for s in texts]


def groups(old: Model, drops: Sequence[ObjectId], along: Collection[ObjectId]) -> dict[ObjectId, ObjectId]:
    """Each dropped object with the one in `drops`, in their order, that it is made again with: what went `along`, with the first that takes it.

    Whatever that one stands on is dropped later, and so is there again before it.
    """
    taken: defaultdict[ObjectId, list[ObjectId]] = defaultdict(list)
    for oid in along:
        for one in old.vanishes_with(oid):
            taken[one].append(oid)
    found: dict[ObjectId, ObjectId] = {}
    for one in drops:
        for oid in (one, *taken[one]):
            found.setdefault(oid, one)
    whole = _wholes(old, drops)
    return {oid: whole.get(one, one) for oid, one in found.items()}


def _wholes(old: Model, drops: Sequence[ObjectId]) -> dict[ObjectId, ObjectId]:
    """The tables of which those in `drops` are partitions, where they go, too: the indexes of all come after the last is attached."""
    above = {
        ObjectId("table", o.name): s.parents[0] for o, s in old.objects.items() if o.kind == "inheritance" and s.bound
    }
    found: dict[ObjectId, ObjectId] = {}
    going = set(drops)
    for one in drops:
        whole = one
        while whole in above and (parent := ObjectId("table", above[whole])) in going:
            whole = parent
        if whole != one:
            found[one] = whole
    return found


def standing_on(tables: Collection[ObjectId], *models: Model) -> set[ObjectId]:
    """These tables, their partitions and children, and all that needs one of them, in either model."""
    users: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    for model in models if tables else ():
        for oid, needs in model.needs.items():
            for one in needs | model.parents.get(oid, NOTHING):
                users[one].add(oid)
    found, todo = set(tables), list(tables)
    while todo:
        oid = todo.pop()
        more = users[oid] | ({ObjectId("table", oid.name)} if oid.kind == "inheritance" else set())
        todo += more - found
        found |= more
    return found


def _placing(work: Work) -> set[ObjectId]:
    """The routines that come and go for the partition keys of these tables, or for what they hold."""
    called = {n for m in (work.old, work.new) for t in work.remade.tables for n in m.needs.get(t, NOTHING)}
    called |= {o for o in work.freed if work.copied_over(o)}
    return {o for o in called & (work.dropped | work.created) if o.kind in ROUTINES}


def _types_of_rows(work: Work) -> set[ObjectId]:
    """The types that columns of these tables are of, near or far, where they are replaced: the new tables hold on to the new ones."""
    homes = {t.name for t in work.remade.tables}
    todo = [o for o in work.old.objects if o.kind == "column" and o.name[:2] in homes] if homes else []
    found: set[ObjectId] = set()
    for one in todo:
        further = {n for n in work.old.needs.get(one, NOTHING) & work.dropped & work.created if is_type(n)} - found
        found |= further
        todo += further
    return found


def _none(made: Step) -> Step:
    """A step of a table that is made anew, or of what stands on it: nothing of that is taken back by itself."""
    return replace(made, undo=None, undo_note="the change the other way round copies the rows back")


def with_other_name(statement: str, oid: ObjectId, called: str) -> str:
    """A statement about an object that goes by another name for a while."""
    return statement.replace(text(name(*oid.name)), text(name(*oid.name[:-1], called)), 1)


def aside(oid: ObjectId, kind: Part, work: Work) -> Iterator[Step]:
    """The steps that name it otherwise for a while; a range takes along its multirange, and the functions that make values of both."""
    subtype = getattr(work.old.objects[oid], "subtype", "")
    makers = ["({0}, {0})", "({0}, {0}, text)"] if subtype else []
    for one, other in _names(oid, work.old, work.moved[oid]):
        forms = [(kind, ""), *((q("FUNCTION"), m.format(subtype)) for m in makers)]
        for word, arguments in forms:
            there, back = (
                q("ALTER {} {}{} RENAME TO {}", word, name(*one[:-1], was), printed(arguments), name(now))
                for was, now in ((one[-1], other), (other, one[-1]))
            )
            yield step(oid, there, undo=back)
        makers = ["()"]


def _names(oid: ObjectId, old: Model, other: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """What it is called, and what otherwise."""
    yield oid.name, other
    multirange = getattr(old.objects[oid], "multirange", None)
    if multirange and (called := qualified(multirange)):
        yield called, other_name(called[1])


def _also(oid: ObjectId, work: Work) -> Iterator[tuple[ObjectId, str]]:
    """What is moved, and what goes by another name with it."""
    return ((ObjectId(oid.kind, called), other) for called, other in _names(oid, work.old, work.moved[oid]))


def carried(oid: ObjectId, over: Iterable[Step], work: Work) -> list[Step]:
    """The steps by which a column's values go over, with the way back to the type it had, while that goes by the name it was moved to."""
    old, new = work.old.objects[oid], work.new.objects[oid]
    moved = {one: other for o in work.moved for one, other in _also(o, work)}
    ways = ByName(work.new, work.old, lambda printed_: _called(printed_, moved))
    back = way_back_by_name(oid, old, new, ways)
    return [s if s.undo_note == AWAY else replace(s, undo=back) for s in over]


def _called(printed_: str, moved: Mapping[ObjectId, str], *, count: int = 0) -> str:
    """A text with the other names in it, whether quoted or as the server prints them; all of them, or the first."""
    for oid, other in moved.items():
        parts = r"\.".join(rf"(?:{re.escape(p)}|{re.escape(text(name(p)))})" for p in oid.name)
        now = text(name(*oid.name[:-1], other))
        printed_ = re.sub(rf'(?<![\w$."]){parts}(?![\w$."])', now.replace("\\", r"\\"), printed_, count=count)
    return printed_
