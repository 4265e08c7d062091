"""Text search configurations with their mappings. https://www.postgresql.org/docs/current/sql-altertsconfig.html"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from colonnade.core.kind import ObjectId
from colonnade.core.plan import Step
from colonnade.engines.postgres.catalog import USER_SCHEMA
from colonnade.engines.postgres.kind import Context, PgKind, Steps
from colonnade.engines.postgres.statement import Part, listed, name, q, step

QUERY: LiteralString = f"""
SELECT c.oid, ARRAY[n.nspname, c.cfgname] AS name, ARRAY[x.nspname, p.prsname] AS parser,
  coalesce((SELECT array_agg(ARRAY[t.alias, dn.nspname, d.dictname] ORDER BY t.alias, m.mapseqno)
    FROM pg_ts_config_map m JOIN ts_token_type(c.cfgparser) t ON t.tokid = m.maptokentype
    JOIN pg_ts_dict d ON d.oid = m.mapdict JOIN pg_namespace dn ON dn.oid = d.dictnamespace
    WHERE m.mapcfg = c.oid), '{{}}') AS mappings
FROM pg_ts_config c JOIN pg_namespace n ON n.oid = c.cfgnamespace JOIN pg_ts_parser p ON p.oid = c.cfgparser
JOIN pg_namespace x ON x.oid = p.prsnamespace WHERE {USER_SCHEMA} ORDER BY 2"""


@dataclass(frozen=True)
class Configuration:
    """The parser, and for each token the dictionaries that it goes through: (token, schema, dictionary), in order."""

    parser: tuple[str, str]
    mappings: tuple[tuple[str, str, str], ...]

    def by_token(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """The dictionaries of each token."""
        out: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for token, *dictionary in self.mappings:
            out[token].append((dictionary[0], dictionary[1]))
        return out


def _configuration(oid: ObjectId) -> Part:
    return q("ALTER TEXT SEARCH CONFIGURATION {}", name(*oid.name))


def _map(oid: ObjectId, verb: LiteralString, token: str, dictionaries: Sequence[tuple[str, str]]) -> Part:
    through = listed(name(*d) for d in dictionaries)
    return q("{} {} MAPPING FOR {} WITH {}", _configuration(oid), q(verb), name(token), through)


def _unmap(oid: ObjectId, token: str) -> Part:
    return q("{} DROP MAPPING FOR {}", _configuration(oid), name(token))


def _create(oid: ObjectId, spec: Configuration) -> Part:
    return q("CREATE TEXT SEARCH CONFIGURATION {} (PARSER = {})", name(*oid.name), name(*spec.parser))


def create(oid: ObjectId, spec: Configuration, context: Context) -> Steps:
    yield step(oid, _create(oid, spec), undo=q("DROP TEXT SEARCH CONFIGURATION {}", name(*oid.name)))
    yield from _mapped(oid, Configuration(spec.parser, ()), spec)


def alter(oid: ObjectId, old: Configuration, new: Configuration, context: Context) -> Steps | None:
    return _mapped(oid, old, new) if old.parser == new.parser else None


def _mapped(oid: ObjectId, old: Configuration, new: Configuration) -> Iterator[Step]:
    was, now = old.by_token(), new.by_token()
    for token in sorted(was.keys() - now.keys()):
        yield step(oid, _unmap(oid, token), undo=_map(oid, "ADD", token, was[token]))
    for token, dictionaries in now.items():
        if token not in was:
            yield step(oid, _map(oid, "ADD", token, dictionaries), undo=_unmap(oid, token))
        elif was[token] != dictionaries:
            there, back = (_map(oid, "ALTER", token, each) for each in (dictionaries, was[token]))
            yield step(oid, there, undo=back)


def drop(oid: ObjectId, spec: Configuration, context: Context) -> Steps:
    yield step(oid, q("DROP TEXT SEARCH CONFIGURATION {}", name(*oid.name)))


KINDS = (
    PgKind(
        name="text search configuration",
        words="TEXT SEARCH CONFIGURATION",
        catalog="pg_ts_config",
        spec=Configuration,
        query=QUERY,
        create=create,
        alter=alter,
        drop=drop,
        rank=5,
    ),
)
