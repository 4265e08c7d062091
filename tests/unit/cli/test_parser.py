from __future__ import annotations

import subprocess
import sys

import pytest

from colonnade.cli import main
from colonnade.cli.parser import VERBS, parser_for, verb_first, verb_of

HEAVY = ("aiohttp", "asyncio", "bson", "kopf", "kubernetes", "psycopg", "pydantic", "pymongo", "yaml")
"""What start-up must not bring along: each costs more than all the rest together."""


def modules_after(statement: str) -> set[str]:
    script = f"import sys\n{statement}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split("\n")[-2].split())


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_something_to_run(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([verb, "--help"])
    assert end.value.code == 0
    assert VERBS[verb][1:] in " ".join(capsys.readouterr().out.split())


def test_help_lists_every_verb_and_the_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    told = capsys.readouterr().out
    assert end.value.code == 0
    assert all(f"\n    {verb} " in told for verb in VERBS)
    assert "2  changes are pending" in told


@pytest.mark.parametrize(
    "words",
    [[], ["plann"], ["plan"], ["plan", "-f", "x", "--max-blocking", "soon"], ["plan", "-f", "x", "--drops", "no"]],
)
def test_wrong_usage_is_an_error_and_not_a_pending_change(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 1
    assert "usage: " in capsys.readouterr().err


def test_help_brings_no_driver_and_no_model() -> None:
    assert not modules_after("from colonnade.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass") & {
        *HEAVY
    }


def test_a_plan_of_plain_sql_brings_neither_pydantic_nor_kubernetes() -> None:
    found = modules_after("import colonnade.cli.verbs.plan, colonnade.cli.verbs.apply, colonnade.engines.postgres")
    assert not found & {"aiohttp", "kopf", "kubernetes", "pydantic", "pymongo", "yaml"}


def test_the_verb_is_the_first_word_that_is_no_option() -> None:
    assert verb_of(["--help", "plan", "apply"]) == "plan"
    assert verb_of(["--version"]) is None


def test_as_a_plugin_it_calls_itself_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/usr/local/bin/kubectl-colonnade"])
    assert parser_for(None).prog == "kubectl colonnade"


@pytest.mark.parametrize(
    "words",
    [
        ["-n", "shop", "--context", "x", "plans", "--pending"],
        ["-nshop", "--context=x", "plans", "--pending"],
        ["--namespace", "shop", "plans", "--context", "x", "--pending"],
        ["plans", "--pending", "-n", "shop", "--context", "x"],
    ],
)
def test_what_kubectl_takes_before_its_verb_may_stand_there(words: list[str]) -> None:
    found = verb_first(words)
    args = parser_for(verb_of(found)).parse_args(found)
    assert (args.verb, args.namespace, args.context, args.pending) == ("plans", "shop", "x", True)


def test_the_value_of_an_option_before_the_verb_is_not_taken_for_it() -> None:
    assert verb_first(["-n", "plans", "status"]) == ["status", "-n", "plans"]


@pytest.mark.parametrize("words", [["-n"], ["-n", "shop"], ["-n", "shop", "crds"], ["--contexts", "x", "plans"]])
def test_options_of_no_use_there_are_wrong_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 1
    assert "usage: " in capsys.readouterr().err


def test_drift_of_a_database_needs_declarations(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "--url", "postgresql://127.0.0.1:1/x"]) == 1
    assert "give the declarations with -f" in capsys.readouterr().err


def test_import_is_for_postgres_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "--url", "mongodb://127.0.0.1:1/x"]) == 1
    assert "for Postgres only" in capsys.readouterr().err
