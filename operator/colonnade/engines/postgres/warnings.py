"""What a declaration may hold and its author would rather know: an index that repeats another, a foreign key without an index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.normalise import PgDesired


def warnings(desired: PgDesired) -> Mapping[str, tuple[str, ...]]:
    """Warnings by owner."""
    out: dict[str, list[str]] = defaultdict(list)
    for oid, said in _repeated(desired):
        owner = desired.owners.get(oid) or next((d.owner for d in desired.declarations), "")
        out[owner].append(said)
    return {owner: tuple(said) for owner, said in out.items()}


def _repeated(desired: PgDesired) -> Iterator[tuple[ObjectId, str]]:
    """Plain indexes on the very columns that a key or another index has."""
    objects = desired.model.objects
    known: dict[tuple[tuple[str, ...], str], ObjectId] = {}
    for oid, spec in objects.items():
        if oid.kind in ("primary key", "unique") and spec.index:
            known.setdefault((oid.name[:2], spec.index), oid)
    for oid, spec in objects.items():
        if oid.kind != "index" or ObjectId("index attachment", oid.name) in objects:
            continue
        other = known.setdefault((spec.table, spec.definition), oid)
        if other != oid:
            yield (
                oid,
                (
                    f"{oid} on table {'.'.join(spec.table)} repeats {other}, which has an index on the same columns already; "
                    "it costs writes and disk and serves no query; take it out"
                ),
            )
