"""What is being done while one waits, on standard error: a line that moves on a terminal, else a line now and then for what takes long."""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from argparse import Namespace
from types import TracebackType
from typing import Self

from colonnade.cli.terminal import visible

_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_FIRST, _EVERY = 5.0, 10.0
"""Seconds after which a plain line is written for the first time, and between two of them."""
_WIDTH = 20


class Progress:
    """A Progress of the engines, shown from a thread of its own, so that it moves while the server works."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._told: tuple[str, float | None] = ("", None)
        self._since = self._said = time.monotonic()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._drawn = False

    def __call__(self, message: str, done: float | None = None) -> None:
        with self._lock:
            if message != self._told[0]:
                self._since = self._said = time.monotonic()
            self._told = (message, done)

    def __enter__(self) -> Self:
        if self._form != "none":
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join()
        self.clear()

    def clear(self) -> None:
        """Take the moving line away: something else is about to be written."""
        with self._lock:
            self._told = ("", None)
            if self._drawn:
                print("\r\x1b[K", end="", file=sys.stderr, flush=True)
                self._drawn = False

    def _show(self) -> None:
        frame = 0
        while not self._end.wait(0.1):
            frame += 1
            with self._lock:
                if self._told[0]:
                    self._draw(frame) if self._form == "bar" else self._line()

    def _draw(self, frame: int) -> None:
        message, done = visible(self._told[0]), self._told[1]
        spent = time.monotonic() - self._since
        bar = "" if done is None else f" {bar_of(done)}"
        text = f"{_FRAMES[frame % len(_FRAMES)]}{bar} {message} ({spent:.0f} s)"
        print(f"\r\x1b[K{text[: shutil.get_terminal_size().columns - 1]}", end="", file=sys.stderr, flush=True)
        self._drawn = True

    def _line(self) -> None:
        now = time.monotonic()
        due = self._said + (_FIRST if self._said == self._since else _EVERY)
        if now >= due:
            message, done = visible(self._told[0]), self._told[1]
            how_far = "" if done is None else f", {done:.0%}"
            print(f"{message} ({now - self._since:.0f} s{how_far})", file=sys.stderr, flush=True)
            self._said = now


def bar_of(done: float) -> str:
    """How much of something is done, as a bar."""
    done = max(0.0, min(1.0, done))
    full = round(done * _WIDTH)
    return f"[{'━' * full}{' ' * (_WIDTH - full)}] {done:4.0%}"


def progress(args: Namespace) -> Progress:
    """As --progress says; by itself a bar on a terminal, and a line for what takes long elsewhere."""
    moving = args.progress == "auto" and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
    return Progress("bar" if moving else "none" if args.progress == "none" else "plain")
