"""What the bodies of routines speak of: the server keeps no record of it, and yet whatever runs a routine needs it to be there.

A generated column inlines the function that it calls, a new check runs it on the rows that are there. A word in a body that is the name
of something else in the plan may mean it or not, so these are wishes, and the first to give way where the needs go round in a circle.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from colonnade.core.kind import NOTHING, Model
from colonnade.engines.postgres.planning.work import Act, Work, is_type, kind_of, turned

BODIED = ("function", "procedure")
"""What has a body, which may speak of anything."""
SPACES = (("routine",), ("relation", "type"))
WORD = re.compile(r"[\w$]+")

Edges = Mapping[Act, set[Act]]


def heeded(work: Work, before: Edges) -> Edges:
    """What must come before each act, with what the bodies wish as well: other routines first, then tables and types.

    What a body speaks of is made before it, and dropped after it, so that the way back makes it before, too.
    """
    if not any(a.id.kind in (*BODIED, "cast") for a in before):
        return before
    after = {a: set(b) for a, b in before.items()}
    _wish(after, [*_casts(work, "create", before), *((b, a) for a, b in _casts(work, "drop", before))])
    for spaces in SPACES:
        made = ((one, a) for a, one in _spoken_of(work, work.new, ("create", "alter"), before, spaces))
        gone = ((a, one) for a, one in _spoken_of(work, work.old, ("drop", "alter"), before, spaces))
        pairs = [*made, *((first, last) for first, last in gone if last.verb == "drop")]
        _wish(after, pairs)
    _wish(after, list(_run_again(work, before)))
    return after


def _run_again(work: Work, acts: Edges) -> Iterator[tuple[Act, Act]]:
    """Each routine that changes, with the columns after it whose change of type has the server run it for what stands on both and stays."""
    for routine in (a for a in acts if a.verb == "alter" and a.id.kind in BODIED):
        for user in work.users.get(routine.id, NOTHING) - work.dropped:
            if user.kind in ("check", "index"):
                columns = (n for n in work.old.needs.get(user, NOTHING) if n.kind == "column")
                yield from ((routine, act) for act in (Act("alter", c) for c in columns) if act in acts)


def _wish(after: dict[Act, set[Act]], pairs: Sequence[tuple[Act, Act]]) -> None:
    """Add these, each first one before the last one, but for those that go round in a circle."""
    both = {a: set(b) for a, b in after.items()}
    for first, last in pairs:
        both[last].add(first)
    stuck = _in_circles(both) if pairs else set[Act]()
    for first, last in pairs:
        if first not in stuck or last not in stuck:
            after[last].add(first)


def _casts(work: Work, verb: str, acts: Edges) -> Iterator[tuple[Act, Act]]:
    """Each cast that comes (or goes), with what has to do with its types, or its function: the server keeps no record of the casts that an expression takes."""
    model = work.new if verb == "create" else work.old
    casts = [a for a in acts if a.verb == verb and a.id.kind == "cast"]
    own_needs = {c: model.needs.get(c.id, NOTHING) for c in casts}
    made_of = {c: {n for n in needs if is_type(n) or n.kind in BODIED} for c, needs in own_needs.items()}
    for oid, own in model.needs.items() if casts else ():
        needs = own.union(*(model.needs.get(n, NOTHING) for n in own if n.kind == "column"))
        home = Act(verb, work.inlined.get(oid, oid) if verb == "create" else oid)
        for cast in casts if home in acts and home.id.kind != "cast" else ():
            if made_of[cast] & needs and oid not in own_needs[cast]:  # not its own function
                yield cast, home


def _spoken_of(
    work: Work, model: Model, verbs: tuple[str, ...], acts: Edges, spaces: tuple[str, ...]
) -> Iterator[tuple[Act, Act]]:
    """What is done to a routine, with what is done to what its body in this model names."""
    named: dict[str, list[Act]] = defaultdict(list)
    some = [a for a in acts if a.verb in verbs]
    for a in some:
        if kind_of(a.id).space in spaces and kind_of(a.id).words and a.id not in work.inlined:
            named[a.id.name[-1].split("(")[0].lower()].append(a)
    for a in some:
        if a.id.kind in BODIED:
            words = {*WORD.findall(model.objects[a.id].definition.lower())}
            yield from ((a, one) for word in words & named.keys() for one in named[word] if one.id != a.id)


def _in_circles(before: Edges) -> set[Act]:
    """What is in a circle, or between two: what is left when first what waits for nothing, then what nothing waits for is taken away."""
    left = set(before)
    waits = {a: (some & left) - {a} for a, some in before.items()}
    holds = turned(waits)
    for there, back in ((waits, holds), (holds, waits)):
        _take_away(left, there, back)
    return left


def _take_away(left: set[Act], there: Edges, back: Edges) -> None:
    """One after the other, all that has nothing left there."""
    waits = {a: sum(one in left for one in there[a]) for a in left}
    free = [a for a, n in waits.items() if not n]
    while free:
        one = free.pop()
        left.discard(one)
        for a in back[one] & left:
            waits[a] -= 1
            if not waits[a]:
                free.append(a)
