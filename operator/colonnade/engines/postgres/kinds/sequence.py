"""Sequences, and the columns that own them. https://www.postgresql.org/docs/current/sql-createsequence.html

Its present value is data and left alone. Who owns it is an object of its own: the owner's column may need the sequence first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.kinds.column_identity import handed_over
from colonnade.engines.postgres.sequences import (
    NO_MEMORY,
    Options,
    begins_anew,
    beyond,
    counted,
    heirs,
    inherited,
    moved_on,
    past_rows,
    successors,
)
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step, value, words
from colonnade.engines.postgres.types import INTEGERS

SEQUENCES = """
SELECT c.oid, ARRAY[n.nspname, c.relname] AS name, format_type(s.seqtypid, NULL) AS type, s.seqstart AS start, s.seqincrement AS increment,
  s.seqmin AS low, s.seqmax AS high, s.seqcache AS cache, s.seqcycle AS cycle, c.relpersistence::text AS persistence
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i') ORDER BY 2"""

OWNERS = """
SELECT c.oid, c.oid AS rel, ARRAY[n.nspname, c.relname] AS name, ARRAY[tn.nspname, t.relname, a.attname] AS column
FROM pg_depend d JOIN pg_class c ON c.oid = d.objid AND c.relkind = 'S' JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace tn ON tn.oid = t.relnamespace
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' AND c.relpersistence <> 't'
  AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""


@dataclass(frozen=True)
class Sequence:
    """What ALTER SEQUENCE can change."""

    type: str
    start: int
    increment: int
    low: int
    high: int
    cache: int
    cycle: bool
    persistence: str

    @property
    def options(self) -> Options:
        """All that counting takes."""
        return Options(self.type, self.start, self.increment, self.low, self.high, self.cache, self.cycle)


@dataclass(frozen=True)
class SequenceOwner:
    """The column with which the sequence goes: schema, table, column."""

    column: tuple[str, str, str]


def _options(spec: Sequence) -> Part:
    return q(
        "AS {} START WITH {} INCREMENT BY {} MINVALUE {} MAXVALUE {} CACHE {} {}",
        printed(spec.type),
        value(spec.start),
        q("{}", printed(str(spec.increment))),
        printed(str(spec.low)),
        printed(str(spec.high)),
        value(spec.cache),
        q("CYCLE") if spec.cycle else q("NO CYCLE"),
    )


def create(oid: ObjectId, spec: Sequence, context: Context) -> Steps:
    what = words(
        "CREATE UNLOGGED SEQUENCE" if spec.persistence == "u" else "CREATE SEQUENCE",
        name(*oid.name),
        q("AS {}", printed(spec.type)) if spec.type != "bigint" else None,
        spec.options.unusual(),
    )
    handed = [
        handed_over(c, context.old.objects[c], oid, spec)
        for c in inherited(oid, context.old, context.new)
        if ObjectId("default", c.name) in context.fresh and c not in context.fresh
    ]
    for before, _ in handed:
        yield from before
    yield step(oid, what, undo=q("DROP SEQUENCE {}", name(*oid.name)))
    for _, after in handed:
        yield from after


def alter(oid: ObjectId, old: Sequence, new: Sequence, context: Context) -> Steps:
    if (old.persistence, new.persistence) in (("p", "u"), ("u", "p")):
        there, back = (
            q("ALTER SEQUENCE {} SET {}", name(*oid.name), q("LOGGED") if s.persistence == "p" else q("UNLOGGED"))
            for s in (new, old)
        )
        yield step(oid, there, undo=back)
    yield from moved_on(oid, oid.name, old.options, new.options)
    options = old.options, new.options
    there, back = (
        words("ALTER SEQUENCE", name(*oid.name), _options(b), begins_anew(a.options, b.options))
        for a, b in ((old, new), (new, old))
    )
    columns = [c for c in counted(oid, context.old) if c in counted(oid, context.new) and _holds_numbers(c, context)]
    passed = [past_rows(oid.name, columns, o) for o in options] if columns and begins_anew(*options) else []
    change = step(oid, there, undo=joined("; ", [back, *passed[:1]]))
    yield replace(change, checks=beyond(oid, oid.name, *options))
    for statement in passed[1:]:
        yield step(oid, statement, undo=NO_MEMORY)


def _holds_numbers(column: ObjectId, context: Context) -> bool:
    return column not in context.gone and context.old.objects[column].type in INTEGERS


def drop(oid: ObjectId, spec: Sequence, context: Context) -> Steps:
    columns = heirs(oid, context.old, context.new)
    goes_on = any(c not in context.gone or context.is_remade(c.name) for c in columns)
    lost = (
        ()
        if goes_on or successors(oid, context.old, context.new)
        else (hazard(DELETES_DATA, oid, "its present value"),)
    )
    yield step(oid, q("DROP SEQUENCE {}", name(*oid.name)), hazards=lost)


def owner_needs(oid: ObjectId, spec: SequenceOwner) -> Iterable[ObjectId]:
    return ObjectId("sequence", oid.name), ObjectId("column", spec.column)


def sequence_of(oid: ObjectId, spec: SequenceOwner) -> Iterable[ObjectId]:
    return (ObjectId("sequence", oid.name),)


def own(oid: ObjectId, spec: SequenceOwner, context: Context) -> Steps:
    yield step(
        oid,
        q("ALTER SEQUENCE {} OWNED BY {}", name(*oid.name), name(*spec.column)),
        undo=q("ALTER SEQUENCE {} OWNED BY NONE", name(*oid.name)),
    )


def own_another(oid: ObjectId, old: SequenceOwner, new: SequenceOwner, context: Context) -> Steps:
    return own(oid, new, context)


def disown(oid: ObjectId, spec: SequenceOwner, context: Context) -> Steps:
    yield step(
        oid,
        q("ALTER SEQUENCE {} OWNED BY NONE", name(*oid.name)),
        undo=q("ALTER SEQUENCE {} OWNED BY {}", name(*oid.name), name(*spec.column)),
    )


KINDS = (
    PgKind(
        name="sequence",
        words="SEQUENCE",
        catalog="pg_class",
        spec=Sequence,
        query=SEQUENCES,
        create=create,
        alter=alter,
        drop=drop,
        rank=5,
        space="relation",
    ),
    PgKind(
        name="sequence owner",
        catalog="",
        spec=SequenceOwner,
        query=OWNERS,
        needs=owner_needs,
        goes_with=sequence_of,
        create=own,
        alter=own_another,
        drop=disown,
        rank=20,
    ),
)
