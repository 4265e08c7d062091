"""Reading a database: one snapshot, one query a kind over the catalogs, and the dependencies as the server keeps them.

Nothing is parsed: the server prints every definition itself, with all names qualified, and pg_depend says what needs what.
https://www.postgresql.org/docs/current/catalog-pg-depend.html
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from colonnade.core.kind import Model, ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS
from colonnade.engines.postgres.kind import HOMES, PgKind
from colonnade.engines.postgres.kinds import KINDS
from colonnade.engines.postgres.live.prepared import Key, Prepared

Address = tuple[int, int, int]
KEYS = ("primary key", "unique", "exclusion")
EXPRESSED = (
    "check",
    "column",
    "default",
    "domain",
    "domain constraint",
    "exclusion",
    "function",
    "index",
    "materialized view",
    "policy",
    "procedure",
    "publication table",
    "rule",
    "statistics",
    "trigger",
    "view",
)
"""What has expressions that may cast."""

CATALOGS = sql.SQL(
    "SELECT relname, oid::int8 FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND oid < 16384"
)
MEMBERS = sql.SQL("SELECT classid::int8, objid::int8, refobjid::int8 FROM pg_depend WHERE deptype = 'e'")
DEPENDENCIES = sql.SQL("""
SELECT classid::int8, objid::int8, objsubid, refclassid::int8, refobjid::int8, refobjsubid, deptype::text FROM pg_depend
WHERE objid >= 16384 AND deptype <> 'e' AND (refobjid >= 16384 OR refclassid = 'pg_namespace'::regclass)""")


TOLD_ANYWAY = ("pg_extension", "pg_namespace", "pg_user_mapping")
"""Catalogs of which more is told than what users made, or that not everybody may look into."""


def read(connection: psycopg.Connection[Any], only: Collection[int] | None = None) -> Model:
    """The whole database as objects with their needs, in one read-only snapshot; `only` these relations, routines and types with
    all that is a part of them, where that is told, and what is no part of any.

    The search_path must be pg_catalog alone (see session.py). Within a transaction that is open, what it has done so far is read.
    """
    alone = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction():
        if alone:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        version = connection.info.server_version
        kinds = [k for k in KINDS.values() if k.since <= version]
        session = Prepared(connection, dict.fromkeys(key for k in kinds if (key := _key(k))))
        kinds = [k for k in kinds if _key(k) not in session.absent]
        about = [*(_narrowed(k, version, only) for k in kinds), CATALOGS, MEMBERS]
        if only is None:
            statements = session.statements([q.as_bytes(connection) for q in (*about, DEPENDENCIES)])
            *answers, catalogs, members, depends = _asked(connection, statements)
        else:
            *answers, catalogs, members = _asked(connection, about)
            depends = None
        reader = _Reader(dict(catalogs.rows), {(c, o): e for c, o, e in members.rows})
        for kind, answer in zip(kinds, answers, strict=True):
            reader.take(kind, answer)
        if depends is None:
            (depends,) = _asked(connection, [_dependencies(only or (), (oid for _, oid, _ in reader.addresses))])
        reader.relate(depends.rows)
    return reader.model()


def _key(kind: PgKind[Any]) -> Key | None:
    return Key(kind.catalog, "oid") if kind.catalog and kind.catalog not in TOLD_ANYWAY else None


def _narrowed(kind: PgKind[Any], version: int, only: Collection[int] | None) -> sql.Composable:
    """The rows of the kind's query that belong to these relations, routines and types, or to none at all."""
    query = kind.query(version) if callable(kind.query) else kind.query
    if only is None or not (column := kind.belongs(query)):
        return sql.SQL(query)
    condition = sql.SQL("x.{} = ANY ({}::oid[])").format(sql.Identifier(column), sql.Literal([*only]))
    if column == "target":
        homes = sql.SQL(", ").join(sql.SQL("{}::regclass").format(sql.Literal(c)) for c in HOMES)
        condition = sql.SQL("({} OR x.target_class NOT IN ({}))").format(condition, homes)
    return sql.SQL("SELECT * FROM ({}) x WHERE {}").format(sql.SQL(query), condition)


def _dependencies(only: Collection[int], known: Iterable[int]) -> sql.Composed:
    """Those of the objects that were read, and of their internal parts."""
    oids = sql.Literal(sorted({*only, *known}))
    return sql.SQL("{} AND (objid = ANY ({oids}::oid[]) OR refobjid = ANY ({oids}::oid[]))").format(
        DEPENDENCIES, oids=oids
    )


class _Answer(NamedTuple):
    columns: Sequence[str]
    rows: list[tuple[Any, ...]]


