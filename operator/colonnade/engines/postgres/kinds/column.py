"""Columns. https://www.postgresql.org/docs/current/sql-altertable.html

A column belongs to its table: a new table makes its columns with it. What an existing one can be changed to in place, it is: a type
by the assignment cast, which refuses a value that does not fit, before any cast that would cut it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from colonnade.core.hazards import REWRITES_TABLE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.generic_options import changed, given
from colonnade.engines.postgres.kind import (
    LEFT_BEHIND,
    Context,
    PgKind,
    Steps,
    is_shortened,
    made_up,
    usual_not_null,
)
from colonnade.engines.postgres.kinds.column_drop import comes_along, drop
from colonnade.engines.postgres.kinds.column_identity import identity, identity_change
from colonnade.engines.postgres.kinds.column_query import query
from colonnade.engines.postgres.kinds.column_type import moves_along, refers_still, retype
from colonnade.engines.postgres.kinds.default import after_its_parents
from colonnade.engines.postgres.kinds.inherited_not_null import needs_value, nullability, own_constraint, own_not_null
from colonnade.engines.postgres.kinds.not_null import backfill, set_not_null
from colonnade.engines.postgres.options import changed_options
from colonnade.engines.postgres.rewriting.held import can_be_held, held
from colonnade.engines.postgres.rewriting.remade import after_rows
from colonnade.engines.postgres.statement import Part, name, printed, q, step, text, value, words


@dataclass(frozen=True)
class Column:
    """A column as the server describes it. `sequence` is an identity's: schema, name, type, start, increment, min, max, cache, cycle.

    `not_null_name` is only told where somebody chose it: the server makes names up by what else there is at that moment, with a
    number at the end where one is taken, and a dump leaves them out; `not_null_called` is the name that it has. It is `not_null_local` unless
    it is only there because a parent has it, and `not_null_inherited` where one has it: no other name can be given to it then.
    """

    type: str
    collation: str | None
    not_null: bool
    not_null_name: str
    not_null_called: str = field(compare=False)
    not_null_local: bool
    not_null_inherited: bool
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


def inline(oid: ObjectId, spec: Column, context: Context) -> Part | None:
    """The column's definition in CREATE TABLE; None where it comes with a parent, as it is there."""
    inheritance = context.new.objects.get(ObjectId("inheritance", oid.name[:2]))
    if comes_along(spec) and not (inheritance and inheritance.bound):
        return own_constraint(oid, spec, context)
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
        q("{}NOT NULL", _named(oid, spec, context)) if spec.not_null else None,
    )


def _named(oid: ObjectId, spec: Column, context: Context) -> Part:
    """What is said before its NOT NULL, where the server would call it otherwise."""
    constraint = spec.not_null_name or _contested(oid, spec, context)
    return q("CONSTRAINT {} ", name(constraint)) if constraint else q("")


def definition(oid: ObjectId, spec: Column, context: Context, *, bare: bool = False) -> Part:
    """The column's definition, with its default where that was folded in; `bare` without that and without NOT NULL."""
    default = context.new.objects.get(ObjectId("default", oid.name))
    folded = ObjectId("default", oid.name) in context.folded.get(oid, ())
    no_inherit = q(" NO INHERIT") if spec.not_null_no_inherit else q("")
    return words(
        q("{} {}{}", name(oid.name[2]), printed(spec.type), given(spec.fdw_options)),
        q("COMPRESSION {}", printed(spec.compression)) if spec.compression else None,
        q("COLLATE {}", printed(spec.collation)) if spec.collation else None,
        q("DEFAULT {}", printed(default.expression)) if folded and default and not bare else None,
        _generated(spec) if spec.generated else None,
        _numbered(oid, spec, context) if spec.identity else None,
        q("{}NOT NULL{}", _named(oid, spec, context), no_inherit) if _stands_there(spec) and not bare else None,
    )


def _stands_there(spec: Column) -> bool:
    """Whether NOT NULL is part of the column's definition: a parent's comes by itself."""
    return spec.not_null and spec.not_null_valid and spec.not_null_local


def _contested(oid: ObjectId, spec: Column, context: Context) -> str:
    """The usual name of a NOT NULL, where it has to be said: another of that name would make the server think of one more.

    That other may be the table itself, while it is named aside.
    """
    usual = usual_not_null(oid)
    if context.version < 180000 or not spec.not_null or is_shortened(oid):
        return ""
    if (
        spec.not_null_inherited and spec.not_null_called != usual
    ):  # a partition's goes by that of the whole: dumps show it
        return spec.not_null_called
    others = context.constraints.get((oid.name[0], usual), set()) - {oid.name}
    if oid.name[:2] in others and spec.not_null_called != usual:
        return spec.not_null_called
    return usual if others or context.is_remade(oid.name) else ""


def _generated(spec: Column) -> Part:
    return q(
        "GENERATED ALWAYS AS ({}) {}",
        printed(spec.expression or ""),
        q("STORED") if spec.generated == "s" else q("VIRTUAL"),
    )


