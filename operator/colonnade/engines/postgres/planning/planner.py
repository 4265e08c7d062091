"""From changes to steps: what has to be rebuilt around a change, in which order everything happens, what stands in one CREATE TABLE.

The order is that of the needs the server itself keeps: what is needed is made first and dropped last; what depends on an object that
is replaced is dropped before and made again after it. Hazards come from the kinds; locks, from the rehearsal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from colonnade.core.diff import Change
from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, PgKind, Wishes
from colonnade.engines.postgres.kinds.column import REBUILT, freed_name
from colonnade.engines.postgres.kinds.column_drop import kept_aside
from colonnade.engines.postgres.kinds.foreign_key import compared_by_any, held_by_included
from colonnade.engines.postgres.kinds.function import named_aside
from colonnade.engines.postgres.planning import along, default_rights, way_back
from colonnade.engines.postgres.planning.freed import to_free
from colonnade.engines.postgres.planning.order import Circular, halves, ordered
from colonnade.engines.postgres.planning.quarantine import each_place_once
from colonnade.engines.postgres.planning.work import Act, Work, computes, kind_of
from colonnade.engines.postgres.rewriting import expand, meanwhile, of_type, remade
from colonnade.engines.postgres.statement import name, printed, q, step
from colonnade.engines.postgres.told import compiled, copied, object_ids, relied_on


def steps(  # noqa: PLR0913 - each of its own sort, the last by keyword
    old: Model,
    new: Model,
    changes: Iterable[Change],
    version: int,
    wishes: Wishes | None = None,
    *,
    live: bool = True,
    quarantine: str | None = None,
) -> list[Step]:
    """The steps that make these changes, in order. Raises Unsupported where the needs go round in a circle.

    `live` says that others use what is there; `quarantine` names the schema that tables go to instead of being dropped.
    """
    context = Context(old, new, version, wishes=wishes or Wishes(), live=live, quarantine=quarantine)
    changes = list(changes)

    def planned(context: Context) -> list[Step]:
        planning = _Planning(Work(old, new, version, tables_wait=quarantine is not None), context)
        planning.take(changes)
        planning.rebuild()
        return planning.steps()

    try:
        return planned(context)
    except Circular as circle:
        whole = context.wishes.repartitioned | remade.wholes(old, new, [a.id for a in circle.acts])
        if whole == context.wishes.repartitioned:
            raise
        with suppress(Circular):
            return planned(replace(context, wishes=replace(context.wishes, repartitioned=whole)))
        raise


class _Planning:
    """One planning: the work grows to a closed whole, and is then put into statements."""

    def __init__(self, work: Work, context: Context) -> None:
        self.work, self.context = work, context

    def take(self, changes: Collection[Change]) -> None:
        """The changes themselves."""
        work = self.work
        work.dropped |= {c.id for c in changes if c.new is None}
        work.created |= {c.id for c in changes if c.old is None}
        self._settle()
        for c in changes:
            if c.old is not None and c.new is not None:
                self._change(c.id, c.old, c.new)
        along.replace(work, self.context.wishes.repartitioned)

    def _change(self, oid: ObjectId, old: Any, new: Any) -> None:
        """In place, by a successor, or by another in its place."""
        if oid in self.context.expansions:
            self.work.expand(oid)
        elif kind_of(oid).alter(oid, old, new, self.context) is None:
            self.work.replace(oid)
        else:
            self.work.altered.add(oid)

    def _settle(self) -> None:
        fresh, gone = (frozenset(some - self.work.expanded) for some in (self.work.created, self.work.dropped))
        self.context = replace(self.context, fresh=fresh, gone=gone)

    def rebuild(self) -> None:
        """Everything that stands on what is dropped or disturbed is made again, until nothing more is."""
        todo = [*self.work.dropped, *self.work.altered]
        while todo:
            oid = todo.pop()
            for user in self.work.users.get(oid, ()):
                if user in self.work.dropped or user not in self.work.old.objects or user not in self.work.new.objects:
                    continue
                if self._must_go(user, oid):
                    self.work.replace(user)
                    todo.append(user)
                elif user not in self.work.carried and kind_of(user).carry and self.work.is_replaced(oid):
                    self.work.carried.add(user)
                    self.work.altered.add(user)
                    todo.append(user)
        if self.work.expanded:
            self.work.followers = expand.followers(self.work)
        self._settle()

    def _must_go(self, user: ObjectId, oid: ObjectId) -> bool:
        kind = kind_of(user)
        if self.work.stays(user, oid):
            return False
        if oid in self.work.dropped:
            if self.work.outlives(user) and self.work.home(user).name not in (oid.name[:2], oid.name):
                return False
            if computes(oid) and bool(getattr(self.work.old.objects[user], "generated", None)):
                return not self.work.computed_otherwise(user, oid)
            own = oid.name == user.name[:2] or oid not in self.work.created
            if user.kind == "column" and (oid.kind == "foreign table" or (oid.kind == "table" and own)):
                return True
            return (
                not kind.carry
                and not kind.holds_data
                and not (user.kind == "sequence" and oid in self.work.old.parents.get(user, NOTHING))
            )
        old, new = self.work.old.objects[oid], self.work.new.objects[oid]
        if user.kind == "column" and not getattr(self.work.old.objects[user], "generated", ""):
            return False
        disturbed = REBUILT_WHEN_CARRIED if oid in self.work.carried else kind_of(oid).disturbs(oid, old, new)
        if user.kind == "foreign key" and disturbed and compared_by_any(user, self.work.old):
            return True
        return user.kind in disturbed or self.work.counts_by(user, oid)

    # -- order

    def steps(self) -> list[Step]:
        """All statements, in order."""
        made = self.made()
        if self.context.live:
            made |= way_back.told(self.work, made, self._made_again)
            made |= meanwhile.unguarded(self.work, made)
            made |= relied_on.told(self.work, self.context, made)
            made |= object_ids.told(self.work, made)
            made |= compiled.anew(self.work, made)
        return list(each_place_once(s for some in made.values() for s in some))

    def made(self) -> dict[Act, list[Step]]:
        """What each act comes to, in the order of the acts. Raises Unsupported where the needs go round in a circle."""
        self._fold()
        if self.context.quarantine:
            gone = (o for o in self.work.dropped - self.work.created if o.kind == "column")
            self.work.aside = {o for o in gone if kept_aside(o, self.context)}
        made = dict(half for act in self._acts() for half in halves(act, self._make(act)))
        return {act: made[act] for act in ordered(self.work, made)}

    def _acts(self) -> list[Act]:
        work = self.work
        work.remade = remade.Remade.of(work.old, work.new, work.dropped, work.created)
        moved = {o for o in work.needed_by_rows() | work.remade.tables if work.is_replaced(o)}
        work.serving = meanwhile.serving(work, self.context) - held_by_included(work.old, work.new, work.altered)
        work.built_first = meanwhile.built_first(work, self.context)
        moved |= work.serving | {o for o in work.dropped if work.heirs(o)}
        work.moved = {o: remade.other_name(o.name[-1]) for o in moved}
        work.freed, work.letting_go = to_free(work), of_type.letting_go(work)
        acts = [Act("move", o) for o in moved] + [Act("copy", o) for o in work.remade.copied]
        acts += [Act("free", o) for o in work.freed] + [Act("build", o) for o in work.built_first]
        acts += [Act("let go", o) for o in work.letting_go] + [Act("take", o) for o in work.letting_go - work.dropped]
        acts += [Act("fill", o) for o in work.expanded if expand.together(o, work)[0] == o]
        acts += [Act("expand", o) for o in work.expanded] + [Act("succeed", o) for o in work.followers]
        for verb, ids in (("drop", work.dropped), ("alter", work.altered), ("create", work.created)):
            acts += [Act(verb, o) for o in ids]
        return acts

    # -- folding

    def _fold(self) -> None:
        """What stands in the CREATE of its table: the columns, and what needs nothing that is not there before."""
        self.work.place = {oid: i for i, oid in enumerate(self.work.new.objects)}
        members = defaultdict(list)
        for oid in sorted(self.work.created, key=self.work.place.__getitem__):
            if home := self._home(oid):
                members[home].append(oid)
        for home, children in members.items():
            for child in children:
                if child.kind == "column" or self._can_fold(child, home):
                    self.work.inlined[child] = home
                    self.work.inside[home].append(child)
        self.context = replace(self.context, folded={k: tuple(v) for k, v in self._per_column().items()})

    def _home(self, oid: ObjectId) -> ObjectId | None:
        """The new table, or the new column of an old table, in whose definition this object can stand."""
        home = self._place(oid)
        return home if home and self.work.groups.get(home) == self.work.groups.get(oid) else None

    def _place(self, oid: ObjectId) -> ObjectId | None:
        table = ObjectId("table", oid.name[:2])
        if table not in self.work.new.objects:
            table = ObjectId("foreign table", oid.name[:2])
        if oid.kind == "inheritance":
            return table if table in self.work.created and not self.work.new.objects[oid].bound else None
        if (oid.kind == "column" or kind_of(oid).foldable) and table in self.work.created:
            return table
        column = ObjectId("column", oid.name)
        return column if oid.kind == "default" and column in self.work.created - self.work.expanded else None

    def _can_fold(self, child: ObjectId, home: ObjectId) -> bool:
        """Whether nothing that the child needs needs its table (or column) in turn."""
        spec = self.work.new.objects[child]
        if getattr(spec, "definition", "").endswith("NOT VALID") or self._repeats_a_key(child, spec, home):
            return False
        seen: set[ObjectId] = set()
        todo = [n for n in self.work.new.needs.get(child, NOTHING) if n != home and n.name[:2] != home.name[:2]]
        while todo:
            one = todo.pop()
            if one == home or (one.kind == "column" and one.name[:2] == home.name[:2]):
                return False
            if one in self.work.created and one not in seen:
                seen.add(one)
                todo += self.work.new.needs.get(one, NOTHING)
                todo += (
                    [c for c in self.work.new.objects if c.kind == "column" and c.name[:2] == one.name]
                    if one.kind == "table"
                    else []
                )
        return True

    def _repeats_a_key(self, child: ObjectId, spec: Any, home: ObjectId) -> bool:
        """Of two keys of the same columns in one CREATE TABLE the server makes one."""
        keys = [self.work.new.objects[o] for o in self.work.inside[home] if o.kind in ("primary key", "unique")]
        return child.kind in ("primary key", "unique") and any(k.columns == spec.columns for k in keys)

    def _per_column(self) -> dict[ObjectId, list[ObjectId]]:
        folded: dict[ObjectId, list[ObjectId]] = defaultdict(list)
        for home, children in self.work.inside.items():
            for child in children:
                folded[home].append(child)
                if child.kind == "default":
                    folded[ObjectId("column", child.name)].append(child)
        return folded

    # -- statements

    def _make(self, act: Act) -> list[Step]:
        kind, oid = kind_of(act.id), act.id
        if oid in self.work.expanded | self.work.followers:
            return list(self._by_successor(act))
        if act.verb in ("free", "copy", "move", *of_type.VERBS):
            return list(self._made_room(act, kind))
        if act.verb == "drop":
            return self._drop(oid, kind)
        if act.verb == "alter":
            old, new = self.work.old.objects[oid], self.work.new.objects[oid]
            if oid in self.work.carried and kind.carry and (old.type == new.type):
                over = way_back.carried(oid, kind.carry(oid, old, new, self.context), self.work)
                return [*over, *(kind.alter(oid, old, new, self.context) or ())]
            return list(kind.alter(oid, old, new, self.context) or ())
        if oid in self.work.inlined and oid.kind != "column":
            return []
        made = list(kind.create(oid, self.work.new.objects[oid], self.context))
        if oid in self.work.built_first:
            return made[:1] if act.verb == "build" else made[1:]
        return made

    def _by_successor(self, act: Act) -> Iterable[Step]:
        """The successor and what follows to it; all of a group changes places with the first of its columns."""
        if act.verb == "expand":
            return expand.expanded(act.id, self.context)
        if act.verb == "fill":
            return expand.filled(expand.together(act.id, self.work), self.context)
        if act.verb == "succeed":
            return expand.built(act.id, self.work, self.context)
        group = next((g for g in expand.groups(self.work) if g[0] == act.id), None) if act.verb == "create" else None
        return expand.swapped(group, self.work, self.context) if group else ()

    def _made_room(self, act: Act, kind: PgKind[Any]) -> Iterable[Step]:
        """What makes way for others: a name that is given up, rows that are carried over, what is called otherwise for a while."""
        oid = act.id
        if act.verb in of_type.VERBS:
            return [of_type.step_of(act.verb, oid, self.context)]
        if act.verb == "free":
            spec = self.work.old.objects[oid]
            routine = kind.space == "routine"
            return [named_aside(oid, spec, remade.other_name(spec.function)) if routine else freed_name(oid, spec)]
        if act.verb == "copy":
            first, *rest = remade.copy(oid, self.context)
            return [replace(first, checks=(*first.checks, *copied.asked(oid, self.context))), *rest]
        if oid in self.work.remade.tables:
            return remade.move(oid, self.context, {o for o in self.work.dropped if not self.work.taken_by(o)})
        if oid in self.work.serving:
            return [meanwhile.renamed(oid, self.work.moved[oid])]
        return way_back.aside(oid, printed(kind.words or oid.kind.upper()), self.work)

    def _drop(self, oid: ObjectId, kind: PgKind[Any]) -> list[Step]:
        if self.work.taken_by(oid):
            return []
        if self.context.quarantine and kind.words and oid not in self.work.created and self._quarantined_user(oid):
            return list(self._quarantined(oid, kind))
        rows_stay = oid in self.work.remade.tables | self.work.remade.emptied
        context = replace(self.context, quarantine=None) if rows_stay else self.context
        made = list(kind.drop(oid, self._as_it_is_called(oid), context))
        if oid in self.work.serving:
            made = meanwhile.by_its_other_name(made, oid, self.work.moved[oid])
        elif oid in self.work.moved:
            made = [
                replace(s, statement=way_back.with_other_name(s.statement, oid, self.work.moved[oid])) for s in made
            ]
        if (oid in self.work.created and not kind.holds_data) or meanwhile.left_behind(oid):
            made = [replace(s, hazards=tuple(h for h in s.hazards if h.code not in TEMPORARY)) for s in made]
        if rows_stay:
            gone = remade.lost(oid, context) if oid in self.work.remade.copied else ()
            made = [replace(s, hazards=tuple(hazard(DELETES_DATA, c) for c in gone)) for s in made]
        return made

    def _made_again(self, groups: Mapping[ObjectId, ObjectId]) -> dict[ObjectId, list[str]]:
        """The statements that make what is dropped again, by group. Raises Unsupported where the needs go round in a circle."""
        work = Work(Model({}), self.work.old.only(groups.__contains__), self.work.version, groups=groups)
        work.created = set(work.new.objects)
        back = _Planning(work, Context(self.work.new, self.work.old, work.version))
        back.rebuild()
        found: dict[ObjectId, list[str]] = defaultdict(list)
        for act, steps in back.made().items():
            found[groups[act.id]] += [s.statement for s in steps]
            if act.verb == "create" and steps:
                found[groups[act.id]] += default_rights.undone(act.id, self.work.old, self.work.new)
        return found

    def _as_it_is_called(self, oid: ObjectId) -> Any:
        """The old spec; of a place in a table that is moved aside by then, with that table's name there."""
        spec = self.work.old.objects[oid]
        if oid in self.work.freed and kind_of(oid).space == "routine":
            return replace(spec, function=remade.other_name(spec.function))
        if oid.kind != "inheritance" or not self.work.remade.tables:
            return spec
        called = {o.name: (o.name[0], new) for o, new in self.work.moved.items() if o.kind == "table"}
        return replace(spec, parents=tuple(called.get(p, p) for p in spec.parents))

    def _quarantined_user(self, oid: ObjectId) -> bool:
        """Whether a table or column that goes to quarantine needs this object there."""
        seen, todo = {oid}, [oid]
        while todo:
            one = todo.pop()
            of = ObjectId("domain", one.name[:2]) if one.kind == "domain constraint" else one
            for user in (of, *self.work.users.get(one, ())):
                if user in self.work.dropped and user not in self.work.created and user not in seen:
                    seen.add(user)
                    todo.append(user)
        if any(o in self.work.aside or self.work.old.vanishes_with(o) & self.work.aside for o in seen):
            return True
        homes = {t for o in seen for t in (o, *self.work.old.vanishes_with(o)) if t.kind == "table"}
        return any(t in self.work.dropped and t not in self.work.created for t in homes)

    def _quarantined(self, oid: ObjectId, kind: PgKind[Any]) -> Iterator[Step]:
        """The steps that take an object along to quarantine."""
        assert self.context.quarantine
        spec = self._as_it_is_called(oid)
        last, signature = getattr(spec, "function", oid.name[-1]), getattr(spec, "arguments", None)
        tail = q("({})", printed(signature)) if signature is not None else q("")
        move = q(
            "ALTER {} {}{} SET SCHEMA {}",
            printed(kind.words),
            name(oid.name[0], last),
            tail,
            name(self.context.quarantine),
        )
        back = q(
            "ALTER {} {}{} SET SCHEMA {}",
            printed(kind.words),
            name(self.context.quarantine, last),
            tail,
            name(oid.name[0]),
        )
        there = name(self.context.quarantine)
        yield step(oid, q("CREATE SCHEMA IF NOT EXISTS {}", there), undo=q("DROP SCHEMA {}", there))
        yield step(oid, move, undo=back)


TEMPORARY = ("BREAKS_CLIENTS", "DROPS_GUARANTEE", "DROPS_INDEX")
"""Hazards of a drop that do not count where the object is made again in the same plan."""

REBUILT_WHEN_CARRIED = (*REBUILT, "check", "foreign key")

__all__ = ["kind_of", "steps"]
