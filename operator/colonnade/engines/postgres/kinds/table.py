"""Tables, plain and partitioned, and what is said of a table as a whole.

https://www.postgresql.org/docs/current/sql-createtable.html. A new table is made in one statement with its columns, and those
defaults and constraints that need nothing else first; a partition is made as a plain table and attached.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from colonnade.core.hazards import DELETES_DATA, FORGETS_IN_A_CRASH, REWRITES_TABLE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.options import changed_options, options
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, words

QUERY = """
SELECT c.oid, ARRAY[n.nspname, c.relname] AS name, c.relpersistence::text AS persistence, pg_get_partkeydef(c.oid) AS partition_key,
  coalesce(am.amname, '') AS access_method,
  CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
  coalesce(c.reloptions, '{}') || ARRAY(SELECT 'toast.' || o FROM pg_class t CROSS JOIN unnest(t.reloptions) WITH ORDINALITY x (o, n)
    WHERE t.oid = c.reltoastrelid ORDER BY n) AS options
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_am am ON am.oid = c.relam
WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""


@dataclass(frozen=True)
class Table:
    """Everything about a table but its columns, constraints, parents and the like, which are objects of their own."""

    persistence: str
    partition_key: str | None
    access_method: str
    of_type: str | None
    options: tuple[str, ...]


def create(oid: ObjectId, spec: Table, context: Context) -> Steps:
    inherits = context.new.objects.get(ObjectId("inheritance", oid.name))
    parents = () if inherits is None or inherits.bound else inherits.parents
    inside = folded(oid, context)
    what = words(
        "CREATE UNLOGGED TABLE" if spec.persistence == "u" else "CREATE TABLE",
        name(*oid.name),
        q("OF {}", printed(spec.of_type)) if spec.of_type else None,
        None if spec.of_type and not inside else body(inside),
        q("INHERITS ({})", listed(name(*p) for p in parents)) if parents else None,
        q("PARTITION BY {}", printed(spec.partition_key)) if spec.partition_key else None,
        q("USING {}", name(spec.access_method)) if spec.access_method not in ("heap", "") else None,
        q("WITH ({})", options(spec.options)) if spec.options else None,
    )
    yield step(oid, what, undo=q("DROP TABLE {}", name(*oid.name)))


def folded(oid: ObjectId, context: Context) -> list[Part]:
    """The columns and whatever else stands in the table's CREATE."""
    from colonnade.engines.postgres.kinds import KINDS

    inlines = ((KINDS[child.kind].inline, child) for child in context.folded.get(oid, ()))
    parts = (inline(child, context.new.objects[child], context) for inline, child in inlines if inline)
    return [part for part in parts if part]


def body(parts: Iterable[Part]) -> Part:
    """These parts in brackets, each on a line of its own."""
    inside = [q("\n  {}", part) for part in parts]
    return q("({}\n)", listed(inside)) if inside else q("()")


def alter(oid: ObjectId, old: Table, new: Table, context: Context) -> Steps | None:
    if (old.partition_key, old.of_type) != (new.partition_key, new.of_type):
        return None
    return _in_place(oid, old, new)


def is_read_as_a_catalog(spec: Table) -> bool:
    """Whether logical decoding may look into it as into a catalog: the server rewrites no such table."""
    return bool({"user_catalog_table=true", "user_catalog_table=on"} & {*spec.options})


def _in_place(oid: ObjectId, old: Table, new: Table) -> Iterator[Step]:
    t = q("ALTER TABLE {}", name(*oid.name))
    told = list(changed_options(oid, t, old.options, new.options))
    yield from told if is_read_as_a_catalog(old) else ()
    if old.persistence != new.persistence:
        there, back = ("LOGGED", "UNLOGGED") if new.persistence == "p" else ("UNLOGGED", "LOGGED")
        yield step(
            oid,
            q("{} SET {}", t, printed(there)),
            undo=q("{} SET {}", t, printed(back)),
            hazards=(hazard(REWRITES_TABLE, oid), *([hazard(FORGETS_IN_A_CRASH, oid)] if there == "UNLOGGED" else [])),
        )
    if old.access_method != new.access_method:
        yield step(
            oid,
            q("{} SET ACCESS METHOD {}", t, name(new.access_method)),
            hazards=(hazard(REWRITES_TABLE, oid),),
            undo=q("{} SET ACCESS METHOD {}", t, name(old.access_method)),
        )
    yield from () if is_read_as_a_catalog(old) else told


def drop(oid: ObjectId, spec: Table, context: Context) -> Steps:
    if context.quarantine:
        yield from _quarantine(oid, context.quarantine, context)
        return
    yield step(
        oid,
        q("DROP TABLE {}", name(*oid.name)),
        hazards=(hazard(DELETES_DATA, oid),),
        undo="the rows are gone; restore them from a backup",
    )


def _quarantine(oid: ObjectId, schema: str, context: Context) -> Iterator[Step]:
    """Out of the way with everything in it; it no longer refers to others, so that it does not hold them back."""
    table, away = name(*oid.name), name(schema, oid.name[1])
    yield step(oid, q("CREATE SCHEMA IF NOT EXISTS {}", name(schema)), undo=q("DROP SCHEMA {}", name(schema)))
    for called, definition in _references(oid, context):
        yield step(
            oid,
            q("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, called),
            undo=q("ALTER TABLE {} ADD CONSTRAINT {} {}", table, called, printed(definition)),
        )
    yield step(
        oid,
        q("ALTER TABLE {} SET SCHEMA {}", table, name(schema)),
        hazards=(hazard(DELETES_DATA, oid, "after the quarantine"),),
        undo=q("ALTER TABLE {} SET SCHEMA {}", away, name(oid.name[0])),
    )


def _references(oid: ObjectId, context: Context) -> Iterator[tuple[Part, str]]:
    """Its foreign keys, and those that it had from wholes that it leaves: they are its own from then on, unless they went before."""
    homes, place = {oid.name}, context.old.objects.get(ObjectId("inheritance", oid.name))
    while place and place.bound and not context.is_gone(place.parents[0]):
        homes.add(place.parents[0])
        place = context.old.objects.get(ObjectId("inheritance", place.parents[0]))
    for k, spec in context.old.objects.items():
        if k.kind == "foreign key" and k.name[:2] in homes and not _goes_by_itself(k, context):
            yield name(k.name[2]), spec.definition


def _goes_by_itself(key: ObjectId, context: Context) -> bool:
    """Whether what it refers to goes, too: then the key has gone before."""
    return any(n in context.gone and n.name[:2] != key.name[:2] for n in context.old.needs.get(key, ()))


KINDS = (
    PgKind(
        name="table",
        catalog="pg_class",
        spec=Table,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=6,
        space="relation",
        holds_data=True,
    ),
)
