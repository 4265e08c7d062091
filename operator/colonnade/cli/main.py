"""From the arguments to an exit code; every error becomes one clear paragraph on standard error."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence

from colonnade.cli.parser import parser_for, verb_of
from colonnade.core.errors import ColonnadeError, DataViolation, Refused

CONVERGED, ERROR, PENDING, REFUSED = 0, 1, 2, 3
INTERRUPTED = 128 + signal.SIGINT


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the process's exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        return _run(words)
    except KeyboardInterrupt:
        return _say("stopped; what had begun was taken back or is noted in the journal: run it again to go on", INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on; Python would complain at its end
        return ERROR
    except ColonnadeError as error:
        _raise_in_debug()
        return _say(str(error), REFUSED if isinstance(error, Refused | DataViolation) else ERROR)
    except Exception as error:
        _raise_in_debug()
        what = f"{type(error).__name__}: {error}"
        return _say(f"{what}; Colonnade did not foresee this: run it again with COLONNADE_DEBUG=1 and report what it shows", ERROR)


def _run(words: Sequence[str]) -> int:
    verb = verb_of(words)
    args = parser_for(verb).parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that scratch databases are dropped then, too
    code: int = args.run(args)
    sys.stdout.flush()
    return code


def _raise_in_debug() -> None:
    if os.environ.get("COLONNADE_DEBUG", "") not in ("", "0"):
        raise


def _say(message: str, code: int) -> int:
    from colonnade.cli.told import told

    sys.stdout.flush()
    print(f"colonnade: {told(message)}", file=sys.stderr)
    return code
