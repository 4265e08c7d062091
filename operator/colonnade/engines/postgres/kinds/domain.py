"""Domains and their constraints. https://www.postgresql.org/docs/current/sql-alterdomain.html

A new constraint is added NOT VALID and validated by itself: both steps look at every column of the domain.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from colonnade.core.hazards import DROPS_GUARANTEE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check
from colonnade.engines.postgres.kind import NOT_VALID, Context, PgKind, Steps, never
from colonnade.engines.postgres.kinds.column_drop import refuses_none
from colonnade.engines.postgres.statement import Part, keys, name, printed, q, question, step, words
from colonnade.engines.postgres.told.foreseen import rows

DOMAINS = """
SELECT t.oid, ARRAY[n.nspname, t.typname] AS name, format_type(t.typbasetype, t.typtypmod) AS base, t.typnotnull AS not_null,
  CASE WHEN t.typdefaultbin IS NOT NULL THEN pg_get_expr(t.typdefaultbin, 0) END AS "default",
  CASE WHEN t.typcollation <> b.typcollation THEN format('%I.%I', cn.nspname, c.collname) END AS collation
FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace JOIN pg_type b ON b.oid = t.typbasetype
LEFT JOIN pg_collation c ON c.oid = t.typcollation LEFT JOIN pg_namespace cn ON cn.oid = c.collnamespace
WHERE t.typtype = 'd' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 2"""

CONSTRAINTS = """
SELECT k.oid, t.oid AS rel, ARRAY[n.nspname, t.typname, k.conname] AS name, pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE k.contype = 'c' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""


@dataclass(frozen=True)
class Domain:
    """The base type as the server prints it, and what narrows it."""

    base: str
    not_null: bool
    default: str | None
    collation: str | None


@dataclass(frozen=True)
class DomainConstraint:
    """A check as the server prints it."""

    definition: str


def create(oid: ObjectId, spec: Domain, context: Context) -> Steps:
    what = words(
        q("CREATE DOMAIN {} AS {}", name(*oid.name), printed(spec.base)),
        q("COLLATE {}", printed(spec.collation)) if spec.collation else None,
        q("DEFAULT {}", printed(spec.default)) if spec.default is not None else None,
        "NOT NULL" if spec.not_null else None,
    )
    yield step(oid, what, undo=q("DROP DOMAIN {}", name(*oid.name)))


def alter(oid: ObjectId, old: Domain, new: Domain, context: Context) -> Steps | None:
    if (old.base, old.collation) != (new.base, new.collation):
        return None
    return _in_place(oid, old, new, context)


def _default(spec: Domain) -> Part:
    return q("SET DEFAULT {}", printed(spec.default)) if spec.default is not None else q("DROP DEFAULT")


def _in_place(oid: ObjectId, old: Domain, new: Domain, context: Context) -> Steps:
    d = q("ALTER DOMAIN {}", name(*oid.name))
    if old.default != new.default:
        yield step(oid, words(d, _default(new)), undo=words(d, _default(old)))
    if old.not_null != new.not_null:
        tight, loose = q("{} SET NOT NULL", d), q("{} DROP NOT NULL", d)
        if new.not_null:
            asked = (_asked(c, oid, q("{} IS NULL", name(c.name[2])), context) for c in _columns(oid, context))
            yield replace(step(oid, tight, undo=loose), checks=tuple(asked))
        else:
            yield step(oid, loose, undo=tight, hazards=(hazard(DROPS_GUARANTEE, oid),))


def drop(oid: ObjectId, spec: Domain, context: Context) -> Steps:
    yield step(oid, q("DROP DOMAIN {}", name(*oid.name)))


def create_constraint(oid: ObjectId, spec: DomainConstraint, context: Context) -> Steps:
    domain, k = name(*oid.name[:2]), name(oid.name[2])
    back = q("ALTER DOMAIN {} DROP CONSTRAINT {}", domain, k)
    if ObjectId("domain", oid.name[:2]) in context.fresh or spec.definition.endswith(NOT_VALID):
        yield step(oid, q("ALTER DOMAIN {} ADD CONSTRAINT {} {}", domain, k, printed(spec.definition)), undo=back)
        return
    there = q("ALTER DOMAIN {} ADD CONSTRAINT {} {} NOT VALID", domain, k, printed(spec.definition))
    yield replace(step(oid, there, undo=back), checks=tuple(_violates(oid, spec, context)))
    yield step(oid, q("ALTER DOMAIN {} VALIDATE CONSTRAINT {}", domain, k), alone=True, undo="nothing to take back")


def _violates(oid: ObjectId, spec: DomainConstraint, context: Context) -> Iterator[Check]:
    """The question for the values that a new check, which calls what it is about VALUE, would refuse."""
    condition, domain = spec.definition.removeprefix("CHECK "), ObjectId("domain", oid.name[:2])
    base = printed(context.new.objects[domain].base)
    for column in _columns(domain, context):
        row = q("SELECT {}::{} AS value", name(column.name[2]), base)
        yield _asked(
            column, oid, q("EXISTS (SELECT FROM ({}) AS v WHERE ({}) IS FALSE)", row, printed(condition)), context
        )


def _columns(domain: ObjectId, context: Context) -> Iterator[ObjectId]:
    """The columns that are plainly of it, and stay so, if only in quarantine; of a partition the whole's says it."""
    for oid, spec in context.old.objects.items():
        plain = oid.kind == "column" and domain in context.old.needs.get(oid, ()) and not spec.type.endswith("[]")
        if plain and not spec.inherited and not context.is_foreign(oid.name):
            now = context.new.objects.get(oid)
            if now.type == spec.type if now is not None else _waits(oid, context):
                yield oid


def _waits(column: ObjectId, context: Context) -> bool:
    """Whether it goes to quarantine, and stays of the domain there."""
    return bool(context.quarantine) and (context.is_gone(column.name) or not refuses_none(column, context))


def _asked(column: ObjectId, what: ObjectId, odd: Part, context: Context) -> Check:
    found = q("FROM {} WHERE {}", rows(column.name, context), odd)
    return question(
        keys(context.key_of(column.name)),
        found,
        problem=f"{column} has values that {what} is to refuse",
        remedy="mend the rows first",
    )


def drop_constraint(oid: ObjectId, spec: DomainConstraint, context: Context) -> Steps:
    domain, k = name(*oid.name[:2]), name(oid.name[2])
    yield step(
        oid,
        q("ALTER DOMAIN {} DROP CONSTRAINT {}", domain, k),
        hazards=(hazard(DROPS_GUARANTEE, oid),),
    )


def domain_of(oid: ObjectId, spec: DomainConstraint) -> tuple[ObjectId, ...]:
    return (ObjectId("domain", oid.name[:2]),)


KINDS = (
    PgKind(
        name="domain",
        words="DOMAIN",
        catalog="pg_type",
        spec=Domain,
        query=DOMAINS,
        create=create,
        alter=alter,
        drop=drop,
        rank=3,
        space="type",
    ),
    PgKind(
        name="domain constraint",
        catalog="pg_constraint",
        spec=DomainConstraint,
        query=CONSTRAINTS,
        needs=domain_of,
        create=create_constraint,
        alter=never,
        drop=drop_constraint,
        rank=4,
        space="constraint",
    ),
)
