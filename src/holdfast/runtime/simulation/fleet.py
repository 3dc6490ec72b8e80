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
from holdfast.runtime.simulation.device import Identity, simulate
from holdfast.runtime.simulation.link import Endpoint

LOOK_SECONDS = 1.0
"""How often it is looked for what changed. Whom the gateway must not hear any more it cuts off at once."""
_SIMULATED = All((Compare("simulated", Operator.EQUAL, True), Compare("enabled", Operator.EQUAL, True)))


class _Plan(NamedTuple):
    """What a device is to be simulated as; another plan begins anew."""

    identity: Identity
    template: Template


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
    interval: float
    """Seconds between what a device sends."""
    _running: dict[str, _Running] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._running)

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
        after = ""
        while len(found) < self.maximum:
            page = self.store.find(Query(DEVICE, (ROOT,), _SIMULATED, limit=100, after=after))
            for device in page.items:
                plan = self._plan(device)
                if plan is not None and len(found) < self.maximum:
                    found[device.id] = plan
            if not page.next:
                break
            after = page.next
        return found

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
            name for name, running in self._running.items() if not _is_same(plans.get(name), running.plan)
        ]
        tasks = [self._running.pop(name).task for name in ended]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if not plans.keys() - self._running.keys():
            return
        endpoint = await asyncio.to_thread(self.endpoint)
        for name, plan in plans.items():
            if name not in self._running:
                behaviour = Behaviour(name, plan.template)
                work = simulate(plan.identity, behaviour, endpoint, self.clock, self.interval)
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
