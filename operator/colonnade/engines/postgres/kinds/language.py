"""Procedural languages that no extension brought, and transforms for them.

https://www.postgresql.org/docs/current/sql-createlanguage.html, https://www.postgresql.org/docs/current/sql-createtransform.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, words

LANGUAGES: LiteralString = f"""
SELECT l.oid, ARRAY[l.lanname] AS name, l.lanpltrusted AS trusted, nullif(l.lanplcallfoid::regproc::text, '-') AS handler,
  nullif(l.laninline::regproc::text, '-') AS inline, nullif(l.lanvalidator::regproc::text, '-') AS validator
FROM pg_language l WHERE l.lanispl AND l.oid >= {FIRST_OF_USERS} ORDER BY 2"""

TRANSFORMS: LiteralString = f"""
SELECT t.oid, ARRAY[format_type(t.trftype, NULL), l.lanname] AS name,
  CASE WHEN t.trffromsql <> 0 THEN t.trffromsql::regprocedure::text END AS from_sql,
  CASE WHEN t.trftosql <> 0 THEN t.trftosql::regprocedure::text END AS to_sql
FROM pg_transform t JOIN pg_language l ON l.oid = t.trflang WHERE t.oid >= {FIRST_OF_USERS} ORDER BY 2"""


@dataclass(frozen=True)
class Language:
    """The functions behind the language."""

    trusted: bool
    handler: str | None
    inline: str | None
    validator: str | None


@dataclass(frozen=True)
class Transform:
    """The functions that carry a value of the type into the language and back."""

    from_sql: str | None
    to_sql: str | None


def _language(oid: ObjectId, spec: Language, *, anew: bool) -> Part:
    return words(
        "CREATE" if anew else "CREATE OR REPLACE",
        "TRUSTED" if spec.trusted else None,
        q("LANGUAGE {}", name(*oid.name)),
        q("HANDLER {}", printed(spec.handler)) if spec.handler else None,
        q("INLINE {}", printed(spec.inline)) if spec.inline else None,
        q("VALIDATOR {}", printed(spec.validator)) if spec.validator else None,
    )


def create_language(oid: ObjectId, spec: Language, context: Context) -> Steps:
    yield step(oid, _language(oid, spec, anew=True), undo=q("DROP LANGUAGE {}", name(*oid.name)))


def alter_language(oid: ObjectId, old: Language, new: Language, context: Context) -> Steps:
    yield step(oid, _language(oid, new, anew=False), undo=_language(oid, old, anew=False))


def drop_language(oid: ObjectId, spec: Language, context: Context) -> Steps:
    yield step(oid, q("DROP LANGUAGE {}", name(*oid.name)))


def _for(oid: ObjectId) -> Part:
    return q("TRANSFORM FOR {} LANGUAGE {}", printed(oid.name[0]), name(oid.name[1]))


def _transform(oid: ObjectId, spec: Transform, *, anew: bool) -> Part:
    ways = [q("FROM SQL WITH FUNCTION {}", printed(spec.from_sql))] if spec.from_sql else []
    ways += [q("TO SQL WITH FUNCTION {}", printed(spec.to_sql))] if spec.to_sql else []
    return q("{} {} ({})", q("CREATE") if anew else q("CREATE OR REPLACE"), _for(oid), listed(ways))


def create_transform(oid: ObjectId, spec: Transform, context: Context) -> Steps:
    yield step(oid, _transform(oid, spec, anew=True), undo=q("DROP {}", _for(oid)))


def alter_transform(oid: ObjectId, old: Transform, new: Transform, context: Context) -> Steps:
    yield step(oid, _transform(oid, new, anew=False), undo=_transform(oid, old, anew=False))


def drop_transform(oid: ObjectId, spec: Transform, context: Context) -> Steps:
    yield step(oid, q("DROP {}", _for(oid)))


KINDS = (
    PgKind(
        name="language",
        catalog="pg_language",
        spec=Language,
        query=LANGUAGES,
        create=create_language,
        alter=alter_language,
        drop=drop_language,
        rank=2,
    ),
    PgKind(
        name="transform",
        catalog="pg_transform",
        spec=Transform,
        query=TRANSFORMS,
        create=create_transform,
        alter=alter_transform,
        drop=drop_transform,
        rank=19,
    ),
)
