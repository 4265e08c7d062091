"""Constraints of tables: check, primary key, unique, exclusion, foreign key. https://www.postgresql.org/docs/current/sql-altertable.html

On a table in use a check or foreign key is added NOT VALID and validated by itself, so that nobody waits for the scan; a primary key or
unique constraint takes an index that was built concurrently. Before anything runs the rows are asked whether they agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import LiteralString

from colonnade.core.hazards import BLOCKS_WRITES, BUILDS_INDEX, DROPS_GUARANTEE, hazard
from colonnade.core.kind import ObjectId
from colonnade.core.plan import Check, Step
from colonnade.engines.postgres.catalog import SUCCESSORS
from colonnade.engines.postgres.kind import NOT_ENFORCED, NOT_VALID, PROVED, Context, Steps, unasked
from colonnade.engines.postgres.rewriting.remade import below
from colonnade.engines.postgres.rewriting.retuned import retuned
from colonnade.engines.postgres.statement import Part, joined, keys, listed, name, printed, q, question, step, value
from colonnade.engines.postgres.told.foreseen import rows


def constraint_query(contype: LiteralString) -> LiteralString:
    return f"""
SELECT k.oid, k.conrelid AS rel, ARRAY[n.nspname, c.relname, k.conname] AS name, pg_get_constraintdef(k.oid) AS definition,
  k.conislocal AS local, k.coninhcount > 0 AS inherited, k.condeferrable AS deferrable, k.condeferred AS deferred,
  CASE WHEN k.contype = 'f' THEN ARRAY[rn.nspname, r.relname] ELSE '{{}}' END AS target,
  coalesce((SELECT array_agg(a.attname::text ORDER BY o) FROM unnest(k.conkey) WITH ORDINALITY x(num, o)
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.num), '{{}}') AS columns,
  coalesce((SELECT array_agg(a.attname::text ORDER BY o) FROM unnest(k.confkey) WITH ORDINALITY x(num, o)
    JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = x.num), '{{}}') AS target_columns,
  CASE WHEN k.contype IN ('p', 'u') THEN (SELECT substr(pg_get_indexdef(i.indexrelid), length(format('CREATE UNIQUE INDEX %I ON %s%I.%I ',
      ic.relname, CASE WHEN ic.relkind = 'I' THEN 'ONLY ' ELSE '' END, n.nspname, c.relname)) + 1)
    FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid WHERE i.indexrelid = k.conindid) END AS index
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_class r ON r.oid = k.confrelid LEFT JOIN pg_namespace rn ON rn.oid = r.relnamespace
WHERE k.contype = '{contype}' AND k.conname !~ {SUCCESSORS} AND (k.contype <> 'f' OR k.conparentid = 0) AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'colonnade%' ORDER BY 3"""


@dataclass(frozen=True)
class Constraint:
    """The constraint as the server prints it. `index` is the method and columns of the index behind a key."""

    definition: str
    local: bool
    inherited: bool
    deferrable: bool
    deferred: bool
    target: tuple[str, ...]
    columns: tuple[str, ...]
    target_columns: tuple[str, ...]
    index: str | None


def table_of(oid: ObjectId, spec: Constraint) -> Iterable[ObjectId]:
    yield ObjectId("table", oid.name[:2])
    yield ObjectId("foreign table", oid.name[:2])


def comes_along(oid: ObjectId, spec: Constraint) -> bool:
    """Whether a parent's constraint brings this one; keys of partitions have indexes of their own and are made by name."""
    return spec.inherited and not spec.local and spec.index is None


def inline(oid: ObjectId, spec: Constraint, context: Context) -> Part | None:
    inheritance = context.new.objects.get(ObjectId("inheritance", oid.name[:2]))
    if comes_along(oid, spec) and not (inheritance and inheritance.bound):
        return None
    return q("CONSTRAINT {} {}", name(oid.name[2]), _definition(spec))


def _definition(spec: Constraint) -> Part:
    """With the options of the index behind a key, which the server prints only with the index."""
    _, found, options = (spec.index or "").rpartition(" WITH (")
    head, deferrable, tail = spec.definition.partition(" DEFERRABLE")
    return printed(f"{head}{found}{options}{deferrable}{tail}" if found else spec.definition)


