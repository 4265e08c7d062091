"""Storage options (reloptions) of tables, indexes and views, in the form ``key=value`` that the catalogs hold.

https://www.postgresql.org/docs/current/sql-createtable.html#SQL-CREATETABLE-STORAGE-PARAMETERS
"""

from __future__ import annotations

from collections.abc import Iterator

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.statement import Part, listed, name, q, step, value


def _parsed(one: str) -> tuple[Part, Part]:
    key, _, v = one.partition("=")
    return name(*key.split(".")), value(v)


def options(given: tuple[str, ...]) -> Part:
    """``key = 'value', …`` for a WITH or SET clause."""
    return listed(q("{} = {}", *_parsed(o)) for o in given)


def changed_options(oid: ObjectId, alter: Part, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Step]:
    """The SET and RESET steps between two sets of options; `alter` is the statement's beginning."""
    was, now = (dict(o.split("=", 1) for o in given) for given in (old, new))
    if away := sorted(was.keys() - now.keys()):
        keys = listed(name(*k.split(".")) for k in away)
        yield step(
            oid,
            q("{} RESET ({})", alter, keys),
            undo=q("{} SET ({})", alter, options(tuple(f"{k}={was[k]}" for k in away))),
        )
    if more := tuple(f"{k}={v}" for k, v in sorted(now.items()) if was.get(k) != v):
        yield step(oid, q("{} SET ({})", alter, options(more)), undo=f"the options were {', '.join(old) or 'not set'}")
