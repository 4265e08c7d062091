"""What a table inherits from: a partition's place in its parent, or the parents of classic inheritance.

https://www.postgresql.org/docs/current/sql-altertable.html (ATTACH PARTITION, DETACH PARTITION, INHERIT)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, takewhile

from colonnade.core.hazards import BREAKS_CLIENTS, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.appended import staying
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.kinds.column_drop import waits_too
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step

QUERY = """
SELECT c.oid, c.oid AS rel, ARRAY[n.nspname, c.relname] AS name, pg_get_expr(c.relpartbound, c.oid) AS bound,
  (SELECT array_agg(ARRAY[pn.nspname, p.relname] ORDER BY i.inhseqno) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent
   JOIN pg_namespace pn ON pn.oid = p.relnamespace WHERE i.inhrelid = c.oid) AS parents, c.relkind::text AS relkind
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'f') AND EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""


ITS_OWN = "what it has from its parents stays its own, too: no command makes it only theirs again"


@dataclass(frozen=True)
class Inheritance:
    """The parents in their order; of a partition also its bound."""

    bound: str | None
    parents: tuple[tuple[str, str], ...]
    relkind: str


def needs(oid: ObjectId, spec: Inheritance) -> Iterable[ObjectId]:
    child = "foreign table" if spec.relkind == "f" else "table"
    return (ObjectId(child, oid.name), *(ObjectId("table", p) for p in spec.parents))


def child_of(oid: ObjectId, spec: Inheritance) -> Iterable[ObjectId]:
    return (ObjectId("foreign table" if spec.relkind == "f" else "table", oid.name),)


def create(oid: ObjectId, spec: Inheritance, context: Context) -> Steps:
    child = name(*oid.name)
    if spec.bound:
        yield from waits_too(oid.name, spec.parents[0], context)
        yield step(oid, _attached(oid, spec), undo=_detached(oid, spec))
    elif not context.is_fresh(oid.name):
        for p in spec.parents:
            yield from waits_too(oid.name, p, context)
            yield step(
                oid,
                q("ALTER TABLE {} INHERIT {}", child, name(*p)),
                undo=q("ALTER TABLE {} NO INHERIT {}", child, name(*p)),
            )


def alter(oid: ObjectId, old: Inheritance, new: Inheritance, context: Context) -> Steps | None:
    if old.bound or new.bound:
        return None
    left = replace(old, parents=tuple(p for p in old.parents if p not in new.parents))
    hazards = tuple(_rows_leave(oid, left)) if left.parents else ()
    moves = (replace(s, hazards=hazards) if i == 0 else s for i, s in enumerate(_parents(oid, old, new)))
    return chain(*(waits_too(oid.name, p, context) for p in new.parents if p not in old.parents), moves)


def _parents(oid: ObjectId, old: Inheritance, new: Inheritance) -> Iterator[Step]:
    there, back = (_moves(name(*oid.name), a.parents, b.parents) for a, b in ((old, new), (new, old)))
    for first, statement in zip((True, *[False] * len(there)), there, strict=False):
        one = step(oid, statement, undo=joined(";\n", back) if first else "it is taken back with the others")
        yield replace(one, undo_note=ITS_OWN) if first and not set(old.parents) & set(new.parents) else one


def _moves(child: Part, old: Sequence[tuple[str, str]], new: Sequence[tuple[str, str]]) -> list[Part]:
    """The child leaves all from the first on that is not where it should be, and comes to the rest in their order.

    It comes to new ones before it leaves others, as far as the order lets it: what it has from both stays its parents'.
    """
    stay = staying(old, new)
    early = list(takewhile(lambda p: p not in old, new[stay:]))
    leaves = [q("ALTER TABLE {} NO INHERIT {}", child, name(*p)) for p in old if p not in new[:stay]]
    joins = [q("ALTER TABLE {} INHERIT {}", child, name(*p)) for p in new[stay:]]
    return [*joins[: len(early)], *leaves, *joins[len(early) :]]


def drop(oid: ObjectId, spec: Inheritance, context: Context) -> Steps:
    child = name(*oid.name)
    told = context.old.objects[oid]  # by the names that others know: of a table that is made anew, too
    hazards = () if context.is_gone(oid.name) else tuple(_rows_leave(oid, told))
    for p in reversed(spec.parents):  # so that the way back has them in their order
        if spec.bound:
            again = joined(";\n", [_attached(oid, spec), *_numbered_again(oid, p, context)])
            yield step(oid, _detached(oid, spec), undo=again, hazards=hazards)
        else:
            leaves = q("ALTER TABLE {} NO INHERIT {}", child, name(*p))
            back = q("ALTER TABLE {} INHERIT {}", child, name(*p))
            yield replace(step(oid, leaves, undo=back, hazards=hazards), undo_note=ITS_OWN)


def _detached(oid: ObjectId, spec: Inheritance) -> Part:
    return q("ALTER TABLE {} DETACH PARTITION {}", name(*spec.parents[0]), name(*oid.name))


def _attached(oid: ObjectId, spec: Inheritance) -> Part:
    return q(
        "ALTER TABLE {} ATTACH PARTITION {} {}", name(*spec.parents[0]), name(*oid.name), printed(spec.bound or "")
    )


def _numbered_again(oid: ObjectId, whole: tuple[str, str], context: Context) -> Iterator[Part]:
    """The places below a part that stays by itself: what comes back to a whole is given its identity, and not what is below that."""
    old, table = context.old.objects, ObjectId("table", oid.name)
    numbered = (o for o, s in old.items() if o.kind == "column" and o.name[:2] == whole and s.identity)
    if context.version < 170000 or oid in context.new.objects or table in context.gone or not any(numbered):
        return
    todo = [oid.name]
    for parent in todo:
        for place, spec in old.items():
            if place.kind == "inheritance" and spec.parents[0] == parent and context.new.objects.get(place) == spec:
                todo.append(place.name)
                yield _detached(place, spec)
                yield _attached(place, spec)


def _rows_leave(oid: ObjectId, spec: Inheritance) -> Iterator[Hazard]:
    """Who asks the whole, or writes through it, finds the child's rows there no more."""
    whole = ", ".join(".".join(p) for p in spec.parents)
    told = hazard(BREAKS_CLIENTS, f"table {whole}")
    writes = f", and rows that belong to it ({spec.bound}) are refused there" if spec.bound else ""
    yield replace(told, message=f"table {whole} no longer shows the rows of table {'.'.join(oid.name)}{writes}")


KINDS = (
    PgKind(
        name="inheritance",
        catalog="",
        spec=Inheritance,
        query=QUERY,
        needs=needs,
        goes_with=child_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=9,
    ),
)
