"""Whether what guards the rows is as strict as what it takes the place of: by what the server prints of both, nothing is asked.

What cannot be known to be as strict counts as weaker. Other names, another order of columns, what is included, storage: none of it counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from colonnade.engines.postgres.printed_index import PrintedIndex
from colonnade.engines.postgres.printed_sql import bare
from colonnade.engines.postgres.told.implied import implies

NOT_ENFORCED = "NOT ENFORCED"
_DIRECTION = re.compile(r"( DESC)?( NULLS (FIRST|LAST))?(?= WITH |$)")
_CHECK = re.compile(r"CHECK (?P<says>.*?)(?P<alone> NO INHERIT)?(?: NOT VALID| NOT ENFORCED)?", re.DOTALL)
_ACTION = r"(CASCADE|SET NULL|SET DEFAULT)"
_DOES = {"CASCADE": {"DELETE": "deletes", "UPDATE": "changes"}}
_TRIGGER = re.compile(
    r'CREATE (?:CONSTRAINT )?TRIGGER (?:"(?:[^"]|"")+"|\S+) (?P<time>BEFORE|AFTER|INSTEAD OF) (?P<events>.+?) ON '
    r"(?:(?!.* WHEN )|.*? WHEN (?P<when>\(.*\)) )?.*EXECUTE FUNCTION (?P<runs>.*)",
    re.DOTALL,
)
_FIRES = {"O": {"origin"}, "D": set[str](), "R": {"replica"}, "A": {"origin", "replica"}}

Printed = Callable[[str], str]
"""Takes from an expression what counts for nothing, such as casts that only come of another type."""


class Unique(NamedTuple):
    """Which rows of which columns, or of what stands for them, are not to be alike."""

    elements: frozenset[str]
    where: str
    nulls_alike: bool
    deferrable: bool
    overlaps: bool

    @classmethod
    def of(cls, definition: str, *, deferrable: bool, said: str, printed: Printed) -> Unique:
        """Of an index, or of a constraint that `said` it in its own words."""
        index = PrintedIndex.of(definition)
        elements = frozenset(printed(_DIRECTION.sub("", e)) for e in index.elements)
        overlaps = "WITHOUT OVERLAPS" in said
        return cls(elements, printed(index.where), index.nulls_alike, deferrable, overlaps)


def whys(kind: str, old: Any, new: Any, printed: Printed = str) -> Iterator[str]:
    """Why the new one is weaker than the old one, or may be; nothing where it is as strict.

    `printed` takes from an expression what counts for nothing, such as casts that only come of another type.
    """
    if kind == "trigger":
        yield from _rarer(old, new, printed)
    elif kind == "rule":
        yield from _off(old.enabled, new.enabled)
    elif kind in ("check", "domain constraint"):
        yield from _looser(old.definition, new.definition, printed)
    elif kind == "foreign key":
        yield from _referring(old, new)
    else:
        yield from _less_unique(kind, old, new, printed)


def whys_of_another(kind: str, old: Any, other: str, new: Any, printed: Printed) -> Iterator[str]:
    """The same of one of another kind, `other`: of what makes rows unique there are several."""
    if kind == other and kind != "index":
        yield from whys(kind, old, new, printed)
    elif other == "index" and not (new.unique and new.valid):
        yield "it is not unique"
    else:
        yield from _than(_unique(kind, old, printed), _unique(other, new, printed))


def _less_unique(kind: str, old: Any, new: Any, printed: Printed) -> Iterator[str]:
    if kind == "index" and not (old.unique and old.valid):
        return
    if kind == "index" and not new.unique:
        yield "it is no longer unique"
        return
    yield from _than(*(_unique(kind, spec, printed) for spec in (old, new)))


def _than(was: Unique, now: Unique) -> Iterator[str]:
    if not now.elements <= was.elements or (was.overlaps and not now.overlaps):
        yield f"it is about {_list(now)}, no longer about {_list(was)}"
    if now.where not in ("", was.where):
        yield f"it is only about rows where {now.where}"
    if was.nulls_alike and not now.nulls_alike:
        yield "any number of rows may be without a value"
    if now.deferrable and not was.deferrable:
        yield "it is DEFERRABLE: INSERT … ON CONFLICT no longer takes it, and fails"


def other_target(kind: str, old: Any, new: Any, printed: Printed = str) -> str:
    """The columns that INSERT … ON CONFLICT can no longer name, where a key or unique index is as strict, and about fewer; '' else."""
    if kind not in ("primary key", "unique", "index") or (kind == "index" and not (old.unique and old.valid)):
        return ""
    was, now = (_unique(kind, spec, printed) for spec in (old, new))
    return "" if was.elements == now.elements or was.deferrable else _list(was)


def _unique(kind: str, spec: Any, printed: Printed) -> Unique:
    if kind == "index":
        return Unique.of(spec.definition, deferrable=False, said="", printed=printed)
    excludes = spec.definition.removeprefix("EXCLUDE ").removesuffix(" INITIALLY DEFERRED").removesuffix(" DEFERRABLE")
    definition = excludes if kind == "exclusion" else spec.index
    return Unique.of(definition, deferrable=spec.deferrable, said=spec.definition, printed=printed)


def _list(rule: Unique) -> str:
    return f"({', '.join(sorted(rule.elements))}){' WITHOUT OVERLAPS' if rule.overlaps else ''}"


def _looser(old: str, new: str, printed: Printed) -> Iterator[str]:
    if old.endswith(NOT_ENFORCED):
        return
    if new.endswith(NOT_ENFORCED):
        yield "it is NOT ENFORCED"
    was, now = (_CHECK.fullmatch(d) for d in (old, new))
    if was is None or now is None:
        if old != new:
            yield f"it says {new}, no longer {old}"
        return
    if not implies(printed(now["says"]), printed(was["says"])):
        yield f"it says {bare(now['says'])}, no longer {bare(was['says'])}, and may let in what that refused"
    if now["alone"] and not was["alone"]:
        yield "children are not checked"


def _referring(old: Any, new: Any) -> Iterator[str]:
    if NOT_ENFORCED in old.definition:
        return
    if NOT_ENFORCED in new.definition:
        yield "it is NOT ENFORCED"
    if _refers(old) != _refers(new):
        yield "it refers to something else"
    if " MATCH FULL" in old.definition and " MATCH FULL" not in new.definition and len(new.columns) > 1:
        yield "rows with values in some of its columns only are no longer refused"
    for verb in ("DELETE", "UPDATE"):
        was, now = (re.search(rf" ON {verb} {_ACTION}", spec.definition) for spec in (old, new))
        if now and (was is None or was[1] != now[1]):
            does = _DOES.get(now[1], {}).get(verb, f"does {now[1]} in")
            yield f"{verb} in {'.'.join(new.target)} {does} the rows that refer to it"


def refused(old: Any, new: Any) -> Iterator[str]:
    """What a foreign key did to the rows that refer to others, and now refuses for their sake."""
    for verb, what in (("DELETE", "a row"), ("UPDATE", "the key of a row")):
        was, now = (re.search(rf" ON {verb} {_ACTION}", spec.definition) for spec in (old, new))
        if was and not now and not new.definition.endswith(NOT_ENFORCED):
            yield f"{verb} of {what} in {'.'.join(new.target)} that is referred to is refused from then on: it is no more ON {verb} {was[1]}"


def _refers(spec: Any) -> tuple[object, ...]:
    pairs = frozenset(zip(spec.columns, spec.target_columns, strict=True))
    return spec.target, pairs, "PERIOD " in spec.definition


def _rarer(old: Any, new: Any, printed: Printed) -> Iterator[str]:
    yield from _off(old.enabled, new.enabled)
    was, now = (_TRIGGER.match(spec.definition) for spec in (old, new))
    if was is None or now is None:
        if old.definition != new.definition:
            yield "it is another, and may fire on less"
        return
    before, after = (_events(m["events"]) for m in (was, now))
    if lost := sorted(e for e in before if e not in after and e.partition(" OF ")[0] not in after):
        yield f"it no longer fires on {', '.join(lost)}"
    given, asked = (printed(bare(m["when"] or "")) for m in (was, now))
    if asked not in ("", given) and not (given and implies(given, asked)):
        yield f"it fires only where {asked}"
    if was["runs"] != now["runs"]:
        yield f"it runs {now['runs']}, no longer {was['runs']}"
    if was["time"] != now["time"]:
        yield f"it fires {now['time']} the event, no longer {was['time']} it"


def _events(printed: str) -> set[str]:
    """The events, an update of a column as one of its own."""
    found: set[str] = set()
    for one in printed.split(" OR "):
        event, _, columns = one.partition(" OF ")
        found |= {f"{event} OF {c}" for c in columns.split(", ")} if columns else {event}
    return found


def _off(old: str, new: str) -> Iterator[str]:
    """When it fires: O(rigin), D(isabled), R(eplica), A(lways)."""
    for lost in sorted(_FIRES[old] - _FIRES[new]):
        yield "it is disabled" if lost == "origin" else "it does not fire for what is replicated"
