"""Collations. https://www.postgresql.org/docs/current/sql-createcollation.html

The version is the operating system's and not compared. Nothing else of a collation can be changed in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, listed, name, q, step, value

PROVIDERS: dict[str, LiteralString] = {"c": "libc", "i": "icu", "b": "builtin"}


def query(version: int) -> LiteralString:
    locale: LiteralString = "CASE WHEN c.collprovider = 'i' THEN c.collcollate::text END"
    if version >= 150000:
        locale = "c.colllocale" if version >= 170000 else "c.colliculocale"
    rules: LiteralString = "c.collicurules" if version >= 160000 else "NULL::text"
    return f"""
SELECT c.oid, ARRAY[n.nspname, c.collname] AS name, c.collprovider::text AS provider, c.collisdeterministic AS deterministic,
  {locale} AS locale, CASE WHEN c.collprovider = 'c' THEN c.collcollate::text END AS lc_collate,
  CASE WHEN c.collprovider = 'c' THEN c.collctype::text END AS lc_ctype, {rules} AS rules,
  c.collprovider = 'c' AND c.collencoding = -1 AS any_encoding
FROM pg_collation c JOIN pg_namespace n ON n.oid = c.collnamespace
WHERE c.collencoding IN (-1, pg_char_to_encoding(getdatabaseencoding())) AND {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class Collation:
    """Who sorts and by which rules. libc goes by `lc_collate` and `lc_ctype`, the others by `locale`.

    One of libc that fits any encoding is a copy of the server's own for C or POSIX.
    """

    provider: str
    deterministic: bool
    locale: str | None
    lc_collate: str | None
    lc_ctype: str | None
    rules: str | None
    any_encoding: bool


def _create(oid: ObjectId, spec: Collation) -> Part:
    if spec.any_encoding:
        return q("CREATE COLLATION {} FROM {}", name(*oid.name), name("pg_catalog", spec.lc_collate or "C"))
    options = [q("PROVIDER = {}", q(PROVIDERS[spec.provider]))]
    if not spec.deterministic:
        options.append(q("DETERMINISTIC = false"))
    given: tuple[tuple[LiteralString, str | None], ...] = (
        ("LOCALE = {}", spec.locale),
        ("LC_COLLATE = {}", spec.lc_collate),
        ("LC_CTYPE = {}", spec.lc_ctype),
        ("RULES = {}", spec.rules),
    )
    options += [q(clause, value(text)) for clause, text in given if text is not None]
    return q("CREATE COLLATION {} ({})", name(*oid.name), listed(options))


def create(oid: ObjectId, spec: Collation, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP COLLATION {}", name(*oid.name)))


def drop(oid: ObjectId, spec: Collation, context: Context) -> Steps:
    yield step(oid, q("DROP COLLATION {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="collation",
        words="COLLATION",
        catalog="pg_collation",
        spec=Collation,
        query=query,
        create=create,
        alter=never,
        drop=drop,
        rank=2,
    ),
)
