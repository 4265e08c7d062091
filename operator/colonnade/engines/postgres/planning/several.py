"""What must come before what where several acts are concerned at a time; what one act by itself asks for is in precedence.py."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import product

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import CONSTRAINTS, VIEWS, unasked
from colonnade.engines.postgres.kinds.table import is_read_as_a_catalog
from colonnade.engines.postgres.planning import whole_rows
from colonnade.engines.postgres.planning.freed import overloading
from colonnade.engines.postgres.planning.holding import holding_rows
from colonnade.engines.postgres.planning.work import (
    INDEXED,
    ROUTINES,
    Act,
    Before,
    Work,
    changes_persistence,
    closure,
    ends_of,
    is_type,
    turned,
)
from colonnade.engines.postgres.rewriting.remade import below

READ = (*VIEWS, "function", "procedure", "aggregate")
"""What applications call by name."""
UNPROVED = (*READ, "rule", "policy", "trigger", "default", "check", "foreign key", "comment", "privileges", "owner")
"""What does its work on a column, or beside a constraint, before all rows are known to be as these say."""


def all_told(work: Work, acts: Mapping[Act, Sequence[Step]], before: Before[Act]) -> None:
    """Add to `before` what these acts ask of one another."""
    _persistence(work, before)
    _counting_on(work, before)
    _domains_first(work, before)
    _values_gone(work, before)
    _parents_change(work, before)
    _known_by(work, before)
    _from_above(work, before)
    _other_keys(work, before)
    _referring(work, before)
    _keys_of_their_own(work, before)
    _otherwise_cast(work, before)
    _makers_of_ranges(work, before)
    whole_rows.out_of_the_way(work, before)
    holding_rows(work, before)
    _overloads(work, before)
    filling = {a for a, steps in acts.items() if any(s.batched for s in steps)}
    _written_again(filling, work, before)
    _finished({a.id for a in filling}, work, before)
    _of_catalogs(work, before)
    _goes_by_itself(work, before)
    _hidden_from_owners(acts, work, before)
    _late({a for a, steps in acts.items() if any(not s.transactional for s in steps)}, work, before)


def _written_again(filling: Collection[Act], work: Work, before: Before[Act]) -> None:
    """The server asks a row that is filled what no row was asked: once what goes of that is gone, and before more of it comes."""
    for fill in filling:
        for oid in (o for o in work.dropped - work.created if o.kind == "check" and o.name[:2] == fill.id.name[:2]):
            if unasked(work.old.objects[oid]):
                _first(Act("drop", oid), fill, before)
        for oid in (o for o in work.altered if o.kind == "column" and o.name[:2] == fill.id.name[:2]):
            if not work.old.objects[oid].not_null and not work.new.objects[oid].not_null_valid and oid != fill.id:
                _first(fill, Act("alter", oid), before)


def _of_catalogs(work: Work, before: Before[Act]) -> None:
    """A table that is to be read as catalogs are is not rewritten any more: all that may do so comes before."""
    for table in (o for o in work.altered if o.kind == "table"):
        if is_read_as_a_catalog(work.new.objects[table]):
            for verb, columns in (("alter", work.altered), ("create", work.created)):
                for column in (o for o in columns if o.kind == "column" and o.name[:2] == table.name):
                    before.get(Act(verb, column), set[Act]()).discard(Act("alter", table))
                    _first(Act(verb, column), Act("alter", table), before)


def _hidden_from_owners(acts: Collection[Act], work: Work, before: Before[Act]) -> None:
    """What fills or proves rows comes before these are hidden from the owner of their table, too: what is not seen is not proved."""
    objects = {**work.old.objects, **work.new.objects}
    reading = [a for a in acts if a.id.kind in ("column", "check", "foreign key") and a.verb != "drop"]
    for oid in (o for o in work.created | work.altered if o.kind == "row security" and work.new.objects[o].forced):
        if oid in work.old.objects and work.old.objects[oid].forced:
            continue
        for act in reading:
            if oid.name in (act.id.name[:2], tuple(getattr(objects[act.id], "target", ())[:2])):
                _first(act, Act("create", oid), before)
                _first(act, Act("alter", oid), before)


def _goes_by_itself(work: Work, before: Before[Act]) -> None:
    """An index that does not go with its table, for what it calls goes first, does so under its own name."""
    for index in (o for o in work.dropped if o.kind == "index" and work.home(o) in work.moved and not work.taken_by(o)):
        _first(Act("drop", index), Act("move", work.home(index)), before)


def _finished(filled: Collection[ObjectId], work: Work, before: Before[Act]) -> None:
    """Who waits for an act waits for its second half, too, unless it can do its work before the rows are proved.

    What is new, or asks something of the rows, waits until they are filled.
    """
    halves = {a.id: a for a in before if a.verb == "finish"}
    for act, needed in before.items() if halves else ():
        before_proof = act.verb == "create" and act.id.kind in UNPROVED
        before_fill = before_proof and act.id in work.dropped and act.id.kind not in CONSTRAINTS
        if act.verb != "finish":
            some = (n.id for n in needed if n.id in halves and n.verb != "drop")
            needed |= {halves[o] for o in some if not (before_fill if o in filled else before_proof)}


def _late(alone: set[Act], work: Work, before: Before[Act]) -> None:
    """What is made anew goes as late as it can: who reads a view waits for no backfill and no build, and for nothing else before it."""
    if not alone:
        return
    behind = turned(before)
    for oid in sorted(o for o in work.dropped & work.created if o.kind in READ):
        drop, create = Act("drop", oid), Act("create", oid)
        if not {drop, create} <= before.keys():
            continue
        waited_for = (before[create] | (closure({create}, before) & alone)) & before.keys()
        wait_for_it = closure({drop}, behind)
        for one in waited_for - wait_for_it:
            before[drop].add(one)
            behind[one].add(drop)


def _parents_change(work: Work, before: Before[Act]) -> None:
    """A child has what a new parent asks for when it comes, and loses only once it has left what that asked for."""
    models = work.old.objects, work.new.objects
    places = [o for o in work.dropped | work.altered | work.created if o.kind == "inheritance"]
    for place in (p for p in places if not work.is_bounded_otherwise(p)):
        kinds = ("check",) if any(m[place].bound for m in models if place in m) else ("column", "check")
        theirs = {o for m in models for o in m if o.kind in kinds and o.name[:2] == place.name}
        for oid in theirs - work.inlined.keys():
            _around_the_move(oid, place, work, before)
        _shared_rules(place, work, before)
        _spared(place, work, before)
        _without_what_goes(place, work, before)


def _without_what_goes(place: ObjectId, work: Work, before: Before[Act]) -> None:
    """What a child never had is not asked of it by a parent that is to lose it; nor of the rows of one that is made anew."""
    parents = work.new.objects[place].parents if place in work.new.objects else ()
    for parent in (p for p in parents if ObjectId("table", p) not in work.dropped):
        for column in (o for o in work.dropped - work.created if o.kind == "column" and o.name[:2] == parent):
            _first(Act("drop", column), Act("create", work.inlined.get(place, place)), before)
            _first(Act("drop", column), Act("alter", place), before)


def _spared(place: ObjectId, work: Work, before: Before[Act]) -> None:
    """What parents get that a child leaves does not come to that any more: it may get the same of its own."""
    was, now = (
        set(m.objects[place].parents) if place in m.objects else set[tuple[str, ...]]() for m in (work.old, work.new)
    )
    left = was - now
    for oid in work.created - work.inlined.keys() if left else ():
        if oid.kind in ("column", "check") and oid.name[:2] in left and oid not in work.dropped:
            for verb in ("drop", "alter"):
                _first(Act(verb, place), Act("create", oid), before)


def _shared_rules(place: ObjectId, work: Work, before: Before[Act]) -> None:
    """A part that has a check of its own comes once the whole has it, too, and leaves before that loses it: it keeps its own.

    A new part is given a check that no row is asked for by its whole.
    """
    was, now = (there.parents if (there := m.objects.get(place)) and there.bound else () for m in (work.old, work.new))
    new = ObjectId("table", place.name) in work.created
    for oid in (o for o in work.created if o.kind == "check" and o.name[:2] in now):
        check, comes = Act("create", oid), Act("create", place)
        _first(*((comes, check) if new and unasked(work.new.objects[oid]) else (check, comes)), before)
    for oid in (o for o in work.dropped if o.kind == "check" and o.name[:2] in was):
        if ObjectId("check", (*place.name, oid.name[-1])) in work.new.objects:
            _first(Act("drop", place), Act("drop", oid), before)


def _around_the_move(oid: ObjectId, place: ObjectId, work: Work, before: Before[Act]) -> None:
    """What comes to a child before it comes to parents, and what changes or goes after it left some."""
    was, now = work.old.objects.get(oid), work.new.objects.get(oid)
    nulls = [getattr(s, "not_null", None) for s in (was, now)]
    if was is None or nulls == [False, True]:
        for verb in ("create", "alter", "finish"):
            _first(Act(verb, oid), Act("alter", place), before)
            _first(Act(verb, oid), Act("create", place), before)
        stays = work.old.objects[place].parents if was and place in work.old.objects else ()
        for above in (ObjectId("column", (*p, oid.name[2])) for p in stays):  # what comes from there is proved by then
            _first(Act("finish", above), Act("alter", place), before)
    elif now is None or nulls == [True, False] or oid in work.dropped:
        for one in (Act("drop", place), Act("alter", place)):
            _first(one, Act("drop", oid), before)
            _first(one, Act("alter", oid), before)
    elif oid.kind == "column":
        _as_its_own(oid, place, work, before)


def _as_its_own(oid: ObjectId, place: ObjectId, work: Work, before: Before[Act]) -> None:
    """What is a parent's, too, gets neither another type nor its NOT NULL another name."""
    was, now = work.old.objects[oid], work.new.objects[oid]
    if was.type != now.type or oid in work.carried or was.not_null_inherited > now.not_null_inherited:
        _first(Act("drop", place), Act("alter", oid), before)
    if was.not_null_inherited > now.not_null_inherited:
        _first(Act("alter", place), Act("alter", oid), before)
        _left_with_it(oid, place, work, before)
    if was.not_null_inherited < now.not_null_inherited:
        _first(Act("alter", oid), Act("alter", place), before)
        _first(Act("alter", oid), Act("create", place), before)


