"""From a scope to rehearsed steps: plan on a copy, run there, read again, plan what is left, until the copy is what is wanted.

Whatever a statement brings along or takes with it shows in the copy, so the next round sees it; a plan is only offered once its own
rehearsal has ended in the wanted state by the fingerprint, which shares nothing with the planner.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby
from typing import Any

import psycopg

from colonnade.core.diff import Change, diff
from colonnade.core.errors import Unsupported
from colonnade.core.gate import Policy
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines import Progress
from colonnade.engines.postgres.declared.normalise import (
    ABOVE_US,
    EXPRESSIONS,
    Form,
    Normaliser,
    PgDesired,
    build,
    built,
    snapshot,
)
from colonnade.engines.postgres.declared.scratch import Scratch
from colonnade.engines.postgres.declared.unfilled import filled
from colonnade.engines.postgres.errors import Undone, forbidden, unreached
from colonnade.engines.postgres.kind import OWN_SCHEMAS, Wishes
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.fingerprint import Difference, Fingerprint
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.live.scope import FACETS, Scope
from colonnade.engines.postgres.live.strangers import is_ours, strangers
from colonnade.engines.postgres.planning import planner, quarantine, renames
from colonnade.engines.postgres.rewriting import remade
from colonnade.engines.postgres.rewriting.fallback import Tries
from colonnade.engines.postgres.rewriting.repartitioned import Repartitioned
from colonnade.engines.postgres.rewriting.rewrites import Rewrites
from colonnade.engines.postgres.rewriting.waiting import with_what_waits
from colonnade.engines.postgres.running import carried_along
from colonnade.engines.postgres.running.rehearse import Rehearsal, Size, sizes
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.told import compiled, fitting, held_back, losses, referred, stand_ins, to_owners

ROUNDS = 5
RELATION = re.compile(r"(?:table|table column|index|.* (?:on|for)) (.*)")
RELATED = ("table", "column", "index")


class Rehearsed:
    """One planning: the live scope, the wanted model in all its forms."""

    def __init__(
        self,
        live: Connection,
        scratch: Scratch,
        normaliser: Normaliser,
        policy: Policy,
        scope: Scope,
        desired: PgDesired,
    ) -> None:
        self.live, self.scratch, self.normaliser, self.policy, self.scope, self.desired = (
            live,
            scratch,
            normaliser,
            policy,
            scope,
            desired,
        )
        self.wishes = desired.wishes
        self.rewrites = Rewrites(scope.live, scope.wanted, live)
        self._again: Form | None = None
        self._copied: Model | None = None
        self._named = scope.live
        self._repartitioned = Repartitioned(live, scope.live, scope.wanted)

    @property
    def again(self) -> Form:
        """What is desired in its second form."""
        if self._again is None:
            self._again = self.normaliser.again(self.desired) if self.desired.key else self.desired.first
        return self._again

    def same(self, oid: ObjectId, old: Any, new: Any) -> bool:
        """Whether two specs are one in another printing."""
        if type(old) is not type(new):
            return False
        if oid not in self.desired.first.model.objects and (derived := planner.kind_of(oid).derived):
            old, new = (replace(spec, **dict.fromkeys(derived)) for spec in (old, new))
        olds = [old]
        if self._copied is not None and oid in self._copied.objects and oid in self.scope.live.objects:
            pair = (self.scope.live.objects[oid], self._copied.objects[oid])
            if old in pair:
                olds = list(pair)
        return new in olds or (oid in self.desired.first.model.objects and self.again.model.objects.get(oid) in olds)

    def changes(self, model: Model) -> tuple[Change, ...]:
        """What differs between this reading and what is wanted."""
        return diff(model, self.scope.wanted, self.same)

    def steps(self, progress: Progress) -> list[Step]:
        """The rehearsed steps; none where nothing differs. Raises Unsupported."""
        if not self.changes(self.scope.live):
            return []
        to_owners.refuse(self.scope.wanted)
        steps = self._first_tried(progress)
        repartitioned = self._repartitioned
        if wholes := repartitioned.crossed(steps):
            progress("rehearsing on a copy, with rows that go to other partitions", None)
            self.wishes = replace(self.wishes, repartitioned=self.wishes.repartitioned | wholes)
            with self.scratch.database() as copy:
                steps = self._on(copy)
        if not steps:
            return []
        steps = compiled.permitted(self.live, self._in_slices(steps, progress))
        steps = list(with_what_waits(self.live, repartitioned.confirmed(steps, self.wishes.repartitioned)))
        steps = referred.by_way_of_wholes(self._named, self.scope.wanted, steps)
        steps = stand_ins.told(self.live, steps, self.scope.live, self.scope.wanted)
        return losses.told(self.live, self.scope.live, held_back.told(self.live, steps))

    def _first_tried(self, progress: Progress) -> list[Step]:
        """The steps in place; what cannot be done so to a part of a whole is done by making the whole anew. Raises Unsupported."""
        progress("rehearsing on a copy", None)
        try:
            with self.scratch.database() as copy:
                return self._on(copy)
        except Undone as why:
            wholes = remade.wholes(self._named, self.scope.wanted, why.objects)
            if not wholes:
                raise
            progress("rehearsing on a copy, with partitioned tables made anew", None)
            self.wishes = replace(self.wishes, repartitioned=frozenset(wholes))
            with suppress(Unsupported), self.scratch.database() as copy:
                return self._on(copy)
            raise

    def _on(self, copy: Connection) -> list[Step]:
        empty = self.normaliser.empty(copy)
        bare = self.scope.live.objects == empty.objects
        if not bare:
            self._copied = self._marked(self._copy_in(copy, empty))
        self.wishes = self.rewrites.sound(copy, self.wishes)
        rehearsal = Rehearsal(copy, self._sizes(), self.policy.max_blocking)
        done = self._renamed(rehearsal, copy)
        model = self._read(copy) if done else self._copied or empty
        model = self._owned(self._marked(model))
        self._named = model if done else self.scope.live
        called = partial(renames.by_old_names, renames=self.wishes.renames)
        self._repartitioned = Repartitioned(self.live, self._named, self.scope.wanted, called)
        first: tuple[Change, ...] | None = None
        before, found, form = self.scope.live, None, None
        for _ in range(ROUNDS):
            changes = self.changes(model)
            first, before = (changes, model) if first is None else (first, before)
            if not changes:
                break
            made = list(renames.alike(changes, model)) or self._planned(copy, model, changes)
            if not made:
                break
            done += self._rehearse(rehearsal, made)
            found = self._read(copy)
            form = self._from_nothing(copy, found) if bare else None
            model = self._owned(found)
        form = form or snapshot(copy, found)
        self._must_be_met(form, done)
        self._repartitioned.see(copy)
        done = fitting.told(copy, self._named, self.scope.wanted, rehearsal.added_up(done))
        done = referred.by_name(copy, self._named, self.scope.wanted, done)
        return renames.suspected(done, first or (), before, self.scope.wanted)

    def _must_be_met(self, form: Form, done: Sequence[Step]) -> None:
        """Raises Undone where these steps do not bring about all that is wanted."""
        left = self.unlike(form.fingerprint, self._owned(form.model))
        if named := list(left):
            kept = any("colonnade_quarantine_" in s.statement for s in done)
            waits = "; columns that wait in quarantine may be what shows (policy.drops: Drop)" if kept else ""
            raise Undone(
                f"after the plan these would still differ: {'; '.join(named[:5])}{waits}; nothing was changed; "
                "take what is named out of the declaration, or change it by hand",
                list(self._meant(self._odd(form.fingerprint, form.model))),
            )

    def _planned(self, copy: Connection, model: Model, changes: Sequence[Change]) -> list[Step]:
        """The steps of one round; what comes along with them by itself is no change to plan."""
        wanted, wishes = self.scope.wanted, self.wishes
        changes = carried_along.left(copy, model, wanted, changes, wishes, self.same)
        version, quarantined = copy.info.server_version, self._quarantine()
        return planner.steps(model, wanted, changes, version, wishes, quarantine=quarantined)

    def _copy_in(self, copy: Connection, empty: Model) -> Model:
        """What the live schema comes to when it is built there. Raises Unsupported."""
        try:
            build(copy, self.scope.live, empty)
            return self._read(copy)
        except psycopg.Error as e:
            tried = "; ".join(getattr(e, "__notes__", ()))[:200]
            types = [s for s in strangers(self.live) if s.startswith(("base type", "shell type"))]
            of_c = f"; {', '.join(types)}: functions in C, which no catalog can tell anew" if types else ""
            raise Unsupported(
                f"a copy of the live schema cannot be made: {e.diag.message_primary}"
                f"{of_c}{unreached(e)}{tried and f'; it is tried with {tried}'}"
            ) from e

    def _read(self, copy: Connection) -> Model:
        return filled(read(copy), self.scope.live)

    def _from_nothing(self, copy: Connection, model: Model) -> Form:
        """What an empty database has become; where that is the second form, it need not be built again."""
        form = snapshot(copy, model)
        if self._again is None and model.objects.keys() == self.desired.first.model.objects.keys():
            self._again = self.normaliser.again_in(copy, self.desired, form)
        return form

    def _sizes(self) -> dict[str, Size]:
        """The live sizes, a renamed table's under its new name, too."""
        known = dict(sizes(self.live))
        for one in self.wishes.renames:
            old, new = ".".join(one.old), ".".join(one.new)
            if old in known:
                known[new] = known[old]
        return known

    def _marked(self, model: Model) -> Model:
        """What was cut short (an index that is not valid, a NOT NULL not yet, a view not filled) is whole on the copy: it is planned for as it is."""
        short = {o: s for o, s in self.scope.live.objects.items() if o in model.objects and _cut_short(s)}
        return replace(model, objects={**model.objects, **short}) if short else model

    def _owned(self, model: Model) -> Model:
        """What belongs to others on the live server, or only a superuser can make, and is not on the copy, is as it is there."""
        owned = {o: s for o, s in self.scope.live.objects.items() if _beyond_us(o)}
        if self._copied is None or not owned:
            return model
        missing = {o: s for o, s in owned.items() if o not in self._copied.objects and o not in model.objects}
        return replace(model, objects={**model.objects, **missing}) if missing else model

    def _renamed(self, rehearsal: Rehearsal, copy: Connection) -> list[Step]:
        """Tables before their columns, one by one: a column is named within its table as that is called by then."""
        done: list[Step] = []
        model = self._copied or self.scope.live
        for _, some in groupby(sorted(self.wishes.renames, key=lambda r: len(r.within)), lambda r: len(r.within)):
            for one in renames.due(some, model, self.scope.wanted):
                if made := list(renames.steps(model, [one])):
                    done += self._rehearse(rehearsal, made)
                    model = self._read(copy)
        return done

    def _quarantine(self) -> str | None:
        """The schema that dropped tables go to: named after what was there, so that the plan is the same each time it is made."""
        if self.policy.drops == "Drop":
            return None
        text = "\0".join([*(str(o) for o in self.scope.live.objects), *quarantine.places(self.live)])
        return "colonnade_quarantine_" + hashlib.sha256(text.encode()).hexdigest()[:8]

    def _rehearse(self, rehearsal: Rehearsal, made: list[Step]) -> list[Step]:
        try:
            return rehearsal.run(made)
        except psycopg.Error as e:
            if self.live.closed or rehearsal.copy.closed:
                raise
            objects = self._failed(rehearsal.last.subject) if rehearsal.last else ()
            statement = (getattr(e, "__notes__", None) or [""])[0]
            detail = f" ({e.diag.message_detail})" if e.diag.message_detail else ""
            refused = forbidden(e, self.live)
            way_out = f"; {refused}" if refused else unreached(e) or _needed_there(detail)
            raise Undone(
                f"a step of the plan does not work on a copy of the database: {e.diag.message_primary}{detail}: "
                f"{statement[:160]}{way_out}; nothing was changed",
                objects,
            ) from e

    def _failed(self, subject: str) -> set[ObjectId]:
        """What a step was about that failed, and what stands on that and goes: it may be there still, in quarantine."""
        old, new = self._named, self.scope.wanted
        found = {o for m in (old, new) for o in m.objects if str(o) == subject}
        going = {o: needs for o, needs in old.needs.items() if o not in new.objects}
        while further := {o for o, needs in going.items() if needs & found} - found:
            found |= further
        return found

    def _in_slices(self, steps: list[Step], progress: Progress) -> list[Step]:
        """Where a step would rewrite a large table, its rows are filled in slices instead, if that can be done."""
        before = self.wishes
        self.wishes = self.rewrites.avoided(steps, before)
        if self.wishes == before:
            return self.rewrites.told(steps)
        progress("rehearsing on a copy, with rows filled in slices", None)
        wishes = self.wishes
        tries = Tries(lambda columns: self._filled(wishes, columns))
        tables = [frozenset(g) for _, g in groupby(sorted(wishes.expansions), lambda o: o.name[:2])]
        if not tables:
            return self.rewrites.told(self._filled(wishes, frozenset()))
        tries.widen(frozenset(), tables)
        self.rewrites.reasons |= {str(o): why for o, why in tries.reasons.items()}
        if tries.steps is None and wishes.backfills != before.backfills:
            with suppress(Unsupported):
                tries.steps = self._filled(wishes, frozenset())
        return self.rewrites.told(steps if tries.steps is None else tries.steps)

    def _filled(self, wishes: Wishes, columns: frozenset[ObjectId]) -> list[Step]:
        """The steps where of all columns that could, just these change by a successor. Raises Unsupported."""
        self.wishes = replace(wishes, expansions={o: e for o, e in wishes.expansions.items() if o in columns})
        with self.scratch.database() as copy:
            return self._on(copy)

    def left(self, found: Fingerprint, model: Model) -> list[str]:
        """What in the live database is not as wanted, whichever way the server prints it."""
        named = list(self.unlike(found, model))
        return list(self.unlike(self._printed_anew(found), model)) if named else named

    def _printed_anew(self, found: Fingerprint) -> Fingerprint:
        """The live objects as they are built from what the server prints of them, where only the printing changes by that."""
        with self.scratch.database() as copy:
            try:
                form = built(copy, self.scope.live)
            except psycopg.Error:
                return found
            other = [d for d in found.differences(form.fingerprint) if d.here and d.there]
            here, there = (
                fingerprint.explain(c, [d.identity for d in other], leave_out=[OWN_SCHEMAS], owners=False)
                for c in (self.live, copy)
            )
        self._copied = form.model
        told = fingerprint.explained(other, here, there)
        anew = {d.identity: d.there for d in told if d.there and all(f.column in EXPRESSIONS for f in d.facts)}
        return Fingerprint({**found.objects, **anew})

    def unlike(self, found: Fingerprint, model: Model) -> Iterator[str]:
        """What in a database is not as wanted, by the fingerprint, object by object; what is too much in part, by the reader."""
        everything = self.desired.whole and not self.desired.unmanaged
        odd = self._odd(found, model)
        yield from (str(d) for d in odd)
        if not odd:
            left = (c for c in self.changes(model) if not everything or c.id.kind == "owner")
            yield from (f"{c.id} {'is too much' if c.new is None else 'differs'}" for c in left)

    def _odd(self, found: Fingerprint, model: Model) -> list[Difference]:
        everything = self.desired.whole and not self.desired.unmanaged
        counted = None if everything else self._spoken_for(model)
        odd = [d for d in found.differences(self.desired.first.fingerprint) if is_ours(d.identity, self.live)]
        odd = [d for d in odd if counted is None or d.identity in counted]
        if odd:
            second: Mapping[str, str] = self.again.fingerprint.objects if self.desired.key else {}
            odd = [d for d in odd if d.here is None or d.there is None or second.get(d.identity) != d.here]
        return odd

    def _meant(self, odd: Sequence[Difference]) -> Iterator[ObjectId]:
        """The relations and columns that these are, or stand on, by the fingerprint's names."""
        known = {".".join(o.name): o for m in (self._named, self.scope.wanted) for o in m.objects if o.kind in RELATED}
        for one in odd:
            found = RELATION.match(one.identity.replace('"', ""))
            if found and found[1] in known:
                yield known[found[1]]

    def _spoken_for(self, model: Model) -> set[str]:
        """The declared objects by the fingerprint's names; not what every database has, nor what others have commented or granted.

        A comment or privilege that nobody declared is not ours to compare, and stands in the same hash as its object: of such an
        object the reader judges alone.
        """
        base = (
            o
            for o in self.desired.model.objects
            if o not in self.desired.owners and o.kind in ("schema", "extension") and not self.desired.whole
        )
        facets = (o for o in model.objects if o.kind in FACETS and o not in self.scope.managed and len(o.name) == 2)
        others = {f"{o.kind} {'.'.join(o.name)}" for o in base} | {" ".join(o.name) for o in facets}
        return set(self.desired.first.fingerprint.objects) - others


def _beyond_us(oid: ObjectId) -> bool:
    """Whether it is what others own, or what a superuser makes, or something said of that."""
    return oid.kind == "owner" or oid.kind in ABOVE_US or (oid.kind in FACETS and oid.name[0] in ABOVE_US)


def _needed_there(detail: str) -> str:
    """What to do where what this plan puts into quarantine needs what does not go there with it."""
    if "colonnade_quarantine_" not in detail:
        return ""
    return "; what goes to quarantine needs it: let it go once that is over, or let nothing wait (policy.drops: Drop)"


def _cut_short(spec: Any) -> bool:
    return not all(getattr(spec, field, True) for field in ("valid", "not_null_valid", "populated"))
