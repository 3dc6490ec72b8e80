"""Background work of sessions: kept referenced, named, and never silently dead."""

import asyncio
from collections.abc import Coroutine

import structlog

from holdfast.kernel.errors import HoldfastError


class Tasks:
    """The running tasks of a gateway."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger()

    def spawn(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        """Run `work`; an error that is expected is logged as a sentence, another with its trace."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        if isinstance(error, HoldfastError):
            self._log.warning("a task failed", task=task.get_name(), reason=str(error))
        else:
            self._log.error("a task failed", task=task.get_name(), exc_info=error)

    def cancel(self, name: str) -> None:
        """Give up the tasks of this name."""
        for task in self._running:
            if task.get_name() == name:
                task.cancel()

    async def finish(self) -> None:
        """Wait until nothing runs; what is still running after that was started meanwhile."""
        while self._running:
            await asyncio.wait(list(self._running))
