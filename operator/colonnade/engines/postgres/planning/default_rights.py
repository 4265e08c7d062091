"""What default privileges give to an object that the way back makes again, and that did not have it.

https://www.postgresql.org/docs/current/sql-alterdefaultprivileges.html. On the way there another look finds such rights; a script that
is run by hand has to take them away itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.grants import Right
from colonnade.engines.postgres.statement import name, printed, q, text

SORTS = {
    **dict.fromkeys(("table", "foreign table", "view", "materialized view"), ("TABLES", "TABLE")),
    **dict.fromkeys(("function", "procedure", "aggregate"), ("ROUTINES", "ROUTINE")),
    **dict.fromkeys(("enum", "domain", "composite type", "range"), ("TYPES", "TYPE")),
    "sequence": ("SEQUENCES", "SEQUENCE"),
    "schema": ("SCHEMAS", "SCHEMA"),
}
"""What default privileges, and GRANT, call a kind."""


def undone(oid: ObjectId, old: Model, new: Model) -> Iterator[str]:
    """The statements that leave an object, just made again, without what the defaults of either model did to it.

    What it had itself is given after that. To take what it has not, or give what it has, does nothing.
    """
    sort, word = SORTS.get(oid.kind, ("", ""))
    given, taken = _defaults(sort, oid.name[0], old, new) if sort else (set[Right](), set[Right]())
    granted, revoked = _own(oid, old)
    subject = q("{} {}", printed(word), printed(_called(oid, old.objects[oid])))
    for who in sorted({who for who, *_ in given - granted}):
        yield text(q("REVOKE ALL ON {} FROM {}", subject, printed(who)))
    for who, what, *_ in sorted(taken - revoked):
        yield text(q("GRANT {} ON {} TO {}", printed(what), subject, printed(who)))


def _defaults(sort: str, schema: str, old: Model, new: Model) -> tuple[set[Right], set[Right]]:
    """What others get, and lose, than the role that makes the object: it is the owner by then, with rights of its own."""
    given, taken = set[Right](), set[Right]()
    for model in (old, new):
        for oid, spec in model.objects.items():
            if oid.kind == "default privileges" and oid.name[2] == sort and oid.name[1] in ("", schema):
                maker = (oid.name[0], text(name(oid.name[0])))
                given |= {r for r in spec.granted if r[0] not in maker}
                taken |= {r for r in spec.revoked if r[0] not in maker}
    return given, taken


def _own(oid: ObjectId, model: Model) -> tuple[set[Right], set[Right]]:
    specs: list[Any] = [
        s
        for o, s in model.objects.items()
        if o.kind == "privileges" and not s.columns and oid in model.parents.get(o, NOTHING)
    ]
    return {r for s in specs for r in s.granted}, {r for s in specs for r in s.revoked}


def _called(oid: ObjectId, spec: Any) -> str:
    signature = getattr(spec, "arguments", None)
    if signature is None:
        return text(name(*oid.name))
    return text(q("{}({})", name(oid.name[0], spec.function), printed(signature)))
