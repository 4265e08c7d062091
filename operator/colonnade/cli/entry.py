"""From the arguments to an exit code; every error becomes one clear paragraph on standard error."""

from __future__ import annotations

import gc
import os
import signal
import sys
from argparse import Namespace
from collections.abc import Sequence

from colonnade.cli.parser import parser_for, verb_first, verb_of
from colonnade.core.errors import ColonnadeError, DataViolation, Refused

CONVERGED, ERROR, PENDING, REFUSED = 0, 1, 2, 3
INTERRUPTED = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the process's exit code."""
    words = verb_first(sys.argv[1:] if argv is None else argv)
    args = parser_for(verb_of(words)).parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that scratch databases are dropped then, too
    if os.environ.get("COLONNADE_DEBUG", "") not in ("", "0"):
        return _run(args)
    try:
        return _run(args)
    except KeyboardInterrupt:
        return _say(
            "stopped; what had begun was taken back or is noted in the journal: run it again to go on", INTERRUPTED
        )
    except BrokenPipeError:
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # nobody reads on; Python would complain at its end
        return ERROR
    except Exception as error:  # noqa: BLE001 - nobody above would tell a person what it means
        return _say(_explained(error, args), REFUSED if isinstance(error, Refused | DataViolation) else ERROR)


def _run(args: Namespace) -> int:
    if args.verb != "run":
        gc.set_threshold(
            200_000, 50, 100
        )  # a quarter of a large plan's time went into looking for garbage that is not there
    code: int = args.run(args)
    sys.stdout.flush()
    return code


def _explained(error: Exception, args: Namespace) -> str:
    from colonnade.cli.told import told

    if isinstance(error, ColonnadeError):
        return told(str(error), cluster=getattr(args, "url", None) is None)
    what = f"{type(error).__name__}: {error}"
    return told(f"{what}; Colonnade did not foresee this: run it again with COLONNADE_DEBUG=1 and report what it shows")


def _say(message: str, code: int) -> int:
    sys.stdout.flush()
    print(f"colonnade: {message}", file=sys.stderr)
    return code
