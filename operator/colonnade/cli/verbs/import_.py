"""`colonnade import`: a live database written down as a resource that is proved to change nothing there."""

from __future__ import annotations

import sys
import threading
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from colonnade.cli import address, options
from colonnade.cli.declared import declared
from colonnade.cli.entry import CONVERGED
from colonnade.cli.files import Texts
from colonnade.cli.progress import progress
from colonnade.cli.session import opened
from colonnade.core.errors import InvalidSpec, Unsupported
from colonnade.core.gate import Policy
from colonnade.engines import Database, Declaration, Desired, Progress, Source, Target

if TYPE_CHECKING:
    from colonnade.cli.manifest import Name
    from colonnade.engines.postgres.written import Written

STDOUT = "-"
_SHOWN = 20


def arguments(parser: ArgumentParser) -> None:
    parser.epilog = (
        "For Postgres only. The database is read, never written to; what was written is planned against it, and is printed "
        "only where that gives nothing to do."
    )
    options.database(parser, required=True)
    options.schemas(
        parser, "only what is in these schemas, with the extensions and the like that it needs [all of the database]"
    )
    group = parser.add_argument_group("the resource")
    group.add_argument(
        "--format", choices=("sql", "yaml"), default="sql", help="SQL, or YAML with SQL for what it cannot say [sql]"
    )
    group.add_argument("--name", help="name of the PostgresSchema [after the database]")
    group.add_argument("--datastore", metavar="NAME", help="name of its Datastore [that of the resource]")
    group.add_argument("-n", "--namespace", help="its namespace [none is written]")
    group = parser.add_argument_group("output")
    group.add_argument(
        "--output", metavar="DIR|-", default=STDOUT, help="folder to write a file for each object to, or - [-]"
    )
    options.progress(parser)


def run(args: Namespace) -> int:
    engine, target = address.read(args.url, args.shadow)
    if engine != "Postgres":
        raise InvalidSpec(
            f"--url: import is for Postgres only, and this is a {engine}; declare its collections by hand"
        )
    with progress(args) as told, opened(engine, target, Policy(mode="Plan"), threading.Event()) as database:
        found = Import(args, target, database, told)
        documents = found.documents()
    _put(documents, found.head(), args.output)
    for line in found.aside:
        print(line, file=sys.stderr)
    return CONVERGED


class Import:
    """One database on its way into a resource."""

    def __init__(self, args: Namespace, target: Target, database: Database, told: Progress) -> None:
        from colonnade.cli.manifest import Name, kube_name

        base = kube_name(unquote(urlsplit(args.url).path.strip("/")))
        name = args.name or base
        self.named: Name = Name(name, args.datastore or name, args.namespace)
        self.args, self.target, self.database, self.told = args, target, database, told
        self.aside: tuple[str, ...] = ()

    def documents(self) -> list[dict[str, Any]]:
        """The manifests, proved. Raises Unsupported where they would change something."""
        from colonnade.engines.postgres.database import PostgresDatabase
        from colonnade.engines.postgres.written import written

        self.told("reading the database", None)
        judge = self._judged if self.args.format == "yaml" else None
        found = written(cast(PostgresDatabase, self.database), self.args.schemas, judge)
        documents = self._manifests(found.fields, found.statements)
        self.told("planning what was written", None)
        self._prove(self._declarations(documents), found)
        return documents

    def head(self) -> list[str]:
        """What a reader of the file has to know."""
        told = [f"Written by colonnade import from {self.target.name}: planned against it, this changes nothing."]
        return [*told, *self.aside]

    def _manifests(self, fields: Mapping[str, Any], statements: Sequence[str]) -> list[dict[str, Any]]:
        from colonnade.cli.manifest import manifests

        return manifests(self.named, fields, statements)

    def _declarations(self, documents: Sequence[Mapping[str, Any]]) -> tuple[Declaration, ...]:
        """What the manifests declare, read from the very text that is written."""
        from colonnade.cli.manifest import text

        return declared(Texts(yaml=(Source("what was written", text(documents, ())),)), "Postgres").declarations

    def _judged(self, fields: Mapping[str, Any], statements: Sequence[str]) -> Desired | None:
        try:
            return self.database.desire(self._declarations(self._manifests(fields, statements)))
        except InvalidSpec:
            return None

    def _prove(self, declarations: tuple[Declaration, ...], found: Written) -> None:
        """That neither the resource by itself nor the database as a whole would be changed."""
        odd, unmanaged = self._differences(declarations, whole=False)
        if not odd and self.args.schemas:
            odd, _ = self._differences(tuple(replace(d, claims=self.args.schemas) for d in declarations), whole=False)
        elif not odd:
            odd, _ = self._differences(declarations, whole=True)
            odd = [one for one in odd if one not in {f"{name} is too much" for name in found.beyond}]
        if odd:
            raise Unsupported(_not_proved(odd))
        self.aside = tuple(_listed("cannot be declared", found.beyond))
        self.aside += tuple(_listed("not in this resource", unmanaged))

    def _differences(self, declarations: tuple[Declaration, ...], *, whole: bool) -> tuple[list[str], tuple[str, ...]]:
        """What would be done or differs, and what nobody speaks for."""
        desired = self.database.desire(declarations, whole=whole)
        if desired.met:
            return [], ()
        state = self.database.read(desired)
        plan = self.database.plan(state, desired, self.told)
        if plan.steps:
            return [f"{step.subject}: {step.statement}" for step in plan.steps], state.unmanaged
        return list(self.database.verify(desired).differences), state.unmanaged


def _not_proved(odd: Sequence[str]) -> str:
    more = f"\n  and {len(odd) - _SHOWN} more" if len(odd) > _SHOWN else ""
    return (
        "nothing is written, for what was read would not leave the database as it is:\n  "
        + "\n  ".join(odd[:_SHOWN])
        + more
        + "\nMend these in the database, or leave their schema out with --schemas"
    )


def _listed(what: str, names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"{len(names)} object(s) {what}; nothing is done to them:"
    yield from (f"  {name}" for name in names)


def _put(documents: Sequence[Mapping[str, Any]], head: Sequence[str], where: str) -> None:
    from colonnade.cli.manifest import text

    if where == STDOUT:
        print(text(documents, head), end="")
        return
    folder = Path(where)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for document in documents:
            top = head if document is documents[-1] else ()
            (folder / f"{document['metadata']['name']}.yaml").write_text(text([document], top), encoding="utf-8")
    except OSError as error:
        raise InvalidSpec(f"--output {where}: {error.strerror}; name a folder that can be written to") from None
