"""What the tests of the MongoDB engine share."""

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.live.mongodb.live import COMMANDS, Mongo


@pytest.fixture
def mongo(mongo_url: str) -> Iterator[Mongo]:
    """One database: see `live.py`."""
    with MongoClient[dict[str, Any]](mongo_url) as client:
        yield Mongo(mongo_url, client.get_default_database())


@pytest.fixture
def writes() -> Iterator[list[str]]:
    """The write commands sent while the test runs."""
    COMMANDS.writes.clear()
    yield COMMANDS.writes
    COMMANDS.writes.clear()
