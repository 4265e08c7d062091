"""Rewrite rules, but for the one that makes a view. https://www.postgresql.org/docs/current/sql-createrule.html"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import DROPS_GUARANTEE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, name, printed, q, step

QUERY: LiteralString = f"""
SELECT r.oid, r.ev_class AS rel, ARRAY[n.nspname, c.relname, r.rulename] AS name, rtrim(pg_get_ruledef(r.oid), ';') AS definition,
  r.ev_enabled::text AS enabled
FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND {USER_SCHEMA} ORDER BY 3"""

STATES: dict[str, LiteralString] = {"O": "ENABLE", "D": "DISABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@dataclass(frozen=True)
class Rule:
    """The rule as the server prints it, and when it holds: O(rigin), D(isabled), R(eplica), A(lways)."""

    definition: str
    enabled: str


def _state(oid: ObjectId, enabled: str) -> Part:
    return q("ALTER TABLE {} {} RULE {}", name(*oid.name[:2]), q(STATES[enabled]), name(oid.name[2]))


def _drop(oid: ObjectId) -> Part:
    return q("DROP RULE {} ON {}", name(oid.name[2]), name(*oid.name[:2]))


def create(oid: ObjectId, spec: Rule, context: Context) -> Steps:
    yield step(oid, printed(spec.definition), undo=_drop(oid))
    if spec.enabled != "O":
        yield step(oid, _state(oid, spec.enabled), undo=_state(oid, "O"))


def alter(oid: ObjectId, old: Rule, new: Rule, context: Context) -> Iterator[Step]:
    """A rule that is replaced keeps its state."""
    if old.definition != new.definition:
        there, back = (printed(s.definition.replace("CREATE", "CREATE OR REPLACE", 1)) for s in (new, old))
        yield step(oid, there, undo=back)
    if old.enabled != new.enabled:
        yield step(oid, _state(oid, new.enabled), undo=_state(oid, old.enabled))


def drop(oid: ObjectId, spec: Rule, context: Context) -> Steps:
    yield step(oid, _drop(oid), hazards=(hazard(DROPS_GUARANTEE, oid),))


KINDS = (
    PgKind(name="rule", catalog="pg_rewrite", spec=Rule, query=QUERY, create=create, alter=alter, drop=drop, rank=23),
)
