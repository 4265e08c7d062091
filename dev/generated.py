"""Files that are made from others and committed: `python -m dev.generated` writes them, `… --check` says which are stale."""

import sys
from pathlib import Path

from colonnade.resources import crd
from dev.paths import ROOT

CRDS = ROOT / "crds"


def files() -> dict[Path, str]:
    return {CRDS / name: text for name, text in crd.render().items()}


def stale() -> list[Path]:
    """Those that differ, those that are absent, and those that nothing makes any more."""
    wanted = files()
    differ = [path for path, text in wanted.items() if not path.exists() or path.read_text() != text]
    left_over = {found for folder in {path.parent for path in wanted} for found in folder.iterdir()} - wanted.keys()
    return sorted([*differ, *left_over])


def write() -> None:
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in stale():
        path.unlink()


if __name__ == "__main__":
    if "--check" not in sys.argv:
        write()
    elif found := stale():
        sys.exit("\n".join([*(f"stale: {path.relative_to(ROOT)}" for path in found), "run `make crds` and commit"]))
