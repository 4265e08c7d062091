"""Column defaults, of tables and views. https://www.postgresql.org/docs/current/sql-altertable.html

A default is an object of its own, for it may need a sequence or a function that the table does not.
"""

from __future__ import annotations

from dataclasses import dataclass

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, name, printed, q, step

QUERY = """
SELECT d.oid, d.adrelid AS rel, ARRAY[n.nspname, c.relname, a.attname] AS name, pg_get_expr(d.adbin, d.adrelid) AS expression,
  c.relkind = 'v' AS of_view
FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
WHERE a.attgenerated = '' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'colonnade%' ORDER BY n.nspname, c.relname, a.attnum"""


@dataclass(frozen=True)
class Default:
    """The expression as the server prints it."""

    expression: str
    of_view: bool


def _column(oid: ObjectId, spec: Default) -> Part:
    relation = (
        q("ALTER VIEW {}", name(*oid.name[:2])) if spec.of_view else q("ALTER TABLE ONLY {}", name(*oid.name[:2]))
    )
    return q("{} ALTER COLUMN {}", relation, name(oid.name[2]))


def create(oid: ObjectId, spec: Default, context: Context) -> Steps:
    column = _column(oid, spec)
    yield step(oid, q("{} SET DEFAULT {}", column, printed(spec.expression)), undo=q("{} DROP DEFAULT", column))


def alter(oid: ObjectId, old: Default, new: Default, context: Context) -> Steps:
    column = _column(oid, new)
    yield step(
        oid,
        q("{} SET DEFAULT {}", column, printed(new.expression)),
        undo=q("{} SET DEFAULT {}", column, printed(old.expression)),
    )


def drop(oid: ObjectId, spec: Default, context: Context) -> Steps:
    column = _column(oid, spec)
    yield step(oid, q("{} DROP DEFAULT", column), undo=q("{} SET DEFAULT {}", column, printed(spec.expression)))


def column_of(oid: ObjectId, spec: Default) -> tuple[ObjectId, ...]:
    return (ObjectId("view", oid.name[:2]) if spec.of_view else ObjectId("column", oid.name),)


KINDS = (
    PgKind(
        name="default",
        catalog="pg_attrdef",
        spec=Default,
        query=QUERY,
        needs=column_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=8,
        foldable=True,
    ),
)
