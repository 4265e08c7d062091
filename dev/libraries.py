"""Shared libraries a downloaded program wants and the machine lacks: unpacked beside the cache, without root.

MongoDB links libcurl, which a fresh Debian or Ubuntu may not have. Its own packages are fetched and unpacked, not installed.
"""

import shutil
import subprocess
from pathlib import Path

from dev import paths

PACKAGES = {"libcurl.so.4": "libcurl4"}


class MissingLibraryError(Exception):
    """The message names the package to install."""


def for_program(program: Path) -> dict[str, str]:
    """The environment the program needs to find its libraries."""
    absent = _missing(program)
    if not absent:
        return {}
    folder = paths.cache() / "libraries"
    if not folder.exists():
        _unpack(sorted({PACKAGES.get(name, name) for name in absent}), folder)
    found = sorted({str(path.parent) for path in folder.rglob("*.so.*")})
    return {"LD_LIBRARY_PATH": ":".join(found)}


def _missing(program: Path) -> set[str]:
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
    return {line.split()[0] for line in done.stdout.splitlines() if line.endswith("not found")}


def _unpack(packages: list[str], folder: Path) -> None:
    """The packages, and what they depend on as far as it is absent, as apt would install it."""
    unfinished = folder.with_suffix(".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        plan = _apt("--simulate", "--no-install-recommends", "install", *packages, cwd=unfinished)
        wanted = [line.split()[1] for line in plan.splitlines() if line.startswith("Inst ")]
        _apt("download", *wanted, cwd=unfinished)
        for package in unfinished.glob("*.deb"):
            subprocess.run(["dpkg", "-x", package, unfinished], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        names = " ".join(packages)
        raise MissingLibraryError(
            f"this machine lacks {names}, and it could not be fetched; please run: sudo apt-get install {names}"
        ) from error
    unfinished.rename(folder)


def _apt(*arguments: str, cwd: Path) -> str:
    return subprocess.run(["apt-get", "-qq", *arguments], cwd=cwd, capture_output=True, text=True, check=True).stdout
