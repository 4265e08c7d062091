"""Where things lie: what is built once per user (cache), and what running servers own (state)."""

import hashlib
import os
import shutil
import stat
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENOUGH = 6 * 2**30
"""Bytes of memory to be free for the data of all servers of a run of the tests, and for the programs that work on them."""


def cache() -> Path:
    """Built programs, kept per user and found by their version; `make distclean` removes them."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "colonnade"


def state() -> Path:
    """What running servers own. Postgres refuses to run as root, so root's state must be within reach of another user."""
    if os.geteuid() != 0 or open_to_others(ROOT):
        return ROOT / ".state"
    folder = Path("/var/tmp") / f"colonnade-{hashlib.sha256(bytes(ROOT)).hexdigest()[:12]}"  # noqa: S108
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise PermissionError(f"{folder} belongs to another user; remove it")
    return folder


def passing() -> Path:
    """Where servers run whose data need not last: in memory where there is enough of it, for a disk is slow to make and drop databases."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    ours = memory / f"colonnade-{hashlib.sha256(f'{ROOT} {os.geteuid()}'.encode()).hexdigest()[:12]}"
    if ours.exists() and ours.stat().st_uid == os.geteuid():
        return ours
    if ours.exists() or not memory.is_dir() or min(shutil.disk_usage(memory).free, _free_memory()) < ENOUGH:
        return state() / "passing"
    return ours


def _free_memory() -> int:
    """Bytes. https://docs.kernel.org/filesystems/proc.html"""
    facts = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    return int(facts["MemAvailable"].split()[0]) * 1024


def open_to_others(path: Path) -> bool:
    """Whether any user may walk down to `path`."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))
