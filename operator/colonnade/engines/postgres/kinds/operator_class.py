"""Operator classes and families: how a type goes with an index method.

https://www.postgresql.org/docs/current/sql-createopclass.html, https://www.postgresql.org/docs/current/sql-alteropfamily.html
What belongs to a class stands in its definition; what belongs to the family alone (pg_depend tells) is an object of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import LiteralString

from colonnade.core.errors import Unsupported
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import FIRST_OF_USERS, USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step

FAMILIES: LiteralString = f"""
SELECT f.oid, ARRAY[n.nspname, f.opfname, m.amname] AS name
FROM pg_opfamily f JOIN pg_namespace n ON n.oid = f.opfnamespace JOIN pg_am m ON m.oid = f.opfmethod
WHERE f.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA} ORDER BY 2"""

OPERATOR: LiteralString = """format('OPERATOR %s %s', o.amopstrategy, o.amopopr::regoperator) || coalesce(
    (SELECT format(' FOR ORDER BY %I.%I', x.nspname, s.opfname) FROM pg_opfamily s JOIN pg_namespace x ON x.oid = s.opfnamespace
     WHERE o.amoppurpose = 'o' AND s.oid = o.amopsortfamily), '')"""
FUNCTION: LiteralString = """format('FUNCTION %s (%s, %s) %s', p.amprocnum, format_type(p.amproclefttype, NULL),
    format_type(p.amprocrighttype, NULL), p.amproc::regprocedure)"""

CLASSES: LiteralString = f"""
SELECT c.oid, ARRAY[n.nspname, c.opcname, m.amname] AS name, ARRAY[fn.nspname, f.opfname] AS family,
  format_type(c.opcintype, NULL) AS type, c.opcdefault AS "default",
  CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END AS storage,
  ARRAY(SELECT {OPERATOR} FROM pg_depend d JOIN pg_amop o ON o.oid = d.objid WHERE d.refclassid = 'pg_opclass'::regclass
    AND d.refobjid = c.oid AND d.classid = 'pg_amop'::regclass ORDER BY o.amopstrategy, o.amoppurpose, o.amopopr::regoperator::text)
  || ARRAY(SELECT {FUNCTION} FROM pg_depend d JOIN pg_amproc p ON p.oid = d.objid WHERE d.refclassid = 'pg_opclass'::regclass
    AND d.refobjid = c.oid AND d.classid = 'pg_amproc'::regclass ORDER BY p.amprocnum, 1) AS members,
  ARRAY(SELECT format('%s (%s, %s)', p.amprocnum, format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL))
    FROM pg_amproc p WHERE p.amprocfamily = c.opcfamily AND p.amproclefttype = c.opcintype AND p.amprocnum = 2
    AND m.amname = 'hash' ORDER BY 1) AS placing
FROM pg_opclass c JOIN pg_namespace n ON n.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
JOIN pg_opfamily f ON f.oid = c.opcfamily JOIN pg_namespace fn ON fn.oid = f.opfnamespace
WHERE c.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA} ORDER BY 2"""

NOT_OF_EXTENSION: LiteralString = """AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_opfamily'::regclass AND e.objid = f.oid
  AND e.deptype = 'e')"""
"""The server does not note what an extension's upgrade adds to its own family as the extension's."""

OPERATORS: LiteralString = f"""
SELECT o.oid, ARRAY[n.nspname::text, f.opfname, m.amname, format('%s (%s, %s)', o.amopstrategy,
    format_type(o.amoplefttype, NULL), format_type(o.amoprighttype, NULL))] AS name, {OPERATOR} AS definition
FROM pg_amop o JOIN pg_opfamily f ON f.oid = o.amopfamily JOIN pg_namespace n ON n.oid = f.opfnamespace
JOIN pg_am m ON m.oid = f.opfmethod
WHERE o.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA} AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_amop'::regclass
  AND d.objid = o.oid AND d.refclassid = 'pg_opfamily'::regclass AND d.deptype = 'a') {NOT_OF_EXTENSION} ORDER BY 3"""

FUNCTIONS: LiteralString = f"""
SELECT p.oid, ARRAY[n.nspname::text, f.opfname, m.amname, format('%s (%s, %s)', p.amprocnum,
    format_type(p.amproclefttype, NULL), format_type(p.amprocrighttype, NULL))] AS name, {FUNCTION} AS definition
FROM pg_amproc p JOIN pg_opfamily f ON f.oid = p.amprocfamily JOIN pg_namespace n ON n.oid = f.opfnamespace
JOIN pg_am m ON m.oid = f.opfmethod
WHERE p.oid >= {FIRST_OF_USERS} AND {USER_SCHEMA} AND EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_amproc'::regclass
  AND d.objid = p.oid AND d.refclassid = 'pg_opfamily'::regclass AND d.deptype = 'a') {NOT_OF_EXTENSION} ORDER BY 3"""


@dataclass(frozen=True)
class Family:
    """A family is its name and method."""


@dataclass(frozen=True)
class OperatorClass:
    """The operators and functions that make up the class, each as CREATE OPERATOR CLASS takes it."""

    family: tuple[str, str]
    type: str
    default: bool
    storage: str | None
    members: tuple[str, ...]
    placing: tuple[str, ...] = field(compare=False)
    """By which functions rows are placed among hash partitions: the server says them to be the family's alone, and asks for them there."""