def _left_with_it(oid: ObjectId, place: ObjectId, work: Work, before: Before[Act]) -> None:
    """A child keeps the NOT NULL of a parent that it leaves, where no other parent has it by then, and that one still has it."""
    old, new = (m.objects[place].parents if place in m.objects else () for m in (work.old, work.new))
    for parent in old:
        changed, leaves = Act("alter", ObjectId("column", (*parent, oid.name[2]))), Act("alter", place)
        if parent in new:
            _first(changed, leaves, before)
        else:
            _first(leaves, changed, before)


def _from_above(work: Work, before: Before[Act]) -> None:
    """Parts of parts that come: the server gives the identity of the whole to what is attached, not to what is below that."""
    for oid in (o for o in work.created if o.kind == "inheritance" and work.new.objects[o].bound):
        (parent,) = work.new.objects[oid].parents
        above = ObjectId("inheritance", parent)
        stays = ObjectId("table", parent) not in work.created
        if above in work.created and (stays or above not in work.dropped or work.left_behind(above)):
            _first(Act("create", above), Act("create", oid), before)
            if stays:  # so that on the way back, too, it comes after that
                _first(Act("drop", oid), Act("drop", above), before)


def _known_by(work: Work, before: Before[Act]) -> None:
    """What rows are known by where they are replicated is NOT NULL before it is that, and for as long as it is."""
    for oid in (o for o in work.dropped | work.altered | work.created if o.kind == "replica identity"):
        for column in _indexed(oid, work, work.old):
            _first(Act("drop", oid), Act("alter", column), before)
            _first(Act("alter", oid), Act("alter", column), before)
        for column in _indexed(oid, work, work.new):
            _first(Act("alter", column), Act("create", oid), before)
            _first(Act("alter", column), Act("alter", oid), before)


