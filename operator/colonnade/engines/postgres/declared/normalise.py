"""What declarations come to on this server: loaded into a scratch database and read back by the reader that reads the live one.

Postgres prints an expression differently the second time it has been through it, and the same from then on. So everything desired is
kept in both forms: as it was loaded, and as it is once it was built from what the server printed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from itertools import groupby

import psycopg

from colonnade.core.diff import diff
from colonnade.core.errors import ColonnadeError, Unsupported
from colonnade.core.kind import Model
from colonnade.core.plan import Step
from colonnade.engines import Declaration, Desired
from colonnade.engines.postgres.declared.cache import Cache
from colonnade.engines.postgres.declared.load import BATCH
from colonnade.engines.postgres.declared.loading import Loading
from colonnade.engines.postgres.declared.scratch import Scratch
from colonnade.engines.postgres.declared.together import load_together
from colonnade.engines.postgres.declared.warnings import warnings
from colonnade.engines.postgres.declared.wishes import wishes
from colonnade.engines.postgres.errors import unreached
from colonnade.engines.postgres.kind import OWN_SCHEMAS, Wishes
from colonnade.engines.postgres.live import fingerprint
from colonnade.engines.postgres.live.fingerprint import Fingerprint
from colonnade.engines.postgres.live.part import Part
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.planning import planner
from colonnade.engines.postgres.session import SCRATCH, Connection, pin, run

EXPRESSIONS = (
    "conbin",
    "adbin",
    "indexprs",
    "indpred",
    "ev_action",
    "ev_qual",
    "polqual",
    "polwithcheck",
    "tgqual",
    "prosqlbody",
    "proargdefaults",
    "relpartbound",
    "partexprs",
    "prqual",
    "stxexprs",
    "typdefaultbin",
    "typdefault",
    "definition",
)
"""Catalog columns that hold expressions: only these may be printed differently the second time."""


ABOVE_US = ("extension", "event trigger", "foreign data wrapper")
"""What a superuser may have made: a copy can do without, unless something stands on it, which then fails by itself."""


@dataclass(frozen=True)
class Form:
    """A database as read and as fingerprinted."""

    model: Model
    fingerprint: Fingerprint


@dataclass(frozen=True)
class PgDesired(Desired):
    """Desired, with its fingerprint and its second form once somebody asked for it.

    Of a large database that is spoken for as a whole, the model and the form are those of the `part` (of the live database) that is
    not as it should be; `homes` and `fingerprint` are of all that is desired.
    """

    first: Form = field(default_factory=lambda: Form(Model({}), Fingerprint({})))
    wishes: Wishes = field(default_factory=Wishes)
    declarations: tuple[Declaration, ...] = ()
    unmanaged: tuple[str, ...] = ()
    key: str = ""
    fingerprint: str = ""
    part: Part | None = None
    homes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def by_fingerprint(self) -> bool:
        """Whether a database with the same fingerprint is what is desired: who owns what does not show in it."""
        return self.whole and not any(oid.kind == "owner" for oid in self.model.objects)

    @property
    def claims(self) -> frozenset[str]:
        """The schemas in which what is not declared is to be dropped."""
        return frozenset(claim for declaration in self.declarations for claim in declaration.claims)


def complete(blank: PgDesired, connection: Connection, model: Model | None = None) -> PgDesired:
    """Everything that is desired, read from a database that has it, or only fingerprinted where the `model` was read already."""
    form = snapshot(connection, model)
    return replace(blank, model=form.model, first=form, fingerprint=form.fingerprint.digest)


def snapshot(connection: Connection, model: Model | None = None) -> Form:
    """What is in this database, by both readers, or only by the second where the first has been there."""
    return Form(model or read(connection), fingerprint.read(connection, leave_out=[OWN_SCHEMAS], owners=False))


class Normaliser:
    """Turns declarations into Desired, and remembers."""

    def __init__(self, scratch: Scratch, cache: Cache, server: str) -> None:
        self.scratch, self.cache, self.server = scratch, cache, server
        self.loading = Loading(scratch, self.empty)

    def desire(self, declarations: Sequence[Declaration]) -> PgDesired:
        """What the declarations come to; those that cannot be used are set aside with their errors."""
        blank = self.blank(declarations)
        if isinstance(known := self.cache.get(blank.key), PgDesired):
            return known
        errors: dict[str, ColonnadeError] = {}
        found = self.loading.loaded(
            declarations,
            errors,
            lambda loaded: self._owned(complete(blank, loaded, self.loading.found), loaded),
            owned=True,
        )
        found = replace(found, errors=errors)
        if not errors:
            self.cache.put(blank.key, found)
        return found

    def _owned(self, desired: PgDesired, loaded: Connection) -> PgDesired:
        told = warnings(loaded, self.loading.owners, desired.declarations)
        return replace(desired, owners=self.loading.owners, warnings=told)

    def blank(self, declarations: Sequence[Declaration], *, whole: bool = False) -> PgDesired:
        """What is known of declarations before anything is loaded."""
        digest = self._digest(declarations, whole)
        return PgDesired(
            model=Model({}),
            owners={},
            digest=digest,
            whole=whole,
            wishes=wishes(declarations),
            declarations=tuple(declarations),
            unmanaged=tuple(p for d in declarations if d.spec for p in d.spec.unmanaged),
            key=hashlib.sha256(f"{self.server}\0{digest}".encode()).hexdigest(),
        )

    def _digest(self, declarations: Sequence[Declaration], whole: bool) -> str:
        whole_text = repr(
            [
                whole,
                *(
                    (d.owner, d.spec and d.spec.model_dump(), [(s.name, s.text) for s in d.sources], d.claims)
                    for d in declarations
                ),
            ]
        )
        return hashlib.sha256(whole_text.encode()).hexdigest()

    def empty(self, connection: Connection) -> Model:
        """What a scratch database holds before anything is put in: read in the first, the same in all."""
        key = hashlib.sha256(f"{self.server}\0empty".encode()).hexdigest()
        if not isinstance(known := self.cache.get(key), Model):
            known = read(connection)
            self.cache.put(key, known)
        return known

    def again(self, desired: PgDesired) -> Form:
        """The second form: built from what the server printed. Raises Unsupported where more than printing differs."""
        if known := self._known(desired):
            return known
        with self._room(desired) as connection:
            form = self._built_again(connection, desired.first.model)
            odd = self._more_than_printing(connection, desired, form)
        if odd:
            raise Unsupported(
                f"what is declared cannot be built from what the server tells of it: {'; '.join(odd[:5])}; take it out of the declaration"
            )
        return self._remembered(desired, form)

    def again_in(self, connection: Connection, desired: PgDesired, form: Form) -> Form | None:
        """The second form, where a rehearsal that began on an empty database has come to nothing else than that."""
        if known := self._known(desired):
            return known
        return None if self._more_than_printing(connection, desired, form) else self._remembered(desired, form)

    def _known(self, desired: PgDesired) -> Form | None:
        known = self.cache.get(desired.key + ":again") if desired.part is None else None
        return known if isinstance(known, Form) else None

    def _remembered(self, desired: PgDesired, again: Form) -> Form:
        if desired.part is None:
            self.cache.put(desired.key + ":again", again)
        return again

    def _built_again(self, connection: Connection, model: Model) -> Form:
        """Raises Unsupported where what is declared needs something that no kind knows, such as a base type."""
        try:
            return built(connection, model, self.empty(connection))
        except psycopg.Error as e:
            said = e.diag.message_primary or type(e).__name__
            remedy = unreached(e) or "; take what needs it out of the declaration"
            raise Unsupported(
                f"what is declared cannot be built from what the server tells of it: {said}{remedy}"
            ) from e

    def _room(self, desired: PgDesired) -> AbstractContextManager[Connection]:
        """A transaction will do, but for what needs more locks than one may hold."""
        return self.scratch.trial() if len(desired.model.objects) < 5000 else self.scratch.database()

    def _more_than_printing(self, connection: Connection, desired: PgDesired, form: Form) -> list[str]:
        """What differs from the first form of what is desired, in this database of the second, and not only because it is printed anew."""
        unlike = form.fingerprint.differences(desired.first.fingerprint)
        if not unlike:
            return []
        names = [d.identity for d in unlike if d.here is not None and d.there is not None]
        odd = [str(d) for d in unlike if d.here is None or d.there is None]
        here = fingerprint.explain(connection, names, leave_out=[OWN_SCHEMAS], owners=False)
        with self.scratch.database() as other:
            sound = [d for d in desired.declarations if d.owner not in desired.errors]
            for error in load_together(other, sound, lambda _: pin(other, **SCRATCH)).values():
                raise error
            there = fingerprint.explain(other, names, leave_out=[OWN_SCHEMAS], owners=False)
        for one in fingerprint.explained(unlike, here, there):
            odd += [f"{one.identity}: {f}" for f in one.facts if f.column not in EXPRESSIONS]
        return odd


def built(connection: Connection, model: Model, base: Model | None = None) -> Form:
    """The model, built in this empty database, which holds only the `base`, and what both readers say of it."""
    build(connection, model, base or read(connection))
    return snapshot(connection)


def build(connection: Connection, model: Model, base: Model) -> None:
    """Make the model in this empty database, which holds only the `base`."""
    steps = planner.steps(base, model, diff(base, model), connection.info.server_version, live=False)
    missing: set[str] = set()
    for owners, some in groupby(steps, lambda s: s.subject.startswith("owner ")):
        for step in some if owners else ():
            _given(connection, step)
        _made(connection, () if owners else tuple(some), missing)


def _given(connection: Connection, step: Step) -> None:
    """Who owns what may be beyond our rights here, and is of no consequence for a copy."""
    with (
        suppress(psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject),
        connection.transaction(),
    ):
        run(connection, step.statement)


def _made(connection: Connection, steps: Sequence[Step], missing: set[str]) -> None:
    """Many at a time; where that fails, one by one, so that the error is that of one statement."""
    for start in range(0, len(steps), BATCH):
        some = steps[start : start + BATCH]
        try:
            with connection.transaction():
                run(connection, ";\n".join(s.statement for s in some))
        except psycopg.Error:
            if connection.closed:
                raise
            for step in some:
                _one(connection, step, missing)


def _one(connection: Connection, step: Step, missing: set[str]) -> None:
    """Raises psycopg.Error with the statement as a note; not for what is beyond our rights, and what is said of that."""
    kind, _, name = step.subject.partition(" ")
    about = name.replace(".", " ", 1) if kind in ("comment", "privileges") else ""
    if about in missing:
        return
    try:
        with connection.transaction():
            run(connection, step.statement)
    except psycopg.Error as e:
        if e.sqlstate == "42501" and step.subject.startswith(tuple(f"{k} " for k in ABOVE_US)):
            missing.add(step.subject)
            return
        e.add_note(step.statement)
        raise
