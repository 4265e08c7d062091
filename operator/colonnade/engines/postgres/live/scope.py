"""What of a live database resources speak for, and what they do not: the rest is told of and never touched."""

from __future__ import annotations

import fnmatch
from collections.abc import Collection, Container, Mapping
from dataclasses import dataclass

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.declared.normalise import PgDesired
from colonnade.engines.postgres.kind import RELATIONS
from colonnade.engines.postgres.rewriting.meanwhile import left_behind

FACETS = ("comment", "privileges", "default privileges")
"""What is said about an object: only what was declared once is compared."""


@dataclass(frozen=True)
class Scope:
    """The live model, the model it is to become (the unmanaged part as it is), and the objects that are spoken for."""

    live: Model
    wanted: Model
    managed: frozenset[ObjectId]

    @classmethod
    def of(cls, live: Model, desired: PgDesired, ledger: Mapping[ObjectId, str]) -> Scope:
        """By what is declared and what the ledger says was declared before."""
        if desired.whole:
            declared, managed = (
                dict(desired.model.objects),
                {o for o in live.objects if _told_of(o, desired.model.objects) and not _left_out(o, desired.unmanaged)},
            )
        else:
            declared = {o: s for o, s in desired.model.objects.items() if o in desired.owners}
            managed = _managed(live, declared, desired, ledger)
        gone = {o for o in managed if o not in declared}
        others = {
            o: s
            for o, s in live.objects.items()
            if o not in managed and o not in declared and not live.vanishes_with(o) & gone
        }
        needs = {
            **{o: live.needs.get(o, NOTHING) for o in others},
            **{o: desired.model.needs.get(o, NOTHING) for o in declared},
        }
        parents = {
            **{o: live.parents.get(o, NOTHING) for o in others},
            **{o: desired.model.parents.get(o, NOTHING) for o in declared},
        }
        return cls(live, Model({**declared, **others}, needs, parents), frozenset(managed | declared.keys()))

    @classmethod
    def without(cls, live: Model, gone: Collection[ObjectId]) -> Scope:
        """Everything as it is, but for these objects and what goes with them."""
        away = {o for o in live.objects if o in gone or live.vanishes_with(o) & set(gone)}
        away = {
            o
            for o in away
            if o.kind != "schema" or not any(x.name[0] == o.name[0] for x in live.objects if x not in away and x != o)
        }
        return cls(live, live.only(lambda o: o not in away), frozenset(away))

    def unmanaged(self) -> tuple[str, ...]:
        """What nobody speaks for, by name: only objects of their own, not parts of others."""
        parts = ("column", "default", "inheritance", "sequence owner", "index attachment", "schema", "owner", *FACETS)
        alone = (
            o
            for o in self.live.objects
            if o not in self.managed and o.kind not in parts and o != ObjectId("extension", ("plpgsql",))
        )
        return tuple(str(o) for o in alone if not self.live.vanishes_with(o))


def _managed(
    live: Model, declared: Mapping[ObjectId, object], desired: PgDesired, ledger: Mapping[ObjectId, str]
) -> set[ObjectId]:
    ours = {d.owner for d in desired.declarations} - desired.errors.keys()
    base = {o for o in live.objects if o in declared or ledger.get(o) in ours}
    base |= {o for o in live.objects if claimed(o, live, desired.claims)}
    tables = {o.name for o in declared if o.kind in RELATIONS}  # of others it may still be serving, and stays
    base |= {
        o
        for o, s in live.objects.items()
        if left_behind(o) and (s.table if o.kind == "index" else o.name[:2]) in tables
    }
    base |= {o for r in desired.wishes.renames for o in r.sources(live)}
    others = {o for o, owner in ledger.items() if owner not in ours and o not in declared}
    found = set(base)
    for oid in live.objects:
        if oid not in base and oid.kind not in FACETS and live.vanishes_with(oid) & base:
            found.add(oid)
    return {o for o in found - others if _told_of(o, declared) and not _left_out(o, desired.unmanaged)}


def _told_of(oid: ObjectId, declared: Container[ObjectId]) -> bool:
    """Whether it is compared at all: who owns what is not, where nobody says it."""
    return oid.kind != "owner" or oid in declared


def claimed(oid: ObjectId, live: Model, claims: Collection[str]) -> bool:
    """Whether the object is in one of these schemas, by itself or as a part of one that is."""
    if oid.name[0] not in claims or oid.kind in ("schema", "owner", "publication table", "publication schema", *FACETS):
        return False
    home = ObjectId("schema", oid.name[:1])
    return any(home in live.needs.get(o, NOTHING) for o in (oid, *live.vanishes_with(oid)))


def _left_out(oid: ObjectId, patterns: Collection[str]) -> bool:
    name = ".".join(oid.name)
    return any(fnmatch.fnmatchcase(name, p) or fnmatch.fnmatchcase(name, f"{p}.*") for p in patterns)
