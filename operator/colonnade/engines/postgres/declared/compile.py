"""The YAML notation of a PostgresSchema as the statements that a person would write, and the field that each piece came from.

One road for both notations: what comes out here is loaded into the scratch database beside the resource's own SQL, with the
resource's schemas as search_path. Names are always quoted; types and expressions are SQL of the user, which the model has
checked to be whole (`resources/fragment.py`), and expressions stand in parentheses besides.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from colonnade.engines.postgres.kind import made_up
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, text, value, words
from colonnade.resources.fragment import parts
from colonnade.resources.postgres_schema import Enum, Extension, PostgresSchemaSpec
from colonnade.resources.postgres_table import (
    Check,
    ForeignKey,
    Generated,
    Index,
    IndexColumn,
    PartitionBy,
    PrimaryKey,
    RowPolicy,
    Table,
    TableColumn,
    Unique,
)

Piece = tuple[Part, str]
"""A part of a statement, and the field that it came from."""

_ACTIONS: dict[str, LiteralString] = {
    "Restrict": "RESTRICT",
    "Cascade": "CASCADE",
    "SetNull": "SET NULL",
    "SetDefault": "SET DEFAULT",
}
_DEFERRABLE: dict[str, LiteralString] = {
    "Immediate": "DEFERRABLE INITIALLY IMMEDIATE",
    "Deferred": "DEFERRABLE INITIALLY DEFERRED",
}
_SESSION_ROLES: dict[str, LiteralString] = {
    "current_user": "CURRENT_USER",
    "current_role": "CURRENT_ROLE",
    "session_user": "SESSION_USER",
}


@dataclass(frozen=True)
class Compiled:
    """One statement, the field that it comes from, and where in the text each field within it begins."""

    sql: str
    origin: str
    spans: tuple[tuple[int, str], ...] = ()

    def origin_at(self, position: int) -> str:
        """The field behind a position in the text, counted from 1 in characters as Postgres tells it."""
        found = bisect_right(self.spans, position - 1, key=lambda span: span[0])
        return self.spans[found - 1][1] if found else self.origin


def compile_sql(spec: PostgresSchemaSpec) -> list[Compiled]:
    """The statements of a spec's YAML, in an order in which each finds what it needs."""
    return [
        *(_schema(spec, schema) for schema in spec.schemas),
        *(made for extension in spec.extensions for made in _extension(extension)),
        *(made for enum in spec.enums for made in _enum(spec, enum)),
        *(made for table in spec.tables for made in _Table(spec, table).structure()),
        *(made for table in spec.tables for made in _Table(spec, table).indexes()),
        *(made for table in spec.tables for made in _Table(spec, table).foreign_keys()),
        *(made for table in spec.tables for made in _Table(spec, table).security()),
    ]


def _made(origin: str, pieces: Iterable[Piece]) -> Compiled:
    spans, out = list[tuple[int, str]](), ""
    for part, path in pieces:
        spans.append((len(out), path))
        out += text(part)
    return Compiled(out, origin, tuple(spans))


def _one(origin: str, statement: Part) -> Compiled:
    return Compiled(text(statement), origin)


def _spaced(pieces: Iterable[Piece | None], between: LiteralString = " ") -> Iterator[Piece]:
    """The pieces that are there, with this text between them."""
    first = True
    for piece in pieces:
        if piece is not None:
            yield piece if first else (sql.SQL(between) + piece[0], piece[1])
            first = False


def _schema(spec: PostgresSchemaSpec, schema: str) -> Compiled:
    return _one(f"spec.schemas[{spec.schemas.index(schema)}]", q("CREATE SCHEMA IF NOT EXISTS {}", name(schema)))


def _extension(extension: Extension) -> Iterator[Compiled]:
    origin = f"spec.extensions[{extension.name}]"
    yield _one(
        origin,
        words(
            q("CREATE EXTENSION IF NOT EXISTS {}", name(extension.name)),
            q("SCHEMA {}", name(extension.schema_)) if extension.schema_ else None,
            q("VERSION {}", value(extension.version)) if extension.version else None,
        ),
    )
    yield from _comment(origin, q("EXTENSION {}", name(extension.name)), extension.comment)


def _enum(spec: PostgresSchemaSpec, enum: Enum) -> Iterator[Compiled]:
    origin, place = f"spec.enums[{enum.name}]", name(*spec.placed(enum.name))
    yield _one(origin, q("CREATE TYPE {} AS ENUM ({})", place, listed(value(label) for label in enum.values)))
    yield from _comment(origin, q("TYPE {}", place), enum.comment)


def _comment(origin: str, subject: Part, comment: str | None) -> Iterator[Compiled]:
    if comment is not None:
        yield _one(f"{origin}.comment", q("COMMENT ON {} IS {}", subject, value(comment)))


def _names(columns: Iterable[str]) -> Part:
    return q("({})", listed(name(column) for column in columns))


def _grouped(expression: str) -> Part:
    """An expression of the user, on which nothing outside its parentheses can act."""
    return q("({})", printed(expression))


