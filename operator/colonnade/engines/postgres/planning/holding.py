"""Columns that hold rows of a table: before these are written anew, or once they are.

https://www.postgresql.org/docs/current/rowtypes.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.planning.work import Act, Before, Work, is_type


def holding_rows(work: Work, before: Before[Act]) -> None:
    """A column comes to hold rows of a table once the columns of that are what they are to be, and one that holds none any more goes
    first: the server changes no table that others hold rows of."""
    changing = _changing(work, before)
    for column in (o for o in work.altered | work.created | work.dropped if o.kind == "column") if changing else ():
        was, will_be = (_made_of(column, m) & changing.keys() for m in (work.old, work.new))
        comes = Act("alter", column) if column in work.altered else Act("create", work.inlined.get(column, column))
        leaves = Act("alter", column) if column in work.altered else Act("drop", column)
        if comes in before:
            before[comes].update(act for table in will_be - was for act in changing[table])
        for act in (act for table in was - will_be for act in changing[table]):
            before[act].add(leaves)


def _changing(work: Work, before: Before[Act]) -> Mapping[ObjectId, list[Act]]:
    """What is done to the columns of tables that stay."""
    found: defaultdict[ObjectId, list[Act]] = defaultdict(list)
    for act in before:
        table = ObjectId("table", act.id.name[:2])
        if act.id.kind == "column" and act.verb in ("create", "alter") and table in work.old.objects:
            found[table].append(act)
    return found


def _made_of(column: ObjectId, model: Model) -> set[ObjectId]:
    """The tables whose rows it holds, near or far."""
    found, todo = set[ObjectId](), [column]
    while todo:
        needs = model.needs.get(todo.pop(), NOTHING) - found
        further = {n for n in needs if is_type(n) or n.kind == "table"}
        found |= further
        todo += further
    return {o for o in found if o.kind == "table"} - {ObjectId("table", column.name[:2])}
