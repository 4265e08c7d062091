"""What does not count in a fingerprint, each with its reason. Everything else of every catalog does.

Two databases that differ only in these are the same schema: `pg_dump` does not tell them apart either, or says so here.
"""

from __future__ import annotations

from collections.abc import Mapping

CATALOGS: Mapping[str, str] = {
    "pg_init_privs": "the privileges that objects came with: what others are compared with, not a fact of the schema",
    "pg_largeobject": "data",
    "pg_largeobject_metadata": "large objects are data, and so are their owners and privileges",
    "pg_seclabel": "labels are for other software, which puts them there; told of as not managed, and refused where declared",
    "pg_statistic": "measured from rows by ANALYZE",
    "pg_statistic_ext_data": "measured from rows by ANALYZE",
    "pg_subscription_rel": "how far the copying of each table has come",
}
"""Also left out are the shared catalogs (roles, databases, tablespaces, their comments, labels and settings): they are the
cluster's, and neither a scratch database nor a dump of one database has them. `pg_subscription` is shared, yet each of its
rows is one database's."""

OF_ONE_DATABASE = frozenset({"pg_subscription"})

_SIZE = "storage, changes as rows do"
_IDENTITY = "in the identity of the object"
_HINT = "a hint that may be out of date; the objects themselves are counted"
_ORDER = "column order does not count"
_TYPE = "copied from the type"
_PARENTS = "the number of parents; they are counted in pg_inherits"
_NOTE = "the server keeps but never looks at it; lost by a dump"

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "pg_attribute": {
        "attalign": _TYPE,
        "attbyval": _TYPE,
        "attcacheoff": "scratch space of the server",
        "atthasmissing": "how old rows get the value of a new column",
        "attinhcount": _PARENTS,
        "attisdropped": "dropped columns are left out altogether",
        "attlen": _TYPE,
        "attmissingval": "how old rows get the value of a new column",
        "attname": _IDENTITY,
        "attndims": _NOTE,
        "attrelid": _IDENTITY,
    },
    "pg_attrdef": {"adnum": _IDENTITY, "adrelid": _IDENTITY},
    "pg_class": {
        "relallfrozen": _SIZE,
        "relallvisible": _SIZE,
        "relchecks": "the number of checks; they are counted in pg_constraint",
        "relfilenode": _SIZE,
        "relfrozenxid": _SIZE,
        "relhasindex": _HINT,
        "relhasrules": _HINT,
        "relhassubclass": _HINT,
        "relhastriggers": _HINT,
        "relispopulated": "whether rows were loaded into a materialized view",
        "relminmxid": _SIZE,
        "relname": _IDENTITY,
        "relnamespace": _IDENTITY,
        "relnatts": "counts dropped columns; the others are counted in pg_attribute",
        "relpages": _SIZE,
        "reltuples": _SIZE,
        "reltype": "made with the table and named after it",
        "relrewrite": "set only while a table is rewritten",
    },
    "pg_collation": {"collversion": "the operating system's; a dump leaves it to the new server"},
    "pg_constraint": {
        "coninhcount": _PARENTS,
        "conindid": "an index of the same name; for a foreign key any index that fits",
        "conname": _IDENTITY + ", but for not-null constraints, whose names Postgres makes up",
        "conparentid": "says the same as pg_inherits of its index; foreign keys with a parent are left out",
        "conrelid": _IDENTITY,
        "contypid": _IDENTITY,
    },
    "pg_depend": {"classid": _IDENTITY, "objid": _IDENTITY, "objsubid": _IDENTITY, "refobjsubid": "with refobjid"},
    "pg_description": {"objoid": _IDENTITY, "objsubid": _IDENTITY},
    "pg_extension": {
        "extcondition": "the extension's own, given by its version",
        "extconfig": "the extension's own, given by its version",
        "extrelocatable": "the extension's own, given by its version",
    },
    "pg_index": {"indcheckxmin": "which old transactions may not use the index yet", "indexrelid": _IDENTITY},
    "pg_partitioned_table": {"partdefid": "the default partition says it in its bound"},
    "pg_subscription": {
        "subconninfo": "holds a password",
        "subdbid": _IDENTITY,
        "subenabled": "turned on and off as the copying goes; a dump restores it turned off",
        "subskiplsn": "how far the copying has come",
    },
    "pg_trigger": {
        "tgisinternal": "which rows count depends on it",
        "tgname": _IDENTITY,
        "tgparentid": "which rows count depends on it",
        "tgrelid": _IDENTITY,
    },
    "pg_type": {
        "typarray": "the array type is made with the type; its name depends on what else there was",
        "typndims": _NOTE,
        "typrelid": "made with the type and named after it",
    },
}
