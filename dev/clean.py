"""Ends what runs here, by pid, and removes what it owned: `python3 -m dev.clean`. Needs nothing but Python."""

import shutil
from pathlib import Path

from dev import kind, paths
from dev.process import stop_all


def main() -> None:
    for folder in filter(Path.exists, {paths.state(), paths.passing()}):
        stop_all(folder)
        kind.delete_all(folder)
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
