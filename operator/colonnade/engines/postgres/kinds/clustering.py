"""The index by which a table's rows are put in order when someone asks for it. https://www.postgresql.org/docs/current/sql-cluster.html

It may be that of a key. A table has one such index, so that it belongs to the table: to choose another gives up the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import SUCCESSORS
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, name, q, step

QUERY = f"""
SELECT t.oid, t.oid AS rel, ARRAY[n.nspname, t.relname] AS name, c.relname::text AS index
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE i.indisclustered AND c.relname !~ {SUCCESSORS} AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""


@dataclass(frozen=True)
class Clustering:
    """The index, which is in the table's schema."""

    index: str


def index_of(oid: ObjectId, spec: Clustering) -> Iterable[ObjectId]:
    yield ObjectId("index", (oid.name[0], spec.index))
    for kind in ("primary key", "unique", "exclusion"):
        yield ObjectId(kind, (*oid.name, spec.index))


def _on(oid: ObjectId, spec: Clustering) -> Part:
    return q("ALTER TABLE {} CLUSTER ON {}", name(*oid.name), name(spec.index))


def _without(oid: ObjectId) -> Part:
    return q("ALTER TABLE {} SET WITHOUT CLUSTER", name(*oid.name))


def create(oid: ObjectId, spec: Clustering, context: Context) -> Steps:
    yield step(oid, _on(oid, spec), undo=_without(oid))


def alter(oid: ObjectId, old: Clustering, new: Clustering, context: Context) -> Steps:
    yield step(oid, _on(oid, new), undo=_on(oid, old))


def drop(oid: ObjectId, spec: Clustering, context: Context) -> Steps:
    yield step(oid, _without(oid), undo=_on(oid, spec))


KINDS = (
    PgKind(
        name="clustering",
        catalog="",
        spec=Clustering,
        query=QUERY,
        needs=index_of,
        create=create,
        alter=alter,
        drop=drop,
        rank=17,
    ),
)
