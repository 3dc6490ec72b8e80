"""The baseline on the running instance: what probes are given, and when they run by themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from holdfast.access.application import APPLICATION, Listener, network_rules
from holdfast.access.control import AccessControl
from holdfast.api.services import Services
from holdfast.baseline.assessment.assessor import Assessor, RunReport, Trigger
from holdfast.baseline.assessment.decisions import Decisions
from holdfast.baseline.evidence.store import open_evidence
from holdfast.baseline.probes.context import ProbeContext, Surface
from holdfast.baseline.probes.table import PROBES
from holdfast.baseline.service import ASSESSED, PARTS, Baseline, Owner
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.network import NetworkRules
from holdfast.resources.model import Event
from holdfast.resources.port import EventFeed
from holdfast.runtime.instance import ROOT_CA_FILE, Instance
from holdfast.runtime.personas import ORGANIZATION_ID, PRINCIPAL, Personas, is_of_probes
from holdfast.runtime.scratch import ScratchInstances, endpoints_of, loopback_address

PURPOSE: Final = "evidence"
"""The keys of the evidence's database and signatures."""
SCHEDULE_SECONDS: Final = 60.0
"""How often the schedule looks for probes that are due."""
READY_SECONDS: Final = 1.0
"""How often the first run looks whether every process is ready."""
WAIT_SECONDS: Final = 0.5
"""How long one look for changes blocks its thread; a stop waits no longer than this."""
BATCH: Final = 500


@dataclass(frozen=True)
class BaselineParts:
    """The baseline of a role, and what has to be ended with it."""

    baseline: Baseline
    personas: Personas
    scratch: ScratchInstances

    def close(self) -> None:
        """End drills and take the probes' tokens away. Blocking."""
        self.scratch.end_all()
        self.personas.remove()


def open_baseline(instance: Instance, access: AccessControl, application: str) -> BaselineParts:
    """Put it together for the role that writes the control database. Blocking."""
    settings, ring = instance.settings, instance.ring
    personas = Personas(access.ports, access.tokens)
    scratch = ScratchInstances(settings, instance.clock, instance.randomness)
    own_certificate = settings.tls.certificate_file is not None
    authority: Path | None = None if own_certificate else settings.data / ROOT_CA_FILE

    def context() -> ProbeContext:
        try:
            tokens = personas.tokens()
        except HoldfastError as error:  # API tokens are switched off: what needs them is not assessed
            structlog.get_logger().warning("probes have no tokens", reason=str(error))
            tokens = {}
        return ProbeContext(
            clock=instance.clock,
            randomness=instance.randomness,
            source=loopback_address(instance.randomness),
            endpoints=endpoints_of(settings),
            authority=authority,
            data=settings.data,
            tokens=tokens,
            rules=_rules(instance),
            organization=ORGANIZATION_ID,
            scratch=scratch,
        )

    evidence = open_evidence(
        settings.data, ring.data_key(PURPOSE), application, ring.signing_key(PURPOSE), instance.clock
    )
    assessor = Assessor(ASSESSED, PROBES, evidence, instance.clock, context, Decisions)
    owner = Owner(settings.baseline.owner, application)
    return BaselineParts(Baseline(assessor, evidence, instance.clock, owner), personas, scratch)


_LISTENERS: Final = {
    Surface.DEVICE_MQTT: Listener.DEVICES,
    Surface.DEVICE_HTTPS: Listener.DEVICES,
    Surface.PEOPLE: Listener.PEOPLE,
    Surface.SENSOR_MQTT: Listener.SENSORS,
}


def _rules(instance: Instance) -> dict[Surface, NetworkRules]:
    application = instance.store.get(APPLICATION, APPLICATION)
    body = application.body if application else {}
    return {surface: network_rules(body, listener) for surface, listener in _LISTENERS.items()}


@dataclass
class BaselineRuns:
    """Runs probes at the start, when something changed, and when answers grow old.

    One run at a time. What changes meanwhile is read from the feed afterwards, all of it at once: a hundred
    changes a second cost one run after the other, not a hundred.
    """

    services: Services
    baseline: Baseline
    is_ready: Callable[[], Awaitable[bool]]
    """Whether every process of the instance serves."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Run until `stopping` is set."""
        events, clock = self.services.events, self.services.clock
        position = await asyncio.to_thread(events.last)
        while not stopping.is_set() and not await self.is_ready():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), READY_SECONDS)
        await self._run(self.baseline.assessor.quick(), Trigger.START)
        looked = clock.monotonic()
        while not stopping.is_set():
            position, kinds = await asyncio.to_thread(changed_kinds, events, position)
            await self._run(self.baseline.assessor.touched_by(kinds), Trigger.CHANGE)
            if clock.monotonic() >= looked + SCHEDULE_SECONDS:
                due = await asyncio.to_thread(self.baseline.assessor.due)
                await self._run(due, Trigger.SCHEDULE)
                looked = clock.monotonic()

    async def _run(self, probes: tuple[str, ...], trigger: Trigger) -> None:
        if not probes:
            return
        try:
            report = await asyncio.to_thread(self.baseline.run, probes, trigger)
            await asyncio.to_thread(record_changes, self.services, report)
        except HoldfastError as error:
            structlog.get_logger().warning("the baseline was not assessed", reason=str(error))


def changed_kinds(events: EventFeed, position: int) -> tuple[int, set[str]]:
    """The position after the newest event and the kinds of what people changed since; waits for some."""
    if not events.wait(position, WAIT_SECONDS):
        return position, set()
    kinds: set[str] = set()
    while batch := events.read(position, BATCH):
        kinds.update(event.kind for event in batch if _is_a_change(event))
        position = batch[-1].sequence
    return position, kinds


def _is_a_change(event: Event) -> bool:
    return event.outcome == "ok" and not is_of_probes(event)


def record_changes(services: Services, report: RunReport) -> None:
    """An event for each control of a part whose state is another one, with what was seen."""
    for change in report.changes:
        if change.service in PARTS and change.before is not None:
            data: JsonObject = change.content()
            services.changes.record(
                PRINCIPAL, "baseline.changed", resource=change.control, data=data, detail=change.reason
            )
