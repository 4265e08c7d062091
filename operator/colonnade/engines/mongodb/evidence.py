"""What the documents say before anything is changed: counts and a few _ids, read-only and time-boxed.

A secondary may answer. The `$nor` of a validator finds what breaks it, before the validator is there
(https://www.mongodb.com/docs/manual/core/schema-validation/use-json-schema-query-conditions/).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from colonnade.core.errors import DataViolation, WaitingForLock
from colonnade.engines.mongodb.errors import TIMED_OUT, code_of
from colonnade.engines.mongodb.kind import Found
from colonnade.engines.mongodb.records import Records
from colonnade.engines.mongodb.session import Session
from colonnade.engines.mongodb.statement import Document, text

SECONDS = 120
SHOWN = 5
COUNTED = 1000


class Evidence:
    """Questions about the documents of one database; each is asked once."""

    def __init__(self, session: Session, records: Records) -> None:
        self._session = session
        self._records = records
        self._known: dict[str, Any] = {}

    def documents(self, collection: str) -> int:
        command = {"count": collection}
        return int(self._once(command, lambda: self._session.run(command)["n"]))

    def violators(self, collection: str, query: Mapping[str, Any]) -> Found:
        command = {"find": collection, "filter": {"$nor": [query]}, "projection": {"_id": 1}, "limit": COUNTED + 1}
        return self._found(command, "the rule that is declared")

    def matching(self, collection: str, query: Mapping[str, Any]) -> Found:
        """Those that match the query."""
        command = {"find": collection, "filter": query, "projection": {"_id": 1}, "limit": COUNTED + 1}
        return self._found(command, "what is declared")

    def any(self, collection: str, query: Mapping[str, Any]) -> bool:
        """Whether some document matches."""
        return bool(
            self._boxed({"find": collection, "filter": query, "projection": {"_id": 1}, "limit": 1}, "what is declared")
        )

    def older(self, collection: str, path: str, seconds: int) -> Found:
        latest = self._session.run({"hello": 1}, database="admin")["localTime"] - timedelta(seconds=seconds)
        command = {"count": collection, "query": {path: {"$lt": latest}}, "maxTimeMS": SECONDS * 1000}
        return Found(int(self._session.run(command)["n"]))

    def duplicates(self, collection: str, index: Mapping[str, Any]) -> Found:
        command = {"aggregate": collection, "pipeline": _sharing(index), "cursor": {}, "allowDiskUse": True}
        if "collation" in index:
            command["collation"] = index["collation"]
        rows = self._boxed(command, "a unique index")
        count = sum(int(row["n"]) for row in rows[:COUNTED])
        return Found(count, tuple(text(row["first"]) for row in rows[:SHOWN]), len(rows) > COUNTED)

    def usage(self, collection: str, index: str) -> str:
        if not self._session.may("indexStats", collection):
            return "its use is not known: the database user lacks the action indexStats"
        pipeline = [{"$indexStats": {}}, {"$match": {"name": index}}]
        for row in self._session.rows({"aggregate": collection, "pipeline": pipeline, "cursor": {}}):
            return (
                f"used {row['accesses']['ops']} times since {row['accesses']['since']:%Y-%m-%d %H:%M} on {row['host']}"
            )
        return "its use is not known"

    def stable(self, collection: str, count: int) -> bool:
        return self._records.warned_long_enough(collection, count)

    def _found(self, command: Document, what: str) -> Found:
        rows = self._once(command, lambda: self._boxed(command, what))
        ids = tuple(text(row["_id"]) for row in rows[:SHOWN])
        return Found(min(len(rows), COUNTED), ids, len(rows) > COUNTED)

    def _once(self, command: Document, ask: Any) -> Any:
        key = text(command)
        if key not in self._known:
            self._known[key] = ask()
        return self._known[key]

    def _boxed(self, command: Document, what: str) -> list[dict[str, Any]]:
        """Everything the command finds; a collection that is not there has nothing."""
        try:
            return list(self._session.rows({**command, "maxTimeMS": SECONDS * 1000}, far=True))
        except WaitingForLock as error:
            if code_of(error) != TIMED_OUT:
                raise
            collection = next(iter(command.values()))
            raise DataViolation(
                f"collection {collection}: within {SECONDS} s it could not be found out whether its documents obey "
                f"{what}; an index over the fields concerned makes that faster. Nothing has been changed"
            ) from error


def _sharing(index: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Groups of documents with equal values. Arrays are left to the server: each of their values counts there."""
    values = {f"k{i}": {"$ifNull": [f"${path}", None]} for i, path in enumerate(index["key"])}
    chosen: list[dict[str, Any]] = (
        [{"$match": index["partialFilterExpression"]}] if index.get("partialFilterExpression") else []
    )
    if index.get("sparse"):
        chosen.append({"$match": {"$or": [{path: {"$exists": True}} for path in index["key"]]}})
    return [
        *chosen,
        {"$project": values},
        {"$match": {"$expr": {"$not": [{"$or": [{"$isArray": f"${k}"} for k in values]}]}}},
        {"$group": {"_id": {k: f"${k}" for k in values}, "n": {"$sum": 1}, "first": {"$first": "$_id"}}},
        {"$match": {"n": {"$gt": 1}}},
        {"$limit": COUNTED + 1},
    ]
