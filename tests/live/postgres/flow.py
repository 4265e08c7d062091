"""One Postgres database and the flow on it: `flow.apply(...)` is what the operator does, `flow.ask(...)` what an application sees."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, LiteralString
from urllib.parse import urlsplit

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
    """One database, and the engine on it.

    `url` is Colonnade's way in, `hand` that of a person or an application.
    """

    url: str
    hand: str
    psql: Callable[[str, str], str]
    dump: Callable[..., str]
    policy: Policy = field(default_factory=Policy)

    _sessions: dict[Policy, tuple[Database, ExitStack]] = field(
        default_factory=dict[Policy, tuple[Database, ExitStack]]
    )

    @contextmanager
    def opened(self, policy: Policy | None = None, stop: threading.Event | None = None) -> Iterator[Database]:
        """A session of its own, as after a restart of the operator."""
        with engine("Postgres").open(
            Target("shop", self.url), policy or self.policy, stop or threading.Event()
        ) as database:
            yield database

    @contextmanager
    def kept(self, policy: Policy | None = None) -> Iterator[Database]:
        """A session that stays open between passes, as the operator's does, unless one ends in an error."""
        policy = policy or self.policy
        if policy not in self._sessions:
            stack = ExitStack()
            self._sessions[policy] = stack.enter_context(self.opened(policy)), stack
        try:
            yield self._sessions[policy][0]
        except BaseException:
            self._sessions.pop(policy)[1].close()
            raise

    def close(self) -> None:
        while self._sessions:
            self._sessions.popitem()[1][1].close()

    def reconcile(
        self,
        specs: Specs,
        facts: Callable[[Plan], Facts] = unasked,
        policy: Policy | None = None,
        *,
        progress: Progress = silent,
    ) -> Result:
        """One pass over all declarations, as the operator makes it where nothing is paused."""
        with self.kept(policy) as database:
            if (policy or self.policy).mode == "Apply":
                database.tidy()
            return reconcile(database, declarations(specs), policy or self.policy, facts, progress=progress)

    def apply(self, specs: Specs, policy: Policy | None = None) -> Result:
        """The same with everything approved; then nothing is left to do."""
        result = self.reconcile(specs, approved, policy)
        assert result.held is None, result.held
        assert not result.desired.errors, result.desired.errors
        again = self.reconcile(specs, unasked, policy)
        assert again.held is None
        assert again.state is None, "it is settled: the fingerprint says so without a look at the rest"
        return result

    def plan(self, specs: Specs, policy: Policy | None = None) -> Plan:
        """What would be done; nothing is."""
        with self.kept(policy) as database:
            desired = database.desire(declarations(specs))
            for error in desired.errors.values():
                raise error
            return database.plan(database.read(desired), desired)

    def statements(self, specs: Specs, policy: Policy | None = None) -> list[str]:
        return [step.statement for step in self.plan(specs, policy).steps]

    def run(self, script: str) -> str:
        """By hand, as a person would."""
        return self.psql(self.hand, script)

    def ask(self, question: LiteralString) -> Any:
        """The first value of the answer."""
        with psycopg.connect(self.hand, autocommit=True) as connection:
            row = connection.execute(question).fetchone()
            return row[0] if row else None

    def column(self, question: LiteralString, *values: Any) -> list[Any]:
        with psycopg.connect(self.hand, autocommit=True) as connection:
            return [row[0] for row in connection.execute(question, values or None).fetchall()]

    def session(self, **settings: Any) -> AbstractContextManager[psycopg.Connection[Any]]:
        """Another session, such as an application's."""
        return psycopg.connect(self.hand, **settings)

    def shape(self) -> str:
        """All but the rows of everything, Colonnade's own records too."""
        return "\n".join(
            line for line in self.dump(self.hand, "--schema-only").splitlines() if not line.startswith("\\")
        )

    def whole(self) -> str:
        """Everything, rows too."""
        return "\n".join(line for line in self.dump(self.hand).splitlines() if not line.startswith("\\"))

    def scratch_databases(self) -> list[str]:
        """Those that Colonnade made in this test and did not drop, once no session is open any more."""
        self.close()
        return self.scratch_databases_held()

    def scratch_databases_held(self) -> list[str]:
        """Those that are there now."""
        return self.column(
            "SELECT datname FROM pg_database WHERE pg_get_userbyid(datdba) = %s", urlsplit(self.url).username
        )
