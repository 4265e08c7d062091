"""What a declaration may hold and its author would rather know: an index that repeats another, a name that the server cuts.

https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-IDENTIFIERS
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import LiteralString

from colonnade.core.errors import InvalidSpec
from colonnade.core.kind import ObjectId
from colonnade.engines import Declaration
from colonnade.engines.postgres.declared.load import items
from colonnade.engines.postgres.declared.script import identifiers
from colonnade.engines.postgres.kind import LONGEST_NAME
from colonnade.engines.postgres.session import Connection

REPEATED: LiteralString = """
WITH indexes AS (
  SELECT i.indexrelid, i.indrelid, k.conname, k.contype, row_number() OVER alike AS number, first_value(i.indexrelid) OVER alike AS first
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u')
  WHERE c.oid >= 16384 AND NOT EXISTS (SELECT FROM pg_inherits p WHERE p.inhrelid = c.oid)
  WINDOW alike AS (PARTITION BY i.indrelid, c.relam, i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text,
    i.indnkeyatts, c.reloptions, pg_get_expr(i.indexprs, i.indrelid), pg_get_expr(i.indpred, i.indrelid)
    ORDER BY k.oid IS NULL, c.relname)
)
SELECT n.nspname, c.relname, tn.nspname, t.relname, f.contype::text, coalesce(f.conname, fc.relname)
FROM indexes i JOIN indexes f ON f.indexrelid = i.first JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace tn ON tn.oid = t.relnamespace JOIN pg_class fc ON fc.oid = f.indexrelid
WHERE i.number > 1 AND i.contype IS NULL AND n.nspname !~ '^pg_' ORDER BY 1, 2"""
"""Plain indexes on the very columns that a key or another index has."""
KEYS = {"p": "primary key", "u": "unique"}

COLUMN: LiteralString = """SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relname = %s AND a.attname = %s AND a.attnum > 0"""
CUT: LiteralString = "SELECT x, x::name::text FROM unnest(%s::text[]) x WHERE x::name::text <> x"
"""The server's own word for what it keeps of a name: how long one is depends on the database's encoding."""
_WRITTEN = re.compile(r"(?<=\")(?:[^\"\n]|\"\"){16,}(?=\")|[\w$]{16,}")
"""What may be a long name: of the longest, 16 characters of four bytes. Nearly no text has any, and is looked into no further."""


def warnings(
    loaded: Connection, owners: Mapping[ObjectId, str], declarations: Sequence[Declaration]
) -> Mapping[str, tuple[str, ...]]:
    """Warnings by owner, about a database with the declarations in it; what nobody is known to own is the first one's."""
    out: dict[str, list[str]] = defaultdict(list)
    anybody = next((d.owner for d in declarations), "")
    for schema, index, table_schema, table, key, other in loaded.execute(REPEATED).fetchall():
        oid = ObjectId("index", (schema, index))
        first = ObjectId(KEYS[key], (table_schema, table, other)) if key else ObjectId("index", (schema, other))
        out[owners.get(oid, anybody)].append(
            f"{oid} on table {table_schema}.{table} repeats {first}, which has an index on the same columns already; "
            "it costs writes and disk and serves no query; take it out"
        )
    for declaration in declarations:
        out[declaration.owner] += [*_cut(loaded, declaration), *_about_nothing(loaded, declaration)]
    return {owner: tuple(said) for owner, said in out.items() if said}


def _cut(loaded: Connection, declaration: Declaration) -> Iterator[str]:
    """A name that the server keeps only the beginning of would be another one to all who read the declaration."""
    places: dict[str, str] = {}
    with suppress(InvalidSpec):  # which is told as what it is
        places = dict(_long_names(declaration))
    for name, kept in loaded.execute(CUT, [[*places]]).fetchall() if places else ():
        yield (
            f"{places[name]}: the name {name} has {len(name.encode())} bytes, and the server cuts it to {kept}; "
            f"shorten it to {LONGEST_NAME} bytes, so that it is called as it is written"
        )


def _long_names(declaration: Declaration) -> Iterator[tuple[str, str]]:
    """What is written that may be longer than a name can be, with its place; the first place comes last."""
    spec = declaration.spec.model_dump_json() if declaration.spec is not None else ""
    if not any(map(_may_be_cut, (spec, *(source.text for source in declaration.sources)))):
        return
    for item in reversed([*items(declaration)]):
        for at, name in reversed([*identifiers(item.text)] if _may_be_cut(item.text) else ()):
            if len(name.encode()) > LONGEST_NAME:
                yield name, item.place(at + 1)


def _may_be_cut(text: str) -> bool:
    return any(len(found[0].encode()) > LONGEST_NAME for found in _WRITTEN.finditer(text))


def _about_nothing(loaded: Connection, declaration: Declaration) -> Iterator[str]:
    """What is said about the way of columns that are declared nowhere."""
    spec = declaration.spec
    for word, some in (("backfills", spec.backfills), ("conversions", spec.conversions)) if spec else ():
        for one in some:
            table = spec.placed(one.table)
            if loaded.execute(COLUMN, [table[0], table[1], one.column]).fetchone() is None:
                yield f"spec.{word}: column {'.'.join((*table, one.column))} is declared nowhere; correct the name, or take it out"
