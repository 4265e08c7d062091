"""Why a column cannot change its type by a successor (see expand.py), and which triggers would notice that one is filled."""

from __future__ import annotations

import re

from colonnade.core.kind import NOTHING, Model, ObjectId

FIRES = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER .*? (BEFORE|AFTER) (.*?) ON ", re.DOTALL)
CALLS = re.compile(r" EXECUTE FUNCTION (.*)\(")
ROW = re.compile(r"\b(?:old|new)\s*\.\s*\*|[(,]\s*(?:old|new)\s*[),]|\bselect\s+\*", re.IGNORECASE)
"""A row as a whole: all its columns by a star, or the record itself handed on."""
BUILT = ("index", "primary key", "unique", "check", "foreign key")
LAST = "zzz"
"""How the trigger's name begins that a successor follows by: of triggers of a kind the server fires the last in the alphabet last."""


def obstacle(oid: ObjectId, old: Model, new: Model) -> str:
    """Why this column's type cannot be changed by a successor; '' where it can."""
    table = ObjectId("table", oid.name[:2])
    spec, was, now = old.objects.get(table), old.objects.get(oid), new.objects.get(oid)
    if spec is None or was is None or now is None or table not in new.objects:
        return "it is no column of a table that stays"
    if spec.partition_key or spec.of_type or any(_has_relatives(table, m) for m in (old, new)):
        return "its table is a part of others, or has parts or children, or is of a type"
    if was.generated or now.generated or not now.not_null_valid:
        return "it is generated, or its NOT NULL is not valid"
    users = {o.kind for o, needs in old.needs.items() if oid in needs}
    security = old.objects.get(ObjectId("row security", table.name))
    for there, why in (
        ("exclusion" in users, "an exclusion constraint stands on it, which cannot be built beside the traffic"),
        ("column" in users, "a generated column stands on it"),
        (any(o.kind == "rule" and o.name[:2] == table.name for o in old.objects), "its table has rules"),
        (bool(security and security.forced), "row-level security holds for the table's owner, too"),
        (_taken_as_rows(table, old), "routines take or return rows of its table as they stand, or its triggers do"),
        (_published(table, old), "its table is published, and subscribers do not know the second column"),
    ):
        if there:
            return why
    return ""


def homes(oid: ObjectId, model: Model) -> set[tuple[str, ...]]:
    """The tables on which something would have to be built beside what stands on this column: its own, and those that refer to it."""
    users = (o for o, needs in model.needs.items() if oid in needs and o.kind in BUILT)
    return {tuple(model.objects[o].table) if o.kind == "index" else o.name[:2] for o in users}


def _has_relatives(table: ObjectId, model: Model) -> bool:
    return any(
        o.kind == "inheritance" and (o.name == table.name or table.name in s.parents) for o, s in model.objects.items()
    )


def _taken_as_rows(table: ObjectId, model: Model) -> bool:
    """Whether something that the database runs would notice another column, or another order of them."""
    called = {
        found[1].replace('"', "")
        for o, s in model.objects.items()
        if o.kind == "trigger" and o.name[:2] == table.name and (found := CALLS.search(s.definition))
    }
    return any(
        table in model.needs.get(o, NOTHING)
        or (".".join((o.name[0], s.function)) in called and ROW.search(s.definition) is not None)
        for o, s in model.objects.items()
        if o.kind in ("function", "procedure", "aggregate")
    )


def _published(table: ObjectId, model: Model) -> bool:
    return any(
        (o.kind == "publication" and s.all_tables)
        or (o.kind == "publication table" and o.name[1:] == table.name)
        or (o.kind == "publication schema" and o.name[1] == table.name[0])
        for o, s in model.objects.items()
    )


def watched(oid: ObjectId, model: Model) -> str:
    """Which of the table's triggers the filling of a column would fire: '' for none, 'Origin' for those that can be kept still, 'Always'."""
    found = ""
    for one, spec in model.objects.items():
        if one.kind != "trigger" or one.name[:2] != oid.name[:2] or spec.enabled == "D":
            continue
        told = FIRES.match(spec.definition)
        if told and re.search(r"\bUPDATE\b(?! OF)", told[2]):
            found = "Always" if spec.enabled != "O" or found == "Always" else "Origin"
        if told and told[1] == "BEFORE" and one.name[2] >= LAST:
            return "Always"
    return found
