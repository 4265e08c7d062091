"""Foreign tables. https://www.postgresql.org/docs/current/sql-createforeigntable.html

Their columns, constraints, defaults and parents are those of any table. Their rows are elsewhere: nothing is lost when one is made
anew, and nothing is asked of the other side while a plan is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.generic_options import CLOSED_OF_TABLES, changed, given, shown
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.kinds.table import body, folded
from colonnade.engines.postgres.statement import Part, listed, name, q, step

QUERY: LiteralString = f"""
SELECT c.oid, ARRAY[n.nspname, c.relname] AS name, s.srvname::text AS server, {shown("f.ftoptions", CLOSED_OF_TABLES)} AS options
FROM pg_foreign_table f JOIN pg_class c ON c.oid = f.ftrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class ForeignTable:
    """Where its rows are."""

    server: str
    options: tuple[str, ...]


def _create(oid: ObjectId, spec: ForeignTable, context: Context) -> Part:
    inherits = context.new.objects.get(ObjectId("inheritance", oid.name))
    parents = () if inherits is None or inherits.bound else inherits.parents
    return q(
        "CREATE FOREIGN TABLE {} {}{} SERVER {}{}",
        name(*oid.name),
        body(folded(oid, context)),
        q(" INHERITS ({})", listed(name(*p) for p in parents)) if parents else q(""),
        name(spec.server),
        given(spec.options),
    )


def create(oid: ObjectId, spec: ForeignTable, context: Context) -> Steps:
    yield step(oid, _create(oid, spec, context), undo=q("DROP FOREIGN TABLE {}", name(*oid.name)))


def alter(oid: ObjectId, old: ForeignTable, new: ForeignTable, context: Context) -> Steps | None:
    return _in_place(oid, old, new) if old.server == new.server else None


def _in_place(oid: ObjectId, old: ForeignTable, new: ForeignTable) -> Iterator[Step]:
    there, back = (changed(a.options, b.options) for a, b in ((old, new), (new, old)))
    if there and back:
        table = q("ALTER FOREIGN TABLE {}", name(*oid.name))
        risk = (hazard(BREAKS_CLIENTS, oid),)
        yield step(oid, q("{} {}", table, there), hazards=risk, undo=q("{} {}", table, back))


def drop(oid: ObjectId, spec: ForeignTable, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(BREAKS_CLIENTS, oid),)
    yield step(oid, q("DROP FOREIGN TABLE {}", name(*oid.name)), hazards=risk)


KINDS = (
    PgKind(
        name="foreign table",
        catalog="pg_class",
        spec=ForeignTable,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=6,
        space="relation",
    ),
)
