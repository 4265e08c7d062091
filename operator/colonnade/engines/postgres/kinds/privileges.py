"""Privileges, on every kind of object that has them, and on columns. https://www.postgresql.org/docs/current/ddl-priv.html

What is compared is what differs from the rights that every new object starts with, or that its extension or the server gave it, told
relative to its owner: who that is does not matter; who passed a right on does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import CHANGES_ACCESS, hazard
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import FIRST_OF_USERS, USER_SCHEMA
from colonnade.engines.postgres.grants import NO_RIGHTS, PASSED_ON_BY, Right, Rights, beyond, grants, revokes, without
from colonnade.engines.postgres.kind import RELATIONS, Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step, text


def _of_server(oid: LiteralString, owner: LiteralString) -> LiteralString:
    """Came with the server, where a dump looks, too, and the session may say who does what with it."""
    return f"n.nspname = 'pg_catalog' AND {oid} < {FIRST_OF_USERS} AND pg_has_role({owner}, 'USAGE')"


BASE: LiteralString = "coalesce(r.initial, acldefault(r.kind, r.owner))"
QUERY: LiteralString = f"""
WITH there AS (
  SELECT 'pg_class'::regclass AS class, c.oid, 0 AS sub, CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS kind, c.relacl AS acl,
    c.relowner AS owner, format('%s %I.%I', CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, n.nspname, c.relname) AS subject,
    '' AS columns
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
    AND ({USER_SCHEMA} OR {_of_server("c.oid", "c.relowner")})
  UNION ALL
  SELECT 'pg_class'::regclass, a.attrelid, a.attnum, 'c', a.attacl, c.relowner, format('TABLE %I.%I', n.nspname, c.relname),
    format(' (%I)', a.attname)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't'
    AND ({USER_SCHEMA} OR {_of_server("c.oid", "c.relowner")})
  UNION ALL
  SELECT 'pg_proc'::regclass, p.oid, 0, 'f', p.proacl, p.proowner, format('ROUTINE %I.%I(%s)', n.nspname, p.proname,
    (SELECT string_agg(format_type(t, NULL), ', ' ORDER BY o) FROM unnest(p.proargtypes) WITH ORDINALITY x (t, o))), ''
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.proacl IS NOT NULL AND (p.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA} OR {_of_server("p.oid", "p.proowner")})
  UNION ALL
  SELECT 'pg_namespace'::regclass, n.oid, 0, 'n', n.nspacl, n.nspowner, format('SCHEMA %I', n.nspname), ''
  FROM pg_namespace n WHERE n.nspacl IS NOT NULL AND ({USER_SCHEMA} OR {_of_server("n.oid", "n.nspowner")})
  UNION ALL
  SELECT 'pg_type'::regclass, t.oid, 0, 'T', t.typacl, t.typowner, format('TYPE %I.%I', n.nspname, t.typname), ''
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
  WHERE t.typacl IS NOT NULL AND (t.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA} OR {_of_server("t.oid", "t.typowner")})
  UNION ALL
  SELECT 'pg_language'::regclass, l.oid, 0, 'l', l.lanacl, l.lanowner, format('LANGUAGE %I', l.lanname), ''
  FROM pg_language l WHERE l.lanacl IS NOT NULL AND l.lanispl
  UNION ALL
  SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, 'F', w.fdwacl, w.fdwowner, format('FOREIGN DATA WRAPPER %I', w.fdwname), ''
  FROM pg_foreign_data_wrapper w WHERE w.fdwacl IS NOT NULL
  UNION ALL
  SELECT 'pg_foreign_server'::regclass, s.oid, 0, 'S', s.srvacl, s.srvowner, format('FOREIGN SERVER %I', s.srvname), ''
  FROM pg_foreign_server s WHERE s.srvacl IS NOT NULL),
compared AS (
  SELECT r.oid, r.class, r.sub, r.subject, r.columns, {beyond("r.acl", BASE, "r.owner", PASSED_ON_BY)} AS granted,
    {without("r.acl", BASE, "r.owner", PASSED_ON_BY)} AS revoked
  FROM (SELECT t.*, i.initprivs AS initial FROM there t LEFT JOIN pg_init_privs i ON i.classoid = t.class AND i.objoid = t.oid
    AND i.objsubid = t.sub AND (i.privtype = 'e' OR t.subject ~ '^(TABLE|ROUTINE|TYPE) pg_catalog[.]|^SCHEMA pg_catalog$')
    WHERE i.initprivs IS DISTINCT FROM t.acl) r)
