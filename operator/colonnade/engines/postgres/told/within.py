"""Which values the checks of domains refuse that they are to be of, by themselves or within arrays and rows of types.

The server proves a check only of the columns that are plainly of a domain; else it says so while the rows are carried over, of none by name.
https://www.postgresql.org/docs/current/sql-createdomain.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from colonnade.core.kind import Model, ObjectId
from colonnade.engines.postgres.kind import NOT_VALID, Context
from colonnade.engines.postgres.rewriting.by_name import attributes, qualified, type_of
from colonnade.engines.postgres.statement import Part, joined, listed, name, printed, q, value


def is_check_of(oid: ObjectId, domain: ObjectId) -> bool:
    """Whether this is a constraint of the domain."""
    return oid.kind == "domain constraint" and oid.name[:2] == domain.name


@dataclass(frozen=True)
class Within:
    """From the types of the old model to those of the new one; `is_other` says whether a type is another by then."""

    context: Context
    is_other: Callable[[ObjectId, Context], bool]

    def refused(self, there: Part, was: str, now: str, depth: int = 0) -> Iterator[Part]:
        """What holds for values of the one type that a domain refuses when they come to be of the other."""
        to, many = type_of(now, self.context.new)
        if many:
            yield from self._elements(there, was, now, depth)
        elif to is None or (was == now and not self.is_other(to, self.context)):
            return
        elif to.kind == "domain":
            yield from self._by_checks(there, to)
            yield from self.refused(there, was, self.context.new.objects[to].base, depth)
        elif to.kind == "composite type":
            yield from self._attributes(there, was, to, depth)
        elif to.kind == "range" and qualified(now) == to.name:
            yield from self._turned_round(there, to)

    def _elements(self, there: Part, was: str, now: str, depth: int) -> Iterator[Part]:
        before, one = _bare(was, self.context.old), name(f"colonnade_v{depth}")
        if before.endswith("[]"):
            for odd in self.refused(one, before[:-2], now[:-2], depth + 1):
                yield q("EXISTS (SELECT FROM pg_catalog.unnest({}) AS {} WHERE {})", there, one, odd)

    def _attributes(self, there: Part, was: str, to: ObjectId, depth: int) -> Iterator[Part]:
        before, many = type_of(_bare(was, self.context.old), self.context.old)
        if before is None or many or before.kind != "composite type":
            return
        had = attributes(before, self.context.old)
        for attribute, type_ in attributes(to, self.context.new).items():
            if attribute in had:
                was, now = (t.partition(" COLLATE ")[0] for t in (had[attribute], type_))
                yield from self.refused(q("({}).{}", there, name(attribute)), was, now, depth)

    def _turned_round(self, there: Part, to: ObjectId) -> Iterator[Part]:
        """Ranges of which the one label stands behind the other one then."""
        subtype, _ = type_of(self.context.new.objects[to].subtype, self.context.new)
        if subtype is not None and subtype.kind == "enum":
            labels = listed(map(value, self.context.new.objects[subtype].labels))
            bounds = (q("pg_catalog.{}({})::text", q(which), there) for which in ("lower", "upper"))
            places = (q("pg_catalog.array_position(ARRAY[{}]::text[], {})", labels, b) for b in bounds)
            yield joined(" > ", places)

    def _by_checks(self, there: Part, domain: ObjectId) -> Iterator[Part]:
        """By the conditions of this one, which call what they are about VALUE; not where its base is another type by then."""
        base = self.context.new.objects[domain].base
        declared, _ = type_of(base, self.context.new)
        if declared is not None and self.is_other(declared, self.context):
            return
        for condition in self._conditions(domain):
            row = q("SELECT {}::{} AS value", there, printed(base))
            yield q("EXISTS (SELECT FROM ({}) AS v WHERE ({}) IS FALSE)", row, printed(condition))

    def _conditions(self, domain: ObjectId) -> Iterator[str]:
        """Of its checks; one that is NOT VALID, and not there yet, looks at no value that is."""
        old, new = self.context.old.objects, self.context.new.objects
        for one, spec in new.items():
            if is_check_of(one, domain):
                there = old.get(one) == spec and old.get(domain) == new[domain]
                if there or not spec.definition.endswith(NOT_VALID):
                    yield spec.definition.removeprefix("CHECK ").removesuffix(NOT_VALID)


def _bare(type_: str, model: Model) -> str:
    """The type without the domains around it."""
    oid, many = type_of(type_, model)
    return _bare(model.objects[oid].base, model) if oid and oid.kind == "domain" and not many else type_
