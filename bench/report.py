"""A table to look at and JSON to keep, with the machine and the versions that the figures hold for."""

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def repeated(work: Callable[[], float], times: int) -> list[float]:
    """Seconds of each of `times` runs; `work` returns its own."""
    return [work() for _ in range(times)]


def timed(work: Callable[[], object]) -> float:
    """Seconds that the work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def row(name: str, seconds: Sequence[float], base: float | None = None) -> dict[str, Any]:
    """Median, best and worst in milliseconds; the ratio to the base's median."""
    middle = statistics.median(seconds)
    told = {"what": name, "median ms": round(middle * 1000, 1), "best ms": round(min(seconds) * 1000, 1),
            "worst ms": round(max(seconds) * 1000, 1), "runs": len(seconds)}  # fmt: skip
    return told | ({"ratio": round(middle / base, 2)} if base else {})


def report(name: str, rows: Sequence[Mapping[str, Any]], **versions: str) -> None:
    """Print the table and keep the JSON."""
    machine = {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "python": platform.python_version(),
        **versions,
    }
    columns = list(dict.fromkeys(k for r in rows for k in r))
    print(f"\n{name} ({', '.join(f'{k} {v}' for k, v in machine.items())})")
    print("| " + " | ".join(columns) + " |\n|" + "---|" * len(columns))
    for r in rows:
        print("| " + " | ".join(str(r.get(c, "")) for c in columns) + " |", flush=True)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps({"machine": machine, "rows": list(rows)}, indent=1))
