"""The names that objects take up: two of one name cannot be there at the same time, so that the one waits until the other is gone.

More than the objects of a kind share a space of names: an index is called as no table is, and the sequence of an identity has a name that
shows nowhere but in its column. https://www.postgresql.org/docs/current/catalog-pg-class.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import RELATIONS, is_shortened, usual_not_null
from colonnade.engines.postgres.kinds import KINDS


def taken(oid: ObjectId, spec: Any, version: int) -> Iterable[tuple[str, ...]]:
    """The names that the object takes up, each with the space that it must be unique in; a partition takes up room in its parent."""
    kind = KINDS[oid.kind]
    if kind.space == "relation":
        yield ("relation", *oid.name[:2])
        if oid.kind in (*RELATIONS, "composite type"):
            yield ("type", *oid.name[:2])
    elif kind.space in ("type", "routine"):
        yield (kind.space, *oid.name[:2])
    elif kind.space == "constraint":
        yield from _of_constraint(oid)
    elif oid.kind == "trigger":
        yield ("trigger", *oid.name)
    elif oid.kind == "inheritance" and spec.bound:
        yield ("partition", *spec.parents[0])
    elif oid.kind == "column":
        yield from _of_column(oid, spec, version)


def repeated_below(oid: ObjectId, spec: Any, parts: Iterable[ObjectId]) -> Iterable[tuple[str, ...]]:
    """The names that what stands on a whole takes up in its parts as well, where the server puts another of the same name."""
    if oid.kind == "foreign key" or (oid.kind == "trigger" and " FOR EACH ROW " in spec.definition):
        space = "trigger" if oid.kind == "trigger" else "constraint"
        yield from ((space, *part.name, oid.name[2]) for part in parts)


def _of_constraint(oid: ObjectId) -> Iterable[tuple[str, ...]]:
    """Its own in its table; the index's of a key; and a table has one primary key."""
    yield ("constraint", *oid.name)
    if oid.kind in ("primary key", "unique", "exclusion"):
        yield ("relation", oid.name[0], oid.name[-1])
    if oid.kind == "primary key":
        yield ("primary key", *oid.name[:2])


def _of_column(oid: ObjectId, spec: Any, version: int) -> Iterable[tuple[str, ...]]:
    """The sequence of an identity; from Postgres 18 on also the constraint that NOT NULL is, where it is the column's own."""
    if spec.identity:
        yield ("relation", *spec.sequence[:2])
    if version >= 180000 and spec.not_null and not spec.inherited and not is_shortened(oid):
        yield ("constraint", *oid.name[:2], spec.not_null_name or usual_not_null(oid))
