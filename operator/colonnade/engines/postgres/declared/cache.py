"""Remembered results of scratch databases: in memory, and for the command line in the user's cache folder.

What is kept is what the server told about declared SQL, by the hash of server, Colonnade's version and SQL. A file that cannot be read,
or belongs to somebody else, counts as not there.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import pickle
import tempfile
from collections import OrderedDict
from typing import Any

from colonnade import __version__


class Cache:
    """The last results, by key."""

    def __init__(self, size: int = 64, folder: pathlib.Path | None = None) -> None:
        self.size, self.folder = size, folder
        self.known: OrderedDict[str, Any] = OrderedDict()

    def get(self, key: str) -> Any:
        """What was put under this key, or None."""
        if key in self.known:
            self.known.move_to_end(key)
            return self.known[key]
        if self.folder is None:
            return None
        found = self._read(self._file(key))
        if found is not None:
            self._remember(key, found)
        return found

    def put(self, key: str, what: Any) -> None:
        """Remember."""
        self._remember(key, what)
        if self.folder is not None:
            self._write(self._file(key), what)

    def _remember(self, key: str, what: Any) -> None:
        self.known[key] = what
        while len(self.known) > self.size:
            self.known.popitem(last=False)

    def _file(self, key: str) -> pathlib.Path:
        assert self.folder is not None
        return self.folder / f"{__version__}-{key.replace(':', '-')}"

    def _read(self, file: pathlib.Path) -> Any:
        try:
            if file.stat().st_uid != os.getuid():
                return None
            return pickle.loads(file.read_bytes())  # noqa: S301 - our own file, in a folder that only this user can write to
        except (OSError, pickle.PickleError, AttributeError, ImportError, EOFError, TypeError, ValueError):
            return None

    def _write(self, file: pathlib.Path, what: Any) -> None:
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as part:
                part.write(pickle.dumps(what, protocol=5))
            pathlib.Path(part.name).replace(file)
