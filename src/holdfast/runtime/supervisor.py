"""`holdfast up`: starts the role processes, starts the dead ones again, and stops all of them cleanly.

The supervisor holds nothing of the domain: the hub (where processes meet) and the children. Devices are
served by the gateway alone, so a crash of control or a worker costs no session.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from holdfast.cluster.hub import Hub
from holdfast.kernel.clock import Clock, SystemClock
from holdfast.runtime.process import hub_path
from holdfast.runtime.settings import Settings

STOP_SECONDS = 20.0
"""Time for a role to finish what it acknowledged; then it is killed, and the log recovers at the start."""
STABLE_SECONDS = 30.0
"""A role that ran this long was well: the next start after a crash is immediate again."""
MAXIMUM_BACKOFF_SECONDS = 10.0

WORKER_NICENESS = 10
"""Work that nobody waits for leaves the processor to devices and people."""

_PR_SET_PDEATHSIG = 1


def _die_with_supervisor() -> None:
    """In the child, before exec: SIGTERM when the supervisor is killed, so that nothing is left behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _become_worker() -> None:
    """In a worker, before exec."""
    _die_with_supervisor()
    os.nice(WORKER_NICENESS)


@dataclass
class _Child:
    node: str
    process: asyncio.subprocess.Process | None = None
    starts: int = 0
    backoff: float = 0.0


class Supervisor:
    """Runs the processes of one instance until told to stop."""

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self._settings = settings
        self._clock = clock or SystemClock()
        self._hub = Hub(self._clock)
        self._children = [_Child(node) for node in self.nodes(settings)]
        self._stopping = asyncio.Event()
        self._log = structlog.get_logger()

    @staticmethod
    def nodes(settings: Settings) -> list[str]:
        """The processes of an instance with these settings."""
        return [
            "control-1",
            *(f"gateway-{n}" for n in range(1, settings.gateways + 1)),
            *(f"worker-{n}" for n in range(1, settings.workers + 1)),
        ]

    def stop(self) -> None:
        """Ask for a clean stop; `run` returns when every role has stopped."""
        self._stopping.set()

    async def run(self, started: Callable[[], None] | None = None) -> None:
        """Run everything; `started` is called once the hub listens and every role was started."""
        await self._hub.start(hub_path(self._settings))
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        keepers = [asyncio.create_task(self._keep(child), name=child.node) for child in self._children]
        if started is not None:
            started()
        try:
            await self._stopping.wait()
        finally:  # also when the caller is cancelled: no role may outlive its supervisor
            self._stopping.set()
            await self._stop_children()
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self._hub.stop()

    async def _keep(self, child: _Child) -> None:
        while not self._stopping.is_set():
            began = self._clock.monotonic()
            await self._start(child)
            assert child.process is not None
            code = await child.process.wait()
            if self._stopping.is_set():
                return
            lived = self._clock.monotonic() - began
            grown = min(MAXIMUM_BACKOFF_SECONDS, max(0.2, child.backoff * 2))
            child.backoff = 0.0 if lived > STABLE_SECONDS else grown
            self._log.warning("a role ended", role=child.node, code=code, next_start_in=child.backoff)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), child.backoff)

    async def _start(self, child: _Child) -> None:
        child.process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "holdfast.runtime.process",
            child.node,
            stdin=asyncio.subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches the supervisor, which stops the roles in order
            preexec_fn=_become_worker if child.node.startswith("worker") else _die_with_supervisor,
        )
        child.starts += 1
        assert child.process.stdin is not None
        with contextlib.suppress(ConnectionError):
            child.process.stdin.write(self._settings.model_dump_json().encode())
            await child.process.stdin.drain()
        child.process.stdin.close()
        self._log.info("started a role", role=child.node, pid=child.process.pid, start=child.starts)

    async def _stop_children(self) -> None:
        # Gateways first: they tell their devices to reconnect while the rest still answers.
        for prefix in ("gateway", "worker", "control"):
            group = [c for c in self._children if c.node.startswith(prefix) and c.process is not None]
            await asyncio.gather(*(self._end(child) for child in group))

    async def _end(self, child: _Child) -> None:
        process = child.process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            self._log.error("a role did not stop in time and is killed", role=child.node)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
