"""What is said of the server, and of addresses that lead nowhere."""

import threading
from typing import Any

import pytest
from pymongo import MongoClient

from colonnade.core.errors import InvalidSpec, Unreachable
from colonnade.core.gate import Policy
from colonnade.engines import Target, engine
from dev.mongodb import Mongo as Server
from tests.live.mongodb.live import Mongo


def test_the_server_is_described(mongo: Mongo, writes: list[str]) -> None:
    with mongo.opened() as database:
        probe = database.probe()
    assert probe.version.startswith("6.0.")
    assert probe.facts == {"topology": "replica set rs0", "members": "1"}
    assert not probe.read_only
    assert not probe.tls
    assert probe.problems == ()
    assert writes == []


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mongodb://127.0.0.1:1/shop", "does not answer"),
        ("mongodb://u:s3cr3t@nowhere.invalid/shop", "does not answer"),
    ],
)
def test_a_server_that_is_not_there_is_unreachable(url: str, words: str) -> None:
    with (
        pytest.raises(Unreachable, match=words) as caught,
        engine("MongoDB").open(Target("shop", url), Policy(), threading.Event()),
    ):
        pass
    assert "s3cr3t" not in str(caught.value)
    assert caught.value.retry is not None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://localhost/shop", "no usable mongodb:// URI"),
        ("mongodb://u:p@ss/w:rd@localhost/shop", "no usable mongodb:// URI"),
        ("mongodb://127.0.0.1:1/", "names no database"),
        ("mongodb://127.0.0.1:1/admin", "server's own database"),
    ],
)
def test_an_address_that_cannot_be_is_told_without_its_secrets(url: str, words: str) -> None:
    with (
        pytest.raises(InvalidSpec, match=words) as caught,
        engine("MongoDB").open(Target("shop", url), Policy(), threading.Event()),
    ):
        pass
    assert "p@ss" not in str(caught.value)
    assert "w:rd" not in str(caught.value)


def test_a_server_that_comes_back_is_gone_on_with(own_mongo: Server) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("colonnade.engines.mongodb.session.FIND_SECONDS", 1)
        with MongoClient[dict[str, Any]](own_mongo.url("shop")) as client:
            mongo = Mongo(own_mongo.url("shop"), client.get_default_database())
            mongo.apply("collections: [{name: a}]")
            own_mongo.stop()
            with pytest.raises(Unreachable):
                mongo.reconcile("collections: [{name: a}, {name: b}]")
            own_mongo.start()
            mongo.apply("collections: [{name: a}, {name: b}]")
            assert mongo.names() == {"a", "b"}
