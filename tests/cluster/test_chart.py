"""The chart, as helm renders it and a real API server takes it."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from colonnade import __version__, metrics, settings
from colonnade.core.status import REASONS
from colonnade.resources import GROUP
from dev import generated, install
from dev.install import Doc, documents, render
from dev.kubernetes import Cluster

EVERYTHING: Doc = {
    "image": {"registry": "registry.example.org", "digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": ["pull"],
    "shards": 2,
    "settings": {"allowedHosts": ["*.svc", "db-?.example.org"]},
    "env": [{"name": "TZ", "value": "UTC"}],
    "podLabels": {"team": "data"},
    "podAnnotations": {"note": "yes"},
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "data", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    ],
    "priorityClassName": "system-cluster-critical",
    "serviceAccount": {"name": "keeper", "annotations": {"note": "yes"}},
    "networkPolicy": {
        "enabled": True,
        "metricsFrom": [{"namespaceSelector": {}}],
        "egress": [{"ports": [{"port": 5432}]}],
    },
}
MONITORING: Doc = {"metrics": {"serviceMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}}}
VALUES: dict[str, Doc] = {
    "defaults": {},
    "everything": EVERYTHING,
    "without CRDs and rights": {
        "crds": {"enabled": False},
        "rbac": {"create": False, "userRoles": False},
        "serviceAccount": {"create": False},
    },
    "OpenShift": {"runAsUser": None},
}

each = pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)


def of_kind(docs: list[Doc], *kinds: str) -> list[Doc]:
    return [doc for doc in docs if doc["kind"] in kinds]


def rendered(values: Doc | None = None, namespace: str = "colonnade-system") -> list[Doc]:
    return documents(render(namespace, values))


@each
def test_helm_has_nothing_against_it(values: Doc, helm: Callable[..., str], tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(json.dumps(values))
    assert "0 chart(s) failed" in helm("lint", "--strict", str(install.CHART), f"--values={file}")


@each
def test_the_api_server_takes_every_document(values: Doc, namespace: str, kubectl: Callable[..., str]) -> None:
    docs = rendered(values, namespace)
    taken = kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server", "--filename=-", stdin=listed(docs)
    )
    assert len(taken.splitlines()) == len(docs)


def test_the_api_server_takes_roles_in_watched_namespaces(namespace: str, kubectl: Callable[..., str]) -> None:
    docs = rendered({"watchNamespaces": [namespace]}, namespace)
    kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--filename=-", stdin=listed(docs))


def listed(docs: list[Doc]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": docs})


def test_in_watched_namespaces_there_are_roles_and_nothing_of_the_cluster() -> None:
    docs = rendered({"watchNamespaces": ["a", "b"]}, namespace="home")
    assert not of_kind(docs, "ClusterRole", "ClusterRoleBinding")
    bound = {
        doc["metadata"]["namespace"] for doc in of_kind(docs, "RoleBinding") if doc["roleRef"]["name"] == "colonnade"
    }
    assert bound == {"a", "b"}
    lease = next(doc for doc in of_kind(docs, "RoleBinding") if doc["roleRef"]["name"] == "colonnade-lease")
    assert lease["metadata"]["namespace"] == "home"
    assert {subject["namespace"] for doc in of_kind(docs, "RoleBinding") for subject in doc["subjects"]} == {"home"}


def test_an_operator_of_some_namespaces_may_do_nothing_elsewhere(
    cluster: Cluster, crds: list[str], namespace: str, tmp_path: Path
) -> None:
    install.install(cluster, namespace, [namespace], folder=tmp_path, crds=False)
    account = f"system:serviceaccount:{namespace}:{install.NAME}"
    assert may(cluster, account, "list", "secrets", namespace)
    assert not may(cluster, account, "get", "secrets", "kube-system")
    assert not may(cluster, account, "list", "datastores.colonnade.dev", "kube-system")


def test_the_operator_cannot_approve_nor_write_what_it_reads(
    cluster: Cluster, crds: list[str], namespace: str, tmp_path: Path
) -> None:
    install.install(cluster, namespace, [namespace], folder=tmp_path, crds=False)
    account = f"system:serviceaccount:{namespace}:{install.NAME}"
    assert may(cluster, account, "create", "migrationplans.colonnade.dev", namespace)
    for resource in ("migrationplans.colonnade.dev", "datastores.colonnade.dev", "secrets", "configmaps"):
        for verb in ("patch", "update"):
            assert not may(cluster, account, verb, resource, namespace), (verb, resource)


def may(cluster: Cluster, who: str, verb: str, resource: str, namespace: str) -> bool:
    """`resource` is a plural, with a dot and its group."""
    plural, _, group = resource.partition(".")
    asked = {"namespace": namespace, "verb": verb, "group": group, "resource": plural}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {"user": who, "resourceAttributes": asked},
    }
    answer = json.loads(cluster.kubectl("create", "--filename=-", "--output=json", stdin=json.dumps(review)))
    return bool(answer["status"]["allowed"])


@pytest.fixture
def people(cluster: Cluster, crds: list[str], namespace: str, kubectl: Callable[..., str]) -> dict[str, str]:
    """One user for each role for people, who holds it in the test's namespace."""
    docs = [doc for doc in rendered({"watchNamespaces": [namespace]}, namespace) if doc["kind"] == "Role"]
    install.apply(cluster, docs)
    users = {role: f"{role}-of-{namespace}" for role in ("view", "edit", "admin", "approver")}
    for role, user in users.items():
        kubectl("create", "rolebinding", user, f"--role=colonnade-{role}", f"--user={user}")
    return users


