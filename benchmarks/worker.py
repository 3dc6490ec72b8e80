"""What a worker at 100 % CPU costs the gateway: the rate of acknowledgements beside an idle and a busy one.

The worker's process gets a thread that computes while a file exists; everything else is a real instance.
"""

import base64
import statistics
import tempfile
from pathlib import Path

import psutil
from tests.support.pki import issue
from tests.support.running import RunningInstance, running

from benchmarks.gateway import UNBOUND, Fleet

ROUNDS = 3
GOAL = 0.70

_BURNER = """
import os, sys, threading, time

def burn():
    while True:
        while os.path.exists({flag!r}):
            sum(range(10_000))
        time.sleep(0.02)

if "worker-1" in sys.orig_argv:
    threading.Thread(target=burn, daemon=True).start()
"""
"""Python runs a file of this name first where its folder is on PYTHONPATH."""


def _worker(instance: RunningInstance) -> psutil.Process:
    assert instance.process is not None
    children = psutil.Process(instance.process.pid).children(recursive=True)
    return next(child for child in children if "worker-1" in child.cmdline())


def _rate(fleet: Fleet, worker: psutil.Process, flag: Path, *, busy: bool) -> tuple[float, float]:
    """Messages acknowledged a second, and the share of a processor that the worker had meanwhile."""
    if busy:
        flag.touch()
    worker.cpu_percent()
    rate = float(fleet.publish(50, 20)["rate"])
    share = worker.cpu_percent()
    flag.unlink(missing_ok=True)
    return rate, share


def main() -> None:
    """See the module."""
    limits = {f"HOLDFAST_LIMITS__{name.upper()}": str(value) for name, value in UNBOUND.items()}
    with tempfile.TemporaryDirectory() as name:
        folder, flag = Path(name), Path(name) / "burn"
        (folder / "sitecustomize.py").write_text(_BURNER.format(flag=str(flag)))
        with running(folder / "data", PYTHONPATH=str(folder), **limits) as instance:
            with instance.remote() as remote:
                group = remote.get("/api/enrollmentGroups/SAS-IoT-Devices")
            key = base64.b64decode(group["attestation"]["symmetricKey"]["primaryKey"])
            fleet = Fleet(instance, folder, key, issue("benchmark root", authority=True))
            fleet.register([fleet.with_key(number, register=True) for number in range(50)])
            worker = _worker(instance)
            rounds = [
                (_rate(fleet, worker, flag, busy=False), _rate(fleet, worker, flag, busy=True))
                for _ in range(ROUNDS)
            ]
    idle = statistics.median(alone for (alone, _), _ in rounds)
    busy = statistics.median(beside for _, (beside, _) in rounds)
    shares = ", ".join(f"{share:.0f} %" for _, (_, share) in rounds)
    print(
        f"beside a busy worker (it had {shares} of a processor): {busy:,.0f} messages/s, "
        f"{busy / idle:.0%} of {idle:,.0f} beside an idle one (goal {GOAL:.0%})"
    )


if __name__ == "__main__":
    main()
