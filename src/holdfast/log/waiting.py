"""How a reader waits for something new: soon after a silence, at most every `PACE_SECONDS` under load."""

import time
from collections.abc import Callable, Hashable

from holdfast.kernel.clock import Clock
from holdfast.log.port import PACE_SECONDS

QUIET_LOOKS = 200
"""After so many looks in vain the next ones come `QUIET_FACTOR` times as far apart."""
QUIET_FACTOR = 8


class NewsWatch:
    """Compares what stands for the log's end with what it was when the last wait ended."""

    def __init__(self, clock: Clock, look_seconds: float, end: Callable[[], Hashable]) -> None:
        self._clock = clock
        self._look_seconds = look_seconds
        """Between two looks at `end`."""
        self._end = end
        self._seen: Hashable = None
        self._vain_looks = 0
        self._next = clock.monotonic()
        """When the next round may begin."""

    def wait(self, timeout: float) -> bool:
        """See `LogReader.wait`."""
        deadline = self._clock.monotonic() + timeout
        if (rest := min(timeout, self._next - self._clock.monotonic())) > 0:
            time.sleep(rest)
        while (end := self._end()) == self._seen:
            if self._clock.monotonic() >= deadline:
                return False
            quiet = self._vain_looks >= QUIET_LOOKS
            time.sleep(self._look_seconds * (QUIET_FACTOR if quiet else 1))
            self._vain_looks += 1
        self._vain_looks = 0
        self._seen = end
        self._next = self._clock.monotonic() + PACE_SECONDS
        return True
