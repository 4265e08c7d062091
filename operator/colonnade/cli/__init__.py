"""The command line: the same flow as the operator's, run by a person or a pipeline, with a cluster or without one.

Start-up is kept short: a verb is imported when it is asked for, and a driver, pydantic or the Kubernetes client only by what needs
them. Exit codes: 0 converged or applied, 1 error, 2 changes pending (`plan --exit-code`), 3 refused, or not approved (`apply`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # to import typing for this alone would take as long as the rest of this module
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; the process's exit code. Imports only here, where an interrupt meanwhile can end it quietly."""
    try:
        from colonnade.cli.entry import main as run

        return run(argv)
    except KeyboardInterrupt:  # before there is anything to say of it
        return 130


__all__ = ["main"]
