"""How columns are found in the catalogs, with what Postgres 18 says of their NOT NULL constraints.

https://www.postgresql.org/docs/current/catalog-pg-attribute.html
"""

from __future__ import annotations

from typing import LiteralString

from colonnade.engines.postgres.catalog import SUCCESSORS

NAMED: LiteralString = """
  CASE WHEN nn.oid IS NULL OR rtrim(nn.conname::text, '0123456789') = format('%s_%s_not_null', c.relname, a.attname)
    OR nn.conislocal IS NOT TRUE OR octet_length(format('%s_%s_not_null', c.relname, a.attname)) > 63 OR nn.coninhcount > 0
    THEN '' ELSE nn.conname::text END AS not_null_name, coalesce(nn.conname::text, '') AS not_null_called,
  c.relispartition OR nn.conislocal IS NOT FALSE AS not_null_local, coalesce(nn.coninhcount > 0, false) AS not_null_inherited,
  coalesce(nn.connoinherit, false) AS not_null_no_inherit, coalesce(nn.convalidated, true) AS not_null_valid,"""
UNNAMED: LiteralString = """
  '' AS not_null_name, '' AS not_null_called, true AS not_null_local, false AS not_null_inherited, false AS not_null_no_inherit, true AS not_null_valid,"""
CONSTRAINT: LiteralString = """
LEFT JOIN pg_constraint nn ON nn.contype = 'n' AND nn.conrelid = a.attrelid AND nn.conkey[1] = a.attnum"""

BEFORE: LiteralString = """
SELECT a.attrelid AS oid, a.attnum::int AS sub, a.attrelid AS rel, ARRAY[n.nspname, c.relname, a.attname] AS name,
  format_type(a.atttypid, a.atttypmod) AS type,
  CASE WHEN a.attcollation <> t.typcollation THEN
    (SELECT format('%I.%I', x.nspname, k.collname) FROM pg_collation k JOIN pg_namespace x ON x.oid = k.collnamespace
     WHERE k.oid = a.attcollation) END AS collation,
  a.attnotnull AS not_null,"""
AFTER: LiteralString = """
  CASE WHEN {identity} THEN a.attidentity::text ELSE '' END AS identity,
  CASE WHEN {identity} THEN (SELECT ARRAY[sn.nspname, sc.relname, format_type(s.seqtypid, NULL), s.seqstart::text,
      s.seqincrement::text, s.seqmin::text, s.seqmax::text, s.seqcache::text, CASE WHEN s.seqcycle THEN 'CYCLE' ELSE 'NO CYCLE' END]
    FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class sc ON sc.oid = s.seqrelid
    JOIN pg_namespace sn ON sn.oid = sc.relnamespace WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = a.attrelid
      AND d.refobjsubid = a.attnum AND d.classid = 'pg_class'::regclass AND d.deptype = 'i') ELSE '{}' END AS sequence,
  a.attgenerated::text AS generated,
  CASE WHEN a.attgenerated <> '' THEN (SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d
    WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum) END AS expression,
  CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN'
    WHEN 'x' THEN 'EXTENDED' END END AS storage,
  CASE t.typstorage WHEN 'p' THEN 'PLAIN' WHEN 'e' THEN 'EXTERNAL' WHEN 'm' THEN 'MAIN' ELSE 'EXTENDED' END AS usual_storage,
  CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END AS compression,
  coalesce(a.attstattarget, -1)::int AS statistics, coalesce(a.attoptions, '{}') AS options, coalesce(a.attfdwoptions, '{}') AS fdw_options,
  a.attislocal AS local, a.attinhcount > 0 AS inherited
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid"""
OWN: LiteralString = "a.attidentity <> ''"
"""Which columns have an identity with a sequence of their own; from 17 on a partition's columns have their parent's."""
OWN_UNLESS_PARTITION: LiteralString = "a.attidentity <> '' AND NOT c.relispartition"
WHICH: LiteralString = f"""
WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped AND a.attname NOT LIKE 'colonnade\\_quarantine\\_%'
  AND a.attname !~ {SUCCESSORS}
  AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY n.nspname, c.relname, a.attnum"""


def query(version: int) -> LiteralString:
    """The query for this version; from 18 on NOT NULL is a constraint with a name."""
    named = version >= 180000
    after = AFTER.replace("{identity}", OWN_UNLESS_PARTITION if version >= 170000 else OWN)
    return BEFORE + (NAMED if named else UNNAMED) + after + (CONSTRAINT if named else "") + WHICH
