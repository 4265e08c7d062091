"""What Colonnade keeps for itself in a target: the journal of plans and steps, the ledger of who owns what, the settled state.

All of it lives in the schema `colonnade` of the target, made when something is first written, and is part of no State.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from typing import LiteralString

from psycopg.types.json import Jsonb

from colonnade.core.errors import Unauthorized
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Plan
from colonnade.engines.postgres.session import Connection
from colonnade.engines.postgres.statement import name, text

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS colonnade;
CREATE TABLE IF NOT EXISTS colonnade.version (version int PRIMARY KEY, since timestamptz NOT NULL DEFAULT pg_catalog.now());
CREATE TABLE IF NOT EXISTS colonnade.plan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, hash text NOT NULL, premise text NOT NULL, plan jsonb NOT NULL,
    started timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(), finished timestamptz, error text);
CREATE TABLE IF NOT EXISTS colonnade.step (
    plan_id bigint NOT NULL REFERENCES colonnade.plan, step text NOT NULL, started timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    finished timestamptz, position text, PRIMARY KEY (plan_id, step));
CREATE TABLE IF NOT EXISTS colonnade.ledger (owner text NOT NULL, kind text NOT NULL, name text[] NOT NULL, PRIMARY KEY (kind, name));
CREATE TABLE IF NOT EXISTS colonnade.settled (
    id int PRIMARY KEY CHECK (id = 1), desired text NOT NULL, fingerprint text NOT NULL, at timestamptz NOT NULL DEFAULT pg_catalog.now());
CREATE TABLE IF NOT EXISTS colonnade.quarantine (
    schema text PRIMARY KEY, objects text[] NOT NULL, since timestamptz NOT NULL DEFAULT pg_catalog.now(), until timestamptz NOT NULL);
INSERT INTO colonnade.version (version) VALUES (1) ON CONFLICT DO NOTHING;
"""


KEPT_FROM: LiteralString = """
SELECT n.nspowner::regrole::text, current_database(), current_user::text FROM pg_namespace n
WHERE n.nspname = 'colonnade' AND NOT has_schema_privilege(n.oid, 'USAGE')
UNION ALL SELECT c.relowner::regrole::text, current_database(), current_user::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
CROSS JOIN unnest(%s::text[]) p WHERE n.nspname = 'colonnade' AND c.relkind = 'r' AND NOT has_table_privilege(c.oid, p) LIMIT 1"""
"""The owner of records that are there and that this role may not use, with the database and the role."""
READS, WRITES = ["SELECT"], ["SELECT", "INSERT", "UPDATE", "DELETE"]


UNFINISHED: LiteralString = """
SELECT hash, plan FROM (SELECT * FROM colonnade.plan ORDER BY id DESC LIMIT 1) last
WHERE finished IS NULL OR (error IS NOT NULL AND error <> 'Stale')"""
"""One that others have changed the ground of is not gone on with: the same words may be about something else now."""


def signature(statement: str, hazards: Iterable[str]) -> tuple[str, ...]:
    """What an approval of a step was about; the quarantine is another each time."""
    return (re.sub(r"colonnade_quarantine_[0-9a-f]+", "colonnade_quarantine", statement), *hazards)


