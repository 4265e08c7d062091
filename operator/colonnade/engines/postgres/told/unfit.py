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


def conditions(column: ObjectId, type_: str, context: Context) -> Iterator[tuple[Part, bool]]:
    """What holds for a value that is none of the type, and whether that is so only where it is taken over as text."""
    if not _changing(column, context):
        yield _unreadable(column, type_, context), True
        return
    base = base_of(column, type_, context.new)
    declared, many = type_of(base, context.new)
    if declared is not None and declared.kind == "enum":
        yield _no_label(column, context.new.objects[declared].labels, many=many), True
    elif declared is None:
        yield _unreadable(column, base, context), True
    for check in _checks(column, context) if declared is None and not type_.endswith("[]") else ():
        by_cast = q("{}::{}", name(column.name[2]), printed(base))
        yield q("EXISTS (SELECT FROM (SELECT {} AS value) AS v WHERE ({}) IS FALSE)", by_cast, printed(check)), False


def _changing(column: ObjectId, context: Context) -> bool:
    return any(_is_other(n, context) for n in context.new.needs.get(column, ()) if n.kind != "table")


def _is_other(oid: ObjectId, context: Context) -> bool:
    """Whether it is new or another by then, itself or by what it is made of; a domain by its checks, too."""
    if context.old.objects.get(oid) != context.new.objects.get(oid):
        return True
    checks = [{o: s for o, s in m.objects.items() if _is_check_of(o, oid)} for m in (context.old, context.new)]
    return oid.kind == "domain" and (
        checks[0] != checks[1] or any(_is_other(n, context) for n in context.new.needs.get(oid, ()))
    )


def _is_check_of(oid: ObjectId, domain: ObjectId) -> bool:
    return oid.kind == "domain constraint" and oid.name[:2] == domain.name


def _unreadable(column: ObjectId, type_: str, context: Context) -> Part:
    """That a text is none of the type; before 16 the server only says so by stumbling over one."""
    written = q("{}::text", name(column.name[2]))
    if context.version >= 160000:
        return q("NOT pg_catalog.pg_input_is_valid({}, {})", written, value(type_))
    return q("{} IS NOT NULL AND {}::{} IS NULL", written, written, printed(type_))


def _no_label(column: ObjectId, labels: tuple[str, ...], *, many: bool) -> Part:
    written, known = q("{}::text", name(column.name[2])), q("ALL (ARRAY[{}]::text[])", listed(map(value, labels)))
    if many:
        return q("EXISTS (SELECT FROM pg_catalog.unnest({}::text[]) AS x WHERE x <> {})", written, known)
    return q("{} <> {}", written, known)


def _checks(oid: ObjectId, context: Context) -> Iterator[str]:
    """The conditions of the domains that the type is, which call what they are about VALUE."""
    for domain in (n for n in context.new.needs.get(oid, ()) if n.kind == "domain"):
        for one, spec in context.new.objects.items():
            if _is_check_of(one, domain):
                yield spec.definition.removeprefix("CHECK ").removesuffix(" NOT VALID")
        yield from _checks(domain, context)
