"""Where things lie: what is built once per user (cache), and what running servers own (state)."""

import hashlib
import os
import stat
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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


def open_to_others(path: Path) -> bool:
    """Whether any user may walk down to `path`."""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))
