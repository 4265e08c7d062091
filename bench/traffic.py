"""What an application feels while a large table is changed under it: the worst wait of its statements, beside other tools in the same run.

Each change is made to a fresh copy of one database, while four sessions read, insert and update single rows of the table. `BENCH_ROWS`
holds its rows (1000000). The first row is the same traffic with no change at all: what the machine itself makes others wait.
"""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg import sql

from bench import shop
from bench.peers import COLONNADE, PEERS, Tool, password
from bench.report import report
from dev.postgres import Postgres

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
PATIENCE = 600
TABLES = """CREATE TABLE users (id int PRIMARY KEY, name text);
CREATE TABLE events (
    id bigint PRIMARY KEY,
    user_id int,
    email text,
    state varchar(10),
    amount numeric,
    created_at timestamptz
);
CREATE INDEX events_created ON events (created_at);
CREATE TABLE notes (id bigint PRIMARY KEY, event_id bigint REFERENCES events (id), body text);
"""
FILL = f"""INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 100000) i;
INSERT INTO events SELECT i, 1 + i % 100000, i || '@example.org', 'new', i % 1000, timestamptz '2026-01-01' + i * interval '1 second'
FROM generate_series(1, {ROWS}) i;
INSERT INTO notes SELECT i, i, 'note' FROM generate_series(1, 10000) i"""
LAST = "created_at timestamptz\n"
CHANGES = {
    "a type that rewrites": ("user_id int,", "user_id bigint,"),
    "a volatile default": (LAST, "created_at timestamptz,\n    token uuid DEFAULT gen_random_uuid()\n"),
    "NOT NULL": ("user_id int,", "user_id int NOT NULL,"),
    "a check": (LAST, "created_at timestamptz,\n    CONSTRAINT positive CHECK (amount >= 0)\n"),
    "a foreign key": (
        LAST,
        "created_at timestamptz,\n    CONSTRAINT who FOREIGN KEY (user_id) REFERENCES users (id)\n",
    ),
    "a unique constraint": (LAST, "created_at timestamptz,\n    CONSTRAINT one_email UNIQUE (email)\n"),
    "an index": ("CREATE TABLE notes", "CREATE INDEX events_user ON events (user_id);\nCREATE TABLE notes"),
    "another index": ("events (created_at)", "events (created_at, user_id)"),
}


class Traffic:
    """Sessions that work on single rows until told to stop; how long each statement took, in seconds, and how many failed."""

    def __init__(self, url: str) -> None:
        self.url, self.stop = url, threading.Event()
        self.waits: list[float] = []
        self.failed = 0
        self.threads = [threading.Thread(target=self._work, args=[n]) for n in range(4)]

    def __enter__(self) -> Self:
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _work(self, number: int) -> None:
        chance = random.Random(number)
        with psycopg.connect(self.url, autocommit=True, prepare_threshold=None) as connection:
            for own in itertools.count(10 * ROWS + number * 100_000_000):
                row = chance.randint(1, ROWS)
                for statement, given in (
                    ("SELECT id, email, amount FROM events WHERE id = %s", [row]),
                    ("INSERT INTO events (id, user_id, email, state) VALUES (%s, 1, %s, 'new')", [own, f"{own}@new"]),
                    ("UPDATE events SET amount = amount + 1 WHERE id = %s", [row]),
                ):
                    self._one(connection, statement.encode(), given)
                    if self.stop.wait(0.004):
                        return

    def _one(self, connection: psycopg.Connection[Any], statement: bytes, given: list[Any]) -> None:
        begin = time.perf_counter()
        try:
            connection.execute(statement, given)
        except psycopg.Error:
            self.failed += 1
        self.waits.append(time.perf_counter() - begin)


def _felt(url: str, work: Callable[[], object]) -> dict[str, Any]:
    with Traffic(url) as traffic:
        time.sleep(1)
        traffic.waits.clear()
        begin = time.perf_counter()
        work()
        seconds = time.perf_counter() - begin
    waits = sorted(traffic.waits)
    return {
        "worst ms": round(waits[-1] * 1000), "p99.9 ms": round(waits[int(len(waits) * 0.999)] * 1000, 1), "statements": len(waits),
        "failed": traffic.failed, "seconds": round(seconds, 1),
    }  # fmt: skip


def _changed(tool: Tool, url: str, scratch: str, wanted: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wanted" / "wanted.sql"
        file.parent.mkdir()
        file.write_text(wanted)
        environment = {**os.environ, **password(url), "XDG_CACHE_HOME": folder}
        command = tool.change(url, scratch, file)

        def run() -> None:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
            if done.returncode:
                raise RuntimeError(f"{tool.name} failed:\n{(done.stdout + done.stderr)[-2000:]}")

        return {"tool": tool.name, **_felt(url, run)}


def _rows(server: Postgres) -> Iterator[dict[str, Any]]:
    template, scratch = shop.empty(server, "bench_traffic"), "bench_scratch"
    with psycopg.connect(template, autocommit=True) as connection:
        connection.execute(TABLES.encode())
        connection.execute(FILL.encode())
        connection.execute("VACUUM (FREEZE, ANALYZE)")
    yield {"change": "none", "tool": "", **_felt(_copy(server), lambda: time.sleep(10))}
    for change, (before, after) in CHANGES.items():
        best = None
        for tool in (COLONNADE, *PEERS):
            shop.empty(server, scratch)
            told = _changed(tool, _copy(server), scratch, TABLES.replace(before, after))
            best = best or max(told["worst ms"], 1)
            yield {"change": change, **told, "ratio": round(told["worst ms"] / best, 1)}


def _copy(server: Postgres) -> str:
    """A fresh copy of the filled database."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS bench_live WITH (FORCE)")
        admin.execute(sql.SQL("CREATE DATABASE bench_live TEMPLATE bench_traffic STRATEGY file_copy"))
        admin.execute("CHECKPOINT")
    return server.url("bench_live")


def main() -> None:
    report("traffic", list(_rows(shop.server())), postgres="18", events=str(ROWS))
