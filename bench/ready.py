"""From a declared shop to a proved one on an empty Postgres database, and what each part takes."""

import time
from collections import defaultdict
from typing import Any, cast

from bench import shop
from bench.report import report, row
from colonnade.core.gate import Policy
from colonnade.engines import Database
from colonnade.engines.postgres import ENGINE
from colonnade.engines.postgres.declared.cache import Cache
from colonnade.reconcile import reconcile

PARTS = {"desire": "shadow", "read": "read", "plan": "plan and rehearsal", "execute": "apply", "verify": "verify"}


class Timed:
    """A database whose verbs note how long they take."""

    def __init__(self, database: Any, parts: dict[str, list[float]]) -> None:
        self.database, self.parts = database, parts

    def __getattr__(self, name: str) -> Any:
        verb = getattr(self.database, name)
        if name not in PARTS:
            return verb

        def noted(*args: Any, **kwargs: Any) -> Any:
            begin = time.perf_counter()
            try:
                return verb(*args, **kwargs)
            finally:
                self.parts[PARTS[name]].append(time.perf_counter() - begin)

        return noted


def main(times: int = 7) -> None:
    server, policy = shop.server(), Policy()
    parts: dict[str, list[float]] = defaultdict(list)
    for _ in range(times):
        url = shop.empty(server)
        ENGINE.cache = Cache()
        begin = time.perf_counter()
        with shop.opened(url, policy) as database:
            result = reconcile(cast("Database", Timed(database, parts)), shop.declarations(), policy)
        parts["in all, with connecting"].append(time.perf_counter() - begin)
        assert result.held is None, result.held
    report("ready", [row(name, seconds) for name, seconds in parts.items()], postgres="18")
