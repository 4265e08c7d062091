"""Every rule of the resources with a spec that obeys it and one that breaks it.

The table is run twice: against the models (test_rules.py), and against a real API server (tests/cluster/test_crds.py). A rule
that no case speaks of fails the test that counts them.
"""

from dataclasses import dataclass
from typing import Any

import yaml

HASH = "0123456789abcdef"

Spec = dict[str, Any]


def _spec(base: str, more: str) -> Spec:
    found: Spec = {**yaml.safe_load(base), **yaml.safe_load(f"{{{more}}}")}
    return found


def datastore(more: str = "") -> Spec:
    return _spec("{engine: Postgres, connection: {secretRef: {name: shop-db}}}", more)


def postgres(more: str = "") -> Spec:
    return _spec("datastoreRef: {name: shop}", more)


def table(more: str) -> Spec:
    return postgres(f"tables: [{{name: t, {more}}}]")


def column(more: str) -> Spec:
    return table(f"columns: [{{name: c, type: int, {more}}}]")


def mongo(more: str = "") -> Spec:
    return _spec("datastoreRef: {name: shop}", more)


def collection(more: str) -> Spec:
    return mongo(f"collections: [{{name: c, {more}}}]")


def index(more: str) -> Spec:
    return collection(f"indexes: [{{name: i, {more}}}]")


def field(more: str) -> Spec:
    return collection(f"fields: [{{name: f, {more}}}]")


def plan(more: str = "", *, datastore: str = "shop", statement: str = "SELECT 1") -> Spec:
    steps = f"[{{id: s1, statement: '{statement}', transactional: true}}]"
    made = f"{{datastore: {datastore}, premise: p, hash: '{HASH}', steps: {steps}}}"
    return _spec(f"{{datastoreRef: {{name: shop}}, plan: {made}}}", more)


@dataclass(frozen=True)
class Case:
    """`obeys` is accepted and `breaks` refused, by whoever checks the rule whose message holds `says`.

    A rule over time (`change`) accepts `obeys` as it stands, and refuses that it becomes `breaks`.
    """

    kind: str
    says: str
    obeys: Spec
    breaks: Spec
    change: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.says}"


DATASTORE = [
    Case(
        "Datastore",
        "engine cannot be changed",
        datastore(),
        datastore("engine: MongoDB"),
        change=True,
    ),
    Case(
        "Datastore",
        "shadow is for Postgres only",
        datastore("shadow: {secretRef: {name: scratch}}"),
        datastore("engine: MongoDB, shadow: {secretRef: {name: scratch}}"),
    ),
    Case(
        "Datastore",
        "keys.uri is the whole address",
        datastore("connection: {secretRef: {name: s, keys: {host: HOST, port: PORT}}}"),
        datastore("connection: {secretRef: {name: s, keys: {uri: URL, host: HOST}}}"),
    ),
    Case(
        "Datastore",
        "tls.mode Disable uses no certificates",
        datastore("connection: {secretRef: {name: s}, tls: {mode: VerifyFull, caSecretRef: {name: ca}}}"),
        datastore("connection: {secretRef: {name: s}, tls: {mode: Disable, caSecretRef: {name: ca}}}"),
    ),
]

