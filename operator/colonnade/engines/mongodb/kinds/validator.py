"""Validators: the rules that documents are held to. https://www.mongodb.com/docs/manual/core/schema-validation/

`collMod` takes the collection exclusively, for a moment, and does not look at the documents that are there; so they are
counted first, and the rule climbs a ladder: warn and moderate (nothing is refused), error and moderate (documents that
break the rule already may still be updated), error and strict (only once no document breaks it: else updates of old
documents would fail).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from colonnade.core.errors import DataViolation
from colonnade.core.hazards import DROPS_GUARANTEE, TIGHTENS_RULE, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.mongodb.kind import Context, MongoKind, Steps
from colonnade.engines.mongodb.loosen import accepts_all_of, is_silent_about
from colonnade.engines.mongodb.statement import step, text

Rung = tuple[str, str]
WARN: Rung = ("moderate", "warn")
LENIENT: Rung = ("moderate", "error")
NONE: Mapping[str, Any] = {"validator": {}, "validationLevel": "strict", "validationAction": "error"}


@dataclass(frozen=True)
class Validator:
    """A query that documents must match, as a canonical text and as it was written, and how strictly they are held to
    it.
    """

    canonical: str
    level: str = "strict"
    action: str = "error"
    direct: bool = field(default=False, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False)

    @property
    def rung(self) -> Rung:
        return self.level, self.action

    @property
    def enforces(self) -> bool:
        """Whether some write can be refused."""
        return self.action == "error" and self.level != "off"

    @property
    def options(self) -> dict[str, Any]:
        """As `create` and `collMod` take it."""
        return self.at(self.rung)

    def at(self, rung: Rung) -> dict[str, Any]:
        """The same rule on another rung of the ladder."""
        return {"validator": self.raw, "validationLevel": rung[0], "validationAction": rung[1]}

    def waits(self, live: Validator) -> bool:
        """Whether `live` is this rule on a lower rung of its ladder."""
        on_ladder = live.rung == WARN or (live.rung == LENIENT and self.level == "strict")
        return (
            self.canonical == live.canonical
            and self.enforces
            and not self.direct
            and on_ladder
            and self.rung != live.rung
        )

    def keeps(self, old: Validator | None) -> bool:
        """Whether whatever `old` let through is let through still."""
        return (
            old is not None and old.enforces and (old.canonical == self.canonical or accepts_all_of(self.raw, old.raw))
        )


def create(oid: ObjectId, spec: Validator, context: Context) -> Steps:
    """A new collection is made with its validator, in one command."""
    return () if context.is_fresh(oid.name[0]) else tuple(_climb(oid, None, spec, context))


def alter(oid: ObjectId, old: Validator, new: Validator, context: Context) -> Steps | None:
    return tuple(_climb(oid, old, new, context))


def _climb(oid: ObjectId, old: Validator | None, new: Validator, context: Context) -> Steps:
    name = oid.name[0]
    if not new.enforces or context.empty(name):
        return [_step(oid, old, new, new.rung, _loosened(oid, old, new))]
    if new.keeps(old) and old is not None and _not_stricter(old, new):
        return [_step(oid, old, new, new.rung)]
    if new.direct and new.level == "moderate":
        return [_step(oid, old, new, new.rung, _tightened(oid, old, new))]
    found = context.evidence.violators(context.live(name), new.raw)
    if not found:
        return [_step(oid, old, new, new.rung, _tightened(oid, old, new), guarded=True)]
    if name in context.mended:
        return _around_changes(oid, old, new, context.mended[name])
    if new.direct:
        raise DataViolation(
            f"{oid}: {found.sample} break the rule that is declared, and rollout is Direct; mend them (see them all: "
            f"{all_violators(name, new)}), or set validation.rollout to Ladder. Nothing has been changed"
        )
    return _lower_rung(oid, old, new, context.evidence.stable(name, found.count) and not found.more)


def _not_stricter(old: Validator, new: Validator) -> bool:
    return new.level in (old.level, "moderate")


def _around_changes(oid: ObjectId, old: Validator | None, new: Validator, fields: frozenset[str]) -> Steps:
    """The documents are changed in this plan, and after it the rule is in force if none breaks it then.

    Meanwhile the old rule goes on where it says nothing of what is changed; else the new one warns, so that nothing refuses
    the change.
    """
    keeps = old is None or new.waits(old) or is_silent_about(old.raw, fields)
    first = [] if keeps else [_step(oid, old, new, WARN, _loosened(oid, old, new))]
    return [*first, _step(oid, old, new, new.rung, _tightened(oid, old, new), guarded=True)]


def _lower_rung(oid: ObjectId, old: Validator | None, new: Validator, stable: bool) -> Steps:
    if old is None or not new.waits(old):
        return [_step(oid, old, new, WARN, _loosened(oid, old, new))]
    if old.rung == WARN and stable:
        return [_step(oid, old, new, LENIENT, _tightened(oid, old, new))]
    return []


def _step(
    oid: ObjectId,
    old: Validator | None,
    new: Validator,
    rung: Rung,
    hazards: tuple[Hazard, ...] = (),
    *,
    guarded: bool = False,
) -> Step:
    name = oid.name[0]
    back = old.options if old is not None else NONE
    checks = [_none_left(name, new)] if guarded and rung[0] == "strict" else []
    return step(
        oid, {"collMod": name, **new.at(rung)}, undo={"collMod": name, **back}, hazards=hazards, checks=checks, lock="X"
    )


def _tightened(oid: ObjectId, old: Validator | None, new: Validator) -> tuple[Hazard, ...]:
    return () if new.keeps(old) else (hazard(TIGHTENS_RULE, oid),)


def _loosened(oid: ObjectId, old: Validator | None, new: Validator) -> tuple[Hazard, ...]:
    """A rule that was enforced and only warns now, or is another one that only warns."""
    if old is None or not old.enforces:
        return ()
    return (
        hazard(
            DROPS_GUARANTEE,
            oid,
            "the new rule only warns until all documents obey it" if new.enforces else "it only warns",
        ),
    )


def _breaking(new: Validator) -> dict[str, Any]:
    return {"$nor": [new.raw]}


def all_violators(name: str, new: Validator) -> str:
    """The command that shows every document that breaks the rule."""
    return f'db.getCollection("{name}").find({text(_breaking(new))})'


def _none_left(name: str, new: Validator) -> Check:
    return Check(
        query=text({"find": name, "filter": _breaking(new), "projection": {"_id": 1}, "limit": 5}),
        count=text({"count": name, "query": _breaking(new)}),
        problem=f"documents of collection {name} break the rule that is declared",
        remedy=f"mend them; see them all: {all_violators(name, new)}",
    )


def drop(oid: ObjectId, spec: Validator, context: Context) -> Steps:
    guards = [hazard(DROPS_GUARANTEE, oid)] if spec.enforces else []
    yield step(
        oid, {"collMod": oid.name[0], **NONE}, undo={"collMod": oid.name[0], **spec.options}, hazards=guards, lock="X"
    )


KINDS = (
    MongoKind(
        name="validator", spec=Validator, query={"listCollections": 1}, create=create, alter=alter, drop=drop, rank=2
    ),
)
