"""Whether values change when their type does: what is known beforehand, and the question that tells of the rows that are there.

A value that is too long or too large the server refuses; here it is about those that it takes and quietly makes others of: digits,
fractions, spaces, spellings that go. https://www.postgresql.org/docs/current/datatype.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from colonnade.core.hazards import DROPS_GUARANTEE, NARROWS_DATA, Hazard, hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Confirm
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.rewriting.by_name import ByName, type_of
from colonnade.engines.postgres.statement import Part, joined, keys, name, printed, q, text
from colonnade.engines.postgres.types import FLOATS, INTEGERS, TEXTS, parts

OF_OBJECTS = re.compile(r"oid|reg[a-z]+")
"""Types of numbers without a sign: half of them are negative as an integer, and come back from it as they were."""
UNIQUE = ("primary key", "unique", "exclusion")
MOMENTS = (
    "timestamp without time zone", "timestamp with time zone", "time without time zone", "time with time zone", "interval",
)  # fmt: skip


def risks(oid: ObjectId, old: str, new: str, context: Context) -> tuple[Hazard, ...]:
    """The hazard that values of this column are not the same afterwards, with the questions that count them; none where they all are.

    On another server nothing is changed by it.
    """
    was, now = base_of(oid, old, context.old), base_of(oid, new, context.new)
    spelled = any(n.kind == "enum" for n in _types(oid, context.new))
    if context.is_foreign(oid.name):
        return ()
    if keeps(was, now, spelled=spelled):
        return (*_within(oid, old, new, context), *_bounded_otherwise(oid, new, context))
    told = hazard(NARROWS_DATA, oid, f"{old} to {new}" if old != new else f"{was} to {now}")
    if _in_a_zone(was) != _in_a_zone(now) and {parts(was).base, parts(now).base} <= {*MOMENTS, "date"}:
        zone = replace(told, message=f"{told.message}: the times are taken as they are in UTC")
        return (replace(zone, safe_way="declare a conversion that names the time zone: AT TIME ZONE 'Europe/Paris'"),)
    return (replace(told, asks=tuple(_questions(oid, was, now, context))),)


def _within(oid: ObjectId, old: str, new: str, context: Context) -> Iterator[Hazard]:
    """Of what is inside of rows of types, no row of this table is asked: that it can change is told."""
    leaves = ByName(context.old, context.new).leaves(old, new)
    other = sorted({(path, a, b) for path, a, b in leaves if path and not _reads(a, b, context)})
    if other:
        yield hazard(NARROWS_DATA, oid, ", ".join(f"its {path[1:]} from {a} to {b}" for path, a, b in other))


def _bounded_otherwise(oid: ObjectId, type_: str, context: Context) -> Iterator[Hazard]:
    """Where a range's own type stands in another order then, what lies between two bounds is other."""
    to, _ = type_of(type_, context.new)
    if to is None or to.kind != "range" or to not in context.old.objects:
        return
    was, now = (_ordered_by(m.objects[to].subtype, m) for m in (context.old, context.new))
    stay = set(was) & set(now)
    if [one for one in was if one in stay] != [one for one in now if one in stay]:
        told = hazard(NARROWS_DATA, oid, f"{to} is ordered otherwise, and other values lie between its bounds")
        filled = q("NOT pg_catalog.isempty({})", name(oid.name[2]))
        yield replace(told, asks=(text(_odd(oid, filled, context)),))


def _ordered_by(type_: str, model: Model) -> Sequence[str]:
    """The labels in whose order the values of this type are, where it is an enum."""
    declared, many = type_of(type_, model)
    if declared is not None and declared.kind == "domain" and not many:
        return _ordered_by(model.objects[declared].base, model)
    return model.objects[declared].labels if declared is not None and declared.kind == "enum" else ()


def _reads(old: str, new: str, context: Context) -> bool:
    to, _ = type_of(new, context.new)
    return keeps(old, new, spelled=to is not None and to.kind == "enum")


def confirms(oid: ObjectId, hazards: Iterable[Hazard]) -> tuple[Confirm, ...]:
    """What is to be asked again of those hazards, as the rows of the column's table may be others by then."""
    table = text(name(*oid.name[:2]))
    came = "since the plan was made values came in that do not come back as they were"
    return tuple(Confirm(h.asks, table, f"{h.message}: {came}") for h in hazards if h.asks)


def loosens(oid: ObjectId, old: str, new: str, context: Context) -> Iterator[Hazard]:
    """The hazard that what is to be unique goes by another likeness: of values that were the same to it, several may be there afterwards."""
    if not _folds(oid, old, context.old) or _folds(oid, new, context.new):
        return
    for one, needs in context.old.needs.items():
        if oid in needs and (one.kind in UNIQUE or (one.kind == "index" and context.old.objects[one].unique)):
            told = hazard(DROPS_GUARANTEE, one)
            yield replace(told, message=f"{one} no longer takes for the same what it did (such as 'A' and 'a')")


