"""One Postgres database and the flow on it: `flow.apply(...)` is what the operator does, `flow.ask(...)` what an application sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
import yaml

from colonnade.core.gate import Facts, Policy, Verdict
from colonnade.core.plan import Plan
from colonnade.engines import Database, Declaration, Progress, Source, Target, engine, silent
from colonnade.reconcile import Result, reconcile
from colonnade.resources import PostgresSchema, load_all

OWNER = "PostgresSchema/shop/main"
Specs = str | Mapping[str, str]
"""What is declared, by owner; one text is that of OWNER. A text is SQL, or the YAML of a spec where it begins with ``spec:``."""


def approved(plan: Plan) -> Facts:
    return Facts(verdict=Verdict(plan.hash, approved=True))


def unasked(plan: Plan) -> Facts:
    return Facts()


def declaration(owner: str, text: str) -> Declaration:
    """As the operator makes it from a resource."""
    spec: dict[str, Any] = yaml.safe_load(text)["spec"] if text.lstrip().startswith("spec:") else {"sql": text}
    _, namespace, name = owner.split("/")
    resource = {
        "apiVersion": "colonnade.dev/v1alpha1",
        "kind": "PostgresSchema",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"datastoreRef": {"name": "shop"}, **spec},
    }
    (schema,) = load_all(yaml.safe_dump(resource), f"{name}.yaml")
    assert isinstance(schema, PostgresSchema)
    return Declaration(owner, schema.spec, (Source("sql", schema.spec.sql),) if schema.spec.sql else ())


def declarations(specs: Specs) -> list[Declaration]:
    texts = {OWNER: specs} if isinstance(specs, str) else specs
    return [declaration(owner, text) for owner, text in texts.items()]


@dataclass
class Flow:
    """One database, and the engine on it. A pass is a session of its own, as after a restart of the operator."""

    url: str
    psql: Callable[[str, str], str]
    dump: Callable[..., str]
    policy: Policy = field(default_factory=Policy)

    @contextmanager
    def opened(self, policy: Policy | None = None, stop: threading.Event | None = None) -> Iterator[Database]:
        with engine("Postgres").open(
            Target("shop", self.url), policy or self.policy, stop or threading.Event()
        ) as database:
            yield database

    def reconcile(
        self,
        specs: Specs,
        facts: Callable[[Plan], Facts] = unasked,
        policy: Policy | None = None,
        *,
        progress: Progress = silent,
        stop: threading.Event | None = None,
    ) -> Result:
        """One pass over all declarations."""
        with self.opened(policy, stop) as database:
            return reconcile(database, declarations(specs), policy or self.policy, facts, progress=progress)

    def apply(self, specs: Specs, policy: Policy | None = None) -> Result:
        """The same with everything approved; then nothing is left to do."""
        result = self.reconcile(specs, approved, policy)
        assert result.held is None, result.held
        assert not result.desired.errors, result.desired.errors
        again = self.reconcile(specs, unasked, policy)
        assert again.held is None
        assert not (again.plan and again.plan.steps), again.plan
        return result

    def plan(self, specs: Specs, policy: Policy | None = None) -> Plan:
        """What would be done; nothing is."""
        with self.opened(policy) as database:
            desired = database.desire(declarations(specs))
            for error in desired.errors.values():
                raise error
            return database.plan(database.read(desired), desired)

    def statements(self, specs: Specs, policy: Policy | None = None) -> list[str]:
        return [step.statement for step in self.plan(specs, policy).steps]

    def run(self, script: str) -> str:
        """By hand, as a person would."""
        return self.psql(self.url, script)

    def ask(self, question: LiteralString) -> Any:
        """The first value of the answer."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(question).fetchone()
            return row[0] if row else None

    def column(self, question: LiteralString) -> list[Any]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            return [row[0] for row in connection.execute(question).fetchall()]

    def session(self, **settings: Any) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Another session, such as an application's."""
        return psycopg.connect(self.url, **settings)

    def shape(self) -> str:
        """All but the rows of everything, Colonnade's own records too."""
        return "\n".join(
            line for line in self.dump(self.url, "--schema-only").splitlines() if not line.startswith("\\")
        )

    def whole(self) -> str:
        """Everything, rows too."""
        return "\n".join(line for line in self.dump(self.url).splitlines() if not line.startswith("\\"))

    def scratch_databases(self) -> list[str]:
        """Those on the whole server that belong to nobody who is connected."""
        return self.column(
            "SELECT datname FROM pg_database d WHERE datname LIKE 'colonnade%' "
            "AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = d.datname)"
        )
