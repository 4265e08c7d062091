"""The independent proof: a hash of every catalog fact about every object of a database.

Two databases with equal fingerprints are the same schema, whatever the planner believes: this module and `census` share nothing
with the code that reads, compares and plans. The order of columns does not count, nor what rows do to the catalogs; what else
does not is listed with its reasons in `census.left_out`.

The census is one statement, generated once for each version of the server. Names are the server's own, under a search_path of
pg_catalog, so that nothing that a user made can run or be mistaken for what it is not. DDL that commits while the census runs can
give a hash that is neither the old schema's nor the new one's; it is taken for a change then, and looked at again.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from psycopg import Connection, Cursor, sql
from psycopg.errors import InternalError_
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from colonnade.engines.postgres.live.census.catalogs import describe
from colonnade.engines.postgres.live.census.query import Census, Censuses
from colonnade.engines.postgres.live.prepared import Prepared, Value


class Fact(NamedTuple):
    """One catalog row about an object."""

    catalog: str
    values: Mapping[str, Any]


class Unlike(NamedTuple):
    """A catalog column that says one thing here and another there, or (no column) a row that only one side has."""

    catalog: str
    column: str
    here: Any
    there: Any

    def __str__(self) -> str:
        name = f"{self.catalog}.{self.column}" if self.column else self.catalog
        return f"{name} is {json.dumps(self.here)}, not {json.dumps(self.there)}"


@dataclass(frozen=True)
class Difference:
    """An object that is not the same on both sides; a side without it has no hash. `facts` where someone asked for them."""

    identity: str
    here: str | None
    there: str | None
    facts: tuple[Unlike, ...] = ()

    def __str__(self) -> str:
        if self.here is None:
            return f"{self.identity} is missing"
        if self.there is None:
            return f"{self.identity} is too much"
        return f"{self.identity} differs" + "".join(f"; {fact}" for fact in self.facts)


@dataclass(frozen=True)
class Fingerprint:
    """A hash for each object, by its identity as in ``table column public.orders.id``."""

    objects: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One hash of all."""
        whole = hashlib.sha256()
        for name, value in sorted((identity.encode(), value) for identity, value in self.objects.items()):
            whole.update(name + b"\0" + bytes.fromhex(value))
        return whole.hexdigest()

    def differences(self, other: Fingerprint) -> tuple[Difference, ...]:
        """What is here and not in `other`, the other way round, or in both and not the same."""
        pairs = (
            (identity, self.objects.get(identity), other.objects.get(identity))
            for identity in sorted(self.objects.keys() | other.objects.keys())
        )
        return tuple(Difference(*pair) for pair in pairs if pair[1] != pair[2])


def read(connection: Connection[Any], *, leave_out: Collection[str] = (), owners: bool = True) -> Fingerprint:
    """The fingerprint of the database, without the schemas whose names are like one of `leave_out`.

    Without `owners` it does not matter who owns what; who granted a privilege does, told relative to the owner.
    """
    return Fingerprint(dict(_asked(connection, lambda census: census.objects, [*leave_out], owners, False)))


def digest(connection: Connection[Any], *, leave_out: Collection[str] = (), owners: bool = True) -> str:
    """The `Fingerprint.digest` that `read` would give, computed by the server."""
    ((_, whole),) = _asked(connection, lambda census: census.objects, [*leave_out], owners, True)
    return str(whole)


def homes(connection: Connection[Any], *, leave_out: Collection[str] = (), owners: bool = True) -> Mapping[str, str]:
    """A hash for each relation, routine and type with all that is a part of it, as in ``relation public.orders``; and one, '', for
    all else. To find out where two large databases differ without telling of each object.
    """
    return dict(_asked(connection, lambda census: census.homes, [*leave_out], owners))


def part(
    connection: Connection[Any], within: Collection[str], *, leave_out: Collection[str] = (), owners: bool = True
) -> Fingerprint:
    """As `read`, of the objects in these homes alone."""
    return Fingerprint(dict(_asked(connection, lambda census: census.part, [*leave_out], owners, [*within])))


def explain(
    connection: Connection[Any], identities: Collection[str], *, leave_out: Collection[str] = (), owners: bool = True
) -> Mapping[str, Sequence[Fact]]:
    """The facts behind the hashes of these objects; none for an object that is not there. They hold no passwords."""
    facts: dict[str, list[Fact]] = {identity: [] for identity in identities}
    found = _asked(connection, lambda census: census.explain, [*leave_out], owners, [*identities])
    for identity, catalog, values in found:
        facts[identity].append(Fact(catalog, values))
    return facts


