"""Storage options (reloptions) of tables, indexes and views, in the form ``key=value`` that the catalogs hold.

https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS
"""

from __future__ import annotations

from collections.abc import Iterator

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.appended import staying
from colonnade.engines.postgres.statement import Part, joined, listed, name, q, step, value


def _parsed(one: str) -> tuple[Part, Part]:
    key, _, v = one.partition("=")
    return name(*key.split(".")), value(v)


def options(given: tuple[str, ...]) -> Part:
    """``key = 'value', …`` for a WITH or SET clause."""
    return listed(q("{} = {}", *_parsed(o)) for o in given)


def changed_options(oid: ObjectId, alter: Part, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Step]:
    """The SET and RESET steps between two lists of options, whose order counts; `alter` is the statement's beginning."""
    there, back = (_changes(alter, a, b) for a, b in ((old, new), (new, old)))
    for first, statement in zip((True, *[False] * len(there)), there, strict=False):
        yield step(oid, statement, undo=joined(";\n", back) if first else "it is taken back with the others")


def _changes(alter: Part, old: tuple[str, ...], new: tuple[str, ...]) -> list[Part]:
    """What goes is reset; what is set comes last, so that all from the first on that changes or is out of place is set."""
    keys = [o.partition("=")[0] for o in new]
    gone = [name(*k.split(".")) for k in (o.partition("=")[0] for o in old) if k not in keys]
    more = new[staying(tuple(o for o in old if o in new), new) :]
    return [
        *([q("{} RESET ({})", alter, listed(gone))] if gone else []),
        *([q("{} SET ({})", alter, options(more))] if more else []),
    ]
