from __future__ import annotations

import pytest

from colonnade.cli import address
from colonnade.cli.told import told
from colonnade.core.errors import InvalidSpec


@pytest.mark.parametrize(
    ("url", "engine", "name"),
    [
        ("postgresql://app@db.example:5432/shop", "Postgres", "db.example:5432/shop"),
        ("postgres://db.example/shop?sslmode=require", "Postgres", "db.example/shop"),
        ("postgresql://a@one:1,two:2/shop", "Postgres", "one:1,two:2/shop"),
        ("postgresql:///shop", "Postgres", "shop"),
        ("postgresql://db:5432/shop?user=app@tenant&sslmode=require", "Postgres", "db:5432/shop"),
        ("postgresql://", "Postgres", "the default database"),
        ("mongodb://db.example/shop?replicaSet=rs0", "MongoDB", "db.example/shop"),
        ("mongodb+srv://a:b@cluster.example/shop", "MongoDB", "cluster.example/shop"),
    ],
)
def test_a_database_is_called_by_where_it_is(url: str, engine: str, name: str) -> None:
    found, target = address.read(url)
    assert (found, target.name, target.url) == (engine, name, url)


def test_another_user_of_the_same_database_sees_the_same_plan() -> None:
    """The name is a part of what a plan's hash is made of."""
    assert address.read("postgresql://a:x@db/shop")[1].name == address.read("postgresql://b@db/shop")[1].name


@pytest.mark.parametrize("url", ["host=db password=hunter2", "mysql://a:hunter2@db/x", "postgresql://a:hunter2@[db/x"])
def test_what_is_no_address_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(InvalidSpec) as error:
        address.read(url)
    assert "--url" in str(error.value)
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("password", ["hun@ter2", "hun/ter2", "hun?ter2", "hun#ter2", "hun@t/er2"])
@pytest.mark.parametrize("scheme", ["postgresql", "mongodb"])
def test_a_password_that_is_not_encoded_is_refused_and_no_part_of_it_shown(password: str, scheme: str) -> None:
    with pytest.raises(InvalidSpec, match="percent-encoded") as error:
        address.read(f"{scheme}://app:{password}@db:5432/shop")
    assert not any(part in str(error.value) for part in ("hun", "ter2", "er2"))
    assert address.read(f"{scheme}://app:hun%40t%2Fer2@db:5432/shop")[1].name == "db:5432/shop"


def test_passwords_are_hidden_from_then_on_and_names_are_not() -> None:
    address.read("postgresql://keeper:s3cret%21word@vault.example/keeper?sslpassword=k3yw0rd")
    said = told("keeper s3cret%21word s3cret!word k3yw0rd vault.example", cluster=True)
    assert said == "keeper [hidden] [hidden] [hidden] vault.example"


def test_scratch_databases_are_for_postgres() -> None:
    with pytest.raises(InvalidSpec, match="--shadow"):
        address.read("postgresql://db/x", "mongodb://db/x")


def test_errors_speak_of_the_url_and_not_of_secrets_in_a_cluster() -> None:
    text = "shop: the server refused the password; check the password in the Secret"
    assert "PGPASSWORD" in told(text)
    assert told(text, cluster=True) == text
