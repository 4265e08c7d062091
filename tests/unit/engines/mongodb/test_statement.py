from datetime import UTC, datetime
from typing import Any

import pytest
from bson import Decimal128, ObjectId, Regex

from colonnade.engines.mongodb import statement


@pytest.mark.parametrize(
    "value",
    [
        1, 1.5, "x", None, True, [1, {"a": 2}], datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC), ObjectId(), Decimal128("1.10"), Regex("a", "i"),
        b"bytes", "größe", "new\nline", '"',
    ],
)  # fmt: skip
def test_a_command_survives_being_text(value: Any) -> None:
    command = {"collMod": "c", "validator": {"x": value}, "z": 1, "a": 2}
    again = statement.document(statement.text(command))
    assert again == command
    assert list(again) == ["collMod", "validator", "z", "a"]


def test_the_text_is_readable() -> None:
    assert statement.text({"create": "größe", "size": 5}) == '{"create": "größe", "size": 5}'
