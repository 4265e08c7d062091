"""Kubernetes in Docker: one cluster per folder, named after it."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from dev import golang

MARK = "kind.kubeconfig"


def usable() -> bool:
    """Whether Docker runs."""
    if shutil.which("docker") is None:
        return False
    return subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0


def create(folder: Path) -> Path:
    """The administrator's kubeconfig of the cluster, which is made if it is not there."""
    if _name(folder) not in _kind("get", "clusters").split():
        print(f"creating kind cluster {_name(folder)}", file=sys.stderr)
        _kind("create", "cluster", "--name", _name(folder), "--wait", "180s", "--kubeconfig", str(folder / MARK))
    return folder / MARK


def delete_all(folder: Path) -> None:
    """Every cluster that was made in `folder` or below."""
    for mark in folder.rglob(MARK):
        _kind("delete", "cluster", "--name", _name(mark.parent))
        mark.unlink()


def _name(folder: Path) -> str:
    return f"colonnade-{hashlib.sha256(bytes(folder)).hexdigest()[:8]}"


def _kind(*arguments: str) -> str:
    program = shutil.which("kind") or str(golang.kind())
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"kind {arguments[0]} failed\n{done.stderr}")
    return done.stdout
