from __future__ import annotations

from typing import Any

import pytest

from colonnade.cluster.objects import Id, Key
from colonnade.cluster.schedule import Priority
from colonnade.cluster.store import Store

SHOP, OTHER = Key("team", "shop"), Key("team", "other")


class Woken(list[Key]):
    """Who was woken since the last look."""

    def __call__(self, key: Key, priority: Priority) -> None:
        assert priority in Priority
        self.append(key)

    def since(self) -> list[Key]:
        found = list(self)
        self.clear()
        return found


@pytest.fixture
def woken() -> Woken:
    return Woken()


@pytest.fixture
def store(woken: Woken) -> Store:
    return Store(woken)


def doc(
    kind: str, name: str, version: int = 1, generation: int = 1, spec: dict[str, Any] | None = None, **meta: Any
) -> dict[str, Any]:
    metadata = {
        "name": name,
        "namespace": "team",
        "uid": f"{kind}-{name}",
        "resourceVersion": str(version),
        "generation": generation,
        **meta,
    }
    return {"apiVersion": "colonnade.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec or {}}


def datastore(version: int = 1, **meta: Any) -> dict[str, Any]:
    return doc(
        "Datastore",
        "shop",
        version,
        spec={"connection": {"secretRef": {"name": "db"}, "tls": {"caSecretRef": {"name": "ca"}}}},
        **meta,
    )


def schema(
    name: str = "users", version: int = 1, of: str = "shop", source: str | None = None, **meta: Any
) -> dict[str, Any]:
    spec: dict[str, Any] = {"datastoreRef": {"name": of}}
    if source:
        spec["sqlFrom"] = [{"configMapKeyRef": {"name": source, "key": "schema.sql"}}]
    return doc("PostgresSchema", name, version, spec=spec, **meta)


def secret(name: str, version: int, **data: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "team", "resourceVersion": str(version)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


def test_what_changes_in_the_spec_wakes_and_what_we_write_in_the_status_does_not(store: Store, woken: Woken) -> None:
    store.see("ADDED", schema(version=1))
    assert woken.since() == [SHOP]
    store.see("MODIFIED", {**schema(version=2), "status": {"observedGeneration": 1}})
    assert woken.since() == []
    store.see("MODIFIED", schema(version=3, generation=2))
    assert woken.since() == [SHOP]


@pytest.mark.parametrize("name", ["paused", "reconcile-at", "release"])
def test_our_annotations_wake_and_those_of_others_do_not(store: Store, woken: Woken, name: str) -> None:
    store.see("ADDED", schema())
    woken.since()
    store.see("MODIFIED", schema(version=2, annotations={"argocd.argoproj.io/tracking-id": "x"}))
    assert woken.since() == []
    store.see("MODIFIED", schema(version=3, annotations={f"colonnade.dev/{name}": "true"}))
    assert woken.since() == [SHOP]


def test_a_listing_that_repeats_what_is_known_wakes_nobody(store: Store, woken: Woken) -> None:
    store.see("ADDED", schema(version=5))
    woken.since()
    store.see(None, schema(version=5))
    store.see(None, schema(version=4, generation=9))
    assert woken.since() == []


def test_a_resource_belongs_to_a_datastore_that_does_not_exist_yet(store: Store, woken: Woken) -> None:
    store.see("ADDED", schema())
    assert store.view(SHOP).datastore is None
    woken.since()
    store.see("ADDED", datastore())
    assert woken.since() == [SHOP]
    assert store.view(SHOP).datastore is not None


def test_deletion_wakes_and_is_remembered_even_where_another_of_its_name_comes_at_once(
    store: Store, woken: Woken
) -> None:
    store.see("ADDED", schema())
    woken.since()
    store.see("DELETED", schema(version=2))
    assert woken.since() == [SHOP]
    assert store.gone[SHOP] == {"PostgresSchema/team/users"}
    store.see("ADDED", schema(version=3))
    assert store.gone[SHOP] == {"PostgresSchema/team/users"}


def test_a_secret_that_nobody_refers_to_is_not_kept(store: Store, woken: Woken) -> None:
    store.see("ADDED", secret("db", 1, uri="eA=="))
    assert store.find(Id("Secret", "team", "db")) is None
    assert woken.since() == []


def test_a_rotated_secret_wakes_those_who_refer_to_it(store: Store, woken: Woken) -> None:
    store.see("ADDED", datastore())
    woken.since()
    store.see("ADDED", secret("db", 1, uri="eA=="))
    assert woken.since() == [SHOP]
    store.see("MODIFIED", secret("db", 2, uri="eA=="))
    assert woken.since() == [], "nothing in it changed"
    store.see("MODIFIED", secret("db", 3, uri="eQ=="))
    store.see("MODIFIED", secret("ca", 1, **{"ca.crt": "eQ=="}))
    assert woken.since() == [SHOP, SHOP]


def test_a_secret_that_goes_wakes_those_who_refer_to_it(store: Store, woken: Woken) -> None:
    store.see("ADDED", datastore())
    store.keep(secret("db", 1, uri="eA=="))
    woken.since()
    store.see("DELETED", secret("db", 2))
    assert woken.since() == [SHOP]
    assert store.find(Id("Secret", "team", "db")) is None


def test_a_secret_is_let_go_with_the_last_who_refers_to_it(store: Store) -> None:
    store.see("ADDED", datastore())
    store.keep(secret("db", 1, uri="eA=="))
    store.see("DELETED", datastore(version=2))
    assert store.find(Id("Secret", "team", "db")) is None


def test_a_config_map_wakes_the_datastore_of_the_resource_that_reads_it(store: Store, woken: Woken) -> None:
    store.see("ADDED", schema("a", source="sql"))
    store.see("ADDED", schema("b", of="other", source="sql"))
    woken.since()
    config_map = {**secret("sql", 1), "kind": "ConfigMap", "data": {"schema.sql": "SELECT"}}
    store.see("ADDED", config_map)
    assert sorted(woken.since()) == [OTHER, SHOP]


def test_a_field_of_a_collection_that_is_called_like_a_reference_is_none(store: Store) -> None:
    spec = {
        "datastoreRef": {"name": "shop"},
        "collections": [{"name": "c", "jsonSchema": {"secretRef": {"name": "not-a-secret"}}}],
    }
    store.see("ADDED", doc("MongoSchema", "m", spec=spec))
    assert store._wanted == {}


def test_what_we_wrote_ourselves_wakes_nobody(store: Store, woken: Woken) -> None:
    store.see("ADDED", schema())
    woken.since()
    store.put(schema(version=2, finalizers=["colonnade.dev/cleanup"]), ours=True)
    store.see("MODIFIED", schema(version=2, finalizers=["colonnade.dev/cleanup"]))
    assert woken.since() == []


def test_what_only_other_programs_read_is_not_kept(store: Store) -> None:
    applied = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "mine": "kept"}
    store.see("ADDED", schema(managedFields=[{"manager": "kubectl"}], annotations=applied))
    metadata = store.view(SHOP).schemas[0]["metadata"]
    assert "managedFields" not in metadata
    assert metadata["annotations"] == {"mine": "kept"}


def test_nothing_stays_of_a_datastore_that_is_gone_with_all_its_resources(store: Store) -> None:
    store.see("ADDED", datastore())
    store.see("ADDED", schema())
    store.see("DELETED", datastore(version=2))
    store.see("DELETED", schema(version=2))
    assert store.view(SHOP).empty
    store.forget(SHOP)
    assert store.datastores() == []
    assert not store._members
    assert not store._objects
    assert not store.gone
