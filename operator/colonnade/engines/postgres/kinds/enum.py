"""Enum types. https://www.postgresql.org/docs/current/sql-altertype.html

Labels are added in place, each in a transaction of its own: a new label cannot be used in the transaction that adds it. Labels that go
or change places need a new type beside the old one, to which the columns are carried over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from colonnade.core.hazards import NARROWS_DATA, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import keys, listed, name, q, question, step, value

QUERY = """
SELECT t.oid, ARRAY[n.nspname, t.typname] AS name,
  coalesce((SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), '{}') AS labels
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""


@dataclass(frozen=True)
class Enum:
    """The labels in their order."""

    labels: tuple[str, ...]


def create(oid: ObjectId, spec: Enum, context: Context) -> Steps:
    labels = listed(value(label) for label in spec.labels)
    yield step(oid, q("CREATE TYPE {} AS ENUM ({})", name(*oid.name), labels), undo=q("DROP TYPE {}", name(*oid.name)))


def alter(oid: ObjectId, old: Enum, new: Enum, context: Context) -> Steps | None:
    kept = [label for label in new.labels if label in old.labels]
    return _added(oid, old, new) if tuple(kept) == old.labels else None


def _added(oid: ObjectId, old: Enum, new: Enum) -> Iterator[Step]:
    there = list(old.labels)
    for i, label in enumerate(new.labels):
        if label in there:
            continue
        if i + 1 > len(there):
            place = q("")
        else:
            place = q(" BEFORE {}", value(there[i]))
        there.insert(i, label)
        yield step(
            oid,
            q("ALTER TYPE {} ADD VALUE {}{}", name(*oid.name), value(label), place),
            alone=True,
            undo="a label cannot be taken back; a new type without it is needed",
        )


def drop(oid: ObjectId, spec: Enum, context: Context) -> Steps:
    new = context.new.objects.get(oid)
    lost = [label for label in spec.labels if label not in new.labels] if new else []
    told = lost and _is_held(oid, context)
    risk = (hazard(NARROWS_DATA, oid, f"without the labels {', '.join(lost)}"),) if told else ()
    away = step(
        oid,
        q("DROP TYPE {}", name(*oid.name)),
        hazards=risk,
    )
    yield replace(away, checks=tuple(_unused(oid, lost, context)) if lost else ())


def _is_held(oid: ObjectId, context: Context) -> bool:
    """Whether a column is of this type, or of one that is made of it."""
    types, todo = {oid}, [oid]
    while todo:
        one = todo.pop()
        users = [o for o, needs in context.old.needs.items() if one in needs]
        if any(o.kind == "column" for o in users):
            return True
        further = [o for o in users if o.kind in ("domain", "composite type", "range") and o not in types]
        types.update(further)
        todo += further
    return False


def _unused(oid: ObjectId, lost: list[str], context: Context) -> Iterator[Check]:
    """Whether no row has a label that goes; a column with a conversion says itself what becomes of it."""
    for column, needs in context.old.needs.items():
        if (
            column.kind != "column"
            or oid not in needs
            or column in context.conversions
            or column not in context.new.objects
            or context.is_foreign(column.name)
        ):
            continue
        scalar = not context.old.objects[column].type.endswith("[]")
        has = q(
            "{}::text IN ({})" if scalar else "{}::text[] && ARRAY[{}]",
            name(column.name[2]),
            listed(value(x) for x in lost),
        )
        rows = q("FROM {} WHERE {}", name(*column.name[:2]), has)
        yield question(
            keys(context.key_of(column.name)),
            rows,
            problem=f"{oid} is to lose the labels {', '.join(lost)}, and {column} has rows with them",
            remedy="give the rows another label, or keep it declared",
        )


KINDS = (
    PgKind(
        name="enum",
        words="TYPE",
        catalog="pg_type",
        spec=Enum,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=2,
        space="type",
    ),
)
