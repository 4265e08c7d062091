"""A Postgres table in YAML: columns, constraints, indexes, row-level security. What it cannot say, `sql` can."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from colonnade.resources.common import Frozen, ListMap, Rule
from colonnade.resources.fragment import SqlExpression, SqlName, SqlOpclass, SqlQualifiedName, SqlType

Comment = Annotated[str, Field(max_length=4096)]
Columns = Annotated[tuple[SqlName, ...], Field(min_length=1, max_length=32)]
"""Names of columns, in their order."""
Options = Annotated[dict[str, Annotated[str, Field(max_length=256)]], Field(max_length=32)]
Action = Literal["NoAction", "Restrict", "Cascade", "SetNull", "SetDefault"]
Deferrable = Literal["Immediate", "Deferred"]


class Generated(Frozen):
    """A column computed from others of its row."""

    expression: SqlExpression
    """SQL over other columns of the row; immutable functions only."""
    kind: Literal["Stored", "Virtual"] = "Stored"
    """Stored on disk at each write, or computed at each read (Virtual, from Postgres 18)."""


class TableColumn(Frozen):
    """One column."""

    rules = (
        Rule(
            "a column has at most one of default, identity and generated: keep the one that is meant",
            cel="(has(self.default) ? 1 : 0) + (has(self.identity) ? 1 : 0) + (has(self.generated) ? 1 : 0) <= 1",
            check=lambda self: [self.default, self.identity, self.generated].count(None) >= 2,
        ),
        Rule(
            "an identity column never holds NULL: take nullable: true out",
            cel="!has(self.identity) || !has(self.nullable) || !self.nullable",
            check=lambda self: self.identity is None or not self.nullable,
            at=".nullable",
        ),
    )

    name: SqlName
    """Name, taken as written: capitals count."""
    type: SqlType
    """Type as in CREATE TABLE: bigint, numeric(12,2), timestamptz, text[], an enum of this resource."""
    nullable: bool | None = None
    """Whether it may hold NULL. By default true, except for identity columns and the primary key."""
    default: SqlExpression | None = None
    """SQL of the default, text in quotes: "'pending'", "now()", "0". By default none."""
    identity: Literal["Always", "ByDefault"] | None = None
    """Numbered by Postgres: always, or where an INSERT gives no value. By default not."""
    generated: Generated | None = None
    """Computed from other columns. By default not."""
    collation: SqlQualifiedName | None = None
    """Sorting order of text, such as C or de-x-icu. By default the type's."""
    storage: Literal["Plain", "External", "Extended", "Main"] | None = None
    """How large values are kept. By default as the type says."""
    compression: Literal["pglz", "lz4"] | None = None
    """How large values are compressed. By default as the server is set."""
    statistics: Annotated[int, Field(ge=0, le=10000)] | None = None
    """Detail of the planner's statistics, 0 to 10000 entries. By default as the server is set."""
    comment: Comment | None = None
    """What it means, for people. By default none."""


class PrimaryKey(Frozen):
    """The columns that tell rows apart."""

    name: SqlName | None = None
    """Name of the constraint. By default the table's name and _pkey."""
    columns: Columns
    """Columns, in their order."""
    include: Columns | None = None
    """Further columns kept in the index. By default none."""
    deferrable: Deferrable | None = None
    """Checked at the end of each statement (Immediate) or transaction (Deferred), and changeable. By default neither."""
    comment: Comment | None = None
    """What it is for. By default none."""


class Unique(Frozen):
    """Columns that no two rows share."""

    name: SqlName
    """Name of the constraint."""
    columns: Columns
    """Columns, in their order."""
    include: Columns | None = None
    """Further columns kept in the index. By default none."""
    nulls_not_distinct: bool = False
    """Whether two NULLs count as equal (from Postgres 15)."""
    deferrable: Deferrable | None = None
    """Checked at the end of each statement (Immediate) or transaction (Deferred), and changeable. By default neither."""
    comment: Comment | None = None
    """What it is for. By default none."""


