"""Tables that are of a type: they have its attributes for columns, and let go of it while it changes.

ALTER TYPE … CASCADE would change their columns, too, but asks nothing of the rows, and takes only casts of its own choice. A table that has
let go is changed as any other, and takes the type again once both are alike. https://www.postgresql.org/docs/current/sql-altertable.html (OF)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.rewriting.by_name import type_of
from colonnade.engines.postgres.rewriting.remade import with_containers
from colonnade.engines.postgres.statement import name, printed, q, step

if TYPE_CHECKING:
    from colonnade.engines.postgres.planning.work import Work

VERBS = ("let go", "take")


def type_of_table(table: ObjectId, model: Model) -> ObjectId | None:
    """The type that the table is of."""
    of_type = model.objects[table].of_type
    return type_of(of_type, model)[0] if of_type else None


def letting_go(work: Work) -> set[ObjectId]:
    """The tables whose type is altered, those that go included: what waits in quarantine would hold it back."""
    tables = (o for o, s in work.old.objects.items() if o.kind == "table" and s.of_type) if work.altered else ()
    return {t for t in tables if type_of_table(t, work.old) in work.altered}


def step_of(verb: str, oid: ObjectId, context: Context) -> Step:
    """The statement by which a table lets go of its type, or takes it."""
    model = context.old if verb == "let go" else context.new
    table = name(*oid.name)
    loose = q("ALTER TABLE {} NOT OF", table)
    bound = q("ALTER TABLE {} OF {}", table, printed(model.objects[oid].of_type))
    return step(oid, loose, undo=bound) if verb == "let go" else step(oid, bound, undo=loose)


def made_anew(work: Work, types: Iterable[ObjectId]) -> Iterator[ObjectId]:
    """The tables of types that are replaced, be it for the sake of an attribute's: their columns have to come in another order."""
    replaced = with_containers(types, work.users)
    tables = (o for o, s in work.old.objects.items() if o.kind == "table" and s.of_type) if replaced else ()
    yield from (t for t in tables if t in work.new.objects and type_of_table(t, work.old) in replaced)
