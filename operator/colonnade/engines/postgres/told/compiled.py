"""PL/pgSQL routines that sessions have compiled, and that fail once a column they work with has another type.

A session keeps what it has made of a routine's expressions with the types that record variables, such as NEW, had then: 'type of parameter
… does not match that when preparing the plan', until it reconnects. It compiles the routine anew where its row in pg_proc is another, and
so the routine is altered to what it is. https://www.postgresql.org/docs/current/plpgsql-implementation.html#PLPGSQL-PLAN-CACHING
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, Hazard, hazard
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kinds.function import as_its_owner
from colonnade.engines.postgres.planning.mentions import BODIED, WORD
from colonnade.engines.postgres.planning.work import Act, Work
from colonnade.engines.postgres.rewriting.expand import groups
from colonnade.engines.postgres.rewriting.meanwhile import transactions
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import name, printed, q, step
from colonnade.engines.postgres.types import parts

NOTE = "nothing to take back: sessions that have used it compile it anew"

OTHERS: LiteralString = """
SELECT format('%s %s.%s(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END, n.nspname, p.proname,
  (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY o) FROM unnest(p.proargtypes) WITH ORDINALITY x(t, o)))
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE NOT pg_catalog.pg_has_role(p.proowner, 'USAGE') AND n.nspname !~ '^pg_'"""
"""Routines that the role may not alter, as steps name them."""


def anew(work: Work, made: Mapping[Act, list[Step]]) -> dict[Act, list[Step]]:
    """The acts that change types of columns, with the routines that are to be compiled anew in the same transaction."""
    found: dict[Act, list[Step]] = {}
    routines = _compiled(work)
    at = transactions(made)
    done: set[tuple[int, ObjectId]] = set()
    for act, tables in _retyping(work, made) if routines else ():
        some = [o for o, used in routines.items() if used & tables and (at[act], o) not in done]
        done |= {(at[act], o) for o in some}
        if some:
            again = [_altered_to_itself(o, work.old.objects[o]) for o in some]
            found[act] = [*_with_way_back(made[act], again), *again]
    return found


def _retyping(work: Work, made: Mapping[Act, list[Step]]) -> Iterator[tuple[Act, set[tuple[str, ...]]]]:
    """What changes the types of columns of which tables; the last act of a transaction first."""
    swaps = {Act("create", g[0]): {o.name[:2] for o in g} for g in groups(work)} if work.expanded else {}
    for act in reversed([a for a, steps in made.items() if steps]):
        if act in swaps:
            yield act, swaps[act]
        elif act.verb == "copy" or (act.verb == "alter" and act.id.kind == "column" and _gets_another(act.id, work)):
            yield act, {act.id.name[:2]}


def _gets_another(column: ObjectId, work: Work) -> bool:
    was, now = (parts(m.objects[column].type) for m in (work.old, work.new))
    return column in work.carried or (was.base, was.array) != (now.base, now.array)


def _compiled(work: Work) -> dict[ObjectId, set[tuple[str, ...]]]:
    """The routines that stay as they are, with the tables whose rows they have in hand: as their triggers, or by speaking of them."""
    changing = work.dropped | work.created | work.altered
    found = {
        o: s.definition.lower()
        for o, s in work.old.objects.items()
        if o.kind in BODIED and s.language == "plpgsql" and o not in changing
    }
    if not found:
        return {}
    tables = [o.name for o in work.old.objects if o.kind == "table"]
    used = {o: {t for t in tables if t[1].lower() in body} for o, body in _with_words(found)}
    for trigger in (o for o in work.old.objects if o.kind == "trigger"):
        for routine in work.old.needs.get(trigger, NOTHING) & used.keys():
            used[routine].add(trigger.name[:2])
    return used


def _with_words(bodies: Mapping[ObjectId, str]) -> Iterator[tuple[ObjectId, _Spoken]]:
    return ((o, _Spoken({*WORD.findall(body)}, body)) for o, body in bodies.items())


@dataclass(frozen=True)
class _Spoken:
    """A body, in which a name is found as a word; one that is no word, anywhere."""

    words: set[str]
    body: str

    def __contains__(self, called: object) -> bool:
        return called in self.words or (isinstance(called, str) and not WORD.fullmatch(called) and called in self.body)


def _altered_to_itself(oid: ObjectId, spec: Any) -> Step:
    routine = q("{}({})", name(oid.name[0], spec.function), printed(spec.arguments))
    again = q("ALTER ROUTINE {} SECURITY {}", routine, q("DEFINER") if as_its_owner(spec) else q("INVOKER"))
    return step(oid, again, undo=NOTE)


def _with_way_back(steps: Sequence[Step], again: Sequence[Step]) -> list[Step]:
    """The steps; where their types are taken back, sessions have to compile anew, too."""
    first = next((i for i, s in enumerate(steps) if s.undo), None)
    if first is None:
        return list(steps)
    back = ";\n".join([steps[first].undo or "", *(s.statement for s in again)])
    return [replace(s, undo=back) if i == first else s for i, s in enumerate(steps)]


def permitted(connection: Connection, steps: Sequence[Step]) -> list[Step]:
    """Without those about routines that belong to others: what comes of it is told at the step before."""
    if not any(s.undo_note == NOTE for s in steps):
        return list(steps)
    others = {row[0] for row in connection.execute(OTHERS).fetchall()}
    kept: list[Step] = []
    for one in steps:
        if one.undo_note != NOTE or one.subject not in others:
            kept.append(one)
        elif kept:
            kept[-1] = kept[-1].with_hazard(_fails(one.subject))
    return kept


def _fails(routine: str) -> Hazard:
    told = hazard(BREAKS_CLIENTS, routine)
    return replace(
        told,
        message=f"sessions that have used {routine} fail in it from then on until they reconnect, for a type has changed under it; "
        "it belongs to another role",
        safe_way="have its owner run it through CREATE OR REPLACE right afterwards, or let the applications reconnect",
    )
