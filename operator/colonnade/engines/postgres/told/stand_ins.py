"""What stands in for a type that is new, or another by then, in the questions that the rows are asked before anything is done.

The server knows it only later: a domain is asked by what it is made of, an enum by its words, of which the order says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.rewriting.by_name import type_of
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import name, text
from colonnade.engines.postgres.told.checks import understood

QUOTED = r"'(?:[^']|'')*'"
_ORDERS = re.compile(rf"{QUOTED}|<>|count\(\*\) > 1|(?P<order>[<>]|\b(?:min|max|greatest|least)\()", re.IGNORECASE)


def told(connection: Connection, steps: Iterable[Step], live: Model, wanted: Model) -> list[Step]:
    """The steps, with questions that can be asked; what the server does not understand with a stand-in stays as it was."""
    known = _known(live, wanted)
    if not known:
        return list(steps)
    casts = re.compile(rf"{QUOTED}|::(?P<type>{'|'.join(map(_either, sorted(known)))})(?![\w$\"])")

    def asked(query: str) -> str:
        orders = any(m["order"] for m in _ORDERS.finditer(query))

        def stands_in(found: re.Match[str]) -> str:
            if not found["type"]:
                return found[0]
            oid = next(o for o in known if re.fullmatch(_either(o), found["type"]))
            return found[0] if orders and oid.kind == "enum" else f"::{known[oid]}"

        return casts.sub(stands_in, query)

    def otherwise(one: Check) -> Check:
        other = replace(one, query=asked(one.query), count=asked(one.count), each=asked(one.each))
        return other if other != one and understood(connection, other) else one

    return [replace(s, checks=tuple(map(otherwise, s.checks))) for s in steps]


def _known(live: Model, wanted: Model) -> Mapping[ObjectId, str]:
    """Each such type with the one that stands in for it."""
    others = (o for o, s in wanted.objects.items() if o.kind in ("domain", "enum") and live.objects.get(o) != s)
    return {o: _made_of(o, live, wanted) for o in others}


def _made_of(oid: ObjectId, live: Model, wanted: Model) -> str:
    if oid.kind == "enum":
        return "text"
    base = wanted.objects[oid].base
    further, many = type_of(base, wanted)
    if (
        further is None
        or further.kind not in ("domain", "enum")
        or live.objects.get(further) == wanted.objects[further]
    ):
        return str(base)
    return _made_of(further, live, wanted) + ("[]" if many else "")


def _either(oid: ObjectId) -> str:
    """Its name, quoted or not."""
    return r"\.".join(rf"(?:{re.escape(part)}|{re.escape(text(name(part)))})" for part in oid.name)
