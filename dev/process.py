"""Starting a server in the background and ending exactly that one, never one that merely has its name or its old pid."""

import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_children: list[subprocess.Popen[bytes]] = []  # a Popen that is collected while its process runs gives a warning


class ServerError(Exception):
    """A server did not start, or ended on its own; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Server:
    """A background process, recorded in `folder`, so that any later process can end it as it wants to be ended."""

    name: str
    folder: Path
    end_by: signal.Signals = signal.SIGTERM
    grace: float = 30  # seconds, then it is killed

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def record(self) -> Path:
        return self.folder / f"{self.name}.pid"

    @property
    def pid(self) -> int | None:
        """The pid if it still is the process that was started here."""
        try:
            pid, started, *_ = self.record.read_text().split()
        except (FileNotFoundError, ValueError):
            return None
        return int(pid) if start_time(int(pid)) == int(started) else None

    def start(self, argv: Sequence[str | Path], user: int | None = None, env: Mapping[str, str] | None = None) -> int:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [str(part) for part in argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd="/",
                env={**os.environ, **(env or {})},
                user=user,
                group=group_of(user),
                extra_groups=None if user is None else [],
            )
        _children.append(process)
        self.record.write_text(f"{process.pid} {start_time(process.pid)} {self.end_by:d} {self.grace}")
        return process.pid

    def wait(self, ready: Callable[[], bool], seconds: float = 90) -> None:
        """Until `ready()`; the server's own end, or the deadline, is an error with the end of its log."""

        def ready_or_dead() -> bool:
            if self.pid is None:
                raise ServerError(f"{self.name} ended while starting\n{self.last_words()}")
            return ready()

        if not poll(ready_or_dead, seconds):
            raise ServerError(f"{self.name} was not ready after {seconds:.0f} s\n{self.last_words()}")

    def stop(self) -> None:
        if (pid := self.pid) is not None:
            os.kill(pid, self.end_by)
            if not poll(lambda: self.pid is None, self.grace):
                os.kill(pid, signal.SIGKILL)
                poll(lambda: self.pid is None, 5)
        _children[:] = [child for child in _children if child.poll() is None]
        self.record.unlink(missing_ok=True)

    def last_words(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:]) if self.log.exists() else "(no log)"


def stop_all(folder: Path) -> None:
    """Ends every server recorded in `folder` or below, the last started first, for it may need the others."""
    found = [(path.read_text().split(), path) for path in folder.rglob("*.pid") if path.name != "postmaster.pid"]
    for (_, _, sig, grace), path in sorted(found, key=lambda each: -int(each[0][1])):
        Server(path.stem, path.parent, signal.Signals(int(sig)), float(grace)).stop()


def poll(condition: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Whether the condition came true before the deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


def free_ports(count: int) -> list[int]:
    """Different ones: all are held until the last is found."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def group_of(user: int | None) -> int | None:
    return None if user is None else pwd.getpwuid(user).pw_gid


def start_time(pid: int) -> int | None:
    """The kernel's start time of a process (proc(5), field 22): with it a pid is unique. A zombie has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] == "Z" else int(fields[19])
