"""The checks of the code itself: `make check`, and one test each in tests/contract/test_checks.py."""

import subprocess
import sys
from pathlib import Path

from dev.paths import ROOT

BIN = Path(sys.executable).parent
CHECKS = {
    "format": ["ruff", "format", "--check", "--quiet", "--diff", "."],
    "generated files": ["python", "-m", "dev.generated", "--check"],
    "import walls": ["lint-imports", "--no-cache", "--no-logo"],
    "lint": ["ruff", "check", "--quiet", "."],
    "mypy": ["mypy"],
    "pyright": ["pyright"],
}


def run(name: str) -> str:
    """What the check complains of; nothing, if it passes."""
    program, *arguments = CHECKS[name]
    done = subprocess.run([str(BIN / program), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}"


def main() -> int:
    failed = 0
    for name in CHECKS:
        complaint = run(name)
        print(f"{name}: {complaint or 'ok'}", flush=True)
        failed += bool(complaint)
    return failed


if __name__ == "__main__":
    sys.exit(main())
