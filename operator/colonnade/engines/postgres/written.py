"""A live database written down as a declaration: what the planner would build it with, in words that a person would keep.

Nothing here knows how to write a statement: they are the steps from an empty database to the model that was read. What the YAML of a
resource can say is said there (see decompile.py) and the steps begin where it ends. Whether all of it comes to the live database
again is not promised here: whoever calls this plans what was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from colonnade.core.diff import diff
from colonnade.core.errors import InvalidSpec, Unsupported
from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines import Desired
from colonnade.engines.postgres.database import PostgresDatabase
from colonnade.engines.postgres.declared.normalise import Form, built, snapshot
from colonnade.engines.postgres.errors import translated
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.live.scope import FACETS, claimed
from colonnade.engines.postgres.planning import planner
from colonnade.engines.postgres.session import Connection

LISTED = 100
"""As many schemas as a resource may list; its SQL makes those beyond."""


@dataclass(frozen=True)
class Written:
    """The fields of a spec, the statements that go with them, and what cannot be declared, by name."""

    fields: Mapping[str, Any]
    statements: tuple[str, ...]
    beyond: tuple[str, ...]


Judge = Callable[[Mapping[str, Any], Sequence[str]], Desired | None]
"""What fields and statements come to when they are declared; None where they cannot be."""


@dataclass(frozen=True)
class _Read:
    """The part of the live model that is written down, that of an empty database, and the live one as it is built anew."""

    model: Model
    base: Model
    again: Form
    beyond: tuple[str, ...]
    schemas: tuple[str, ...]
    version: int
    quoted: Callable[[Iterable[str]], Mapping[str, str]] = field(repr=False)


def written(database: PostgresDatabase, schemas: Collection[str], judge: Judge | None) -> Written:
    """The database, or what is in some of its schemas; with a `judge`, in YAML as far as that goes.

    Raises InvalidSpec where the schemas cannot stand by themselves, Unsupported where the server does not take what it printed.
    """
    with translated(database.target.name):
        found = _read(database, schemas)
    fields: dict[str, Any] = {"schemas": list(found.schemas)}
    said: Collection[ObjectId] = ()
    if judge is not None:
        fields, said = _in_yaml(found, fields, judge)
    return Written(fields, tuple(_statements(found, said)), found.beyond)


def _read(database: PostgresDatabase, schemas: Collection[str]) -> _Read:
    live = snapshot(database.connection)
    room = database.scratch.trial if len(live.model.objects) < 5000 else database.scratch.database
    with room() as copy:
        base = read(copy)
        again = _anew(copy, live.model)
    beyond = tuple(d.identity for d in live.fingerprint.differences(again.fingerprint) if d.there is None)
    model = within(live.model, base, schemas) if schemas else live.model
    there = [o.name[0] for o in model.objects if o.kind == "schema"]
    listed = tuple(sorted(there, key=lambda name: (name != "public", name)))[:LISTED] or ("public",)
    version = database.connection.info.server_version
    return _Read(model, base, again, beyond, tuple(schemas) or listed, version, lambda names: _quoted(database, names))


def _anew(copy: Connection, model: Model) -> Form:
    try:
        return built(copy, model)
    except psycopg.Error as error:
        statement = (getattr(error, "__notes__", None) or [""])[0]
        raise Unsupported(
            f"the live schema cannot be built anew from what the server tells of it: {error.diag.message_primary}: {statement[:160]}; "
            "write it down with pg_dump --schema-only, or leave its schema out with --schemas"
        ) from error


def within(model: Model, base: Model, schemas: Collection[str]) -> Model:
    """What is in these schemas, with what it needs of the database as a whole. Raises InvalidSpec where it needs other schemas."""
    known = {o.name[0] for o in model.objects if o.kind == "schema"}
    if unknown := [name for name in schemas if name not in known]:
        raise InvalidSpec(f"schema {unknown[0]} is not in the database; it has {', '.join(sorted(known)) or 'none'}")
    kept = {o for o in model.objects if claimed(o, model, schemas) or (o.kind == "schema" and o.name[0] in schemas)}
    kept |= _needed(kept, model, base)
    kept |= {o for o in model.objects if o.kind in FACETS and 0 < len(about := _about(o, model)) == len(about & kept)}
    return model.only(lambda o: o in kept)


def _about(oid: ObjectId, model: Model) -> frozenset[ObjectId]:
    return model.needs.get(oid, NOTHING) | model.parents.get(oid, NOTHING)


def _needed(kept: Collection[ObjectId], model: Model, base: Model) -> set[ObjectId]:
    found, todo = set[ObjectId](), list(kept)
    while todo:
        one = todo.pop()
        for need in sorted(_about(one, model) - found):
            if need in kept or need in base.objects:
                continue
            if not _of_the_whole(need, model):
                raise InvalidSpec(
                    f"{one} needs {need}, which is in none of the schemas asked for; name its schema, too, or leave out --schemas"
                )
            found.add(need)
            todo.append(need)
    return found


def _of_the_whole(oid: ObjectId, model: Model) -> bool:
    """Whether it belongs to the database rather than to one of its schemas; an extension brings its schema along."""
    if oid.kind in ("extension", "schema"):
        return True
    return not any(n.kind == "schema" for o in (oid, *model.vanishes_with(oid)) for n in model.needs.get(o, NOTHING))


# -- statements


def _statements(found: _Read, said: Collection[ObjectId]) -> Iterator[str]:
    """What builds the rest, once the schemas and what is `said` are there."""
    listed = {ObjectId("schema", (name,)) for name in found.schemas}
    there = {o: s for o, s in found.model.objects.items() if o in said or o in listed}
    old = Model({**found.base.objects, **there}, {**found.base.needs, **found.model.needs}, found.model.parents)
    partly = any(o not in found.model.objects for o in found.again.model.objects)
    new = Model({**found.base.objects, **found.model.objects}, old.needs, old.parents) if partly else found.model
    changes = diff(old, new)
    texts = [step.statement for step in planner.steps(old, new, changes, found.version, live=False)]
    yield from tidied(texts, found.quoted)


_PIECE = re.compile(
    r"""(?P<kept>(?<!\w)[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | (?<![\w$])\$(?P<tag>\w*)\$.*?\$(?P=tag)\$ | [uU]&"(?:[^"]|"")*")
    | (?P<quoted>"(?:[^"]|"")+") | (?P<blank>[ \t]+(?=\n))""",
    re.VERBOSE | re.DOTALL,
)
"""What may look otherwise in a statement, and what must not: texts and the bodies of routines."""


