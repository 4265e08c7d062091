from __future__ import annotations

import argparse
from dataclasses import fields

import pytest

from colonnade.settings import Settings, add_flags, load


def flags(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(arguments)


def test_every_setting_has_a_flag_and_a_default_that_it_can_read_itself() -> None:
    for one in fields(Settings):
        assert one.metadata["read"](one.metadata["default"]) == one.default
        assert hasattr(flags(), one.name)


def test_a_flag_wins_over_a_variable_and_a_variable_over_the_default() -> None:
    environment = {"COLONNADE_WORKERS": "3", "COLONNADE_RESYNC": "1m30s"}
    found = load(environment, flags("--workers", "5"))
    assert (found.workers, found.resync, found.max_connections) == (5, 90, 100)


def test_lists_are_separated_by_commas_or_blanks() -> None:
    assert load({"COLONNADE_NAMESPACES": "a, b c"}).namespaces == ("a", "b", "c")
    assert load({"COLONNADE_NAMESPACES": ""}).namespaces == ()


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("WORKERS", "0", "--workers .*'0' is less than 1"),
        ("RESYNC", "often", "'often' is no duration"),
        ("SHARD", "3/3", "'3/3' is no share"),
        ("LOG_LEVEL", "loud", "'loud' is none of debug, info"),
        ("MAX_CONNECTIONS", "many", "--max-connections .or COLONNADE_MAX_CONNECTIONS."),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(variable: str, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load({f"COLONNADE_{variable}": text})


def test_inside_a_cluster_the_kubelet_can_reach_the_probes_and_elsewhere_nobody_can() -> None:
    assert load({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}).listen == "0.0.0.0"  # noqa: S104 - inside a Pod
    assert load({}).listen == "127.0.0.1"
    assert load({"COLONNADE_LISTEN": "::1"}).listen == "::1"


def test_a_pod_calls_itself_by_its_name_and_keeps_the_lease_in_its_namespace() -> None:
    found = load({"POD_NAME": "colonnade-0", "POD_NAMESPACE": "databases"})
    assert (found.identity, found.lease_namespace, found.lease) == ("colonnade-0", "databases", "")
