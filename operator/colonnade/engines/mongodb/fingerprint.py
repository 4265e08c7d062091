"""One hash of everything in the database, from the server's own documents: no kind has a say in it.

What listCollections and listIndexes return goes in as it is, key order and all, but for a short list: what says nothing
about the declared state, or changes without anybody's doing. A field that a future server adds is in the hash without a
line of code.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from colonnade.engines.mongodb.census import Census
from colonnade.engines.mongodb.statement import text

LEFT_OUT: Mapping[str, str] = {
    "info": "the uuid and whether this member takes writes: another one after a copy or a stepdown",
    "idIndex": "stands among the indexes too",
    "ns": "the name once more; servers before 4.4 told it",
    "buildUUID": "another one each time; that an index is still being built is told by its place",
    "originalSpec": "how servers tell what listIndexes already shows",
}


def fingerprint(census: Census) -> str:
    """The hash of all that the census holds."""
    digest = hashlib.sha256()
    for line in _lines(census):
        digest.update(line.encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _lines(census: Census) -> Iterator[str]:
    for name in sorted(census.collections):
        yield text([name, _reduced(census.collections[name])])
        for spec in sorted(census.indexes.get(name, ()), key=lambda spec: str(spec.get("spec", spec)["name"])):
            yield text([name, "index", _reduced(spec)])


def _reduced(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in LEFT_OUT}
