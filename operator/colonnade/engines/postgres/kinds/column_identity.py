"""Identity columns: what gives them their numbers, and changes of that. https://www.postgresql.org/docs/current/sql-altertable.html"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.rewriting.remade import other_name
from colonnade.engines.postgres.sequences import (
    NO_MEMORY,
    Options,
    at_least,
    begins_anew,
    beyond,
    moved_on,
    numbering,
    past_rows,
    position,
    rises,
)
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step, text, words

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.column import Column
    from colonnade.engines.postgres.kinds.sequence import Sequence


def identity(spec: Column, usual: str = "") -> Part:
    """With the name of its sequence, unless that is the `usual` one and free to be taken."""
    schema, seq = spec.sequence[:2]
    named = q("SEQUENCE NAME {}", name(schema, seq)) if seq != usual else None
    told = words(named, _counting(spec).unusual())
    when = q("ALWAYS") if spec.identity == "a" else q("BY DEFAULT")
    return q("GENERATED {} AS IDENTITY ({})" if text(told) else "GENERATED {} AS IDENTITY{}", when, told)


def _counting(spec: Column) -> Options:
    start, increment, low, high, cache = (int(number) for number in spec.sequence[3:8])
    return Options(spec.sequence[2], start, increment, low, high, cache, spec.sequence[8] == "CYCLE")


def identity_change(oid: ObjectId, old: Column, new: Column, context: Context) -> Iterator[Step]:
    column = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2]))
    if old.identity and not new.identity:
        yield from _given_up(oid, old, context)
    elif new.identity and not old.identity:
        yield step(oid, q("{} ADD {}", column, identity(new)), undo=q("{} DROP IDENTITY", column))
        yield _goes_on(oid, new, context)
    elif new.identity:
        if context.comes_with_a_parent(oid, old, new):
            yield from _of_its_type(oid, old, new)
        yield from _same(oid, old, new, column)


def _of_its_type(oid: ObjectId, old: Column, new: Column) -> Iterator[Step]:
    """The server takes the sequence along with the column's type, but not those of children."""
    if old.sequence[2] != new.sequence[2]:
        there, back = (
            q("ALTER SEQUENCE {} AS {}", name(*old.sequence[:2]), printed(s.sequence[2])) for s in (new, old)
        )
        yield step(oid, there, undo=back)


def _goes_on(oid: ObjectId, new: Column, context: Context) -> Step:
    """From where the sequence has got to that counted for the column; where there was none, from its highest value."""
    own, sequence = name(*new.sequence[:2]), numbering(oid, context.old)
    if sequence is None:
        return step(oid, past_rows(new.sequence[:2], [oid], _counting(new)), undo=NO_MEMORY)
    shared = sequence not in context.gone
    was = name(sequence.name[0], sequence.name[1] if shared else other_name(sequence.name[1]))
    back = (
        at_least(was, own, rising=rises(sequence, context.old))
        if shared
        else position(was, own, context.old.objects[sequence].options)
    )
    return step(oid, position(own, was, _counting(new)), undo=back)


def _given_up(oid: ObjectId, old: Column, context: Context) -> Iterator[Step]:
    """It is no identity any more. A new sequence that counts for it sees to that itself; one that is there goes on from the further place."""
    column, own = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2])), name(*old.sequence[:2])
    sequence = numbering(oid, context.new)
    if sequence is not None and sequence in context.fresh:
        return
    back: list[Part] = [q("{} ADD {}", column, identity(old))]
    if sequence is not None:
        there = name(*sequence.name)
        yield step(
            oid,
            at_least(there, own, rising=rises(sequence, context.new)),
            undo="nothing to take back: numbers that were given are given no more",
        )
        back.append(position(own, there, _counting(old)))
    yield step(oid, q("{} DROP IDENTITY", column), undo=joined(";\n", back))


def handed_over(oid: ObjectId, old: Column, sequence: ObjectId, spec: Sequence) -> tuple[list[Step], list[Step]]:
    """What comes before and after the new sequence that counts for what was an identity, and goes on from where that has got to."""
    column, own = q("ALTER TABLE {} ALTER COLUMN {}", name(*oid.name[:2]), name(oid.name[2])), old.sequence[:2]
    aside, before = own, []
    if own == sequence.name:
        aside = (own[0], other_name(own[1]))
        there, back = (
            q("ALTER SEQUENCE {} RENAME TO {}", name(*a), name(b)) for a, b in ((own, aside[1]), (aside, own[1]))
        )
        before = [step(oid, there, undo=back)]
    was, now = name(*aside), name(*sequence.name)
    again = identity(replace(old, sequence=(*aside, *old.sequence[2:])))
    return before, [
        step(oid, position(now, was, spec.options), undo=position(was, now, _counting(old))),
        step(oid, q("{} DROP IDENTITY", column), undo=q("{} ADD {}", column, again)),
    ]


def _same(oid: ObjectId, old: Column, new: Column, column: Part) -> Iterator[Step]:
    if old.sequence[1] != new.sequence[1]:
        yield step(
            oid,
            q("ALTER SEQUENCE {} RENAME TO {}", name(*old.sequence[:2]), name(new.sequence[1])),
            undo=q("ALTER SEQUENCE {} RENAME TO {}", name(old.sequence[0], new.sequence[1]), name(old.sequence[1])),
        )
    counting = new.sequence[:2], _counting(old), _counting(new)
    yield from moved_on(oid, *counting)
    if there := _options(old, new):
        anew, back = begins_anew(*counting[1:]), past_rows(new.sequence[:2], [oid], counting[1])
        undo = words(column, *_options(new, old), begins_anew(counting[2], counting[1]))
        change = step(oid, words(column, *there, anew), undo=joined("; ", [undo, back]) if anew else undo)
        yield replace(change, checks=beyond(oid, *counting))
        if anew:
            yield step(oid, past_rows(new.sequence[:2], [oid], counting[2]), undo=NO_MEMORY)


def _options(old: Column, new: Column) -> list[Part]:
    """What has to be set to come from one identity to the other."""
    kind = q("SET GENERATED ALWAYS") if new.identity == "a" else q("SET GENERATED BY DEFAULT")
    keys = (q("START WITH"), q("INCREMENT BY"), q("MINVALUE"), q("MAXVALUE"), q("CACHE"))
    parts: list[Part] = [kind] if old.identity != new.identity else []
    parts += [
        q("SET {} {}", k, printed(b))
        for k, a, b in zip(keys, old.sequence[3:8], new.sequence[3:8], strict=True)
        if a != b
    ]
    if old.sequence[8:] != new.sequence[8:]:
        parts.append(q("SET {}", printed(new.sequence[8])))
    return parts
