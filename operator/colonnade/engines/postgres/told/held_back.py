"""What waits in quarantine is on no copy of the database, and yet holds back its types, and what its defaults and indexes call.

The server would say so only in the run, of names that nobody declared, and without a way out; of a domain's values, half way.
https://www.postgresql.org/docs/current/catalog-pg-depend.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import LiteralString

from colonnade.core.errors import Unsupported
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, keys, name, printed, q, question
from colonnade.engines.postgres.told.checks import Answer, answer

HELD_BACK = re.compile(
    r"^DROP |^ALTER TYPE .* (?:ALTER|DROP) ATTRIBUTE |^ALTER DOMAIN .* (?:VALIDATE|SET NOT NULL|ADD CONSTRAINT)"
)
"""What the server may refuse to do to what something that waits is of, or calls."""
PROVING = re.compile(r"^ALTER DOMAIN .* (?:VALIDATE|ADD CONSTRAINT)")
"""What it only refuses where the column has the type inside of another, or has values that do not fit."""
ADDED = re.compile(r'^ALTER DOMAIN .* ADD CONSTRAINT "(?:[^"]|"")+" CHECK (.*?)(?: NOT VALID)?$', re.DOTALL)
HOLDING: LiteralString = r"""
WITH RECURSIVE held AS (
  SELECT format('%s.%s', c.oid::regclass, a.attname) AS waits, n.nspname AS schema, c.relname AS "table", a.attname AS "column",
    a.atttypid AS type, false AS inside
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE (n.nspname LIKE 'colonnade\_quarantine\_%' OR a.attname LIKE 'colonnade\_quarantine\_%')
    AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'f', 'm')
  UNION SELECT h.waits, h.schema, h."table", h."column", x.type, x.inside OR h.inside
  FROM held h JOIN pg_type t ON t.oid = h.type CROSS JOIN LATERAL (
    SELECT t.typelem, true WHERE t.typelem <> 0 UNION ALL SELECT t.typbasetype, false WHERE t.typbasetype <> 0
    UNION ALL SELECT r.rngsubtype, true FROM pg_range r WHERE r.rngtypid = t.oid
    UNION ALL SELECT a.atttypid, true FROM pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  ) AS x (type, inside))
SELECT h.waits, CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' WHEN 'r' THEN 'range' ELSE 'composite type' END
  || ' ' || n.nspname || '.' || t.typname, h.schema, h."table", h."column", bool_or(h.inside)
FROM held h JOIN pg_type t ON t.oid = h.type JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname NOT LIKE 'pg\_%' AND t.typtype <> 'b' GROUP BY 1, 2, 3, 4, 5
UNION ALL SELECT DISTINCT h.waits, 'extension ' || e.extname, h.schema, h."table", h."column", true
FROM held h JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = h.type AND d.deptype = 'e'
JOIN pg_extension e ON e.oid = d.refobjid ORDER BY 1, 2, 3, 4, 5"""
"""Columns that wait, with every type that each is of, near or far, or the extension of that; whether it is so only inside of another."""
CALLING: LiteralString = r"""
WITH there AS (
  SELECT c.oid, coalesce(i.indrelid, c.oid)::regclass::text AS waits FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_index i ON i.indexrelid = c.oid WHERE n.nspname LIKE 'colonnade\_quarantine\_%'
), parts AS (
  SELECT waits, 'pg_class'::regclass AS class, oid FROM there
  UNION ALL SELECT waits, 'pg_attrdef'::regclass, a.oid FROM there JOIN pg_attrdef a ON a.adrelid = there.oid
  UNION ALL SELECT waits, 'pg_constraint'::regclass, k.oid FROM there JOIN pg_constraint k ON k.conrelid = there.oid
  UNION ALL SELECT waits, 'pg_trigger'::regclass, t.oid FROM there JOIN pg_trigger t ON t.tgrelid = there.oid
  UNION ALL SELECT waits, 'pg_policy'::regclass, p.oid FROM there JOIN pg_policy p ON p.polrelid = there.oid
), needs AS (
  SELECT p.waits, d.refclassid, d.refobjid FROM parts p JOIN pg_depend d ON d.classid = p.class AND d.objid = p.oid
  WHERE d.deptype IN ('n', 'a'))
SELECT DISTINCT n.waits, i.type || ' ' || i.identity FROM (
  SELECT * FROM needs UNION ALL SELECT n.waits, e.refclassid, e.refobjid FROM needs n
  JOIN pg_depend e ON e.classid = n.refclassid AND e.objid = n.refobjid AND e.deptype = 'e'
) AS n CROSS JOIN LATERAL pg_identify_object(n.refclassid, n.refobjid, 0) i
WHERE i.type IN ('function', 'extension', 'sequence', 'collation') ORDER BY 1, 2"""
"""Tables that wait, with what their defaults, checks, indexes, triggers and policies call, or the extension that it belongs to."""


def told(connection: Connection, steps: Sequence[Step]) -> list[Step]:
    """The steps, with the questions for values that wait. Raises Unsupported where what waits does not let one be done."""
    if not any(HELD_BACK.search(s.statement) for s in steps):
        return list(steps)
    asked = list(steps)
    for waits, subject, schema, table, column, inside in connection.execute(HOLDING).fetchall():
        for i, one in enumerate(asked):
            if HELD_BACK.search(one.statement) and _is_about(one, subject):
                if inside or not PROVING.search(one.statement):
                    raise _refused(subject, waits)
                checks = _violating(connection, one, waits, subject, name(schema, table), name(column))
                asked[i] = replace(one, checks=(*one.checks, *checks))
    gone = {s.subject for s in steps if s.statement.startswith("DROP ")}
    for waits, subject in connection.execute(CALLING).fetchall():
        if subject.replace('"', "") in gone:
            raise _refused(subject, waits)
    return asked


def _is_about(one: Step, subject: str) -> bool:
    kind, _, called = subject.partition(" ")
    return one.subject == subject or (kind == "domain" and one.subject.startswith(f"domain constraint {called}."))


def _refused(subject: str, waits: str) -> Unsupported:
    what = "needs it" if subject.startswith(("extension", "function", "sequence", "collation")) else "is of it"
    way_out = "restore it, drop it by hand, or wait until the quarantine is over, first"
    return Unsupported(f"{subject} cannot be changed: {waits} waits in quarantine and {what}; {way_out}")


def _violating(
    connection: Connection, one: Step, waits: str, subject: str, table: Part, column: Part
) -> Iterator[Check]:
    """The question for values that wait and that a new check refuses. Raises Unsupported where it refuses even none, as new rows have."""
    if not (added := ADDED.match(one.statement)):
        return
    none = q("(SELECT {} FROM {} LIMIT 0)", column, table)
    if answer(connection, _refusing(added[1], none)) is Answer.FOUND:
        raise _refused(subject, waits)
    yield question(
        keys(()),
        q("FROM {} WHERE EXISTS ({})", table, _refusing(added[1], column)),
        problem=f"{waits} waits in quarantine and has values that {one.subject} is to refuse",
        remedy="restore it and mend the rows, drop it by hand, or wait until the quarantine is over",
    )


def _refusing(condition: str, what: Part) -> Part:
    """A row where the condition, which calls what it is about VALUE, does not hold for this."""
    return q("SELECT FROM (SELECT {} AS value) AS v WHERE ({}) IS FALSE", what, printed(condition))
