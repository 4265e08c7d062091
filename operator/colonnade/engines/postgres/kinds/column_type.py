"""How a column gets another type: by the assignment cast where there is one, else by an explicit cast, else through text.

The assignment cast refuses a value that does not fit; an explicit one may cut it, so it comes second. Which one the server takes is
found out in the rehearsal. https://www.postgresql.org/docs/current/sql-createcast.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from colonnade.core.errors import Unsupported
from colonnade.core.hazards import DELETES_DATA, NARROWS_DATA, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Confirm, Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.rewriting import by_name
from colonnade.engines.postgres.rewriting.remade import other_name
from colonnade.engines.postgres.statement import Part, keys, name, printed, q, question, step, text, value, words
from colonnade.engines.postgres.told import copied, narrowing, unfit
from colonnade.engines.postgres.told.stumbled import told_by_row
from colonnade.engines.postgres.types import INTEGERS, TEXTS, parts

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.column import Column

TO_MEND = "mend the rows, or declare a conversion for them"
COPIED_BACK = "the change the other way round copies the rows back"


def retype(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    """ALTER COLUMN … TYPE, with the ways to try in the order of their safety. Raises Unsupported where a conversion leaves out a child's values."""
    _refuse_for_several_parents(oid, context)
    column = name(oid.name[2])
    start = q(
        "ALTER TABLE {} ALTER COLUMN {} TYPE {}{}",
        name(*oid.name[:2]),
        column,
        printed(new.type),
        q(" COLLATE {}", printed(new.collation)) if new.collation else q(""),
    )
    explicit: Part = q("{} USING {}::{}", start, column, printed(new.type))
    by_text: Part = q("{} USING {}::text::{}", start, column, printed(new.type))
    risk = (*narrowing.risks(oid, old.type, new.type, context), *narrowing.loosens(oid, old.type, new.type, context))
    if declared := context.conversions.get(oid):
        authors = f"it was {old.type}, and of a declared conversion only its author knows the reverse"
        told = (hazard(NARROWS_DATA, oid, f"{old.type} to {new.type}, by the conversion that is declared"),)
        yield step(oid, q("{} USING {}", start, printed(declared)), undo=authors, hazards=told)
        return
    ways = by_name.ByName(context.old, context.new)
    if ways.differs(old.type, new.type) and not context.is_foreign(oid.name):
        yield from _by_name(oid, old, new, context, start)
        return
    one_way = any(_shared(oid, context))
    some = "as far as the values allow" if risk or old.type != new.type else ""
    yield replace(
        step(oid, start, undo=COPIED_BACK if one_way else retyped_back(oid, old, new, context), hazards=risk),
        undo_note=COPIED_BACK if one_way else some,
        otherwise=(text(explicit), text(by_text)),
        checks=(*_fit(oid, old, new, context), *_merged(oid, context)),
        confirms=(*narrowing.confirms(oid, risk), *_as_it_was(oid, old, context)),
    )


def _as_it_was(oid: ObjectId, old: Column, context: Context) -> Iterator[Confirm]:
    """That the column still is of the type that the plan is made for: values of another could be cut."""
    if context.is_foreign(oid.name):
        return
    table = text(name(*oid.name[:2]))
    other = q(
        "SELECT pg_catalog.concat_ws(' ', 'it is', pg_catalog.format_type(a.atttypid, a.atttypmod)) FROM pg_catalog.pg_attribute a WHERE a.attrelid = {}::regclass AND a.attname = {} AND pg_catalog.format_type(a.atttypid, a.atttypmod) <> {}",
        value(table),
        value(oid.name[2]),
        value(old.type),
    )
    told = f"{oid} is about to get another type, and others have given it one since the plan was made"
    yield Confirm((text(other),), table, told, says=True)


def _merged(oid: ObjectId, context: Context) -> Iterator[Check]:
    """The questions whether values that are to be unique would be the same in the new type; what is built anew asks by itself."""
    for one, spec in context.new.objects.items():
        if one.kind in copied.UNIQUE and one not in context.fresh and oid in context.new.needs.get(one, ()):
            yield from copied.ASKED[one.kind](one, spec, context)


def moves_along(oid: ObjectId, old: Column, new: Column, context: Context) -> bool:
    """Whether its type only has another schema, to which the extension moves that it is of: the column has it by itself then."""
    if old.collation != new.collation:
        return False
    places, called = zip(*(s.type.rpartition(".")[::2] for s in (old, new)), strict=True)
    return called[0] == called[1] and any(_moves(n, places, context) for n in context.old.needs.get(oid, ()))


def _moves(oid: ObjectId, places: tuple[str, ...], context: Context) -> bool:
    """Whether this is an extension that moves from one of these schemas to the other, both as the server prints them."""
    specs = [m.objects.get(oid) for m in (context.old, context.new)] if oid.kind == "extension" else []
    stays = oid not in context.gone
    return stays and [p.strip('"') for p in places] == [s.schema for s in specs if s] and places[0] != places[1]