def _alter(oid: ObjectId, *, only: bool = False) -> Part:
    relation = q("FOREIGN TABLE") if oid.kind == "foreign table" else q("TABLE ONLY") if only else q("TABLE")
    return q("ALTER {} {}", relation, name(*oid.name[:2]))


def _away(oid: ObjectId, context: Context) -> Part:
    """As a part of a whole table's key it may have gone with that."""
    part = ObjectId("index attachment", (oid.name[0], oid.name[2])) in context.new.objects
    return q("{} DROP CONSTRAINT {}{}", _alter(oid), q("IF EXISTS ") if part else q(""), name(oid.name[2]))


def added(oid: ObjectId, spec: Constraint, suffix: LiteralString = "") -> Part:
    """The statement that adds it."""
    return q("{} ADD CONSTRAINT {} {}{}", _alter(oid), name(oid.name[2]), _definition(spec), q(suffix))


def _add(oid: ObjectId, spec: Constraint, context: Context, suffix: LiteralString = "") -> Step:
    return step(oid, added(oid, spec, suffix), undo=_away(oid, context))


def _in_use(oid: ObjectId, context: Context) -> bool:
    return context.live and not context.is_fresh(oid.name) and not context.is_foreign(oid.name)


def create_check(oid: ObjectId, spec: Constraint, context: Context) -> Steps:
    inheritance = context.new.objects.get(ObjectId("inheritance", oid.name[:2]))
    as_part = inheritance and inheritance.bound and context.is_fresh(oid.name) and not unasked(spec)
    if comes_along(oid, spec) and not (as_part or context.joins(oid.name)):
        return
    yield from _validated_later(oid, spec, context, violates(oid, spec, context))


def violates(oid: ObjectId, spec: Constraint, context: Context) -> tuple[Check, ...]:
    """The question for rows that a check would refuse."""
    condition = spec.definition.removeprefix("CHECK ").removesuffix(NOT_VALID).removesuffix(" NO INHERIT")
    if not condition.startswith("(") or condition.endswith(NOT_ENFORCED) or _calls_another(oid, context):
        return ()
    where = q("FROM {} WHERE NOT {}", rows(oid.name, context), printed(condition))
    return (
        question(
            keys(context.key_of(oid.name)),
            where,
            problem=f"{oid} is violated by rows that are there",
            remedy="mend the rows, or declare the constraint NOT VALID",
        ),
    )


def _calls_another(oid: ObjectId, context: Context) -> bool:
    """Whether it calls a routine that is another by then: what that says of the rows cannot be asked yet."""
    routines = (n for n in context.new.needs.get(oid, ()) if n.kind in ("function", "aggregate"))
    return any(n in context.old.objects and context.old.objects[n] != context.new.objects.get(n) for n in routines)


def _validated_later(oid: ObjectId, spec: Constraint, context: Context, checks: tuple[Check, ...]) -> Iterator[Step]:
    if not _in_use(oid, context) or unasked(spec):
        yield _add(oid, spec, context)
        return
    yield replace(_add(oid, spec, context, " NOT VALID"), checks=checks)
    yield _validate(oid)


def _validate(oid: ObjectId) -> Step:
    return step(
        oid, q("{} VALIDATE CONSTRAINT {}", _alter(oid), name(oid.name[2])), alone=True, undo="nothing to take back"
    )


def create_foreign_key(oid: ObjectId, spec: Constraint, context: Context) -> Steps:
    spec = _to_the_primary_key(oid, spec, context)
    if context.partitioned(oid.name) and context.version < 180000:
        yield replace(_add(oid, spec, context), checks=orphans(oid, spec, context) if _in_use(oid, context) else ())
    else:
        yield from _validated_later(oid, spec, context, orphans(oid, spec, context))


