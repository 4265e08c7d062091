"""Wholes whose partitions are split, merged or bounded otherwise: a row stays in its whole, and goes to the partition that is to have it.

Only the server compares the values of bounds. What takes the place of a partition has one of its edges in common with it, or a value of
its list, and that shows in the printing; partitions that went out of use and those for what is to come have none.
https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-PARTITION
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Confirm, Step
from colonnade.engines.postgres.printed_sql import entries
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, name, printed, q, text
from colonnade.engines.postgres.told.checks import Answer, answer

RANGE = re.compile(r"FOR VALUES FROM \((.*)\) TO \((.*)\)", re.DOTALL)
LIST = re.compile(r"FOR VALUES IN \((.*)\)", re.DOTALL)

Bounds = dict[ObjectId, str]
Edges = frozenset[tuple[str, ...]]


class Places(NamedTuple):
    """In a whole: the partitions that give a place up which another takes, and the tables that are new in it."""

    going: list[ObjectId]
    coming: list[ObjectId]


Checks = Mapping[str, Sequence[Check]]


class Repartitioned:
    """What a plan that leaves all rows where they are would do to those of partitions that others take the place of."""

    def __init__(self, live: Connection, old: Model, new: Model) -> None:
        self.live, self.places = live, dict(_replaced(old, new))
        self._answers: dict[str, Answer] = {}

    def crossed(self, steps: Sequence[Step]) -> frozenset[ObjectId]:
        """The tables with rows that it would leave without a partition; also where that cannot be asked by the names that are there."""
        checks = {s.subject: s.checks for s in steps if s.checks}
        misses = (Answer.FOUND, Answer.NOT_YET)
        return frozenset(
            whole
            for whole, places in self.places.items()
            if any(self._answer(one) in misses for one in _questions(places, checks))
        )

    def confirmed(self, steps: Sequence[Step], copied: Collection[ObjectId]) -> list[Step]:
        """The steps by which partitions without such rows leave their places, with that asked again: some may have come since.

        Those of tables that are `copied` need not be asked.
        """
        checks = {s.subject: s.checks for s in steps if s.checks}
        leaving = {part.name: part for w, places in self.places.items() if w not in copied for part in places.going}
        there = {str(ObjectId(kind, n)): n for n in leaving for kind in ("inheritance", "table")}
        found: list[Step] = []
        for one in steps:
            part = leaving.pop(there[one.subject], None) if one.subject in there else None
            found.append(replace(one, confirms=(*one.confirms, *self._asked_again(part, checks))) if part else one)
        return found

    def _asked_again(self, part: ObjectId, checks: Checks) -> Iterator[Confirm]:
        why = f"since the plan was made rows came to table {'.'.join(part.name)} that belong to another partition now"
        asked = (rows for rows in _rows(part, checks) if self._answer(rows) is Answer.NONE)
        return (Confirm((text(rows),), text(name(*part.name)), why) for rows in asked)

    def _answer(self, question: Part) -> Answer:
        if text(question) not in self._answers:
            self._answers[text(question)] = answer(self.live, question)
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
        replaced = [o for o, edges in going.items() if _is_replaced(o, edges, coming)]
        if replaced or coming:
            yield whole, Places(replaced, [o for o in coming if o not in was[whole]])


def _is_replaced(oid: ObjectId, edges: Edges, coming: Mapping[ObjectId, Edges]) -> bool:
    """One that stays, with other bounds, may have rows for any other that comes."""
    others = (there for one, there in coming.items() if one != oid)
    return any(others) if oid in coming else any(edges & there and edges != there for there in others)


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
