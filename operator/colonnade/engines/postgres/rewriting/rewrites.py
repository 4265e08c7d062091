"""What is done instead where a step would rewrite a large table while others wait: its rows are filled in slices.

A new column is added empty and gets its default's values then; a column that changes its type has a successor (see expand.py). The
table's own triggers are not to notice: they are kept still, or the table is rewritten after all, as a hazard.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import LiteralString

import psycopg

from colonnade.core.hazards import BLOCKS_WRITES, REWRITES_TABLE, SCANS_TABLE
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import SUCCESSORS, USER_SCHEMA
from colonnade.engines.postgres.kind import Expansion, Fill, Wishes
from colonnade.engines.postgres.rewriting import obstacles
from colonnade.engines.postgres.rewriting.by_name import ByName
from colonnade.engines.postgres.sequences import heirs, numbering
from colonnade.engines.postgres.session import Connection, run
from colonnade.engines.postgres.statement import name, printed, q
from colonnade.engines.postgres.types import FLOATS, TEXTS, parts

STILL: LiteralString = "pg_catalog.has_parameter_privilege('session_replication_role', 'SET')"
"""Whether the role may keep triggers still; before 15 only a superuser may."""


WAITS = (REWRITES_TABLE.code, BLOCKS_WRITES.code, SCANS_TABLE.code)

BARRED: LiteralString = f"""
SELECT n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND {USER_SCHEMA}
  AND NOT (pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.has_schema_privilege(n.oid, 'CREATE'))"""
"""Tables on which the role can build nothing; those are found before the first step, not by it."""


class Rewrites:
    """One plan's steps that rewrite tables: `avoided` where that can be, with the reason for the others."""

    def __init__(self, live: Model, wanted: Model, connection: Connection) -> None:
        self.live, self.wanted, self.connection = live, wanted, connection
        self.reasons: dict[str, str] = {}

    def avoided(self, steps: Iterable[Step], wishes: Wishes) -> Wishes:
        """The wishes, with those that keep these steps from rewriting."""
        columns = {str(o): o for o in self.wanted.objects if o.kind == "column"}
        fills, expansions = dict(wishes.backfills), dict(wishes.expansions)
        for oid, step in ((columns[s.subject], s) for s in steps if s.subject in columns and _makes_wait(s)):
            watched = obstacles.watched(oid, self.live)
            default = self.wanted.objects.get(ObjectId("default", oid.name))
            if why := self._obstacle(oid, step, watched, wishes):
                self.reasons[step.subject] = why
            elif oid in self.live.objects:
                expansions[oid] = _expansion(step, unwatched=bool(watched))
            elif default is not None:
                fills[oid] = Fill(default.expression, unwatched=bool(watched))
        return replace(wishes, backfills=fills, expansions=expansions)

    def _obstacle(self, oid: ObjectId, step: Step, watched: str, wishes: Wishes) -> str:
        if oid in wishes.backfills or oid in wishes.conversions:
            return "how its rows get their values is declared"
        if oid in self.live.objects and (why := self._as_it_stands(oid)):
            return why
        if watched == "Always" or (watched and not self._may_keep_still):
            return "triggers of its table would fire for each row"
        if oid not in self.live.objects:
            return (
                "" if ObjectId("default", oid.name) in self.wanted.objects else "its values follow from other columns"
            )
        if " TYPE " not in step.statement:
            return "its expression changes"
        if barred := sorted(obstacles.homes(oid, self.live) & self._barred):
            return f"something stands on it in {'.'.join(barred[0])}, which belongs to another role, or in whose schema nothing may be made"
        return obstacles.obstacle(oid, self.live, self.wanted)

    def _as_it_stands(self, oid: ObjectId) -> str:
        """Why the values of a column cannot be looked after by a successor, whatever stands on it."""
        if ByName(self.live, self.wanted).differs(*(m.objects[oid].type for m in (self.live, self.wanted))):
            return "attributes of its type change places"
        if self._counted_by_another(oid):
            return "its numbers come from another sequence from then on"
        if self._spelled_by_the_session(oid):
            return "how a float is written as a text follows from the session that does it"
        return ""

    def _counted_by_another(self, oid: ObjectId) -> bool:
        """Whether an identity is to go on with the numbers of a sequence, or the other way round: where these have got to, no successor knows."""
        return any(
            oid in heirs(s, a, b)
            for a, b in ((self.live, self.wanted), (self.wanted, self.live))
            if (s := numbering(oid, a))
        )

    def _spelled_by_the_session(self, oid: ObjectId) -> bool:
        """The server calls it immutable, and yet heeds extra_float_digits."""
        was, now = (parts(m.objects[oid].type).base for m in (self.live, self.wanted))
        return was in FLOATS and now in TEXTS

    @cached_property
    def _barred(self) -> set[tuple[str, ...]]:
        return {tuple(row) for row in self.connection.execute(BARRED).fetchall()}

    @cached_property
    def _may_keep_still(self) -> bool:
        if self.connection.info.parameter_status("is_superuser") == "on":
            return True
        if self.connection.info.server_version < 150000:
            return False
        row = self.connection.execute(q("SELECT {}", printed(STILL))).fetchone()
        return bool(row and row[0])

    def sound(self, copy: Connection, wishes: Wishes) -> Wishes:
        """The wishes without the successors whose values would depend on the session that writes them, or cannot be compared.

        The server itself tells: it takes only an immutable expression, of a type with an order, into an index.
        """
        for oid, how in wishes.expansions.items():
            cast = q(
                "{}{}::{}",
                name(oid.name[2]),
                q("::text") if how.how == "text" else q(""),
                printed(self.wanted.objects[oid].type),
            )
            try:
                with copy.transaction(force_rollback=True):
                    copy.execute(q("CREATE INDEX ON {} (({}))", name(*oid.name[:2]), cast))
            except psycopg.Error as e:
                self.reasons[str(oid)] = f"the server says of the new values: {e.diag.message_primary}"
        return replace(wishes, expansions={o: e for o, e in wishes.expansions.items() if str(o) not in self.reasons})

    def told(self, steps: Iterable[Step]) -> list[Step]:
        """The steps, those that rewrite with the reason why it is so."""
        return [_with_reason(s, self.reasons[s.subject]) if s.subject in self.reasons else s for s in steps]