SELECT r.oid, r.class::oid::int8 AS target_class, r.oid AS target, r.sub::int AS target_sub, ARRAY[i.type, i.identity] AS name,
  coalesce(quote_ident(i.schema), '') AS schema, r.subject, r.columns, r.granted, r.revoked
FROM compared r CROSS JOIN LATERAL pg_identify_object(r.class, r.oid, r.sub) i
WHERE r.granted <> '{{}}' OR r.revoked <> '{{}}' ORDER BY 5"""


@dataclass(frozen=True)
class Privileges:
    """Rights beyond those that the object starts with, and those taken away; '' is the owner."""

    schema: str
    subject: str
    columns: str
    granted: tuple[Right, ...]
    revoked: tuple[Right, ...]

    @property
    def rights(self) -> Rights:
        """Both together."""
        return Rights(self.granted, self.revoked)


def needs(oid: ObjectId, spec: Privileges) -> Iterator[ObjectId]:
    """Who passes a right on has to see the schema, and for that of a column may have the right on its table."""
    if any(by for *_, by in spec.granted):
        yield ObjectId(oid.kind, ("schema", spec.schema))
        if spec.columns:
            yield from (ObjectId(oid.kind, (kind, spec.subject.removeprefix("TABLE "))) for kind in RELATIONS)


def on_its_own(oid: ObjectId, spec: Privileges) -> tuple[ObjectId, ...]:
    """It goes with what it is about alone."""
    return ()


def _wording(spec: Privileges, verb: LiteralString, what: Sequence[str], whom: Part) -> Part:
    listed = joined(", ", [q("{}{}", printed(w), printed(spec.columns)) for w in what])
    preposition = q("TO") if verb == "GRANT" else q("FROM")
    return q("{} {} ON {} {} {}", q(verb), listed, printed(spec.subject), preposition, whom)


def _change(oid: ObjectId, old: Rights, new: Rights, spec: Privileges, context: Context) -> Iterator[Step]:
    (take, give), (back_take, back_give) = (
        (_named(oid, taken, context), _named(oid, given, context)) for taken, given in (old.to(new), new.to(old))
    )

    def wording(verb: LiteralString, what: Sequence[str], whom: Part) -> Part:
        return _wording(spec, verb, what, whom)

    undo = joined("; ", [*revokes(back_take, back_give, wording), *grants(back_give, wording)])
    risk = (
        () if context.new.parents.get(oid, NOTHING) & context.fresh else (hazard(CHANGES_ACCESS, " ".join(oid.name)),)
    )
    taking, giving = [*revokes(take, give, wording)], [*grants(give, wording)]
    if any(
        by for *_, by in (*take, *give, *back_take, *back_give)
    ):  # whoever has nothing left may not even say so twice
        yield step(oid, joined("; ", [*taking, *giving]), hazards=risk if taking else (), undo=undo)
        return
    for statement in taking:
        yield step(oid, statement, hazards=risk, undo=undo)
    for statement in giving:
        yield step(oid, statement, undo=undo)


def _named(oid: ObjectId, rights: frozenset[Right], context: Context) -> list[Right]:
    """With the owner's name: that of an object made by us is ours."""
    made = context.new.parents.get(oid, NOTHING) & context.fresh
    owner = None if made else context.old.objects.get(ObjectId("owner", oid.name))
    mine = "CURRENT_USER" if owner is None else text(name(owner.role))
    return [(who or mine, what, option, by) for who, what, option, by in rights]


def create(oid: ObjectId, spec: Privileges, context: Context) -> Steps:
    return _change(oid, NO_RIGHTS, spec.rights, spec, context)


def alter(oid: ObjectId, old: Privileges, new: Privileges, context: Context) -> Steps | None:
    """What somebody passes on goes before, and comes back after, the rights change that let them."""
    let = {*needs(oid, old), *needs(oid, new)}
    if any(context.old.objects.get(o) != context.new.objects.get(o) for o in let):
        return None
    return _change(oid, old.rights, new.rights, new, context)


def drop(oid: ObjectId, spec: Privileges, context: Context) -> Steps:
    return _change(oid, spec.rights, NO_RIGHTS, spec, context)


KINDS = (
    PgKind(
        name="privileges",
        catalog="",
        spec=Privileges,
        query=QUERY,
        needs=needs,
        goes_with=on_its_own,
        create=create,
        alter=alter,
        drop=drop,
        rank=91,
    ),
)
