"""What the server itself changes along with the type of a column: an index or a default whose printing has a cast to that type.

It makes them anew from what they say, in the statement that changes the type. What comes out as it is wanted needs no replacing, and is
there at every moment. https://www.postgresql.org/docs/current/sql-altertable.html (SET DATA TYPE)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import psycopg

from colonnade.core.diff import Change, Same, diff
from colonnade.core.errors import Unsupported
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.kind import Wishes
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.planning import planner
from colonnade.engines.postgres.running.rehearse import Rehearsal
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.types import parts


def left(
    copy: Connection, model: Model, wanted: Model, changes: Sequence[Change], wishes: Wishes, same: Same
) -> list[Change]:  # fmt: skip
    """The changes without those that come along with others: on the copy, which is as `model` is, the types alone are changed for once.

    A check comes along, too, but only while all rows are looked at and others wait; replaced, it is proved afterwards.
    """
    retyped = [c for c in changes if _is_retyped(c, wishes)]
    columns = {c.id for c in retyped}
    others = [c for c in changes if c.verb == "alter" and c.id not in columns and _needs(c, model) & columns]
    standing = {c.id for c in others if c.id.kind != "check"}
    checks = {c.id for c in others} - standing
    found = _with_types_alone(copy, model, retyped, checks, wishes) if standing else None
    if found is None:
        return list(changes)
    there = [o for o in standing if o in found.objects]
    kept = [
        o
        for o in there
        if o.kind == "index" and _are_texts([c for c in retyped if c.id in model.needs.get(o, NOTHING)])
    ]
    along = {o for o in there if same(o, found.objects[o], wanted.objects[o])} | set(kept)
    return [c for c in changes if c.id not in along]


def _are_texts(changes: Sequence[Change]) -> bool:
    """Whether values stay the very same: an index serves until the next round has built another in its place."""
    return bool(changes) and all(
        parts(spec.type).base in ("text", "character varying") for c in changes for spec in (c.old, c.new)
    )


def _needs(change: Change, model: Model) -> frozenset[ObjectId]:
    return model.needs.get(change.id, NOTHING) | model.parents.get(change.id, NOTHING)


def _is_retyped(change: Change, wishes: Wishes) -> bool:
    declared = change.id in wishes.conversions or change.id in wishes.expansions
    return change.id.kind == "column" and change.verb == "alter" and change.old.type != change.new.type and not declared


def _with_types_alone(
    copy: Connection, model: Model, retyped: Sequence[Change], gone: Collection[ObjectId], wishes: Wishes
) -> Model | None:
    """What is there once only the types were changed, and these are gone; None where that cannot be alone."""
    typed = {c.id: replace(c.old, type=c.new.type) for c in retyped}
    half = replace(model, objects={o: typed.get(o, s) for o, s in model.objects.items() if o not in gone})
    changes = list(diff(model, half))
    try:
        steps = planner.steps(model, half, changes, copy.info.server_version, wishes, live=False)
        with copy.transaction(force_rollback=True):
            Rehearsal(copy, {}, 0.0).run(steps)
            return read(copy)
    except (psycopg.Error, Unsupported):
        return None
