"""A plan from the command line over N tables: nothing changed, and one table in a hundred; beside other tools in the same run.

Each table has ten columns, three indexes, a foreign key and a check; there is a view for every tenth table. `BENCH_TABLES` holds the sizes
(100 1000), `BENCH_PATIENCE` the seconds after which a tool is given up (300). Memory is the command's own peak; the proof of the steady
state is what the operator asks of a database in which nothing changes.
"""

import os
import re
import resource
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from bench import shop
from bench.peers import COLONNADE, PEERS, Tool, password
from bench.report import repeated, report, timed
from colonnade.core.gate import Policy
from dev.postgres import Postgres

PATIENCE = float(os.environ.get("BENCH_PATIENCE", "300"))
STATEMENT = re.compile(r"^\s*(?:\d+\. )?(?:alter|create)\b", re.IGNORECASE | re.MULTILINE)


def ddl(tables: int, changed: int = 0) -> Iterator[str]:
    """The tables, of which the first so many have one more column, with an index on it."""
    for i in range(tables):
        more = "added text, " if i < changed else ""
        yield (
            f"CREATE TABLE t{i} (id bigint PRIMARY KEY, parent bigint REFERENCES t{i // 2} (id), email varchar(200) NOT NULL, "
            f"status text NOT NULL DEFAULT 'new', amount numeric(12,2), quantity int DEFAULT 0, active boolean NOT NULL DEFAULT true, "
            f"body jsonb, created_at timestamptz NOT NULL DEFAULT now(), {more}note text, "
            f"CONSTRAINT t{i}_status CHECK (status IN ('new', 'done')));\n"
            f"CREATE INDEX t{i}_email ON t{i} (email);\nCREATE INDEX t{i}_created ON t{i} (created_at DESC, id);\n"
            f"CREATE UNIQUE INDEX t{i}_open ON t{i} (email, parent) WHERE active;"
        )
        if more:
            yield f"CREATE INDEX t{i}_added ON t{i} (added);"
    for i in range(tables // 10):
        yield f"CREATE VIEW v{i} AS SELECT a.id, b.amount FROM t{i} a JOIN t{i // 2} b ON b.id = a.parent WHERE a.active;"


@dataclass(frozen=True)
class Spent:
    """Wall and processor seconds of a command, its peak of memory in MB, and what it said."""

    seconds: float
    cpu: float
    memory: float
    said: str


def spent(command: Sequence[str], environment: Mapping[str, str]) -> Spent | None:
    """None where patience ran out. Raises RuntimeError where the command fails."""
    with tempfile.TemporaryFile("w+") as out:
        begin = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT)
        alarm = threading.Timer(PATIENCE, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begin
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read()
    if process.returncode < 0:
        return None
    if process.returncode not in (0, 2):  # 2: there is something to do
        raise RuntimeError(f"{command[0]} failed:\n{said[-2000:]}")
    return Spent(seconds, usage.ru_utime + usage.ru_stime, _megabytes(usage), said)


def _megabytes(usage: resource.struct_rusage) -> float:
    return usage.ru_maxrss / 1024


def _row(tool: Tool, n: int, what: str, runs: Sequence[Spent | None], wanted: int) -> dict[str, Any]:
    best = min((run for run in runs if run), key=lambda run: run.seconds, default=None)
    told: dict[str, Any] = {"tool": tool.name, "tables": n, "what": what}
    if best is None:
        return {**told, "seconds": f"> {PATIENCE:.0f}"}
    found = 0 if tool.nothing in best.said else len(STATEMENT.findall(best.said))
    return {
        **told, "seconds": round(best.seconds, 2), "cpu": round(best.cpu, 2), "MB": round(best.memory), "statements": found,
        "wanted": wanted,
    }  # fmt: skip


def _made(server: Postgres, name: str, text: str) -> str:
    url = shop.empty(server, name)
    with psycopg.connect(url, autocommit=True) as connection:
        for start in range(0, len(lines := text.splitlines()), 2000):
            connection.execute("\n".join(lines[start : start + 2000]).encode())
        connection.execute("ANALYZE")
    return url


def _of(n: int, server: Postgres, folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of one size."""
    url, scratch = _made(server, "bench_scale", "\n".join(ddl(n))), "bench_scratch"
    shop.empty(server, scratch)
    changed = max(1, n // 100)
    files = {
        "nothing changed": (folder / "same" / "wanted.sql", 0),
        "1 % changed": (folder / "more" / "wanted.sql", changed),
    }
    for file, more in files.values():
        file.parent.mkdir()
        file.write_text("\n".join(ddl(n, more)))
    environment = {**password(url), "XDG_CACHE_HOME": str(folder)}
    for what, (file, more) in files.items():
        first = spent(COLONNADE.plan(url, scratch, file), environment)
        yield _row(COLONNADE, n, f"{what}, first", [first], 2 * more)
        yield _row(
            COLONNADE, n, what, [spent(COLONNADE.plan(url, scratch, file), environment) for _ in range(3)], 2 * more
        )
        for peer in PEERS:
            yield _row(peer, n, what, [spent(peer.plan(url, scratch, file), environment)], 2 * more)
            shop.quiet(server, "bench_scale")
            shop.empty(server, scratch)
    with shop.opened(url, Policy()) as database:
        proof = min(repeated(lambda: timed(database.fingerprint), 5))
    yield {"tool": "colonnade", "tables": n, "what": "proof of the steady state", "seconds": round(proof, 3)}


def main() -> None:
    server, rows = shop.server(), list[dict[str, Any]]()
    for n in map(int, os.environ.get("BENCH_TABLES", "100 1000").split()):
        with tempfile.TemporaryDirectory() as folder:
            rows += _of(n, server, Path(folder))
    best = {(r["tables"], r["what"]): r["seconds"] for r in rows if r["tool"] == "colonnade"}
    for r in rows:
        if isinstance(r["seconds"], float) and isinstance(base := best.get((r["tables"], r["what"])), float):
            r["ratio"] = round(r["seconds"] / base, 1)
    report("scale", rows, postgres="18")
