"""Which devices are simulated: those that say so, are enabled, have a template and a key, up to a bound."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from holdfast.devices.device import DEVICE
from holdfast.devices.registry import Registry
from holdfast.devices.simulation.behaviour import Behaviour
from holdfast.devices.templates.kind import TEMPLATES
from holdfast.devices.templates.template import Template
from holdfast.kernel.clock import Clock
from holdfast.kernel.organizations import ROOT
from holdfast.resources.model import Resource
from holdfast.resources.port import ResourceStore
from holdfast.resources.query import All, Compare, Operator, Query
from holdfast.runtime.simulation.device import Identity, Pace, simulate
from holdfast.runtime.simulation.link import Endpoint

LOOK_SECONDS = 1.0
"""How often it is looked for what changed. Whom the gateway must not hear any more it cuts off at once."""
STARTED_AT_ONCE = 50
"""Devices that begin with one look, so that many do not all shake hands with the gateway together."""
PLAN_SECONDS = 30.0
"""How long a device's plan holds while the device is the same: its group's keys may have changed."""
_SIMULATED = All((Compare("simulated", Operator.EQUAL, True), Compare("enabled", Operator.EQUAL, True)))


class _Plan(NamedTuple):
    """What a device is to be simulated as; another plan begins anew."""

    identity: Identity
    template: Template


class _Known(NamedTuple):
    """A plan, and what it was made of."""

    etag: str
    until: float
    plan: _Plan | None


class _Running(NamedTuple):
    plan: _Plan
    task: asyncio.Task[None]


@dataclass
class Fleet:
    """The simulated devices of an instance."""

    store: ResourceStore
    registry: Registry
    endpoint: Callable[[], Endpoint]
    """Asked for each connection's fleet anew: the certificate may have been renewed."""
    clock: Clock
    id_scope: str
    maximum: int
    pace: Pace
    _running: dict[str, _Running] = field(default_factory=dict)
    _known: dict[str, _Known] = field(default_factory=dict)

    def running(self) -> set[str]:
        """The devices that are simulated now."""
        return set(self._running)

    async def run(self, stopping: asyncio.Event) -> None:
        """Simulate until `stopping` is set."""
        try:
            while not stopping.is_set():
                plans = await asyncio.to_thread(self._plans)
                await self._follow(plans)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await stopping.wait()
        finally:
            await self._follow({})

    def _plans(self) -> dict[str, _Plan]:
        """The devices to simulate, by id."""
        found: dict[str, _Plan] = {}
        known: dict[str, _Known] = {}
        after = ""
        while len(found) < self.maximum:
            page = self.store.find(Query(DEVICE, (ROOT,), _SIMULATED, limit=100, after=after))
            for device in page.items:
                known[device.id] = self._looked_up(device)
                plan = known[device.id].plan
                if plan is not None and len(found) < self.maximum:
                    found[device.id] = plan
            if not page.next:
                break
            after = page.next
        self._known = known
        return found

    def _looked_up(self, device: Resource) -> _Known:
        known, now = self._known.get(device.id), self.clock.monotonic()
        if known is not None and known.etag == device.etag and now < known.until:
            return known
        return _Known(device.etag, now + PLAN_SECONDS, self._plan(device))

    def _plan(self, device: Resource) -> _Plan | None:
        template = TEMPLATES.get(self.store, str(device.body.get("template") or ""))
        self.registry.invalidate(DEVICE, device.id)
        credentials = self.registry.credentials(device.id)
        if template is None or credentials is None or not credentials.symmetric_keys:
            return None
        provisioned = device.body.get("provisioned") is True
        identity = Identity(
            device.id, credentials.symmetric_keys[0], self.id_scope, template.model_id, provisioned
        )
        return _Plan(identity, template)

    async def _follow(self, plans: dict[str, _Plan]) -> None:
        """End what is not wanted (any more, or so), and begin what is."""
        ended = [
            name
            for name, running in self._running.items()
            if running.task.done() or not _is_same(plans.get(name), running.plan)
        ]
        tasks = [self._running.pop(name).task for name in ended]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        wanted = [name for name in plans if name not in self._running][:STARTED_AT_ONCE]
        if not wanted:
            return
        endpoint = await asyncio.to_thread(self.endpoint)
        for name in wanted:
            plan = plans[name]
            behaviour = Behaviour(name, plan.template)
            work = simulate(plan.identity, behaviour, endpoint, self.clock, self.pace)
            task = asyncio.create_task(work, name=f"simulated {name}")
            task.add_done_callback(_tell)
            self._running[name] = _Running(plan, task)


def _is_same(wanted: _Plan | None, running: _Plan) -> bool:
    """Being provisioned meanwhile makes no difference to who runs."""
    if wanted is None or wanted.template is not running.template:
        return False
    return wanted.identity._replace(is_provisioned=True) == running.identity._replace(is_provisioned=True)


def _tell(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        structlog.get_logger().error("a simulated device ended", task=task.get_name(), exc_info=error)