POSTGRES = [
    Case(
        "PostgresSchema",
        "datastoreRef.name cannot be changed",
        postgres(),
        postgres("datastoreRef: {name: other}"),
        change=True,
    ),
    Case(
        "PostgresSchema",
        "belong to the server and to Colonnade",
        postgres("schemas: [public, app]"),
        postgres("schemas: [app, pg_toast]"),
    ),
    Case(
        "PostgresSchema",
        "belong to the server and to Colonnade",
        postgres("schemas: [columns]"),
        postgres("schemas: [colonnade_quarantine]"),
    ),
    Case(
        "PostgresSchema",
        "a table or enum outside spec.schemas",
        postgres("schemas: [public, app], tables: [{name: app.t}], enums: [{name: e, values: [a]}]"),
        postgres("tables: [{name: app.t}]"),
    ),
    Case(
        "PostgresSchema",
        "one table is declared under two names",
        postgres("schemas: [public, app], tables: [{name: t}, {name: app.t}]"),
        postgres("tables: [{name: t}, {name: public.t}]"),
    ),
    Case(
        "PostgresSchema",
        "an entry of sqlFrom reads one key",
        postgres("sqlFrom: [{configMapKeyRef: {name: a, key: b}}, {secretKeyRef: {name: a, key: b}}]"),
        postgres("sqlFrom: [{configMapKeyRef: {name: a, key: b}, secretKeyRef: {name: a, key: b}}]"),
    ),
    Case(
        "PostgresSchema",
        "an entry of sqlFrom reads one key",
        postgres("sqlFrom: [{secretKeyRef: {name: a, key: b}}]"),
        postgres("sqlFrom: [{}]"),
    ),
    Case(
        "PostgresSchema",
        "an enum has each value once",
        postgres("enums: [{name: e, values: [a, A]}]"),
        postgres("enums: [{name: e, values: [a, b, a]}]"),
    ),
    Case(
        "PostgresSchema",
        "renaming a Column, Constraint, Trigger or Policy needs its table",
        postgres("renames: [{kind: Column, table: users, from: mail, to: email}]"),
        postgres("renames: [{kind: Column, from: mail, to: email}]"),
    ),
    Case(
        "PostgresSchema",
        "renaming a Column, Constraint, Trigger or Policy needs its table",
        postgres("renames: [{kind: Table, from: customer, to: customers}]"),
        postgres("renames: [{kind: Table, table: users, from: customer, to: customers}]"),
    ),
    Case(
        "PostgresSchema",
        "renaming an EnumValue needs its type",
        postgres("renames: [{kind: EnumValue, type: mood, from: sad, to: blue}]"),
        postgres("renames: [{kind: EnumValue, from: sad, to: blue}]"),
    ),
    Case(
        "PostgresSchema",
        "from and to are the same name",
        postgres("renames: [{kind: Index, from: a, to: b}]"),
        postgres("renames: [{kind: Index, from: a, to: a}]"),
    ),
    Case(
        "PostgresSchema",
        "at most one of default, identity and generated",
        column("identity: Always"),
        column("identity: Always, default: '1'"),
    ),
    Case(
        "PostgresSchema",
        "at most one of default, identity and generated",
        column("generated: {expression: a + 1}"),
        column("generated: {expression: a + 1}, default: '1'"),
    ),
    Case(
        "PostgresSchema",
        "an identity column never holds NULL",
        column("identity: Always, nullable: false"),
        column("identity: Always, nullable: true"),
    ),
    Case(
        "PostgresSchema",
        "as many columns on one side as on the other",
        table("foreignKeys: [{name: k, columns: [a, b], references: {table: u, columns: [c, d]}}]"),
        table("foreignKeys: [{name: k, columns: [a, b], references: {table: u, columns: [c]}}]"),
    ),
    Case(
        "PostgresSchema",
        "either a column (name) or an expression",
        table("indexes: [{name: i, columns: [{name: a}, {expression: lower(b)}]}]"),
        table("indexes: [{name: i, columns: [{name: a, expression: lower(b)}]}]"),
    ),
    Case(
        "PostgresSchema",
        "either a column (name) or an expression",
        table("indexes: [{name: i, columns: [{name: a, order: Desc}]}]"),
        table("indexes: [{name: i, columns: [{order: Desc}]}]"),
    ),
    Case(
        "PostgresSchema",
        "only a unique index has nullsNotDistinct",
        table("indexes: [{name: i, columns: [{name: a}], unique: true, nullsNotDistinct: true}]"),
        table("indexes: [{name: i, columns: [{name: a}], nullsNotDistinct: true}]"),
    ),
    Case(
        "PostgresSchema",
        "a policy for Insert looks at new rows only",
        table("rowLevelSecurity: {policies: [{name: p, command: Insert, check: 'true'}]}"),
        table("rowLevelSecurity: {policies: [{name: p, command: Insert, using: 'true'}]}"),
    ),
    Case(
        "PostgresSchema",
        "a policy for Select or Delete looks at existing rows only",
        table("rowLevelSecurity: {policies: [{name: p, command: Select, using: 'true'}]}"),
        table("rowLevelSecurity: {policies: [{name: p, command: Delete, check: 'true'}]}"),
    ),
    Case(
        "PostgresSchema",
        "a list-partitioned table is shared out by one column",
        table("partitionBy: {strategy: List, columns: [a]}"),
        table("partitionBy: {strategy: List, columns: [a, b]}"),
    ),
]

