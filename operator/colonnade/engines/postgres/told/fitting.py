"""Whether the rows that are there fit the partitions that are to hold them, asked before anything is changed.

The rehearsal's copy has the partitions, and so the server itself says there which rows each of them takes.
https://www.postgresql.org/docs/current/ddl-partitioning.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import LiteralString

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.rewriting.remade import below
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, joined, keys, name, printed, q, question, relations, text
from colonnade.engines.postgres.told.stand_ins import in_their_order

TAKES: LiteralString = "SELECT pg_get_partition_constraintdef(to_regclass(%s))"
BY_NUMBER = "satisfies_hash_partition("
"""What a hash partition takes is said with the number that the table has on that server, and means nothing elsewhere."""


def told(copy: Connection, live: Model, wanted: Model, steps: Sequence[Step]) -> list[Step]:
    """The steps, with a check for those that put rows into partitions."""
    by_name = {str(o): o for o in wanted.objects if o.kind in ("table", "inheritance")}
    parts = {o for w in copied(wanted, steps) for o in (w, *below(live, w), *(below(wanted, w) - live.objects.keys()))}
    # the rows of these come to the place, if at all, by way of the whole
    asked = by_name.keys() - {str(ObjectId("inheritance", o.name)) for o in parts}
    return [_told(copy, live, wanted, s, by_name[s.subject]) if s.subject in asked else s for s in steps]


def copied(wanted: Model, steps: Sequence[Step]) -> set[ObjectId]:
    """The tables whose rows are copied, with all that is below."""
    subjects = {s.subject for s in steps if _copies(s)}
    return {o for o in wanted.objects if o.kind == "table" and str(o) in subjects}


def _told(copy: Connection, live: Model, wanted: Model, step: Step, oid: ObjectId) -> Step:
    if oid.kind == "inheritance" and wanted.objects[oid].bound and " ATTACH PARTITION " in step.statement:
        checks = list(_attached(copy, live, wanted, oid))
    elif oid.kind == "table" and _copies(step):
        checks = list(_copied(copy, live, wanted, oid))
    else:
        return step
    return replace(step, checks=(*step.checks, *checks))


def _copies(step: Step) -> bool:
    return any(h.code == "COPIES_TABLE" for h in step.hazards)


def _attached(copy: Connection, live: Model, wanted: Model, oid: ObjectId) -> Iterator[Check]:
    """Its own rows, and those that its parent's default partition has had so far."""
    table = ObjectId("table", oid.name)
    parent = wanted.objects[oid].parents[0]
    others = (o for o, s in wanted.objects.items() if o.kind == "inheritance" and s.bound == "DEFAULT")
    default = [ObjectId("table", o.name) for o in others if wanted.objects[o].parents[0] == parent and o != oid]
    for one in (table, *default):
        if one in live.objects:
            problem = f"{one} has rows that do not fit its place among the partitions of {'.'.join(parent)}"
            yield from _unfit(copy, live, one, [one], problem, "move those rows first, or change the bounds")


def _copied(copy: Connection, live: Model, wanted: Model, oid: ObjectId) -> Iterator[Check]:
    if oid not in live.objects or not wanted.objects[oid].partition_key:
        return
    parts = below(wanted, oid)
    leaves = [p for p in parts if p.kind != "table" or not wanted.objects[p].partition_key]
    problem = f"{oid} has rows that fit no partition"
    remedy = "declare a partition for them, or a default one"
    alone = {p for p in below(live, oid) - parts if p in wanted.objects}
    gone = alone.union(*(below(live, p) for p in alone))
    asked = _unfit(copy, live, oid, leaves, problem, remedy, alone=gone)
    yield from (in_their_order(one, oid, live, wanted) for one in asked)


def _unfit(  # noqa: PLR0913 - what is asked, then what is said
    copy: Connection,
    live: Model,
    table: ObjectId,
    leaves: Iterable[ObjectId],
    problem: str,
    remedy: str,
    *,
    alone: Collection[ObjectId] = (),
) -> Iterator[Check]:
    """The question for rows that none of these takes, but for those of parts that leave, to stand alone."""
    found = [takes(copy, leaf) for leaf in leaves]
    if None in found:
        return
    fits: Part = joined(" OR ", [q("({})", printed(t)) for t in found if t]) if found else q("false")
    only = q("") if live.objects[table].partition_key else q("ONLY ")
    stay = q(" AND tableoid <> ALL ({})", relations(p.name for p in sorted(alone))) if alone else q("")
    rows = q("FROM {}{} WHERE ({}) IS NOT TRUE{}", only, name(*table.name), fits, stay)
    yield question(
        keys(_key(live, table)),
        rows,
        problem=problem,
        remedy=remedy,
    )


def takes(copy: Connection, leaf: ObjectId) -> str | None:
    """The condition for rows of this partition; None where there is none that could be asked elsewhere."""
    row = copy.execute(TAKES, [text(name(*leaf.name))]).fetchone()
    return str(row[0]) if row and row[0] is not None and BY_NUMBER not in row[0] else None


def _key(live: Model, table: ObjectId) -> Sequence[str]:
    found = (s.columns for o, s in live.objects.items() if o.kind == "primary key" and o.name[:2] == table.name)
    return next(found, ())
