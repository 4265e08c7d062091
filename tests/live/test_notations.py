"""What the YAML notations are compiled to is what real servers take."""

import psycopg
import pytest
from pymongo import MongoClient

from colonnade.engines.mongodb.compile import compile_schema
from colonnade.engines.postgres.declared.compile import compile_sql
from colonnade.resources import MongoSchema, PostgresSchema, load_all

POSTGRES = r"""
apiVersion: colonnade.dev/v1alpha1
kind: PostgresSchema
metadata: {name: everything}
spec:
  datastoreRef: {name: shop}
  schemas: [shop, app, 'we"ird']
  extensions: [{name: plpgsql, comment: the language}]
  enums:
  - {name: order_status, values: [pending, "it's", 'back\slash'], comment: states}
  - {name: app.mood, values: [happy]}
  tables:
  - name: users
    columns:
    - {name: id, type: bigint, identity: Always}
    - {name: email, type: text, nullable: false, collation: C, storage: External, statistics: 200, compression: pglz}
    - {name: lower_email, type: text, generated: {expression: lower(email)}}
    - {name: moods, type: 'app.mood[]', default: "'{}' -- none\n"}
    - {name: 'we"ird; --', type: timestamp(3) with time zone, default: now(), comment: "it's \"so\" \\ so"}
    primaryKey: {columns: [id], comment: the key}
    uniques: [{name: users_email_key, columns: [email], deferrable: Deferred, include: [id], comment: one each}]
    comment: those who buy
  - name: '"a.b"'
    columns: [{name: select, type: bigint}]
    primaryKey: {name: ab_pk, columns: [select]}
    unlogged: true
    options: {fillfactor: "70", toast.autovacuum_enabled: "false"}
  - name: app.orders
    columns:
    - {name: id, type: bigint, identity: ByDefault}
    - {name: user_id, type: bigint, nullable: false}
    - {name: status, type: order_status, nullable: false, default: "'pending'"}
    - {name: total, type: "numeric(12,2)"}
    primaryKey: {columns: [id]}
    foreignKeys:
    - name: orders_user
      columns: [user_id]
      references: {table: users, columns: [id]}
      onDelete: Cascade
      onUpdate: Restrict
      match: Full
      deferrable: Immediate
      comment: who bought
    checks: [{name: positive, expression: total >= 0, noInherit: true, comment: no refunds}]
    indexes:
    - {name: by_user, columns: [{name: user_id, order: Desc, nulls: Last}], where: status <> 'pending', include: [id]}
    - {name: by_text, columns: [{expression: (id::text), opclass: text_pattern_ops, collation: C}], unique: true}
    - {name: by_total, columns: [{name: total}], method: brin, options: {pages_per_range: "16"}, comment: coarse}
    rowLevelSecurity:
      forced: true
      policies:
      - {name: own, command: Update, using: user_id = 1, check: 'true', roles: [public, current_user], kind: Restrictive}
      - {name: new, command: Insert, check: 'true', comment: anyone}
  - name: log
    columns: [{name: at, type: date, nullable: false}]
    partitionBy: {strategy: Range, columns: [at]}
  - name: empty
"""

MONGO = """
apiVersion: colonnade.dev/v1alpha1
kind: MongoSchema
metadata: {name: everything}
spec:
  datastoreRef: {name: shop}
  collections:
  - name: orders
    additionalFields: false
    fields:
    - {name: status, type: string, required: true, enum: [pending, shipped], nullable: true, description: where it is}
    - {name: user, type: object, required: true, fields: [{name: _id, type: objectId, references: users}]}
    - name: items
      type: array
      minItems: 1
      items: {type: object, fields: [{name: sku, type: string, pattern: "^[A-Z]"}, {name: price, type: decimal, minimum: 0}]}
    - {name: created_at, type: date}
    - {name: name, type: string, maxLength: 100}
    - {name: any, type: any, jsonSchema: {not: {bsonType: regex}}}
    validation: {level: Moderate, action: Warn, query: {$expr: {$ne: [$status, $name]}}}
    options: {collation: {locale: de, strength: 2}, prePostImages: true}
    indexes:
    - {name: by_user, keys: [{field: user._id, order: 1}, {field: created_at, order: -1}], unique: true}
    - {name: open, keys: [{field: status, order: 1}], partialFilter: {status: {$in: [pending]}}, hidden: true}
    - {name: expiry, keys: [{field: created_at, order: 1}], expireAfter: 720h, collation: {locale: simple}}
    - name: search
      keys: [{field: name, type: text}]
      weights: {name: 5}
      defaultLanguage: german
      collation: {locale: simple}
    - {name: hashed, keys: [{field: _id, type: hashed}], collation: {locale: simple}}
    - {name: wild, keys: [{field: $**, order: 1}], wildcardProjection: {items: 1}}
  - {name: log, options: {capped: {size: 4096, max: 10}}}
  - {name: measures, options: {timeseries: {timeField: at, metaField: s, granularity: Hours}, expireAfter: 24h}}
  - {name: kept, options: {clustered: {name: by_id}}}
  views:
  - {name: pending, viewOn: orders, pipeline: [{$match: {status: pending, at: {$gt: {$date: "2024-01-01T00:00:00Z"}}}}]}
"""


def test_postgres_takes_all_that_a_table_in_yaml_can_be(postgres_url: str) -> None:
    (schema,) = load_all(POSTGRES)
    assert isinstance(schema, PostgresSchema)
    with psycopg.connect(postgres_url) as connection:
        connection.execute("SET search_path = shop, app, public")
        for statement in compile_sql(schema.spec):
            connection.execute(statement.sql.encode())
        found = connection.execute(
            "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relname !~ '^pg_|^sql_'"
        )
        assert {name for (name,) in found} == {"users", "a.b", "orders", "log", "empty"}


@pytest.mark.parametrize(
    ("table", "field"),
    [
        ("columns: [{name: a, type: intt}]", "spec.tables[t].columns[a].type"),
        ("columns: [{name: a, type: int}, {name: b, type: int, default: nwo()}]", "spec.tables[t].columns[b].default"),
        ("columns: [{name: a, type: int}], checks: [{name: k, expression: c > 0}]", "spec.tables[t].checks[k]"),
    ],
)
def test_where_postgres_sees_a_mistake_is_the_field_it_was_made_in(postgres_url: str, table: str, field: str) -> None:
    text = f"tables: [{{name: t, {table}}}]"
    (schema,) = load_all(f"{POSTGRES.partition('  schemas:')[0]}  {text}")
    assert isinstance(schema, PostgresSchema)
    *_, statement = compile_sql(schema.spec)
    with psycopg.connect(postgres_url) as connection, pytest.raises(psycopg.Error) as refusal:
        connection.execute(statement.sql.encode())
    assert statement.origin_at(int(refusal.value.diag.statement_position or 0)) == field


def test_mongodb_takes_all_that_a_collection_in_yaml_can_be(mongo_url: str) -> None:
    (schema,) = load_all(MONGO)
    assert isinstance(schema, MongoSchema)
    with MongoClient[dict[str, object]](mongo_url) as client:
        database = client.get_default_database()
        for collection in compile_schema(schema.spec):
            database.command({"create": collection.name, **collection.options})
            for index in collection.indexes:
                database.command({"createIndexes": collection.name, "indexes": [index.document]})
        assert len(list(database["orders"].list_indexes())) == 7
        assert set(database.list_collection_names()) >= {"orders", "log", "measures", "kept", "pending"}
