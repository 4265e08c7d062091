"""What stands in for a type that is new, or another by then, in the questions that the rows are asked before anything is done.

The server knows it only later: a domain is asked by what it is made of, an enum by its words, of which the order says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.rewriting.by_name import type_of
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, text, value
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


def in_their_order(one: Check, table: ObjectId, live: Model, wanted: Model) -> Check:
    """The question with the places of labels for the labels, where columns of the table are of enums in which these stand otherwise by then."""
    others = {o: live.objects.get(o) for o in wanted.objects if o.kind == "enum"}
    reordered = {o for o, was in others.items() if was is not None and was != wanted.objects[o]}
    columns = {o.name[2]: s.type for o, s in live.objects.items() if o.kind == "column" and o.name[:2] == table.name}
    of = {c: type_of(t, live) for c, t in columns.items()}
    labels = {c: wanted.objects[e].labels for c, (e, many) in of.items() if e and e in reordered and not many}
    if not labels:
        return one
    shown = listed([q("ctid"), q("tableoid"), *(_placed(c, labels.get(c)) for c in columns)])
    only, source = q(" FROM ONLY {} WHERE ", name(*table.name)), q(" FROM {} WHERE ", name(*table.name))

    def asked(query: str) -> str:
        for there in (text(only), text(source)):
            rows = text(q(" FROM (SELECT {}{}) AS t WHERE ", shown, printed(there.removesuffix(" WHERE "))))
            query = query.replace(there, rows, 1)
        for enum in reordered:
            query = _numbered(query, enum, wanted.objects[enum].labels)
        return query

    return replace(one, query=asked(one.query), count=asked(one.count))


def _placed(column: str, labels: Sequence[str] | None) -> Part:
    """The column, or the place of its label."""
    if labels is None:
        return name(column)
    known = listed(map(value, labels))
    return q("pg_catalog.array_position(ARRAY[{}]::text[], {}::text) AS {}", known, name(column), name(column))


def _numbered(query: str, enum: ObjectId, labels: Sequence[str]) -> str:
    literal = re.compile(rf'(?P<label>{QUOTED})::{_either(enum)}(?![\w$"])')
    return literal.sub(lambda m: str(labels.index(m["label"][1:-1].replace("''", "'")) + 1), query)


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
