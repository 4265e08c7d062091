"""What is made anew though nothing of it changes, for the sake of what does; what stands on it follows in the planner."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import NOT_VALID
from colonnade.engines.postgres.kinds.foreign_key import held_by_included
from colonnade.engines.postgres.planning import whole_rows
from colonnade.engines.postgres.planning.order import circles_of_keys
from colonnade.engines.postgres.planning.work import Work, is_type, kind_of
from colonnade.engines.postgres.rewriting import of_type, origins, remade
from colonnade.engines.postgres.rewriting.by_name import type_of
from colonnade.engines.postgres.rewriting.remade import below


def replace(work: Work, repartitioned: Collection[ObjectId]) -> None:
    """Let these be dropped and created, too; the wholes that are `repartitioned` as well."""
    for oid in {*_narrowed_within(work), *_cast_otherwise(work), *(o for o, _ in whole_rows.over_them(work))}:
        work.replace(oid)
    _around_parts(work)
    held = held_by_included(work.old, work.new, work.altered)
    for oid in circles_of_keys(work) | held | set(_losing_parts(work)):
        work.replace(oid)
    for oid in {o for o in origins.given_up(work) if o in work.old.objects and o in work.new.objects}:
        work.replace(oid)
    for oid in set(origins.made_anew(work)):
        work.replace(oid)
    types = {o for o in work.dropped & work.created if is_type(o)}
    anew = remade.made_anew(work.old, work.new, work.altered, types, work.users)
    for oid in {
        *anew,
        *_placed_by_what_goes(work),
        *of_type.made_anew(work, types),
        *_held_as_rows(work),
        *_typed_by_several(work),
        *repartitioned,
    }:
        work.replace(oid)
    if tables := {o for o in work.dropped & work.created if o.kind == "table"}:
        for oid in remade.with_them(work.old, work.new, tables):
            work.replace(oid)


def _narrowed_within(work: Work) -> Iterator[ObjectId]:
    """Domains that get narrower and that columns have inside of other types: the server asks only the rows of those that have it plainly."""
    old, new = work.old.objects, work.new.objects
    checks = (o for o in work.created if o.kind == "domain constraint" and not new[o].definition.endswith(NOT_VALID))
    narrower = {ObjectId("domain", o.name[:2]) for o in checks} - work.created
    narrower |= {o for o in work.altered if o.kind == "domain" and new[o].not_null and not old[o].not_null}
    yield from (o for o in narrower if _is_inside(o, work))


def _cast_otherwise(work: Work) -> Iterator[ObjectId]:
    """What says the same by a cast that is new, and is told the way that there was without it until it is made anew."""
    casts = {o for o in work.created if o.kind == "cast"}
    there = (o for o, needs in work.new.needs.items() if needs & casts and o in work.old.objects) if casts else ()
    yield from (o for o in there if not kind_of(o).holds_data or bool(getattr(work.old.objects[o], "generated", False)))


def _is_inside(domain: ObjectId, work: Work) -> bool:
    """Whether a column has it in arrays, rows or ranges, also by way of other domains."""
    seen: set[tuple[ObjectId, bool]] = set()
    todo = [(domain, False)]
    while todo:
        one, inside = todo.pop()
        for user in work.users.get(one, ()):
            spec = work.old.objects[user]
            within = inside or user.kind in ("composite type", "range") or _called(spec).endswith("[]")
            if user.kind == "column" and one.kind == "table" and type_of(spec.type, work.old)[0] != one:
                continue
            if user.kind == "column" and (within or one.kind == "table"):
                return True
            if is_type(user) and (user, within) not in seen:
                seen.add((user, within))
                todo.append((user, within))
    return False


def _called(spec: Any) -> str:
    return getattr(spec, "type", "") or getattr(spec, "base", "")


def _held_as_rows(work: Work) -> Iterator[ObjectId]:
    """Tables whose rows are written anew, for a column that gets another type or that the server computes, while columns of others
    hold such rows: the server does that to no such table."""
    old, new = work.old.objects, work.new.objects
    written = [o for o in work.altered if o.kind == "column" and old[o].type != new[o].type]
    written += [o for o in work.created if o.kind == "column" and (new[o].generated == "s" or new[o].identity)]
    tables = {ObjectId("table", o.name[:2]) for o in written} & old.keys() & new.keys()
    yield from (t for t in tables if _is_inside(t, work))


def _typed_by_several(work: Work) -> Iterator[ObjectId]:
    """Children that have a column from several parents which all give it another type, and those below: the server changes the column
    of none while another has it as it was. What comes from one parent of them all changes with that."""
    old, new = work.old.objects, work.new.objects
    retyped = [o for o in work.altered if o.kind == "column" and old[o].type != new[o].type and old[o].inherited]
    shared = (o.name[:2] for o in retyped if len(set(_first_above(o, work))) > 1)
    todo = [place for place in (ObjectId("inheritance", table) for table in shared) if place in new]
    for place in todo:
        yield ObjectId("table", place.name)
        todo += (c for c in work.old_children.get(place.name, ()) if c in new and c not in todo)


def _first_above(column: ObjectId, work: Work) -> Iterator[ObjectId]:
    """The columns that this one comes from in the end, of parents that stay such."""
    was, now = (m.objects.get(ObjectId("inheritance", column.name[:2])) for m in (work.old, work.new))
    stay = [p for p in was.parents if p in now.parents] if was and now else []
    above = [c for c in (ObjectId("column", (*p, column.name[2])) for p in stay) if c in work.old.objects]
    for one in above:
        yield from _first_above(one, work)
    if not above:
        yield column


def _placed_by_what_goes(work: Work) -> Iterator[ObjectId]:
    """Tables whose partition key calls a routine that goes, if only for another of the same name: a key is never changed."""
    for routine in (o for o in work.dropped if kind_of(o).space == "routine"):
        tables = (u for u in work.users.get(routine, ()) if u.kind == "table" and u in work.new.objects)
        yield from (t for t in tables if work.old.objects[t].partition_key)


def _around_parts(work: Work) -> None:
    for oid in set(_numbered_from_above(work)):
        work.replace(oid)
    for oid in set(_referring_to_parts(work)):
        work.replace(oid)


def _numbered_from_above(work: Work) -> Iterator[ObjectId]:
    """The places below a part that is there and comes to a whole with an identity column: they come after it, to be given that as well."""
    new = work.new.objects
    identities = {o.name[:2] for o, s in new.items() if o.kind == "column" and s.identity}
    places = [o for o in work.created if o.kind == "inheritance" and new[o].bound] if work.version >= 170000 else []
    for place in places:
        table = ObjectId("table", place.name)
        if table not in work.created and new[place].parents[0] in identities:
            parts = (ObjectId("inheritance", part.name) for part in below(work.new, table))
            yield from (part for part in parts if part in work.old.objects)


def _referring_to_parts(work: Work) -> Iterator[ObjectId]:
    """Foreign keys to wholes of which a part gets another bound, or another place near or far: it leaves them for a moment, and with
    rows that are referred to by way of them the server lets none go."""
    for place in (o for o in work.dropped if o.kind == "inheritance"):
        wholes = {*work.wholes_of(place)}.intersection(work.wholes_of(place, work.new))
        keys = {*work.taken_for_such(place), *(key for whole in wholes for key in work.referring.get(whole, ()))}
        yield from (key for key in keys if key in work.new.objects)


def _losing_parts(work: Work) -> Iterator[ObjectId]:
    """Indexes of wholes that lose, or get another, index of a part that stays: the server never takes one from the other."""
    for oid in work.dropped:
        spec = work.old.objects[oid]
        if oid.kind != "index attachment":
            continue
        part, whole = spec.tables
        index = ObjectId("index", spec.parent)  # that of a key is none of its own
        stays = (
            ObjectId("inheritance", part) not in work.dropped
            and index in work.old.objects
            and index in work.new.objects
        )
        if (
            stays
            and not {ObjectId("table", part), ObjectId("table", whole), ObjectId("index", spec.parent)} & work.dropped
        ):
            yield ObjectId("index", spec.parent)
