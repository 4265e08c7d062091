"""Makes `.venv` from the lock file: `python3 -m dev.environment`; `… lock` renews the lock files. Runs before anything is installed, on Python alone.

A fresh Debian or Ubuntu has Python without pip and without what `python3 -m venv` needs. uv makes environments without
either, so the only question is how to get uv: from PATH, by pip, by the pip inside a new venv, or by the pip that
Debian's package python3-pip-whl holds, which is unpacked without root.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from dev import paths

UV = "uv>=0.5"
VENV = paths.ROOT / ".venv"
LOCK = paths.ROOT / "requirements-dev.txt"
LOCKS = {
    ("pyproject.toml",): paths.ROOT / "requirements.txt",
    ("pyproject.toml", "--group", "dev"): LOCK,
    ("--group", "go"): paths.ROOT / "dev" / "control-plane" / "requirements.txt",
}


class SetupError(Exception):
    """The message says what to do."""


def make() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - an older one gets this far
        raise SetupError(
            f"Python 3.11 or newer is needed, and this is {sys.version.split()[0]}; try: make PYTHON=python3.11"
        )
    stamp, wanted = VENV / "made-from", _fingerprint()
    if not stamp.exists() or stamp.read_text() != wanted:
        _fill(stamp, wanted)
    _compile()


def _fill(stamp: Path, wanted: str) -> None:
    print(f"making {VENV.name} from {LOCK.name}", file=sys.stderr)
    _uv("venv", "--quiet", "--allow-existing", "--python", sys.executable, VENV)
    python = ("--python", VENV / "bin" / "python")
    _uv("pip", "sync", *python, "--require-hashes", "--compile-bytecode", LOCK)
    _uv("pip", "install", "--quiet", *python, "--no-deps", "--no-build-isolation", "--editable", paths.ROOT)
    stamp.write_text(wanted)


def _compile() -> None:
    """So that no command has to, every time that it begins: where Python is told not to keep what it compiled, it takes half a second."""
    command: list[str | Path] = [VENV / "bin" / "python", "-m", "compileall", "-q", "operator", "dev", "tests", "bench"]
    subprocess.run(command, cwd=paths.ROOT, check=False)


def lock(options: list[str]) -> None:
    """Renews the lock files. They hold hashes and no address of an index, so that any mirror will do."""
    form = ("--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--universal", "--python-version", "3.11")
    for source, target in LOCKS.items():
        _uv("pip", "compile", *form, *options, *source, "--output-file", target)


def install_tool(name: str, requirements: Path) -> Path:
    """A folder of the cache with these locked packages, installed apart from the environment."""
    folder = paths.cache() / f"{name}-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        print(f"fetching {name}", file=sys.stderr)
        unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
        _uv("pip", "install", "--quiet", "--target", unfinished, "--require-hashes", "--requirements", requirements)
        unfinished.rename(folder)
    return folder


def uv() -> Path:
    if found := shutil.which("uv"):
        return Path(found)
    folder = paths.cache() / "uv"
    if not (folder / "bin" / "uv").exists():
        print("fetching uv", file=sys.stderr)
        folder.mkdir(parents=True, exist_ok=True)
        _fetch_uv(folder)
    return folder / "bin" / "uv"


def _fetch_uv(folder: Path) -> None:
    for pip in (_own_pip, _pip_of_a_venv, _pip_of_debian):
        if (command := pip(folder)) and _succeeds(*command, "install", "--quiet", "--target", folder, UV):
            return
    raise SetupError(
        "neither uv nor pip is here, and pip could not be fetched; please run: sudo apt-get install python3-pip"
    )


def _own_pip(_: Path) -> list[str | Path] | None:
    return [sys.executable, "-m", "pip"] if _succeeds(sys.executable, "-m", "pip", "--version") else None


def _pip_of_a_venv(folder: Path) -> list[str | Path] | None:
    venv = folder / "venv"
    return [venv / "bin" / "python", "-m", "pip"] if _succeeds(sys.executable, "-m", "venv", venv) else None


def _pip_of_debian(folder: Path) -> list[str | Path] | None:
    """A wheel can be run: it is a zip file with pip inside."""
    if not _succeeds("apt-get", "-qq", "download", "python3-pip-whl", cwd=folder):
        return None
    for package in folder.glob("*.deb"):
        _succeeds("dpkg", "-x", package, folder)
    wheels = sorted(folder.rglob("pip-*.whl"))
    return [sys.executable, wheels[0] / "pip"] if wheels else None


def _uv(*arguments: str | Path) -> None:
    """With pip's index, if one is set for pip alone. Downloads of Python itself are off: the machine's is used."""
    env = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    if "PIP_INDEX_URL" in env and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & env.keys():
        env["UV_DEFAULT_INDEX"] = env["PIP_INDEX_URL"]
    if subprocess.run([uv(), *arguments], env=env, cwd=paths.ROOT, check=False).returncode != 0:
        raise SetupError(f"uv {arguments[0]} failed, see above")


def _succeeds(*command: str | Path, cwd: Path | None = None) -> bool:
    try:
        return subprocess.run(command, cwd=cwd, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _fingerprint() -> str:
    """Of all that the environment is made from."""
    parts = [LOCK.read_bytes(), (paths.ROOT / "pyproject.toml").read_bytes(), sys.version.encode(), bytes(VENV)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


if __name__ == "__main__":
    try:
        lock(sys.argv[2:]) if sys.argv[1:2] == ["lock"] else make()
    except SetupError as problem:
        sys.exit(f"set-up: {problem}")
