"""What the rows are asked before some of their columns are filled: the server asks a row that is written again all that its table says.

A check, or NOT NULL, that is NOT VALID was asked of no row that was there, and would stop the filling half way. It is asked of the rows
as they are filled. https://www.postgresql.org/docs/current/sql-altertable.html (NOT VALID: enforced against subsequent updates)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check
from colonnade.engines.postgres.kind import NOT_VALID, Context
from colonnade.engines.postgres.statement import Part, keys, listed, name, printed, q, question


def asked(
    table: tuple[str, ...], which: Part, context: Context, values: Mapping[str, Part], instead: str = ""
) -> Iterator[Check]:
    """The questions for the rows `which` are filled, with these values by column; `instead` is what to do if they are not to be mended."""
    for oid, condition in _unproved(table, context):
        columns = (o.name[2] for o in context.old.objects if o.kind == "column" and o.name[:2] == table)
        then = [q("ctid"), *(q("{} AS {}", values.get(c, name(c)), name(c)) for c in columns)]
        rows = q("(SELECT {} FROM {} WHERE {}) AS {}", listed(then), name(*table), which, name(table[1]))
        yield question(
            keys(context.key_of(table)),
            q("FROM {} WHERE NOT ({})", rows, condition),
            problem=f"rows are to be filled, and the server then asks of them what is NOT VALID for {oid}, which they violate",
            remedy=f"mend the rows{instead}",
        )


def _unproved(table: tuple[str, ...], context: Context) -> Iterator[tuple[ObjectId, Part]]:
    """What holds for the table, and stays, that a row need not agree with until it is written; with the condition."""
    for oid, spec in context.old.objects.items():
        stays = context.new.objects.get(oid)
        if oid.name[:2] != table or stays is None or not (_is_unproved(oid, spec) and _is_unproved(oid, stays)):
            continue
        if oid.kind == "column":
            yield oid, q("{} IS NOT NULL", name(oid.name[2]))
        else:
            plain = spec.definition.removesuffix(NOT_VALID).removesuffix(" NO INHERIT").removeprefix("CHECK ")
            yield oid, printed(plain)


def _is_unproved(oid: ObjectId, spec: Any) -> bool:
    if oid.kind == "column":
        return bool(spec.not_null and not spec.not_null_valid)
    return oid.kind == "check" and spec.definition.endswith(NOT_VALID)
