"""The only room that knows Kubernetes: it watches, queues, calls `reconcile` in threads, and tells resources how they stand.

Kopf and the Kubernetes client stay in here; what is decided about a database is decided without them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal

from colonnade import log
from colonnade.settings import Settings


def run(settings: Settings) -> int:
    """Run the operator until SIGTERM or SIGINT; the exit code. Where steps outlast the grace, the process ends in the middle.

    Raises ColonnadeError where no cluster can be reached, or a right is missing.
    """
    log.configure(settings.log_level, settings.log_format)
    orderly = asyncio.run(_run(settings))
    logging.shutdown()
    if not orderly:
        os._exit(1)
    return 0


async def _run(settings: Settings) -> bool:
    from colonnade.cluster.person import reach
    from colonnade.cluster.supervisor import Supervisor

    stop = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stop.set)
    async with reach(None, None) as api:
        return await Supervisor(api, settings).run(stop)
