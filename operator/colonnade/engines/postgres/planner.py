"""From changes to steps: what has to be rebuilt around a change, in which order everything happens, what stands in one CREATE TABLE.

The order is that of the needs the server itself keeps: what is needed is made first and dropped last; what depends on an object that
is replaced is dropped before and made again after it. Hazards come from the kinds; locks, from the rehearsal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from colonnade.core.diff import Change
from colonnade.core.errors import Unsupported
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import CycleError, Step, topological
from colonnade.engines.postgres.kind import Context, PgKind, Wishes
from colonnade.engines.postgres.kinds import KINDS
from colonnade.engines.postgres.statement import name, printed, q, step, text


class Act(NamedTuple):
    """One thing to do to one object."""

    verb: str
    id: ObjectId


def kind_of(oid: ObjectId) -> PgKind[Any]:
    """The kind of this object."""
    return KINDS[oid.kind]


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
    work = _Work(old, new, Context(old, new, version, wishes=wishes or Wishes(), live=live, quarantine=quarantine))
    work.take(changes)
    work.rebuild()
    return work.steps()


class _Work:
    """The sets of what is dropped, created, altered, carried over, while they grow to a closed whole."""

    def __init__(self, old: Model, new: Model, context: Context) -> None:
        self.old, self.new, self.context = old, new, context
        self.dropped: set[ObjectId] = set()
        self.created: set[ObjectId] = set()
        self.altered: set[ObjectId] = set()
        self.carried: set[ObjectId] = set()
        self.users: dict[ObjectId, set[ObjectId]] = defaultdict(set)
        for oid, needs in old.needs.items():
            for n in needs | old.parents.get(oid, NOTHING):
                self.users[n].add(oid)

    def take(self, changes: Iterable[Change]) -> None:
        """The changes themselves."""
        changes = list(changes)
        self.dropped |= {c.id for c in changes if c.new is None}
        self.created |= {c.id for c in changes if c.old is None}
        self._settle()
        for c in changes:
            if c.old is None or c.new is None:
                continue
            if kind_of(c.id).alter(c.id, c.old, c.new, self.context) is None:
                self.replace(c.id)
            else:
                self.altered.add(c.id)

    def _settle(self) -> None:
        self.context = replace(self.context, fresh=frozenset(self.created), gone=frozenset(self.dropped))

    def replace(self, oid: ObjectId) -> None:
        """Drop and create."""
        self.altered.discard(oid)
        self.dropped.add(oid)
        if oid in self.new.objects:
            self.created.add(oid)

    def rebuild(self) -> None:
        """Everything that stands on what is dropped or disturbed is made again, until nothing more is."""
        todo = [*self.dropped, *self.altered]
        while todo:
            oid = todo.pop()
            for user in self.users.get(oid, ()):
                if user in self.dropped or user not in self.old.objects or user not in self.new.objects:
                    continue
                if self._must_go(user, oid):
                    self.replace(user)
                    todo.append(user)
                elif user not in self.carried and kind_of(user).carry and oid in self.dropped & self.created:
                    self.carried.add(user)
                    self.altered.add(user)
                    todo.append(user)
        self._settle()

    def _must_go(self, user: ObjectId, oid: ObjectId) -> bool:
        kind = kind_of(user)
        if oid in self.dropped:
            if user.kind == "column" and (
                oid.kind == "foreign table" or (oid.kind == "table" and oid not in self.created)
            ):
                return True
            return (
                not kind.carry
                and not kind.holds_data
                and not (user.kind == "sequence" and oid in self.old.parents.get(user, NOTHING))
            )
        old, new = self.old.objects[oid], self.new.objects[oid]
        if user.kind == "column" and not getattr(self.old.objects[user], "generated", ""):
            return False
        disturbed = REBUILT_WHEN_CARRIED if oid in self.carried else kind_of(oid).disturbs(oid, old, new)
        return user.kind in disturbed

    # -- order

    def steps(self) -> list[Step]:
        """All statements, in order."""
        self._fold()
        acts = self._acts()
        made = {act: self._make(act) for act in acts}
        order = sorted(acts, key=lambda a: self._preference(a, made[a]))
        try:
            ordered = topological(order, self._before(acts))
        except CycleError as e:
            raise Unsupported(f"these objects need one another in a circle: {e}; break it up into two changes") from e
        return [s for act in ordered for s in made[act]]

    def _acts(self) -> list[Act]:
        moved = [
            o for o in self.dropped & self.created if any(o in self.old.needs.get(c, NOTHING) for c in self.carried)
        ]
        self.moved = {o: f"{o.name[-1][:46]}__colonnade_old" for o in moved}
        acts = [Act("move", o) for o in moved]
        for verb, ids in (("drop", self.dropped), ("alter", self.altered), ("create", self.created)):
            acts += [Act(verb, o) for o in ids]
        return acts

    def _preference(self, act: Act, made: Sequence[Step]) -> tuple[Any, ...]:
        """Of what could come next: what shares a transaction before what runs alone, replaced before new, mere drops last."""
        kind = kind_of(act.id)
        alone = any(not s.transactional for s in made)
        if act.verb == "drop":
            return (0 if kind.fires or act.id in self.created else 2, alone, -kind.rank, act.id)
        place = self._place[act.id] if act.verb == "create" else -1
        return (1, alone and act.verb == "create", kind.rank, place, act.id)

    def _before(self, acts: Iterable[Act]) -> Mapping[Act, set[Act]]:
        before: dict[Act, set[Act]] = {a: set() for a in acts}
        for a in acts:
            getattr(self, f"_before_{a.verb}")(a, before)
        self._collisions(before)
        return before

    def _before_move(self, a: Act, before: dict[Act, set[Act]]) -> None:
        for verb in ("create", "drop"):
            before[Act(verb, a.id)].add(a)

    def _before_drop(self, a: Act, before: dict[Act, set[Act]]) -> None:
        implied = self._taken_by(a.id)
        if a.id in self.created:
            before.setdefault(Act("create", a.id), set())
            if a.id not in self.moved:
                before[Act("create", a.id)].add(a)
        for parent in implied:
            before[a].add(Act("drop", parent))
        for user in self.users.get(a.id, ()):
            self._first(user, a.id, implied, before)

    def _first(
        self, user: ObjectId, used: ObjectId, implied: frozenset[ObjectId] | set[ObjectId], before: dict[Act, set[Act]]
    ) -> None:
        """What is dropped or changed of a user comes before the drop of what it uses, and of what takes that along."""
        along = (self.old.vanishes_with(user) if self._taken_by(user) else NOTHING) | {user}
        for act in (Act("drop", user), Act("alter", user)):
            if act not in before or (act.verb == "drop" and used in along):
                continue
            for one in {used, *implied} - along:
                if Act("drop", one) in before:
                    before[Act("drop", one)].add(act)

    def _taken_by(self, oid: ObjectId) -> frozenset[ObjectId]:
        """What is dropped and takes this object along; a foreign key whose target goes, too, goes first: circles could not go else."""
        taken = self.old.vanishes_with(oid) & self.dropped
        if taken and oid.kind == "foreign key":
            target = ObjectId("table", self.old.objects[oid].target[:2])
            if target.name != oid.name[:2] and (
                target in self.dropped or self.old.needs.get(oid, NOTHING) & self.dropped - taken
            ):
                return NOTHING
        return taken

    def _before_alter(self, a: Act, before: dict[Act, set[Act]]) -> None:
        for n in self.new.needs.get(a.id, NOTHING):
            before[a] |= {Act("create", n), Act("alter", n)}
        for user in self.users.get(a.id, ()):
            before[a].add(Act("drop", user))

    def _before_create(self, a: Act, before: dict[Act, set[Act]]) -> None:
        for one in (a.id, *self._members(a.id)):
            for n in self.new.needs.get(one, NOTHING):
                if n != a.id and n not in self.inside.get(a.id, ()):
                    before[a] |= {Act("create", self.inlined.get(n, n)), Act("alter", n)}
                if n in self.inlined and self.inlined[n] != a.id:
                    before[a].add(Act("create", n))
        if a.id.kind == "foreign key":
            before[a] |= {Act("drop", o) for o in self.dropped if self._key_of(o, self.new.objects[a.id].target[:2])}

    def _key_of(self, oid: ObjectId, table: tuple[str, ...]) -> bool:
        """Whether this is a key of the table that a new foreign key could come to rest on, though it goes."""
        spec = self.old.objects[oid]
        return (oid.kind in ("primary key", "unique") and oid.name[:2] == table) or (
            oid.kind == "index" and spec.unique and spec.table == table
        )

    def _collisions(self, before: dict[Act, set[Act]]) -> None:
        """A name is free only once what had it is gone."""
        taken = defaultdict(list)
        for oid in self.dropped:
            for key in _names(oid, self.old.objects[oid]):
                taken[key].append(oid)
        for oid in self.created:
            for key in _names(oid, self.new.objects[oid]):
                for other in taken.get(key, ()):
                    if other != oid:
                        before[Act("create", oid)].add(Act("drop", other))

    # -- folding

    def _fold(self) -> None:
        """What stands in the CREATE of its table: the columns, and what needs nothing that is not there before."""
        self.inlined: dict[ObjectId, ObjectId] = {}
        self.inside: dict[ObjectId, list[ObjectId]] = defaultdict(list)
        self._place = {oid: i for i, oid in enumerate(self.new.objects)}
        members = defaultdict(list)
        for oid in sorted(self.created, key=self._place.__getitem__):
            home = self._home(oid)
            if home:
                members[home].append(oid)
        for home, children in members.items():
            for child in children:
                if child.kind == "column" or self._can_fold(child, home):
                    self.inlined[child] = home
                    self.inside[home].append(child)
        self.context = replace(self.context, folded={k: tuple(v) for k, v in self._per_column().items()})

    def _home(self, oid: ObjectId) -> ObjectId | None:
        """The new table, or the new column of an old table, in whose definition this object can stand."""
        table = ObjectId("table", oid.name[:2])
        if table not in self.new.objects:
            table = ObjectId("foreign table", oid.name[:2])
        if oid.kind == "inheritance":
            return table if table in self.created and not self.new.objects[oid].bound else None
        if (oid.kind == "column" or kind_of(oid).foldable) and table in self.created:
            return table
        column = ObjectId("column", oid.name)
        return column if oid.kind == "default" and column in self.created else None

    def _can_fold(self, child: ObjectId, home: ObjectId) -> bool:
        """Whether nothing that the child needs needs its table (or column) in turn."""
        if getattr(self.new.objects[child], "definition", "").endswith("NOT VALID"):
            return False
        seen: set[ObjectId] = set()
        todo = [n for n in self.new.needs.get(child, NOTHING) if n != home and n.name[:2] != home.name[:2]]
        while todo:
            one = todo.pop()
            if one == home or (one.kind == "column" and one.name[:2] == home.name[:2]):
                return False
            if one in self.created and one not in seen:
                seen.add(one)
                todo += self.new.needs.get(one, NOTHING)
                todo += (
                    [c for c in self.new.objects if c.kind == "column" and c.name[:2] == one.name]
                    if one.kind == "table"
                    else []
                )
        return True

    def _per_column(self) -> dict[ObjectId, list[ObjectId]]:
        folded: dict[ObjectId, list[ObjectId]] = defaultdict(list)
        for home, children in self.inside.items():
            for child in children:
                folded[home].append(child)
                if child.kind == "default":
                    folded[ObjectId("column", child.name)].append(child)
        return folded

    def _members(self, oid: ObjectId) -> Iterable[ObjectId]:
        return self.inside.get(oid, ())

    # -- statements

    def _make(self, act: Act) -> list[Step]:
        kind, oid = kind_of(act.id), act.id
        if act.verb == "move":
            aside = q("ALTER {} {} RENAME TO {}", printed(kind.words), name(*oid.name), name(self.moved[oid]))
            return [step(oid, aside, undo="renamed back")]
        if act.verb == "drop":
            return self._drop(oid, kind)
        if act.verb == "alter":
            old, new = self.old.objects[oid], self.new.objects[oid]
            if oid in self.carried and kind.carry and (old.type == new.type):
                return [*kind.carry(oid, old, new, self.context), *(kind.alter(oid, old, new, self.context) or ())]
            return list(kind.alter(oid, old, new, self.context) or ())
        if oid in self.inlined and oid.kind != "column":
            return []
        return list(kind.create(oid, self.new.objects[oid], self.context))

    def _drop(self, oid: ObjectId, kind: PgKind[Any]) -> list[Step]:
        if self._taken_by(oid):
            return []
        if self.context.quarantine and kind.words and oid not in self.created and self._quarantined_user(oid):
            return [self._quarantined(oid, kind)]
        made = list(kind.drop(oid, self.old.objects[oid], self.context))
        if oid in self.moved:
            was, now = text(name(*oid.name)), text(name(*oid.name[:-1], self.moved[oid]))
            made = [replace(s, statement=s.statement.replace(was, now, 1)) for s in made]
        if oid in self.created and not kind.holds_data:
            made = [replace(s, hazards=tuple(h for h in s.hazards if h.code not in TEMPORARY)) for s in made]
        return made

    def _quarantined_user(self, oid: ObjectId) -> bool:
        """Whether a table that goes to quarantine needs this object there."""
        seen, todo = {oid}, [oid]
        while todo:
            for user in self.users.get(todo.pop(), ()):
                if user in self.dropped and user not in self.created and user not in seen:
                    seen.add(user)
                    todo.append(user)
        homes = {t for o in seen for t in (o, *self.old.vanishes_with(o)) if t.kind == "table"}
        return any(t in self.dropped and t not in self.created for t in homes)

    def _quarantined(self, oid: ObjectId, kind: PgKind[Any]) -> Step:
        """The step that takes an object along to quarantine."""
        assert self.context.quarantine
        spec = self.old.objects[oid]
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
        return step(oid, move, undo=back)


TEMPORARY = ("BREAKS_CLIENTS", "DROPS_GUARANTEE", "DROPS_INDEX")
"""Hazards of a drop that do not count where the object is made again in the same plan."""

REBUILT_WHEN_CARRIED = (
    "view",
    "materialized view",
    "rule",
    "trigger",
    "policy",
    "function",
    "procedure",
    "column",
    "default",
    "check",
    "publication table",
)


def _names(oid: ObjectId, spec: Any) -> Iterable[tuple[str, ...]]:
    """The names that the object takes up, each with the space that it must be unique in."""
    kind = kind_of(oid)
    if kind.space == "relation":
        yield ("relation", *oid.name[:2])
        if oid.kind in ("table", "view", "materialized view", "composite type", "foreign table"):
            yield ("type", *oid.name[:2])
    elif kind.space in ("type", "routine"):
        yield (kind.space, *oid.name[:2])
    elif kind.space == "constraint":
        yield ("constraint", *oid.name)
        if oid.kind in ("primary key", "unique", "exclusion"):
            yield ("relation", oid.name[0], oid.name[-1])
