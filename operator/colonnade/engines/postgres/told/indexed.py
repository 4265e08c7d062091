"""What the rows are asked before an index is built of them: whether a unique one would refuse some, and whether its expressions can be
computed for all. Otherwise the build finds it out, when other steps are done.

https://www.postgresql.org/docs/current/indexes-expressional.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check
from colonnade.engines.postgres.kind import Context
from colonnade.engines.postgres.printed_index import PrintedIndex
from colonnade.engines.postgres.printed_sql import Piece, pieces
from colonnade.engines.postgres.statement import Part, joined, keys, listed, printed, q, question
from colonnade.engines.postgres.told.foreseen import rows

if TYPE_CHECKING:
    from colonnade.engines.postgres.kinds.index import Index

ORDERED = re.compile(r"(?: (?:ASC|DESC))?(?: NULLS (?:FIRST|LAST))?")
FAILS = re.compile(r"::(?!text\b|character varying\b|regclass\b)|/|%")
"""What in an expression a value can make fail: a cast to what is no text, a division."""


def duplicates(oid: ObjectId, spec: Index, context: Context) -> tuple[Check, ...]:
    """The question for values of a unique index that stand more than once; none where it goes by another likeness than their own."""
    index = PrintedIndex.of(spec.definition)
    parts = [_split(one) for one in index.elements]
    if (
        not spec.unique
        or not spec.definition.startswith("USING btree ")
        or not all(ORDERED.fullmatch(t) for _, t in parts)
    ):
        return ()
    values = [printed(expression) for expression, _ in parts]
    known = q("true") if index.nulls_alike else joined(" AND ", [q("{} IS NOT NULL", v) for v in values])
    where = _where(index, known)
    groups = q("FROM {} WHERE {} GROUP BY {} HAVING count(*) > 1", rows(spec.table, context), where, listed(values))
    return (
        question(
            listed(values),
            groups,
            grouped=True,
            problem=f"{oid} is unique and has values that stand more than once",
            remedy="merge or remove the duplicates first",
        ),
    )


def computable(oid: ObjectId, spec: Index, context: Context) -> tuple[Check, ...]:
    """The question whether there is a value for each row, which finds none: it is the server that stumbles."""
    index = PrintedIndex.of(spec.definition)
    expressions = [e for e, _ in map(_split, index.elements) if "(" in e]
    if not FAILS.search("".join((*expressions, index.where))):
        return ()
    where = _where(index, q("pg_catalog.num_nulls({}) < 0", listed(map(printed, expressions or ["NULL"]))))
    found = q("FROM {} WHERE {}", rows(spec.table, context), where)
    return (
        question(
            keys(context.key_of(spec.table)),
            found,
            problem=f"{oid} cannot be built of the rows that are there",
            remedy="mend the rows, or declare an index that leaves them out",
        ),
    )


def _where(index: PrintedIndex, condition: Part) -> Part:
    """The condition, of those rows that the index has."""
    return q("CASE WHEN {} THEN {} END", printed(index.where), condition) if index.where else condition


def _split(element: str) -> tuple[str, str]:
    """A column or an expression, and what is said of it."""
    end = next(_ends(element), len(element))
    return element[:end], element[end:]


def _ends(element: str) -> Iterator[int]:
    found: list[Piece | None] = [*pieces(element), None]
    for piece, after in pairwise(found):
        goes_on = after is not None and after.depth == 0 and after.text in "(."
        if piece and piece.depth == 0 and piece.text not in "(." and not goes_on:
            yield piece.at + len(piece.text)
