"""Values of composite types go over to other composite types attribute by attribute, as these are called.

The text of a row has no names in it, and would be read by position. Where only names and places of attributes stay the same, the text
does. https://www.postgresql.org/docs/current/rowtypes.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.errors import Unsupported
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.kind import VIEWS
from colonnade.engines.postgres.statement import Part, keys, listed, name, printed, q, question, step, text, value

WITH_ATTRIBUTES = ("composite type", "table", "foreign table", *VIEWS)
KINDS = (*WITH_ATTRIBUTES, "domain", "range", "enum")
PRINTED = re.compile(r'(?P<schema>"(?:[^"]|"")+"|[^".\[]+)\.(?P<name>"(?:[^"]|"")+"|[^".\[]+)')
AWAY: LiteralString = "nothing to take back: it is there for one statement"


def type_of(type_: str, model: Model) -> tuple[ObjectId | None, bool]:
    """The declared type that the server prints so, and whether arrays of it are meant; None for those of the server itself."""
    bare = type_.partition(" COLLATE ")[0]
    called = qualified(bare.removesuffix("[]"))
    if not called:
        return None, type_.endswith("[]")
    there = (o for o in (ObjectId(kind, called) for kind in KINDS) if o in model.objects)
    return next(there, None) or _range_of(called, model), bare.endswith("[]")


def _range_of(multirange: tuple[str, str], model: Model) -> ObjectId | None:
    """The range that comes with this type."""
    ranges = (o for o, s in model.objects.items() if o.kind == "range" and s.multirange)
    return next((o for o in ranges if qualified(model.objects[o].multirange) == multirange), None)


def qualified(printed_: str) -> tuple[str, str] | None:
    """The schema and the name that the server prints so; None where it is one of its own."""
    found = PRINTED.fullmatch(printed_)
    return (_plain(found["schema"]), _plain(found["name"])) if found else None


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part


def attributes(oid: ObjectId, model: Model) -> dict[str, str]:
    """The attributes of a row of this type, in their order, with their types."""
    spec = model.objects[oid]
    if oid.kind == "composite type":
        return dict(spec.attributes())
    if oid.kind in VIEWS:
        return dict(zip(spec.columns, spec.types, strict=True))
    return {o.name[2]: s.type for o, s in model.objects.items() if o.kind == "column" and o.name[:2] == oid.name}


@dataclass(frozen=True)
class ByName:
    """From the types of one model to those of another; `called` says how a type of the other is called while the values go over."""

    old: Model
    new: Model
    called: Callable[[str], str] = str

    def differs(self, old: str, new: str) -> bool:
        """Whether values have attributes, near or far, that have another place, or are called otherwise."""
        (was, many), (now, as_many) = self._base(old, self.old), self._base(new, self.new)
        if many != as_many or was is None or now is None or (was.kind == "range" and was.kind == now.kind):
            return self._in_ranges(was, now)
        if was.kind not in WITH_ATTRIBUTES or now.kind not in WITH_ATTRIBUTES:
            return False
        before, after = attributes(was, self.old), attributes(now, self.new)
        if was != now and not before.keys() & after.keys():
            return False
        return tuple(before) != tuple(after) or any(self.differs(before[n], after[n]) for n in before)

    def _in_ranges(self, was: ObjectId | None, now: ObjectId | None) -> bool:
        """Never of ranges, whose values are ordered by the places of attributes. Raises Unsupported where these change."""
        if was and now and was.kind == now.kind == "range":
            subtypes = (m.objects[o].subtype for o, m in ((was, self.old), (now, self.new)))
            if self.differs(*subtypes):
                raise Unsupported(
                    f"{was} is of a type whose attributes change places, and what lies within it would change; "
                    "make a range of another name, and carry the values over by hand"
                )
        return False

    def _base(self, type_: str, model: Model) -> tuple[ObjectId | None, bool]:
        """Without the domains around it."""
        oid, many = type_of(type_, model)
        if oid is None or oid.kind != "domain":
            return oid, many
        base, inner = self._base(model.objects[oid].base, model)
        return (base, many or inner) if not (many and inner) else (None, True)

    def value(self, there: Part, old: str, new: str, depth: int = 0) -> Part:
        """The expression for a value of the new type."""
        new = new.partition(" COLLATE ")[0]
        if not self.differs(old, new):
            built_in = old == new and type_of(old, self.old)[0] is None
            return there if built_in else q("{}::text::{}", there, printed(self.called(new)))
        (was, many), (now, _) = self._base(old, self.old), self._base(new, self.new)
        assert was
        assert now
        if many:
            return self._array(there, old, new, depth)
        before, after = attributes(was, self.old), attributes(now, self.new)
        each = (
            self.value(q("({}).{}", there, name(n)), before[n], t, depth) if n in before else q("NULL")
            for n, t in after.items()
        )
        kept = q("ROW({})::{}", listed(each), printed(self.called(new)))
        return q("CASE WHEN {} IS NOT DISTINCT FROM NULL THEN NULL ELSE {} END", there, kept)

    def _array(self, there: Part, old: str, new: str, depth: int) -> Part:
        """Element by element; of one that has more dimensions, or begins elsewhere, the server cannot read the type."""
        i, to = name(f"colonnade_i{depth}"), printed(self.called(new))
        one = self.value(q("({})[{}]", there, i), self._element(old, self.old), self._element(new, self.new), depth + 1)
        return q(
            "CASE WHEN {} IS NULL THEN NULL WHEN {} THEN pg_catalog.array_dims({})::{} ELSE ARRAY(SELECT {} "
            "FROM pg_catalog.generate_subscripts({}, 1) AS {} ORDER BY {})::{} END",
            there, _odd(there), there, to, one, there, i, i, to,
        )  # fmt: skip

    def _element(self, type_: str, model: Model) -> str:
        """What the array's elements are, through domains."""
        while not type_.endswith("[]"):
            oid, _ = type_of(type_, model)
            assert oid
            type_ = model.objects[oid].base
        return type_[:-2]

    def are_arrays(self, old: str) -> bool:
        """Whether it is an array that is taken element by element."""
        return self._base(old, self.old)[1]

    def leaves(self, old: str, new: str, path: str = "") -> Iterator[tuple[str, str, str]]:
        """What values of both types are made of in the end, by the names of attributes: where it stands, its type, and the other one."""
        (was, many), (now, as_many) = self._base(old, self.old), self._base(new, self.new)
        if was and now and many == as_many and was.kind in WITH_ATTRIBUTES and now.kind in WITH_ATTRIBUTES:
            before, after = attributes(was, self.old), attributes(now, self.new)
            for attribute in before.keys() & after.keys():
                yield from self.leaves(before[attribute], after[attribute], f"{path}.{attribute}")
        elif was and now and was.kind == now.kind == "range" and many == as_many:
            yield from self.leaves(self.old.objects[was].subtype, self.new.objects[now].subtype, path)
        else:
            yield path, self._plain(old, self.old), self._plain(new, self.new)

    def _plain(self, type_: str, model: Model) -> str:
        """As the server prints it without the domains around it."""
        oid, many = type_of(type_, model)
        if oid is None or oid.kind != "domain":
            return type_
        return self._plain(model.objects[oid].base, model) + ("[]" if many else "")

    def lost(self, old: str, new: str) -> Iterator[tuple[str, str]]:
        """The attributes that have no place in the other type, with their types."""
        (was, _), (now, _) = self._base(old, self.old), self._base(new, self.new)
        if was and now and was != now and self.differs(old, new):
            after = attributes(now, self.new)
            yield from ((n, t) for n, t in attributes(was, self.old).items() if n not in after)