class Journal:
    """The records of one target, through one session."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._there: bool | None = None

    @property
    def there(self) -> bool:
        """Whether anything was ever written."""
        if not self._there:
            self._may(READS)
            row = self.connection.execute("SELECT pg_catalog.to_regclass('colonnade.settled') IS NOT NULL").fetchone()
            self._there = bool(row and row[0])
        return self._there

    def prepare(self) -> None:
        """Make the records where they are not there."""
        if not self.there:
            with self.connection.transaction():
                self.connection.execute(SCHEMA)
        self._may(WRITES)

    def _may(self, what: list[str]) -> None:
        """Raises Unauthorized where an earlier run, under another role, left records that this one may not use."""
        if row := self.connection.execute(KEPT_FROM, [what]).fetchone():
            owner, database, role = row
            raise Unauthorized(
                f"{database}: role {role} may not {'read' if what == READS else 'write'} the records in schema colonnade, which are "
                f"those of an earlier run under role {owner}; run: GRANT {owner} TO {text(name(role))}, or go on as {owner}"
            )

    def settled(self) -> tuple[str, str] | None:
        """(Desired digest, fingerprint) of the last proof."""
        if not self.there:
            return None
        row = self.connection.execute("SELECT desired, fingerprint FROM colonnade.settled").fetchone()
        return (row[0], row[1]) if row else None

    def quarantine(self, schema: str, objects: list[str], seconds: float) -> None:
        """These wait in this schema for so long."""
        self.connection.execute(
            "INSERT INTO colonnade.quarantine (schema, objects, until) VALUES (%s, %s, pg_catalog.now() + pg_catalog.make_interval(secs => %s)) "
            "ON CONFLICT (schema) DO UPDATE SET objects = colonnade.quarantine.objects || excluded.objects, until = excluded.until",
            [schema, objects, seconds],
        )

    def over(self) -> list[str]:
        """The quarantine schemas whose time is over."""
        if not self.there:
            return []
        return [
            s
            for (s,) in self.connection.execute(
                "SELECT schema FROM colonnade.quarantine WHERE until < pg_catalog.now()"
            ).fetchall()
        ]

    def emptied(self, schema: str) -> None:
        """Nothing waits there any more."""
        self.connection.execute("DELETE FROM colonnade.quarantine WHERE schema = %s", [schema])

    def settle(self, desired: str, fingerprint: str) -> None:
        """Note a proof."""
        self.connection.execute(
            "INSERT INTO colonnade.settled (id, desired, fingerprint) VALUES (1, %s, %s) ON CONFLICT (id) DO UPDATE SET "
            "desired = excluded.desired, fingerprint = excluded.fingerprint, at = pg_catalog.now()",
            [desired, fingerprint],
        )

    def begin(self, plan: Plan, desired: str) -> int:
        """A plan starts to run; its number. From here on nothing is settled, until it is proved again."""
        told = Jsonb({**asdict(plan), "desired": desired}, dumps=lambda o: json.dumps(o, default=str))
        with self.connection.transaction():
            self.connection.execute("DELETE FROM colonnade.settled")
            row = self.connection.execute(
                "INSERT INTO colonnade.plan (hash, premise, plan) VALUES (%s, %s, %s) RETURNING id",
                [plan.hash, plan.premise, told],
            ).fetchone()
        assert row is not None
        return int(row[0])

    def unfinished(self, desired: str) -> tuple[str, frozenset[tuple[str, ...]]] | None:
        """The last plan, where it was on the way to what is desired now and did not get there: its hash, and what it was to do."""
        if not self.there:
            return None
        row = self.connection.execute(UNFINISHED).fetchone()
        if row is None or row[1].get("desired") != desired:
            return None
        return row[0], frozenset(signature(s["statement"], [h["code"] for h in s["hazards"]]) for s in row[1]["steps"])

    def end(self, number: int, error: str | None = None) -> None:
        """A plan is through, or stopped for this reason."""
        self.connection.execute(
            "UPDATE colonnade.plan SET finished = pg_catalog.clock_timestamp(), error = %s WHERE id = %s",
            [error, number],
        )

    def before(self, number: int, steps: Iterable[str]) -> None:
        """These steps are about to run."""
        for step in steps:
            self.connection.execute(
                "INSERT INTO colonnade.step (plan_id, step) VALUES (%s, %s) ON CONFLICT (plan_id, step) DO UPDATE "
                "SET started = pg_catalog.clock_timestamp()",
                [number, step],
            )

    def after(self, number: int, steps: Iterable[str]) -> None:
        """These steps are done."""
        self.connection.execute(
            "UPDATE colonnade.step SET finished = pg_catalog.clock_timestamp() WHERE plan_id = %s AND step = ANY (%s)",
            [number, list(steps)],
        )

    def ledger(self) -> dict[ObjectId, str]:
        """The owner of each object that a resource created or adopted."""
        if not self.there:
            return {}
        rows = self.connection.execute("SELECT owner, kind, name FROM colonnade.ledger").fetchall()
        return {ObjectId(kind, tuple(name)): owner for owner, kind, name in rows}

    def own(self, owners: Mapping[ObjectId, str], of: Collection[str]) -> None:
        """The ledger from now on: of the resources in `of` these objects, and what the others had before."""
        if {i: o for i, o in self.ledger().items() if o in of} == owners:
            return
        with self.connection.transaction():
            self.connection.execute("DELETE FROM colonnade.ledger WHERE owner = ANY (%s)", [list(of)])
            with self.connection.cursor() as cursor:
                cursor.executemany(
                    "INSERT INTO colonnade.ledger (owner, kind, name) VALUES (%s, %s, %s) ON CONFLICT (kind, name) DO UPDATE "
                    "SET owner = excluded.owner",
                    [(o, i.kind, list(i.name)) for i, o in owners.items()],
                )

    def forget(self, owner: str) -> None:
        """The resource owns nothing any more."""
        if self.there:
            self.connection.execute("DELETE FROM colonnade.ledger WHERE owner = %s", [owner])