def explained(
    differences: Collection[Difference], here: Mapping[str, Sequence[Fact]], there: Mapping[str, Sequence[Fact]]
) -> tuple[Difference, ...]:
    """The differences with the facts that make them, of those objects that are on both sides."""
    return tuple(
        replace(one, facts=tuple(_unlike(here.get(one.identity, ()), there.get(one.identity, ()))))
        if one.here is not None and one.there is not None
        else one
        for one in differences
    )


def _unlike(here: Sequence[Fact], there: Sequence[Fact]) -> Iterator[Unlike]:
    only_here, only_there = (
        Counter((f.catalog, json.dumps(f.values, sort_keys=True)) for f in side) for side in (here, there)
    )
    only_here, only_there = only_here - only_there, only_there - only_here
    for catalog in sorted({catalog for catalog, _ in (only_here | only_there)}):
        ours, theirs = (
            [json.loads(text) for name, text in side.elements() if name == catalog] for side in (only_here, only_there)
        )
        if len(ours) == len(theirs) == 1:
            yield from (
                Unlike(catalog, key, ours[0][key], value) for key, value in theirs[0].items() if ours[0][key] != value
            )
        else:
            yield from (Unlike(catalog, "", one, None) for one in ours)
            yield from (Unlike(catalog, "", None, one) for one in theirs)


# The names, and whatever changes how the server prints an expression; and that it neither compiles nor spreads so wide a query. Where
# there is little to read, to plan it takes longer than to run it: it is planned once for all, and that in the order it is written in.
_PIN = sql.SQL(
    """SELECT pg_catalog.set_config(name, setting, true) FROM (VALUES
  ('transaction_read_only', 'on'), ('search_path', 'pg_catalog, pg_temp'), ('quote_all_identifiers', 'off'),
  ('standard_conforming_strings', 'on'), ('bytea_output', 'hex'), ('extra_float_digits', '1'), ('timezone', 'UTC'),
  ('datestyle', 'ISO, MDY'), ('intervalstyle', 'postgres'), ('lc_monetary', 'C'), ('xmloption', 'content'),
  ('jit', 'off'), ('max_parallel_workers_per_gather', '0'), ('work_mem', '64MB')) AS pinned (name, setting)
UNION ALL SELECT pg_catalog.set_config(name, CASE WHEN pg_catalog.pg_relation_size('pg_catalog.pg_class') < 1048576
  THEN small ELSE large END, true) FROM (VALUES ('plan_cache_mode', 'force_generic_plan', 'force_custom_plan'),
  ('join_collapse_limit', '1', '8'), ('from_collapse_limit', '1', '8')) AS by_size (name, small, large)"""
)


@contextmanager
def _pinned(connection: Connection[Any]) -> Iterator[Cursor[tuple[Any, ...]]]:
    """A read-only transaction (or savepoint) whose settings do not depend on the database, the role or the caller.

    The caller has its own settings again after a savepoint is rolled back, and after a transaction in any case.
    """
    idle = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        if idle:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(_PIN)
        yield cursor


_TRIES = 8


def _asked(connection: Connection[Any], query: Callable[[Census], bytes], *values: Value) -> list[tuple[Any, ...]]:
    """The rows of one query of the census, tried again when something was dropped while the server was printing it."""
    for left in reversed(range(_TRIES)):
        try:
            with _pinned(connection) as cursor:
                censuses = _of_server(cursor)
                session = Prepared(connection, censuses.keys)
                (statement,) = session.statements([query(censuses.of(session.there))], *values)
                return cursor.execute(statement).fetchall()
        except InternalError_:  # "could not open relation with OID": the snapshot has it, the printing function has not
            if not left:
                raise
    raise AssertionError


_known: dict[str, Censuses] = {}


def _of_server(cursor: Cursor[tuple[Any, ...]]) -> Censuses:
    """Those for this server; its full version is the key, as vendors change catalogs within one number."""
    version = cursor.connection.info.parameter_status("server_version") or ""
    if version not in _known:
        _known[version] = Censuses(describe(cursor))
    return _known[version]