def _odd(there: Part) -> Part:
    return q("pg_catalog.array_ndims({}) > 1 OR pg_catalog.array_lower({}, 1) <> 1", there, there)


def retyped(oid: ObjectId, start: Part, old: str, new: str, ways: ByName, argument: str) -> Iterator[Step]:
    """The statements that alter a column so; `argument` is how its type is called meanwhile. The server wants no query there: it stands
    in a function."""
    column = name(oid.name[2])
    expression = ways.value(column, old, new)
    if "ARRAY(SELECT" not in text(expression):
        yield step(oid, q("{} USING {}", start, expression))
        return
    digest = hashlib.sha256(str(oid).encode()).hexdigest()[:12]
    function = name(oid.name[0], f"colonnade_over_{digest}")
    make = q(
        "CREATE FUNCTION {}({} {}) RETURNS {} LANGUAGE sql AS {}",
        function,
        column,
        printed(argument),
        printed(ways.called(new)),
        value(text(q("SELECT {}", expression))),
    )
    yield step(oid, make, undo=AWAY)
    yield step(oid, q("{} USING {}({})", start, function, column))
    yield step(oid, q("DROP FUNCTION {}({})", function, printed(argument)), undo=AWAY)


def fits(oid: ObjectId, key: tuple[str, ...], old: str, ways: ByName) -> tuple[Check, ...]:
    """Whether the arrays of a column are such as can be taken element by element."""
    if not ways.are_arrays(old):
        return ()
    odd = q("FROM {} WHERE {}", name(*oid.name[:2]), _odd(name(oid.name[2])))
    return (
        question(
            keys(key),
            odd,
            problem=f"{oid} is of rows whose attributes change places, and has arrays of several dimensions, or that do not begin at 1",
            remedy="mend the rows, or declare a conversion for them",
        ),
    )
