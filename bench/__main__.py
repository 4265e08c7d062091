"""`make bench`: every measurement, or the one that is named (`make bench BENCH=ready`)."""

import importlib
import sys

ALL = ("startup", "ready", "resync", "apply", "scale", "traffic")


def main() -> None:
    named = [a for a in sys.argv[1:] if not a.startswith("-")]
    if unknown := set(named) - set(ALL):
        raise SystemExit(f"no measurement is called {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
    for name in named or ALL:
        importlib.import_module(f"bench.{name}").main()


if __name__ == "__main__":
    main()
