"""Waiting for other processes, and asking them aside from a test that holds an event loop."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.support.running import RunningInstance

DEADLINE = 60.0


def until(condition: Callable[[], object], seconds: float = DEADLINE) -> None:
    """Return when the condition holds. AssertionError when it does not within the deadline."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "the deadline passed"
        time.sleep(0.1)


class Aside:
    """Asks an instance's API in another thread: in the test's own one the browser's event loop runs."""

    def __init__(self, instance: RunningInstance) -> None:
        self._instance = instance
        self._threads = ThreadPoolExecutor(1)

    def get(self, path: str) -> Any:  # any JSON
        """See `ApiClient.get`."""
        return self._threads.submit(self._ask, "get", path).result(DEADLINE)

    def put(self, path: str, body: Any) -> Any:  # any JSON
        """See `ApiClient.put`."""
        return self._threads.submit(self._ask, "put", path, body).result(DEADLINE)

    def _ask(self, method: str, *arguments: Any) -> Any:  # any JSON
        with self._instance.remote() as remote:
            return getattr(remote, method)(*arguments)
