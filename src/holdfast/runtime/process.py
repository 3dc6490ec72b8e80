"""What every role process has: settings, the cluster, a log, metrics, health, and a clean stop.

The supervisor starts a role as `python -m holdfast.runtime.process NODE` with the settings as JSON on
standard input. SIGTERM sets `stopping`; the role's function then finishes what it acknowledged and returns.
"""

import asyncio
import contextlib
import gc
import importlib
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import structlog
import uvloop
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from holdfast.cluster.local import LocalCluster
from holdfast.kernel.clock import Clock, Randomness, SystemClock, SystemRandomness
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.loading import loading
from holdfast.runtime import logs, metrics
from holdfast.runtime.settings import Settings

ROLES = {
    "gateway": "holdfast.runtime.gateway",
    "control": "holdfast.runtime.control",
    "worker": "holdfast.runtime.worker",
}
"""Role → the module whose `async run(role: Role)` is the role."""


BLOCKING_THREADS = 64
"""For `asyncio.to_thread`. Consumers of the log and of events wait in such a thread for most of their life,
so there must be more threads than consumers."""


def hub_path(settings: Settings) -> Path:
    """Where the processes of an instance meet.

    Relative to the data folder's absolute path, which must stay below the 107 bytes of a Unix address.
    """
    return settings.data.absolute() / "run" / "hub.sock"


@dataclass
class Role:
    """One running role process."""

    node: str
    settings: Settings
    cluster: LocalCluster
    clock: Clock = field(default_factory=SystemClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    ready: bool = False
    """Set by the role when it serves; the health page shows it."""
    checks: dict[str, Callable[[], str]] = field(default_factory=dict)
    """Health checks by name; each returns the empty string or what is wrong, in a sentence."""
    warnings: dict[str, Callable[[], str]] = field(default_factory=dict)
    """The same for what leaves the role useful: it stays ready, and the health page says it."""

    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The process's event loop; ask for it on the loop only."""
        return asyncio.get_running_loop()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        """Run a coroutine beside the others; a reference is kept until it ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def pause(self, seconds: float) -> None:
        """Wait, but no longer than until the role shall stop."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    def health(self) -> JsonObject:
        """This process's part of the health page."""
        return {
            "node": self.node,
            "ready": self.ready,
            "problems": _said(self.checks),
            "warnings": _said(self.warnings),
        }


def _said(checks: dict[str, Callable[[], str]]) -> JsonObject:
    return {name: sentence for name, check in checks.items() if (sentence := check())}


async def _serve(settings: Settings, node: str, run: Callable[[Role], Awaitable[None]]) -> None:
    clock = SystemClock()
    cluster = await LocalCluster.join(hub_path(settings), node, node.partition("-")[0], clock)
    role = Role(node, settings, cluster, clock)
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=role.registry)
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(BLOCKING_THREADS, "blocking"))
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, role.stopping.set)

    async def health(_body: JsonObject) -> JsonObject:
        return role.health()

    async def render(_body: JsonObject) -> JsonObject:
        return {"page": metrics.render(role.registry)}

    cluster.bus.serve("health", health)
    cluster.bus.serve("metrics", render)
    supervised = asyncio.create_task(cluster.bus.ended.wait(), name="supervisor-watch")
    supervised.add_done_callback(lambda _task: role.stopping.set())
    try:
        await run(role)
    finally:
        supervised.cancel()
        await cluster.close()


def spare_collections() -> None:
    """Leave what is loaded by now out of every garbage collection to come: it stays until the process ends,
    and to look through it costs a tenth of a second, in the middle of somebody's request."""
    gc.collect()
    gc.freeze()


def main() -> int:
    """Run the role that the command line names."""
    node = sys.argv[1]
    settings = Settings.model_validate_json(sys.stdin.buffer.read())
    logs.configure(settings.logging, node)
    log = structlog.get_logger()
    with loading():
        run = importlib.import_module(ROLES[node.partition("-")[0]]).run
    try:
        uvloop.run(_serve(settings, node, run))
    except HoldfastError as error:
        log.error("refused to run", reason=str(error))
        return 1
    log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
