"""How far the runs of probes are that go on now."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Progress(NamedTuple):
    """All runs that go on, together."""

    done: int
    total: int
    """0 while nothing runs."""
    waiting: tuple[str, ...]
    """Probes that have not finished, in the order of their run."""


class ProgressBoard:
    """Kept by whoever runs probes, read by whoever watches. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: Counter[str] = Counter()
        self._total = 0

    @contextmanager
    def run(self, probes: Iterable[str]) -> Iterator[Callable[[str], None]]:
        """A run of `probes`; what it gives is told of each that has finished."""
        left = Counter(probes)
        with self._lock:
            self._waiting += left
            self._total += left.total()

        def finished(probe: str) -> None:
            with self._lock:
                left.subtract((probe,))
                self._waiting.subtract((probe,))
                self._settle()

        try:
            yield finished
        finally:
            with self._lock:  # those that were missed, or that a failure of the run left
                self._waiting.subtract(left)
                self._settle()

    def now(self) -> Progress:
        """How far everything is."""
        with self._lock:
            waiting = tuple(self._waiting.elements())
            return Progress(self._total - len(waiting), self._total, waiting)

    def _settle(self) -> None:
        self._waiting = +self._waiting
        if not self._waiting:
            self._total = 0