def _asked(connection: psycopg.Connection[Any], queries: Sequence[sql.Composable]) -> list[_Answer]:
    """All that is asked goes off at once."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(sql.SQL(";\n").join(queries))
        return [_Answer([c.name for c in result.description or ()], result.fetchall()) for result in cursor.results()]


def _frozen(v: Any) -> Any:
    return tuple(_frozen(x) for x in v) if isinstance(v, list) else v


class _Reader:
    """Gathers objects and edges while the results come in."""

    def __init__(self, catalog: Mapping[str, int], members: Mapping[tuple[int, int], int]) -> None:
        self.catalog, self.members = catalog, members
        self.objects: dict[ObjectId, Any] = {}
        self.addresses: dict[Address, ObjectId] = {}
        self.internal: dict[tuple[int, int], Address] = {}
        self.needs: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
        self.parents: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
        self.targets: dict[ObjectId, Address] = {}

    def take(self, kind: PgKind[Any], answer: _Answer) -> None:
        """The objects of one kind."""
        at = {name: i for i, name in enumerate(answer.columns)}
        fields = [at[f.name] for f in dataclasses.fields(kind.spec)]
        sub, rel, target = at.get("sub"), at.get("rel"), at.get("target_class")
        relations = self.catalog["pg_class"], self.catalog["pg_type"]
        own = self.catalog.get(kind.catalog)
        for row in answer.rows:
            oid = row[at["oid"]]
            if (own, oid) in self.members or (
                rel is not None and any((c, row[rel]) in self.members for c in relations)
            ):
                continue
            name = tuple(row[at["name"]])
            found = ObjectId(kind.name, name)
            self.objects[found] = kind.spec(*(_frozen(row[i]) for i in fields))
            if own is not None:
                self.addresses[own, oid, row[sub] if sub is not None else 0] = found
            if target is not None:
                self.targets[found] = tuple(row[target : target + 3])

    def relate(self, rows: Iterable[tuple[int, int, int, int, int, int, str]]) -> None:
        """The edges, from what the server keeps and from what the kinds add."""
        rows = list(rows)
        for c, o, _, rc, ro, rs, kind in rows:
            if kind == "i":
                self.internal.setdefault((c, o), (rc, ro, rs))
        for c, o, s, rc, ro, rs, kind in rows:
            one, other = self.resolve((c, o, s)), self.resolve((rc, ro, rs))
            if one and other and one != other and not (one.kind == other.kind == "table"):
                inside = (
                    kind == "a" and one.kind == "exclusion" and (c, o) in self.internal
                )  # its index's own: in the way
                # before 15 the server itself drops a generated column with what computes it
                computed = one.kind == "column" and other.kind not in ("column", "table", "foreign table")
                along = kind != "n" and not inside and not computed
                self.relate_one(one, other, goes_along=along, part=kind in "PS")
        for oid in list(self.objects):
            self.relate_by_kind(oid)
        self.relate_to_casts()
        for oid, address in self.targets.items():
            self.relate_to_target(oid, self.resolve(address))

    def relate_one(self, one: ObjectId, other: ObjectId, *, goes_along: bool, part: bool = False) -> None:
        """One needs the other; where it goes along with it, the other's end is its end. A partition's key goes with that of the
        whole, and yet can be there before it."""
        if goes_along:
            self.parents[one].add(other)
        if not (goes_along and one.kind == "sequence") and not (part and one.kind == other.kind and one.kind in KEYS):
            self.needs[one].add(other)

    def relate_by_kind(self, oid: ObjectId) -> None:
        """What the kind knows and pg_depend does not tell."""
        kind, spec = KINDS[oid.kind], self.objects[oid]
        needs = [n for n in kind.needs(oid, spec) if n in self.objects]
        self.needs[oid].update(needs)
        along = needs if kind.goes_with is None else [n for n in kind.goes_with(oid, spec) if n in self.objects]
        self.parents[oid].update(along)

    def relate_to_casts(self) -> None:
        """The server keeps of an expression only the function that a cast stands for; it needs the cast to be told by it."""
        casts = {f: oid for oid in self.objects if oid.kind == "cast" for f in self.needs[oid] if f.kind == "function"}
        for oid in list(self.objects) if casts else ():
            if oid.kind in EXPRESSED:
                self.needs[oid] |= {casts[f] for f in self.needs[oid] & casts.keys()}

    def relate_to_target(self, oid: ObjectId, target: ObjectId | None) -> None:
        """A comment, a privilege: goes with the object it is about, if not with the server; a comment on an extension's member is the
        extension's business."""
        if target is None and oid.kind == "privileges" and self.targets[oid][1] < int(FIRST_OF_USERS):
            return
        member = target is not None and target.kind == "extension" and self.addresses.get(self.targets[oid]) != target
        if target is None or (member and oid.kind == "comment"):
            del self.objects[oid]
        else:
            self.relate_one(oid, target, goes_along=True)

    def resolve(self, address: Address) -> ObjectId | None:
        """The object at this address, or the one that the address is an internal part of."""
        for _ in range(8):
            c, o, _sub = address
            if found := self.addresses.get(address) or self.addresses.get((c, o, 0)):
                return found
            if (c, o) in self.members:
                return self.addresses.get((self.catalog["pg_extension"], self.members[c, o], 0))
            if (c, o) not in self.internal:
                return None
            address = self.internal[c, o]
        return None

    def model(self) -> Model:
        """What was found."""
        needs = {k: frozenset(v - {k}) for k, v in self.needs.items() if k in self.objects}
        parents = {k: frozenset(v - {k}) for k, v in self.parents.items() if k in self.objects}
        return Model(self.objects, needs, parents)


def of_kind(model: Model, *kinds: str) -> Iterator[ObjectId]:
    """The ids of these kinds, in the order read."""
    return (oid for oid in model.objects if oid.kind in kinds)