def _options(options: dict[str, str]) -> Part:
    pairs = (q("{} = {}", name(*key.split(".", 1)), value(setting)) for key, setting in options.items())
    return q("WITH ({})", listed(pairs))


def _include(columns: tuple[str, ...] | None) -> Part | None:
    return q("INCLUDE {}", _names(columns)) if columns else None


def _deferrable(constraint: PrimaryKey | Unique | ForeignKey) -> LiteralString | None:
    return _DEFERRABLE[constraint.deferrable] if constraint.deferrable else None


def _collate(collation: str | None) -> Part | None:
    return q("COLLATE {}", name(*parts(collation))) if collation else None


class _Table:
    """The statements of one table."""

    def __init__(self, spec: PostgresSchemaSpec, table: Table) -> None:
        self.spec, self.table = spec, table
        self.schema = spec.placed(table.name)[0]
        self.place = name(*spec.placed(table.name))
        self.path = f"spec.tables[{table.name}]"

    def structure(self) -> Iterator[Compiled]:
        """The table itself, what can only be said after it, and the comments on it and its columns."""
        yield self._create()
        for column in self.table.columns:
            yield from self._column_settings(column)
        yield from _comment(self.path, q("TABLE {}", self.place), self.table.comment)
        for column in self.table.columns:
            subject = q("COLUMN {}.{}", self.place, name(column.name))
            yield from _comment(self._column_path(column), subject, column.comment)
        yield from self._constraint_comments()

    def indexes(self) -> Iterator[Compiled]:
        for index in self.table.indexes:
            path = f"{self.path}.indexes[{index.name}]"
            yield _made(path, _spaced(self._index(index, path)))
            yield from _comment(path, q("INDEX {}", name(self.schema, index.name)), index.comment)

    def foreign_keys(self) -> Iterator[Compiled]:
        for key in self.table.foreign_keys:
            path = f"{self.path}.foreignKeys[{key.name}]"
            yield _made(path, _spaced(self._foreign_key(key, path)))
            yield from _comment(path, q("CONSTRAINT {} ON {}", name(key.name), self.place), key.comment)

    def security(self) -> Iterator[Compiled]:
        security = self.table.row_level_security
        if security is None:
            return
        path = f"{self.path}.rowLevelSecurity"
        for policy in security.policies:
            here = f"{path}.policies[{policy.name}]"
            yield _made(here, _spaced(self._policy(policy, here)))
            yield from _comment(here, q("POLICY {} ON {}", name(policy.name), self.place), policy.comment)
        if security.enabled:
            yield _one(f"{path}.enabled", q("ALTER TABLE {} ENABLE ROW LEVEL SECURITY", self.place))
        if security.forced:
            yield _one(f"{path}.forced", q("ALTER TABLE {} FORCE ROW LEVEL SECURITY", self.place))

    def _create(self) -> Compiled:
        kind: LiteralString = "CREATE UNLOGGED TABLE {} (" if self.table.unlogged else "CREATE TABLE {} ("
        members = [*map(self._column, self.table.columns), *self._constraints()]
        pieces: list[Piece] = [(q(kind, self.place), self.path)]
        for number, member in enumerate(members):
            pieces.append((sql.SQL(",\n    " if number else "\n    "), self.path))
            pieces += member
        tail = words("\n)" if members else ")", self._partition(self.table.partition_by), self._table_options())
        return _made(self.path, [*pieces, (tail, self.path)])

    def _table_options(self) -> Part | None:
        return _options(self.table.options) if self.table.options else None

    def _partition(self, partition: PartitionBy | None) -> Part | None:
        if partition is None:
            return None
        return q("PARTITION BY {} {}", sql.SQL(partition.strategy.upper()), _names(partition.columns))

    def _column_path(self, column: TableColumn) -> str:
        return f"{self.path}.columns[{column.name}]"

    def _column(self, column: TableColumn) -> list[Piece]:
        path = self._column_path(column)
        collate, default, generated = _collate(column.collation), column.default, column.generated
        identity: LiteralString = "ALWAYS" if column.identity == "Always" else "BY DEFAULT"
        found: list[Piece | None] = [
            (name(column.name), path),
            (printed(column.type), f"{path}.type"),
            (q("COMPRESSION {}", name(column.compression)), f"{path}.compression") if column.compression else None,
            (collate, f"{path}.collation") if collate else None,
            (q("DEFAULT {}", _grouped(default)), f"{path}.default") if default else None,
            (q("GENERATED {} AS IDENTITY", sql.SQL(identity)), f"{path}.identity") if column.identity else None,
            (_generated(generated), f"{path}.generated") if generated else None,
            (sql.SQL("NOT NULL"), f"{path}.nullable") if column.nullable is False else None,
        ]
        return list(_spaced(found))

    def _column_settings(self, column: TableColumn) -> Iterator[Compiled]:
        """What CREATE TABLE cannot say, or not in every version."""
        path, alter = self._column_path(column), q("ALTER TABLE {} ALTER COLUMN {}", self.place, name(column.name))
        if column.storage:
            yield _one(f"{path}.storage", q("{} SET STORAGE {}", alter, sql.SQL(column.storage.upper())))
        if column.statistics is not None:
            yield _one(f"{path}.statistics", q("{} SET STATISTICS {}", alter, value(column.statistics)))

    def _constraints(self) -> Iterator[list[Piece]]:
        if key := self.table.primary_key:
            named = q("CONSTRAINT {}", name(key.name)) if key.name else None
            rest = words(named, "PRIMARY KEY", _names(key.columns), _include(key.include), _deferrable(key))
            yield [(rest, f"{self.path}.primaryKey")]
        for unique in self.table.uniques:
            yield [(self._unique(unique), f"{self.path}.uniques[{unique.name}]")]
        for check in self.table.checks:
            yield [(self._check(check), f"{self.path}.checks[{check.name}]")]

    def _unique(self, unique: Unique) -> Part:
        return words(
            q("CONSTRAINT {} UNIQUE", name(unique.name)),
            "NULLS NOT DISTINCT" if unique.nulls_not_distinct else None,
            _names(unique.columns),
            _include(unique.include),
            _deferrable(unique),
        )

    def _check(self, check: Check) -> Part:
        rule = q("CONSTRAINT {} CHECK {}", name(check.name), _grouped(check.expression))
        return words(rule, "NO INHERIT" if check.no_inherit else None)

    def _constraint_comments(self) -> Iterator[Compiled]:
        key = self.table.primary_key
        if key and key.comment is not None:
            named = key.name or made_up("pkey", self.spec.placed(self.table.name)[1])  # the server's own choice
            yield from _comment(f"{self.path}.primaryKey", self._constraint(named), key.comment)
        for unique in self.table.uniques:
            yield from _comment(f"{self.path}.uniques[{unique.name}]", self._constraint(unique.name), unique.comment)
        for check in self.table.checks:
            yield from _comment(f"{self.path}.checks[{check.name}]", self._constraint(check.name), check.comment)

    def _constraint(self, named: str) -> Part:
        return q("CONSTRAINT {} ON {}", name(named), self.place)

    def _index(self, index: Index, path: str) -> list[Piece | None]:
        start: LiteralString = (
            "CREATE UNIQUE INDEX {} ON {} USING {}" if index.unique else "CREATE INDEX {} ON {} USING {}"
        )
        columns = [_index_column(column) for column in index.columns]
        include = _include(index.include)
        return [
            (q(start, name(index.name), self.place, name(index.method)), path),
            (q("({})", listed(columns)), f"{path}.columns"),
            (include, f"{path}.include") if include else None,
            (sql.SQL("NULLS NOT DISTINCT"), f"{path}.nullsNotDistinct") if index.nulls_not_distinct else None,
            (_options(index.options), f"{path}.options") if index.options else None,
            (q("WHERE {}", _grouped(index.where)), f"{path}.where") if index.where else None,
        ]

    def _foreign_key(self, key: ForeignKey, path: str) -> list[Piece | None]:
        there = key.references
        target = words(name(*self.spec.placed(there.table)), _names(there.columns) if there.columns else None)
        actions = words(
            "MATCH FULL" if key.match == "Full" else None,
            q("ON DELETE {}", sql.SQL(_ACTIONS[key.on_delete])) if key.on_delete in _ACTIONS else None,
            q("ON UPDATE {}", sql.SQL(_ACTIONS[key.on_update])) if key.on_update in _ACTIONS else None,
            _deferrable(key),
        )
        return [
            (q("ALTER TABLE {} ADD CONSTRAINT {}", self.place, name(key.name)), path),
            (q("FOREIGN KEY {}", _names(key.columns)), f"{path}.columns"),
            (q("REFERENCES {}", target), f"{path}.references"),
            (actions, path) if text(actions) else None,
        ]

    def _policy(self, policy: RowPolicy, path: str) -> list[Piece | None]:
        kind, command = sql.SQL(policy.kind.upper()), sql.SQL(policy.command.upper())
        roles = listed(_role(role) for role in policy.roles or ("public",))
        return [
            (q("CREATE POLICY {} ON {}", name(policy.name), self.place), path),
            (q("AS {} FOR {}", kind, command), path),
            (q("TO {}", roles), f"{path}.roles"),
            (q("USING {}", _grouped(policy.using)), f"{path}.using") if policy.using else None,
            (q("WITH CHECK {}", _grouped(policy.check)), f"{path}.check") if policy.check else None,
        ]


def _generated(generated: Generated) -> Part:
    return q("GENERATED ALWAYS AS {} {}", _grouped(generated.expression), sql.SQL(generated.kind.upper()))


def _role(role: str) -> Part:
    """A role; `public` is one even in quotes, the words for the session's own are none."""
    word = _SESSION_ROLES.get(role.lower())
    return sql.SQL(word) if word else name(role)


def _index_column(column: IndexColumn) -> Part:
    subject = _grouped(column.expression) if column.expression else name(column.name or "")
    return words(
        subject,
        _collate(column.collation),
        printed(column.opclass) if column.opclass else None,
        column.order.upper() if column.order else None,
        q("NULLS {}", sql.SQL(column.nulls.upper())) if column.nulls else None,
    )
