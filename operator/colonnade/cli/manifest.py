"""What `import` found, as manifests: a PostgresSchema, and ConfigMaps where its SQL is too long to stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from colonnade.cli.script import ended
from colonnade.core.errors import Unsupported
from colonnade.resources import GROUP, VERSION

INLINE = 180_000
"""Bytes of SQL in one object: `kubectl apply` keeps a copy of the manifest in an annotation, which holds 256 KiB with all escapes."""
LARGEST = 900_000
"""Bytes that fit into a ConfigMap whatever applies it."""
SOURCES = 32
"""Entries that spec.sqlFrom takes."""


@dataclass(frozen=True)
class Name:
    """How the resource is to be called, and where."""

    name: str
    datastore: str
    namespace: str | None = None

    def metadata(self, name: str) -> dict[str, str]:
        return {"name": name, **({"namespace": self.namespace} if self.namespace else {})}


def kube_name(text: str) -> str:
    """A name that Kubernetes takes, made from another."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:63].strip("-") or "database"


def manifests(named: Name, fields: Mapping[str, Any], statements: Sequence[str]) -> list[dict[str, Any]]:
    """The documents, those that others refer to first. Raises Unsupported where it is too much for one resource."""
    texts = list(_texts(statements))
    spec: dict[str, Any] = {"datastoreRef": {"name": named.datastore}, **fields}
    maps = []
    if len(texts) == 1 and len(texts[0].encode()) + len(json.dumps(spec)) <= INLINE:
        spec["sql"] = texts[0]
    elif texts:
        names = [f"{named.name}-sql-{number}" for number in range(1, len(texts) + 1)]
        maps = [_config_map(named.metadata(name), text) for name, text in zip(names, texts, strict=True)]
        spec["sqlFrom"] = [{"configMapKeyRef": {"name": name, "key": "schema.sql"}} for name in names]
    resource = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "PostgresSchema", "metadata": named.metadata(named.name)}
    return [*maps, {**resource, "spec": spec}]


def _config_map(metadata: Mapping[str, str], text: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"schema.sql": text}}


def _texts(statements: Sequence[str]) -> Iterator[str]:
    """The statements as one text, or as several that each fit into an object."""
    sizes = [len(statement.encode()) + 3 for statement in statements]
    room = max(INLINE, min(LARGEST, 2 * sum(sizes) // SOURCES))
    kept: list[str] = []
    size, count = 0, 1
    for statement, more in zip(statements, sizes, strict=True):
        if kept and size + more > room:
            yield laid_out(kept)
            kept, size, count = [], 0, count + 1
        kept.append(statement)
        size += more
        if size > LARGEST or count > SOURCES:
            raise Unsupported(
                f"{sum(sizes)} bytes of SQL are more than one PostgresSchema can refer to ({SOURCES} ConfigMaps of {LARGEST}); "
                "share it out over several resources with --schemas"
            )
    if kept:
        yield laid_out(kept)


def laid_out(statements: Iterable[str]) -> str:
    """One text: statements of one line that are of one sort stand together, others apart."""
    out, before = "", ""
    for statement in statements:
        verb, what, *_ = [*statement.split(None, 2), ""]
        sort = "" if "\n" in statement else verb if verb in _OF_ONE_SORT else f"{verb} {what}"
        out += ("\n" if out and not (sort and sort == before) else "") + f"{ended(statement)}\n"
        before = sort
    return out


_OF_ONE_SORT = ("COMMENT", "GRANT", "REVOKE")


def text(documents: Iterable[Mapping[str, Any]], head: Sequence[str]) -> str:
    """The documents as YAML, under these lines of comment."""
    told = "".join(f"# {line}".rstrip() + "\n" for line in head)
    return told + "---\n".join(
        yaml.dump(document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=110) for document in documents
    )


_UNFIT = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029\ufeff]")
"""What cannot stand in a block of text as it is."""


class _Dumper(yaml.SafeDumper):
    """Longer texts as blocks, whatever blanks and tabs they have; lists indented, as people write them."""

    def analyze_scalar(self, scalar: str) -> Any:
        found = super().analyze_scalar(scalar)
        if "\n" in scalar and not _UNFIT.search(scalar):
            found.allow_block = True
        return found

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - the library's
        super().increase_indent(flow, False)


def _block(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


_Dumper.add_representer(str, _block)
