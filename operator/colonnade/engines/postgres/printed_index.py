"""What the server prints of an index from its method on, taken apart; an exclusion constraint is printed in the same way."""

from __future__ import annotations

from dataclasses import dataclass

from colonnade.engines.postgres.printed_sql import bare, entries, pieces

_CLAUSES = ("USING", "INCLUDE", "NULLS", "WITH", "WHERE")


@dataclass(frozen=True)
class PrintedIndex:
    """The keys, one by one; the condition of a partial index; the storage parameters, as ``key=value``; `rest` is all but these."""

    elements: tuple[str, ...]
    where: str
    nulls_alike: bool
    options: tuple[str, ...]
    rest: str

    @classmethod
    def of(cls, definition: str) -> PrintedIndex:
        """Of ``USING btree (a, lower(b) DESC) INCLUDE (c) NULLS NOT DISTINCT WITH (…) WHERE (…)``."""
        clauses = index_clauses(definition)
        given = clauses.get("WITH", "()")
        return cls(
            tuple(entries(clauses["("])),
            bare(clauses.get("WHERE", "")),
            "NULLS" in clauses,
            tuple("=".join(option(one)) for one in entries(given[1:-1]) if one),
            definition.replace(f" WITH {given}", "", 1),
        )


def index_clauses(definition: str) -> dict[str, str]:
    """The text after each of the words that begin a clause, and the first list by its bracket."""
    found = [p for p in pieces(definition) if p.depth == 0]
    columns = next(i for i, p in enumerate(found) if p.text == "(")
    starts = [p for i, p in enumerate(found) if p.text in _CLAUSES or i == columns]
    if where := next((i for i, p in enumerate(starts) if p.text == "WHERE"), None):
        starts = starts[: where + 1]
    ends = [*(p.at for p in starts[1:]), len(definition)]
    clauses = {p.text: definition[p.at + len(p.text) : end].strip() for p, end in zip(starts, ends, strict=True)}
    return {**clauses, "(": clauses["("].removesuffix(")")}


def option(entry: str) -> tuple[str, str]:
    """A storage parameter and its value."""
    key, _, setting = entry.partition("=")
    return key.strip(), setting.strip().removeprefix("'").removesuffix("'")
