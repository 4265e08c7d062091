"""The whole story on one page: read, diff, plan, gate, execute, verify, report.

Level-triggered: creation, update, resync, drift and the command line all come through here, and each reads the world anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from colonnade.core.errors import Stale, Unsupported
from colonnade.core.gate import Approved, Facts, Held, Policy, gate
from colonnade.core.plan import Plan
from colonnade.engines import Database, Declaration, Desired, Outcome, Progress, Proof, State, silent


@dataclass(frozen=True)
class Result:
    """Where a reconcile ended: converged (`held` is None), or held by a gate. `plan` is what ran, or waits; `left`, what could not be cleared."""

    desired: Desired
    state: State | None
    plan: Plan | None = None
    held: Held | None = None
    outcome: Outcome | None = None
    fingerprint: str = ""
    drifted: bool = False
    left: tuple[str, ...] = ()


FactsOf = Callable[[Plan], Facts]


def reconcile(  # noqa: PLR0913 - what the flow is about, then how, by keyword
    database: Database,
    declarations: Sequence[Declaration],
    policy: Policy,
    facts: FactsOf = lambda plan: Facts(),
    *,
    whole: bool = False,
    tries: int = 3,
    progress: Progress = silent,
) -> Result:
    """Bring the database to what is declared, as far as the policy lets. Raises ColonnadeError."""
    progress("reading the declarations", None)
    desired = database.desire(declarations, whole=whole)
    settled = database.settled()
    proved = settled[1] if settled and settled[0] == desired.digest and not desired.errors else ""
    if desired.met or (proved and database.fingerprint() == proved):
        return Result(desired, None, fingerprint=desired.met or proved, left=database.clear() if desired.met else ())
    progress("reading the database", None)
    state = database.read(desired)
    plan = database.plan(state, desired, progress)
    if not plan.steps:
        proof = prove(database, desired, None)
        return Result(desired, state, plan, fingerprint=proof.fingerprint, left=proof.left)
    decision = gate(plan, policy, replace(facts(plan), first_contact=state.first_contact, drifted=bool(proved)))
    if isinstance(decision, Held):
        return Result(desired, state, plan, decision, drifted=bool(proved))
    assert isinstance(decision, Approved)
    try:
        with database.lock():
            outcome = database.execute(plan, desired, progress)
            proof = prove(database, desired, plan)
    except Stale:
        if not tries:
            raise
        return reconcile(database, declarations, policy, facts, whole=whole, tries=tries - 1, progress=progress)
    return Result(desired, state, plan, outcome=outcome, fingerprint=proof.fingerprint, left=proof.left)


def prove(database: Database, desired: Desired, plan: Plan | None) -> Proof:
    """Read again and compare; a difference that is left is an error with its name, never a shrug."""
    proof = database.verify(desired, plan)
    if not proof.equal:
        raise Unsupported(
            f"the database still differs from what is declared: {'; '.join(proof.differences[:5])}. Nothing more is done "
            "about it; take what is named out of the declaration, or make the database agree by hand"
        )
    return proof