def create(oid: ObjectId, spec: Column, context: Context) -> Steps:
    inheritance = context.new.objects.get(ObjectId("inheritance", oid.name[:2]))
    along = comes_along(spec) and not context.joins(oid.name)
    if along and not (context.is_fresh(oid.name) and inheritance and inheritance.bound):
        yield from after_its_parents(oid, spec, context)
    if not context.is_fresh(oid.name):
        if along:
            yield from _of_its_own(oid, spec, context)
            return
        yield from _add(oid, spec, context)
    elif comes_along(spec) and not (inheritance and inheritance.bound):
        yield from _of_its_own(oid, spec, context)
    brought = comes_along(spec) and spec.not_null_inherited and not (inheritance and inheritance.bound)
    unasked = spec.not_null and not spec.not_null_valid and not after_rows(oid, context)
    if unasked and not (brought and context.is_fresh(oid.name)):
        yield from set_not_null(oid, spec, context)
    yield from settings(oid, None, spec)


def _of_its_own(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    """What a child's column has that comes with a parent's, and that does not come with it."""
    if not context.is_fresh(oid.name) or context.version < 180000:
        yield from own_not_null(oid, spec, context)
    if spec.identity:
        column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
        yield step(oid, q("{} ADD {}", column, _numbered(oid, spec, context)), undo=q("{} DROP IDENTITY", column))


def _numbered(oid: ObjectId, spec: Column, context: Context) -> Part:
    return identity(spec, "" if context.live else made_up("seq", *oid.name[1:3]))


def _add(oid: ObjectId, spec: Column, context: Context) -> Iterator[Step]:
    table = name(*oid.name[:2])
    back = q("ALTER TABLE {} DROP COLUMN {}", table, name(oid.name[2]))
    default = context.new.objects.get(ObjectId("default", oid.name))
    filled_now = oid in context.backfills and not context.partitioned(oid.name)
    if filled_now or can_be_held(oid, context):
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
        yield from backfill(oid, context) if filled_now else (held(oid, spec, context),)
        if spec.not_null:
            yield from set_not_null(oid, spec, context)
        return
    filled = (
        default
        or spec.generated
        or spec.identity
        or not spec.not_null
        or not context.live
        or context.is_foreign(oid.name)
    )
    checks = () if filled else (needs_value(oid, context),)
    yield replace(
        step(oid, q("ALTER TABLE {} ADD COLUMN {}", table, definition(oid, spec, context)), undo=back), checks=checks
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
    if not new.identity:  # only some types can have one
        yield from identity_change(oid, old, new, context)
    comes = context.comes_with_a_parent(oid, old, new) or moves_along(oid, old, new, context)
    if (old.type, old.collation) != (new.type, new.collation) and not comes:
        yield from (_stored_as_before(oid, old, s) for s in retype(oid, old, new, context))
        old = replace(old, storage=None, compression=None)
    yield from nullability(oid, old, new, context)
    if new.identity:
        yield from identity_change(oid, old, new, context)
    yield from settings(oid, old, new)


def _stored_as_before(oid: ObjectId, old: Column, retyped: Step) -> Step:
    """With a way back that ends in how the values were stored: another type brings its own."""
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    ways = (("STORAGE", old.storage), ("COMPRESSION", old.compression))
    back = [text(q("{} SET {} {}", column, printed(what), printed(how))) for what, how in ways if how]
    return replace(retyped, undo=";\n".join([retyped.undo, *back])) if retyped.undo and back else retyped


def settings(oid: ObjectId, old: Column | None, new: Column) -> Iterator[Step]:
    """Storage, compression, statistics target and options, where they are not what they were, or are usual."""
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    if (old.storage if old else None) != new.storage:
        to, was = (
            q("{} SET STORAGE {}", column, printed((s.storage if s else None) or new.usual_storage)) for s in (new, old)
        )
        yield step(oid, to, undo=was)
    if old and old.compression != new.compression:
        to, was = (q("{} SET COMPRESSION {}", column, printed(s.compression or "DEFAULT")) for s in (new, old))
        yield step(oid, to, undo=was)
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


def freed_names(oid: ObjectId, spec: Column) -> tuple[Part, Part]:
    """What the constraint of a column that goes later is called, and what until then, so that another column can have its name now."""
    usual = spec.not_null_called or usual_not_null(oid)
    return name(usual), name(f"{usual[:46]}_{LEFT_BEHIND}")


def freed_name(oid: ObjectId, spec: Column) -> Step:
    """The step that gives it the other name."""
    table, (was, aside) = name(*oid.name[:2]), freed_names(oid, spec)
    return step(
        oid,
        q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, was, aside),
        undo=q("ALTER TABLE {} RENAME CONSTRAINT {} TO {}", table, aside, was),
    )


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
    if (old.type, old.collation) == (new.type, new.collation):
        return ()
    return REBUILT if old.collation == new.collation and refers_still(old.type, new.type) else (*REBUILT, "foreign key")


def carry(oid: ObjectId, old: Column, new: Column, context: Context) -> Steps:
    """The type itself is replaced under the column: its values go over as text; those of a child, with its parent's."""
    return () if context.comes_with_a_parent(oid, old, new) else retype(oid, old, new, context)


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
