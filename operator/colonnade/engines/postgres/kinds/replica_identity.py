"""What logical replication knows a table's rows by, where it is not the primary key.

https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-REPLICA-IDENTITY
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, name, q, step

QUERY: LiteralString = f"""
SELECT c.oid, c.oid AS rel, ARRAY[n.nspname, c.relname] AS name, c.relreplident::text AS identity,
  CASE c.relreplident WHEN 'i' THEN (SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    WHERE i.indrelid = c.oid AND i.indisreplident) END AS index
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relreplident <> 'd' AND c.relpersistence <> 't' AND {USER_SCHEMA} ORDER BY 3"""


@dataclass(frozen=True)
class ReplicaIdentity:
    """f(ull), n(othing) or i(ndex), and then which: none where that index is gone, which is as good as nothing."""

    identity: str
    index: str | None


def needs(oid: ObjectId, spec: ReplicaIdentity) -> Iterable[ObjectId]:
    yield from target(oid, spec)
    if spec.index:
        yield ObjectId("index", (oid.name[0], spec.index))
        for kind in ("primary key", "unique", "exclusion"):
            yield ObjectId(kind, (*oid.name, spec.index))


def target(oid: ObjectId, spec: ReplicaIdentity) -> Iterable[ObjectId]:
    return ObjectId("table", oid.name), ObjectId("materialized view", oid.name)


def _set(oid: ObjectId, spec: ReplicaIdentity | None) -> Part:
    if spec is None:
        how = q("DEFAULT")
    elif spec.index:
        how = q("USING INDEX {}", name(spec.index))
    else:
        how = q("FULL") if spec.identity == "f" else q("NOTHING")
    return q("ALTER TABLE ONLY {} REPLICA IDENTITY {}", name(*oid.name), how)


def _risk(oid: ObjectId, context: Context) -> tuple[Hazard, ...]:
    if context.is_fresh(oid.name):
        return ()
    return (hazard(BREAKS_CLIENTS, f"table {'.'.join(oid.name)}", "by subscribing to it"),)


def create(oid: ObjectId, spec: ReplicaIdentity, context: Context) -> Steps:
    yield step(oid, _set(oid, spec), hazards=_risk(oid, context), undo=_set(oid, None))


def alter(oid: ObjectId, old: ReplicaIdentity, new: ReplicaIdentity, context: Context) -> Steps:
    yield step(oid, _set(oid, new), hazards=_risk(oid, context), undo=_set(oid, old))


def drop(oid: ObjectId, spec: ReplicaIdentity, context: Context) -> Steps:
    yield step(oid, _set(oid, None), hazards=_risk(oid, context), undo=_set(oid, spec))


KINDS = (
    PgKind(
        name="replica identity",
        catalog="",
        spec=ReplicaIdentity,
        query=QUERY,
        needs=needs,
        goes_with=target,
        create=create,
        alter=alter,
        drop=drop,
        rank=17,
    ),
)
