"""A resync of the shop with nothing changed: no scratch database, one question; beside what pg_dump of it takes."""

import subprocess

import psycopg

from bench import shop
from bench.report import repeated, report, row, timed
from colonnade.core.gate import Policy
from colonnade.reconcile import reconcile


def databases(url: str) -> int:
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT sum(xact_commit), count(*) FROM pg_stat_database").fetchone()
    assert found is not None
    return int(found[1])


def main() -> None:
    server, policy = shop.server(), Policy()
    url, wanted = shop.empty(server), shop.declarations()
    with shop.opened(url, policy) as database:
        reconcile(database, wanted, policy)
    before = databases(url)
    dump = repeated(lambda: timed(lambda: subprocess.run(
        [str(server.programs / "pg_dump"), "--schema-only", url], check=True, stdout=subprocess.DEVNULL)), 5)  # fmt: skip
    base = sorted(dump)[2]
    with shop.opened(url, policy) as database:
        warm = repeated(lambda: timed(lambda: reconcile(database, wanted, policy)), 20)

    def cold() -> None:
        with shop.opened(url, policy) as fresh:
            reconcile(fresh, wanted, policy)

    rows = [
        row("pg_dump --schema-only", dump),
        row("resync, session kept", warm, base),
        row("resync, new session", repeated(lambda: timed(cold), 10), base),
    ]
    assert databases(url) == before, "a resync made a scratch database"
    report("resync", rows, postgres="18")
