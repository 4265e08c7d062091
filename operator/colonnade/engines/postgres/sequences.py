"""What of a sequence's options says more than the server takes for granted, and who takes over where it has got to. https://www.postgresql.org/docs/current/sql-createsequence.html"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.statement import Part, joined, name, printed, q, step, text, value, words

_LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}
NO_MEMORY = "a sequence has no memory of its last value"


@dataclass(frozen=True)
class Options:
    """All that counting takes."""

    type: str
    start: int
    increment: int
    low: int
    high: int
    cache: int
    cycle: bool

    def unusual(self) -> Part | None:
        """The clauses of CREATE for those that are not what the server would choose; None where there are none."""
        most = _LARGEST[self.type]
        rising = self.increment > 0
        low, high = (1, most) if rising else (-most - 1, -1)
        found = (
            q("START WITH {}", printed(str(self.start))) if self.start != (self.low if rising else self.high) else None,
            q("INCREMENT BY {}", printed(str(self.increment))) if self.increment != 1 else None,
            q("MINVALUE {}", printed(str(self.low))) if self.low != low else None,
            q("MAXVALUE {}", printed(str(self.high))) if self.high != high else None,
            q("CACHE {}", printed(str(self.cache))) if self.cache != 1 else None,
            q("CYCLE") if self.cycle else None,
        )
        return words(*found) if any(found) else None


def moved_on(oid: ObjectId, sequence: tuple[str, ...], old: Options, new: Options) -> Iterator[Step]:
    """A sequence that has not got to its new bounds yet is moved on to where they begin, and one that gave no number yet to its new
    beginning: the server takes no bounds that leave out where it is.

    One that has gone beyond them is left where it is, and the change refused: back there, its numbers could come once more.
    """
    there, rising = name(*sequence), new.increment > 0
    if not new.low <= old.start <= new.high and old.low <= new.start <= old.high:
        unasked = q(
            "NOT is_called AND last_value NOT BETWEEN {} AND {}", *(printed(str(n)) for n in (new.low, new.high))
        )
        yield _set(oid, there, new.start, unasked)
    first, was = (new.low, old.low) if rising else (new.high, old.high)
    if (first > was if rising else first < was) and old.low <= first <= old.high:
        behind = q("last_value < {}", printed(str(first))) if rising else q("last_value > {}", printed(str(first)))
        yield _set(oid, there, first, behind)


def begins_anew(old: Options, new: Options) -> Part | None:
    """The clause by which a sequence begins anew that has nothing in common with what it was, as where it turns round: the server
    would have it stay where it is, and that is outside."""
    apart = old.high < new.low or new.high < old.low
    return q("RESTART WITH {}", printed(str(new.start))) if apart else None


def past_rows(sequence: tuple[str, ...], columns: Iterable[ObjectId], options: Options) -> Part:
    """The statement by which it goes on from the furthest value of these columns, where it has not got there and could."""
    rising, own = options.increment > 0, name(*sequence)
    furthest, here = q("max") if rising else q("min"), q("(SELECT last_value FROM {})", own)
    ends = (here, printed(str(options.high))) if rising else (printed(str(options.low)), here)
    each = (
        q("SELECT {}({}) FROM {} WHERE {} BETWEEN {} AND {}", furthest, column, table, column, *ends)
        for column, table in ((name(c.name[2]), name(*c.name[:2])) for c in columns)
    )
    rows = joined(" UNION ALL ", each)
    return q(
        "SELECT pg_catalog.setval({}, {}(v)) FROM ({}) AS had (v) HAVING count(v) > 0", value(text(own)), furthest, rows
    )


def _set(oid: ObjectId, sequence: Part, to: int, where: Part) -> Step:
    called = value(text(sequence))
    move = q("SELECT pg_catalog.setval({}, {}, false) FROM {} WHERE {}", called, printed(str(to)), sequence, where)
    return step(oid, move, undo="where it was lies outside of what it may be now")


def beyond(oid: ObjectId, sequence: tuple[str, ...], old: Options, new: Options) -> tuple[Check, ...]:
    """The question whether a sequence has got further than its new end; none where that is no nearer than the old one."""
    rising = new.increment > 0
    end, was = (new.high, old.high) if rising else (new.low, old.low)
    if end >= was if rising else end <= was:
        return ()
    further = q("last_value > {}", printed(str(end))) if rising else q("last_value < {}", printed(str(end)))
    rows = q("FROM {} WHERE is_called AND {}", name(*sequence), further)
    return (
        Check(
            query=text(q("SELECT last_value {}", rows)),
            count=text(q("SELECT count(*) {}", rows)),
            problem=f"{oid} has got further than {end}, which is to be its end",
            remedy="declare an end that lies further, or let it begin anew by hand (ALTER SEQUENCE … RESTART)",
        ),
    )


def numbering(column: ObjectId, model: Model) -> ObjectId | None:
    """The sequence that the column's default counts by."""
    needs = model.needs.get(ObjectId("default", column.name), NOTHING)
    return next((n for n in sorted(needs) if n.kind == "sequence"), None)


def counted(sequence: ObjectId, model: Model) -> list[ObjectId]:
    """The columns whose defaults count by it."""
    defaults = (o for o, needs in model.needs.items() if o.kind == "default" and sequence in needs)
    return sorted(ObjectId("column", o.name) for o in defaults)


def heirs(sequence: ObjectId, old: Model, new: Model) -> list[ObjectId]:
    """The columns that it counts for and that become identities: their own sequences go on from where it has got to."""
    return [c for c in counted(sequence, old) if _is(c, old, identity=False) and _is(c, new, identity=True)]


def inherited(sequence: ObjectId, old: Model, new: Model) -> list[ObjectId]:
    """The other way round: the columns that are identities no more, and for which it is to count."""
    return heirs(sequence, new, old)


def successors(sequence: ObjectId, old: Model, new: Model) -> set[ObjectId]:
    """The new sequences by which columns count from then on that it counts for: they go on from where it has got to."""
    defaults = (ObjectId("default", c.name) for c in counted(sequence, old))
    now = {numbering(o, new) for o in defaults if o in new.objects}
    return {n for n in now if n and n not in old.objects and rises(n, new) == rises(sequence, old)}


def rises(sequence: ObjectId, model: Model) -> bool:
    """Whether its numbers get larger."""
    return bool(model.objects[sequence].options.increment > 0)


def _is(column: ObjectId, model: Model, *, identity: bool) -> bool:
    spec = model.objects.get(column)
    return spec is not None and bool(spec.identity) == identity


def position(to: Part, source: Part, options: Options) -> Part:
    """The statement by which one goes on from where another has got to, or begins where its own numbers do."""
    first = (q("least"), options.high) if options.increment < 0 else (q("greatest"), options.low)
    within = q("{}(last_value, {})", first[0], printed(str(first[1])))
    return q(
        "SELECT pg_catalog.setval({}, {}, is_called AND last_value = {}) FROM {}",
        value(text(to)),
        within,
        within,
        source,
    )


def at_least(to: Part, source: Part, *, rising: bool) -> Part:
    """The statement by which one that others count by, too, goes on from where another has got to, where that is further."""
    further = q("a.last_value > b.last_value") if rising else q("a.last_value < b.last_value")
    return q("SELECT pg_catalog.setval({}, a.last_value, a.is_called) FROM {} a, {} b WHERE {} OR (a.last_value = b.last_value AND a.is_called)",
        value(text(to)), source, to, further)  # fmt: skip
