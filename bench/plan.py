"""A plan from the command line over N tables with nothing changed, beside any other tool that a command template names.

BENCH_TOOLS holds templates, one a line: ``name: command with {url} and {sql}``. BENCH_TABLES holds the sizes (100 1000).
"""

import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from bench import shop
from bench.report import repeated, report, row, timed

COLONNADE = f"{Path(sys.executable).parent / 'colonnade'} plan -f {{sql}} --url {{url}} --exit-code"


def ddl(tables: int) -> Iterator[str]:
    """Tables with ten columns, a key, a foreign key, a check and two indexes each."""
    for i in range(tables):
        yield (
            f"CREATE TABLE t{i} (id bigint PRIMARY KEY, parent bigint REFERENCES t{i // 2} (id), email varchar(200) NOT NULL, "
            f"status text NOT NULL DEFAULT 'new', amount numeric(12,2), quantity int DEFAULT 0, active boolean NOT NULL DEFAULT true, "
            f"body jsonb, created_at timestamptz NOT NULL DEFAULT now(), note text, CONSTRAINT t{i}_status CHECK (status IN ('new', 'done')));\n"
            f"CREATE INDEX t{i}_email ON t{i} (email);\nCREATE INDEX t{i}_created ON t{i} (created_at DESC, id);"
        )


def tools() -> dict[str, str]:
    given = dict(line.split(":", 1) for line in os.environ.get("BENCH_TOOLS", "").splitlines() if ":" in line)
    return {"colonnade": COLONNADE, **{k.strip(): v.strip() for k, v in given.items()}}


def main() -> None:
    server = shop.server()
    rows = []
    for n in map(int, os.environ.get("BENCH_TABLES", "100 1000").split()):
        url, text = shop.empty(server, "bench_plan"), "\n".join(ddl(n))
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(text.encode())
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "wanted.sql"
            file.write_text(text)
            for name, template in tools().items():
                command = shlex.split(template.format(url=url, sql=file))
                env = {**os.environ, "XDG_CACHE_HOME": folder}
                first = timed(lambda c=command, e=env: subprocess.run(c, check=True, env=e, stdout=subprocess.DEVNULL))
                more = repeated(
                    lambda c=command, e=env: timed(
                        lambda: subprocess.run(c, check=True, env=e, stdout=subprocess.DEVNULL)
                    ),
                    3,
                )
                rows += [row(f"{name}, {n} tables, first", [first]), row(f"{name}, {n} tables, again", more)]
    report("plan", rows, postgres="18")
