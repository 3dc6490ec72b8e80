"""Running one workload in several processes at once, and adding up what it took."""

import multiprocessing
import multiprocessing.queues
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.synchronize import Barrier
from typing import NamedTuple

import psutil


class Run(NamedTuple):
    """What one run came to."""

    rate: float
    """Units a second, all processes together."""
    cpu: float
    """CPU seconds a unit, in the processes and in the server that they used."""


Work = Callable[[float], int]
"""Works until a deadline (monotonic seconds); returns how many units it did."""
Workload = Callable[..., Work]
"""Called with its arguments it gets ready; what it returns is measured."""


def _child(
    workload: Workload,
    arguments: Sequence[object],
    seconds: float,
    barrier: Barrier,
    results: "multiprocessing.queues.Queue[tuple[int, float, float]]",
) -> None:
    work = workload(*arguments)
    barrier.wait()
    started, cpu = time.monotonic(), time.process_time()
    units = work(started + seconds)
    results.put((units, time.monotonic() - started, time.process_time() - cpu))


def run(
    workload: Workload, arguments: Iterable[Sequence[object]], seconds: float, server: int | None = None
) -> Run:
    """Run a process for each of the arguments; `server` is the process whose CPU counts too."""
    context = multiprocessing.get_context("spawn")
    everyone = list(arguments)
    barrier = context.Barrier(len(everyone) + 1)
    results = context.Queue()
    children = [
        context.Process(target=_child, args=(workload, one, seconds, barrier, results)) for one in everyone
    ]
    for child in children:
        child.start()
    barrier.wait()
    before = cpu_of(server)
    sampled = before
    answers: list[tuple[int, float, float]] = []
    while len(answers) < len(children):
        if not results.empty():
            answers.append(results.get())
        sampled = max(sampled, cpu_of(server))
        time.sleep(0.01)
    for child in children:
        child.join()
    units = sum(answer[0] for answer in answers)
    cpu = sum(answer[2] for answer in answers) + sampled - before
    return Run(units / max(answer[1] for answer in answers), cpu / max(units, 1))


def cpu_of(server: int | None) -> float:
    """CPU seconds of a process tree so far."""
    if server is None:
        return 0.0
    total = 0.0
    for process in [psutil.Process(server), *psutil.Process(server).children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def median(runs: Sequence[Run]) -> Run:
    """The medians of several runs."""
    return Run(statistics.median(r.rate for r in runs), statistics.median(r.cpu for r in runs))