def test_approvers_approve_and_those_who_write_schemas_do_not(
    cluster: Cluster, namespace: str, people: dict[str, str]
) -> None:
    writers = {
        "postgresschemas": {"edit", "admin"},
        "mongoschemas": {"edit", "admin"},
        "datastores": {"admin"},
        "migrationplans": {"approver"},
    }
    for resource, expected in writers.items():
        plural = f"{resource}.{GROUP}"
        assert {role for role, user in people.items() if may(cluster, user, "patch", plural, namespace)} == expected, (
            resource
        )
        assert {role for role, user in people.items() if may(cluster, user, "get", plural, namespace)} == people.keys()
    for verb in ("create", "update", "delete"):
        assert not [
            role for role, user in people.items() if may(cluster, user, verb, f"migrationplans.{GROUP}", namespace)
        ]


def test_roles_of_the_cluster_join_its_own_but_the_approvers() -> None:
    roles = {doc["metadata"]["name"]: doc["metadata"]["labels"] for doc in of_kind(rendered(), "ClusterRole")}
    joined = {name: [label for label in labels if "aggregate-to" in label] for name, labels in roles.items()}
    prefix = "rbac.authorization.k8s.io/aggregate-to-"
    assert joined == {
        "colonnade": [],
        "colonnade-view": [f"{prefix}view"],
        "colonnade-edit": [f"{prefix}edit"],
        "colonnade-admin": [f"{prefix}admin"],
        "colonnade-approver": [],
    }


@each
def test_pod_security_restricted_admits_its_pods(values: Doc, namespace: str, kubectl: Callable[..., str]) -> None:
    if values is EVERYTHING:
        values = {**values, "priorityClassName": ""}
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    docs = rendered(
        {**values, "rbac": {"create": False}, "serviceAccount": {"name": "default", "create": False}}, namespace
    )
    pods = [
        {"metadata": {"name": "pod"}, "spec": doc["spec"]["template"]["spec"]} for doc in of_kind(docs, "Deployment")
    ]
    assert pods
    for pod in [*pods, *of_kind(docs, "Pod")]:
        body = {"apiVersion": "v1", "kind": "Pod", **pod}
        kubectl("create", "--dry-run=server", "--filename=-", stdin=json.dumps(body))


