"""The worker role: the relay of events, last values, and the jobs that other packages bring."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass, field

import structlog
from prometheus_client import Gauge

from holdfast.alerts.port import AlertSink
from holdfast.alerts.wire import RemoteAlerts
from holdfast.defender.network.feed import SensorFeed, SensorWatch
from holdfast.kernel.errors import HoldfastError
from holdfast.log.open import open_reader
from holdfast.log.sqlite.recent import RecentRows
from holdfast.log.walking import WalkedLog
from holdfast.policy.compliance.drift import DriftAlerts
from holdfast.policy.compliance.states import open_states
from holdfast.runtime.delivery import open_dispatcher, open_shelf_of
from holdfast.runtime.device_files import sweep_device_files
from holdfast.runtime.instance import Instance, open_instance
from holdfast.runtime.metrics import gauge
from holdfast.runtime.network import (
    follow_captures,
    follow_edits,
    instructions,
    open_monitoring,
    sensor_gauges,
)
from holdfast.runtime.platform_watch import open_platform_watch
from holdfast.runtime.policies import open_monitor
from holdfast.runtime.process import Role, spare_collections
from holdfast.runtime.relay import (
    WAIT_SECONDS,
    Follower,
    Handle,
    Newest,
    PositionFile,
    device_requests,
    news,
)
from holdfast.runtime.simulation.starting import open_fleet
from holdfast.telemetry.open import open_last_values

WATCH_SECONDS = 1.0
"""How often the platform's own log and audit are looked at while they are quiet."""
SENSOR_SECONDS = 15.0
"""How often it is looked for sensors that are silent."""
RATING_SECONDS = 2.0
"""How soon a score follows the alerts."""
TEND_SECONDS = 3600.0
"""How often what sensors saw is looked through for what is too old."""
DELIVERY_SECONDS = 0.25
"""How often something to deliver is looked for."""
LEASE_SECONDS = 15.0
"""How long the others wait after a worker fell silent before one of them takes its job. What a dead one held
is free at once."""
TAKE_SECONDS = 2.5
"""How often a worker asks for a job that another one has."""


@dataclass(frozen=True)
class Worker:
    """What a job works with."""

    role: Role
    instance: Instance
    alerts: AlertSink
    """Where jobs bring what they see; for threads."""
    newest: Newest
    followed: Gauge
    """Newest event handled, by consumer."""
    recent: RecentRows = field(default_factory=RecentRows)
    """Of the log, for all jobs that follow it."""

    def open_log(self) -> WalkedLog:
        """A reader of the log for one job. Blocking."""
        instance, settings = self.instance, self.role.settings
        return open_reader(settings.data, instance.ring, instance.clock, settings.database, self.recent)


Job = Callable[[Worker, asyncio.Event], Awaitable[None]]
"""Runs until the event is set; another worker runs it when this one loses the lease."""


async def _news(worker: Worker, stopping: asyncio.Event) -> None:
    await _follow(worker, "news", news(worker.role.cluster.bus), stopping)


async def _device_requests(worker: Worker, stopping: asyncio.Event) -> None:
    handle = device_requests(worker.role.cluster.bus, worker.instance.store, stopping)
    await _follow(worker, "device-requests", handle, stopping)


async def _follow(worker: Worker, name: str, handle: Handle, stopping: asyncio.Event) -> None:
    position = PositionFile(worker.role.settings.data / "consumers" / f"{name}.position")
    follower = Follower(worker.instance.events, worker.newest, position, handle)
    worker.followed.labels(name).set_function(lambda: follower.done)
    await follower.run(stopping)


async def _last_values(worker: Worker, stopping: asyncio.Event) -> None:
    instance, settings = worker.instance, worker.role.settings
    values = await asyncio.to_thread(open_last_values, settings.data, instance.ring, settings.database)
    log = await asyncio.to_thread(worker.open_log)
    while not stopping.is_set():
        await asyncio.to_thread(values.consume, log)
        await asyncio.to_thread(log.wait, WAIT_SECONDS)


async def _policies(worker: Worker, stopping: asyncio.Event) -> None:
    instance, settings = worker.instance, worker.role.settings
    states = await asyncio.to_thread(open_states, settings.data, instance.ring, settings.database)
    values = await asyncio.to_thread(open_last_values, settings.data, instance.ring, settings.database)
    monitor = open_monitor(instance, states, values)
    drift = DriftAlerts(states, worker.alerts, monitor.titles)
    try:
        await asyncio.to_thread(monitor.run, stopping.is_set, WAIT_SECONDS, drift.tell)
    finally:
        await asyncio.to_thread(states.close)


async def _delivery(worker: Worker, stopping: asyncio.Event) -> None:
    shelf = await asyncio.to_thread(open_shelf_of, worker.instance)
    dispatcher = open_dispatcher(worker.instance, shelf)
    try:
        while not stopping.is_set():
            if not await asyncio.to_thread(dispatcher.step):
                await worker.role.pause(DELIVERY_SECONDS)
    finally:
        await asyncio.to_thread(dispatcher.close)
        await asyncio.to_thread(shelf.close)


async def _captures(worker: Worker, stopping: asyncio.Event) -> None:
    with closing(await asyncio.to_thread(open_monitoring, worker.instance, worker.alerts)) as monitoring:
        await _follow(worker, "captures", follow_captures(monitoring), stopping)


async def _asset_edits(worker: Worker, stopping: asyncio.Event) -> None:
    with closing(await asyncio.to_thread(open_monitoring, worker.instance, worker.alerts)) as monitoring:
        await _follow(worker, "asset-edits", follow_edits(monitoring), stopping)


