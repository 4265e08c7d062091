"""Tables that get another name in the course of a plan: by which name each is asked for while it is planned, and by which before a
transaction of it.

A plan speaks of a table as it is called by then. Asked so too early, the server knows none, and nothing would be asked at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from colonnade.core.plan import Check, Confirm, Step
from colonnade.engines.postgres.rewriting.waiting import MOVED, RENAMED, SCHEMA


@dataclass(frozen=True)
class Names:
    """By the name that a table has at a step: the one that it has now, and the one that it has when the step's transaction begins."""

    now: Mapping[str, str] = field(default_factory=dict[str, str])
    begun: Mapping[str, str] = field(default_factory=dict[str, str])

    def as_now(self, step: Step) -> Step:
        """The step, with questions that can be asked now; not what else is known of a table whose schema gets another name, for in
        that are the names of others."""
        hazards = tuple(replace(h, asks=_all(h.asks, self.now)) for h in step.hazards)
        checks = tuple(_asked(c, self.now) for c in step.checks)
        known = (c for c in step.confirms if not (c.beyond and any(name.endswith(".") for name in self.now)))
        return replace(step, hazards=hazards, checks=checks, confirms=tuple(_about(c, self.now) for c in known))

    def as_begun(self, step: Step) -> Step:
        """That step, with what is asked again once its transaction has begun."""
        later = {now: self.begun.get(then, then) for then, now in self.now.items()}
        return replace(step, confirms=tuple(_about(c, later) for c in step.confirms))


def _all(asks: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """These texts with the other names, each put in once: two tables may have changed theirs."""
    if not names:
        return asks
    any_of = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    return tuple(any_of.sub(lambda m: names[m[0]], a) for a in asks)


def _asked(one: Check, names: Mapping[str, str]) -> Check:
    query, count, each = _all((one.query, one.count, one.each), names)
    return replace(one, query=query, count=count, each=each)


def _about(one: Confirm, names: Mapping[str, str]) -> Confirm:
    (table,) = _all((one.table,), names)
    return replace(one, table=table, asks=_all(one.asks, names))


def walked(steps: Iterable[Step]) -> Iterator[Names]:
    """The names at each step."""
    now, begun = dict[str, str](), dict[str, str]()
    for one in steps:
        if not one.transactional:
            begun = {}
        yield Names(dict(now), dict(begun))
        for was, called in _renames(one.statement, now):
            begun[called] = begun.pop(was, was)
            now[called] = now.pop(was, was)


def _renames(statement: str, known: Mapping[str, str]) -> list[tuple[str, str]]:
    """What it calls otherwise; a schema by what stands before the names of its tables."""
    if found := RENAMED.match(statement) or MOVED.match(statement):
        schema, _, last = found[1].partition('"."')
        other = f'{schema}"."{found[2][1:]}' if found.re is RENAMED else f'{found[2][:-1]}"."{last}'
        return [(found[1], other)]
    if found := SCHEMA.match(statement):
        was, now = f"{found[1]}.", f"{found[2]}."
        return [*((t, now + t.removeprefix(was)) for t in known if t.startswith(was)), (was, now)]
    return []
