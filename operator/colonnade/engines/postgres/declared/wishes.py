"""What declarations say about the way to what they declare: values for rows, conversions, names that were others."""

from __future__ import annotations

from collections.abc import Sequence

from colonnade.core.kind import ObjectId
from colonnade.engines import Declaration
from colonnade.engines.postgres.kind import Fill, Wishes
from colonnade.engines.postgres.planning.renames import Rename


def wishes(declarations: Sequence[Declaration]) -> Wishes:
    """What the declarations say about the way."""
    backfills, conversions = {}, {}
    renames: list[Rename] = []
    for spec in (d.spec for d in declarations if d.spec):
        for b in spec.backfills:
            backfills[ObjectId("column", (*spec.placed(b.table), b.column))] = Fill(b.expression, b.where)
        for c in spec.conversions:
            conversions[ObjectId("column", (*spec.placed(c.table), c.column))] = c.using
        renames += [Rename.declared(spec, r) for r in spec.renames]
    return Wishes(backfills, conversions, tuple(renames))
