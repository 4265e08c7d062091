"""The model of a live database as fields of a `PostgresSchema`: compile.py the other way round.

A field is given where it seems to say what there is. Whether it does is for the caller to find out, by declaring it: what came out
otherwise is left to SQL the next time. So nothing is lost by a form that is not known here; it is only said in SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from colonnade.core.kind import NOTHING, Model, ObjectId
from colonnade.engines.postgres.clauses import (
    ACTIONS,
    REFERENCE,
    Fields,
    NotInYamlError,
    as_part,
    check,
    deferrable,
    filled,
    generated,
    index_fields,
    partition,
    policy,
    primary_key,
    unique,
)
from colonnade.engines.postgres.printed_sql import bare
from colonnade.resources.common import Frozen
from colonnade.resources.postgres_schema import Enum, Extension
from colonnade.resources.postgres_table import (
    Check,
    ForeignKey,
    Index,
    PrimaryKey,
    RowPolicy,
    Table,
    TableColumn,
    Unique,
)

MOST = 500
"""As many tables, and enums, as a resource may hold."""
ROOM = 128 * 1024
"""Characters of tables that stand in YAML at most: beyond it a resource becomes too large for its cluster."""


@dataclass(frozen=True)
class Decompiled:
    """Fields of a spec; and for each object they speak for, the one that is to be left to SQL where that one comes out otherwise."""

    fields: Fields
    units: Mapping[ObjectId, ObjectId] = field(default_factory=dict[ObjectId, ObjectId])


def decompiled(model: Model, schemas: Sequence[str], left: Collection[ObjectId]) -> Decompiled:
    """What fields can say of the model, without what is `left` to SQL."""
    return _Decompiler(model, schemas, left).all()


class _Decompiler:
    """Gathers what was said while it goes along."""

    def __init__(self, model: Model, schemas: Sequence[str], left: Collection[ObjectId]) -> None:
        self.model, self.schemas, self.left = model, schemas, left
        self.units: dict[ObjectId, ObjectId] = {}
        self.of_table: dict[tuple[str, ...], list[ObjectId]] = defaultdict(list)
        self.comments: dict[ObjectId, ObjectId] = {}
        for oid, spec in model.objects.items():
            if oid.kind == "comment":
                self.comments.update((target, oid) for target in model.parents.get(oid, NOTHING))
            elif oid.kind not in ("table", "schema"):
                self.of_table[tuple(getattr(spec, "table", oid.name[:2]))].append(oid)

    def all(self) -> Decompiled:
        fields: Fields = {
            "extensions": list(islice(self._each("extension", self._extension, Extension), 100)),
            "enums": list(islice(self._each("enum", self._enum, Enum), MOST)),
            "tables": list(self._tables()),
        }
        return Decompiled({name: found for name, found in fields.items() if found}, self.units)

    def _each(self, kind: str, say: Any, model: type[Frozen]) -> Iterator[Fields]:
        for oid in [o for o in self.model.objects if o.kind == kind]:
            if found := self._said(oid, say, model):
                yield found

    def _said(self, oid: ObjectId, say: Any, model: type[Frozen], home: ObjectId | None = None) -> Fields | None:
        """What `say` says of the object where that makes a field; the object then stands for itself, and for its comment."""
        if oid in self.left:
            return None
        comment = self._comment(oid)
        try:
            found = filled({**say(oid, self.model.objects[oid]), "comment": comment})
            model.model_validate(found)
        except (NotInYamlError, ValidationError, PydanticCustomError):
            return None
        self.units[oid] = home or oid
        if comment is not None:
            self.units[self.comments[oid]] = self.comments[oid]
        return found

    def _comment(self, oid: ObjectId) -> str | None:
        comment = self.comments.get(oid)
        if comment is None or comment in self.left:
            return None
        return str(self.model.objects[comment].text)

    def _name(self, name: Sequence[str]) -> str:
        """A name as the fields have it: without the schema that is theirs anyway."""
        kept = name[1:] if name[0] == self.schemas[0] else name
        if name[0] not in self.schemas:
            raise NotInYamlError
        return ".".join(as_part(part) for part in kept)

    def _extension(self, oid: ObjectId, spec: Any) -> Fields:
        if oid.name == ("plpgsql",):
            raise NotInYamlError
        schema = None if spec.schema == "pg_catalog" else spec.schema
        return {"name": oid.name[0], "schema": schema, "version": spec.version}

    def _enum(self, oid: ObjectId, spec: Any) -> Fields:
        return {"name": self._name(oid.name), "values": list(spec.labels)}

    def _tables(self) -> Iterator[Fields]:
        room, count = ROOM, 0
        for oid in [o for o in self.model.objects if o.kind == "table"]:
            before = dict(self.units)
            found = self._said(oid, self._table_fields, Table)
            room -= len(repr(found))
            if found and room > 0 and count < MOST:
                count += 1
                yield found
            else:
                self.units = before

    def _table_fields(self, oid: ObjectId, spec: Any) -> Fields:
        if spec.of_type or spec.access_method not in ("heap", ""):
            raise NotInYamlError
        return {
            "name": self._name(oid.name),
            "columns": [self._column(c, oid) for c in self._parts(oid, "column")],
            "primaryKey": next(iter(self._items(oid, "primary key", primary_key, PrimaryKey)), None),
            "uniques": list(self._items(oid, "unique", unique, Unique)),
            "checks": list(self._items(oid, "check", check, Check)),
            "foreignKeys": list(self._items(oid, "foreign key", self._foreign_key, ForeignKey)),
            "indexes": list(self._items(oid, "index", self._index, Index)),
            "rowLevelSecurity": self._security(oid),
            "partitionBy": partition(spec.partition_key) if spec.partition_key else None,
            "unlogged": spec.persistence == "u",
            "options": dict(o.split("=", 1) for o in spec.options),
        }

    def _parts(self, table: ObjectId, kind: str) -> Iterable[ObjectId]:
        if any(o.kind == "inheritance" for o in self.of_table[table.name]):
            raise NotInYamlError
        return [o for o in self.of_table[table.name] if o.kind == kind]

    def _items(self, table: ObjectId, kind: str, say: Any, model: type[Frozen]) -> Iterator[Fields]:
        for oid in self._parts(table, kind):
            if found := self._said(oid, say, model):
                yield found

    def _column(self, oid: ObjectId, table: ObjectId) -> Fields:
        found = self._said(oid, self._column_fields, TableColumn, table)
        if found is None:
            raise NotInYamlError
        if (default := ObjectId("default", oid.name)) in self.model.objects:
            self.units[default] = table
        return found

    def _column_fields(self, oid: ObjectId, spec: Any) -> Fields:
        if spec.options or spec.fdw_options or spec.not_null_name or spec.not_null_no_inherit or not spec.local:
            raise NotInYamlError
        default = self.model.objects.get(ObjectId("default", oid.name))
        implied = spec.identity or oid.name[2] in self._key(oid)
        return {
            "name": oid.name[2],
            "type": spec.type,
            "nullable": False if spec.not_null and not implied else None,
            "default": bare(default.expression) if default else None,
            "identity": {"a": "Always", "d": "ByDefault"}.get(spec.identity),
            "generated": generated(spec) if spec.generated else None,
            "collation": spec.collation,
            "storage": spec.storage.capitalize() if spec.storage else None,
            "compression": spec.compression,
            "statistics": spec.statistics if spec.statistics >= 0 else None,
        }

    def _key(self, column: ObjectId) -> tuple[str, ...]:
        """The columns of the primary key that stands in YAML, too."""
        table = self.of_table[column.name[:2]]
        return next(
            (self.model.objects[o].columns for o in table if o.kind == "primary key" and o not in self.left), ()
        )

    def _foreign_key(self, oid: ObjectId, spec: Any) -> Fields:
        found = REFERENCE.search(spec.definition)
        if found is None or "PERIOD" in spec.definition:
            raise NotInYamlError
        return {
            "name": oid.name[2],
            "columns": list(spec.columns),
            "references": {"table": self._name(spec.target), "columns": list(spec.target_columns)},
            "onDelete": ACTIONS.get(found["delete"] or ""),
            "onUpdate": ACTIONS.get(found["update"] or ""),
            "match": "Full" if found["match"] else None,
            "deferrable": deferrable(spec),
        }

    def _index(self, oid: ObjectId, spec: Any) -> Fields:
        attached = ObjectId("index attachment", oid.name) in self.model.objects
        if attached or spec.partitioned or spec.statistics or spec.table_kind not in ("r", "p"):
            raise NotInYamlError
        return {"name": oid.name[1], "unique": spec.unique, **index_fields(spec.definition)}

    def _security(self, table: ObjectId) -> Fields | None:
        here = ObjectId("row security", table.name)
        policies = list(self._items(table, "policy", policy, RowPolicy))
        spec = self.model.objects.get(here) if here not in self.left else None
        if spec is not None:
            self.units[here] = here
        if spec is None and not policies:
            return None
        on = spec is not None and spec.enabled
        return filled({"enabled": on, "forced": spec is not None and spec.forced, "policies": policies})
