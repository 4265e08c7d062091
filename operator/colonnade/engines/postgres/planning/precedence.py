"""What must come before what: what is needed is made first and dropped last, and a name is free only once what had it is gone.

By kinds of acts, each in a method called as its verb; what concerns several at a time is in several.py.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import CONSTRAINTS, NOT_VALID
from colonnade.engines.postgres.planning import several
from colonnade.engines.postgres.planning.collisions import collide
from colonnade.engines.postgres.planning.freed import overloading
from colonnade.engines.postgres.planning.places import Places
from colonnade.engines.postgres.planning.work import (
    INDEXED,
    ROUTINES,
    SAID,
    Act,
    Before,
    Work,
    kind_of,
)
from colonnade.engines.postgres.rewriting import expand
from colonnade.engines.postgres.rewriting.of_type import type_of_table


class Precedence:
    """What must come before each act."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.places = Places(work)
        self.before: dict[Act, set[Act]] = {}

    def of(self, acts: Mapping[Act, Sequence[Step]]) -> Before[Act]:
        """For all of these acts."""
        self.before = {a: set() for a in acts}
        for a in list(self.before):
            getattr(self, f"_{a.verb.replace(' ', '_')}")(a)
        collide(self.work, self.before)
        several.all_told(self.work, acts, self.before)
        return self.before

    def _first(self, act: Act, *later: Act) -> None:
        for one in later:
            if one in self.before:
                self.before[one].add(act)

    def _move(self, a: Act) -> None:
        """What is dropped goes by its old name, which tells of the type: a function by those of its arguments.

        What is moved itself, as the domain of a collation, goes by its other name, and only once its columns have left it; what goes
        along with it, as its comment, is no drop of its own.
        """
        self._first(a, Act("create", a.id), Act("build", a.id), Act("drop", a.id))
        if a.id in self.work.serving:
            if a.id.kind == "primary key":
                self._first(Act("drop", a.id), Act("create", a.id))
            else:
                self._first(Act("create", a.id), Act("drop", a.id))
            return
        users = (
            u
            for u in self.work.users.get(a.id, ())
            if u.kind != "column" and u not in self.work.moved and a.id not in self.work.taken_by(u)
            if self.work.domain_moved(u) is None
            if not self.work.taken_by(u) & (self.work.remade.tables | self.work.remade.emptied)
        )
        for heir in self.work.heirs(a.id):
            self._first(a, Act("alter", heir))
            self._first(Act("alter", heir), Act("drop", a.id))
            self._first(Act("copy", self.work.home(heir)), Act("drop", a.id))
        table = a.id in self.work.remade.tables
        self.before[a] |= {Act("drop", u) for u in users if not table or kind_of(u).space == "routine"}
        self._first(a, *(Act("drop", o) for o in self.work.remade.under(self.work.old, a.id)))
        if self.work.is_left(place := ObjectId("inheritance", a.id.name)):
            self.before[a].add(Act("drop", place))
        own = [o for o in self.work.dropped if o.kind in (*INDEXED, "foreign key") and self.work.home(o) == a.id]
        self.before[a] |= {Act("drop", o) for o in own if o.kind == "foreign key" and not self.work.taken_by(o)}
        for oid in own if table else ():
            if oid.kind != "foreign key":  # it is named aside with its table, and so before the whole's goes
                self._first(a, *(Act("drop", o) for o in self.work.taken_by(oid)))

    def _free(self, a: Act) -> None:
        self._first(a, Act("drop", a.id))
        if a.id.kind in ROUTINES:  # on the way back its users are there again once it has its name
            users = self.work.users.get(a.id, NOTHING)
            late = self.work.remade.tables | self.work.moved.keys()
            late |= self.work.copied_over(a.id)
            self.before[a] |= {Act("drop", u) for u in users - late if not self.work.taken_by(u)}
            self._first(a, Act("create", a.id), *(Act("create", o) for o in overloading(a.id, self.work)))

    def _expand(self, a: Act) -> None:
        """Once its type is there; everything of its group is there before the first of them changes places."""
        self.before[a] |= {Act(v, n) for n in self.work.new.needs.get(a.id, NOTHING) for v in ("create", "alter")}
        group = next(g for g in expand.groups(self.work) if a.id in g)
        swap = Act("create", group[0])
        self._first(a, self._filling(a.id))
        self._first(self._filling(a.id), swap)
        self._first(swap, *(Act("create", o) for o in group))
        self.before[swap] |= {Act("drop", o) for o in group} - {swap}

    def _fill(self, a: Act) -> None:
        """Nothing more: each of its columns says when."""

    def _filling(self, column: ObjectId) -> Act:
        return Act("fill", expand.together(column, self.work)[0])

    def _succeed(self, a: Act) -> None:
        columns = expand.columns_of(a.id, self.work)
        self.before[a] |= {self._filling(c) for c in columns}
        for n in self.work.new.needs.get(a.id, NOTHING) - columns:
            self.before[a] |= {Act("succeed", n)} if n in self.work.followers else {Act("create", n), Act("alter", n)}
        group = next(g for g in expand.groups(self.work) if columns & set(g))
        self._first(a, Act("create", group[0]))

    def _copy(self, a: Act) -> None:
        """After everything that takes the rows in; before what holds them now goes, and what would count or watch them comes."""
        work = self.work
        self.before[a] |= {Act("create", o) for o in (a.id, *work.remade.takes_in(work.new, a.id))}
        held = set(work.remade.holds(work.old, a.id))
        alone = {o for o in held if o.kind == "inheritance" and ObjectId("table", o.name) not in work.dropped}
        self.before[a] |= {Act("drop", o) for o in alone}  # what leaves does so with its rows
        self._first(a, Act("drop", a.id), *(Act("drop", o) for o in held - alone))
        later = work.remade.after(work.new, a.id, work.created - work.inlined.keys())
        self._first(a, *(Act("create", o) for o in later))
        self.before[a] |= {Act("drop", o) for o in later if o in work.dropped and not work.taken_by(o)}

    def _drop(self, a: Act) -> None:
        implied = self.work.taken_by(a.id)
        self._as_part_that_goes(a)
        self._as_a_childs(a)
        if (
            a.id.kind == "transform"
        ):  # before 18 every routine depends on those of its types that are there when it is made
            self._first(a, *(b for b in self.before if b.verb in ("alter", "create") and b.id.kind in ROUTINES))
        if a.id not in self.work.created:
            self._first(a, *(Act("alter", c) for c in self.work.kept_below(a.id)))
        else:
            self.before.setdefault(Act("create", a.id), set())
            if a.id not in self.work.moved.keys() | self.work.freed and not self.work.left_behind(a.id):
                self.before[Act("create", a.id)].add(a)
        if self.work.outlives(a.id):
            self.before[a].add(Act("drop", ObjectId("inheritance", self.work.home(a.id).name)))
        for parent in implied:
            self.before[a].add(Act("drop", parent))
        for user in self.work.users.get(a.id, ()):
            self._leaves(user, a.id, implied)

    def _as_a_childs(self, a: Act) -> None:
        """What a child has of its own, too, goes after its parent's, which would hold it, and before one that its parent gets."""
        both = a.id.kind == "check" or (a.id.kind == "column" and self._is_shared(a.id))
        place = self.work.old.objects.get(ObjectId("inheritance", a.id.name[:2])) if both else None
        for parent in place.parents if place else ():
            above = ObjectId(a.id.kind, (*parent, a.id.name[2]))
            self.before[a].add(Act("drop", above))
            if ObjectId("table", parent) not in self.work.remade.tables:  # the new one is another's parent
                self._first(a, Act("create", above))

    def _is_shared(self, column: ObjectId) -> bool:
        spec = self.work.old.objects[column]
        return spec.local and spec.inherited and column not in self.work.created

    def _leaves(self, user: ObjectId, used: ObjectId, implied: frozenset[ObjectId] | set[ObjectId]) -> None:
        """What is dropped or changed of a user comes before the drop of what it uses, and of what takes that along."""
        if self.work.outlives(user):
            self._first(Act("drop", ObjectId("inheritance", self.work.home(user).name)), Act("drop", used))
        along = (self.work.old.vanishes_with(user) if self.work.taken_by(user) else NOTHING) | {user}
        for act in (Act("drop", user), Act("alter", user)):
            if act not in self.before or (act.verb == "drop" and used in along):
                continue
            for one in {used, *implied} - along:
                self._first(act, Act("drop", one))

    def _alter(self, a: Act) -> None:
        for n in self.work.new.needs.get(a.id, NOTHING):
            self.before[a] |= {Act("create", n), Act("alter", n)}
        if a.id.kind not in ("enum", "sequence"):  # another label, or range, is nothing to its users
            leaving = self.work.users.get(a.id, NOTHING) - self.work.serving - self.work.copied_over(a.id)
            goes_on = self.work.moved.keys() | self.work.giving_way  # and is asked where it has got to, later
            self.before[a] |= {Act("drop", u) for u in leaving if ObjectId("sequence", u.name) not in goes_on}
        if a.id.kind == "column":
            self._nullability(a)
            self._as_included(a)
            if sequence := self.work.handed_over(a.id):
                self.before[a].add(Act("create", sequence))  # which the identity gives way to, with what is said of it
                said = (u for u in self.work.users.get(a.id, ()) if u.kind in SAID or self.work.counts_by(u, a.id))
                self.before.setdefault(Act("create", sequence), set()).update(Act("drop", u) for u in said)
            self.before[a] |= self.places.leave(a.id.name[:2])

    def _as_included(self, a: Act) -> None:
        """What refers to a key that holds the column beside its own is out of the way meanwhile."""
        keys = (k for k in self.work.users.get(a.id, ()) if k.kind in ("primary key", "unique"))
        replaced = self.work.dropped & self.work.created - self.work.serving
        for oid in {u for k in keys for u in self.work.users.get(k, ()) if u in replaced}:
            if oid.kind == "foreign key":
                self.before[a].add(Act("drop", oid))
                self._first(a, Act("create", oid))

    def _as_part_that_goes(self, a: Act) -> None:
        """A column that goes, a place that changes, and what is below a part that leaves."""
        if a.id.kind == "column":
            self.before[a] |= self.places.leave(a.id.name[:2])
        if a.id.kind == "inheritance" and a.id in self.work.created:
            self._stays_a_part(a)
        place = self.work.old.objects.get(ObjectId("inheritance", a.id.name)) if a.id.kind == "table" else None
        above = ObjectId("inheritance", place.parents[0]) if place else None
        if above and above in self.work.dropped and not self.work.taken_by(above):
            self.before[a].add(Act("drop", above))

    def _stays_a_part(self, a: Act) -> None:
        """One that only gets another place leaves its place as late as it can: what is done to columns is done to its rows, too."""
        if self.work.is_bounded_otherwise(a.id) and ObjectId("table", a.id.name) not in self.work.dropped:
            for table in (a.id.name, *self.work.old.objects[a.id].parents):
                self.before[a] |= self.places.changing.get(table, set())

    def _nullability(self, a: Act) -> None:
        """What a child has of its own comes before its parent's NOT NULL, which then finds it proved, and goes after that.

        What it had from its parent only becomes its own once that is gone: so it can be taken back, too.
        """
        old, new = self.work.old.objects, self.work.new.objects
        place = ObjectId("inheritance", a.id.name[:2])
        was, now = old[a.id], new[a.id]
        freed = was.not_null_inherited and not now.not_null_inherited
        becomes = was.not_null and now.not_null_local and (freed or not was.not_null_local)
        own = now.not_null and (now.not_null_local or was.not_null) and not becomes
        for p in {p for m in (old, new) if place in m for p in m[place].parents}:
            parent = Act("alter", ObjectId("column", (*p, a.id.name[2])))
            if own:
                self._first(a, parent)
            elif becomes or (was.not_null and not now.not_null):
                self._first(parent, a)
        # what leaves the family is spared the change, and has nothing that stands in its way
        children = self.work.old_children.get(a.id.name[:2], ())
        self.before[a] |= {Act("drop", o) for o in children if o not in self.work.created}

    def _parents(self, column: ObjectId) -> tuple[tuple[str, str], ...]:
        place = self.work.new.objects.get(ObjectId("inheritance", column.name[:2]))
        return place.parents if place else ()

    def _build(self, a: Act) -> None:
        """As for the key itself, but while the old one is still there."""
        self._create(a)
        self._first(a, Act("create", a.id), Act("drop", self.work.built_first[a.id]))

    def _create(self, a: Act) -> None:
        inlined, inside = self.work.inlined, self.work.inside
        for one in (a.id, *inside.get(a.id, ())):
            if one.kind == "column":
                self._among_parents(one, a)
            for n in self.work.new.needs.get(one, NOTHING):
                if n != a.id and n not in inside.get(a.id, ()):
                    self.before[a] |= {Act("create", inlined.get(n, n)), Act("alter", n)}
                if n in inlined and inlined[n] != a.id:
                    self.before[a].add(Act("create", n))
                if n in self.work.aside:  # it must fail without the column, as it will one day
                    self.before[a].add(Act("drop", n))
        self._as_part(a)
        self._published(a)
        self._narrows_a_domain(a)
        self.before[a] |= {Act("create", o) for o in self._naming(a.id)}
        if a.id.kind == "foreign key":
            target = self.work.new.objects[a.id].target[:2]
            self.before[a] |= {Act("drop", o) for o in self.work.dropped if self._key_of(o, target)}

    def _naming(self, oid: ObjectId) -> Iterator[ObjectId]:
        """The operators that name this one and are not named by it: they come first, for one that comes later tells the other of itself."""
        own, new = self.work.new.objects[oid], self.work.new.objects
        for one in self.work.created if oid.kind == "operator" else ():
            if one.kind == "operator" and one != oid:
                pairs = ((new[one].commutator, own.commutator), (new[one].negator, own.negator))
                if any(theirs == oid.name and mine != one.name for theirs, mine in pairs):
                    yield one

    def _among_parents(self, column: ObjectId, a: Act) -> None:
        """A new column comes after those of the parents, unless it is the child's own: the server adds theirs to it, and never its to theirs."""
        new, inlined = self.work.new.objects, self.work.inlined
        for above in (ObjectId("column", (*p, column.name[2])) for p in self._parents(column)):
            own = new[column].local and above in self.work.created - inlined.keys() and column not in inlined
            if own or self._doubted(above, column):
                self._first(a, Act("create", above))
            else:
                self.before[a] |= {Act("create", above), Act("alter", above)}

    def _doubted(self, above: ObjectId, column: ObjectId) -> bool:
        """Whether a NOT NULL that no row is asked for comes to a child that is there: to a new one it would come proved."""
        columns = [self.work.new.objects.get(o) for o in (above, column)]
        return above in self.work.inlined and all(c and c.not_null and not c.not_null_valid for c in columns)

    def _narrows_a_domain(self, a: Act) -> None:
        """One that is made anew has its checks before columns come over to it: the server asks none of arrays later."""
        domain = ObjectId("domain", a.id.name[:2] if a.id.kind == "domain constraint" else ())
        calls = any(n.kind in ROUTINES for n in self.work.new.needs.get(a.id, ()))  # and a routine may need the tables
        if domain in self.work.created and getattr(self.work.new.objects[a.id], "definition", "").endswith(NOT_VALID):
            self.before[a] |= {Act("alter", c) for c in self.work.carried}  # their values need not be so
        elif domain in self.work.created and not calls:
            self._first(a, *(Act("alter", u) for u in self.work.users.get(domain, ())))

    def _published(self, a: Act) -> None:
        """A publication holds either whole schemas or tables with lists of columns."""
        kinds = {"publication table": "publication schema", "publication schema": "publication table"}
        gone = (o for o in self.work.dropped if o.kind == kinds.get(a.id.kind))
        self.before[a] |= {Act("drop", o) for o in gone if o.name[0] == a.id.name[0]}

    def _as_part(self, a: Act) -> None:
        """A part comes with indexes and keys of its own, and with the columns of the whole."""
        self.before[a] |= {Act("create", o) for o in self.places.parts.get(a.id, ())}
        if a.id.kind in ("column", "index", "trigger", *CONSTRAINTS):
            self.before[a] |= self.places.leave(self.work.home(a.id, self.work.new).name)
        if a.id.kind == "inheritance" and self.work.new.objects[a.id].bound:
            for table in (a.id.name, *self.work.new.objects[a.id].parents):
                self.before[a].update(self.places.changing.get(table, ()))

    def _let_go(self, a: Act) -> None:
        self._first(a, Act("move", a.id), Act("drop", a.id), Act("take", a.id), *self._of_its_type(a.id))

    def _take(self, a: Act) -> None:
        self.before[a] |= self._of_its_type(a.id)

    def _of_its_type(self, table: ObjectId) -> set[Act]:
        """What is done to the type that a table is of, and to the table's columns."""
        type_ = type_of_table(table, self.work.old)
        return {a for a in self.before if a.id == type_ or (a.id.kind == "column" and a.id.name[:2] == table.name)}

    def _finish(self, a: Act) -> None:
        """After its first half."""
        self.before[a] |= {Act("alter", a.id), Act("create", a.id)}

    def _key_of(self, oid: ObjectId, table: tuple[str, ...]) -> bool:
        """Whether this is a key of the table that a new foreign key could come to rest on, though it goes."""
        spec = self.work.old.objects[oid]
        return (oid.kind in ("primary key", "unique") and oid.name[:2] == table) or (
            oid.kind == "index" and spec.unique and spec.table == table
        )
