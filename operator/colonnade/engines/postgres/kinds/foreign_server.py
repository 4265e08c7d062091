"""Foreign data wrappers, servers and user mappings. https://www.postgresql.org/docs/current/ddl-foreign-data.html

Passwords and keys among their options are left alone: see generic_options.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, CHANGES_ACCESS, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.generic_options import changed, given, shown
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, name, printed, q, step, value, words

WRAPPERS: LiteralString = f"""
SELECT w.oid, ARRAY[w.fdwname] AS name, nullif(w.fdwhandler::regproc::text, '-') AS handler,
  nullif(w.fdwvalidator::regproc::text, '-') AS validator, {shown("w.fdwoptions")} AS options
FROM pg_foreign_data_wrapper w ORDER BY 2"""

SERVERS: LiteralString = f"""
SELECT s.oid, ARRAY[s.srvname] AS name, w.fdwname::text AS wrapper, s.srvtype AS type, s.srvversion AS version,
  {shown("s.srvoptions")} AS options
FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw ORDER BY 2"""

MAPPINGS: LiteralString = f"""
SELECT m.umid AS oid, ARRAY[CASE m.umuser WHEN 0 THEN '' ELSE m.usename END, m.srvname] AS name, {shown("m.umoptions")} AS options
FROM pg_user_mappings m ORDER BY 2"""


@dataclass(frozen=True)
class Wrapper:
    """The functions behind it, and its options."""

    handler: str | None
    validator: str | None
    options: tuple[str, ...]


@dataclass(frozen=True)
class Server:
    """Where the wrapper goes to."""

    wrapper: str
    type: str | None
    version: str | None
    options: tuple[str, ...]


@dataclass(frozen=True)
class Mapping:
    """Who goes there as whom: only what is no secret. The first part of its name is "" for everyone."""

    options: tuple[str, ...]


def _wrapper(oid: ObjectId) -> Part:
    return q("FOREIGN DATA WRAPPER {}", name(*oid.name))


def _create_wrapper(oid: ObjectId, spec: Wrapper) -> Part:
    return words(
        q("CREATE {}", _wrapper(oid)),
        q("HANDLER {}", printed(spec.handler)) if spec.handler else None,
        q("VALIDATOR {}{}", printed(spec.validator), given(spec.options)) if spec.validator else given(spec.options),
    )


def create_wrapper(oid: ObjectId, spec: Wrapper, context: Context) -> Steps:
    yield step(oid, _create_wrapper(oid, spec), undo=q("DROP {}", _wrapper(oid)))


def alter_wrapper(oid: ObjectId, old: Wrapper, new: Wrapper, context: Context) -> Steps:
    there, back = (q("ALTER {} {}", _wrapper(oid), _wrapper_change(a, b)) for a, b in ((old, new), (new, old)))
    yield step(oid, there, undo=back)


def _wrapper_change(old: Wrapper, new: Wrapper) -> Part:
    functions: tuple[tuple[LiteralString, str | None, str | None], ...] = (
        ("HANDLER", old.handler, new.handler),
        ("VALIDATOR", old.validator, new.validator),
    )
    return words(
        *(_function(clause, now) for clause, was, now in functions if was != now),
        changed(old.options, new.options),
    )


def _function(clause: LiteralString, function: str | None) -> Part:
    return q("{} {}", q(clause), printed(function)) if function else q("NO {}", q(clause))


def drop_wrapper(oid: ObjectId, spec: Wrapper, context: Context) -> Steps:
    yield step(oid, q("DROP {}", _wrapper(oid)))


def _create_server(oid: ObjectId, spec: Server) -> Part:
    return q(
        "CREATE SERVER {}{}{} FOREIGN DATA WRAPPER {}{}",
        name(*oid.name),
        q(" TYPE {}", value(spec.type)) if spec.type is not None else q(""),
        q(" VERSION {}", value(spec.version)) if spec.version is not None else q(""),
        name(spec.wrapper),
        given(spec.options),
    )


def create_server(oid: ObjectId, spec: Server, context: Context) -> Steps:
    yield step(oid, _create_server(oid, spec), undo=q("DROP SERVER {}", name(*oid.name)))


def alter_server(oid: ObjectId, old: Server, new: Server, context: Context) -> Steps | None:
    if (old.wrapper, old.type) != (new.wrapper, new.type):
        return None
    there, back = (q("ALTER SERVER {} {}", name(*oid.name), _server_change(a, b)) for a, b in ((old, new), (new, old)))
    return (step(oid, there, hazards=(hazard(BREAKS_CLIENTS, oid),), undo=back),)


def _server_change(old: Server, new: Server) -> Part:
    version = q("VERSION {}", value(new.version)) if old.version != new.version else None
    return words(version, changed(old.options, new.options))


def drop_server(oid: ObjectId, spec: Server, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(BREAKS_CLIENTS, oid),)
    yield step(oid, q("DROP SERVER {}", name(*oid.name)), hazards=risk)


def _mapping(oid: ObjectId) -> Part:
    user, server = oid.name
    return q("USER MAPPING FOR {} SERVER {}", name(user) if user else q("PUBLIC"), name(server))


def create_mapping(oid: ObjectId, spec: Mapping, context: Context) -> Steps:
    yield step(oid, q("CREATE {}{}", _mapping(oid), given(spec.options)), undo=q("DROP {}", _mapping(oid)))


def alter_mapping(oid: ObjectId, old: Mapping, new: Mapping, context: Context) -> Iterator[Step]:
    there, back = (changed(a.options, b.options) for a, b in ((old, new), (new, old)))
    if there and back:
        yield step(oid, q("ALTER {} {}", _mapping(oid), there), hazards=(hazard(CHANGES_ACCESS, oid),),
                   undo=q("ALTER {} {}", _mapping(oid), back))  # fmt: skip


def drop_mapping(oid: ObjectId, spec: Mapping, context: Context) -> Steps:
    yield step(oid, q("DROP {}", _mapping(oid)), hazards=(hazard(CHANGES_ACCESS, oid),),
               undo="the mapping can be made again, but for its secrets")  # fmt: skip


KINDS = (
    PgKind(
        name="foreign data wrapper",
        catalog="pg_foreign_data_wrapper",
        spec=Wrapper,
        query=WRAPPERS,
        create=create_wrapper,
        alter=alter_wrapper,
        drop=drop_wrapper,
        rank=3,
    ),
    PgKind(
        name="server",
        catalog="pg_foreign_server",
        spec=Server,
        query=SERVERS,
        create=create_server,
        alter=alter_server,
        drop=drop_server,
        rank=4,
    ),
    PgKind(
        name="user mapping",
        catalog="pg_user_mapping",
        spec=Mapping,
        query=MAPPINGS,
        create=create_mapping,
        alter=alter_mapping,
        drop=drop_mapping,
        rank=5,
    ),
)
