"""Aggregates. https://www.postgresql.org/docs/current/sql-createaggregate.html

The server prints no CREATE AGGREGATE: it is put together from pg_aggregate. One of the same arguments, sort and result is replaced
in place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.hazards import BREAKS_CLIENTS, hazard
from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step, value

QUERY: LiteralString = f"""
SELECT p.oid, ARRAY[n.nspname::text, format('%s(%s)', p.proname, t.types)] AS name, p.proname::text AS function, t.types AS types,
  coalesce(nullif(pg_get_function_arguments(p.oid), ''), '*') AS arguments, format_type(p.prorettype, NULL) AS result,
  a.aggkind::text AS sort, a.aggtransfn::regproc::text AS sfunc, format_type(a.aggtranstype, NULL) AS stype,
  a.aggtransspace AS sspace, nullif(a.aggfinalfn::regproc::text, '-') AS finalfunc, a.aggfinalextra AS finalfunc_extra,
  a.aggfinalmodify::text AS finalfunc_modify, nullif(a.aggcombinefn::regproc::text, '-') AS combinefunc,
  nullif(a.aggserialfn::regproc::text, '-') AS serialfunc, nullif(a.aggdeserialfn::regproc::text, '-') AS deserialfunc,
  a.agginitval AS initcond, nullif(a.aggmtransfn::regproc::text, '-') AS msfunc,
  nullif(a.aggminvtransfn::regproc::text, '-') AS minvfunc,
  CASE WHEN a.aggmtranstype <> 0 THEN format_type(a.aggmtranstype, NULL) END AS mstype, a.aggmtransspace AS msspace,
  nullif(a.aggmfinalfn::regproc::text, '-') AS mfinalfunc, a.aggmfinalextra AS mfinalfunc_extra,
  a.aggmfinalmodify::text AS mfinalfunc_modify, a.aggminitval AS minitcond,
  (SELECT format('OPERATOR(%I.%s)', x.nspname, o.oprname) FROM pg_operator o JOIN pg_namespace x ON x.oid = o.oprnamespace
   WHERE o.oid = a.aggsortop) AS sortop, p.proparallel::text AS parallel
FROM pg_proc p JOIN pg_aggregate a ON a.aggfnoid = p.oid JOIN pg_namespace n ON n.oid = p.pronamespace CROSS JOIN LATERAL
  (SELECT coalesce(string_agg(format_type(x.t, NULL), ', ' ORDER BY x.o), '') AS types
   FROM unnest(p.proargtypes) WITH ORDINALITY x (t, o)) t
WHERE p.prokind = 'a' AND {USER_SCHEMA} ORDER BY 2"""

MODIFIES: dict[str, LiteralString] = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
PARALLEL: dict[str, LiteralString] = {"s": "SAFE", "r": "RESTRICTED", "u": "UNSAFE"}


@dataclass(frozen=True)
class Aggregate:
    """Everything that CREATE AGGREGATE takes, names qualified. `sort` is n(ormal), o(rdered set) or h(ypothetical set)."""

    function: str
    types: str
    arguments: str
    result: str
    sort: str
    sfunc: str
    stype: str
    sspace: int
    finalfunc: str | None
    finalfunc_extra: bool
    finalfunc_modify: str
    combinefunc: str | None
    serialfunc: str | None
    deserialfunc: str | None
    initcond: str | None
    msfunc: str | None
    minvfunc: str | None
    mstype: str | None
    msspace: int
    mfinalfunc: str | None
    mfinalfunc_extra: bool
    mfinalfunc_modify: str
    minitcond: str | None
    sortop: str | None
    parallel: str


NAMED: tuple[tuple[LiteralString, LiteralString], ...] = (
    ("SFUNC", "sfunc"),
    ("STYPE", "stype"),
    ("FINALFUNC", "finalfunc"),
    ("COMBINEFUNC", "combinefunc"),
    ("SERIALFUNC", "serialfunc"),
    ("DESERIALFUNC", "deserialfunc"),
    ("MSFUNC", "msfunc"),
    ("MINVFUNC", "minvfunc"),
    ("MSTYPE", "mstype"),
    ("MFINALFUNC", "mfinalfunc"),
    ("SORTOP", "sortop"),
)
"""Clauses that name something, and the field with the name."""


def _create(oid: ObjectId, spec: Aggregate, *, anew: bool) -> Part:
    clauses: list[Part] = [
        q("{} = {}", q(clause), printed(getattr(spec, field))) for clause, field in NAMED if getattr(spec, field)
    ]
    clauses += _sizes(spec) + _conditions(spec) + _flags(spec)
    head = q("CREATE AGGREGATE") if anew else q("CREATE OR REPLACE AGGREGATE")
    full = name(oid.name[0], spec.function)
    return q("{} {}({}) (\n  {}\n)", head, full, printed(spec.arguments), listed(clauses))


def _sizes(spec: Aggregate) -> list[Part]:
    sizes: tuple[tuple[LiteralString, int], ...] = (("SSPACE = {}", spec.sspace), ("MSSPACE = {}", spec.msspace))
    return [q(clause, value(size)) for clause, size in sizes if size]


def _conditions(spec: Aggregate) -> list[Part]:
    given: tuple[tuple[LiteralString, str | None], ...] = (
        ("INITCOND = {}", spec.initcond),
        ("MINITCOND = {}", spec.minitcond),
    )
    return [q(clause, value(text)) for clause, text in given if text is not None]


def _flags(spec: Aggregate) -> list[Part]:
    usual = "r" if spec.sort == "n" else "w"
    out: list[Part] = [q("FINALFUNC_EXTRA")] if spec.finalfunc_extra else []
    if spec.finalfunc_modify != usual:
        out.append(q("FINALFUNC_MODIFY = {}", q(MODIFIES[spec.finalfunc_modify])))
    if spec.mfinalfunc_extra:
        out.append(q("MFINALFUNC_EXTRA"))
    if spec.mfinalfunc_modify != usual:
        out.append(q("MFINALFUNC_MODIFY = {}", q(MODIFIES[spec.mfinalfunc_modify])))
    if spec.parallel != "u":
        out.append(q("PARALLEL = {}", q(PARALLEL[spec.parallel])))
    return [*out, q("HYPOTHETICAL")] if spec.sort == "h" else out


def _drop(oid: ObjectId, spec: Aggregate) -> Part:
    """As a routine it goes by its plain list of types, whatever its sort."""
    return q("DROP ROUTINE {}({})", name(oid.name[0], spec.function), printed(spec.types))


def create(oid: ObjectId, spec: Aggregate, context: Context) -> Steps:
    yield step(oid, _create(oid, spec, anew=True), undo=_drop(oid, spec))


def alter(oid: ObjectId, old: Aggregate, new: Aggregate, context: Context) -> Steps | None:
    if (old.arguments, old.result, old.sort) != (new.arguments, new.result, new.sort):
        return None
    return (step(oid, _create(oid, new, anew=False), undo=_create(oid, old, anew=False)),)


def drop(oid: ObjectId, spec: Aggregate, context: Context) -> Steps:
    risk = () if oid in context.new.objects else (hazard(BREAKS_CLIENTS, oid),)
    yield step(oid, _drop(oid, spec), hazards=risk)


KINDS = (
    PgKind(
        name="aggregate",
        catalog="pg_proc",
        spec=Aggregate,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=20,
        space="routine",
    ),
)
