"""Columns. https://www.postgresql.org/docs/current/sql-altertable.html

A column belongs to its table: a new table makes its columns with it. What an existing one can be changed to in place, it is: a type
by the assignment cast, which refuses a value that does not fit, before any cast that would cut it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from colonnade.core.hazards import BREAKS_CLIENTS, DELETES_DATA, DROPS_GUARANTEE, REWRITES_TABLE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.generic_options import changed, given
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.kinds.column_query import query
from colonnade.engines.postgres.kinds.column_type import retype
from colonnade.engines.postgres.kinds.not_null import backfill, set_not_null
from colonnade.engines.postgres.options import changed_options
from colonnade.engines.postgres.sequences import Options
from colonnade.engines.postgres.statement import Part, keys, name, printed, q, step, text, value, words


@dataclass(frozen=True)
class Column:
    """A column as the server describes it. `sequence` is an identity's: schema, name, type, start, increment, min, max, cache, cycle."""

    type: str
    collation: str | None
    not_null: bool
    not_null_name: str
    not_null_no_inherit: bool
    not_null_valid: bool
    identity: str
    sequence: tuple[str, ...]
    generated: str
    expression: str | None
    storage: str | None
    compression: str | None
    statistics: int
    options: tuple[str, ...]
    fdw_options: tuple[str, ...]
    local: bool
    inherited: bool
    usual_storage: str = field(compare=False)


def table_of(oid: ObjectId, spec: Column) -> tuple[ObjectId, ...]:
    return (ObjectId("table", oid.name[:2]), ObjectId("foreign table", oid.name[:2]))


def comes_along(spec: Column) -> bool:
    """Whether the column is there because a parent has it."""
    return spec.inherited and not spec.local


def inline(oid: ObjectId, spec: Column, context: Context) -> Part | None:
    """The column's definition in CREATE TABLE; None where it comes with a parent."""
    inheritance = context.new.objects.get(ObjectId("inheritance", oid.name[:2]))
    if comes_along(spec) and not (inheritance and inheritance.bound):
        return None
    table = context.new.objects.get(ObjectId("table", oid.name[:2]))
    return _of_type(oid, spec, context) if table and table.of_type else definition(oid, spec, context)


def _of_type(oid: ObjectId, spec: Column, context: Context) -> Part | None:
    """What a typed table adds to the attribute that its type gives it."""
    default = context.new.objects.get(ObjectId("default", oid.name))
    folded = default if ObjectId("default", oid.name) in context.folded.get(oid, ()) else None
    if not (folded or spec.not_null):
        return None
    return words(
        q("{} WITH OPTIONS", name(oid.name[2])),
        q("DEFAULT {}", printed(folded.expression)) if folded else None,
        "NOT NULL" if spec.not_null else None,
    )


def definition(oid: ObjectId, spec: Column, context: Context, *, bare: bool = False) -> Part:
    """The column's definition, with its default where that was folded in; `bare` without that and without NOT NULL."""
    default = context.new.objects.get(ObjectId("default", oid.name))
    folded = ObjectId("default", oid.name) in context.folded.get(oid, ())
    constraint = spec.not_null_name or _usual_name(oid, context)
    named = q("CONSTRAINT {} ", name(constraint)) if constraint else q("")
    no_inherit = q(" NO INHERIT") if spec.not_null_no_inherit else q("")
    return words(
        q("{} {}{}", name(oid.name[2]), printed(spec.type), given(spec.fdw_options)),
        q("COLLATE {}", printed(spec.collation)) if spec.collation else None,
        q("COMPRESSION {}", printed(spec.compression)) if spec.compression else None,
        q("DEFAULT {}", printed(default.expression)) if folded and default and not bare else None,
        _generated(spec) if spec.generated else None,
        _identity(spec, "" if context.live else f"{oid.name[1]}_{oid.name[2]}_seq") if spec.identity else None,
        q("{}NOT NULL{}", named, no_inherit) if spec.not_null and not bare else None,
    )


def _usual_name(oid: ObjectId, context: Context) -> str:
    """The name that the server would give, where the table that is named aside still has it: else it would find another."""
    usual = f"{oid.name[1]}_{oid.name[2]}_not_null"
    taken = context.version >= 180000 and context.is_remade(oid.name) and len(usual.encode()) <= 63
    return usual if taken else ""


