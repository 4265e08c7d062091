"""The shop of manifests/examples/shop: its files, and rows for its tables and collections, for the demo and for tests."""

import re
from pathlib import Path
from typing import Any, cast

import psycopg
from bson import json_util
from pymongo import MongoClient

from dev.paths import ROOT

SHOP = ROOT / "manifests" / "examples" / "shop"
MISTAKES = ROOT / "manifests" / "examples" / "mistakes"
_SQL = {SHOP / "20-postgres.yaml": "schema.sql", SHOP / "step-2" / "20-postgres.yaml": "schema-with-status.sql"}
_BLOCK = re.compile(r"(?<=\n  sql: \|\n).*\Z", re.DOTALL)


def generated() -> dict[Path, str]:
    """The resources with the SQL of the files beside them, so that both can be used and neither can differ."""
    return {path: with_sql(path.read_text(), (SHOP / "sql" / name).read_text()) for path, name in _SQL.items()}


def with_sql(resource: str, sql: str) -> str:
    """The YAML of a PostgresSchema whose last field is `sql`, with this text in it."""
    block = "".join(f"    {line}" if line.strip() else line for line in sql.splitlines(keepends=True))
    return _BLOCK.sub(lambda _: block, resource)


def fill_postgres(url: str) -> None:
    """Rows for every table: hundreds of users and orders, thousands of lines in the audit log."""
    with psycopg.connect(url) as connection:
        connection.execute((SHOP / "rows" / "postgres.sql").read_bytes())


def fill_mongo(url: str) -> None:
    """Documents for every collection."""
    with MongoClient[dict[str, Any]](url) as client:
        database = client.get_default_database()
        for path in sorted((SHOP / "rows" / "mongodb").iterdir()):
            database[path.stem].insert_many(documents(path))


def documents(path: Path) -> list[dict[str, Any]]:
    """The documents of a file that has one in extended JSON on each line, as mongoimport takes it."""
    return [cast(dict[str, Any], json_util.loads(line)) for line in path.read_text().splitlines()]


def expected(mistake: Path) -> tuple[str, str]:
    """The reason and the message that the comment of a mistake promises."""
    said = " ".join(line[3:].strip() for line in mistake.read_text().splitlines() if line.startswith("#   "))
    reason, _, message = said.partition(": ")
    return reason, message
