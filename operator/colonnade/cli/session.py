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

from colonnade.core.errors import ColonnadeError
from colonnade.core.gate import Policy
from colonnade.core.plan import Plan
from colonnade.engines import Database, Declaration, Desired, Progress, State, Target, engine, silent

MOST_FILES, MOST_BYTES = 200, 500 * 2**20


@contextmanager
def opened(
    engine_name: str, target: Target, policy: Policy, stop: threading.Event, *, remember: bool = True
) -> Iterator[Database]:
    """The database, connected; what was found out earlier counts, unless it is not to be remembered. Raises Unreachable or Unauthorized."""
    found = engine(engine_name)
    if engine_name == "Postgres" and remember:
        _remembering()
    with found.open(target, policy, stop) as database:
        yield cast(Database, Strict(database))


class Strict:
    """A Database for declarations that are all right, or for none of them.

    The operator leaves what a wrong declaration owns as it is. Here nobody owns anything: what a file with an error in it
    declares would count as dropped.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def desire(self, declarations: Sequence[Declaration], *, whole: bool = False) -> Desired:
        """Raises what is wrong with the declarations, all of it together."""
        desired = self._database.desire(declarations, whole=whole)
        if desired.errors:
            raise together(desired.errors)
        return desired

    def plan(self, state: State, desired: Desired, progress: Progress = silent) -> Plan:
        """Raises what is found wrong only now, when rows and documents are asked."""
        found = self._database.plan(state, desired, progress)
        if desired.errors:
            raise together(desired.errors)
        return found


def together(errors: Mapping[str, ColonnadeError]) -> ColonnadeError:
    """The errors of several declarations as one, of the first one's sort."""
    said = [f"{_place(owner)}{error}" for owner, error in errors.items()]
    worst = next(iter(errors.values()))
    return type(worst)("\n".join(said))


def _place(owner: str) -> str:
    """A resource's identity before what is wrong with it; files name themselves."""
    return f"{owner}: " if owner.startswith(("PostgresSchema/", "MongoSchema/")) else ""


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
