"""Row-level security policies. https://www.postgresql.org/docs/current/sql-createpolicy.html

Roles and expressions are changed in place; an expression that goes, and what the policy is for, need a new one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import CHANGES_ACCESS, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, words

QUERY: LiteralString = f"""
SELECT p.oid, p.polrelid AS rel, ARRAY[n.nspname, c.relname, p.polname] AS name, p.polcmd::text AS command,
  p.polpermissive AS permissive,
  (SELECT array_agg(CASE r WHEN 0 THEN '' ELSE pg_get_userbyid(r)::text END ORDER BY 1) FROM unnest(p.polroles) r) AS roles,
  pg_get_expr(p.polqual, p.polrelid) AS "using", pg_get_expr(p.polwithcheck, p.polrelid) AS "check"
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE {USER_SCHEMA} ORDER BY 3"""

COMMANDS: dict[str, LiteralString] = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


@dataclass(frozen=True)
class Policy:
    """Whom the policy concerns ("" is everyone), doing what, and the expressions as the server prints them."""

    command: str
    permissive: bool
    roles: tuple[str, ...]
    using: str | None
    check: str | None


def table_of(oid: ObjectId, spec: Policy) -> Iterable[ObjectId]:
    return (ObjectId("table", oid.name[:2]),)


def _on(oid: ObjectId, verb: LiteralString) -> Part:
    return q("{} POLICY {} ON {}", q(verb), name(oid.name[2]), name(*oid.name[:2]))


def _who_and_what(spec: Policy) -> Part:
    return words(
        q("TO {}", listed(name(role) if role else q("PUBLIC") for role in spec.roles)),
        q("USING ({})", printed(spec.using)) if spec.using is not None else None,
        q("WITH CHECK ({})", printed(spec.check)) if spec.check is not None else None,
    )


def _definition(oid: ObjectId, spec: Policy) -> Part:
    return words(
        _on(oid, "CREATE"),
        None if spec.permissive else "AS RESTRICTIVE",
        q("FOR {}", q(COMMANDS[spec.command])) if spec.command != "*" else None,
        _who_and_what(spec),
    )


def _risk(oid: ObjectId, context: Context) -> tuple[Hazard, ...]:
    return () if context.is_fresh(oid.name) else (hazard(CHANGES_ACCESS, f"table {'.'.join(oid.name[:2])}"),)


def create(oid: ObjectId, spec: Policy, context: Context) -> Steps:
    yield step(oid, _definition(oid, spec), hazards=_risk(oid, context), undo=_on(oid, "DROP"))


def alter(oid: ObjectId, old: Policy, new: Policy, context: Context) -> Steps | None:
    if (old.command, old.permissive) != (new.command, new.permissive):
        return None
    if (old.using is None, old.check is None) != (new.using is None, new.check is None):
        return None
    alter = _on(oid, "ALTER")
    there, back = (words(alter, _who_and_what(spec)) for spec in (new, old))
    return (step(oid, there, hazards=_risk(oid, context), undo=back),)


def drop(oid: ObjectId, spec: Policy, context: Context) -> Steps:
    yield step(oid, _on(oid, "DROP"), hazards=_risk(oid, context))


KINDS = (
    PgKind(
        name="policy",
        catalog="pg_policy",
        spec=Policy,
        query=QUERY,
        needs=table_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=25,
    ),
)