def _generated(spec: Column) -> Part:
    return q(
        "GENERATED ALWAYS AS ({}) {}",
        printed(spec.expression or ""),
        q("STORED") if spec.generated == "s" else q("VIRTUAL"),
    )


def _identity(spec: Column, usual: str = "") -> Part:
    """With the name of its sequence, unless that is the `usual` one and free to be taken."""
    schema, seq, kind = spec.sequence[:3]
    start, increment, low, high, cache = (int(number) for number in spec.sequence[3:8])
    options = Options(kind, start, increment, low, high, cache, spec.sequence[8] == "CYCLE")
    named = q("SEQUENCE NAME {}", name(schema, seq)) if seq != usual else None
    told = words(named, options.unusual())
    when = q("ALWAYS") if spec.identity == "a" else q("BY DEFAULT")
    return q("GENERATED {} AS IDENTITY ({})" if text(told) else "GENERATED {} AS IDENTITY{}", when, told)


def create(oid: ObjectId, spec: Column, context: Context) -> Steps:
    if not context.is_fresh(oid.name):
        if comes_along(spec):
            return
        yield from _add(oid, spec, context)
    yield from _settings(oid, None, spec)


def _add(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    table = name(*oid.name[:2])
    back = q("ALTER TABLE {} DROP COLUMN {}", table, name(oid.name[2]))
    default = context.new.objects.get(ObjectId("default", oid.name))
    if oid in context.backfills and not context.partitioned(oid.name):
        yield step(oid, q("ALTER TABLE {} ADD COLUMN {}", table, definition(oid, spec, context, bare=True)), undo=back)
        if default:
            yield step(
                oid,
                q(
                    "ALTER TABLE {} ALTER COLUMN {} SET DEFAULT {}",
                    table,
                    name(oid.name[2]),
                    printed(default.expression),
                ),
                undo=q("ALTER TABLE {} ALTER COLUMN {} DROP DEFAULT", table, name(oid.name[2])),
            )
        yield from backfill(oid, context)
        if spec.not_null:
            yield from set_not_null(oid, spec.not_null_name, context)
        return
    filled = (
        default
        or spec.generated
        or spec.identity
        or not spec.not_null
        or not context.live
        or context.is_foreign(oid.name)
    )
    checks = () if filled else (_needs_value(oid, context),)
    yield replace(
        step(oid, q("ALTER TABLE {} ADD COLUMN {}", table, definition(oid, spec, context)), undo=back), checks=checks
    )


def _needs_value(oid: ObjectId, context: Context) -> Check:
    table = name(*oid.name[:2])
    return Check(
        query=text(q("SELECT {} FROM {} LIMIT 5", keys(context.key_of(oid.name)), table)),
        count=text(q("SELECT count(*) FROM {}", table)),
        problem=f"{oid} is new and NOT NULL, and the rows that are there would have no value for it",
        remedy="give it a default, declare a backfill for it, or let it be nullable",
    )


def alter(oid: ObjectId, old: Column, new: Column, context: Context) -> Steps | None:
    if (old.generated, new.generated) != ("s", "") and old.generated != new.generated:
        return None
    if (
        old.expression != new.expression
        and new.generated
        and (context.version < 170000 or old.generated != new.generated)
    ):
        return None
    if old.generated and (old.type, old.collation) != (new.type, new.collation):
        return None
    return _in_place(oid, old, new, context)


def _in_place(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    if old.generated and not new.generated:
        yield step(oid, q("{} DROP EXPRESSION", column), undo="the expression can only be given to a new column")
    elif old.expression != new.expression:
        yield step(
            oid,
            q("{} SET EXPRESSION AS ({})", column, printed(new.expression or "")),
            hazards=(hazard(REWRITES_TABLE, oid),) if new.generated == "s" else (),
            undo=q("{} SET EXPRESSION AS ({})", column, printed(old.expression or "")),
        )
    if (old.type, old.collation) != (new.type, new.collation) and not (comes_along(new) and comes_along(old)):
        yield from retype(oid, old, new, context)
    if not new.identity:
        yield from _identity_change(oid, old, new)
    yield from _nullability(oid, old, new, context)
    if new.identity:
        yield from _identity_change(oid, old, new)
    yield from _settings(oid, old, new)


def _nullability(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    table, column = name(*oid.name[:2]), name(oid.name[2])
    if not old.not_null and new.not_null:
        if oid in context.backfills and context.live:
            yield from backfill(oid, context)
        yield from set_not_null(oid, new.not_null_name, context)
    elif old.not_null and not new.not_null:
        yield step(
            oid,
            q("ALTER TABLE {} ALTER COLUMN {} DROP NOT NULL", table, column),
            hazards=(hazard(DROPS_GUARANTEE, oid),),
            undo=q("ALTER TABLE {} ALTER COLUMN {} SET NOT NULL", table, column),
        )
    elif old.not_null_name != new.not_null_name and new.not_null:
        usual = f"{oid.name[1]}_{oid.name[2]}_not_null"
        was, now = name(old.not_null_name or usual), name(new.not_null_name or usual)
        yield step(
            oid,
            q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, was, now),
            undo=q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, now, was),
        )
    if old.not_null and new.not_null and new.not_null_valid and not old.not_null_valid:
        k = new.not_null_name or f"{oid.name[1]}_{oid.name[2]}_not_null"
        yield step(
            oid, q("ALTER TABLE {} VALIDATE CONSTRAINT {}", table, name(k)), alone=True, undo="nothing to take back"
        )


def _identity_change(oid: ObjectId, old: Column, new: Column) -> Iterator[Step]:
    table, column = name(*oid.name[:2]), q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    if old.identity and not new.identity:
        yield step(oid, q("{} DROP IDENTITY", column), undo=q("{} ADD {}", column, _identity(old)))
    elif new.identity and not old.identity:
        yield step(oid, q("{} ADD {}", column, _identity(new)), undo=q("{} DROP IDENTITY", column))
        yield step(
            oid,
            q(
                "SELECT pg_catalog.setval({}, greatest(max({}), {}), max({}) IS NOT NULL) FROM {}",
                value(text(name(*new.sequence[:2]))),
                name(oid.name[2]),
                printed(new.sequence[3]),
                name(oid.name[2]),
                table,
            ),
            undo="a sequence has no memory of its last value",
        )
    elif new.identity:
        yield from _same_identity(oid, old, new, column)


def _same_identity(oid: ObjectId, old: Column, new: Column, column: Part) -> Iterator[Step]:
    if old.sequence[1] != new.sequence[1]:
        yield step(
            oid,
            q("ALTER SEQUENCE {} RENAME TO {}", name(*old.sequence[:2]), name(new.sequence[1])),
            undo=q("ALTER SEQUENCE {} RENAME TO {}", name(old.sequence[0], new.sequence[1]), name(old.sequence[1])),
        )
    kind = q("SET GENERATED ALWAYS") if new.identity == "a" else q("SET GENERATED BY DEFAULT")
    keys = (q("START WITH"), q("INCREMENT BY"), q("MINVALUE"), q("MAXVALUE"), q("CACHE"))
    parts = [kind] if old.identity != new.identity else []
    parts += [
        q("SET {} {}", k, printed(b))
        for k, a, b in zip(keys, old.sequence[3:8], new.sequence[3:8], strict=True)
        if a != b
    ]
    if old.sequence[8:] != new.sequence[8:]:
        parts.append(q("SET {}", printed(new.sequence[8])))
    if parts:
        yield step(oid, words(column, *parts), undo=f"the identity was {old.sequence[3:]}")


def _settings(oid: ObjectId, old: Column | None, new: Column) -> Iterator[Step]:
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    if (old.storage if old else None) != new.storage:
        yield step(
            oid,
            q("{} SET STORAGE {}", column, printed(new.storage or new.usual_storage)),
            undo="only new rows are stored so",
        )
    if old and old.compression != new.compression:
        yield step(
            oid,
            q("{} SET COMPRESSION {}", column, printed(new.compression or "DEFAULT")),
            undo="only new rows are stored so",
        )
    if (old.statistics if old else -1) != new.statistics:
        yield step(
            oid,
            q("{} SET STATISTICS {}", column, value(new.statistics)),
            undo=q("{} SET STATISTICS {}", column, value(old.statistics if old else -1)),
        )
    yield from changed_options(oid, column, old.options if old else (), new.options)
    if (
        old
        and (there := changed(old.fdw_options, new.fdw_options))
        and (back := changed(new.fdw_options, old.fdw_options))
    ):
        yield step(oid, q("{} {}", column, there), undo=q("{} {}", column, back))


def drop(oid: ObjectId, spec: Column, context: Context) -> Steps:
    if comes_along(spec):
        return
    if kept_aside(oid, context):
        yield from _aside(oid, spec, context)
        return
    risk = () if spec.generated else (hazard(BREAKS_CLIENTS if context.is_foreign(oid.name) else DELETES_DATA, oid),)
    for one, only in _going(oid, context):
        yield step(
            one,
            q("ALTER TABLE {}{} DROP COLUMN {}", q("ONLY ") if only else q(""), name(*one.name[:2]), name(one.name[2])),
            hazards=risk,
            undo="the values are gone; restore them from quarantine or a backup",
        )


def kept_aside(oid: ObjectId, context: Context) -> bool:
    """Whether the dropped column stays in its table under another name until its time in quarantine is over.

    Where it has no values of its own, or a child is to keep its own, or its name cannot be changed, it goes at once.
    """
    spec, table = context.old.objects[oid], context.old.objects.get(ObjectId("table", oid.name[:2]))
    if not context.quarantine or table is None or context.is_gone(oid.name) or oid in context.fresh:
        return False
    if comes_along(spec):
        parents = context.old.objects[ObjectId("inheritance", oid.name[:2])].parents
        above = [ObjectId("column", (*p, oid.name[2])) for p in parents]
        return all(kept_aside(a, context) for a in above if a in context.gone)
    below = (ObjectId("column", (*c, oid.name[2])) for c in context.children(oid.name))
    return not (spec.inherited or spec.generated or table.of_type or any(_kept(c, context) for c in below))


def _aside(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    """Under another name, and with nothing that would ask writers for a value."""
    assert context.quarantine
    table, column, now = name(*oid.name[:2]), name(oid.name[2]), name(quarantined(oid.name[2], context.quarantine))
    alter = q("ALTER TABLE {} ALTER COLUMN {}", table, column)
    if spec.identity:
        yield step(oid, q("{} DROP IDENTITY", alter), undo=q("{} ADD {}", alter, _identity(spec)))
    if spec.not_null:
        yield step(oid, q("{} DROP NOT NULL", alter), undo=q("{} SET NOT NULL", alter))
    yield step(
        oid,
        q("ALTER TABLE {} RENAME COLUMN {} TO {}", table, column, now),
        hazards=(hazard(DELETES_DATA, oid, "after the quarantine"),),
        undo=q("ALTER TABLE {} RENAME COLUMN {} TO {}", table, now, column),
    )


def quarantined(column: str, place: str) -> str:
    """What a column is called in quarantine: after the place that dropped tables go to, and never longer than the server keeps."""
    whole = f"{place}_{column}"
    if len(whole.encode()) <= 63:
        return whole
    digest = hashlib.sha256(column.encode()).hexdigest()[:8]
    return f"{place}_{digest}_{column.encode()[:24].decode(errors='ignore')}"


def _going(oid: ObjectId, context: Context) -> Iterator[tuple[ObjectId, bool]]:
    """The column, and whether it goes of this table alone: a child may keep its own as one that it has by itself from then on.

    Then those children that do not keep theirs lose it one by one.
    """
    below = [ObjectId("column", (*child, oid.name[2])) for child in context.children(oid.name)]
    only = any(_kept(c, context) for c in below)
    yield oid, only
    for one in below if only else ():
        if one not in context.new.objects and comes_along(context.old.objects[one]):
            yield from _going(one, context)


def _kept(oid: ObjectId, context: Context) -> bool:
    """Whether a child's column, or that of one of its children, is there by itself in the end."""
    new = context.new.objects.get(oid)
    if new is not None and oid not in context.gone:
        return not comes_along(new)
    return any(_kept(ObjectId("column", (*c, oid.name[2])), context) for c in context.children(oid.name))


REBUILT = (
    "view",
    "materialized view",
    "rule",
    "trigger",
    "policy",
    "function",
    "procedure",
    "column",
    "default",
    "publication table",
)


def disturbs(oid: ObjectId, old: Column, new: Column) -> tuple[str, ...]:
    """Kinds of dependents that the server wants out of the way while the type changes."""
    return REBUILT if (old.type, old.collation) != (new.type, new.collation) else ()


def carry(oid: ObjectId, old: Column, new: Column, context: Context) -> Steps:
    """The type itself is replaced under the column: its values go over as text."""
    return retype(oid, old, new, context)


KINDS = (
    PgKind(
        name="column",
        catalog="pg_class",
        spec=Column,
        query=query,
        needs=table_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=7,
        holds_data=True,
        disturbs=disturbs,
        inline=inline,
        carry=carry,
    ),
)