def _indexed(identity: ObjectId, work: Work, model: Model) -> set[ObjectId]:
    """The columns of the index that it is, which change whether they are NOT NULL."""
    indexes = (n for n in model.needs.get(identity, NOTHING) if n.kind in INDEXED)
    columns = {c for i in indexes for c in model.needs.get(i, NOTHING) if c in work.altered and c.kind == "column"}
    return {c for c in columns if work.old.objects[c].not_null != work.new.objects[c].not_null}


def _other_keys(work: Work, before: Before[Act]) -> None:
    """A part comes with its primary key only once the whole's old one is gone: it would get that, too, and a table has one."""
    gone: dict[tuple[str, ...], list[Act]] = {}
    keys = (o for o in work.dropped if o.kind == "primary key")
    for oid in (o for o in keys if ObjectId("table", o.name[:2]) not in work.dropped):
        gone.setdefault(oid.name[:2], []).append(Act("drop", oid))
    for oid in work.created if gone else ():
        place = work.new.objects[oid] if oid.kind == "inheritance" else None
        for one in gone.get(place.parents[0], ()) if place and place.bound else ():
            _first(one, Act("create", oid), before)


def _domains_first(work: Work, before: Before[Act]) -> None:
    """A new domain has its checks before a column has it inside of arrays or rows: the server asks none of those later."""
    new = work.new
    checks = [
        o for o in work.created if o.kind == "domain constraint" and ObjectId("domain", o.name[:2]) in work.created
    ]
    for check in (o for o in checks if any(n.kind in ROUTINES for n in new.needs.get(o, NOTHING))):
        calls = closure({check}, new.needs)
        for column in _of_type(ObjectId("domain", check.name[:2]), work):
            home = work.inlined.get(column, column)
            if home not in calls:
                _first(Act("create", check), Act("create", home), before)


