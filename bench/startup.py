"""How long `colonnade --help` takes, beside an empty Python and kubectl."""

import subprocess
import sys
from pathlib import Path

from bench.report import repeated, report, row, timed

BIN = Path(sys.executable).parent


def run(*command: str) -> float:
    return timed(lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL))


def main() -> None:
    python = repeated(lambda: run(sys.executable, "-c", "pass"), 15)
    base = sorted(python)[len(python) // 2]
    commands = (("colonnade", "--help"), ("colonnade", "plan", "--help"), ("kubectl", "--help"))
    rows = [
        row("python -c pass", python),
        *(
            row(" ".join(command), repeated(lambda c=command: run(str(BIN / c[0]), *c[1:]), 15), base)
            for command in commands
        ),
    ]
    report("startup", rows)
