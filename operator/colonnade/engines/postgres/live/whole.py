"""Declarations that speak for a whole database: first of all whether it is what they say, and where it is not, only what that takes.

Two hashes tell the first. In a large database the hashes of its relations, routines and types tell the rest: what is as it should be
is neither read nor copied. Where nothing was changed since the last time, not even a scratch database is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from colonnade.core.errors import ColonnadeError
from colonnade.engines import Declaration
from colonnade.engines.postgres.declared.normalise import Form, Normaliser, PgDesired, complete
from colonnade.engines.postgres.declared.warnings import warnings
from colonnade.engines.postgres.kind import OWN_SCHEMAS
from colonnade.engines.postgres.kinds.owner import QUERY as OWNERS
from colonnade.engines.postgres.live import fingerprint, part
from colonnade.engines.postgres.live.fingerprint import Fingerprint
from colonnade.engines.postgres.live.read import read
from colonnade.engines.postgres.session import Connection

MANY, MOST = 100, 0.5
"""Relations, routines and types from which on a database is looked at in part, and the share of them that is still a part."""


@dataclass(frozen=True)
class Seen:
    """What is kept of declarations, however large: the fingerprint of what they come to, and what their author should know."""

    fingerprint: str
    warnings: Mapping[str, tuple[str, ...]]


class Whole:
    """Compares a live database with declarations that speak for all of it."""

    def __init__(self, normaliser: Normaliser, live: Connection) -> None:
        self.normaliser, self.cache, self.live = normaliser, normaliser.cache, live

    def desire(self, declarations: Sequence[Declaration], *, all_of_it: bool = False) -> PgDesired:
        """What the declarations come to, as far as the live database differs from it, or all of it. Raises what is wrong with one."""
        blank = self.normaliser.blank(declarations, whole=True)
        with ThreadPoolExecutor(1) as beside:
            asked = beside.submit(digest, self.live)
            if known := self._known(blank, asked.result, all_of_it=all_of_it):
                return known
            errors: dict[str, ColonnadeError] = {}
            found = self.normaliser.loading.loaded(
                declarations, errors, lambda loaded: self._compared(blank, loaded, asked.result, all_of_it=all_of_it)
            )
        if errors:  # then what was loaded is not what was declared, and nothing of it is to be remembered
            raise next(iter(errors.values()))
        if found.met or found.part is not None:
            self.cache.put(f"{blank.key}:seen", Seen(found.fingerprint, found.warnings))
        else:
            self.cache.put(blank.key, found)
        return found

    def _known(self, blank: PgDesired, live: Callable[[], str], *, all_of_it: bool) -> PgDesired | None:
        """What earlier runs found out that is enough now."""
        if isinstance(known := self.cache.get(blank.key), PgDesired):
            met = known.by_fingerprint and known.fingerprint == live()
            return replace(known, met=known.fingerprint if met else "")
        seen = self.cache.get(f"{blank.key}:seen")
        if isinstance(seen, Seen) and seen.fingerprint == live() and not all_of_it:
            return replace(blank, met=seen.fingerprint, warnings=seen.warnings)
        return None

    def _compared(self, blank: PgDesired, loaded: Connection, live: Callable[[], str], *, all_of_it: bool) -> PgDesired:
        found = replace(blank, fingerprint=digest(loaded), warnings=warnings(loaded, {}, blank.declarations))
        if all_of_it or blank.unmanaged or loaded.execute(OWNERS).fetchone():
            return complete(found, loaded)
        if found.fingerprint == live():
            return replace(found, met=found.fingerprint)
        self.normaliser.scratch.expect()  # for the rehearsal
        return self._in_part(found, loaded) or complete(found, loaded)

    def _in_part(self, found: PgDesired, loaded: Connection) -> PgDesired | None:
        """What differs, with all that it takes to change it; None where that is most of it, or cannot be told by relations and the like."""
        if part.size(loaded) < MANY:
            return None
        with ThreadPoolExecutor(1) as beside:
            asked = beside.submit(homes, self.live)
            there, here = homes(loaded), asked.result()
        odd = part.differing(here, there)
        if len(here.keys() | there.keys()) < MANY or part.ELSE in odd:
            return None
        live, wanted = part.between(self.live, loaded, odd)
        if len(live.homes) > len(there) * MOST:
            return None
        form = Form(read(loaded, wanted.oids), fingerprint_of(loaded, wanted.homes))
        return replace(found, model=form.model, first=form, part=live, homes=there)


def digest(connection: Connection) -> str:
    """The fingerprint's digest, of all but our own records."""
    return fingerprint.digest(connection, leave_out=[OWN_SCHEMAS], owners=False)


def homes(connection: Connection) -> Mapping[str, str]:
    """The hash of each home, of all but our own records."""
    return fingerprint.homes(connection, leave_out=[OWN_SCHEMAS], owners=False)


def fingerprint_of(connection: Connection, within: frozenset[str]) -> Fingerprint:
    """The fingerprint of what is at home there."""
    return fingerprint.part(connection, within, leave_out=[OWN_SCHEMAS], owners=False)
