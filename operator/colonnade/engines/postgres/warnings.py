"""What a declaration may hold and its author would rather know: an index that repeats another."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines import Declaration
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
    return {owner: tuple(said) for owner, said in out.items()}
