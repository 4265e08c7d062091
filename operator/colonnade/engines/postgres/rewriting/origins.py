"""Whose the columns, checks and NOT NULL of a child of plain inheritance are: its own, or its parents' alone.

What a child has of its own it never gives up in place; what it has from a parent becomes its own once the last such parent is left. A
child for which that comes out otherwise than declared is made anew. https://www.postgresql.org/docs/current/ddl-inherit.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.appended import staying
from colonnade.engines.postgres.planning.work import Work

Parents = tuple[tuple[str, str], ...]
Name = tuple[str, ...]


@dataclass(frozen=True)
class _Family:
    """A child with its parents; `kept` are never left, and of what comes, those `joined` come before any is left."""

    table: Name
    new: Parents
    kept: Collection[Name]
    joined: Collection[Name]


def made_anew(work: Work) -> Iterator[ObjectId]:
    """The children that cannot get in place what is to be theirs, or their parents'."""
    families = {family.table: family for family in _families(work)}
    found: set[Name] = set()
    for oid, spec in work.new.objects.items() if families else ():
        family = families.get(oid.name[:2]) if oid.kind in ("column", "check") else None
        if family and family.table not in found and _comes_out_otherwise(oid, spec, family, work):
            found.add(family.table)
            yield ObjectId("table", family.table)


def given_up(work: Work) -> Iterator[ObjectId]:
    """Checks that a child has beside its parent's, and gives up: both go, and the parent's comes again, for both. A partition gives
    its own up to the whole."""
    for oid in work.altered:
        if oid.kind == "check" and work.old.objects[oid].local and not work.new.objects[oid].local:
            place = work.new.objects.get(ObjectId("inheritance", oid.name[:2]))
            if place is None or not place.bound:
                yield from (oid, *(ObjectId("check", (*p, oid.name[2])) for p in (place.parents if place else ())))


def _families(work: Work) -> Iterator[_Family]:
    places = {o: m.objects[o] for m in (work.old, work.new) for o in m.objects if o.kind == "inheritance"}
    for oid, spec in places.items():
        table = ObjectId("table", oid.name)
        if spec.bound or table in work.dropped | work.created or table not in work.old.objects:
            continue
        was, now = (m.objects.get(oid) for m in (work.old, work.new))
        if (was and was.bound) or (now and now.bound):
            continue
        old, new = (tuple(s.parents) if s else () for s in (was, now))
        stay = staying(old, new)
        yield _Family(oid.name, new, new[:stay], list(takewhile(set(new).difference(old).__contains__, new[stay:])))


def _comes_out_otherwise(oid: ObjectId, now: Any, family: _Family, work: Work) -> bool:
    was = work.old.objects.get(oid)
    if not now.local and not _is_given(oid, was is not None and not was.local, family, work, lambda _: True):
        return True
    if oid.kind == "check":
        return False
    if now.local and was and not was.local and any(_at(oid, p) in work.new.objects for p in family.new):
        return True
    held = bool(was and was.not_null and not was.not_null_local)
    theirs = now.not_null and not now.not_null_local
    return theirs and not _is_given(oid, held, family, work, lambda s: s.not_null)


def _at(oid: ObjectId, parent: Name) -> ObjectId:
    return ObjectId(oid.kind, (*parent, oid.name[2]))


def _is_given(oid: ObjectId, held: bool, family: _Family, work: Work, counts: Callable[[Any], bool]) -> bool:
    """Whether it is the parents' alone in the end: one that is not left gives it, now or always; or who has it already is joined by one."""
    for parent in family.new:
        there = _at(oid, parent)
        was, now = (m.objects.get(there) for m in (work.old, work.new))
        had, has = (s is not None and counts(s) for s in (was, now))
        if has and parent in family.kept and (held or not had or there in work.dropped):
            return True
        if has and had and parent in family.joined and held:
            return True
    return False
