"""The command line: the same flow as the operator's, run by a person or a pipeline, with a cluster or without one.

Start-up is kept short: a verb is imported when it is asked for, and a driver, pydantic or the Kubernetes client only by what needs
them. Exit codes: 0 converged or applied, 1 error, 2 changes pending (`plan --exit-code`), 3 refused or approval needed.
"""

from __future__ import annotations

from colonnade.cli.entry import main

__all__ = ["main"]
