"""The servers that other tests stand on do what those tests take for granted."""

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from dev.control_plane import ControlPlane
from dev.kubernetes import Cluster
from dev.mongodb import Mongo
from dev.postgres import Postgres
from dev.process import poll
from tests.fixtures.mongodb import MakeMongoUser
from tests.fixtures.postgres import MakeRole


def test_a_postgres_database_is_fresh_and_tools_see_it(
    postgres_url: str, psql: Callable[..., str], pg_dump: Callable[..., str]
) -> None:
    assert psql(postgres_url, "select count(*) from pg_class where relnamespace = 'public'::regnamespace") == "0\n"
    psql(postgres_url, "create table t (id int primary key)")
    assert "CREATE TABLE public.t" in pg_dump(postgres_url, "--schema-only")


def test_a_postgres_role_may_do_only_what_it_was_given(postgres_url: str, make_role: MakeRole) -> None:
    url = make_role(postgres_url)
    with psycopg.connect(url) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("create table t (id int)")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(url.replace(":secret@", ":wrong@"))


def test_a_role_that_owns_things_is_gone_after_the_test(postgres_url: str, make_role: MakeRole) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("grant create on schema public to public")
    with psycopg.connect(make_role(postgres_url, "CREATEDB")) as connection:
        connection.execute("create table mine (id int)")


@pytest.mark.postgres(">=18")
def test_the_marker_lets_the_right_version_through(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.info.server_version >= 180000


def test_a_postgres_of_its_own_keeps_data_over_a_restart(own_postgres: Postgres) -> None:
    with psycopg.connect(own_postgres.url()) as connection:
        connection.execute("create table t as select 1 as one")
    own_postgres.stop()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(own_postgres.url())
    own_postgres.start()
    with psycopg.connect(own_postgres.url()) as connection:
        assert connection.execute("select one from t").fetchone() == (1,)


def test_mongodb_is_a_replica_set_with_transactions(mongo_url: str) -> None:
    with MongoClient[dict[str, object]](mongo_url) as client, client.start_session() as session:
        with session.start_transaction():
            client.get_default_database()["c"].insert_one({"a": 1}, session=session)
        assert client.get_default_database()["c"].count_documents({}) == 1


def test_a_mongodb_user_may_do_only_what_it_was_given(mongo_url: str, make_mongo_user: MakeMongoUser) -> None:
    url = make_mongo_user(mongo_url, roles=["read"])
    with MongoClient[dict[str, object]](url) as client, pytest.raises(OperationFailure, match="not authorized"):
        client.get_default_database()["c"].insert_one({"a": 1})
    with (
        MongoClient[dict[str, object]](url.replace(":secret@", ":wrong@")) as client,
        pytest.raises(OperationFailure, match="Authentication failed"),
    ):
        client.get_default_database().command("listCollections")


def test_a_mongodb_of_its_own_keeps_data_over_a_restart(own_mongo: Mongo) -> None:
    with MongoClient[dict[str, object]](own_mongo.url("shop")) as client:
        client["shop"]["c"].insert_one({"a": 1})
    own_mongo.stop()
    own_mongo.start()
    with MongoClient[dict[str, object]](own_mongo.url("shop")) as client:
        assert client["shop"]["c"].count_documents({}) == 1


def test_a_service_account_may_do_only_what_it_was_given(
    kubectl: Callable[..., str], service_account: Callable[[str], Path]
) -> None:
    as_reader = Cluster(service_account("reader"), "as reader")
    with pytest.raises(RuntimeError, match="Forbidden"):
        as_reader.kubectl("get", "configmaps")
    kubectl("create", "role", "reader", "--verb=list", "--resource=configmaps")
    kubectl("create", "rolebinding", "reader", "--role=reader", "--serviceaccount=" + _current(kubectl) + ":reader")

    def reads() -> bool:
        try:
            return "kube-root-ca.crt" in as_reader.kubectl("get", "configmaps", "--output=name")
        except RuntimeError:
            return False

    assert poll(reads, seconds=30)


def test_a_control_plane_of_its_own_keeps_objects_over_a_restart(own_control_plane: ControlPlane) -> None:
    cluster = Cluster(own_control_plane.kubeconfig, "own", own_control_plane)
    cluster.kubectl("create", "configmap", "kept", "--namespace=default")
    own_control_plane.stop_api_server()
    with pytest.raises(RuntimeError, match="refused"):
        cluster.kubectl("get", "namespaces")
    own_control_plane.start_api_server()
    assert "kept" in cluster.kubectl("get", "configmaps", "--namespace=default")


def _current(kubectl: Callable[..., str]) -> str:
    return kubectl("get", "serviceaccount", "reader", "--output=jsonpath={.metadata.namespace}")
