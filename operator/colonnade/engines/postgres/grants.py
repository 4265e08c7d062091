"""Rights as GRANT and REVOKE take them, for privileges on objects and for default privileges.

https://www.postgresql.org/docs/current/sql-grant.html. A right is who (a quoted name or PUBLIC), what, and "y" where it may be passed
on. The right to pass on comes and goes by itself; what was passed on by someone who may no longer goes with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import LiteralString

from colonnade.engines.postgres.statement import Part, printed, q

Right = tuple[str, str, str]

EXPLODED: LiteralString = """SELECT CASE x.grantee WHEN 0 THEN 'PUBLIC' WHEN {owner} THEN '' ELSE quote_ident(pg_get_userbyid(x.grantee)) END AS who,
      x.privilege_type AS what, CASE WHEN x.is_grantable THEN 'y' ELSE '' END AS option FROM aclexplode({acl}) x"""


def _exploded(acl: LiteralString, owner: LiteralString) -> LiteralString:
    return EXPLODED.replace("{acl}", acl).replace("{owner}", owner)


def beyond(acl: LiteralString, base: LiteralString, owner: LiteralString) -> LiteralString:
    """The rights in `acl` that are not in `base`, as text[][]; `owner` is told as ''."""
    there, known = _exploded(acl, owner), _exploded(base, owner)
    return f"""coalesce((SELECT array_agg(ARRAY[g.who, g.what, g.option] ORDER BY g.who, g.what, g.option)
    FROM ({there} EXCEPT {known}) g), '{{}}')"""


def without(acl: LiteralString, base: LiteralString, owner: LiteralString) -> LiteralString:
    """The rights in `base` that `acl` has not, passed on or not, as text[][]."""
    there, known = _exploded(acl, owner), _exploded(base, owner)
    return f"""coalesce((SELECT array_agg(ARRAY[g.who, g.what, ''] ORDER BY g.who, g.what)
    FROM (SELECT k.who, k.what FROM ({known}) k EXCEPT SELECT t.who, t.what FROM ({there}) t) g), '{{}}')"""


@dataclass(frozen=True)
class Rights:
    """Rights beyond those that are there anyway, and those of these taken away."""

    granted: tuple[Right, ...]
    revoked: tuple[Right, ...]

    def to(self, new: Rights) -> tuple[frozenset[Right], frozenset[Right]]:
        """What to take and what to give."""
        take = (set(self.granted) - set(new.granted)) | (set(new.revoked) - set(self.revoked))
        give = (set(new.granted) - set(self.granted)) | (set(self.revoked) - set(new.revoked))
        passed_on = {what for _, what, option in take if option}
        return frozenset(take), frozenset(give | {r for r in new.granted if r[1] in passed_on and r not in take})


NO_RIGHTS = Rights((), ())

Wording = Callable[[LiteralString, Sequence[str], Part], Part]
"""Puts a statement together: GRANT or REVOKE (and its own words), the privileges, and to or from whom."""


def revokes(take: Iterable[Right], give: Iterable[Right], wording: Wording) -> Iterator[Part]:
    """The statements that take rights away: only the right to pass on, where the right itself stays."""
    stay = {(who, what) for who, what, _ in give}
    for (who, option), what in _together(r for r in take if r[2] or r[:2] not in stay):
        gone, kept = ([w for w in what if ((who, w) in stay) is still] for still in (False, True))
        whom = q("{} CASCADE", printed(who)) if option else printed(who)
        if gone:
            yield wording("REVOKE", gone, whom)
        if kept:
            yield wording("REVOKE GRANT OPTION FOR", kept, whom)


def grants(give: Iterable[Right], wording: Wording) -> Iterator[Part]:
    """The statements that give rights."""
    for (who, option), what in _together(give):
        to = q("{} WITH GRANT OPTION", printed(who)) if option else printed(who)
        yield wording("GRANT", what, to)


def _together(rights: Iterable[Right]) -> Iterable[tuple[tuple[str, str], list[str]]]:
    by_who: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for who, what, option in sorted(rights):
        by_who[who, option].append(what)
    return by_who.items()
