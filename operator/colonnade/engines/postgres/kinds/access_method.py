"""Table and index access methods that no extension brought. https://www.postgresql.org/docs/current/sql-create-access-method.html"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, name, printed, q, step

QUERY: LiteralString = f"""
SELECT a.oid, ARRAY[a.amname] AS name, a.amtype::text AS sort, a.amhandler::regproc::text AS handler
FROM pg_am a WHERE a.oid >= {FIRST_OF_USERS} ORDER BY 2"""


@dataclass(frozen=True)
class AccessMethod:
    """What it stores, i(ndexes) or t(ables), and the function that knows how."""

    sort: str
    handler: str


def _create(oid: ObjectId, spec: AccessMethod) -> Part:
    sort = q("INDEX") if spec.sort == "i" else q("TABLE")
    return q("CREATE ACCESS METHOD {} TYPE {} HANDLER {}", name(*oid.name), sort, printed(spec.handler))


def create(oid: ObjectId, spec: AccessMethod, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP ACCESS METHOD {}", name(*oid.name)))


def drop(oid: ObjectId, spec: AccessMethod, context: Context) -> Steps:
    yield step(oid, q("DROP ACCESS METHOD {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="access method",
        catalog="pg_am",
        spec=AccessMethod,
        query=QUERY,
        create=create,
        alter=never,
        drop=drop,
        rank=2,
    ),
)