@dataclass(frozen=True)
class Member:
    """An operator or function of a family, as ALTER OPERATOR FAMILY takes it."""

    definition: str


def _named(oid: ObjectId) -> Part:
    return q("{} USING {}", name(*oid.name[:2]), name(oid.name[2]))


def create_family(oid: ObjectId, spec: Family, context: Context) -> Steps:
    yield step(oid, q("CREATE OPERATOR FAMILY {}", _named(oid)), undo=q("DROP OPERATOR FAMILY {}", _named(oid)))


def alter_family(oid: ObjectId, old: Family, new: Family, context: Context) -> Steps:
    return ()


def drop_family(oid: ObjectId, spec: Family, context: Context) -> Steps:
    for one, of_it in context.old.objects.items():
        if one.kind == "operator class" and (*of_it.family, one.name[2]) == oid.name:
            _refuse_where_it_places_rows(one, context)
    yield step(oid, q("DROP OPERATOR FAMILY {}", _named(oid)))


def _class(oid: ObjectId, spec: OperatorClass) -> Part:
    members: list[Part] = [printed(m) for m in spec.members]
    if spec.storage or not members:
        members.append(q("STORAGE {}", printed(spec.storage or spec.type)))
    default = q(" DEFAULT") if spec.default else q("")
    using, family = name(oid.name[2]), name(*spec.family)
    head = q("CREATE OPERATOR CLASS {}{} FOR TYPE {}", name(*oid.name[:2]), default, printed(spec.type))
    return q("{} USING {} FAMILY {} AS\n  {}", head, using, family, listed(members))


def placed_by(oid: ObjectId, spec: OperatorClass) -> Iterator[ObjectId]:
    """The functions of the family without which no partition can be hashed by the class."""
    yield from (ObjectId("family function", (*spec.family, oid.name[2], one)) for one in spec.placing)


def create_class(oid: ObjectId, spec: OperatorClass, context: Context) -> Steps:
    yield step(oid, _class(oid, spec), undo=q("DROP OPERATOR CLASS {}", _named(oid)))


def drop_class(oid: ObjectId, spec: OperatorClass, context: Context) -> Steps:
    _refuse_where_it_places_rows(oid, context)
    yield step(oid, q("DROP OPERATOR CLASS {}", _named(oid)))


def _refuse_where_it_places_rows(oid: ObjectId, context: Context) -> None:
    """Raises Unsupported where a partitioned table that stays has its key by this: there is no other of its name beside it meanwhile."""
    for table, needs in context.old.needs.items():
        stays = table in context.new.objects and table not in context.gone
        if oid in needs and table.kind == "table" and stays:
            raise Unsupported(
                f"{oid} is to be another, and says which partition of {table} a row belongs to; declare the new one by another "
                f"name, and {table} to be partitioned by that: its rows go over then"
            )


def _add(oid: ObjectId, spec: Member) -> Part:
    return q("ALTER OPERATOR FAMILY {} ADD {}", _named(oid), printed(spec.definition))


def _take_out(oid: ObjectId) -> Part:
    what = q("OPERATOR") if oid.kind == "family operator" else q("FUNCTION")
    return q("ALTER OPERATOR FAMILY {} DROP {} {}", _named(oid), what, printed(oid.name[3]))


def add_member(oid: ObjectId, spec: Member, context: Context) -> Steps:
    yield step(oid, _add(oid, spec), undo=_take_out(oid))


def drop_member(oid: ObjectId, spec: Member, context: Context) -> Steps:
    yield step(oid, _take_out(oid))


KINDS = (
    PgKind(
        name="operator family",
        catalog="pg_opfamily",
        spec=Family,
        query=FAMILIES,
        create=create_family,
        alter=alter_family,
        drop=drop_family,
        rank=20,
    ),
    PgKind(
        name="operator class",
        catalog="pg_opclass",
        spec=OperatorClass,
        query=CLASSES,
        create=create_class,
        alter=never,
        drop=drop_class,
        needs=placed_by,
        goes_with=lambda oid, spec: (),
        rank=21,
    ),
    PgKind(
        name="family operator",
        catalog="pg_amop",
        spec=Member,
        query=OPERATORS,
        create=add_member,
        alter=never,
        drop=drop_member,
        rank=22,
    ),
    PgKind(
        name="family function",
        catalog="pg_amproc",
        spec=Member,
        query=FUNCTIONS,
        create=add_member,
        alter=never,
        drop=drop_member,
        rank=22,
    ),
)
