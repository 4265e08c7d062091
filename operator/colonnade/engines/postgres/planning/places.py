"""What tables that become parts of a whole, stay ones or leave it, ask of the order: at that moment both have the same columns and keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property

from colonnade.core.kind import NOTHING, ObjectId
from colonnade.engines.postgres.kind import CONSTRAINTS
from colonnade.engines.postgres.planning.work import INDEXED, Act, Work


class Places:
    """The acts about the tables and indexes that have another place in the same plan."""

    def __init__(self, work: Work) -> None:
        self.work = work

    def leave(self, table: tuple[str, ...]) -> set[Act]:
        """Before a table changes, it leaves the whole that it does not stay a part of, and its own parts leave it."""
        return {
            Act("drop", o) for o in self._leaving.get(table, ()) if ObjectId("table", table) not in self.work.dropped
        }

    @cached_property
    def _leaving(self) -> Mapping[tuple[str, ...], list[ObjectId]]:
        found: dict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
        for oid in (o for o in self.work.dropped if o.kind == "inheritance"):
            if self.work.old.objects[oid].bound and not self.work.is_bounded_otherwise(oid):
                for table in (oid.name, *self.work.old.objects[oid].parents):
                    found[table].append(oid)
        return found

    @cached_property
    def changing(self) -> Mapping[tuple[str, ...], set[Act]]:
        """What is done to tables that stay before one becomes a part of another: it has the same columns by then as the whole, and
        nothing comes to it, or is asked of it, that goes in the same plan."""
        found: dict[tuple[str, ...], set[Act]] = defaultdict(set)
        work, tables = self.work, self.work.dropped | self.work.created
        columns = (("drop", work.dropped), ("alter", work.altered), ("create", work.created - work.inlined.keys()))
        acts = [Act(verb, o) for verb, ids in columns for o in ids if o.kind == "column"]
        for act in (*acts, *(Act("drop", o) for o in work.dropped - work.created if self._reaches_parts(o))):
            if (home := work.home(act.id, work.new if act.verb == "create" else work.old)) not in tables:
                found[home.name].add(act)
        return found

    def _reaches_parts(self, oid: ObjectId) -> bool:
        return oid.kind in ("trigger", *CONSTRAINTS) or (oid.kind == "index" and self.work.old.objects[oid].partitioned)

    @cached_property
    def parts(self) -> Mapping[ObjectId, set[ObjectId]]:
        """What comes before a place among partitions, or before the index or key of the whole, for the sake of the indexes of the parts.

        A place, and a key, takes those that are there; what is not, it makes at once, under a name that the server chooses.
        """
        found: dict[ObjectId, set[ObjectId]] = defaultdict(set)
        new, late = self.work.new, self.work.created - self.work.inlined.keys()
        for oid in (o for o in late if o.kind in INDEXED):
            part = new.objects.get(ObjectId("index attachment", (oid.name[0], oid.name[-1])))
            whole_keys = {w for w in new.parents.get(oid, NOTHING) if w.kind == oid.kind != "index"} & late
            for whole in whole_keys:
                found[whole].add(oid)
            if whole_keys or not part:
                continue
            if (whole := ObjectId("index", part.parent)) in late:
                found[whole].add(ObjectId("inheritance", part.tables[0]))
            else:  # an index that lacks parts does not count as one
                found[ObjectId("inheritance", part.tables[0])] |= {oid, *self._attached_below(oid)}
        return found

    def _attached_below(self, index: ObjectId) -> Iterator[ObjectId]:
        """What makes an index of parts whole: the places of the indexes below it, near and far."""
        for oid in self._attachments.get((index.name[0], index.name[-1]), ()):
            yield oid
            yield from self._attached_below(oid)

    @cached_property
    def _attachments(self) -> Mapping[tuple[str, str], list[ObjectId]]:
        found: dict[tuple[str, str], list[ObjectId]] = defaultdict(list)
        for oid in (o for o in self.work.created if o.kind == "index attachment"):
            found[self.work.new.objects[oid].parent].append(oid)
        return found
