"""Options of foreign things: key and value, what they mean is the wrapper's business.

https://www.postgresql.org/docs/current/sql-createforeigndatawrapper.html. What may hold a password or a key is never read, compared or
written into a statement: it stays as it is, and has to be set by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import LiteralString

from colonnade.engines.postgres.appended import staying
from colonnade.engines.postgres.statement import Part, listed, name, q, value

CLOSED: LiteralString = "'pass|pwd|secret|token|key|cred'"
"""Names of options that may hold what nobody may see."""
CLOSED_OF_TABLES: LiteralString = "'pass|pwd|secret|token|cred'"
"""Of tables: their keys open no doors."""


def shown(options: LiteralString, closed: LiteralString = CLOSED) -> LiteralString:
    """The options that are no secrets, in their order, as text[]."""
    return f"""ARRAY(SELECT o FROM unnest({options}) WITH ORDINALITY x (o, n) WHERE split_part(o, '=', 1) !~* {closed}
    OR split_part(o, '=', 1) = 'password_required' ORDER BY n)"""


def parsed(options: Iterable[str]) -> Mapping[str, str]:
    """Value by option."""
    return {key: v for key, _, v in (o.partition("=") for o in options)}


def given(options: Iterable[str]) -> Part:
    """The OPTIONS clause of a CREATE, with a space before it; nothing where there are none."""
    pairs = listed(q("{} {}", name(key), value(v)) for key, v in parsed(options).items())
    return q(" OPTIONS ({})", pairs) if options else q("")


def changed(old: Iterable[str], new: Iterable[str]) -> Part | None:
    """The OPTIONS clause of an ALTER."""
    was, now = parsed(old), parsed(new)
    stay = [*now][: staying([*was], [*now])]
    parts = [q("DROP {}", name(key)) for key in was if key not in stay]
    parts += [q("SET {} {}", name(key), value(now[key])) for key in stay if was[key] != now[key]]
    parts += [q("ADD {} {}", name(key), value(v)) for key, v in now.items() if key not in stay]
    return q("OPTIONS ({})", listed(parts)) if parts else None