def _by_name(oid: ObjectId, old: Column, new: Column, context: Context, start: Part) -> Iterator[Step]:
    """Rows whose attributes are elsewhere, or others, in the new type: the text of a row does not tell which is which."""
    ways = by_name.ByName(context.old, context.new)
    lost = (hazard(DELETES_DATA, f"{oid}.{n}", f"{t} to none") for n, t in ways.lost(old.type, new.type))
    checks = (*by_name.fits(oid, context.key_of(oid.name), old.type, ways), *_fit(oid, old, new, context))
    back = way_back_by_name(oid, old, new, by_name.ByName(context.new, context.old))
    for one in by_name.retyped(oid, start, old.type, new.type, ways, _called_meanwhile(old.type, context)):
        yield one if one.undo_note else replace(one, hazards=tuple(lost), checks=checks, undo=back)


def _called_meanwhile(type_: str, context: Context) -> str:
    """What a type that is replaced is called until its columns have left it."""
    oid, many = by_name.type_of(type_, context.old)
    if oid is None or oid not in context.gone & context.fresh:
        return type_
    return text(name(oid.name[0], other_name(oid.name[1]))) + ("[]" if many else "")


def way_back_by_name(oid: ObjectId, old: Column, new: Column, ways: by_name.ByName) -> str:
    """The statements that take such a column back."""
    to, collation = ways.called(old.type), ways.called(old.collation or "")
    start = words(
        q("ALTER TABLE {} ALTER COLUMN {} TYPE {}", name(*oid.name[:2]), name(oid.name[2]), printed(to)),
        q("COLLATE {}", printed(collation)) if collation else None,
    )
    return ";\n".join(s.statement for s in by_name.retyped(oid, start, new.type, old.type, ways, new.type))


def _refuse_for_several_parents(oid: ObjectId, context: Context) -> None:
    """A conversion is said of this parent's values alone."""
    if shared := next(_shared(oid, context), None) if oid in context.conversions else None:
        child, other = (".".join(table) for table in shared)
        raise Unsupported(
            f"{oid} cannot get another type by a conversion while table {child} inherits it from {other}, too; declare that "
            f"{child} has no parents, then the types, then its parents again: three changes"
        )


def _shared(oid: ObjectId, context: Context) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The children that are made anew as they have the column from another parent, too, with that one."""
    for child in context.children(oid.name):
        place = context.new.objects.get(ObjectId("inheritance", child)) if context.is_remade(child) else None
        parents = place.parents if place else ()
        columns = ((p, ObjectId("column", (*p, oid.name[2]))) for p in parents if oid.name[:2] in parents)
        yield from ((child, p) for p, o in columns if p != oid.name[:2] and o in context.old.objects)


def retyped_back(oid: ObjectId, old: Column, new: Column, context: Context) -> Part:
    """The type that it had: by an explicit cast; between two types of users, which know none of each other, through text."""
    by_text = q("::text") if "." in old.type and "." in new.type else q("")
    return words(
        q("ALTER TABLE {} ALTER COLUMN {} TYPE {}", name(*oid.name[:2]), name(oid.name[2]), printed(old.type)),
        q("COLLATE {}", printed(old.collation)) if old.collation else None,
        None if context.is_foreign(oid.name) else q("USING {}{}::{}", name(oid.name[2]), by_text, printed(old.type)),
    )


def refers_still(old: str, new: str) -> bool:
    """Whether a foreign key stands while one of its two columns has the old type and the other has the new one."""
    was, now = parts(old)[0], parts(new)[0]
    return was == now or any(was in family and now in family for family in (INTEGERS, TEXTS))


def _fit(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Check]:
    """Whether every value is one of the new type, by how it is written, by the checks of domains, and by the cast.

    Where there is no cast, that is found out in the rehearsal.
    """
    if context.is_foreign(oid.name):
        return
    asked = old.type != new.type and _asked_as_text(old.type, new.type)
    shown, key = keys(context.key_of(oid.name)), context.key_of(oid.name)
    problem, remedy = f"{oid} is to be {new.type} and has values that are none", TO_MEND
    for odd, as_text in unfit.conditions(oid, old.type, new.type, context):
        rows = q("FROM {} WHERE {}", name(*oid.name[:2]), odd)
        told = replace(question(shown, rows, problem=problem, remedy=remedy), as_text=as_text and not asked)
        by_text = q("{}::text::{}", name(oid.name[2]), printed(new.type))
        yield told_by_row(told, oid.name, key, oid.name[2], by_text) if as_text else told
    computed = None if asked else unfit.computable(oid, old.type, new.type, context)
    if computed:
        rows = q("FROM {} WHERE pg_catalog.num_nulls({}) < 0", name(*oid.name[:2]), computed)
        told = question(shown, rows, problem=problem, remedy=remedy)
        yield told_by_row(told, oid.name, key, oid.name[2], computed)


def _asked_as_text(old: str, new: str) -> bool:
    """Whether what is written decides, though there is a cast: none of these rounds, and what is too long is no value."""
    was, now = (t.partition("(")[0] for t in (old, new))
    narrower = was in INTEGERS and now in INTEGERS and INTEGERS.index(now) < INTEGERS.index(was)
    bits = parts(old).base.startswith("bit") and parts(new).base.startswith("bit")
    sized = parts(new).size is not None and (bits or parts(new).base in TEXTS)
    return sized or was.removesuffix("[]") in TEXTS or narrower or (now == "numeric" and was in (*INTEGERS, now))
