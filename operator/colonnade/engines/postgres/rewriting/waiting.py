"""Columns that wait in quarantine: what comes to be a part, or a child, of their table has them, too, or the server would not let it.

https://www.postgresql.org/docs/current/sql-altertable.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import LiteralString

from colonnade.core.errors import Unsupported
from colonnade.core.plan import Step
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import Part, name, printed, q, text, value

WAITING: LiteralString = r"""
SELECT n.nspname, c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod) || coalesce((
    SELECT pg_catalog.format(' COLLATE %I.%I', x.nspname, k.collname) FROM pg_catalog.pg_collation k
    JOIN pg_catalog.pg_namespace x ON x.oid = k.collnamespace WHERE k.oid = a.attcollation AND k.oid <> t.typcollation), '')
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attname LIKE 'colonnade\_quarantine\_%' AND NOT a.attisdropped ORDER BY 1, 2, 3"""
"""Each column with its table and its type."""

TABLE = r'((?:"(?:[^"]|"")+"\.)"(?:[^"]|"")+")'
COMES = (
    re.compile(rf"ALTER TABLE (?P<parent>{TABLE}) ATTACH PARTITION (?P<child>{TABLE})"),
    re.compile(rf"ALTER TABLE (?P<child>{TABLE}) INHERIT (?P<parent>{TABLE})"),
)
BETWEEN = ") OVERRIDING SYSTEM VALUE SELECT "
COPIES = re.compile(
    rf"INSERT INTO (?P<new>{TABLE}) \((?P<columns>.*){re.escape(BETWEEN)}.* FROM (?:ONLY )?(?P<old>{TABLE})$", re.DOTALL
)
NAME = r'("(?:[^"]|"")+")'
RENAMED = re.compile(rf"ALTER TABLE {TABLE} RENAME TO {NAME}$")
MOVED = re.compile(rf"ALTER TABLE {TABLE} SET SCHEMA {NAME}$")
SCHEMA = re.compile(rf"ALTER SCHEMA {NAME} RENAME TO {NAME}$")
OF_A_TYPE = re.compile(rf"ALTER TABLE {TABLE} OF ")
FRESH = re.compile(rf"CREATE (?:UNLOGGED )?TABLE {TABLE}")
ROOT: LiteralString = """
SELECT n.nspname, c.relname FROM pg_catalog.pg_partition_ancestors(pg_catalog.to_regclass({})) WITH ORDINALITY x (relid, far)
JOIN pg_catalog.pg_class c ON c.oid = x.relid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace ORDER BY x.far DESC LIMIT 1"""
Waiting = dict[str, dict[str, str]]
"""By table, its columns that wait, with their types."""


def waits(subject: str, table: Part, column: str, type_: str, *, blocks: tuple[str, ...] = ()) -> Step:
    """The step by which the table gets the column, under the name that it has in quarantine; others use those that it `blocks`."""
    there = q("ALTER TABLE {} ADD COLUMN IF NOT EXISTS {} {}", table, name(column), printed(type_))
    undo = text(q("ALTER TABLE {} DROP COLUMN IF EXISTS {}", table, name(column)))
    return Step(text(there), subject, undo=undo, lock="ACCESS EXCLUSIVE" if blocks else "", blocks=blocks)


def with_what_waits(connection: Connection, steps: Sequence[Step]) -> Iterator[Step]:
    """The steps, with those by which what waits comes along: on the copy of the database there is none of it.

    A part gets what waits in its whole, and the whole what waits in a table that comes to be a part, for a part has no columns of its
    own; a table that is made anew gets what waited in the old one, with its values.
    """
    patterns = (*COMES, COPIES, OF_A_TYPE)
    there = _waiting(connection) if any(p.match(s.statement) for p in patterns for s in steps) else {}
    if not there:
        yield from steps
        return
    walk = _Walk(connection, there, {m[1] for s in steps if (m := FRESH.match(s.statement))})
    for one in steps:
        yield from walk.past(one)


class _Walk:
    """Goes through the steps; knows what waits where by then."""

    def __init__(self, connection: Connection, there: Waiting, fresh: Collection[str]) -> None:
        self.connection, self.there, self.fresh = connection, there, fresh
        self.called: dict[str, str] = {}

    def past(self, one: Step) -> Iterator[Step]:
        """The step, after those that it wants before it. Raises Unsupported where it cannot be done for what waits."""
        if not self._renamed(one.statement):
            if copies := COPIES.match(one.statement):
                columns = self.there.get(copies["old"], {})
                yield from self._gets(copies["new"], columns, one.subject)
                one = replace(one, statement=_with_columns(one.statement, copies.start("columns"), columns))
            elif comes := next((m for m in (pattern.match(one.statement) for pattern in COMES) if m), None):
                yield from self._meet(comes["child"], comes["parent"], one.subject, part=comes.re is COMES[0])
            elif (typed := OF_A_TYPE.match(one.statement)) and self.there.get(typed[1]):
                raise Unsupported(
                    f"{one.subject} cannot be of a type while its column {', '.join(self.there[typed[1]])} waits in quarantine; "
                    "restore it, drop it by hand, or wait until the quarantine is over, first"
                )
        yield one

    def _renamed(self, statement: str) -> bool:
        """Whether it only calls tables otherwise, which is heeded from then on."""
        if found := RENAMED.match(statement) or MOVED.match(statement):
            schema, _, last = found[1].partition('"."')
            now = f'{schema}"."{found[2][1:]}' if found.re is RENAMED else f'{found[2][:-1]}"."{last}'
            self._call(found[1], now)
        elif found := SCHEMA.match(statement):
            for table in [t for t in {*self.there, *self.called.values()} if t.startswith(f"{found[1]}.")]:
                self._call(table, found[2] + table.removeprefix(found[1]))
        return found is not None

    def _call(self, was: str, now: str) -> None:
        first = next((first for first, last in self.called.items() if last == was), was)
        self.called[first] = now
        if was in self.there:
            self.there[now] = self.there.pop(was)

    def _meet(self, child: str, parent: str, subject: str, *, part: bool) -> Iterator[Step]:
        above, own = (dict(self.there.get(t, {})) for t in (parent, child))
        yield from self._gets(child, above, subject)
        if part:
            yield from self._gets(self._root(parent), own, subject)
            self.there.setdefault(parent, {}).update(own)

    def _gets(self, table: str, columns: Mapping[str, str], subject: str) -> Iterator[Step]:
        mine = self.there.setdefault(table, {})
        blocks = () if table in self.fresh else (table.replace('"', ""),)
        for column in sorted(c for c in columns.keys() & mine.keys() if columns[c] != mine[c]):
            raise Unsupported(
                f"{subject}: column {column} waits in quarantine twice and is of two types, {mine[column]} and {columns[column]}, where "
                "it would be one; restore one of the two, drop it by hand, or wait until the quarantine is over, first"
            )
        for column in sorted(columns.keys() - mine.keys()):
            yield waits(subject, printed(table), column, columns[column], blocks=blocks)
        mine |= columns

    def _root(self, table: str) -> str:
        """The whole that this is a part of, near or far; only that can get columns."""
        first = next((first for first, last in self.called.items() if last == table), table)
        row = None if table in self.fresh else self.connection.execute(q(ROOT, value(first))).fetchone()
        root = text(name(*row)) if row else first
        return self.called.get(root, root)


def _with_columns(copy: str, begin: int, columns: Iterable[str]) -> str:
    """The statement that copies rows, with these columns as the first; its own begin there."""
    more = "".join(f"{text(name(c))}, " for c in sorted(columns))
    first, between, rest = copy[begin:].partition(BETWEEN)
    return f"{copy[:begin]}{more}{first}{between}{more}{rest}"


def _waiting(connection: Connection) -> Waiting:
    found: Waiting = {}
    for schema, table, column, type_ in connection.execute(WAITING).fetchall():
        found.setdefault(text(name(schema, table)), {})[column] = type_
    return found
