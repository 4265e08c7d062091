"""From what came of a pass to how each resource stands."""

from __future__ import annotations

from typing import Any

import pytest

from colonnade.cluster.judge import Ran, of_datastore, of_schema
from colonnade.cluster.load import Entry
from colonnade.cluster.objects import Key
from colonnade.cluster.work import Report
from colonnade.core import errors
from colonnade.core.gate import Held
from colonnade.core.hazards import DELETES_DATA, hazard
from colonnade.core.kind import Model, ObjectId
from colonnade.core.plan import Plan, Step, numbered
from colonnade.core.status import Standing
from colonnade.engines import Declaration, Desired, Outcome, Probe, State
from colonnade.reconcile import Result

KEY = Key("team", "shop")
USERS, ORDERS = "PostgresSchema/team/users", "PostgresSchema/team/orders"
RAN = Ran("shop-1", "2026-05-04T12:00:00Z")
PROBE = Probe("18.6", ("CREATEDB",), tls=True)


def entry(owner: str = USERS, ready: bool = False, generation: int = 2, **more: Any) -> Entry:
    kind, namespace, name = owner.split("/")
    condition = {"type": "Ready", "status": "True" if ready else "False", "observedGeneration": 2}
    meta = {"name": name, "namespace": namespace, "generation": generation}
    doc = {"kind": kind, "metadata": meta, "spec": {}, "status": {"conditions": [condition], **more}}
    return Entry(doc, Declaration(owner, None), warnings=("spec.colour: is not a known field",))


def desired(**errors_: errors.ColonnadeError) -> Desired:
    owners = {ObjectId("table", (str(i),)): USERS if i < 2 else ORDERS for i in range(5)}
    return Desired(
        Model({}),
        owners,
        "d",
        {f"PostgresSchema/team/{name}": e for name, e in errors_.items()},
        {USERS: ("index twice",)},
    )


def plan(*resources: str) -> Plan:
    step = Step("DROP TABLE users", "table users", hazards=(hazard(DELETES_DATA, "table users"),))
    return Plan("shop", numbered([step]), "f" * 32, ("look twice",), resources)


def report(
    held: Held | None = None, plan_: Plan | None = None, drifted: bool = False, ran: bool = False, **errors_: Any
) -> Report:
    want, outcome = desired(**errors_), Outcome({"s1": 0.25}) if ran else None
    state = State(Model({}), "fp", tuple(f"table t{i}" for i in range(150)))
    result = Result(want, state, plan_, held, outcome, "" if held else "fp", drifted)
    return Report(PROBE, result, want, ran=plan_ if ran else None)


WAITS = Held("ApprovalRequired", "plan waits; kubectl colonnade approve {plan}")


def test_what_was_proved_is_ready_and_counts_its_own_objects() -> None:
    found = of_schema(entry(), report(), RAN, KEY)
    assert (found.standing.ready, found.standing.reason) == (True, "Converged")
    assert found.fields["managedObjects"] == 2
    assert found.fields["fingerprint"] == "fp"
    assert found.fields["plan"] is found.fields["drift"] is found.fields["progress"] is None
    assert found.fields["warnings"] == ["spec.colour: is not a known field", "index twice"]


def test_a_plan_that_ran_is_noted() -> None:
    found = of_schema(entry(), report(plan_=plan(USERS), ran=True), RAN, KEY)
    assert found.standing.ready
    assert found.fields["applied"] == {"plan": "shop-1", "hash": plan(USERS).hash, "time": RAN.now, "duration": "250ms"}


def test_a_plan_that_waits_is_summed_up_and_named() -> None:
    found = of_schema(entry(), report(WAITS, plan(USERS)), RAN, KEY)
    assert (found.standing.ready, found.standing.stuck, found.standing.reason) == (False, False, "ApprovalRequired")
    assert found.standing.message.endswith("approve shop-1")
    assert found.fields["plan"] == {"name": "shop-1", "hash": plan(USERS).hash, "steps": 1, "hazards": ["DELETES_DATA"]}
    assert "fingerprint" not in found.fields, "nothing was proved"


@pytest.mark.parametrize(
    ("ready", "generation", "reason"),
    [(True, 2, "Converged"), (False, 2, "ApprovalRequired"), (True, 3, "ApprovalRequired")],
)
def test_a_resource_that_the_plan_does_not_touch_stands_as_it_was_proved(
    ready: bool, generation: int, reason: str
) -> None:
    found = of_schema(entry(ORDERS, ready, generation), report(WAITS, plan(USERS)), RAN, KEY)
    assert found.standing.reason == reason


