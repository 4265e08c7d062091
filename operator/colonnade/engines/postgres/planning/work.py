"""What a planning has found so far: the objects that are dropped, created, altered, carried over, and what takes what along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.kind import RELATIONS, PgKind
from colonnade.engines.postgres.kinds import KINDS
from colonnade.engines.postgres.planning import names
from colonnade.engines.postgres.rewriting.remade import Remade, below
from colonnade.engines.postgres.sequences import heirs, numbering

INDEXED = ("index", "primary key", "unique", "exclusion")
STANDING = ("check", "default", "index", "trigger")
"""What may call a routine that takes the rows of its own table."""
REFERRING = ("policy", "rule")
"""What stands on its table, and may read or write others."""
ROUTINES = ("function", "procedure", "aggregate")
SAID = ("comment", "privileges", "owner")
"""What is said of an object, and does nothing with it."""


class Act(NamedTuple):
    """One thing to do to one object."""

    verb: str
    id: ObjectId


def kind_of(oid: ObjectId) -> PgKind[Any]:
    """The kind of this object."""
    return KINDS[oid.kind]


TYPES = ("composite type", "domain", "enum", "range")
VIEWS = ("view", "materialized view")
"""Columns can be of their rows, too."""


def is_type(oid: ObjectId) -> bool:
    """Whether columns can be of this, and it is no relation with rows of its own."""
    return oid.kind == "composite type" or kind_of(oid).space == "type"


T = TypeVar("T")
Before = Mapping[T, set[T]]


def closure(acts: Collection[T], edges: Before[T]) -> set[T]:
    """These, and all that can be reached from them."""
    found, todo = set(acts), list(acts)
    while todo:
        for one in edges.get(todo.pop(), ()):
            if one not in found and one in edges:
                found.add(one)
                todo.append(one)
    return found


def turned(edges: Before[T]) -> dict[T, set[T]]:
    """The edges the other way round; of what is no node among them, none."""
    found: dict[T, set[T]] = {a: set() for a in edges}
    for a, some in edges.items():
        for one in some & found.keys():
            found[one].add(a)
    return found


@dataclass
class Work:
    """The sets, and where things stand: `inlined` in the CREATE of another, `moved` under another name for a while; of these some are
    `serving` until the new one is there. Primary keys may be `built_first`, while another one serves.

    What is kept `aside`, columns in quarantine, is dropped to those who use it, and yet takes nothing along. Where things are made in
    `groups`, one by one, what is of another group stands in no CREATE. Columns that are `expanded` have successors, on which their
    `followers`, indexes and constraints, are built. Tables of a type are `letting_go` while it changes. With `tables_wait` tables that go are put into quarantine.
    """

    old: Model
    new: Model
    version: int
    tables_wait: bool = False
    dropped: set[ObjectId] = field(default_factory=set[ObjectId])
    created: set[ObjectId] = field(default_factory=set[ObjectId])
    altered: set[ObjectId] = field(default_factory=set[ObjectId])
    carried: set[ObjectId] = field(default_factory=set[ObjectId])
    inlined: dict[ObjectId, ObjectId] = field(default_factory=dict[ObjectId, ObjectId])
    inside: dict[ObjectId, list[ObjectId]] = field(default_factory=lambda: defaultdict(list))
    place: dict[ObjectId, int] = field(default_factory=dict[ObjectId, int])
    moved: dict[ObjectId, str] = field(default_factory=dict[ObjectId, str])
    remade: Remade = field(default_factory=Remade)
    aside: set[ObjectId] = field(default_factory=set[ObjectId])
    freed: set[ObjectId] = field(default_factory=set[ObjectId])
    serving: set[ObjectId] = field(default_factory=set[ObjectId])
    built_first: dict[ObjectId, ObjectId] = field(default_factory=dict[ObjectId, ObjectId])
    expanded: set[ObjectId] = field(default_factory=set[ObjectId])
    followers: set[ObjectId] = field(default_factory=set[ObjectId])
    letting_go: set[ObjectId] = field(default_factory=set[ObjectId])
    groups: Mapping[ObjectId, ObjectId] = field(default_factory=dict[ObjectId, ObjectId])

    def __post_init__(self) -> None:
        self.users: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
        for oid, needs in self.old.needs.items():
            for n in needs | self.old.parents.get(oid, NOTHING):
                self.users[n].add(oid)

        self.old_children: defaultdict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
        for oid, spec in self.old.objects.items():
            for parent in spec.parents if oid.kind == "inheritance" else ():
                self.old_children[parent].append(oid)

    def replace(self, oid: ObjectId) -> None:
        """Drop and create."""
        self.altered.discard(oid)
        self.dropped.add(oid)
        if oid in self.new.objects:
            self.created.add(oid)

    def expand(self, oid: ObjectId) -> None:
        """Drop and create, by way of a successor."""
        self.replace(oid)
        self.expanded.add(oid)

    def taken_by(self, oid: ObjectId) -> frozenset[ObjectId]:
        """What is dropped and takes this object along.

        What stands on others that go, too, may have to go first: circles could not go else. A sequence that stays is let go of first.
        What goes for good, while its column only gives way to another, is no part of that: it is told of by itself.
        """
        going = self.dropped - self.aside
        whole = self.old.vanishes_with(self.home(oid)) | {self.home(oid)} if self.outlives(oid) else None
        taken = self.old.vanishes_with(oid, going) if whole is None else whole & going
        if oid not in self.created:
            taken -= {o for o in taken if o.kind == "column" and o in self.created}
        if taken and (self._goes_first(oid, taken) or self._is_referred_to(oid) or self._would_stay_a_child(oid)):
            return NOTHING
        if taken and oid.kind == "check" and any(self.kept_below(o) for o in taken if o.kind == "column"):
            return NOTHING
        if oid.kind == "sequence owner":
            stays = ObjectId("sequence", oid.name) not in self.dropped
            return NOTHING if stays or self.old.vanishes_with(oid) & self.aside else taken
        return taken

    def _goes_first(self, oid: ObjectId, taken: Collection[ObjectId]) -> bool:
        """Whether it stands on something else that goes, and that in turn could only go before what takes it along."""
        others = self.old.needs.get(oid, NOTHING) & self.dropped.difference(taken)
        if oid.kind == "foreign key":
            target = ObjectId("table", self.old.objects[oid].target[:2])
            return (target.name != oid.name[:2] and target in self.dropped) or any(
                o.name[:2] != oid.name[:2] for o in others
            )
        if oid.kind in REFERRING:
            return self._comes_round(oid, others)
        return oid.kind in STANDING and any(
            o.kind in ROUTINES and self.old.needs.get(o, NOTHING).intersection(taken) for o in others
        )

    def _comes_round(self, oid: ObjectId, others: Collection[ObjectId]) -> bool:
        """Whether what it stands on refers back to its own table in the same way."""
        found: set[ObjectId] = set()
        todo = [*others]
        while todo:
            one = todo.pop()
            found.add(one)
            there = (u for u in self.users.get(one, ()) if u.kind in REFERRING and u.name[:2] == one.name)
            todo += {n for o in (one, *there) for n in self.old.needs.get(o, NOTHING) & self.dropped} - found
        return ObjectId("table", oid.name[:2]) in found

    def is_of_a_part(self, key: ObjectId, oid: ObjectId) -> bool:
        """Whether the foreign key only stands on this as a part of the tables that it is about, and stays when the part leaves."""
        home = self.home(oid).name if oid.kind in (*INDEXED, "column", "table") else None
        return home is not None and home not in (key.name[:2], self.old.objects[key].target[:2])

    def _is_referred_to(self, oid: ObjectId) -> bool:
        """Whether this is a place in a whole that stays, and that others still refer to: its table leaves before it can be dropped."""
        place = self.old.objects[oid] if oid.kind == "inheritance" else None
        if place is None or not place.bound or ObjectId("table", place.parents[0]) in self.dropped:
            return False
        while place:
            if any(key not in self.dropped for key in self.referring.get(place.parents[0], ())):
                return True
            place = self.old.objects.get(ObjectId("inheritance", place.parents[0]))
        return False

    def _would_stay_a_child(self, oid: ObjectId) -> bool:
        """Whether this is the place of a table that waits in quarantine, in one that stays: that would show its rows, and send it more."""
        table = ObjectId("table", oid.name)
        if not self.tables_wait or oid.kind != "inheritance" or table in self.created | self.remade.emptied:
            return False
        parents = {ObjectId("table", p) for p in self.old.objects[oid].parents}
        return table in self.dropped and not parents <= self.dropped

    def kept_below(self, column: ObjectId) -> list[ObjectId]:
        """The columns of children that stay when the parent's goes: it goes of the parent alone, and takes nothing of theirs along."""
        children = self.old_children.get(column.name[:2], ()) if column.kind == "column" else ()
        places = (o for o in children if not self.old.objects[o].bound and o in self.new.objects)
        below = (ObjectId("column", (*p.name, column.name[2])) for p in places)
        return [c for c in below if c in self.new.objects and ObjectId("table", c.name[:2]) not in self.dropped]

    @cached_property
    def referring(self) -> Mapping[tuple[str, ...], list[ObjectId]]:
        """The foreign keys by the table that they refer to."""
        found: defaultdict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
        for oid, spec in self.old.objects.items():
            if oid.kind == "foreign key":
                found[spec.target[:2]].append(oid)
        return found

    def home(self, oid: ObjectId, model: Model | None = None) -> ObjectId:
        """The table of an index, constraint or column."""
        objects = (model or self.old).objects
        return ObjectId("table", objects[oid].table if oid.kind == "index" else oid.name[:2])

    def outlives(self, oid: ObjectId) -> bool:
        """Whether it is a key or index of a partition that is detached, and so no longer goes with the whole's."""
        if oid.kind not in INDEXED:
            return False
        table = self.home(oid)
        place = ObjectId("inheritance", table.name)
        return place in self.dropped and table not in self.dropped and bool(self.old.objects[place].bound)

    def names(self, oid: ObjectId, model: Model) -> set[tuple[str, ...]]:
        """The names that it takes up in this model."""
        spec, home = model.objects[oid], model.objects.get(ObjectId("table", oid.name[:2]))
        whole = oid.kind in ("foreign key", "trigger") and home and home.partition_key
        parts = below(model, ObjectId("table", oid.name[:2])) if whole else ()
        return {*names.taken(oid, spec, self.version), *names.repeated_below(oid, spec, parts)}

    def is_replaced(self, oid: ObjectId) -> bool:
        """Whether it goes and another of its name comes, be that a type, or a relation, of another kind."""
        if oid not in self.dropped or not (is_type(oid) or oid.kind in VIEWS):
            return oid in self.dropped & self.created
        return any(ObjectId(kind, oid.name) in self.created for kind in (oid.kind, *TYPES, *RELATIONS))

    def needed_by_rows(self) -> set[ObjectId]:
        """The types and collations of columns that are carried over, of tables that are copied and their columns, and those that these need."""
        tables = {t.name for t in self.remade.tables}
        rows = {o for o in self.dropped if o.kind == "column" and o.name[:2] in tables} if tables else NOTHING
        found: set[ObjectId] = set()
        todo = [*self.carried, *rows, *self.remade.tables]
        while todo:
            needs = self.old.needs.get(todo.pop(), NOTHING) & self.dropped - found
            further = {n for n in needs if n.kind in ("collation", *VIEWS) or is_type(n)}
            found |= further
            todo += further
        return found

    def heirs(self, oid: ObjectId) -> list[ObjectId]:
        """Where this is a sequence, the columns that go on from where it has got to, and stay what they are else."""
        mine = heirs(oid, self.old, self.new) if oid.kind == "sequence" and self._gets_identities else ()
        return [c for c in mine if c in self.altered or self.home(c) in self.remade.tables]

    @cached_property
    def _gets_identities(self) -> bool:
        columns = ((o, s) for o, s in self.new.objects.items() if o.kind == "column" and s.identity)
        return any(o in self.old.objects and not self.old.objects[o].identity for o, _ in columns)

    def handed_over(self, column: ObjectId) -> ObjectId | None:
        """The new sequence that goes on from where this one has got to as an identity."""
        was, now = self.old.objects[column], self.new.objects[column]
        sequence = numbering(column, self.new) if was.identity and not now.identity else None
        return sequence if sequence in self.created else None

    def left_behind(self, oid: ObjectId) -> bool:
        """Whether it goes with a table or domain that is moved aside, and so is out of the way before it is dropped."""
        remade = self.remade
        home = ObjectId("table", oid.name[:2])
        along = (oid in self.inlined and home in remade.tables) or remade.elsewhere(self.old, oid)
        return along or self.domain_moved(oid) is not None

    def domain_moved(self, oid: ObjectId) -> ObjectId | None:
        """The domain of a check, where that is called otherwise by the time that the check comes for the new one."""
        domain = ObjectId("domain", oid.name[:2])
        return domain if oid.kind == "domain constraint" and domain in self.moved else None

    def to_free(self) -> set[ObjectId]:
        """What goes late, and gives its name up before: columns whose NOT NULL has one that is wanted, routines whose calls would be
        taken for calls of others, or that say where the rows of a table belong that is made anew, or how a type compares that is."""
        wanted = {key for oid in self.created | self.altered for key in self.names(oid, self.new)}
        columns = [o for o in self.dropped - self.created if o.kind == "column" and not self.taken_by(o)]
        late = self.remade.tables | {o for o in self.moved if is_type(o)}
        placing = {n for o in late for n in self.old.needs.get(o, NOTHING)} & self.created
        routines = {o for o in self.dropped if o.kind in ROUTINES and (o in placing or any(self.overloading(o)))}
        return routines | {o for o in columns if wanted & self.names(o, self.old)}

    def overloading(self, routine: ObjectId) -> Iterator[ObjectId]:
        """The new routines of the same name, other than in their arguments, that something calls which is made or changed as well."""
        called = (routine.name[0], self.old.objects[routine].function)
        for oid in self.created - self.dropped if routine not in self.created else ():
            if oid.kind in ROUTINES and (oid.name[0], self.new.objects[oid].function) == called and oid in self._called:
                yield oid

    @cached_property
    def _called(self) -> set[ObjectId]:
        callers = (o for o in self.created | self.altered if o.kind not in SAID)
        return {n for o in callers for n in self.new.needs.get(o, NOTHING) if n.kind in ROUTINES}


def changes_persistence(oid: ObjectId, work: Work) -> bool:
    """Whether this is a table that becomes logged or unlogged."""
    return oid.kind == "table" and work.old.objects[oid].persistence != work.new.objects[oid].persistence


def ends_of(oid: ObjectId, spec: Any) -> tuple[ObjectId, ObjectId]:
    """The table of a foreign key, and the one that it refers to."""
    return ObjectId("table", oid.name[:2]), ObjectId("table", spec.target[:2])
