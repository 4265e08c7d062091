"""The shop example on throw-away servers: what the measurements work on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

from colonnade.core.gate import Policy
from colonnade.engines import Declaration, Source, Target, engine
from colonnade.resources import load_all
from dev import paths, postgres
from dev.postgres import Postgres

FOLDER = paths.ROOT / "manifests" / "examples" / "shop"
EXAMPLE = FOLDER / "20-postgres.yaml"
SQL = FOLDER / "sql" / "schema.sql"


def server() -> Postgres:
    """Postgres 18, started where it does not run."""
    one = Postgres(paths.passing() / "bench" / "postgres", postgres.programs())
    one.start()
    return one


def empty(one: Postgres, name: str = "bench_shop") -> str:
    """The URL of a fresh database."""
    drop(one, name)
    with psycopg.connect(one.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
    return one.url(name)


def drop(one: Postgres, name: str) -> None:
    """Whoever is in it."""
    with psycopg.connect(one.url(), autocommit=True) as admin:
        admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def quiet(one: Postgres, *names: str) -> None:
    """End what a tool that was given up still does in the server, and drop its databases: all but `names`."""
    with psycopg.connect(one.url(), autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        others = admin.execute(
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' AND datname <> ALL (%s)",
            [[*names]],
        ).fetchall()
    for (name,) in others:
        drop(one, name)


def declarations() -> list[Declaration]:
    """The shop as the operator hands it to the engine."""
    spec = load_all(EXAMPLE.read_text(), "shop")[0].spec
    return [Declaration("PostgresSchema/shop/shop", spec, (Source("spec.sql", spec.sql),))]


@contextmanager
def opened(url: str, policy: Policy) -> Iterator[Any]:
    """The database as the flow sees it."""
    with engine("Postgres").open(Target("bench", url), policy, threading.Event()) as database:
        yield database
