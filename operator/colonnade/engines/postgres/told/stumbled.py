"""Which row it is over which the server stumbles when it is to compute something of each: the question itself ends there and shows none.

So each row is told of before anything is computed of it, and the last one that was told of is the one.
https://www.postgresql.org/docs/current/queries-limit.html (OFFSET 0 keeps both apart)
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import psycopg

from colonnade.core.plan import Check
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, joined, listed, name, printed, q, text, value

STUMBLES = (psycopg.DataError, psycopg.IntegrityError, psycopg.NotSupportedError)
"""How a value can be refused: by a cast, by the check of a domain, by a number that is none."""
ONE_BY_ONE = "SET LOCAL max_parallel_workers_per_gather = 0"


def told_by_row(one: Check, table: tuple[str, ...], key: Iterable[str], column: str, computed: Part) -> Check:
    """The question with the way to find the row for which this cannot be computed of the column."""
    names = [*key] or ["ctid"]
    called = [printed(text(_plain(n)).replace("%", "%%")) for n in names]
    known = joined(" AND ", [q("{} = %L", n) for n in called])
    inner = (q("{}", _plain(n)) for n in dict.fromkeys([*names, column]))
    shown = listed(_plain(n) for n in dict.fromkeys([*names, column]))
    see = text(q("SELECT {} FROM {} WHERE ", shown, name(*table[:2]))).replace("%", "%%") + text(known)
    each = q(
        "SELECT pg_catalog.format({}, {}), CASE WHEN colonnade_turn = 2 THEN pg_catalog.num_nulls({}) END "
        "FROM (SELECT {}, pg_catalog.unnest(ARRAY[1, 2]) AS colonnade_turn FROM {} OFFSET 0) AS each",
        value(see),
        listed(_plain(n) for n in names),
        computed,
        listed(inner),
        name(*table[:2]),
    )
    return replace(one, each=text(each))


def _plain(column: str) -> Part:
    """The column's name; one of the server's own is never quoted."""
    return q("ctid") if column == "ctid" else name(column)


def stumbled_over(connection: Connection, one: Check) -> str:
    """The query for the row; nothing where there is no way to find it, or it takes too long. To be run in a transaction that is given up."""
    seen = ""
    try:
        connection.execute(ONE_BY_ONE)
        with connection.cursor() as rows:
            for see, _ in rows.stream(printed(one.each)) if one.each else ():
                seen = str(see)
    except STUMBLES:
        return seen
    except psycopg.errors.QueryCanceled:
        return ""
    return ""