def _to_the_primary_key(oid: ObjectId, spec: Constraint, context: Context) -> Constraint:
    """Without the columns that it refers to, where another key has the same ones: the server would rest it on the older of the two."""
    own = next((n for n in context.new.needs.get(oid, ()) if n.kind == "primary key"), None)
    if own is None or "(" in spec.target[1]:
        return spec
    objects = {**context.old.objects, **context.new.objects}
    keys_of_it = (s for o, s in objects.items() if o.kind == "unique" and o.name[:2] == spec.target[:2])
    if all(s.columns != spec.target_columns for s in keys_of_it):
        return spec
    head, refers, tail = spec.definition.partition(" REFERENCES ")
    table, _, rest = tail.partition("(")
    return replace(spec, definition=f"{head}{refers}{table}{rest.partition(')')[2]}")


def orphans(oid: ObjectId, spec: Constraint, context: Context) -> tuple[Check, ...]:
    """The question for rows that refer to nothing."""
    if "PERIOD" in spec.definition or not spec.target_columns or spec.definition.endswith(NOT_ENFORCED):
        return ()
    pairs = list(zip(spec.columns, spec.target_columns, strict=True))
    equal = joined(" AND ", [q("t.{} = r.{}", name(b), name(a)) for a, b in pairs])
    known = joined(" AND ", [q("r.{} IS NOT NULL", name(a)) for a, _ in pairs])
    own = listed(q("r.{}", name(a)) for a, _ in pairs)
    missing = joined(
        " AND ", [known, *(q("NOT EXISTS (SELECT FROM {} WHERE {})", one, equal) for one in _referred(spec, context))]
    )
    source, remedy = rows(oid.name, context, "r"), "mend the rows, or declare the foreign key NOT VALID"
    problem = f"{oid} refers to rows of table {'.'.join(spec.target)} that are not there"
    asked = question(own, q("FROM {} WHERE {}", source, missing), problem=problem, remedy=remedy)
    if len(pairs) == 1 or " MATCH FULL" not in spec.definition:
        return (asked,)
    half = q("FROM {} WHERE pg_catalog.num_nulls({}) BETWEEN 1 AND {}", source, own, value(len(pairs) - 1))
    in_part = f"{oid} is MATCH FULL, and rows have values in some of its columns and NULL in others"
    return asked, question(own, half, problem=in_part, remedy=remedy)


def _referred(spec: Constraint, context: Context) -> Iterator[Part]:
    """Where the rows are that can be referred to by then: in the table, if it has any yet, and in others that become parts of it."""
    table = ObjectId("table", spec.target[:2])
    if table not in context.fresh - context.gone:
        yield rows(spec.target, context, "t")
    for part in sorted(below(context.new, table) & context.old.objects.keys() - below(context.old, table)):
        if part.kind == "table" and part not in context.fresh:
            yield rows(part.name, context, "t")


def create_key(oid: ObjectId, spec: Constraint, context: Context) -> Steps:
    if (
        not _in_use(oid, context)
        or context.partitioned(oid.name)
        or "PERIOD" in spec.definition
        or "WITHOUT OVERLAPS" in spec.definition
    ):
        risk = (hazard(BLOCKS_WRITES, f"table {'.'.join(oid.name[:2])}"),) if _in_use(oid, context) else ()
        yield replace(
            _add(oid, spec, context),
            hazards=risk,
            checks=duplicates(oid, spec, context) if _in_use(oid, context) else (),
        )
        return
    index = name(oid.name[2])
    build = q("CREATE UNIQUE INDEX CONCURRENTLY {} ON {} {}", index, name(*oid.name[:2]), printed(spec.index or ""))
    yield replace(
        step(
            oid,
            build,
            alone=True,
            hazards=(hazard(BUILDS_INDEX, f"table {'.'.join(oid.name[:2])}"),),
            undo=q("DROP INDEX CONCURRENTLY IF EXISTS {}", name(oid.name[0], oid.name[2])),
        ),
        checks=duplicates(oid, spec, context),
    )
    yield step(
        oid,
        q(
            "{} ADD CONSTRAINT {} {} USING INDEX {}{}",
            _alter(oid),
            index,
            q("PRIMARY KEY") if spec.definition.startswith("PRIMARY") else q("UNIQUE"),
            index,
            _deferring(spec) or q(""),
        ),
        undo=_away(oid, context),
    )


def _deferring(spec: Constraint) -> Part | None:
    if not spec.deferrable:
        return None
    return q(" DEFERRABLE INITIALLY DEFERRED") if spec.deferred else q(" DEFERRABLE")


