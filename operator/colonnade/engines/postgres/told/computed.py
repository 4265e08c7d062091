"""What was computed with a routine, or by the words of a language, and is not computed anew when that changes: indexes, generated columns,
materialized views, checks, partitions.

The server takes an immutable routine at its word, and looks at nothing again when it is replaced: an index no longer finds what is there.
https://www.postgresql.org/docs/current/xfunc-volatility.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from colonnade.core.hazards import KEEPS_OLD_RESULTS, Hazard, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.planning.mentions import BODIED
from colonnade.engines.postgres.planning.work import ROUTINES, Work
from colonnade.engines.postgres.printed_sql import pieces
from colonnade.engines.postgres.statement import name, printed, q, text

WORDS = ("text search dictionary", "text search configuration")
CALLING = (*ROUTINES, *WORDS, "view", "operator", "operator class", "family operator", "family function", "cast")
INDEXES = ("index", "exclusion", "unique", "primary key")
_COMMENT = re.compile(r"(?P<kept>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")|--[^\n\r]*|/\*.*?\*/|\$\w*\$", re.DOTALL)
_BODY = re.compile(r"\n(?=AS |BEGIN ATOMIC|RETURN )")


def kept(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    """The hazard that what a routine has computed stays, which computes otherwise from then on."""
    old, new = work.old.objects[oid], work.new.objects[oid]
    if computes(old.definition) != computes(new.definition):
        yield from searched(oid, work)


def searched(oid: ObjectId, work: Work) -> Iterator[Hazard]:
    """The hazard that what was computed by this as it was stays so."""
    if oid in work.dropped:
        return
    if found := sorted(_computed_with(oid, work)):
        told = hazard(KEEPS_OLD_RESULTS, oid, ", ".join(map(str, found)))
        yield replace(told, safe_way="; ".join(dict.fromkeys(_mended(o, work) for o in found)))


def computes(definition: str) -> tuple[list[str], list[str]]:
    """What decides what a routine computes: its body, without comments and layout; its language and settings, what it makes of NULL."""
    head, *body = _BODY.split(definition, maxsplit=1)
    lines = head.splitlines()[1:]
    settings = [line for line in lines if line.startswith((" SET ", " LANGUAGE "))]
    strict = ["STRICT" for line in lines if line not in settings and " STRICT" in line]
    without = _COMMENT.sub(lambda m: m["kept"] or " ", "".join(body))
    return [p.text if p.text[0] in "'\"" else p.text.lower() for p in pieces(without)], settings + strict


def _computed_with(routine: ObjectId, work: Work) -> set[ObjectId]:
    """What stays as it was computed: also by way of operators, and of routines that call this one."""
    seen, todo = {routine}, [routine]
    while todo:
        one = todo.pop()
        users = {*work.users.get(one, ()), *(_callers(one, work) if one.kind in BODIED else ())} - seen
        seen |= users
        todo += [u for u in users if u.kind in CALLING]
    return {o for o in seen if _is_kept(o, work)}


def _callers(routine: ObjectId, work: Work) -> Iterator[ObjectId]:
    """The routines in whose bodies something of this name is called: the server keeps no record of it."""
    called = re.compile(rf'(?<![\w$]){re.escape(work.old.objects[routine].function)}"?\s*\(', re.IGNORECASE)
    for oid, spec in work.old.objects.items():
        if oid.kind in BODIED and oid != routine and called.search("".join(_BODY.split(spec.definition, 1)[1:])):
            yield oid


def _is_kept(oid: ObjectId, work: Work) -> bool:
    if oid in work.dropped or oid not in work.new.objects:
        return False
    spec = work.old.objects[oid]
    if oid.kind == "column":
        return bool(spec.generated == "s")
    return oid.kind in (*INDEXES, "materialized view", "check", "domain constraint") or (
        oid.kind == "table" and bool(spec.partition_key)
    )


def _mended(oid: ObjectId, work: Work) -> str:
    """What brings it in line."""
    spec = work.old.objects[oid]
    if oid.kind in INDEXES:
        return text(q("REINDEX INDEX CONCURRENTLY {}", name(oid.name[0], oid.name[-1])))
    if oid.kind == "materialized view":
        return text(q("REFRESH MATERIALIZED VIEW {}", name(*oid.name)))
    if oid.kind == "column":
        base = _base(oid, work)
        return text(q("UPDATE {} SET {} = {}, in slices", name(*oid.name[:2]), base, base))
    if oid.kind == "check":
        condition = _condition(spec)
        return "look for rows by " + text(q("SELECT * FROM {} WHERE NOT {}", name(*oid.name[:2]), printed(condition)))
    if oid.kind == "domain constraint":
        return f"look for values of domain {'.'.join(oid.name[:2])} that no longer are {_condition(spec)}"
    return f"look for rows that no longer belong in their partition of {oid}, delete them there and insert them anew"


def _condition(spec: Any) -> str:
    return re.sub(r"( NO INHERIT)?( NOT VALID| NOT ENFORCED)?$", "", spec.definition.removeprefix("CHECK "))


def _base(column: ObjectId, work: Work) -> Any:
    """A column that it is computed from: where that is written, so is this."""
    own = sorted(o for o in work.old.needs.get(column, ()) if o.kind == "column" and o.name[:2] == column.name[:2])
    return name(own[0].name[2]) if own else q("…")
