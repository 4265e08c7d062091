"""What the server prints of keys, checks, policies and indexes, taken apart into the fields of YAML.

A form that is not known here raises NotInYamlError: the object is then said in SQL, as it was printed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import made_up
from colonnade.engines.postgres.kinds.policy import COMMANDS
from colonnade.engines.postgres.printed_index import index_clauses, option
from colonnade.engines.postgres.printed_sql import bare, entries
from colonnade.resources.fragment import Token, parts, tokens

Fields = dict[str, Any]


class NotInYamlError(Exception):
    """No field says this."""


ACTIONS = {"RESTRICT": "Restrict", "CASCADE": "Cascade", "SET NULL": "SetNull", "SET DEFAULT": "SetDefault"}
_ACTION = "(RESTRICT|CASCADE|SET NULL|SET DEFAULT)"
REFERENCE = re.compile(
    rf"\)(?P<match> MATCH FULL)?( ON UPDATE (?P<update>{_ACTION}))?( ON DELETE (?P<delete>{_ACTION}))?"
    r"( DEFERRABLE)?( INITIALLY DEFERRED)?$"
)


def filled(fields: Fields) -> Fields:
    """Without the fields that say what is so anyway."""
    return {name: v for name, v in fields.items() if v or (v is not None and name in _SAID_OF_NOTHING)}


_SAID_OF_NOTHING = ("nullable", "enabled", "statistics")


def as_part(name: str) -> str:
    return '"{}"'.format(name.replace('"', '""')) if "." in name or '"' in name else name


def deferrable(spec: Any) -> str | None:
    return None if not spec.deferrable else "Deferred" if spec.deferred else "Immediate"


def _include(definition: str) -> list[str] | None:
    found = re.search(r" INCLUDE \((.*?)\)( DEFERRABLE.*)?$", definition)
    return _names(found[1]) if found else None


def _names(text: str) -> list[str]:
    """The names of a list that the server printed."""
    return [_name(entry) for entry in entries(text)]


def _name(text: str) -> str:
    found = list(tokens(text))
    if len(found) != 1 or found[0].sort not in ("word", "quoted"):
        raise NotInYamlError
    return parts(text)[0]


def primary_key(oid: ObjectId, spec: Any) -> Fields:
    named = None if oid.name[2] == made_up("pkey", oid.name[1]) else oid.name[2]
    return {"name": named, **_key_fields(spec)}


def unique(oid: ObjectId, spec: Any) -> Fields:
    return {"name": oid.name[2], "nullsNotDistinct": "NULLS NOT DISTINCT" in spec.definition, **_key_fields(spec)}


def _key_fields(spec: Any) -> Fields:
    return {"columns": list(spec.columns), "include": _include(spec.definition), "deferrable": deferrable(spec)}


def check(oid: ObjectId, spec: Any) -> Fields:
    found = re.fullmatch(r"CHECK \((?P<rule>.*)\)(?P<alone> NO INHERIT)?", spec.definition, re.DOTALL)
    if found is None:
        raise NotInYamlError
    return {"name": oid.name[2], "expression": bare(found["rule"]), "noInherit": found["alone"] is not None}


def generated(spec: Any) -> Fields:
    return filled({"expression": bare(spec.expression), "kind": "Virtual" if spec.generated == "v" else None})


def partition(key: str) -> Fields:
    strategy, _, columns = key.partition(" ")
    return {"strategy": strategy.capitalize(), "columns": _names(columns[1:-1])}


def policy(oid: ObjectId, spec: Any) -> Fields:
    command = COMMANDS[spec.command].capitalize()
    return {
        "name": oid.name[2],
        "command": None if command == "All" else command,
        "kind": None if spec.permissive else "Restrictive",
        "roles": [] if "" in spec.roles else list(spec.roles),
        "using": bare(spec.using) if spec.using else None,
        "check": bare(spec.check) if spec.check else None,
    }


def index_fields(definition: str) -> Fields:
    """An index as the server prints it from its method on: ``USING btree (a, lower(b) DESC) INCLUDE (c) WITH (…) WHERE (…)``."""
    clauses = index_clauses(definition)
    method = _name(clauses["USING"])
    return {
        "columns": [_index_column(entry) for entry in entries(clauses["("])],
        "method": None if method == "btree" else method,
        "include": _names(clauses["INCLUDE"][1:-1]) if "INCLUDE" in clauses else None,
        "nullsNotDistinct": "NULLS" in clauses,
        "options": dict(option(entry) for entry in entries(clauses["WITH"][1:-1])) if "WITH" in clauses else None,
        "where": bare(clauses["WHERE"]) if "WHERE" in clauses else None,
    }


_TAIL = re.compile(r"(?P<rest>.*?)(?P<order> (ASC|DESC))?( NULLS (?P<nulls>FIRST|LAST))?", re.DOTALL)


def _index_column(entry: str) -> Fields:
    found = _TAIL.fullmatch(entry)
    assert found is not None
    subject, collation, opclass = _subject(found["rest"])
    try:
        what = {"name": _name(subject)}
    except NotInYamlError:
        what = {"expression": bare(subject)}
    order, nulls = (found["order"] or "").strip().capitalize(), (found["nulls"] or "").capitalize()
    return {
        **what,
        **filled({"collation": collation, "opclass": opclass, "order": order or None, "nulls": nulls or None}),
    }


def _subject(text: str) -> tuple[str, str | None, str | None]:
    """The column or expression, its collation, its operator class."""
    found = [t for t in tokens(text) if t.depth == 0]
    end = _end_of_subject(found, text)
    rest = text[end:].strip()
    collation = None
    if rest.startswith("COLLATE "):
        name, _, rest = rest.removeprefix("COLLATE ").partition(" ")
        collation = name
    return text[:end].strip(), collation, rest.strip() or None


def _end_of_subject(found: Sequence[Token], text: str) -> int:
    """A name, a call or something in brackets, whichever the entry begins with."""
    for i, token in enumerate(found):
        following = found[i + 1] if i + 1 < len(found) else None
        if token.text == ")" or (
            token.sort in ("word", "quoted") and (following is None or following.text not in (".", "("))
        ):
            return token.at + len(token.text)
    return len(text)
