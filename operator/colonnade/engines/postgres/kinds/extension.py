"""Extensions. https://www.postgresql.org/docs/current/sql-createextension.html

A version that nobody asked for is the server's default when the extension is made and is left alone afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from colonnade.core.hazards import UPGRADES_EXTENSION, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import name, q, step, value

QUERY = """
SELECT e.oid, ARRAY[e.extname] AS name, n.nspname AS schema, e.extversion AS version, e.extrelocatable AS relocatable
FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace ORDER BY e.extname"""


@dataclass(frozen=True)
class Extension:
    """Where its objects live and which version of them."""

    schema: str
    version: str
    relocatable: bool


def create(oid: ObjectId, spec: Extension, context: Context) -> Steps:
    place = q(" SCHEMA {}", name(spec.schema)) if spec.schema != "pg_catalog" else q("")
    yield step(
        oid,
        q("CREATE EXTENSION {}{} VERSION {}", name(*oid.name), place, value(spec.version)),
        undo=q("DROP EXTENSION {}", name(*oid.name)),
    )


def alter(oid: ObjectId, old: Extension, new: Extension, context: Context) -> Steps | None:
    if old.schema != new.schema and not old.relocatable:
        return None
    return _in_place(oid, old, new)


def _in_place(oid: ObjectId, old: Extension, new: Extension) -> Steps:
    if old.schema != new.schema:
        yield step(
            oid,
            q("ALTER EXTENSION {} SET SCHEMA {}", name(*oid.name), name(new.schema)),
            undo=q("ALTER EXTENSION {} SET SCHEMA {}", name(*oid.name), name(old.schema)),
        )
    if old.version != new.version:
        yield step(
            oid,
            q("ALTER EXTENSION {} UPDATE TO {}", name(*oid.name), value(new.version)),
            hazards=(hazard(UPGRADES_EXTENSION, oid),),
            undo="extensions have no downgrade scripts as a rule",
        )


def drop(oid: ObjectId, spec: Extension, context: Context) -> Steps:
    yield step(
        oid,
        q("DROP EXTENSION {}", name(*oid.name)),
    )


KINDS = (
    PgKind(
        name="extension",
        catalog="pg_extension",
        spec=Extension,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=1,
    ),
)