def _values_gone(work: Work, before: Before[Act]) -> None:
    """Values that go are gone before their domain gets narrower, which the server would refuse for them."""
    checks = (Act("create", o) for o in work.created if o.kind == "domain constraint")
    for act in (*checks, *(Act("alter", o) for o in work.altered if o.kind == "domain")):
        domain = ObjectId("domain", act.id.name[:2])
        for column in work.users.get(domain, ()) if domain not in work.created else ():
            if column.kind == "column" and column in work.dropped - work.created:
                for gone in (column, work.home(column)):
                    _first(Act("drop", gone), act, before)


def _of_type(domain: ObjectId, work: Work) -> set[ObjectId]:
    """The new columns that are made of it, near or far."""
    made, todo = {domain}, [domain]
    while todo:
        one = todo.pop()
        further = {
            o
            for o in work.created - made
            if one in work.new.needs.get(o, NOTHING) and (o.kind == "column" or is_type(o))
        }
        made |= further
        todo += [o for o in further if o.kind != "column"]
    return {o for o in made if o.kind == "column"}


def _keys_of_their_own(work: Work, before: Before[Act]) -> None:
    """A part loses a foreign key of its own before its whole gets one, which the server would take the part's for."""
    gone = [o for o in work.dropped if o.kind == "foreign key"]
    for key in (o for o in work.created - work.inlined.keys() if o.kind == "foreign key"):
        parts = {table.name for table in below(work.new, ObjectId("table", key.name[:2]))} if gone else ()
        for oid in (o for o in gone if o.name[:2] in parts):
            _first(Act("drop", oid), Act("create", key), before)


def _counting_on(work: Work, before: Before[Act]) -> None:
    """A sequence that gives way to another is there until that one knows where it has got to."""
    for sequence in work.giving_way:
        for default in (u for u in work.users.get(sequence, ()) if u.kind == "default"):
            for act in (Act("create", default), Act("alter", default), Act("copy", work.home(default))):
                _first(act, Act("drop", sequence), before)
                _first(Act("move", sequence), act, before)


def _referring(work: Work, before: Before[Act]) -> None:
    """A part leaves its whole once nothing refers to its rows by way of that, and what is to do so comes when all parts are there."""
    comes = [(o, work.new.objects[o].target[:2]) for o in work.created if o.kind == "foreign key"]
    for place in (o for o in work.dropped if o.kind == "inheritance"):
        goes = {place, *work.taken_by(place)} - work.created
        leaves = [Act("drop", o) for o in goes | {place} if o.name == place.name]
        wholes = set(work.wholes_of(place))
        keys = {*work.referring_through(place), *(o for o, target in comes if target in wholes)}
        for key, one in product(keys, leaves):
            _first(Act("drop", key), one, before)
            _first(one, Act("create", key), before)
            _first(Act("create", place), Act("create", key), before)


def _otherwise_cast(work: Work, before: Before[Act]) -> None:
    """What casts by one that goes comes back once that is gone: it would be told by it again."""
    for cast in (o for o in work.dropped if o.kind == "cast"):
        for user in work.users.get(cast, NOTHING):
            _first(Act("drop", cast), Act("create", user), before)


def _makers_of_ranges(work: Work, before: Before[Act]) -> None:
    """A range is named aside while the type that it is of has its name: the functions that make its values are called by that."""
    for one in (o for o in work.moved if o.kind == "range"):
        for subtype in work.old.needs.get(one, NOTHING) & work.moved.keys():
            _first(Act("move", one), Act("move", subtype), before)


def _overloads(work: Work, before: Before[Act]) -> None:
    """A routine comes once the one that it overloads is gone, where that needs no other name: on the way back, calls find the old one alone."""
    for routine in (o for o in work.dropped - work.freed if o.kind in ROUTINES):
        for other in overloading(routine, work):
            _first(Act("drop", routine), Act("create", other), before)


def _persistence(work: Work, before: Before[Act]) -> None:
    """A permanent table refers to no unlogged one, at no time: neither by a key that stays, nor by one that goes or comes."""
    old, new = work.old.objects, work.new.objects
    changed = {o: new[o].persistence for o in work.altered if changes_persistence(o, work)}
    for oid in {o for m in (old, new) for o in m if o.kind == "foreign key"} if changed else ():
        own, target = ends_of(oid, new.get(oid) or old[oid])
        ends = [Act("alter", t) for t in {own, target} & changed.keys()]
        for end in ends:
            _first(Act("drop", oid), end, before)
            _first(end, Act("create", oid), before)
        if len(ends) == 2 and oid not in work.dropped | work.created:
            first, then = (target, own) if changed[own] == "p" else (own, target)
            _first(Act("alter", first), Act("alter", then), before)


def _first(act: Act, later: Act, before: Before[Act]) -> None:
    if later in before:
        before[later].add(act)