def _folds(oid: ObjectId, type_: str, model: Model) -> bool:
    """Whether values that differ are the same: by the type, or by a collation that is not deterministic."""
    needs = model.needs.get(oid, ())
    by_type = parts(base_of(oid, type_, model)).base.rpartition(".")[2] == "citext"
    return by_type or any(n.kind == "collation" and not model.objects[n].deterministic for n in needs)


def _in_a_zone(type_: str) -> bool:
    return "with time zone" in type_


def base_of(oid: ObjectId, type_: str, model: Model) -> str:
    """The type itself, or what the domain is made of that this column or domain has for it."""
    domain = next((n for n in model.needs.get(oid, ()) if n.kind == "domain"), None)
    if domain is None:
        return type_
    return base_of(domain, model.objects[domain].base, model) + ("[]" if type_.endswith("[]") else "")


def _types(oid: ObjectId, model: Model) -> Iterator[ObjectId]:
    """The types that the column is of, through domains."""
    for needed in model.needs.get(oid, ()):
        if needed.kind == "domain":
            yield from _types(needed, model)
        elif needed.kind != "table":
            yield needed


def keeps(old: str, new: str, *, spelled: bool = False) -> bool:
    """Whether every value of the old type that the new one takes is the same in it. Types are as format_type prints them.

    What is not known is none: then the rows are asked. `spelled` says that the new type keeps a text as it is or refuses it.
    """
    if old == new:
        return True
    if old.endswith("[]") and new.endswith("[]"):
        return keeps(old[:-2], new[:-2], spelled=spelled)
    (was, _, _, _), (now, size, _, _) = parts(old), parts(new)
    if now in TEXTS:
        return (now != "character" and size is None) or (was in (now, "character") and _kept(old) <= _kept(new))
    if spelled or now.rpartition(".")[2] == "citext":
        return True
    if was == now and was in MOMENTS:
        return _kept(old) <= _kept(new)
    return (was, now) == ("date", "timestamp without time zone") or _as_many_digits(old, new)


def _as_many_digits(old: str, new: str) -> bool:
    was, now = parts(old).base, parts(new).base
    if was in INTEGERS:
        least = {"real": 1, "double precision": 2}.get(now, 3)
        return (
            now in (*INTEGERS, *FLOATS, "numeric")
            and INTEGERS.index(was) < least
            and (now != "numeric" or _kept(new) >= 0)
        )
    if was == "numeric":
        return now == "numeric" and _kept(old) <= _kept(new)
    return (was, now) == FLOATS


def _kept(type_: str) -> float:
    """How much is kept of a value: of a text its length, of others the digits after the point."""
    base, size, scale, _ = parts(type_)
    return float("inf") if size is None else scale if base == "numeric" else size


def _questions(oid: ObjectId, was: str, now: str, context: Context) -> Iterator[str]:
    """Queries for the values that do not come back as they were; the server takes the first for which it has the casts.

    None where a type has another meaning until then.
    """
    if any(context.old.objects.get(n) != context.new.objects[n] for n in _types(oid, context.new)):
        return
    column, before = name(oid.name[2]), printed(was)
    if _loses_its_sign(was, now):
        yield text(_odd(oid, _wrapped(column, was), context))
        return
    for then in (q("{}::{}", column, printed(now)), q("{}::text::{}", column, printed(now))):
        shown = q("pg_catalog.format('%s', {})", then)
        for ways in ((q("{}::{}::text", then, before), shown), (shown,)):
            others = (q('{} IS DISTINCT FROM {}::text COLLATE "C"', way, column) for way in ways)
            yield text(_odd(oid, joined(" AND ", others), context))


def _loses_its_sign(was: str, now: str) -> bool:
    bases = [parts(t).base for t in (was, now)]
    return "integer" in bases and any(OF_OBJECTS.fullmatch(b) for b in bases)


def _wrapped(column: Part, type_: str) -> Part:
    many = q("[]") if type_.endswith("[]") else q("")
    return q("0 > {}({}::oid{}::integer{})", q("ANY ") if type_.endswith("[]") else q(""), column, many, many)


def _odd(oid: ObjectId, other: Part, context: Context) -> Part:
    column = name(oid.name[2])
    key = context.key_of(oid.name)
    if any(
        ObjectId("column", (*oid.name[:2], c)) in context.gone for c in key
    ):  # by when it is asked again it may not be there
        key = ()
    shown = q("{}, {}", keys(key), column)
    return q("SELECT {} FROM {} WHERE {} IS NOT NULL AND {}", shown, name(*oid.name[:2]), column, other)
