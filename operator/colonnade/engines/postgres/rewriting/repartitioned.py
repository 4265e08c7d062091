"""Wholes whose partitions are split, merged or bounded otherwise: a row stays in its whole, and goes to the partition that is to have it.

Only the server compares the values of bounds. What takes the place of a partition mostly has one of its edges in common with it, or a
value of its list, and that shows in the printing; partitions that went out of use and those for what is to come have none. Where none
shows, the rows are asked by what the server says on the copy of the new ones; a default one that is new claims none of them.
https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-PARTITION
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Confirm, Step
from colonnade.engines.postgres.printed_sql import entries
from colonnade.engines.postgres.rewriting.remade import below
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, name, printed, q, relations, text
from colonnade.engines.postgres.told.checks import Answer, answer
from colonnade.engines.postgres.told.fitting import takes

RANGE = re.compile(r"FOR VALUES FROM \((.*)\) TO \((.*)\)", re.DOTALL)
LIST = re.compile(r"FOR VALUES IN \((.*)\)", re.DOTALL)

Bounds = dict[ObjectId, str]
Edges = frozenset[tuple[str, ...]]


class Places(NamedTuple):
    """In a whole: the partitions that give a place up which another takes, and the tables that are new in it; partitions that go without
    that showing."""

    going: list[ObjectId]
    coming: list[ObjectId]
    doubted: list[ObjectId]


Checks = Mapping[str, Sequence[Check]]


class Repartitioned:
    """What a plan that leaves all rows where they are would do to those of partitions that others take the place of.

    `called` puts a question by the names of tables before the plan, where the models have those that they get.
    """

    def __init__(self, live: Connection, old: Model, new: Model, called: Callable[[str], str] = str) -> None:
        self.live, self.old, self.new, self.places = live, old, new, dict(_replaced(old, new))
        self.called = called
        self.taken: dict[ObjectId, str] = {}
        self._answers: dict[str, Answer] = {}

    def see(self, copy: Connection) -> None:
        """Which rows the new partitions take, where some that go may have rows for them: they are on the copy of the database."""
        coming = {part for places in self.places.values() if places.doubted for part in places.coming}
        found = {part: takes(copy, part) for part in coming if self.new.objects[part].bound != "DEFAULT"}
        self.taken |= {part: condition for part, condition in found.items() if condition}

    def crossed(self, steps: Sequence[Step]) -> frozenset[ObjectId]:
        """The tables with rows that it would leave without a partition; also where that cannot be asked by the names that are there."""
        checks = {s.subject: s.checks for s in steps if s.checks}
        misses = (Answer.FOUND, Answer.NOT_YET)
        return frozenset(
            whole
            for whole, places in self.places.items()
            if any(self._answer(one) in misses for one in _questions(places, checks))
            or any(self._answer(one) is Answer.FOUND for o in places.doubted for one in self._fitting(whole, o, places))
        )

    def _fitting(self, whole: ObjectId, part: ObjectId, places: Places) -> Iterator[Part]:
        """Its rows that a new partition takes: by way of the whole, where the server passes over partitions that cannot have any."""
        table = ObjectId("table", part.name)
        theirs = relations(p.name for p in (table, *sorted(below(self.old, table))))
        for condition in (self.taken[p] for p in places.coming if p in self.taken):
            of_it = q("tableoid = ANY ({})", theirs)
            yield q("SELECT FROM {} WHERE {} AND ({})", name(*whole.name), of_it, printed(condition))

    def confirmed(self, steps: Sequence[Step], copied: Collection[ObjectId]) -> list[Step]:
        """The steps by which partitions without such rows leave their places, with that asked again: some may have come since.

        Those of tables that are `copied` need not be asked.
        """
        checks = {s.subject: s.checks for s in steps if s.checks}
        stay = {whole: places for whole, places in self.places.items() if whole not in copied}
        leaving = {part: _rows(part, checks) for places in stay.values() for part in places.going}
        leaving |= {part: list(self._fitting(w, part, places)) for w, places in stay.items() for part in places.doubted}
        there = {str(ObjectId(kind, part.name)): part for part in leaving for kind in ("inheritance", "table")}
        found: list[Step] = []
        for one in steps:
            part = there.get(one.subject)
            asked = leaving.pop(part, ()) if part else ()
            again = self._asked_again(part, asked) if part else ()
            found.append(replace(one, confirms=(*one.confirms, *again)))
        return found

    def _asked_again(self, part: ObjectId, asked: Iterable[Part]) -> Iterator[Confirm]:
        why = f"since the plan was made rows came to table {'.'.join(part.name)} that belong to another partition now"
        nothing = (rows for rows in asked if self._answer(rows) is Answer.NONE)
        return (Confirm((text(rows),), text(name(*part.name)), why) for rows in nothing)

    def _answer(self, question: Part) -> Answer:
        if text(question) not in self._answers:
            self._answers[text(question)] = answer(self.live, printed(self.called(text(question))))
        return self._answers[text(question)]


def _questions(places: Places, checks: Checks) -> Iterator[Part]:
    for part in places.going:
        yield from _rows(part, checks)
    for part in places.coming:
        yield from (printed(c.query) for c in checks.get(str(part), ()))


def _rows(part: ObjectId, checks: Checks) -> list[Part]:
    """The rows that it does not keep: all, unless the plan has a question about those that it keeps."""
    return [printed(c.query) for c in checks.get(str(part), ())] or [q("SELECT FROM {}", name(*part.name))]


def _replaced(old: Model, new: Model) -> Iterator[tuple[ObjectId, Places]]:
    """The tables, in both models, where that is so."""
    was, now = _bounds(old), _bounds(new)
    for whole in was.keys() & now.keys():
        coming = {o: _edges(b) for o, b in now[whole].items() if _comes(o, b, was[whole], old)}
        going = {o: _edges(b) for o, b in was[whole].items() if _leaves(o, b, now[whole], new)}
        replaced = [o for o, edges in going.items() if _is_replaced(o, edges, coming, now[whole])]
        if replaced or coming:
            doubted = [o for o in going if o not in coming and o not in replaced]
            yield whole, Places(replaced, [o for o in coming if o not in was[whole]], doubted)


def _is_replaced(oid: ObjectId, edges: Edges, coming: Mapping[ObjectId, Edges], now: Bounds) -> bool:
    """One that stays, with other bounds, may have rows for any other that comes, or that takes all that others do not."""
    others = {one: there for one, there in coming.items() if one != oid}
    if oid in coming:
        return bool(others) or any(one != oid and bound == "DEFAULT" for one, bound in now.items())
    return any(edges & there and edges != there for there in others.values())


def _bounds(model: Model) -> dict[ObjectId, Bounds]:
    found: defaultdict[ObjectId, Bounds] = defaultdict(dict)
    for oid, spec in model.objects.items():
        if oid.kind == "inheritance" and spec.bound and spec.relkind != "f":
            found[ObjectId("table", spec.parents[0])][oid] = spec.bound
    return found


def _leaves(oid: ObjectId, bound: str, now: Bounds, new: Model) -> bool:
    """Whether a partition gives up what it takes in, and does not stand alone from then on, with all it has."""
    return now[oid] != bound if oid in now else ObjectId("table", oid.name) not in new.objects


def _comes(oid: ObjectId, bound: str, was: Bounds, old: Model) -> bool:
    """Whether a partition takes in something else than before, and did not stand alone until then, with rows of its own."""
    return was[oid] != bound if oid in was else ObjectId("table", oid.name) not in old.objects


def _edges(bound: str) -> Edges:
    """What two partitions have in common where they take in some of the same rows, as far as printing shows it."""
    if found := RANGE.fullmatch(bound):
        return frozenset((("from", found[1]), ("to", found[2])))
    if found := LIST.fullmatch(bound):
        return frozenset(("value", v) for v in entries(found[1]))
    return frozenset() if bound == "DEFAULT" else frozenset((("hash",), (bound,)))
