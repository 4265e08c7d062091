"""A database opened for the length of one command, with what was learnt about declarations kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from colonnade.cli.places import Place, together
from colonnade.core.errors import ColonnadeError
from colonnade.core.gate import Policy
from colonnade.core.plan import Plan
from colonnade.engines import Database, Declaration, Desired, Progress, State, Target, engine, silent

MOST_FILES, MOST_BYTES = 200, 500 * 2**20


@contextmanager
def opened(
    engine_name: str,
    target: Target,
    policy: Policy,
    stop: threading.Event,
    *,
    remember: bool = True,
    places: Mapping[str, Place] | None = None,
) -> Iterator[Database]:
    """The database, connected; what was found out earlier counts, unless it is not to be remembered. Raises Unreachable or Unauthorized."""
    found = engine(engine_name)
    if engine_name == "Postgres" and remember:
        _remembering()
    with found.open(target, policy, stop) as database:
        yield cast(Database, Strict(database, places or {}))


class Strict:
    """A Database for declarations that are all right, or for none of them; what is wrong is told with its place.

    The operator leaves what a wrong declaration owns as it is. Here nobody owns anything: what a file with an error in it
    declares would count as dropped.
    """

    def __init__(self, database: Database, places: Mapping[str, Place]) -> None:
        self._database, self._places = database, places

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def desire(self, declarations: Sequence[Declaration], *, whole: bool = False) -> Desired:
        """Raises what is wrong with the declarations, all of it together."""
        with self._placing(declarations):
            desired = self._database.desire(declarations, whole=whole)
        if desired.errors:
            raise together(desired.errors, self._places)
        return desired

    def plan(self, state: State, desired: Desired, progress: Progress = silent) -> Plan:
        """Raises what is found wrong only now, when rows and documents are asked."""
        with self._placing(()):
            found = self._database.plan(state, desired, progress)
        if desired.errors:
            raise together(desired.errors, self._places)
        return found

    @contextmanager
    def _placing(self, declarations: Sequence[Declaration]) -> Iterator[None]:
        try:
            yield
        except ColonnadeError as error:
            if errors := self._whose(error, declarations):
                raise together(errors, self._places) from error
            raise

    def _whose(self, error: ColonnadeError, declarations: Sequence[Declaration]) -> Mapping[str, ColonnadeError]:
        """The errors by owner, as far as that can be told.

        Of a database seen as a whole only the first is raised, and not whose it is: so each declaration is looked at.
        """
        if error.subject in self._places:
            return {error.subject: error}
        if any(one.owner in self._places for one in declarations):
            with contextlib.suppress(ColonnadeError):
                return self._database.desire(declarations).errors
        return {}


def _remembering() -> None:
    from colonnade.engines.postgres import ENGINE
    from colonnade.engines.postgres.declared.cache import Cache

    root = cache_folder()
    prune(root)
    ENGINE.cache = Cache(folder=root / code_version())


def cache_folder() -> Path:
    """Where results are kept. https://specifications.freedesktop.org/basedir-spec/latest/"""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "colonnade" / "desired"


def code_version() -> str:
    """A name for this very code: other code may read the same SQL another way."""
    root = Path(__file__).parent.parent
    files = sorted(p for part in ("core", "engines", "resources") for p in (root / part).rglob("*.py"))
    facts = [(str(p.relative_to(root)), (s := p.stat()).st_mtime_ns, s.st_size) for p in files]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def prune(root: Path) -> None:
    """Remove what was used least recently where there is too much. What another process removes meanwhile is gone, too."""
    found = []
    with contextlib.suppress(OSError):
        found = sorted(((s := p.stat()).st_mtime, s.st_size, p) for p in root.glob("*/*"))
    count, size = len(found), sum(one[1] for one in found)
    for _, bytes_, path in found:
        if count <= MOST_FILES and size <= MOST_BYTES:
            return
        path.unlink(missing_ok=True)
        count, size = count - 1, size - bytes_
