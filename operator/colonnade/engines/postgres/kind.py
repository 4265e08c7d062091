"""What a Postgres kind is, beyond what every kind is: how its rows are found in the catalogs, and what its names collide with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, LiteralString, NamedTuple, TypeVar

from colonnade.core.hazards import Hazard
from colonnade.core.kind import Kind, Model, ObjectId
from colonnade.core.plan import Check, Step

S = TypeVar("S")

OWN_SCHEMAS = "colonnade%"
"""Colonnade's own records live in schemas so named and nowhere else; they are part of no State."""

HOMES = ("pg_class", "pg_proc", "pg_type")
"""Catalogs of what other objects are parts of: relations, routines, types."""

VIEWS = ("view", "materialized view")
RELATIONS = ("table", *VIEWS, "foreign table")
LONGEST_NAME = 63
"""In bytes: of a longer one the server keeps the beginning, and it shortens those that it makes up in a way of its own."""
LEFT_BEHIND = "_colonnade_old"
"""How the other names end that something goes by until it is dropped: what is called so was left by a plan that was cut short."""
PROVED = "it stays proved: no row speaks against it"
CONSTRAINTS = ("check", "primary key", "unique", "exclusion", "foreign key")
NOT_VALID, NOT_ENFORCED = " NOT VALID", " NOT ENFORCED"
"""How the definition of a constraint ends that rows which are there need not agree with."""


Steps = Iterable[Step]


def made_up(label: str, *parts: str) -> str:
    """The name that the server makes up of these parts and a label, where it is free: the longest part gives up bytes until it fits.

    It is makeObjectName of https://github.com/postgres/postgres/blob/master/src/backend/commands/indexcmds.c
    """
    texts = [part.encode() for part in parts]
    sizes = [len(t) for t in texts]
    while sum(sizes) + len(parts) + len(label.encode()) > LONGEST_NAME:
        longest = max(range(len(sizes)), key=lambda i: (sizes[i], i))
        sizes[longest] -= 1
    kept = (t[:size].decode(errors="ignore") for t, size in zip(texts, sizes, strict=True))
    return "_".join((*kept, label))


def usual_not_null(column: ObjectId) -> str:
    """The name that the server makes up for a column's NOT NULL, where it is free in the schema."""
    return made_up("not_null", *column.name[1:3])


def is_shortened(column: ObjectId) -> bool:
    """Whether the usual name of its NOT NULL is a shortened one, which another column may have, too."""
    return len("_".join((*column.name[1:3], "not_null")).encode()) > LONGEST_NAME


class Fill(NamedTuple):
    """The value that rows get, and which rows: by default those that have none; `unwatched` by the table's triggers."""

    expression: str
    where: str | None = None
    unwatched: bool = False


