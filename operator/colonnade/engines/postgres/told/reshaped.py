"""What has another shape, or other rights, after a change: what applications find of a view, a routine, a publication, a column.

https://www.postgresql.org/docs/current/sql-createview.html (security_invoker),
https://www.postgresql.org/docs/current/sql-createfunction.html (SECURITY DEFINER),
https://www.postgresql.org/docs/current/ddl-identity-columns.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from colonnade.core.hazards import (
    BREAKS_CLIENTS,
    CHANGES_ACCESS,
    DROPS_GUARANTEE,
    MOVES_COLUMN,
    TIGHTENS_RULE,
    Hazard,
    hazard,
)
from colonnade.core.kind import NOTHING, ObjectId
from colonnade.engines.postgres.kinds.function import as_its_owner
from colonnade.engines.postgres.planning.several import READ
from colonnade.engines.postgres.planning.work import Work, is_type
from colonnade.engines.postgres.told.computed import WORDS, kept, searched

_ON = ("true", "on", "yes", "1")
_CHECKS = ("", "local", "cascaded")
"""Of a view that rows are written through, each stricter than the one before."""


def stands_on_another_type(oid: ObjectId, work: Work) -> bool:
    """Whether the type of something that it needs changes, also by way of views and routines."""
    seen, todo = {oid}, [oid]
    while todo:
        for one in work.old.needs.get(todo.pop(), NOTHING) - seen:
            if one in work.dropped and is_type(one):
                return True
            was, now = (getattr(m.objects.get(one), "type", None) for m in (work.old, work.new))
            if one.kind == "column" and was != now:
                return True
            seen.add(one)
            todo += [one] if one.kind in READ else []
    return False


def _both(oid: ObjectId, work: Work) -> tuple[Any, Any]:
    return work.old.objects[oid], work.new.objects[oid]


def _fails(oid: ObjectId, why: str) -> Hazard:
    told = hazard(BREAKS_CLIENTS, oid)
    return replace(told, message=f"applications that use {oid} as it was fail: {why}")


def _view(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = _both(oid, work)
    was, now = (dict(zip(s.columns, s.types, strict=True)) for s in (old, new))
    if gone := [c for c in was if c not in now]:
        yield _fails(oid, f"it no longer has {', '.join(gone)}")
    others = [f"{c} is of type {now[c]}, no longer {was[c]}" for c in was if c in now and was[c] != now[c]]
    if others and not stands_on_another_type(oid, work):
        yield _fails(oid, "; ".join(others))
    if oid.kind == "view":
        yield from _rights(oid, old, new)
        if old.definition != new.definition:
            yield from searched(oid, work)


def _rights(oid: ObjectId, old: Any, new: Any) -> Iterator[Hazard]:
    was, now = (_set(s.options, "security_invoker") for s in (old, new))
    if was != now:
        whose = "whoever reads it" if now else "its owner"
        yield hazard(CHANGES_ACCESS, oid, f"what it reads is read with the rights of {whose} from then on")
    was, now = (_set(s.options, "security_barrier") for s in (old, new))
    if was != now:
        shown = "no longer seen by" if now else "may be shown to"
        yield hazard(CHANGES_ACCESS, oid, f"rows that it leaves out {shown} functions that a reader puts into a query")
    before, after = (_CHECKS.index(_value(s.options, "check_option")) for s in (old, new))
    if after < before:
        taken = f"{oid} no longer refuses an INSERT or UPDATE of a row that it would not show"
        yield replace(hazard(DROPS_GUARANTEE, oid), message=taken)
    if after > before:
        refused = f"an INSERT or UPDATE through {oid} of a row that it would not show is refused from then on"
        yield replace(hazard(TIGHTENS_RULE, oid), message=refused, safe_way="see that no application writes such rows")


def _value(options: tuple[str, ...], key: str) -> str:
    return next((v.lower() for name, _, v in (o.partition("=") for o in options) if name == key), "")


def _set(options: tuple[str, ...], key: str) -> bool:
    return _value(options, key) in _ON


def _routine(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = _both(oid, work)
    if old.result != new.result:
        yield _fails(oid, f"it gives {new.result or 'nothing'}, no longer {old.result or 'nothing'}")
    elif old.signature and old.signature != new.signature:
        yield _fails(oid, "its arguments have other names")
    if new.defaults < old.defaults:
        yield _fails(oid, "it can no longer be called with fewer arguments")
    if old.kind != new.kind:
        yield _fails(oid, "it is a window function, or no longer one")
    if as_its_owner(old) != as_its_owner(new):
        whose = "its owner" if as_its_owner(new) else "whoever calls it"
        yield hazard(CHANGES_ACCESS, oid, f"it runs with the rights of {whose} from then on")
    yield from kept(oid, work)


def _publication(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = _both(oid, work)
    if old.all_tables and not new.all_tables:
        told = hazard(BREAKS_CLIENTS, oid)
        missing = f"subscribers of {oid} no longer get what happens in tables that are not named in it"
        yield replace(told, message=missing, safe_way="name every table that somebody subscribes to")


def _published(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = _both(oid, work)
    fewer = bool(new.columns) and not (old.columns and set(old.columns) <= set(new.columns))
    if fewer or new.condition not in (None, old.condition):
        what = "columns" if fewer else "rows"
        told = hazard(BREAKS_CLIENTS, oid)
        yield replace(
            told, message=f"subscribers of publication {oid.name[0]} get fewer {what} of {'.'.join(oid.name[1:])}"
        )


def _column(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    old, new = _both(oid, work)
    if (new.identity == "a" and old.identity != "a") or (new.generated and not old.generated):
        told = hazard(TIGHTENS_RULE, oid)
        refused = f"an INSERT or UPDATE that gives {oid} a value is refused from then on: it is GENERATED ALWAYS"
        way = ", or write OVERRIDING SYSTEM VALUE" if new.identity else ""
        yield replace(told, message=refused, safe_way=f"have the applications leave it out{way}")
    if _comes_last(oid, work):
        told = hazard(MOVES_COLUMN, oid)
        moved = f"{oid} is added anew and comes to stand last in its table: what goes by the place of columns "
        means = "(INSERT or COPY without names, rows as a whole) means others from then on"
        yield replace(told, message=moved + means, safe_way="name the columns in every statement")


def _comes_last(oid: ObjectId, work: Work) -> bool:
    """Whether it is dropped and added, while columns that stood behind it stay where they are."""
    if oid not in work.dropped - work.expanded or work.home(oid) in work.dropped or work.taken_by(oid):
        return False
    columns = [o for o in work.old.objects if o.kind == "column" and o.name[:2] == oid.name[:2]]
    return any(o not in work.dropped for o in columns[columns.index(oid) :])


RESHAPED: Mapping[str, Callable[[ObjectId, Work], Iterator[Hazard]]] = {
    "view": _view,
    "materialized view": _view,
    "function": _routine,
    "procedure": _routine,
    "publication": _publication,
    "publication table": _published,
    "column": _column,
    **dict.fromkeys(WORDS, searched),
}
"""By kind, how old and new are compared."""