def _with_reason(step: Step, why: str) -> Step:
    hazards = (
        replace(h, message=f"{h.message}; rows cannot be filled in slices instead: {why}") if h.code in WAITS else h
        for h in step.hazards
    )
    return replace(step, hazards=tuple(hazards))


def _expansion(step: Step, *, unwatched: bool) -> Expansion:
    """The way that the server took for the values in the rehearsal, with what was asked and told there."""
    others = tuple(h for h in step.hazards if h.code not in WAITS)
    using = step.statement.partition(" USING ")[2]
    return Expansion("text" if "::text::" in using else "cast" if using else "assigned", step.checks, others, unwatched)


def _makes_wait(step: Step) -> bool:
    """Whether the table is rewritten; or, for another type, its indexes are built or its checks asked of all rows at once."""
    codes = WAITS if " TYPE " in step.statement else (REWRITES_TABLE.code,)
    return any(h.code in codes for h in step.hazards)


LEFT: LiteralString = r"""
SELECT pg_catalog.format(form, VARIADIC names::pg_catalog.text[]) FROM (
  SELECT 1 AS turn, 'ALTER TABLE %I.%I DROP CONSTRAINT %I' AS form, ARRAY[n.nspname, c.relname, k.conname] AS names FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.conname ~ {ours} AND k.contype IN ('c', 'f')
  UNION ALL SELECT 2, 'DROP TRIGGER %3$I ON %1$I.%2$I', ARRAY[n.nspname, c.relname, g.tgname] FROM pg_trigger g
    JOIN pg_class c ON c.oid = g.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE g.tgname ~ {ours}
  UNION ALL SELECT 3, 'DROP FUNCTION %I.%I()', ARRAY[n.nspname, p.proname] FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'colonnade' AND p.proname ~ {ours}
  UNION ALL SELECT 4, 'DROP INDEX %I.%I', ARRAY[n.nspname, c.relname] FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relname ~ {ours} AND c.relkind = 'i'
  UNION ALL SELECT 5, 'ALTER TABLE %I.%I DROP COLUMN %I', ARRAY[n.nspname, c.relname, a.attname] FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE a.attname ~ {ours} AND NOT a.attisdropped AND c.relkind = 'r'
) o ORDER BY turn, names""".replace("{ours}", SUCCESSORS)


STAYS = (psycopg.errors.DependentObjectsStillExist, psycopg.errors.InsufficientPrivilege)


def clear(connection: Connection, patience: float) -> tuple[str, ...]:
    """Take away what runs that were cut short built to take something's place, and that nobody is to have any more: it is told by names
    that nobody else gives. What has to stay is returned, each with the reason.

    Where others use the tables for longer than `patience`, in seconds, it stays until the next time.
    """
    statements = [s for (s,) in connection.execute(LEFT).fetchall()]
    left: list[str] = []
    if not statements:
        return ()
    with suppress(psycopg.errors.LockNotAvailable), connection.transaction():
        connection.execute(
            "SELECT pg_catalog.set_config('lock_timeout', %s, true)", [f"{max(1, int(patience * 1000))}ms"]
        )
        for statement in statements:
            try:
                with connection.transaction():
                    run(connection, statement)
            except STAYS as e:
                left.append(_stays(e))
    return tuple(left)


def _stays(error: psycopg.Error) -> str:
    why = f": {error.diag.message_detail}" if error.diag.message_detail else ""
    return (
        f"what a plan that was cut short has left could not be taken away: {error.diag.message_primary}{why}; "
        "take away by hand what stands in the way"
    )