class References(Frozen):
    """The other end of a foreign key."""

    table: SqlQualifiedName
    """Table that is referred to."""
    columns: Columns | None = None
    """Its columns, as many as on this side. By default its primary key."""


class ForeignKey(Frozen):
    """Columns whose values are found in another table."""

    rules = (
        Rule(
            "a foreign key has as many columns on one side as on the other: make columns and references.columns the same length",
            cel="!has(self.references.columns) || size(self.columns) == size(self.references.columns)",
            check=lambda self: self.references.columns is None or len(self.columns) == len(self.references.columns),
            at=".references.columns",
        ),
    )

    name: SqlName
    """Name of the constraint."""
    columns: Columns
    """Columns of this table."""
    references: References
    """Where their values are found."""
    on_delete: Action = "NoAction"
    """What happens here when the row there is deleted."""
    on_update: Action = "NoAction"
    """What happens here when the key there changes."""
    match: Literal["Simple", "Full"] = "Simple"
    """Whether one NULL among several columns is enough to pass (Simple), or all must be NULL (Full)."""
    deferrable: Deferrable | None = None
    """Checked at the end of each statement (Immediate) or transaction (Deferred), and changeable. By default neither."""
    comment: Comment | None = None
    """What it is for. By default none."""


class Check(Frozen):
    """What every row must satisfy."""

    name: SqlName
    """Name of the constraint."""
    expression: SqlExpression
    """SQL that must not be false, such as "price >= 0"."""
    no_inherit: bool = False
    """Whether child tables are free of it."""
    comment: Comment | None = None
    """What it is for. By default none."""


class IndexColumn(Frozen):
    """One column, or expression, of an index."""

    rules = (
        Rule(
            "an entry of an index is either a column (name) or an expression: give exactly one of them",
            cel="has(self.name) != has(self.expression)",
            check=lambda self: (self.name is None) != (self.expression is None),
        ),
    )

    name: SqlName | None = None
    """Column. Either this or expression."""
    expression: SqlExpression | None = None
    """SQL over the row's columns, such as "lower(email)". Either this or name."""
    order: Literal["Asc", "Desc"] | None = None
    """Rising or falling. By default Asc."""
    nulls: Literal["First", "Last"] | None = None
    """Where NULLs stand. By default last when rising, first when falling."""
    opclass: SqlOpclass | None = None
    """Operator class, such as text_pattern_ops or gin_trgm_ops. By default the type's."""
    collation: SqlQualifiedName | None = None
    """Sorting order of text. By default the column's."""


class Index(Frozen):
    """One index; on a live table it is built beside the traffic."""

    rules = (
        Rule(
            "only a unique index has nullsNotDistinct: set unique: true, or take it out",
            cel="!has(self.nullsNotDistinct) || !self.nullsNotDistinct || (has(self.unique) && self.unique)",
            check=lambda self: self.unique or not self.nulls_not_distinct,
            at=".nullsNotDistinct",
        ),
    )

    name: SqlName
    """Name of the index; it stands in the schema of its table."""
    columns: Annotated[tuple[IndexColumn, ...], Field(min_length=1, max_length=32)]
    """Columns or expressions, in their order."""
    unique: bool = False
    """Whether no two rows may share the indexed values."""
    method: Annotated[str, Field(max_length=63, pattern=r"^[a-z_][a-z0-9_]*$")] = "btree"
    """Access method: btree, hash, gin, gist, brin, spgist, or that of an extension."""
    where: SqlExpression | None = None
    """SQL that chooses the rows to index; immutable functions only. By default all rows."""
    include: Columns | None = None
    """Further columns kept in the index. By default none."""
    nulls_not_distinct: bool = False
    """Whether two NULLs count as equal in a unique index (from Postgres 15)."""
    options: Options | None = None
    """Storage parameters as text, such as fillfactor: "80". By default none."""
    comment: Comment | None = None
    """What it is for. By default none."""


