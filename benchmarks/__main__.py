"""Runs the benchmarks: `python -m benchmarks` for all, `python -m benchmarks NAME…` for some."""

import importlib
import pkgutil
import sys

import benchmarks
from holdfast import COMPILED


def main(names: list[str]) -> int:
    """Run each benchmark's `main()`; an unknown name lists those that exist."""
    known = sorted(
        module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name[0] != "_"
    )
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"No benchmark {', '.join(unknown)}. There are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in names or known:
        print(f"== {name}{' (hot modules compiled)' if COMPILED else ''}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