@dataclass(frozen=True)
class Expansion:
    """How a column's values come into its successor: as `assigned`, by a `cast`, or as `text` that is cast; what is asked and told before.

    `unwatched` keeps the table's triggers still while rows are filled.
    """

    how: Literal["assigned", "cast", "text"] = "assigned"
    checks: tuple[Check, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    unwatched: bool = False


@dataclass(frozen=True)
class Wishes:
    """The way, beyond where to arrive: expressions by column, and renames (see renames.py), as declared; which columns change their
    type by a successor (see expand.py), and the rows of which wholes change their partition (see repartitioned.py), as is found."""

    backfills: Mapping[ObjectId, Fill] = field(default_factory=dict[ObjectId, Fill])
    conversions: Mapping[ObjectId, str] = field(default_factory=dict[ObjectId, str])
    renames: tuple[Any, ...] = ()
    expansions: Mapping[ObjectId, Expansion] = field(default_factory=dict[ObjectId, Expansion])
    repartitioned: frozenset[ObjectId] = frozenset()


@dataclass(frozen=True)
class Context:
    """What a kind may look at while it writes steps: both models, the server, and what is made anew in this plan."""

    old: Model
    new: Model
    version: int
    fresh: frozenset[ObjectId] = frozenset()
    gone: frozenset[ObjectId] = frozenset()
    folded: Mapping[ObjectId, tuple[ObjectId, ...]] = field(default_factory=dict[ObjectId, tuple[ObjectId, ...]])
    wishes: Wishes = field(default_factory=Wishes)
    live: bool = True
    quarantine: str | None = None

    @cached_property
    def constraints(self) -> Mapping[tuple[str, str], set[tuple[str, ...]]]:
        """Who has, or had, a constraint of this name in this schema: a table or, as NOT NULL has a name, too, its column."""
        found: defaultdict[tuple[str, str], set[tuple[str, ...]]] = defaultdict(set)
        for oid, spec in (*self.old.objects.items(), *self.new.objects.items()):
            if oid.kind == "column" and spec.not_null:
                for called in {spec.not_null_name or usual_not_null(oid), spec.not_null_called or usual_not_null(oid)}:
                    found[oid.name[0], called].add(oid.name)
            elif oid.kind in CONSTRAINTS:
                found[oid.name[0], oid.name[2]].add(oid.name[:2])
        return found

    @property
    def backfills(self) -> Mapping[ObjectId, Fill]:
        """The expression that fills rows without a value, by column."""
        return self.wishes.backfills

    @property
    def conversions(self) -> Mapping[ObjectId, str]:
        """The expression that turns old values into new ones, by column."""
        return self.wishes.conversions

    @property
    def expansions(self) -> Mapping[ObjectId, Expansion]:
        """The columns whose type changes by a successor."""
        return self.wishes.expansions

    def relation(self, name: tuple[str, ...], model: Model | None = None) -> ObjectId | None:
        """The table, view … of this name, in the new model if not told otherwise."""
        for m in (model,) if model else (self.new, self.old):
            for kind in RELATIONS:
                if (oid := ObjectId(kind, name[:2])) in m.objects:
                    return oid
        return None

    def key_of(self, name: tuple[str, ...]) -> tuple[str, ...]:
        """The columns of a table's primary key as it is now; none where it has none."""
        found = (s.columns for o, s in self.old.objects.items() if o.kind == "primary key" and o.name[:2] == name[:2])
        return next(found, ())

    def children(self, table: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        """The tables that inherit from this one as it is now, other than as its partitions."""
        for oid, spec in self.old.objects.items():
            if oid.kind == "inheritance" and not spec.bound and table[:2] in spec.parents:
                yield oid.name

    def stays_behind(self, oid: ObjectId) -> bool:
        """Whether a child has this column or check from a parent that it leaves, and that keeps its own, or loses it later."""
        places = [m.objects.get(ObjectId("inheritance", oid.name[:2])) for m in (self.old, self.new)]
        before, after = (set(place.parents) if place else set() for place in places)
        # a part leaves before columns of the whole change
        later = oid.kind == "column" and places[0] is not None and places[0].bound
        above = (o for o in (ObjectId(oid.kind, (*p, oid.name[2])) for p in before - after) if o in self.old.objects)
        return any(later or o not in self.gone for o in above) and not self.is_gone(oid.name)

    def comes_with_a_parent(self, column: ObjectId, old: Any, new: Any) -> bool:
        """Whether what is done to the column of a parent is done to this one as well; not where a partition goes over to another whole."""
        moves = self.joins(column.name) and ObjectId("inheritance", column.name[:2]) in self.gone
        return bool(old.inherited and new.inherited and not moves)

    def joins(self, name: tuple[str, ...]) -> bool:
        """Whether a table that is there comes to be a part of a whole that it was no part of: nothing comes to it from there by itself."""
        was, now = (m.objects.get(ObjectId("inheritance", name[:2])) for m in (self.old, self.new))
        stays = was and now and was.bound and was.parents == now.parents
        return bool(now and now.bound and not stays and not self.is_fresh(name))

    def is_fresh(self, name: tuple[str, ...]) -> bool:
        """Whether the relation of this name is made in this plan, so that nobody uses it yet."""
        oid = self.relation(name, self.new)
        return oid in self.fresh if oid else False

    def is_gone(self, name: tuple[str, ...]) -> bool:
        """Whether the relation of this name is dropped in this plan."""
        oid = self.relation(name, self.old)
        return oid in self.gone if oid else False

    def is_remade(self, name: tuple[str, ...]) -> bool:
        """Whether the relation of this name is made anew in this plan, the old one being there until it is dropped."""
        return self.is_fresh(name) and self.is_gone(name)

    def is_foreign(self, name: tuple[str, ...]) -> bool:
        """Whether the rows are on another server: nothing is scanned here, and nothing may be asked there."""
        oid = self.relation(name)
        return oid is not None and oid.kind == "foreign table"

    def partitioned(self, name: tuple[str, ...]) -> bool:
        """Whether the table of this name has partitions below it."""
        spec = self.new.objects.get(ObjectId("table", name[:2])) or self.old.objects.get(ObjectId("table", name[:2]))
        return bool(spec and spec.partition_key)


Query = LiteralString | Callable[[int], LiteralString]


@dataclass(frozen=True, kw_only=True)
class PgKind(Kind[S, Context]):
    """One sort of Postgres object.

    `query` gives a row an object with the columns `oid`, `name` (text[]), perhaps `sub` (column number) and `rel` (the relation
    that it belongs to), and the fields of `spec`. `catalog` is where its oid points. `space` names what its name must be unique in:
    relations share one, types another, constraints of a table a third, functions and aggregates a fourth. `goes_with` names what
    takes the object with it (what it needs, if not told otherwise); `disturbs` the kinds of dependents that must be out of the way
    of a change; `carry` takes an object that holds data over to a type that was replaced; a `foldable` one can stand in its table's
    CREATE; one that `fires` at other steps comes last and goes first; `words` is what ALTER calls the kind, where a column may stand
    on it: it is renamed while the column is carried over, and goes along with a quarantined table. `derived`
    names what of the spec follows from what the object stands on: one that nobody declares may come out of a rebuild with that changed.
    """

    catalog: LiteralString
    query: Query
    rank: int
    space: Literal["", "relation", "type", "constraint", "routine"] = ""
    disturbs: Callable[[ObjectId, S, S], Iterable[str]] = lambda oid, old, new: ()
    foldable: bool = False
    fires: bool = False
    words: LiteralString = ""
    inline: Callable[[ObjectId, S, Context], Any] | None = None
    goes_with: Callable[[ObjectId, S], Iterable[ObjectId]] | None = None
    carry: Callable[[ObjectId, S, S, Context], Steps] | None = None
    derived: tuple[str, ...] = ()

    def belongs(self, query: str) -> str:
        """The column of the query that says to which relation, routine or type a row belongs; '' where to none."""
        if " AS target_class" in query:
            return "target"
        return "rel" if " AS rel," in query else "oid" if self.catalog in HOMES else ""


def unasked(spec: Any) -> bool:
    """Whether a constraint is one that rows which are there need not agree with."""
    return str(getattr(spec, "definition", "")).endswith((NOT_VALID, NOT_ENFORCED))


def never(oid: ObjectId, old: Any, new: Any, context: Context) -> Steps | None:
    """Cannot be changed in place: is replaced."""
    return None
