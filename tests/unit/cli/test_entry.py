from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable

import pytest

from colonnade.cli.entry import CONVERGED, ERROR, PENDING, REFUSED, main
from colonnade.core.errors import DataViolation, InvalidSpec, Refused, WaitingForLock

Fail = Callable[[BaseException], int]


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Fail:
    """The exit code of a command that ends in this error."""
    monkeypatch.delenv("COLONNADE_DEBUG", raising=False)

    def end(error: BaseException) -> int:
        def run(args: argparse.Namespace) -> int:
            raise error

        monkeypatch.setattr("colonnade.cli.verbs.crds.run", run)
        return main(["crds"])

    return end


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidSpec("x"), 1),
        (WaitingForLock("x"), 1),
        (Refused("x"), 3),
        (DataViolation("x"), 3),
        (KeyError("x"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_error_has_its_exit_code(error: BaseException, code: int, fail: Fail) -> None:
    assert fail(error) == code


@pytest.mark.parametrize("loading", ["colonnade.cli.entry", "colonnade.cli.parser", "colonnade.cli.verbs.crds"])
def test_an_interrupt_while_modules_load_ends_it_quietly(loading: str) -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED, loading], capture_output=True, text=True, check=False)
    assert ended.returncode == 130
    assert "Traceback" not in ended.stderr


INTERRUPTED = """
import sys

class Interrupting:
    def find_spec(name, path=None, target=None):
        if name == sys.argv[1]:
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupting)
from colonnade.cli import main
sys.exit(main(["crds"]))
"""


def test_an_error_is_one_paragraph_and_no_traceback(fail: Fail, capsys: pytest.CaptureFixture[str]) -> None:
    fail(InvalidSpec("a.sql, line 3: no; correct it"))
    assert capsys.readouterr().err == "colonnade: a.sql, line 3: no; correct it\n"
    fail(ZeroDivisionError("division by zero"))
    assert capsys.readouterr().err.startswith(
        "colonnade: ZeroDivisionError: division by zero; Colonnade did not foresee"
    )


def test_whoever_looks_into_it_gets_the_traceback(fail: Fail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLONNADE_DEBUG", "1")
    with pytest.raises(InvalidSpec):
        fail(InvalidSpec("x"))


def test_the_exit_codes_are_those_that_are_promised() -> None:
    assert (CONVERGED, ERROR, PENDING, REFUSED) == (0, 1, 2, 3)


def test_the_crds_are_printed_as_one_stream(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crds"]) == 0
    assert capsys.readouterr().out.count("\nkind: CustomResourceDefinition\n") == 4
