"""What the declarations come to together: compiled, linted, rehearsed, and each object with one owner.

A declaration that cannot be used is left out with its error, and so are two that declare the same object; what they
owned stays as it is, and nobody else may take it meanwhile.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from colonnade.core.errors import ColonnadeError, Conflict, InvalidSpec
from colonnade.core.kind import ObjectId
from colonnade.engines import Declaration, Desired
from colonnade.engines.mongodb import normalise
from colonnade.engines.mongodb.compile import CompiledCollection, compile_schema
from colonnade.engines.mongodb.kinds import with_family
from colonnade.engines.mongodb.lint_index import indexes, lint_indexes, lint_view, repeated
from colonnade.engines.mongodb.records import Ledger
from colonnade.engines.mongodb.rehearse import Rehearsal
from colonnade.engines.mongodb.statement import text
from colonnade.engines.mongodb.tasks import Task, tasks
from colonnade.resources.mongo_schema import MongoSchemaSpec


@dataclass(frozen=True)
class Wish:
    """One declaration that can be used."""

    owner: str
    collections: tuple[CompiledCollection, ...]
    renames: Mapping[str, str]
    tasks: tuple[Task, ...]

    @property
    def objects(self) -> Iterator[tuple[ObjectId, Any]]:
        for compiled in self.collections:
            yield from _objects(compiled)


@dataclass(frozen=True)
class MongoDesired(Desired):
    """Desired, and what only MongoDB has.

    `active` owners may own what they declare no more; `contested` are objects that several declare; `renames` collections
    that go on under another name; `tasks` documents to change.
    """

    active: frozenset[str] = frozenset()
    contested: Mapping[ObjectId, frozenset[str]] = field(default_factory=dict[ObjectId, frozenset[str]])
    compiled: Mapping[str, CompiledCollection] = field(default_factory=dict[str, CompiledCollection])
    renames: Mapping[str, str] = field(default_factory=dict[str, str])
    tasks: tuple[Task, ...] = ()

    @property
    def going(self) -> frozenset[str]:
        """The owners that nothing is wrong with."""
        return self.active - set(self.errors)

    def blame(self, errors: Mapping[str, ColonnadeError]) -> None:
        """What was found wrong with some declarations is told of them, and the others go on.

        Raises the error where no other is left, where it is nobody's, and where the database is seen as a whole.
        """
        for owner, error in errors.items():
            if self.whole or owner not in self.active or self.active <= {*self.errors, *errors}:
                raise error
        cast("dict[str, ColonnadeError]", self.errors).update(errors)

    def without_errors(self) -> MongoDesired:
        """What the declarations want that nothing is wrong with."""
        mine = {oid: owner for oid, owner in self.owners.items() if owner in self.going}
        names = {oid.name[0] for oid in mine}
        compiled = {name: one for name, one in self.compiled.items() if name in names}
        return replace(self, model=self.model.only(lambda oid: oid in mine), owners=mine, compiled=compiled)


def desire(
    declarations: Sequence[Declaration], ledger: Ledger, rehearsal: Rehearsal, *, whole: bool = False
) -> MongoDesired:
    """All that is declared, and the errors of what cannot be used."""
    wishes, errors = _understood(declarations)
    claims = _claims(wishes)
    errors |= {owner: error for wish in wishes if (error := _contested(owner := wish.owner, claims)) is not None}
    errors |= _frozen([wish for wish in wishes if wish.owner not in errors], ledger, errors)
    usable = [wish for wish in wishes if wish.owner not in errors]
    errors |= rehearsal.rehearse([(wish.owner, compiled) for wish in usable for compiled in wish.collections])
    usable = [wish for wish in usable if wish.owner not in errors]
    return MongoDesired(
        model=with_family(dict(pair for wish in usable for pair in wish.objects)),
        owners={oid: wish.owner for wish in usable for oid, _ in wish.objects},
        digest=_digest(wishes, whole),
        errors={owner: error.about(owner) for owner, error in errors.items()},
        warnings={
            wish.owner: told for wish in usable if (told := tuple(w for c in wish.collections for w in repeated(c)))
        },
        whole=whole,
        active=frozenset(wish.owner for wish in usable),
        contested={oid: owners for oid, owners in claims.items() if len(owners) > 1},
        compiled={compiled.name: compiled for wish in usable for compiled in wish.collections},
        renames={old: new for wish in usable for old, new in wish.renames.items()},
        tasks=tuple(task for wish in usable for task in wish.tasks),
    )


def _understood(declarations: Sequence[Declaration]) -> tuple[list[Wish], dict[str, ColonnadeError]]:
    wishes, errors = [], dict[str, ColonnadeError]()
    for declaration in declarations:
        try:
            wishes.append(_wish(declaration.owner, declaration.spec))
        except InvalidSpec as error:
            errors[declaration.owner] = error
    return wishes, errors


def _wish(owner: str, spec: MongoSchemaSpec) -> Wish:
    """Raises InvalidSpec with everything that is wrong."""
    compiled = compile_schema(spec)
    if problems := [problem for one in compiled for problem in (*lint_indexes(one), *lint_view(one))]:
        raise InvalidSpec("\n".join(problems))
    names = {rename.from_: rename.to for rename in spec.renames if rename.kind == "Collection"}
    declared = {one.name for one in compiled}
    for old, new in names.items():
        if new not in declared or old in declared:
            raise InvalidSpec(
                f"spec.renames: the collection {old} is to go on as {new}, so {new} has to be declared and {old} must not"
            )
    for task in (wanted := tasks(spec)):
        if task.collection not in declared:
            raise InvalidSpec(
                f"collection {task.collection} has a rename or backfill of its field {task.field} and is not declared; "
                "declare it, or take that out"
            )
    return Wish(owner, tuple(compiled), names, wanted)


def _objects(compiled: CompiledCollection) -> Iterator[tuple[ObjectId, Any]]:
    name, options = compiled.name, compiled.options
    if "viewOn" in options:
        yield ObjectId("view", (name,)), normalise.view(options)
        return
    yield ObjectId("collection", (name,)), normalise.collection(name, options)
    if (rule := normalise.validator(options, direct=compiled.direct)) is not None:
        yield ObjectId("validator", (name,)), rule
    for index in indexes(compiled):
        yield ObjectId("index", (name, index.name)), index


def _claims(wishes: Iterable[Wish]) -> dict[ObjectId, frozenset[str]]:
    """Who declares which collection or view; what belongs to one goes with it."""
    found: dict[ObjectId, set[str]] = {}
    for wish in wishes:
        for compiled in wish.collections:
            found.setdefault(ObjectId("collection", (compiled.name,)), set()).add(wish.owner)
    return {oid: frozenset(owners) for oid, owners in found.items()}


def _contested(owner: str, claims: Mapping[ObjectId, frozenset[str]]) -> Conflict | None:
    for oid, owners in claims.items():
        if owner in owners and len(owners) > 1:
            others = ", ".join(sorted(owners - {owner}))
            return Conflict(
                f"{oid} is declared by {others} too; take it out of one of them. It is left as it is until then"
            )
    return None


def _frozen(wishes: Iterable[Wish], ledger: Ledger, errors: Mapping[str, ColonnadeError]) -> dict[str, ColonnadeError]:
    """What a declaration with an error owned cannot be taken by another one."""
    found: dict[str, ColonnadeError] = {}
    for wish in wishes:
        for oid, _ in wish.objects:
            entry = ledger.get(oid)
            if entry is not None and entry.owner != wish.owner and entry.owner in errors:
                found[wish.owner] = Conflict(
                    f"{oid} belongs to {entry.owner}, which has an error and is left as it is; mend that one "
                    "first, or delete it"
                )
    return found


def _digest(wishes: Sequence[Wish], whole: bool) -> str:
    """The declarations' content: what is sent to the server, and whose it is."""
    facts = [
        [wish.owner, [[c.name, c.options, c.direct, [[i.document, i.allow_gap] for i in c.indexes]] for c in wish.collections],
         sorted(wish.renames.items()), [task.key for task in wish.tasks]]
        for wish in wishes
    ]  # fmt: skip
    return hashlib.sha256(text([whole, facts]).encode()).hexdigest()[:32]
