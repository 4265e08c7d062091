"""`PostgresSchema`: tables, constraints, views, functions and all else in a Postgres database; as SQL, as YAML, or both."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from colonnade.resources.common import (
    ConfigMapKeyRef,
    DatastoreRef,
    DeletionPolicy,
    Frozen,
    ListMap,
    Names,
    Resource,
    Rule,
    SecretKeyRef,
    Short,
)
from colonnade.resources.fragment import SqlExpression, SqlName, SqlQualifiedName, parts, qualified
from colonnade.resources.policy import DatastorePolicy
from colonnade.resources.postgres_table import Comment, Table
from colonnade.resources.schema_status import SCHEMA_COLUMNS, SchemaStatus


class SqlFrom(Frozen):
    """SQL kept elsewhere."""

    rules = (
        Rule(
            "an entry of sqlFrom reads one key of one object: give exactly one of configMapKeyRef and secretKeyRef",
            cel="has(self.configMapKeyRef) != has(self.secretKeyRef)",
            check=lambda self: (self.config_map_key_ref is None) != (self.secret_key_ref is None),
        ),
    )

    config_map_key_ref: ConfigMapKeyRef | None = None
    """Key of a ConfigMap. Either this or secretKeyRef."""
    secret_key_ref: SecretKeyRef | None = None
    """Key of a Secret. Either this or configMapKeyRef."""


class Extension(Frozen):
    """One extension."""

    name: SqlName
    """Name, such as pg_trgm."""
    schema_: SqlName | None = None
    """Schema that its objects go to. By default what the extension says, else the first of schemas."""
    version: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    """Version. By default the newest that the server has."""
    comment: Comment | None = None
    """What it is for. By default the extension's own."""


class Enum(Frozen):
    """One enumerated type."""

    rules = (
        Rule(
            "an enum has each value once: take the repeated one out of values",
            check=lambda self: len(set(self.values)) == len(self.values),
        ),
    )

    name: SqlQualifiedName
    """Name, taken as written; app.mood for one outside the first of schemas."""
    values: Annotated[tuple[SqlName, ...], Field(min_length=1, max_length=1000)]
    """Values, in their order. New ones may be added anywhere; to rename one, see renames."""
    comment: Comment | None = None
    """What it is for. By default none."""


_WITHIN_TABLE = ("Column", "Constraint", "Trigger", "Policy")


class Rename(Frozen):
    """An object that goes on under another name, with everything in it. Without this it would be a drop and an add."""

    rules = (
        Rule(
            "renaming a Column, Constraint, Trigger or Policy needs its table, and other kinds have none: give table, or take it out",
            cel="has(self.table) == (self.kind in ['Column', 'Constraint', 'Trigger', 'Policy'])",
            check=lambda self: (self.table is not None) == (self.kind in _WITHIN_TABLE),
            at=".table",
        ),
        Rule(
            "renaming an EnumValue needs its type, and other kinds have none: give type, or take it out",
            cel="has(self.type) == (self.kind == 'EnumValue')",
            check=lambda self: (self.type is not None) == (self.kind == "EnumValue"),
            at=".type",
        ),
        Rule(
            "from and to are the same name: give the new name as to",
            cel="self.from != self.to",
            check=lambda self: self.from_ != self.to,
            at=".to",
        ),
    )

    kind: Literal[
        "Schema",
        "Table",
        "Column",
        "Constraint",
        "Index",
        "Sequence",
        "View",
        "MaterializedView",
        "Type",
        "EnumValue",
        "Function",
        "Trigger",
        "Policy",
    ]
    """What is renamed."""
    table: SqlQualifiedName | None = None
    """Table that a Column, Constraint, Trigger or Policy belongs to, by the name it is declared with now."""
    type: SqlQualifiedName | None = None
    """Type that an EnumValue belongs to."""
    from_: SqlQualifiedName
    """The name it had. Once no database has it any more the entry may go."""
    to: SqlQualifiedName
    """The name it is declared with now."""


class ColumnBackfill(Frozen):
    """Values for rows that were there before the column, or before it became NOT NULL."""

    table: SqlQualifiedName
    """Table."""
    column: SqlName
    """Column that is filled."""
    expression: SqlExpression
    """SQL of the value, over the row's columns: "'active'", "lower(email)"."""
    where: SqlExpression | None = None
    """SQL that chooses the rows. By default those in which the column is NULL."""


