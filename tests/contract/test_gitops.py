"""What Argo CD makes of our resources, by the Lua of manifests/gitops/ and as it runs it: Lua 5.1 without its standard library."""

import json
import re
from typing import Any

import pytest
import yaml
from lupa import lua51

from colonnade.core.errors import InvalidSpec
from colonnade.core.gate import Held
from colonnade.core.status import Standing, conditions, converged, failed, held, working
from colonnade.resources import RESOURCES
from dev.paths import ROOT

Doc = dict[str, Any]
GITOPS = ROOT / "manifests" / "gitops"
CUSTOM: dict[str, str] = yaml.safe_load((GITOPS / "argocd-cm.yaml").read_text())["data"]
NOW = "2026-01-01T00:00:00Z"
HASH = "0123456789abcdef"
STANDINGS: dict[str, tuple[Standing, str]] = {
    "converged": (converged("it is as declared"), "Healthy"),
    "working": (working("3 steps are being run"), "Progressing"),
    "waits for an approval": (held(Held("ApprovalRequired", "plan {plan} drops a column"), "p"), "Suspended"),
    "waits for its window": (held(Held("WaitingForWindow", "it opens at two"), "p"), "Progressing"),
    "drift that is reported": (held(Held("Drifted", "a column was added by hand"), "p", drifted=True), "Healthy"),
    "refused": (held(Held("Refused", "drops are refused", terminal=True), "p"), "Degraded"),
    "wrong": (failed(InvalidSpec("no such table")), "Degraded"),
}


def lua(script: str, obj: Doc) -> Any:
    """What the script returns. Argo CD opens `table` and what needs no library; `os` has to be required, and tells the time alone."""
    runtime = lua51.LuaRuntime(register_eval=False, register_builtins=False)
    runtime.execute("""
        package.loaded.os = {date = os.date, time = os.time}
        for _, name in ipairs({"string", "math", "io", "os", "debug", "coroutine", "python"}) do
          _G[name] = nil
          if name ~= "os" then package.loaded[name] = nil end
        end
        getmetatable("").__index = nil
    """)
    runtime.globals().obj = runtime.table_from(obj, recursive=True)
    return plain(runtime.execute(script))


def plain(value: Any) -> Any:
    if lua51.lua_type(value) != "table":
        return value
    return {key: plain(inner) for key, inner in value.items()}


def resource(kind: str, standing: Standing | None = None, *, seen: int = 3, **metadata: Any) -> Doc:
    status: Doc = {"observedGeneration": -1}
    if standing is not None:
        status = {"observedGeneration": seen, "conditions": conditions(standing, seen, [], NOW)}
    return {"kind": kind, "metadata": {"name": "x", "generation": 3, **metadata}, "spec": {}, "status": status}


def health(doc: Doc) -> tuple[str, str]:
    found = lua(CUSTOM[f"resource.customizations.health.colonnade.dev_{doc['kind']}"], doc)
    return found["status"], found["message"]


def actions(kind: str) -> tuple[str, dict[str, str]]:
    """The script that says which actions there are, and each action's."""
    found = yaml.safe_load(CUSTOM[f"resource.customizations.actions.colonnade.dev_{kind}"])
    return found["discovery.lua"], {one["name"]: one["action.lua"] for one in found["definitions"]}


def offered(doc: Doc) -> set[str]:
    discovery, defined = actions(doc["kind"])
    told = lua(discovery, doc)
    assert told.keys() == defined.keys()
    return {name for name, action in told.items() if not action["disabled"]}


def plan(state: str | None) -> Doc:
    doc = resource("MigrationPlan", working("x"))
    doc["spec"] = {"plan": {"hash": HASH}}
    doc["status"].update({"state": state} if state else {})
    return doc


@pytest.mark.parametrize("kind", RESOURCES)
@pytest.mark.parametrize(("standing", "expected"), STANDINGS.values(), ids=STANDINGS)
def test_argo_cd_sees_how_a_resource_stands(kind: str, standing: Standing, expected: str) -> None:
    status, message = health(resource(kind, standing))
    assert status == expected
    assert message == f"{standing.reason}: {standing.message}"


@pytest.mark.parametrize("kind", RESOURCES)
def test_argo_cd_waits_for_what_the_operator_has_not_seen(kind: str) -> None:
    unseen = resource(kind)
    bare = {key: value for key, value in unseen.items() if key != "status"}
    for doc in (unseen, bare, resource(kind, converged("as of old"), seen=2)):
        assert health(doc)[0] == "Progressing"


@pytest.mark.parametrize("kind", RESOURCES)
def test_argo_cd_waits_for_what_is_being_deleted(kind: str) -> None:
    for standing, _ in STANDINGS.values():
        assert health(resource(kind, standing, deletionTimestamp=NOW))[0] == "Progressing"


@pytest.mark.parametrize("kind", RESOURCES)
def test_refresh_asks_for_a_pass_and_leaves_the_rest(kind: str) -> None:
    doc = plan("Pending") if kind == "MigrationPlan" else resource(kind, converged("fine"))
    assert "refresh" in offered(doc)
    changed = lua(actions(kind)[1]["refresh"], doc)
    asked = changed["metadata"].pop("annotations")
    assert asked.keys() == {"colonnade.dev/reconcile-at"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", asked["colonnade.dev/reconcile-at"])
    assert changed["spec"] == doc["spec"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("Pending", {"approve", "reject"}),
        ("Approved", {"reject"}),
        ("Rejected", {"approve"}),
        *((state, set[str]()) for state in (None, "Running", "Applied", "Failed", "Superseded")),
    ],
)
def test_a_word_on_a_plan_is_asked_for_while_it_counts(state: str | None, expected: set[str]) -> None:
    assert offered(plan(state)) - {"refresh"} == expected


@pytest.mark.parametrize(("action", "verdict"), [("approve", "Approve"), ("reject", "Reject")])
def test_a_word_on_a_plan_is_bound_to_its_hash(action: str, verdict: str) -> None:
    doc = plan("Pending")
    changed = lua(actions("MigrationPlan")[1][action], doc)
    approval = changed["spec"].pop("approval")
    assert (approval["hash"], approval["verdict"]) == (HASH, verdict)
    assert approval["reason"]
    assert json.dumps(changed["spec"]) == json.dumps(doc["spec"])


def test_flux_is_told_about_every_kind_that_people_write() -> None:
    checks = yaml.safe_load((GITOPS / "flux-kustomization.yaml").read_text())["spec"]["healthCheckExprs"]
    assert {check["kind"] for check in checks} == RESOURCES.keys() - {"MigrationPlan"}
    assert {check["apiVersion"] for check in checks} == {"colonnade.dev/v1alpha1"}