async def _platform_watch(worker: Worker, stopping: asyncio.Event) -> None:
    role = worker.role
    log = await asyncio.to_thread(worker.open_log)
    watch = await asyncio.to_thread(
        open_platform_watch, worker.instance, log, worker.alerts, role.cluster.bus, role.loop
    )
    try:
        while not stopping.is_set():
            if not await asyncio.to_thread(watch.step):
                await role.pause(WATCH_SECONDS)
    finally:
        await asyncio.to_thread(watch.close)


async def _sensor_instructions(worker: Worker, stopping: asyncio.Event) -> None:
    with closing(await asyncio.to_thread(open_monitoring, worker.instance, worker.alerts)) as monitoring:
        telling = instructions(worker.instance, monitoring, worker.role.cluster.bus)
        await _follow(worker, "sensor-instructions", telling.handle, stopping)


async def _sensors(worker: Worker, stopping: asyncio.Event) -> None:
    instance = worker.instance
    log = await asyncio.to_thread(worker.open_log)
    with closing(await asyncio.to_thread(open_monitoring, instance, worker.alerts)) as monitoring:
        feed = await asyncio.to_thread(SensorFeed, log, instance.store, monitoring.intake)
        while not stopping.is_set():
            complete, _heard = await asyncio.to_thread(feed.step)
            if complete:
                await asyncio.to_thread(feed.wait, WAIT_SECONDS)


async def _sensor_watch(worker: Worker, stopping: asyncio.Event) -> None:
    instance, registry = worker.instance, worker.role.registry
    with closing(await asyncio.to_thread(open_monitoring, instance, worker.alerts)) as monitoring:
        watch = SensorWatch(
            instance.store, monitoring.database, worker.alerts, instance.clock, sensor_gauges(registry)
        )
        tended = -math.inf
        while not stopping.is_set():
            await asyncio.to_thread(watch.look)
            if instance.clock.monotonic() - tended >= TEND_SECONDS:
                await asyncio.to_thread(monitoring.tending.run)
                tended = instance.clock.monotonic()
            await worker.role.pause(SENSOR_SECONDS)


async def _ratings(worker: Worker, stopping: asyncio.Event) -> None:
    with closing(await asyncio.to_thread(open_monitoring, worker.instance, worker.alerts)) as monitoring:
        while not stopping.is_set():
            await asyncio.to_thread(monitoring.ratings.step)
            await worker.role.pause(RATING_SECONDS)


async def _simulated_devices(worker: Worker, stopping: asyncio.Event) -> None:
    fleet = await asyncio.to_thread(open_fleet, worker.instance, worker.role.clock)
    await fleet.run(stopping)


async def _device_files(worker: Worker, stopping: asyncio.Event) -> None:
    await sweep_device_files(worker.role, worker.instance, stopping)


JOBS: dict[str, Job] = {
    "last-values": _last_values,
    "news": _news,
    "device-requests": _device_requests,
    "policies": _policies,
    "captures": _captures,
    "asset-edits": _asset_edits,
    "platform-watch": _platform_watch,
    "sensors": _sensors,
    "sensor-instructions": _sensor_instructions,
    "sensor-watch": _sensor_watch,
    "ratings": _ratings,
    "delivery": _delivery,
    "device-files": _device_files,
    "simulated-devices": _simulated_devices,
}
"""Every job of which one instance runs in the cluster, by the name of its lease."""


async def run(role: Role) -> None:
    """Run the role until it is told to stop."""
    instance = await asyncio.to_thread(open_instance, role.settings)
    try:
        followed = gauge(role.registry, "holdfast_events_followed", "Newest event handled.", "consumer")
        newest = Newest(instance.events)
        worker = Worker(role, instance, RemoteAlerts(role.cluster.bus, role.loop), newest, followed)
        jobs = [asyncio.create_task(_led(worker, name, job), name=name) for name, job in JOBS.items()]
        jobs.append(asyncio.create_task(_look(newest, role), name="newest"))
        spare_collections()
        role.ready = True
        await role.stopping.wait()
        await asyncio.gather(*jobs, return_exceptions=True)
    finally:
        await asyncio.to_thread(instance.close)


async def _led(worker: Worker, name: str, job: Job) -> None:
    """Run a job while this worker holds its lease; start it again when it failed."""
    role = worker.role
    log = structlog.get_logger().bind(job=name)
    while not role.stopping.is_set():
        if await role.cluster.leases.acquire(name, LEASE_SECONDS) is None:
            await role.pause(TAKE_SECONDS)
            continue
        ended = asyncio.Event()
        work = asyncio.create_task(_guarded(job(worker, ended), log), name=f"job {name}")
        try:
            while not work.done() and not role.stopping.is_set():
                await role.pause(LEASE_SECONDS / 3)
                if await role.cluster.leases.acquire(name, LEASE_SECONDS) is None:
                    break  # another worker thinks that we are dead
        finally:  # also when the hub is gone: a job in a thread would keep the process alive
            ended.set()
            await work


async def _look(newest: Newest, role: Role) -> None:
    """Look for the newest event for all jobs."""
    log = structlog.get_logger().bind(job="newest")
    while not role.stopping.is_set():
        await _guarded(newest.run(role.stopping), log)


async def _guarded(work: Awaitable[None], log: structlog.typing.FilteringBoundLogger) -> None:
    try:
        await work
    except HoldfastError as error:
        log.warning("a job failed and starts again", reason=str(error))
        await asyncio.sleep(1)
    except Exception:
        log.exception("a job failed and starts again")
        await asyncio.sleep(1)