MONGO = [
    Case(
        "MongoSchema",
        "datastoreRef.name cannot be changed",
        mongo(),
        mongo("datastoreRef: {name: other}"),
        change=True,
    ),
    Case(
        "MongoSchema",
        "belong to MongoDB and to Colonnade",
        mongo("collections: [{name: systems}]"),
        mongo("collections: [{name: system.users}]"),
    ),
    Case(
        "MongoSchema",
        "belong to MongoDB and to Colonnade",
        mongo("views: [{name: v, viewOn: c}]"),
        mongo("views: [{name: colonnade_view, viewOn: c}]"),
    ),
    Case(
        "MongoSchema",
        "declared by fields or by jsonSchema",
        collection("jsonSchema: {bsonType: object}"),
        collection("jsonSchema: {bsonType: object}, fields: [{name: a, type: int}]"),
    ),
    Case(
        "MongoSchema",
        "MongoDB validates no timeseries collection",
        collection("options: {timeseries: {timeField: at}}"),
        collection("options: {timeseries: {timeField: at}}, fields: [{name: a, type: int}]"),
    ),
    Case(
        "MongoSchema",
        "at most one of capped, timeseries and clustered",
        collection("options: {clustered: {}}"),
        collection("options: {clustered: {}, capped: {size: 4096}}"),
    ),
    Case(
        "MongoSchema",
        "options.expireAfter is for timeseries and clustered",
        collection("options: {clustered: {}, expireAfter: 24h}"),
        collection("options: {expireAfter: 24h}"),
    ),
    Case(
        "MongoSchema",
        "keeps no pre- and post-images",
        collection("options: {prePostImages: true}"),
        collection("options: {timeseries: {timeField: at}, prePostImages: true}"),
    ),
    Case(
        "MongoSchema",
        "a view cannot look at itself",
        mongo("views: [{name: v, viewOn: c, pipeline: [{$match: {a: 1}}]}]"),
        mongo("views: [{name: v, viewOn: v}]"),
    ),
    Case(
        "MongoSchema",
        "a view and a collection are declared under one name",
        mongo("collections: [{name: a}], views: [{name: b, viewOn: a}]"),
        mongo("collections: [{name: a}], views: [{name: a, viewOn: b}]"),
    ),
    Case(
        "MongoSchema",
        "renaming a Field needs its collection",
        mongo("renames: [{kind: Field, collection: c, from: a.b, to: a.c}]"),
        mongo("renames: [{kind: Field, from: a.b, to: a.c}]"),
    ),
    Case(
        "MongoSchema",
        "renaming a Field needs its collection",
        mongo("renames: [{kind: Collection, from: a, to: b}]"),
        mongo("renames: [{kind: Collection, collection: c, from: a, to: b}]"),
    ),
    Case(
        "MongoSchema",
        "from and to are the same name",
        mongo("renames: [{kind: Collection, from: a, to: b}]"),
        mongo("renames: [{kind: Collection, from: a, to: a}]"),
    ),
    Case(
        "MongoSchema",
        "a backfill is either a value or an expression",
        mongo("backfills: [{collection: c, field: f, value: null}]"),
        mongo("backfills: [{collection: c, field: f, value: 1, expression: $g}]"),
    ),
    Case(
        "MongoSchema",
        "a backfill is either a value or an expression",
        mongo("backfills: [{collection: c, field: f, expression: {$toLower: $g}}]"),
        mongo("backfills: [{collection: c, field: f}]"),
    ),
    Case(
        "MongoSchema",
        "only an object has fields",
        field("type: object, fields: [{name: a, type: int}]"),
        field("type: string, fields: [{name: a, type: int}]"),
    ),
    Case(
        "MongoSchema",
        "only an array has items",
        field("type: array, items: {type: string}, minItems: 0"),
        field("type: object, minItems: 0"),
    ),
    Case(
        "MongoSchema",
        "only a string has pattern",
        field("type: string, pattern: ^a"),
        field("type: int, pattern: ^a"),
    ),
    Case(
        "MongoSchema",
        "only a number has minimum",
        field("type: decimal, minimum: 0"),
        field("type: date, minimum: 0"),
    ),
    Case(
        "MongoSchema",
        "jsonSchema says it all in its own words",
        field("type: object, jsonSchema: {minProperties: 1}"),
        field("type: object, jsonSchema: {minProperties: 1}, fields: [{name: a, type: int}]"),
    ),
    Case(
        "MongoSchema",
        "either rises or falls",
        index("keys: [{field: a, order: 1}, {field: b, type: text}]"),
        index("keys: [{field: a, order: 1, type: text}]"),
    ),
    Case(
        "MongoSchema",
        "either rises or falls",
        index("keys: [{field: a, order: -1}]"),
        index("keys: [{field: a}]"),
    ),
    Case(
        "MongoSchema",
        "expireAfter needs an index over one field",
        index("keys: [{field: at, order: 1}], expireAfter: 720h"),
        index("keys: [{field: at, order: 1}, {field: b, order: 1}], expireAfter: 720h"),
    ),
    Case(
        "MongoSchema",
        "MongoDB expires by full seconds",
        index("keys: [{field: at, order: 1}], expireAfter: 1000ms"),
        index("keys: [{field: at, order: 1}], expireAfter: 500ms"),
    ),
    Case(
        "MongoSchema",
        "partialFilter or sparse, not both",
        index("keys: [{field: a, order: 1}], partialFilter: {a: {$exists: true}}"),
        index("keys: [{field: a, order: 1}], partialFilter: {a: {$exists: true}}, sparse: true"),
    ),
    Case(
        "MongoSchema",
        "are for text indexes",
        index("keys: [{field: a, type: text}], weights: {a: 5}, defaultLanguage: german"),
        index("keys: [{field: a, order: 1}], weights: {a: 5}"),
    ),
    Case(
        "MongoSchema",
        "wildcardProjection is for an index over all fields",
        index("keys: [{field: $**, order: 1}], wildcardProjection: {a: 1}"),
        index("keys: [{field: a, order: 1}], wildcardProjection: {a: 1}"),
    ),
    Case(
        "MongoSchema",
        "an index names each field once",
        index("keys: [{field: a, order: 1}, {field: b, order: 1}]"),
        index("keys: [{field: a, order: 1}, {field: a, order: -1}]"),
    ),
    Case(
        "MongoSchema",
        "the index _id_ is MongoDB's own",
        index("keys: [{field: _id, type: hashed}]"),
        collection("indexes: [{name: _id_, keys: [{field: _id, order: 1}]}]"),
    ),
]

PLAN = [
    Case(
        "MigrationPlan",
        "spec.plan cannot be changed",
        plan(),
        plan(statement="DROP TABLE t"),
        change=True,
    ),
    Case(
        "MigrationPlan",
        "approval.hash is not this plan's hash",
        plan(f"approval: {{hash: '{HASH}', verdict: Approve, reason: seen}}"),
        plan("approval: {hash: 'fedcba9876543210', verdict: Approve}"),
    ),
    Case(
        "MigrationPlan",
        "two Datastores",
        plan(),
        plan(datastore="other"),
    ),
]

CASES = [*DATASTORE, *POSTGRES, *MONGO, *PLAN]


def document(kind: str, spec: Spec, name: str = "case") -> dict[str, Any]:
    """The whole resource around a spec."""
    return {"apiVersion": "colonnade.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