def duplicates(oid: ObjectId, spec: Constraint, context: Context) -> tuple[Check, ...]:
    """The question for values of a key that stand more than once."""
    if not spec.columns or "PERIOD" in spec.definition or "WITHOUT OVERLAPS" in spec.definition:
        return ()
    columns = listed(name(c) for c in spec.columns)
    known = (
        q("true")
        if "NULLS NOT DISTINCT" in spec.definition
        else joined(" AND ", [q("{} IS NOT NULL", name(c)) for c in spec.columns])
    )
    groups = q("FROM {} WHERE {} GROUP BY {} HAVING count(*) > 1", rows(oid.name, context), known, columns)
    return (
        question(
            columns,
            groups,
            grouped=True,
            problem=f"{oid} has values that stand more than once",
            remedy="merge or remove the duplicates first",
        ),
    )


def create_exclusion(oid: ObjectId, spec: Constraint, context: Context) -> Steps:
    risk = (hazard(BLOCKS_WRITES, f"table {'.'.join(oid.name[:2])}"),) if _in_use(oid, context) else ()
    yield replace(_add(oid, spec, context), hazards=risk)


def alter(oid: ObjectId, old: Constraint, new: Constraint, context: Context) -> Steps | None:
    """Without what is said of the storage of its index, which is changed by itself."""
    tuned = retuned(oid, _index_of(oid, old), _index_of(oid, new), context)
    like = replace(new, index=old.index, definition=old.definition if oid.kind == "exclusion" else new.definition)
    steps = None if tuned is None else _altered(oid, old, like if tuned else new, context)
    return None if steps is None else (*(tuned or ()), *steps)


def _index_of(oid: ObjectId, spec: Constraint) -> str:
    return _bare(spec).removeprefix("EXCLUDE ") if oid.kind == "exclusion" else spec.index or ""


def _altered(oid: ObjectId, old: Constraint, new: Constraint, context: Context) -> Steps | None:
    if replace(old, definition="", local=True, inherited=False) != replace(
        new, definition="", local=True, inherited=False
    ) and not (oid.kind == "foreign key" and _same_but_deferring(old, new)):
        return None
    if old.definition == new.definition + NOT_VALID:
        return (replace(_validate(oid), undo_note=PROVED),)
    if old.definition == new.definition:
        return ()
    if oid.kind == "foreign key" and _same_but_deferring(old, new):
        there, back = (
            q("{} ALTER CONSTRAINT {}{}", _alter(oid), name(oid.name[2]), _other_way(a, b))
            for a, b in ((old, new), (new, old))
        )
        return (step(oid, there, undo=back),)
    return None


def _same_but_deferring(old: Constraint, new: Constraint) -> bool:
    """Or no longer enforced; to be enforced it is made anew, for its rows are looked at while others wait otherwise."""
    enforced = old.definition.endswith(NOT_ENFORCED) and not new.definition.endswith(NOT_ENFORCED)
    return not enforced and _bare(old) == _bare(new)


def _bare(spec: Constraint) -> str:
    enforcing = spec.definition.removesuffix(NOT_ENFORCED)
    return enforcing.removesuffix(" INITIALLY DEFERRED").removesuffix(" DEFERRABLE")


def _other_way(old: Constraint, new: Constraint) -> Part:
    """What is said of the new one where it differs: until when a row may break it, and whether it is asked at all."""
    deferring = (old.deferrable, old.deferred) != (new.deferrable, new.deferred)
    was, now = (s.definition.endswith(NOT_ENFORCED) for s in (old, new))
    enforcing = q("") if was == now else q(" NOT ENFORCED") if now else q(" ENFORCED")
    return q("{}{}", (_deferring(new) or q(" NOT DEFERRABLE")) if deferring else q(""), enforcing)


def drop(oid: ObjectId, spec: Constraint, context: Context) -> Steps:
    if comes_along(oid, spec) and not (oid.kind == "check" and context.stays_behind(oid)):
        return
    yield step(
        oid,
        q("{} DROP CONSTRAINT {}", _alter(oid), name(oid.name[2])),
        hazards=(hazard(DROPS_GUARANTEE, oid),),
    )
