"""Indexes and constraints that are replaced: the old one serves, under another name, until the new one is there.

Queries have an index and the rows a rule at any moment. Where it cannot be so (what they stand on changes as well, or partitions and
children would have to follow), the old one goes first. A table has one primary key: the new one's index is built while the old
one serves, and they change places in one transaction. https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from colonnade.core.hazards import BREAKS_CLIENTS, DROPS_GUARANTEE, DROPS_INDEX, Hazard, hazard
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import CONSTRAINTS, LEFT_BEHIND, Context
from colonnade.engines.postgres.kinds.not_null import HELPER
from colonnade.engines.postgres.planning import whole_rows
from colonnade.engines.postgres.planning.several import READ
from colonnade.engines.postgres.planning.work import Act, Work
from colonnade.engines.postgres.rewriting.remade import other_name
from colonnade.engines.postgres.statement import name, q, step, text

ON_WRITES = ("trigger", "rule", "policy")
KINDS = ("index", "unique", "primary key", "check", "foreign key")


def left_behind(oid: ObjectId) -> bool:
    """Whether a plan that was cut short left it, under such another name or as the proof of a NOT NULL: it goes now."""
    return oid.kind in KINDS and _LEFT_BEHIND.search(oid.name[-1]) is not None


_LEFT_BEHIND = re.compile(rf"_[0-9a-f]{{6}}{LEFT_BEHIND}$|^{HELPER}[0-9a-f]{{12}}$")


def serving(work: Work, context: Context) -> set[ObjectId]:
    """The replaced ones whose old one can stay until the new one is there, and finds its other name free."""
    if not context.live:
        return set()
    taken = {o.name[-1] for o in work.old.objects if left_behind(o)}
    leaving = (o for o in work.dropped if o.kind == "inheritance")
    holding = {key for place in leaving for key in work.referring_through(place)}
    holding |= {o for o, _ in whole_rows.over_them(work)}
    return {
        o
        for o in (work.dropped & work.created) - holding
        if o.kind in KINDS and other_name(o.name[-1]) not in taken and _stands_still(o, work, context)
    }


def built_first(work: Work, context: Context) -> dict[ObjectId, ObjectId]:
    """New primary keys whose index is built while the old one serves, with that one."""
    if not context.live:
        return {}
    olds = {o.name[:2]: o for o in work.dropped if o.kind == "primary key" and _stands_still(o, work, context)}
    news = (o for o in work.created if o.kind == "primary key" and _is_alone(o, work.new.objects[o]))
    return {o: olds[o.name[:2]] for o in news if o.name[:2] in olds}


def _stands_still(oid: ObjectId, work: Work, context: Context) -> bool:
    """Whether nothing that it stands on changes, and it is no part of a whole nor the whole of parts."""
    table = context.relation(work.home(oid).name, work.old)
    moving = (
        work.dropped | work.carried | {o for o in work.altered if oid.kind == "primary key" or not _only_rules(o, work)}
    )
    if work.old.needs.get(oid, NOTHING) & moving or table is None or table in moving or table not in work.new.objects:
        return False
    if context.partitioned(table.name) or any(context.children(table.name)):
        return False
    return all(_is_alone(oid, m.objects[oid]) for m in (work.old, work.new) if oid in m.objects)


def _only_rules(oid: ObjectId, work: Work) -> bool:
    """Whether this is a column that stays what it is, and only what values it takes or gets by itself changes."""
    if oid.kind != "column":
        return False
    old, new = work.old.objects[oid], work.new.objects[oid]
    return (old.type, old.collation, old.generated, old.expression) == (
        new.type,
        new.collation,
        new.generated,
        new.expression,
    )


def _is_alone(oid: ObjectId, spec: object) -> bool:
    if oid.kind == "index":
        return not getattr(spec, "partitioned", False)
    definition = getattr(spec, "definition", "")
    return not getattr(spec, "inherited", False) and "PERIOD" not in definition and "WITHOUT OVERLAPS" not in definition


def unguarded(work: Work, made: Mapping[Act, list[Step]]) -> dict[Act, list[Step]]:
    """The drops of what guards the rows, or is read, where it cannot stay so long, and others come before it is there again: that is told."""
    at = transactions(made)
    found: dict[Act, list[Step]] = {}
    for oid in work.dropped & work.created - work.serving - work.followers - work.built_first.keys():
        gone, again = gone_by(oid, work, made), Act("create", oid)
        told = _missed(oid, work)
        if told and made.get(gone) and at[gone] != at.get(again, at[gone]):
            so_far = found.get(gone, made[gone])
            found[gone] = [*so_far[:-1], so_far[-1].with_hazard(told)]
    return found


def transactions(made: Mapping[Act, list[Step]]) -> dict[Act, int]:
    """The number of the transaction that each act is part of, or begins with."""
    at: dict[Act, int] = {}
    group = 0
    for act, steps in made.items():
        group += any(not s.transactional for s in steps)
        at[act] = group
        group += bool(steps and not steps[-1].transactional)
    return at


def _missed(oid: ObjectId, work: Work) -> Hazard | None:
    """What it is to others that this is not there for a while."""
    guards = work.old.objects[oid].unique if oid.kind == "index" else oid.kind in (*CONSTRAINTS, *ON_WRITES)
    if guards:
        return hazard(DROPS_GUARANTEE, oid, "until it is built again")
    if oid.kind == "index":
        return hazard(DROPS_INDEX, oid, "until it is built again")
    return hazard(BREAKS_CLIENTS, oid, "until it is made again") if oid.kind in READ else None


def gone_by(oid: ObjectId, work: Work, made: Mapping[Act, list[Step]]) -> Act:
    """The act that takes it away: its own, or that of what it goes along with."""
    acts = (Act("drop", o) for o in (oid, *sorted(work.taken_by(oid))))
    return next((a for a in acts if made.get(a)), Act("drop", oid))


def renamed(oid: ObjectId, called: str) -> Step:
    """The step that gives the old one its other name; nobody waits for it, and what uses it goes on."""
    there, back = (
        q("ALTER INDEX {} RENAME TO {}", name(oid.name[0], a), name(b))
        if oid.kind == "index"
        else q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", name(*oid.name[:2]), name(a), name(b))
        for a, b in ((oid.name[-1], called), (called, oid.name[-1]))
    )
    return step(oid, there, undo=back)


def by_its_other_name(steps: Sequence[Step], oid: ObjectId, called: str) -> list[Step]:
    """The steps about the old one, as it is called by then."""
    return [replace(s, statement=with_other_name(s.statement, oid, called)) for s in steps]


def with_other_name(statement: str, oid: ObjectId, called: str) -> str:
    """A statement about it, with the other name."""
    last, schema = oid.name[-1], oid.name[0]
    either = rf"(?:{re.escape(text(name(last)))}|{re.escape(last)})"
    before = rf"(?:{re.escape(text(name(schema)))}|{re.escape(schema)})\."
    where = rf"\b(CONSTRAINT|INDEX|CONCURRENTLY|IF EXISTS|CLUSTER ON) ({before})?{either}(?=[\s;]|$)"
    return re.sub(where, lambda m: f"{m[1]} {m[2] or ''}{text(name(called))}", statement)
