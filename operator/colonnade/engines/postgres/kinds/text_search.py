"""Text search parsers, templates and dictionaries. https://www.postgresql.org/docs/current/textsearch.html

Parsers and templates are made of C functions, and only made and dropped; the options of a dictionary change in place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps, never
from colonnade.engines.postgres.statement import Part, listed, name, printed, q, step

PARSERS: LiteralString = f"""
SELECT p.oid, ARRAY[n.nspname, p.prsname] AS name, p.prsstart::regproc::text AS start, p.prstoken::regproc::text AS token,
  p.prsend::regproc::text AS "end", nullif(p.prsheadline::regproc::text, '-') AS headline, p.prslextype::regproc::text AS lextypes
FROM pg_ts_parser p JOIN pg_namespace n ON n.oid = p.prsnamespace WHERE {USER_SCHEMA} ORDER BY 2"""

TEMPLATES: LiteralString = f"""
SELECT t.oid, ARRAY[n.nspname, t.tmplname] AS name, nullif(t.tmplinit::regproc::text, '-') AS init, t.tmpllexize::regproc::text AS lexize
FROM pg_ts_template t JOIN pg_namespace n ON n.oid = t.tmplnamespace WHERE {USER_SCHEMA} ORDER BY 2"""

DICTIONARIES: LiteralString = f"""
SELECT d.oid, ARRAY[n.nspname, d.dictname] AS name, ARRAY[x.nspname, t.tmplname] AS template, coalesce(d.dictinitoption, '') AS options
FROM pg_ts_dict d JOIN pg_namespace n ON n.oid = d.dictnamespace JOIN pg_ts_template t ON t.oid = d.dicttemplate
JOIN pg_namespace x ON x.oid = t.tmplnamespace WHERE {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class Parser:
    """The functions that cut a text into tokens."""

    start: str
    token: str
    end: str
    headline: str | None
    lextypes: str


@dataclass(frozen=True)
class Template:
    """The functions behind dictionaries."""

    init: str | None
    lexize: str


@dataclass(frozen=True)
class Dictionary:
    """The template, and its options as the server writes them: ``key = 'value', …``."""

    template: tuple[str, str]
    options: str


def create_parser(oid: ObjectId, spec: Parser, context: Context) -> Steps:
    yield step(oid, _parser(oid, spec), undo=q("DROP TEXT SEARCH PARSER {}", name(*oid.name)))


def _parser(oid: ObjectId, spec: Parser) -> Part:
    functions = [
        q("START = {}", printed(spec.start)),
        q("GETTOKEN = {}", printed(spec.token)),
        q("END = {}", printed(spec.end)),
        q("LEXTYPES = {}", printed(spec.lextypes)),
    ]
    if spec.headline:
        functions.append(q("HEADLINE = {}", printed(spec.headline)))
    return q("CREATE TEXT SEARCH PARSER {} ({})", name(*oid.name), listed(functions))


def drop_parser(oid: ObjectId, spec: Parser, context: Context) -> Steps:
    yield step(oid, q("DROP TEXT SEARCH PARSER {}", name(*oid.name)))


def create_template(oid: ObjectId, spec: Template, context: Context) -> Steps:
    yield step(oid, _template(oid, spec), undo=q("DROP TEXT SEARCH TEMPLATE {}", name(*oid.name)))


def _template(oid: ObjectId, spec: Template) -> Part:
    functions = [q("INIT = {}", printed(spec.init))] if spec.init else []
    functions.append(q("LEXIZE = {}", printed(spec.lexize)))
    return q("CREATE TEXT SEARCH TEMPLATE {} ({})", name(*oid.name), listed(functions))


def drop_template(oid: ObjectId, spec: Template, context: Context) -> Steps:
    yield step(oid, q("DROP TEXT SEARCH TEMPLATE {}", name(*oid.name)))


def create_dictionary(oid: ObjectId, spec: Dictionary, context: Context) -> Steps:
    yield step(oid, _dictionary(oid, spec), undo=q("DROP TEXT SEARCH DICTIONARY {}", name(*oid.name)))


def _dictionary(oid: ObjectId, spec: Dictionary) -> Part:
    options = q(", {}", printed(spec.options)) if spec.options else q("")
    return q("CREATE TEXT SEARCH DICTIONARY {} (TEMPLATE = {}{})", name(*oid.name), name(*spec.template), options)


def alter_dictionary(oid: ObjectId, old: Dictionary, new: Dictionary, context: Context) -> Steps | None:
    if old.template != new.template:
        return None
    there, back = (_set(oid, a, b) for a, b in ((old, new), (new, old)))
    return (step(oid, there, undo=back),)


OPTION = re.compile(r"""("(?:[^"]|"")+"|[^\s="]+) = (E?'(?:[^'\\]|''|\\.)*'|[^,]+)(?:, |$)""")


def options_of(text: str) -> Mapping[str, str]:
    """Value by option, both as the server writes them."""
    return dict(OPTION.findall(text))


def _set(oid: ObjectId, old: Dictionary, new: Dictionary) -> Part:
    """An option without a value goes back to its default."""
    was, now = options_of(old.options), options_of(new.options)
    changes: list[Part] = [q("{} = {}", printed(k), printed(v)) for k, v in now.items() if was.get(k) != v]
    changes += [printed(k) for k in was if k not in now]
    return q("ALTER TEXT SEARCH DICTIONARY {} ({})", name(*oid.name), listed(changes))


def drop_dictionary(oid: ObjectId, spec: Dictionary, context: Context) -> Steps:
    yield step(oid, q("DROP TEXT SEARCH DICTIONARY {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="text search parser",
        words="TEXT SEARCH PARSER",
        catalog="pg_ts_parser",
        spec=Parser,
        query=PARSERS,
        create=create_parser,
        alter=never,
        drop=drop_parser,
        rank=3,
    ),
    PgKind(
        name="text search template",
        words="TEXT SEARCH TEMPLATE",
        catalog="pg_ts_template",
        spec=Template,
        query=TEMPLATES,
        create=create_template,
        alter=never,
        drop=drop_template,
        rank=3,
    ),
    PgKind(
        name="text search dictionary",
        words="TEXT SEARCH DICTIONARY",
        catalog="pg_ts_dict",
        spec=Dictionary,
        query=DICTIONARIES,
        create=create_dictionary,
        alter=alter_dictionary,
        drop=drop_dictionary,
        rank=4,
    ),
)
