"""Operators. https://www.postgresql.org/docs/current/sql-createoperator.html

A commutator or negator is named by whichever of the two comes first, and the server tells the other; when one goes, the other forgets.
An operator that was only named and never made is no object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS, USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, text

SIGNATURE: LiteralString = (
    "format('%s(%s, %s)', {o}.oprname, CASE WHEN {o}.oprleft = 0 THEN 'NONE' ELSE format_type({o}.oprleft, NULL) END,"
    " format_type({o}.oprright, NULL))"
)
OTHER: LiteralString = (
    "coalesce((SELECT ARRAY[x.nspname::text, "
    + SIGNATURE.replace("{o}", "r")
    + "] FROM pg_operator r JOIN pg_namespace x ON x.oid = r.oprnamespace WHERE r.oid = {column}), '{}')"
)
QUERY: LiteralString = f"""
SELECT o.oid, ARRAY[n.nspname::text, {SIGNATURE.replace("{o}", "o")}] AS name, o.oprname::text AS operator,
  CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS "left", format_type(o.oprright, NULL) AS "right",
  o.oprcode::regproc::text AS function, {OTHER.replace("{column}", "o.oprcom")} AS commutator,
  {OTHER.replace("{column}", "o.oprnegate")} AS negator, nullif(o.oprrest::regproc::text, '-') AS restrict,
  nullif(o.oprjoin::regproc::text, '-') AS "join", o.oprcanhash AS hashes, o.oprcanmerge AS merges
FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
WHERE o.oid >= {FIRST_OF_USERS} AND o.oprcode <> 0 AND {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class Operator:
    """Its function, and what the planner of queries is told of it. Other operators are (schema, name with types), or nothing."""

    operator: str
    left: str | None
    right: str
    function: str
    commutator: tuple[str, ...]
    negator: tuple[str, ...]
    restrict: str | None
    join: str | None
    hashes: bool
    merges: bool


def qualified(schema: str, operator: str) -> Part:
    """The operator's name as statements take it; one with its types is cut before them."""
    return q("{}.{}", name(schema), printed(operator.partition("(")[0]))


def _with_types(oid: ObjectId, spec: Operator) -> Part:
    return q("{}({}, {})", qualified(oid.name[0], spec.operator), printed(spec.left or "NONE"), printed(spec.right))


def _create(oid: ObjectId, spec: Operator) -> Part:
    clauses: list[Part] = [q("FUNCTION = {}", printed(spec.function))]
    if spec.left:
        clauses.append(q("LEFTARG = {}", printed(spec.left)))
    clauses.append(q("RIGHTARG = {}", printed(spec.right)))
    clauses += _told(spec)
    return q("CREATE OPERATOR {} ({})", qualified(oid.name[0], spec.operator), listed(clauses))


def _told(spec: Operator) -> list[Part]:
    others: tuple[tuple[LiteralString, tuple[str, ...]], ...] = (
        ("COMMUTATOR = OPERATOR({})", spec.commutator),
        ("NEGATOR = OPERATOR({})", spec.negator),
    )
    functions: tuple[tuple[LiteralString, str | None], ...] = (
        ("RESTRICT = {}", spec.restrict),
        ("JOIN = {}", spec.join),
    )
    flags: tuple[tuple[LiteralString, bool], ...] = (("HASHES", spec.hashes), ("MERGES", spec.merges))
    return [
        *(q(clause, qualified(other[0], other[1])) for clause, other in others if other),
        *(q(clause, printed(function)) for clause, function in functions if function),
        *(q(flag) for flag, on in flags if on),
    ]


def create(oid: ObjectId, spec: Operator, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP OPERATOR {}", _with_types(oid, spec)))


def alter(oid: ObjectId, old: Operator, new: Operator, context: Context) -> Steps | None:
    seen = replace(
        old,
        commutator=_told_by_others(oid, "commutator", old, new, context),
        negator=_told_by_others(oid, "negator", old, new, context),
    )
    if seen == new:
        return ()
    changeable = replace(seen, restrict=new.restrict, join=new.join)
    if context.version >= 170000:
        changeable = replace(
            changeable,
            commutator=seen.commutator or new.commutator,
            negator=seen.negator or new.negator,
            hashes=seen.hashes or new.hashes,
            merges=seen.merges or new.merges,
        )
    if changeable != new:
        return None
    there, back = (
        q("ALTER OPERATOR {} SET ({})", _with_types(oid, new), listed(_changes(a, b)))
        for a, b in ((seen, new), (new, seen))
    )
    estimators = replace(seen, restrict=new.restrict, join=new.join) == new
    return (step(oid, there, undo=back if estimators else "what was set once stays"),)


def _told_by_others(oid: ObjectId, field: str, old: Operator, new: Operator, context: Context) -> tuple[str, ...]:
    """What the operator itself will hold once those that come have named it and those that go are forgotten."""
    was: tuple[str, ...] = getattr(old, field)
    wanted: tuple[str, ...] = getattr(new, field)
    if was and ObjectId("operator", was) in context.gone:
        was = ()
    other = context.new.objects.get(ObjectId("operator", wanted))
    names_it = other is not None and getattr(other, field) == oid.name and ObjectId("operator", wanted) in context.fresh
    return wanted if not was and names_it else was


def _changes(old: Operator, new: Operator) -> Iterator[Part]:
    for clause, was, now in ((q("RESTRICT"), old.restrict, new.restrict), (q("JOIN"), old.join, new.join)):
        if was != now:
            yield q("{} = {}", clause, printed(now or "NONE"))
    before = {text(part) for part in _told(replace(old, restrict=new.restrict, join=new.join))}
    yield from (part for part in _told(new) if text(part) not in before)


def drop(oid: ObjectId, spec: Operator, context: Context) -> Steps:
    yield step(oid, q("DROP OPERATOR {}", _with_types(oid, spec)))


KINDS = (
    PgKind(
        name="operator",
        catalog="pg_operator",
        spec=Operator,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=20,
    ),
)
