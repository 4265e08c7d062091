"""The names that the server makes up; these were read from a server."""

from __future__ import annotations

import pytest

from colonnade.core.kind import ObjectId
from colonnade.engines.postgres.kind import LONGEST_NAME, is_shortened, made_up, usual_not_null

NOT_NULL = {
    "short": ("orders", "id", "orders_id_not_null"),
    "just short enough": ("t" * 27, "c" * 25, f"{'t' * 27}_{'c' * 25}_not_null"),
    "a long table": ("o" * 63, "id", f"{'o' * 51}_id_not_null"),
    "a long column": ("t", "c" * 63, f"t_{'c' * 52}_not_null"),
    "both long": ("o" * 60, "c" * 50, f"{'o' * 27}_{'c' * 26}_not_null"),
    "letters of two bytes": (
        "tabelle_" + "ü" * 25,
        "spalte_" + "ß" * 20,
        f"tabelle_{'ü' * 9}_spalte_{'ß' * 9}_not_null",
    ),
    "letters of three bytes": ("日" * 20, "本" * 15, f"{'日' * 9}_{'本' * 8}_not_null"),
    "letters of four bytes": ("😀" * 15, "x" * 63, f"{'😀' * 6}_{'x' * 26}_not_null"),
}


@pytest.mark.parametrize(("table", "column", "expected"), NOT_NULL.values(), ids=NOT_NULL)
def test_of_a_long_name_the_server_keeps_what_it_keeps(table: str, column: str, expected: str) -> None:
    oid = ObjectId("column", ("public", table, column))
    assert usual_not_null(oid) == expected
    assert len(expected.encode()) <= LONGEST_NAME
    assert is_shortened(oid) == (expected != f"{table}_{column}_not_null")


def test_a_name_of_one_part() -> None:
    assert made_up("pkey", "o" * 63) == "o" * 58 + "_pkey"
    assert made_up("pkey", "x" + "é" * 30) == "x" + "é" * 28 + "_pkey"
