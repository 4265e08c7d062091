"""Functions and procedures. https://www.postgresql.org/docs/current/sql-createfunction.html

Replaced in place where the server can: the same arguments by name, defaults none fewer, the same result.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import name, printed, q, step


def _query(prokind: LiteralString) -> LiteralString:
    return f"""
SELECT p.oid, ARRAY[n.nspname::text, format('%s(%s)', p.proname, a.types)] AS name, p.proname::text AS function, a.types AS arguments,
  pg_get_functiondef(p.oid) AS definition, coalesce(p.proargnames::text, '') || coalesce(p.proargmodes::text, '') AS signature,
  p.pronargdefaults::int AS defaults, coalesce(pg_get_function_result(p.oid), '') AS result, p.prokind::text AS kind,
  l.lanname::text AS language
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang CROSS JOIN LATERAL
  (SELECT coalesce(string_agg(format_type(t, NULL), ', ' ORDER BY o), '') AS types FROM unnest(p.proargtypes) WITH ORDINALITY x(t, o)) a
WHERE p.prokind IN ({prokind}) AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')) ORDER BY 2"""


@dataclass(frozen=True)
class Function:
    """The whole definition as the server prints it, and what decides whether it can be replaced in place."""

    function: str
    arguments: str
    definition: str
    signature: str
    defaults: int
    result: str
    kind: str
    language: str


def as_its_owner(spec: Function) -> bool:
    """Whether it is SECURITY DEFINER: what stands before the body, but for the settings, says so."""
    head = spec.definition.partition("\nAS ")[0].splitlines()
    return any(" SECURITY DEFINER" in line and not line.startswith(" SET ") for line in head)


def create(oid: ObjectId, spec: Function, context: Context) -> Steps:
    yield step(
        oid,
        printed(spec.definition),
        undo=q("DROP ROUTINE {}({})", name(oid.name[0], spec.function), printed(spec.arguments)),
    )


def alter(oid: ObjectId, old: Function, new: Function, context: Context) -> Steps | None:
    if (old.signature, old.result, old.kind) != (new.signature, new.result, new.kind) or new.defaults < old.defaults:
        return None
    return (step(oid, printed(new.definition), undo=printed(old.definition)),)


def drop(oid: ObjectId, spec: Function, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(BREAKS_CLIENTS, oid),)
    yield step(
        oid,
        q("DROP ROUTINE {}({})", name(oid.name[0], spec.function), printed(spec.arguments)),
        hazards=risk,
    )


def named_aside(oid: ObjectId, spec: Any, called: str) -> Step:
    """The step that gives its name up to another that is called in the same way; what stands on it keeps it."""
    signature = printed(getattr(spec, "types", spec.arguments))
    there, back = (
        q("ALTER ROUTINE {}({}) RENAME TO {}", name(oid.name[0], was), signature, name(now))
        for was, now in ((spec.function, called), (called, spec.function))
    )
    return step(oid, there, undo=back)


KINDS = (
    PgKind(
        name="function",
        words="ROUTINE",
        catalog="pg_proc",
        spec=Function,
        query=_query("'f', 'w'"),
        create=create,
        alter=alter,
        drop=drop,
        rank=18,
        space="routine",
    ),
    PgKind(
        name="procedure",
        words="ROUTINE",
        catalog="pg_proc",
        spec=Function,
        query=_query("'p'"),
        create=create,
        alter=alter,
        drop=drop,
        rank=19,
        space="routine",
    ),
)