class RowPolicy(Frozen):
    """Which rows whom may see or write."""

    rules = (
        Rule(
            "a policy for Insert looks at new rows only: write check instead of using",
            cel="!has(self.command) || self.command != 'Insert' || !has(self.using)",
            check=lambda self: self.command != "Insert" or self.using is None,
            at=".using",
        ),
        Rule(
            "a policy for Select or Delete looks at existing rows only: write using instead of check",
            cel="!has(self.command) || !(self.command in ['Select', 'Delete']) || !has(self.check)",
            check=lambda self: self.command not in ("Select", "Delete") or self.check is None,
            at=".check",
        ),
    )

    name: SqlName
    """Name of the policy."""
    command: Literal["All", "Select", "Insert", "Update", "Delete"] = "All"
    """What it is about."""
    kind: Literal["Permissive", "Restrictive"] = "Permissive"
    """Whether one permissive policy that says yes is enough, or this one must agree too (Restrictive)."""
    roles: Annotated[tuple[SqlName, ...], Field(max_length=64)] = ()
    """Roles it holds for. By default all (public)."""
    using: SqlExpression | None = None
    """SQL that chooses the rows that exist for the command. By default all rows."""
    check: SqlExpression | None = None
    """SQL that new rows must satisfy. By default what using says."""
    comment: Comment | None = None
    """What it is for. By default none."""


class RowLevelSecurity(Frozen):
    """Whether, and for whom, rows are hidden."""

    enabled: bool = True
    """Whether policies hold. With no policy nobody but the owner sees a row."""
    forced: bool = False
    """Whether they hold for the table's owner too."""
    policies: Annotated[tuple[RowPolicy, ...], ListMap(100)] = ()
    """Which rows whom may see or write."""


class PartitionBy(Frozen):
    """How rows are shared out over partitions, which are declared in `sql`."""

    rules = (
        Rule(
            "a list-partitioned table is shared out by one column: name exactly one in partitionBy.columns",
            cel="self.strategy != 'List' || size(self.columns) == 1",
            check=lambda self: self.strategy != "List" or len(self.columns) == 1,
            at=".columns",
        ),
    )

    strategy: Literal["Range", "List", "Hash"]
    """By ranges, lists or hashes of values."""
    columns: Columns
    """Columns that decide; a primary key or unique constraint has to hold them all."""


class Table(Frozen):
    """One table."""

    name: SqlQualifiedName
    """Name, taken as written (capitals count); app.orders for one outside the first of schemas."""
    columns: Annotated[tuple[TableColumn, ...], ListMap(500)] = ()
    """Columns. Their order counts when the table is created, not later."""
    primary_key: PrimaryKey | None = None
    """The columns that tell rows apart. By default none."""
    uniques: Annotated[tuple[Unique, ...], ListMap(100)] = ()
    """Columns that no two rows share."""
    foreign_keys: Annotated[tuple[ForeignKey, ...], ListMap(64)] = ()
    """Columns whose values are found in another table."""
    checks: Annotated[tuple[Check, ...], ListMap(200)] = ()
    """What every row must satisfy."""
    indexes: Annotated[tuple[Index, ...], ListMap(64)] = ()
    """Indexes besides those of the primary key and the unique constraints."""
    row_level_security: RowLevelSecurity | None = None
    """Whether, and for whom, rows are hidden. By default not."""
    partition_by: PartitionBy | None = None
    """How rows are shared out over partitions. By default not."""
    unlogged: bool = False
    """Whether it skips the write-ahead log: faster, and empty after a crash."""
    options: Options | None = None
    """Storage parameters as text, such as fillfactor: "80" or autovacuum_vacuum_scale_factor: "0.02". By default none."""
    comment: Comment | None = None
    """What it holds, for people. By default none."""