def tidied(texts: Iterable[str], quoted: Callable[[Iterable[str]], Mapping[str, str]]) -> Iterator[str]:
    """The statements with quotes only around names that need them, and no blanks at the ends of lines."""
    texts = list(texts)
    names = {m["quoted"][1:-1].replace('""', '"') for text in texts for m in _PIECE.finditer(text) if m["quoted"]}
    plain = quoted(names)

    def piece(found: re.Match[str]) -> str:
        if found["kept"]:
            return found["kept"]
        return plain[found["quoted"][1:-1].replace('""', '"')] if found["quoted"] else ""

    for text in texts:
        yield _PIECE.sub(
            piece, text.replace("CREATE OR REPLACE ", "CREATE ", 1) if text.startswith("CREATE") else text
        ).rstrip()


def _quoted(database: PostgresDatabase, names: Iterable[str]) -> Mapping[str, str]:
    """Each name as the server writes it."""
    asked = "SELECT n, pg_catalog.quote_ident(n) FROM pg_catalog.unnest(%s::pg_catalog.text[]) n"
    with translated(database.target.name):
        return dict(database.connection.execute(asked, [list(names)]).fetchall())


# -- YAML


def _in_yaml(found: _Read, fields: dict[str, Any], judge: Judge) -> tuple[dict[str, Any], Collection[ObjectId]]:
    """The fields, and the objects they speak for: all that come out of them as they are in the database."""
    from colonnade.engines.postgres.declared.decompile import Decompiled, decompiled

    left = set[ObjectId]()
    while True:
        told: Decompiled = decompiled(found.model, found.schemas, left)
        more = {**fields, **told.fields}
        desired = judge(more, list(_statements(found, told.units.keys())))
        odd = _odd(found, desired) if desired else set(told.units)
        if not (again := {told.units[o] for o in odd if o in told.units} - left):
            return more, told.units.keys()
        left |= again


def _odd(found: _Read, desired: Desired) -> set[ObjectId]:
    """The objects that did not come out as they are built otherwise."""
    wanted = {o: found.again.model.objects.get(o) for o in found.model.objects}
    there = desired.model.objects
    missing = {o for o, spec in wanted.items() if there.get(o) != spec}
    return missing | {o for o in there if o not in wanted and o not in found.base.objects}
