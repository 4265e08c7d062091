"""Which values a type does not take that is new, or that changes in the same plan: it cannot be asked itself, and so by what it is made of.

An enum takes its labels; a domain what its base takes and its checks say nothing against.
https://www.postgresql.org/docs/current/functions-info.html (pg_input_is_valid, since 16)
"""

from __future__ import annotations

from collections.abc import Iterator

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.rewriting.by_name import type_of
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, value
from colonnade.engines.postgres.told.narrowing import base_of
from colonnade.engines.postgres.told.subtypes import holds_all
from colonnade.engines.postgres.told.within import Within, is_check_of
from colonnade.engines.postgres.types import parts

SIZED = ("bit varying", "character", "character varying")
"""Of which an explicit cast, unlike an assignment, cuts what is too long."""
MADE_OF_OTHERS = ("domain", "composite type", "range")


def conditions(column: ObjectId, old: str, new: str, context: Context) -> Iterator[tuple[Part, bool]]:
    """What holds for a value that is none of the new type, and whether that is so only where it is taken over as text."""
    if old != new and not _changing(column, context):
        yield _unreadable(column, new, context), True
    elif old != new:
        yield from ((odd, True) for odd in _by_base(column, new, context))
    if old != new and column not in context.backfills and _never_null(column, context):
        yield q("{} IS NULL", name(column.name[2])), False
    yield from ((odd, False) for odd in Within(context, _is_other).refused(name(column.name[2]), old, new))


def _never_null(oid: ObjectId, context: Context) -> bool:
    """Whether it is of a domain that takes no NULL; of an array's elements nothing is said here."""
    domain, many = type_of(context.new.objects[oid].type, context.new)
    while domain is not None and domain.kind == "domain" and not many:
        if context.new.objects[domain].not_null:
            return True
        domain, many = type_of(context.new.objects[domain].base, context.new)
    return False


def _by_base(column: ObjectId, type_: str, context: Context) -> Iterator[Part]:
    base = base_of(column, type_, context.new)
    declared, many = type_of(base, context.new)
    if declared is not None and declared.kind == "enum":
        yield _no_label(column, context.new.objects[declared].labels, many=many)
    elif declared is None:
        yield _unreadable(column, base, context)


def computable(column: ObjectId, old: str, new: str, context: Context) -> Part | None:
    """What the server stumbles over where a value cannot be cast; None where it takes them all, or the type is not there yet."""
    far = old == "date" and new.startswith("timestamp")  # some days are beyond any moment
    if (holds_all(old, new) and not far) or _changing(column, context):
        return None
    return q("{}::{}", name(column.name[2]), printed(new))


def _changing(column: ObjectId, context: Context) -> bool:
    return any(_is_other(n, context) for n in context.new.needs.get(column, ()) if n.kind != "table")


def _is_other(oid: ObjectId, context: Context) -> bool:
    """Whether it is new or another by then, itself or by what it is made of; a domain by its checks, too."""
    if context.old.objects.get(oid) != context.new.objects.get(oid):
        return True
    checks = [{o: s for o, s in m.objects.items() if is_check_of(o, oid)} for m in (context.old, context.new)]
    return checks[0] != checks[1] or (
        oid.kind in MADE_OF_OTHERS and any(_is_other(n, context) for n in context.new.needs.get(oid, ()))
    )


def _unreadable(column: ObjectId, type_: str, context: Context) -> Part:
    """That a text is none of the type; before 16 the server says so by its length, or only by stumbling over one."""
    written = q("{}::text", name(column.name[2]))
    if context.version >= 160000:
        return q("NOT pg_catalog.pg_input_is_valid({}, {})", written, value(type_))
    base, size, _, many = parts(type_)
    if size is not None and not many and base in ("bit", *SIZED):
        exactly = q("<>") if base == "bit" else q(">")
        return q("pg_catalog.length(pg_catalog.rtrim({})) {} {}", written, exactly, value(size))
    return q("{} IS NOT NULL AND {}::{} IS NULL", written, written, printed(type_))


def _no_label(column: ObjectId, labels: tuple[str, ...], *, many: bool) -> Part:
    written, known = q("{}::text", name(column.name[2])), q("ALL (ARRAY[{}]::text[])", listed(map(value, labels)))
    if many:
        return q("EXISTS (SELECT FROM pg_catalog.unnest({}::text[]) AS x WHERE x <> {})", written, known)
    return q("{} <> {}", written, known)
