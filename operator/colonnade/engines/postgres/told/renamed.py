"""Tables and columns that get another name in the course of a plan: by which name each is asked for while it is planned, and a table
by which before a transaction of it.

A plan speaks of both as they are called by then. Asked so too early, the server knows none, and nothing would be asked at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from colonnade.core.kind import Model
from colonnade.core.plan import Check, Confirm, Step
from colonnade.engines.postgres.rewriting.waiting import MOVED, NAME, RENAMED, SCHEMA, TABLE
from colonnade.engines.postgres.statement import name, text

COLUMN = re.compile(rf"ALTER TABLE {TABLE} RENAME COLUMN {NAME} TO {NAME}$")
WAITS = '"colonnade_quarantine_'
FROM = re.compile(
    rf"\b(FROM|JOIN) (ONLY )?{TABLE}(?: (?:AS )?(?!WHERE|LIMIT|GROUP|ORDER|OFFSET|ON |JOIN|AS )(\w+|{NAME}))?"
)
"""What a question reads from, and what it calls that."""


@dataclass(frozen=True)
class Names:
    """By the name that a table has at a step: the one that it has now, and the one that it has when the step's transaction begins. By
    the one that it has now: those of its columns, each with the one that it has at the step, where there are others among them."""

    now: Mapping[str, str] = field(default_factory=dict[str, str])
    begun: Mapping[str, str] = field(default_factory=dict[str, str])
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])

    def as_now(self, step: Step) -> Step:
        """The step, with questions that can be asked now; not what else is known of a table whose schema gets another name, for in
        that are the names of others."""
        hazards = tuple(replace(h, asks=self._asked(h.asks)) for h in step.hazards)
        checks = tuple(self._asking(c) for c in step.checks)
        known = (c for c in step.confirms if not (c.beyond and any(name.endswith(".") for name in self.now)))
        return replace(step, hazards=hazards, checks=checks, confirms=tuple(_about(c, self.now) for c in known))

    def as_begun(self, step: Step) -> Step:
        """That step, with what is asked again once its transaction has begun."""
        later = {now: self.begun.get(then, then) for then, now in self.now.items()}
        return replace(step, confirms=tuple(_about(c, later) for c in step.confirms))

    def _asking(self, one: Check) -> Check:
        query, count, each = self._asked((one.query, one.count, one.each))
        return replace(one, query=query, count=count, each=each)

    def _asked(self, asks: tuple[str, ...]) -> tuple[str, ...]:
        asks = _all(asks, self.now)
        return tuple(FROM.sub(self._with_columns, a) for a in asks) if self.columns else asks

    def _with_columns(self, found: re.Match[str]) -> str:
        """What is read from, with its columns by the names that they have at the step."""
        word, only, table, called = found[1], found[2] or "", found[3], found[4]
        if not (columns := self.columns.get(table)):
            return found[0]
        shown = ", ".join(now if now == then else f"{now} AS {then}" for now, then in columns.items())
        return f"{word} (SELECT ctid, tableoid, {shown} FROM {only}{table}) AS {called or table.rpartition('.')[2]}"


def _all(asks: tuple[str, ...], names: Mapping[str, str]) -> tuple[str, ...]:
    """These texts with the other names, each put in once: two tables may have changed theirs."""
    if not names:
        return asks
    any_of = re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))
    return tuple(any_of.sub(lambda m: names[m[0]], a) for a in asks)


def _about(one: Confirm, names: Mapping[str, str]) -> Confirm:
    (table,) = _all((one.table,), names)
    return replace(one, table=table, asks=_all(one.asks, names))


def walked(steps: Iterable[Step], live: Model) -> Iterator[Names]:
    """The names at each step."""
    now, begun, columns = dict[str, str](), dict[str, str](), dict[str, dict[str, str]]()
    for one in steps:
        if not one.transactional:
            begun = {}
        yield Names(dict(now), dict(begun), {table: dict(names) for table, names in columns.items()})
        for was, called in _renames(one.statement, now):
            if "'" in was + called:
                continue  # a question may have the name within a text, which it would end
            begun[called] = begun.pop(was, was)
            now[called] = now.pop(was, was)
        if (found := COLUMN.match(one.statement)) and not found[3].startswith(
            WAITS
        ):  # that is asked for as it is called now
            for table in _family(live, now.get(found[1], found[1])):
                known = columns.setdefault(table, _columns(live, table))
                known.update({column: found[3] for column, then in known.items() if then == found[2]})


def _columns(live: Model, table: str) -> dict[str, str]:
    """Each by its own name; none where one could end a text that the question has the table within."""
    found = [text(name(o.name[2])) for o in live.objects if o.kind == "column" and text(name(*o.name[:2])) == table]
    return {} if any("'" in column for column in found) else {column: column for column in found}


def _family(live: Model, table: str) -> set[str]:
    """The table, and those that have their columns from it."""
    places = [(o, s) for o, s in live.objects.items() if o.kind == "inheritance"]
    found, further = set[str](), {table}
    while further:
        found |= further
        below = {text(name(*o.name)) for o, s in places for p in s.parents if text(name(*p)) in further}
        further = below - found
    return found


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