def test_reported_drift_is_listed_since_it_was_first_seen() -> None:
    drifting = report(Held("Drifted", "2 step(s) would put back"), plan(USERS), drifted=True)
    found = of_schema(entry(ready=True), drifting, RAN, KEY)
    assert (found.standing.ready, found.standing.drifted, found.standing.reason) == (True, True, "Drifted")
    assert found.fields["drift"] == {"count": 1, "objects": ["table users"], "since": RAN.now}
    again = of_schema(entry(ready=True, drift={"since": "2026-01-01T00:00:00Z"}), drifting, RAN, KEY)
    assert again.fields["drift"]["since"] == "2026-01-01T00:00:00Z"


def test_a_resource_that_is_wrong_is_so_alone() -> None:
    found = report(users=errors.InvalidSpec("line 3: no such type"))
    assert of_schema(entry(USERS), found, RAN, KEY).standing == Standing(
        "InvalidSpec", "line 3: no such type", stuck=True
    )
    assert of_schema(entry(ORDERS), found, RAN, KEY).standing.ready


def test_a_resource_that_was_left_out_says_why() -> None:
    out = Entry(entry().doc, out=Standing("Paused", "paused"))
    assert of_schema(out, report(), RAN, KEY).standing == Standing("Paused", "paused")


def test_a_database_that_is_down_is_told_of_the_datastore_and_of_every_resource() -> None:
    down = Report(error=errors.Unreachable("no answer from db:5432"))
    assert of_datastore(down, RAN, paused=False, declared=True).standing == Standing(
        "Unreachable", "no answer from db:5432"
    )
    assert of_schema(entry(), down, RAN, KEY).standing.message == "Datastore shop: no answer from db:5432"


def test_an_error_of_one_resource_holds_up_the_others_and_says_whose_it_is() -> None:
    failing = Report(PROBE, None, desired(), errors.DataViolation("3 rows of users").about(USERS))
    assert of_schema(entry(USERS), failing, RAN, KEY).standing == Standing("DataViolation", "3 rows of users")
    other = of_schema(entry(ORDERS), failing, RAN, KEY).standing
    assert (other.reason, other.message) == ("WaitingForDependency", f"held up by {USERS}: 3 rows of users")


def test_an_error_of_one_declaration_wins_over_that_of_the_whole() -> None:
    failing = Report(PROBE, None, desired(orders=errors.Conflict("both declare t")), errors.Failed("hm"))
    assert of_schema(entry(ORDERS), failing, RAN, KEY).standing.reason == "Conflict"
    assert of_schema(entry(USERS), failing, RAN, KEY).standing.reason == "Failed"


def test_the_datastore_tells_of_its_server() -> None:
    found = of_datastore(report(WAITS, plan(USERS)), RAN, paused=False, declared=True)
    assert found.standing.ready
    assert found.fields["server"] == {"version": "18.6", "tls": True, "readOnly": False, "facts": {}}
    assert (found.fields["managedObjects"], found.fields["unmanagedObjects"], len(found.fields["unmanaged"])) == (
        5,
        150,
        100,
    )
    assert found.fields["pendingPlan"] == "shop-1"


def test_a_missing_privilege_is_told_with_what_mends_it() -> None:
    found = of_datastore(
        Report(Probe("18.6", problems=("no CREATE on shop: GRANT CREATE ON DATABASE shop TO app",))),
        RAN,
        paused=False,
        declared=True,
    )
    assert (found.standing.reason, found.standing.ready) == ("Unauthorized", False)
    assert "GRANT CREATE" in found.standing.message


def test_what_nobody_declares_any_more_is_not_counted() -> None:
    nothing = Report(Probe("18.6"))
    found = of_datastore(nothing, RAN, paused=False, declared=False)
    assert (found.fields["managedObjects"], found.fields["pendingPlan"]) == (0, None)
    paused = of_datastore(nothing, RAN, paused=False, declared=True)
    assert not {"managedObjects", "pendingPlan"} & paused.fields.keys()


def test_a_paused_datastore_is_ready_and_says_so() -> None:
    found = of_datastore(report(), RAN, paused=True, declared=True)
    assert (found.standing.ready, found.standing.reason) == (True, "Paused")
