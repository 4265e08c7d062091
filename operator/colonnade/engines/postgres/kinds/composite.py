"""Composite types. https://www.postgresql.org/docs/current/sql-altertype.html

Attributes are added, dropped and retyped in place while no table has a column of the type; else the server refuses, and so do we.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from colonnade.core.hazards import DELETES_DATA, NARROWS_DATA, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step
from colonnade.engines.postgres.told.narrowing import keeps

QUERY = """
SELECT t.oid, ARRAY[n.nspname, t.typname] AS name,
  coalesce((SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = t.typrelid AND NOT a.attisdropped), '{}') AS names,
  coalesce((SELECT array_agg(format_type(a.atttypid, a.atttypmod) || CASE WHEN a.attcollation <> b.typcollation
      THEN format(' COLLATE %I.%I', cn.nspname, c.collname) ELSE '' END ORDER BY a.attnum)
    FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid LEFT JOIN pg_collation c ON c.oid = a.attcollation
    LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace WHERE a.attrelid = t.typrelid AND NOT a.attisdropped), '{}') AS types
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_class r ON r.oid = t.typrelid
WHERE t.typtype = 'c' AND r.relkind = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""


CONTAINERS = ("composite type", "domain", "range")
"""Types that are made of others."""


@dataclass(frozen=True)
class Composite:
    """Attribute names and their types (with collation), in order."""

    names: tuple[str, ...]
    types: tuple[str, ...]

    def attributes(self) -> dict[str, str]:
        """Type by attribute name."""
        return dict(zip(self.names, self.types, strict=True))


def _definition(spec: Composite) -> Part:
    return listed(q("{} {}", name(n), printed(t)) for n, t in spec.attributes().items())


def create(oid: ObjectId, spec: Composite, context: Context) -> Steps:
    yield step(
        oid, q("CREATE TYPE {} AS ({})", name(*oid.name), _definition(spec)), undo=q("DROP TYPE {}", name(*oid.name))
    )


def _used(oid: ObjectId, context: Context) -> bool:
    """Whether columns are of it, by themselves or through other types."""
    found, todo = set[ObjectId](), [oid]
    while todo:
        one = todo.pop()
        users = {o for o, needs in context.old.needs.items() if one in needs} - found
        if any(o.kind == "column" for o in users):
            return True
        found |= (further := {o for o in users if o.kind in CONTAINERS})
        todo += further
    return False


COMES_LAST = "it comes back behind the others: a server adds no attribute elsewhere"


def alter(oid: ObjectId, old: Composite, new: Composite, context: Context) -> Steps | None:
    before, after = old.attributes(), new.attributes()
    grown = tuple(n for n in old.names if n in after) + tuple(n for n in new.names if n not in before)
    retyped = any(before[n] != t for n, t in after.items() if n in before)
    if grown != new.names or (retyped and _used(oid, context)):
        return None
    return _in_place(oid, before, after, used=_used(oid, context))


def _in_place(oid: ObjectId, before: dict[str, str], after: dict[str, str], *, used: bool) -> Steps:
    t = q("ALTER TYPE {}", name(*oid.name))
    stay = [n for n in before if n in after]
    for n, type_ in before.items():
        if n not in after:
            one = step(
                oid,
                q("{} DROP ATTRIBUTE {}", t, name(n)),
                hazards=(hazard(DELETES_DATA, f"{oid}.{n}"),) if used else (),
                undo=q("{} ADD ATTRIBUTE {} {}", t, name(n), printed(type_)),
            )
            last = not stay or [*before].index(n) > [*before].index(stay[-1])
            yield one if last else replace(one, undo_note=COMES_LAST)
        elif after[n] != type_:
            yield step(
                oid,
                q("{} ALTER ATTRIBUTE {} TYPE {}", t, name(n), printed(after[n])),
                undo=q("{} ALTER ATTRIBUTE {} TYPE {}", t, name(n), printed(type_)),
            )
    for n, type_ in after.items():
        if n not in before:
            yield step(
                oid, q("{} ADD ATTRIBUTE {} {}", t, name(n), printed(type_)), undo=q("{} DROP ATTRIBUTE {}", t, name(n))
            )


def drop(oid: ObjectId, spec: Composite, context: Context) -> Steps:
    yield step(oid, q("DROP TYPE {}", name(*oid.name)), hazards=tuple(_narrowed(oid, spec, context)))


def _narrowed(oid: ObjectId, spec: Composite, context: Context) -> Iterator[Hazard]:
    """What may become of the values that columns of the type have, once another is in its place."""
    after = context.new.objects[oid].attributes() if oid in context.new.objects else {}
    before = spec.attributes() if after and _used(oid, context) else {}
    for n, was in before.items():
        if n not in after:
            yield hazard(DELETES_DATA, f"{oid}.{n}")
        elif not keeps(*(t.partition(" COLLATE ")[0] for t in (was, after[n]))):
            yield hazard(NARROWS_DATA, f"{oid}.{n}", f"{was} to {after[n]}")


KINDS = (
    PgKind(
        name="composite type",
        words="TYPE",
        catalog="pg_type",
        spec=Composite,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=3,
        space="relation",
    ),
)
