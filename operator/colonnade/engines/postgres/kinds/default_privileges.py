"""Default privileges: the rights that objects made later start with.

https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html. They come last and go first, so that what the same plan makes
is not touched by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import CHANGES_ACCESS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.grants import NO_RIGHTS, Right, Rights, beyond, grants, revokes, without
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step

NOBODY: LiteralString = "0::oid"
QUERY: LiteralString = f"""
SELECT d.oid, ARRAY[pg_get_userbyid(d.defaclrole)::text, coalesce(n.nspname::text, ''), CASE d.defaclobjtype WHEN 'r' THEN 'TABLES'
    WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES' WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END] AS name,
  {beyond("d.defaclacl", "b.acl", NOBODY)} AS granted, {without("d.defaclacl", "b.acl", NOBODY)} AS revoked
FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
CROSS JOIN LATERAL (SELECT CASE WHEN d.defaclnamespace = 0
  THEN acldefault(CASE d.defaclobjtype WHEN 'S' THEN 's' ELSE d.defaclobjtype END, d.defaclrole) END AS acl) b
WHERE n.nspname IS NULL OR {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class DefaultPrivileges:
    """Rights beyond the built-in ones, and built-in ones taken away. Those of a schema only add to those of all."""

    granted: tuple[Right, ...]
    revoked: tuple[Right, ...]

    @property
    def rights(self) -> Rights:
        """Both together."""
        return Rights(self.granted, self.revoked)


def _change(oid: ObjectId, old: Rights, new: Rights) -> Iterator[Step]:
    role, schema, sort = oid.name
    head = q(
        "ALTER DEFAULT PRIVILEGES FOR ROLE {}{}", name(role), q(" IN SCHEMA {}", name(schema)) if schema else q("")
    )

    def wording(verb: LiteralString, what: Sequence[str], whom: Part) -> Part:
        preposition = q("TO") if verb == "GRANT" else q("FROM")
        listed = joined(", ", [printed(w) for w in what])
        return q("{} {} {} ON {} {} {}", head, q(verb), listed, printed(sort), preposition, whom)

    (take, give), (back_take, back_give) = old.to(new), new.to(old)
    undo = joined("; ", [*revokes(back_take, back_give, wording), *grants(back_give, wording)])
    for statement in revokes(take, give, wording):
        yield step(oid, statement, hazards=(hazard(CHANGES_ACCESS, oid),), undo=undo)
    for statement in grants(give, wording):
        yield step(oid, statement, undo=undo)


def create(oid: ObjectId, spec: DefaultPrivileges, context: Context) -> Steps:
    return _change(oid, NO_RIGHTS, spec.rights)


def alter(oid: ObjectId, old: DefaultPrivileges, new: DefaultPrivileges, context: Context) -> Steps | None:
    """What is new in this plan meets neither the old ones nor the new ones."""
    return None if context.fresh else _change(oid, old.rights, new.rights)


def drop(oid: ObjectId, spec: DefaultPrivileges, context: Context) -> Steps:
    return _change(oid, spec.rights, NO_RIGHTS)


KINDS = (
    PgKind(
        name="default privileges",
        catalog="pg_default_acl",
        spec=DefaultPrivileges,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=94,
        fires=True,
    ),
)