class Conversion(Frozen):
    """How values come over when a column changes its type and Postgres knows no way by itself."""

    table: SqlQualifiedName
    """Table."""
    column: SqlName
    """Column whose type changes."""
    using: SqlExpression
    """SQL of the new value over the old row: "total::numeric(12,2)"."""


def _own(name: str) -> bool:
    """Whether a schema may be declared: not the server's, and not Colonnade's."""
    return not name.startswith(("pg_", "colonnade")) and name != "information_schema"


class PostgresSchemaSpec(Frozen):
    """What a Postgres database is declared to hold."""

    rules = (
        Rule(
            "schemas that begin with pg_ or colonnade, and information_schema, belong to the server and to Colonnade: name another",
            cel=(
                "!has(self.schemas) || self.schemas.all(s, !s.startsWith('pg_') && !s.startsWith('colonnade') "
                "&& s != 'information_schema')"
            ),
            check=lambda self: all(_own(name) for name in self.schemas),
            at=".schemas",
        ),
        Rule(
            "a table or enum outside spec.schemas is declared: add its schema to spec.schemas, which says where this resource declares objects",
            check=lambda self: all(
                len(found) == 1 or found[0] in self.schemas
                for found in (parts(part.name) for part in (*self.tables, *self.enums))
            ),
        ),
        Rule(
            "one table is declared under two names, with its schema and without: keep one",
            check=lambda self: len({self.placed(table.name) for table in self.tables}) == len(self.tables),
        ),
    )

    datastore_ref: DatastoreRef
    """The Datastore whose database this is about."""
    schemas: Annotated[tuple[SqlName, ...], Field(min_length=1, max_length=100)] = ("public",)
    """Postgres schemas that this resource declares objects in. A name without a schema belongs to the first of them."""
    sql: Annotated[str, Field(max_length=1048576)] | None = None
    """CREATE statements, as pg_dump -s or a person writes them; they may say everything that Postgres has. By default none."""
    sql_from: Annotated[tuple[SqlFrom, ...], Field(max_length=32)] = ()
    """More SQL, kept in ConfigMaps or Secrets; read after sql, in this order, and again when it changes."""
    extensions: Annotated[tuple[Extension, ...], ListMap(100)] = ()
    """Extensions."""
    enums: Annotated[tuple[Enum, ...], ListMap(500)] = ()
    """Enumerated types."""
    tables: Annotated[tuple[Table, ...], ListMap(500)] = ()
    """Tables."""
    renames: Annotated[tuple[Rename, ...], Field(max_length=500)] = ()
    """Objects that go on under another name."""
    backfills: Annotated[tuple[ColumnBackfill, ...], ListMap(500, ("table", "column"))] = ()
    """Values for rows that were there before a column, or before it became NOT NULL."""
    conversions: Annotated[tuple[Conversion, ...], ListMap(500, ("table", "column"))] = ()
    """How values come over when columns change their types."""
    unmanaged: Annotated[tuple[Short, ...], Field(max_length=200)] = ()
    """Patterns of names that are never compared nor touched, such as "public.pg_partman_*"; * stands for anything."""
    deletion_policy: DeletionPolicy = "Retain"
    """What happens in the database when this resource is deleted: everything stays, goes to quarantine, or is dropped."""
    policy: DatastorePolicy | None = None
    """Stricter rules than the Datastore's for what is declared here. By default the Datastore's."""

    def placed(self, name: str) -> tuple[str, str]:
        """The schema and the name of an object, a name without a schema belonging to the first of `schemas`."""
        found = parts(qualified(name))
        return (self.schemas[0], found[0]) if len(found) == 1 else (found[0], found[1])


class PostgresSchema(Resource):
    """What a Postgres database is declared to hold: tables, constraints, views, functions ...; as SQL, as YAML, or both."""

    names: ClassVar[Names] = Names(plural="postgresschemas", short="pgs", columns=SCHEMA_COLUMNS)

    kind: Literal["PostgresSchema"] = "PostgresSchema"
    spec: PostgresSchemaSpec
    """What the database is declared to hold."""
    status: SchemaStatus = Field(default_factory=SchemaStatus)
    """How far the database is what is declared; written by the operator."""
