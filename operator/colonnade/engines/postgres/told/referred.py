"""Rows of partitions that others refer to, where they leave the whole, or the partition, that these refer to: asked before anything is done.

The server would refuse it half way: no partition leaves with rows that are referred to, and no foreign key is proved without them.
https://www.postgresql.org/docs/current/ddl-partitioning.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import NOT_ENFORCED, NOT_VALID
from colonnade.engines.postgres.rewriting.remade import below
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, joined, listed, name, printed, q, question, relations
from colonnade.engines.postgres.told.fitting import copied, takes


def by_way_of_wholes(live: Model, wanted: Model, steps: Sequence[Step]) -> list[Step]:
    """The steps, with a check for those by which partitions leave their wholes for good."""
    through = {p for w in copied(wanted, steps) for p in below(live, w)}
    leaving = {o: s for o, s in live.objects.items() if o.kind == "inheritance" and s.bound and _leaves(o, s, wanted)}
    asked = {
        str(ObjectId(kind, o.name)): o
        for o in leaving
        if ObjectId("table", o.name) not in through
        for kind in ("inheritance", "table")
    }
    found: list[Step] = []
    for one in steps:
        place = asked.get(one.subject)
        if place:
            asked = {subject: o for subject, o in asked.items() if o != place}
        found.append(replace(one, checks=(*one.checks, *_leaving(place, live, wanted))) if place else one)
    return found


def by_name(copy: Connection, live: Model, wanted: Model, steps: Sequence[Step]) -> list[Step]:
    """The steps, with a check for foreign keys that refer to a partition by its name, while rows go to others of its whole."""
    keys = {str(o): o for o in wanted.objects if o.kind == "foreign key"}
    wholes = {p.name: w for w in copied(wanted, steps) & live.objects.keys() for p in below(wanted, w)}
    found: list[Step] = []
    for one in steps:
        key = keys.pop(one.subject, None)
        whole = wholes.get(wanted.objects[key].target[:2]) if key else None
        found.append(replace(one, checks=(*one.checks, *_moved(copy, wanted, key, whole))) if key and whole else one)
    return found


def _leaves(place: ObjectId, spec: Any, wanted: Model) -> bool:
    now = wanted.objects.get(place)
    return now is None or now.parents != spec.parents


def _leaving(place: ObjectId, live: Model, wanted: Model) -> Iterator[Check]:
    stays = set(_above(place, wanted))
    wholes = [w for w in _above(place, live) if w not in stays]
    for key in (o for o in wanted.objects if o.kind == "foreign key"):
        spec = live.objects.get(key) or wanted.objects[key]
        still = wanted.objects[key].target[:2] in wholes  # one that refers elsewhere from then on is gone before
        if still and spec.target[:2] in wholes and not _unasked(key, live, wanted):
            problem = f"{key} refers to rows of table {_dotted(place.name)}, which leaves table {_dotted(wholes[0])}"
            parts = below(live, ObjectId("table", place.name)) & below(wanted, ObjectId("table", spec.target[:2]))
            there = relations(p.name for p in sorted(parts))  # these go on to another place in it
            away = q(" AND t.tableoid <> ALL ({})", there) if parts else q("")
            yield _check(key, spec, q("EXISTS ({}{})", _referred(spec, name(*place.name)), away), problem)


def _above(place: ObjectId, model: Model) -> Iterator[tuple[str, str]]:
    """The wholes that this is a place in, near and far."""
    while (spec := model.objects.get(place)) and spec.bound:
        yield spec.parents[0]
        place = ObjectId("inheritance", spec.parents[0])


def _unasked(key: ObjectId, live: Model, wanted: Model) -> bool:
    """Whether no row that is there has to agree with it."""
    free = NOT_ENFORCED if key in live.objects else (NOT_ENFORCED, NOT_VALID)
    return "PERIOD" in wanted.objects[key].definition or wanted.objects[key].definition.endswith(free)


def _moved(copy: Connection, wanted: Model, key: ObjectId, whole: ObjectId) -> Iterator[Check]:
    spec = wanted.objects[key]
    part = ObjectId("table", spec.target[:2])
    fits = takes(copy, part)
    if fits and not _unasked(key, Model({}), wanted):
        stays = q("{} AND ({})", _referred(spec, name(*whole.name)), printed(fits))
        problem = f"{key} refers to rows that are not in {part} any more, for its bounds are others"
        yield _check(key, spec, q("NOT EXISTS ({})", stays), problem)


def _referred(spec: Any, table: Part) -> Part:
    """The row of the table that a row refers to."""
    pairs = zip(spec.columns, spec.target_columns, strict=True)
    equal = joined(" AND ", [q("t.{} = r.{}", name(b), name(a)) for a, b in pairs])
    return q("SELECT FROM {} t WHERE {}", table, equal)


def _check(key: ObjectId, spec: Any, which: Part, problem: str) -> Check:
    known = joined(" AND ", [q("r.{} IS NOT NULL", name(a)) for a in spec.columns])
    rows = q("FROM {} r WHERE {} AND {}", name(*key.name[:2]), known, which)
    return question(
        listed(q("r.{}", name(a)) for a in spec.columns),
        rows,
        problem=problem,
        remedy="delete these rows, let them refer to others, or take the foreign key out of the declaration",
    )


def _dotted(table: Collection[str]) -> str:
    return ".".join(table)