@each
def test_nothing_can_be_written_but_tmp(values: Doc) -> None:
    for doc in of_kind(rendered(values), "Deployment"):
        spec = doc["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert [mount["mountPath"] for mount in container["volumeMounts"]] == ["/tmp"]  # noqa: S108 - in the container
        assert ["emptyDir" in volume for volume in spec["volumes"]] == [True]


@each
def test_the_operator_understands_what_it_is_told(values: Doc) -> None:
    docs = rendered(values)
    shares = []
    for doc in of_kind(docs, "Deployment"):
        (container,) = doc["spec"]["template"]["spec"]["containers"]
        told = {one["name"]: one.get("value", "x") for one in container["env"]}
        ours = {f"COLONNADE_{name.upper()}" for name in settings.Settings.__dataclass_fields__}
        assert {name for name in told if name.startswith("COLONNADE_")} <= ours
        found = settings.load(told)
        shares.append(found.shard)
        ports = {port["name"]: port["containerPort"] for port in container["ports"]}
        assert ports == {"probes": found.probes_port, "metrics": found.metrics_port}
        assert doc["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] > found.grace
        assert found.allowed_hosts == tuple(values.get("settings", {}).get("allowedHosts", ()))
    assert shares == [(i, len(shares)) for i in range(len(shares))]


def test_defaults_of_the_chart_are_those_of_the_operator() -> None:
    (doc,) = of_kind(rendered(), "Deployment")
    told = {one["name"]: one.get("value", "x") for one in doc["spec"]["template"]["spec"]["containers"][0]["env"]}
    chosen, plain = settings.load(told), settings.load({"POD_NAME": "x", "POD_NAMESPACE": "x"})
    assert {**vars(chosen), "lease": ""} == vars(plain)


@pytest.mark.parametrize("shards", [1, 3])
def test_each_shard_may_hold_its_lease_and_no_other(shards: int) -> None:
    docs = rendered({"shards": shards})
    (role,) = (doc for doc in of_kind(docs, "Role") if doc["metadata"]["name"] == "colonnade-lease")
    named = next(rule["resourceNames"] for rule in role["rules"] if "resourceNames" in rule)
    assert named == (["colonnade"] if shards == 1 else [f"colonnade-{i}" for i in range(shards)])
    selectors = [json.dumps(doc["spec"]["selector"]) for doc in of_kind(docs, "Deployment")]
    assert len(set(selectors)) == shards


def test_metrics_are_found_and_keep_the_namespace_they_are_about() -> None:
    docs = rendered(MONITORING)
    (monitor,) = of_kind(docs, "ServiceMonitor")
    (service,) = of_kind(docs, "Service")
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["port"] == service["spec"]["ports"][0]["name"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    (deployment,) = of_kind(docs, "Deployment")
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()


def test_alerts_ask_for_metrics_and_reasons_that_exist() -> None:
    (rules,) = of_kind(rendered(MONITORING), "PrometheusRule")
    asked = " ".join(rule["expr"] for group in rules["spec"]["groups"] for rule in group["rules"])
    assert set(re.findall(r"colonnade_\w+", asked)) <= {metric.name for metric in metrics.REGISTRY.collect()}
    reasons = {reason for found in re.findall(r'reason=~?"([^"]+)"', asked) for reason in found.split("|")}
    assert reasons <= set(REASONS)


UNKNOWN: list[Doc] = [
    {"watchNamespace": ["a"]},
    {"image": {"name": "x"}},
    {"crds": {"create": True}},
    {"settings": {"logLevel": "loud"}},
    {"settings": {"resync": "5"}},
    {"replicas": "2"},
    {"shards": 0},
    {"watchNamespaces": ["Not_A_Name"]},
    {"metrics": {"serviceMonitor": {"enable": True}}},
    {"tolerations": [{"name": "x"}]},
    {"runAsUser": 0},
]


@pytest.mark.parametrize("values", UNKNOWN, ids=json.dumps)
def test_the_schema_refuses_what_it_does_not_know(values: Doc) -> None:
    with pytest.raises(RuntimeError, match="values don't meet the specifications of the schema"):
        render("colonnade-system", values)


def test_the_schema_is_closed_and_names_every_value() -> None:
    schema = json.loads((install.CHART / "values.schema.json").read_text())
    values = yaml.safe_load((install.CHART / "values.yaml").read_text())
    assert schema["properties"].keys() - values.keys() == {"global"}  # helm's own, where this chart is part of another
    assert not list(_open(schema))


def _open(schema: Doc, path: str = "values") -> Iterator[str]:
    """Where a key that the schema does not name would be let in, though it names some."""
    if "properties" in schema and schema.get("additionalProperties") is not False:
        yield path
    for key, inner in schema.get("properties", {}).items():
        yield from _open(inner, f"{path}.{key}")
    if "items" in schema:
        yield from _open(schema["items"], f"{path}[]")


def test_its_crds_are_those_of_the_project() -> None:
    ours = {path.name: yaml.safe_load(path.read_text()) for path in generated.CRDS.iterdir()}
    specs = {doc["metadata"]["name"]: doc["spec"] for doc in of_kind(rendered(), "CustomResourceDefinition")}
    assert specs == {doc["metadata"]["name"]: doc["spec"] for doc in ours.values()}


def test_crds_stay_when_it_goes_unless_told_otherwise() -> None:
    key = "helm.sh/resource-policy"
    kept = of_kind(rendered(), "CustomResourceDefinition")
    assert {doc["metadata"]["annotations"][key] for doc in kept} == {"keep"}
    unkept = of_kind(rendered({"crds": {"keep": False}}), "CustomResourceDefinition")
    assert [doc for doc in unkept if key in doc["metadata"].get("annotations", {})] == []


def test_its_version_is_the_operators() -> None:
    chart = yaml.safe_load((install.CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (__version__, __version__)


def test_the_plain_manifests_are_those_of_the_chart() -> None:
    assert install.MANIFEST.read_text() == install.manifest(), "run `make manifests` and commit"


def test_the_plain_manifests_are_all_that_is_needed() -> None:
    docs = documents(install.MANIFEST.read_text())
    homes = {doc["metadata"].get("namespace") for doc in docs} - {None}
    assert homes == {doc["metadata"]["name"] for doc in of_kind(docs, "Namespace")} == {install.NAMESPACE}
    assert "helm.sh/" not in install.MANIFEST.read_text()
