"""Rights as GRANT and REVOKE take them, for privileges on objects and for default privileges.

https://www.postgresql.org/docs/current/sql-grant.html. A right is who (a quoted name or PUBLIC), what, "y" where it may be passed on,
and by whom it was, '' being the owner. The right to pass on comes and goes by itself; what was passed on by someone who may no longer
goes with it. The server takes the owner's word for a superuser's, and anybody else's only from themselves: so what they pass on is
given, and taken, by their role.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import LiteralString

from colonnade.engines.postgres.statement import Part, printed, q

Right = tuple[str, str, str, str]

EXPLODED: LiteralString = """SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' WHEN {owner} THEN '' ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS who,
      x.privilege_type AS what, CASE WHEN x.is_grantable THEN 'y' ELSE '' END AS option, {by} AS by FROM aclexplode({acl}) x"""

NO_MATTER: LiteralString = "''"
PASSED_ON_BY: LiteralString = """CASE WHEN x.grantor <> {owner} AND pg_has_role(x.grantor,
      CASE WHEN current_setting('server_version_num')::int < 160000 THEN 'MEMBER' ELSE 'SET' END)
      THEN quote_ident(pg_get_userbyid(x.grantor)) ELSE '' END"""
"""As with owners: a role that the session may not act for is not looked at."""


def _exploded(acl: LiteralString, owner: LiteralString, by: LiteralString = NO_MATTER) -> LiteralString:
    return EXPLODED.replace("{by}", by).replace("{acl}", acl).replace("{owner}", owner)


def beyond(
    acl: LiteralString, base: LiteralString, owner: LiteralString, by: LiteralString = NO_MATTER
) -> LiteralString:
    """The rights in `acl` that are not in `base`, as text[][]; `owner` is told as ''."""
    there, known = _exploded(acl, owner, by), _exploded(base, owner)
    return f"""coalesce((SELECT array_agg(ARRAY[g.who, g.what, g.option, g.by] ORDER BY g.who, g.what, g.option, g.by)
    FROM ({there} EXCEPT {known}) g), '{{}}')"""


def without(
    acl: LiteralString, base: LiteralString, owner: LiteralString, by: LiteralString = NO_MATTER
) -> LiteralString:
    """The rights in `base` that `acl` has not, passed on or not, as text[][]."""
    there, known = _exploded(acl, owner, by), _exploded(base, owner)
    return f"""coalesce((SELECT array_agg(ARRAY[g.who, g.what, '', ''] ORDER BY g.who, g.what)
    FROM (SELECT k.who, k.what, k.by FROM ({known}) k EXCEPT SELECT t.who, t.what, t.by FROM ({there}) t) g), '{{}}')"""


@dataclass(frozen=True)
class Rights:
    """Rights beyond those that are there anyway, and those of these taken away."""

    granted: tuple[Right, ...]
    revoked: tuple[Right, ...]

    def to(self, new: Rights) -> tuple[frozenset[Right], frozenset[Right]]:
        """What to take and what to give."""
        take = (set(self.granted) - set(new.granted)) | (set(new.revoked) - set(self.revoked))
        give = (set(new.granted) - set(self.granted)) | (set(self.revoked) - set(new.revoked))
        passed_on = {what for _, what, option, _ in take if option}
        return frozenset(take), frozenset(give | {r for r in new.granted if r[1] in passed_on and r not in take})


NO_RIGHTS = Rights((), ())

Wording = Callable[[LiteralString, Sequence[str], Part], Part]
"""Puts a statement together: GRANT or REVOKE (and its own words), the privileges, and to or from whom."""


def revokes(take: Iterable[Right], give: Iterable[Right], wording: Wording) -> Iterator[Part]:
    """The statements that take rights away: only the right to pass on, where the right itself stays."""
    stay = {(who, what, by) for who, what, _, by in give}
    gone = [r for r in take if r[2] or (r[0], r[1], r[3]) not in stay]
    for (who, option, by), what in reversed(list(_together(gone))):
        no_more, kept = ([w for w in what if ((who, w, by) in stay) is still] for still in (False, True))
        whom = q("{} CASCADE", printed(who)) if option else printed(who)
        if no_more:
            yield _said_by(by, wording("REVOKE", no_more, whom))
        if kept:
            yield _said_by(by, wording("REVOKE GRANT OPTION FOR", kept, whom))


def grants(give: Iterable[Right], wording: Wording) -> Iterator[Part]:
    """The statements that give rights."""
    for (who, option, by), what in _together(give):
        to = q("{} WITH GRANT OPTION", printed(who)) if option else printed(who)
        yield _said_by(by, wording("GRANT", what, to))


def _said_by(by: str, statement: Part) -> Part:
    return q("SET ROLE {}; {}; RESET ROLE", printed(by), statement) if by else statement


def _together(rights: Iterable[Right]) -> Iterator[tuple[tuple[str, str, str], list[str]]]:
    """By who, option and by whom, nobody passing on what they are only given later."""
    left = sorted(rights)
    while left:
        to_come = {(who, what) for who, what, option, _ in left if option}
        ready = [r for r in left if not r[3] or (r[3], r[1]) not in to_come] or left
        left = [r for r in left if r not in ready]
        alike: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
        for who, what, option, by in ready:
            alike[who, option, by].append(what)
        yield from alike.items()
