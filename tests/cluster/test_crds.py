"""The CRDs on a real API server: it takes them, it holds specs to their rules, and kubectl shows what is meant to be seen."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from kubernetes import client
from kubernetes.client.exceptions import ApiException

from colonnade.resources import GROUP, RESOURCES, VERSION, load
from colonnade.resources.common import Rule
from tests.fixtures.kubernetes import CRDS
from tests.unit.resources import rules
from tests.unit.resources.rules import CASES, Case, document
from tests.unit.resources.test_rules import every_rule

pytestmark = pytest.mark.usefixtures("crds")

Kubectl = Callable[..., str]


class Objects:
    """Resources in one namespace, sent with strict field validation."""

    def __init__(self, api: client.ApiClient, namespace: str) -> None:
        self.api, self.namespace = client.CustomObjectsApi(api), namespace

    def create(self, kind: str, spec: dict[str, Any], *, dry: bool = False) -> dict[str, Any]:
        made = self.api.create_namespaced_custom_object(
            GROUP,
            VERSION,
            self.namespace,
            RESOURCES[kind].names.plural,
            document(kind, spec),
            field_validation="Strict",
            dry_run="All" if dry else None,
        )
        return cast("dict[str, Any]", made)

    def replace(self, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
        plural = RESOURCES[kind].names.plural
        found = self.api.get_namespaced_custom_object(GROUP, VERSION, self.namespace, plural, "case")
        old = cast("dict[str, Any]", found)
        made = self.api.replace_namespaced_custom_object(
            GROUP, VERSION, self.namespace, plural, "case", {**old, "spec": spec}, dry_run="All"
        )
        return cast("dict[str, Any]", made)


@pytest.fixture
def objects(api: client.ApiClient, namespace: str) -> Objects:
    return Objects(api, namespace)


def rule_of(case: Case) -> Rule:
    return next(rule for rule in every_rule() if case.says in rule.message)


@pytest.mark.parametrize("mode", ["--server-side", "--server-side=false"])
def test_the_server_takes_the_crds_word_for_word(kubectl: Kubectl, mode: str) -> None:
    """Without --server-side kubectl keeps the whole text in an annotation, which may hold 256 KiB."""
    applied = kubectl("apply", mode, "--dry-run=server", "--validate=strict", f"--filename={CRDS}")
    assert applied.count("dry run") == len(RESOURCES)


def test_the_server_obeys_the_rules(objects: Objects) -> None:
    """All of them in one namespace: a case is one request."""
    refused = {str(case): _refusal(objects, case.kind, case.obeys) for case in CASES}
    assert {case: why for case, why in refused.items() if why} == {}


def test_the_server_refuses_what_breaks_a_rule_in_its_words(objects: Objects) -> None:
    checked = [case for case in CASES if not case.change and rule_of(case).cel]
    answers = {str(case): (rule_of(case).message, _refusal(objects, case.kind, case.breaks)) for case in checked}
    assert {case: answer for case, (message, answer) in answers.items() if message not in answer} == {}


@pytest.mark.parametrize("case", [case for case in CASES if case.change], ids=str)
def test_the_server_refuses_to_change_what_may_not_change(objects: Objects, case: Case) -> None:
    objects.create(case.kind, case.obeys)
    objects.replace(case.kind, case.obeys)
    with pytest.raises(ApiException) as refusal:
        objects.replace(case.kind, case.breaks)
    assert rule_of(case).message in _message(refusal.value)


@pytest.mark.parametrize(
    ("kind", "spec", "says"),
    [
        ("PostgresSchema", rules.postgres("tabels: []"), 'unknown field "spec.tabels"'),
        ("PostgresSchema", rules.table("columns: [{name: a, type: int}, {name: a, type: int}]"), "Duplicate value"),
        ("PostgresSchema", rules.column("nullable: 'no'"), "must be of type boolean"),
        ("PostgresSchema", rules.postgres("schemas: []"), "should have at least 1 items"),
        (
            "PostgresSchema",
            rules.postgres("deletionPolicy: Drop"),
            'supported values: "Retain", "Quarantine", "Delete"',
        ),
        ("Datastore", rules.datastore("resync: 5 minutes"), "should match"),
        ("Datastore", rules.datastore("policy: {windows: [{schedule: daily, duration: 1h}]}"), "should match"),
        (
            "MongoSchema",
            rules.index(f"keys: [{', '.join(['{field: a, order: 1}'] * 33)}]"),
            "must have at most 32 items",
        ),
        ("MongoSchema", rules.index("keys: [{field: a, order: 2}]"), "supported values"),
        ("MigrationPlan", rules.plan("approval: {verdict: Approve}"), "spec.approval.hash: Required value"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_server_refuses_other_mistakes(objects: Objects, kind: str, spec: dict[str, Any], says: str) -> None:
    assert says in _refusal(objects, kind, spec)


@pytest.mark.parametrize("kind", RESOURCES)
def test_a_new_resource_is_not_ready_and_its_spec_is_left_as_it_was_sent(objects: Objects, kind: str) -> None:
    """Whoever waits for Ready sees a generation that was not seen yet; whoever compares with git sees no difference."""
    spec = next(case.obeys for case in CASES if case.kind == kind)
    made = objects.create(kind, spec)
    assert made["status"] == {"observedGeneration": -1}
    assert made["spec"] == spec
    assert load(made, strict=True).status.observed_generation == -1


def test_fields_of_fields_are_kept_however_deep(objects: Objects) -> None:
    inner: dict[str, Any] = {"name": "f", "type": "string", "minLength": 1}
    for _ in range(8):
        inner = {"name": "f", "type": "object", "fields": [inner]}
    spec = {"datastoreRef": {"name": "shop"}, "collections": [{"name": "c", "fields": [inner]}]}
    assert objects.create("MongoSchema", spec)["spec"] == spec


def test_raw_parts_are_kept_word_for_word(objects: Objects) -> None:
    pipeline = [{"$match": {"at": {"$gt": {"$date": "2024-01-01T00:00:00Z"}}}}, {"$set": {"a": None}}]
    spec = {"datastoreRef": {"name": "shop"}, "views": [{"name": "v", "viewOn": "c", "pipeline": pipeline}]}
    assert objects.create("MongoSchema", spec)["spec"] == spec


def test_get_shows_how_things_stand(objects: Objects, kubectl: Kubectl) -> None:
    objects.create("PostgresSchema", rules.postgres())
    ready = {"type": "Ready", "status": "False", "reason": "ApprovalRequired", "message": "plan waits"}
    status = {"conditions": [{**ready, "observedGeneration": 1}], "plan": {"name": "shop-1"}, "drift": {"count": 2}}
    kubectl("patch", "pgs", "case", "--subresource=status", "--type=merge", f"--patch={json.dumps({'status': status})}")
    header, row = kubectl("get", "pgs").splitlines()
    assert header.split() == ["NAME", "READY", "REASON", "DATASTORE", "AGE"]
    assert row.split()[:4] == ["case", "False", "ApprovalRequired", "shop"]
    wide, row = kubectl("get", "pgs", "--output=wide").splitlines()
    assert wide.split() == ["NAME", "READY", "REASON", "DATASTORE", "PLAN", "DRIFT", "MESSAGE", "AGE"]
    assert row.split()[4:8] == ["shop-1", "2", "plan", "waits"]


@pytest.mark.parametrize(
    ("short", "columns"),
    [
        ("dst", "NAME READY REASON ENGINE VERSION AGE"),
        ("mgs", "NAME READY REASON DATASTORE AGE"),
        ("mp", "NAME READY REASON DATASTORE STATE AGE"),
        ("pgs", "NAME READY REASON DATASTORE AGE"),
    ],
)
def test_each_kind_has_a_short_name_and_its_columns(
    objects: Objects, kubectl: Kubectl, short: str, columns: str
) -> None:
    kind = next(name for name, model in RESOURCES.items() if model.names.short == short)
    objects.create(kind, next(case.obeys for case in CASES if case.kind == kind))
    assert kubectl("get", short).splitlines()[0].split() == columns.split()


def test_all_kinds_are_one_category_and_are_selected_by_their_datastore(objects: Objects, kubectl: Kubectl) -> None:
    objects.create("PostgresSchema", rules.postgres())
    objects.create("MongoSchema", rules.mongo("datastoreRef: {name: other}"))
    objects.create("Datastore", rules.datastore())
    assert kubectl("get", "colonnade", "--output=name").split() == [
        f"datastore.{GROUP}/case",
        f"mongoschema.{GROUP}/case",
        f"postgresschema.{GROUP}/case",
    ]
    selected = kubectl("get", "pgs,mgs", "--field-selector=spec.datastoreRef.name=shop", "--output=name")
    assert selected.split() == [f"postgresschema.{GROUP}/case"]


@pytest.mark.parametrize(
    ("field", "says"),
    [
        ("datastore.spec.policy.maxBlocking", "needs approval. By default 1s"),
        ("datastore.spec.resync", "with a unit. By default 5m."),
        ("postgresschema.spec.deletionPolicy", "By default Retain."),
        ("postgresschema.spec.tables.columns.identity", "ENUM: Always ByDefault"),
        (
            "mongoschema.spec.collections.indexes.expireAfter",
            "Age of the indexed date at which MongoDB deletes the document",
        ),
        ("migrationplan.spec.approval.hash", "what is approved is this very plan"),
        ("migrationplan.status.conditions", "Ready, Reconciling, Stalled and Drifted"),
    ],
)
def test_explain_reads_like_documentation(kubectl: Kubectl, field: str, says: str) -> None:
    assert says in " ".join(kubectl("explain", field).split())


def _refusal(objects: Objects, kind: str, spec: dict[str, Any]) -> str:
    """Why the server would not take a resource, or nothing where it would."""
    try:
        objects.create(kind, spec, dry=True)
    except ApiException as refusal:
        return _message(refusal)
    return ""


def _message(refusal: ApiException) -> str:
    return str(json.loads(refusal.body or "{}")["message"])
