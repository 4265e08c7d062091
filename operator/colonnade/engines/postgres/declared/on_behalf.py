"""Rights that others than the owner have passed on. A dump says so by SET SESSION AUTHORIZATION around their GRANT, a plan by SET ROLE.

Some dumps say by the same words who owns what. So it counts only for roles that make nothing by it, and only where the session may
act for the role: of all other rights it is the owner who gives them. https://www.postgresql.org/docs/current/sql-set-session-authorization.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from psycopg import sql

from colonnade.engines.postgres.declared.script import Statement

_AUTHORIZATION = re.compile(
    r"(?:RE)?SET\s+(?:SESSION\s+)?(?:SESSION\s+AUTHORIZATION|ROLE)\b\s*(?:TO\b|=)?\s*"
    r"""(?:'(?P<string>(?:[^']|'')*)'|"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>[\w$]+))?""",
    re.IGNORECASE,
)
_RIGHTS = (("GRANT",), ("REVOKE",))


def on_behalf(script: Iterable[Statement]) -> Iterator[tuple[Statement, str]]:
    """Each statement, with what is to be said before it: for a GRANT by somebody else, who that is."""
    said = [*_with_roles(script)]
    makers = {role for statement, role in said if statement.words[:1] not in (*_RIGHTS, ("SET",), ("RESET",))}
    passing_on = {role for statement, role in said if statement.words[:1] in _RIGHTS} - makers - {""}
    for statement, role in said:
        if statement.words[:2] == ("SET", "ROLE") and (role in passing_on or (passing_on and not role)):
            continue
        yield statement, _acting_for(role) if role in passing_on and statement.words[:1] in _RIGHTS else ""


def _with_roles(script: Iterable[Statement]) -> Iterator[tuple[Statement, str]]:
    role = ""
    for statement in script:
        if statement.words[:1] in (("SET",), ("RESET",)) and (found := _AUTHORIZATION.match(statement.text)):
            role = _named(found)
        yield statement, role


def _named(found: re.Match[str]) -> str:
    plain = (found["plain"] or "").lower()
    given = (found["string"] or "").replace("''", "'") or (found["quoted"] or "").replace('""', '"')
    return given or ("" if plain in ("default", "none") else plain)


def _acting_for(role: str) -> str:
    known = sql.Literal(role)
    return (
        sql.SQL(
            "SELECT pg_catalog.set_config('role', CASE WHEN pg_catalog.pg_has_role({}, CASE WHEN pg_catalog.current_setting("
            "'server_version_num')::pg_catalog.int4 < 160000 THEN 'MEMBER' ELSE 'SET' END) THEN {} "
            "ELSE pg_catalog.current_setting('role') END, false); "
        )
        .format(known, known)
        .as_string(None)
    )
