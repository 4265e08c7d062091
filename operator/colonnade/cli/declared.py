"""From texts to declarations, with no cluster: what a --url is to be brought to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from colonnade.cli.files import Texts
from colonnade.cli.places import Place
from colonnade.cli.rules import Wish
from colonnade.core.errors import InvalidSpec
from colonnade.engines import Declaration, Source

if TYPE_CHECKING:
    from colonnade.resources import Datastore, MongoSchema, PostgresSchema
    from colonnade.resources.postgres_schema import SqlFrom

KINDS = {"Postgres": "PostgresSchema", "MongoDB": "MongoSchema"}


@dataclass(frozen=True)
class Declared:
    """What is declared for one database, the policies that resources wish for, those for another engine, and where each stands."""

    declarations: tuple[Declaration, ...]
    wishes: tuple[Wish, ...] = ()
    passed_over: tuple[str, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict[str, Place])


def declared(texts: Texts, engine: str) -> Declared:
    """What these texts declare for a database of this engine. Raises InvalidSpec."""
    found = _with_resources(texts, engine) if texts.yaml else Declared(())
    sql = _sql(texts, engine)
    if not sql and not found.declarations:
        there = f"only {', '.join(found.passed_over)}" if found.passed_over else "no resource"
        raise InvalidSpec(
            f"-f {' -f '.join(texts.asked)}: declares nothing for {engine} (there is {there}); give SQL or a {KINDS[engine]}"
        )
    return replace(found, declarations=(*sql, *found.declarations))


def _sql(texts: Texts, engine: str) -> tuple[Declaration, ...]:
    if not texts.sql:
        return ()
    if engine != "Postgres":
        raise InvalidSpec(
            f"{texts.sql[0].name}: SQL is for Postgres, and --url is that of a {engine}; give a {KINDS[engine]} in YAML"
        )
    return (Declaration(", ".join(source.name for source in texts.sql[:3]), None, texts.sql),)


def _with_resources(texts: Texts, engine: str) -> Declared:
    from colonnade.resources import Datastore, MongoSchema, PostgresSchema, load_all

    every = [(text, one) for text in texts.yaml for one in load_all(text.text, text.name)]
    found = [(text, one) for text, one in every if isinstance(one, PostgresSchema | MongoSchema)]
    datastores = [(text, one) for text, one in every if isinstance(one, Datastore) and one.spec.engine == engine]
    ours = [(text, one) for text, one in found if one.kind == KINDS[engine]]
    _same_datastore(one for _, one in ours)
    _each_once(ours)
    kept = ConfigMaps(texts.yaml)
    return Declared(
        tuple(Declaration(owner(one), one.spec, tuple(_sources(text, one, kept))) for text, one in ours),
        tuple(_wishes(ours, datastores)),
        tuple(f"{one.kind} {one.metadata.name}" for _, one in found if one.kind != KINDS[engine]),
        {owner(one): _place(text, one) for text, one in ours},
    )


def _wishes(
    ours: Sequence[tuple[Source, PostgresSchema | MongoSchema]], datastores: Sequence[tuple[Source, Datastore]]
) -> Iterator[Wish]:
    """The policies of the resources, and that of their Datastore where it is among the files, too."""
    wanted = {one.spec.datastore_ref.name for _, one in ours}
    theirs = [(text, one) for text, one in datastores if one.metadata.name in wanted]
    for text, one in (*theirs, *ours):
        if one.spec.policy:
            yield Wish(f"{one.kind} {one.metadata.name} in {text.name}", one.spec.policy)


def _place(text: Source, resource: PostgresSchema | MongoSchema) -> Place:
    return Place(text, resource.kind, resource.metadata.namespace, resource.metadata.name)


def owner(resource: PostgresSchema | MongoSchema) -> str:
    """What the engines call a resource."""
    return f"{resource.kind}/{resource.metadata.namespace or 'default'}/{resource.metadata.name}"


def _same_datastore(resources: Iterable[PostgresSchema | MongoSchema]) -> None:
    found = {one.spec.datastore_ref.name for one in resources}
    if len(found) > 1:
        raise InvalidSpec(
            f"the files declare for {len(found)} Datastores ({', '.join(sorted(found))}), and --url is one database; "
            "give the files of one of them"
        )


def _each_once(resources: Iterable[tuple[Source, PostgresSchema | MongoSchema]]) -> None:
    """In a cluster two of one kind and name are one object, and the last that is applied is what it is."""
    found: dict[str, list[Place]] = {}
    for text, one in resources:
        found.setdefault(owner(one), []).append(_place(text, one))
    twice = [
        f"{there[0].kind} {there[0].name} is in {' and in '.join(one.text.name for one in there)}; "
        "give one of them, or give each a name of its own"
        for there in found.values()
        if len(there) > 1
    ]
    if twice:
        raise InvalidSpec("\n".join(twice))


def _sources(text: Source, resource: PostgresSchema | MongoSchema, kept: ConfigMaps) -> Iterator[Source]:
    if resource.kind == "MongoSchema":
        return
    told = f"{text.name}, {resource.kind} {resource.metadata.name}"
    if resource.spec.sql:
        yield Source(f"{told}, spec.sql", resource.spec.sql)
    for entry in resource.spec.sql_from:
        yield kept.source(told, entry)


class ConfigMaps:
    """The ConfigMaps among the files: the only place that sqlFrom can be read from with no cluster."""

    def __init__(self, texts: Iterable[Source]) -> None:
        self._texts = tuple(texts)
        self._found: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] | None = None

    def source(self, told: str, entry: SqlFrom) -> Source:
        """The SQL of one entry. Raises InvalidSpec where it is in none of the files."""
        if (ref := entry.config_map_key_ref) is None:
            secret = entry.secret_key_ref.name if entry.secret_key_ref else ""
            raise InvalidSpec(
                f"{told}, spec.sqlFrom: Secret {secret} is in the cluster; leave out --url, or give its SQL with -f"
            )
        name, data, binary = self._all().get(ref.name, ("", {}, {}))
        if not name:
            raise InvalidSpec(
                f"{told}, spec.sqlFrom: ConfigMap {ref.name} is in none of the files; give its file with -f, or leave out --url"
            )
        if ref.key in binary:
            raise InvalidSpec(
                f"{told}, spec.sqlFrom: ConfigMap {ref.name}, key {ref.key!r} is binary data, and SQL is text; write it in UTF-8, under data"
            )
        if ref.key not in data:
            raise InvalidSpec(
                f"{told}, spec.sqlFrom: ConfigMap {ref.name} has no key {ref.key!r}; it has {', '.join(sorted(data)) or 'none'}"
            )
        return Source(f"{name}, ConfigMap {ref.name}, key {ref.key}", str(data[ref.key]))

    def _all(self) -> dict[str, tuple[str, dict[str, Any], dict[str, Any]]]:
        from colonnade.resources import documents

        if self._found is None:
            docs = ((text.name, doc.content) for text in self._texts for doc in documents(text.text, text.name))
            maps = ((file, content) for file, content in docs if content.get("kind") == "ConfigMap")
            self._found = {
                str((content.get("metadata") or {}).get("name")): (
                    file,
                    content.get("data") or {},
                    content.get("binaryData") or {},
                )
                for file, content in maps
            }
        return self._found
