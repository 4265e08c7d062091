"""The shop of manifests/examples: made, filled with rows, changed and changed back, on both engines; and the mistakes beside it."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.errors import WriteError

from colonnade.core.errors import ColonnadeError
from colonnade.core.gate import Facts, Policy, Verdict
from colonnade.core.plan import Plan
from colonnade.engines import Declaration, Source, Target, engine
from colonnade.reconcile import Result, reconcile
from colonnade.resources import MongoSchema, PostgresSchema, load_all
from dev import shop

TABLES = ("users", "user_profiles", "categories", "products", "orders", "order_items", "audit_log")


def run(url: str, path: Path, *, approve: bool = False) -> Result:
    """Reconcile the database with the one schema that a file holds."""
    [resource] = load_all(path.read_text(), path.name)
    assert isinstance(resource, PostgresSchema | MongoSchema)
    system, sources = "MongoDB", tuple[Source, ...]()
    if isinstance(resource, PostgresSchema):
        system, sources = "Postgres", (Source("spec.sql", resource.spec.sql or ""),)

    def facts(plan: Plan) -> Facts:
        return Facts(verdict=Verdict(plan.hash, approved=True) if approve else None)

    with engine(system).open(Target("shop", url), Policy(), threading.Event()) as database:
        return reconcile(database, [Declaration(resource.identity, resource.spec, sources)], Policy(), facts)


def reason(result: Result) -> str:
    return result.held.reason if result.held else "Converged"


def ask(url: str, question: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(question.encode()).fetchall()


def counts(url: str) -> Mapping[str, int]:
    return {table: ask(url, f"SELECT count(*) FROM {table}")[0][0] for table in TABLES}


@pytest.fixture
def filled(postgres_url: str) -> str:
    """The shop with rows in all its tables."""
    assert reason(run(postgres_url, shop.SHOP / "20-postgres.yaml")) == "Converged"
    shop.fill_postgres(postgres_url)
    return postgres_url


def test_the_resources_hold_the_sql_of_the_files_beside_them() -> None:
    assert [path for path, text in shop.generated().items() if path.read_text() != text] == []


def test_every_table_has_rows_and_a_second_pass_has_nothing_to_do(filled: str) -> None:
    assert all(counts(filled).values())
    again = run(filled, shop.SHOP / "20-postgres.yaml")
    assert (reason(again), again.plan) == ("Converged", None)


def test_users_get_a_status_that_fits_each_and_nothing_is_lost_on_the_way_there_and_back(filled: str) -> None:
    before = counts(filled)
    changed = run(filled, shop.SHOP / "step-2" / "20-postgres.yaml")
    assert reason(changed) == "Converged"
    wrong = ask(
        filled, "SELECT id FROM users WHERE status <> CASE WHEN verified_at IS NULL THEN 'invited' ELSE 'active' END"
    )
    assert wrong == []
    assert counts(filled) == {
        **before,
        "audit_log": before["audit_log"] + before["users"],
    }  # the backfill is audited, too
    with pytest.raises(psycopg.errors.CheckViolation):
        ask(
            filled,
            "INSERT INTO users (email, username, password_hash, status) VALUES ('x@y', 'x', '', 'gone') RETURNING 1",
        )
    back = run(filled, shop.SHOP / "20-postgres.yaml")
    assert reason(back) == "ApprovalRequired"
    assert ask(filled, "SELECT count(*) FROM users WHERE status IS NOT NULL")[0][0] == before["users"]
    assert reason(run(filled, shop.SHOP / "20-postgres.yaml", approve=True)) == "Converged"
    assert counts(filled) == {**before, "audit_log": before["audit_log"] + before["users"]}


def test_the_audit_trigger_works_on_every_table_whatever_its_key(filled: str) -> None:
    with psycopg.connect(filled) as connection:
        connection.execute("UPDATE order_items SET quantity = 9 WHERE order_id = 1")
        connection.execute("DELETE FROM user_profiles WHERE user_id = 1")
    audited = ask(filled, "SELECT DISTINCT table_name, operation FROM audit_log")
    assert {table for table, operation in audited if operation == "INSERT"} == set(TABLES) - {"audit_log"}
    assert {("order_items", "UPDATE"), ("user_profiles", "DELETE")} <= set(audited)
    keys = ask(
        filled,
        "SELECT DISTINCT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(row_key) AS k) FROM audit_log "
        "WHERE table_name = 'order_items'",
    )
    assert keys == [(["order_id", "product_id"],)]
    [(old, new)] = ask(
        filled,
        "SELECT DISTINCT (old_row ->> 'quantity')::int = 9, (new_row ->> 'quantity')::int FROM audit_log "
        "WHERE table_name = 'order_items' AND operation = 'UPDATE'",
    )
    assert (old, new) == (False, 9)


def test_the_triggers_keep_updated_at(filled: str) -> None:
    ask(filled, "UPDATE products SET stock = stock + 1 RETURNING id")
    assert ask(filled, "SELECT count(*) FROM products WHERE updated_at <= created_at") == [(0,)]


@pytest.mark.parametrize("path", sorted(shop.MISTAKES.iterdir()), ids=lambda path: path.stem)
def test_a_mistake_is_told_as_its_comment_says(path: Path, postgres_url: str) -> None:
    word, message = shop.expected(path)
    assert message
    try:
        result = run(postgres_url, path)
    except ColonnadeError as error:
        told = (error.reason, str(error))
    else:
        warned = " ".join(text for texts in result.desired.warnings.values() for text in texts)
        told = (reason(result), warned)
        for wrong in result.desired.errors.values():
            told = (wrong.reason, str(wrong))
    assert told == (word, message)
    made = ask(postgres_url, "SELECT to_regnamespace('mistake') IS NOT NULL")[0][0]
    assert made == (word == "Converged")


@pytest.fixture
def documents(mongo_url: str) -> str:
    """The shop with documents in all its collections."""
    assert reason(run(mongo_url, shop.SHOP / "30-mongo.yaml")) == "Converged"
    shop.fill_mongo(mongo_url)
    return mongo_url


def test_the_documents_fit_and_a_second_pass_has_nothing_to_do(documents: str) -> None:
    again = run(documents, shop.SHOP / "30-mongo.yaml")
    assert (reason(again), again.plan) == ("Converged", None)


def test_documents_that_do_not_fit_are_refused(documents: str) -> None:
    with MongoClient[dict[str, Any]](documents) as client:
        orders = client.get_default_database()["orders"]
        order = orders.find_one({}) or {}
        with pytest.raises(WriteError):
            orders.insert_one({**order, "_id": ObjectId(), "number": "x", "status": "lost"})
        with pytest.raises(WriteError):
            orders.insert_one({**order, "_id": ObjectId(), "number": "x", "items": []})


def test_users_get_a_status_in_their_documents_and_lose_nothing(documents: str) -> None:
    with MongoClient[dict[str, Any]](documents) as client:
        users = client.get_default_database()["users"]
        before = {user["_id"]: user for user in users.find()}
        assert reason(run(documents, shop.SHOP / "step-2" / "30-mongo.yaml")) == "ApprovalRequired"
        assert reason(run(documents, shop.SHOP / "step-2" / "30-mongo.yaml", approve=True)) == "Converged"
        after = {user["_id"]: user for user in users.find()}
        assert after == {
            key: {**user, "status": "active" if user["verified_at"] else "invited"} for key, user in before.items()
        }
        assert reason(run(documents, shop.SHOP / "30-mongo.yaml", approve=True)) == "Converged"
        assert len(list(users.find({"status": {"$exists": True}}))) == len(before)
