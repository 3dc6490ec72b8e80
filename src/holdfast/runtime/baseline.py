"""The baseline on the running instance: what probes are given, and when they run by themselves."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from holdfast.access.application import APPLICATION, Listener, network_rules
from holdfast.access.control import AccessControl
from holdfast.alerts.model import Origin, Sighting
from holdfast.alerts.port import AlertSink
from holdfast.api.services import Services
from holdfast.baseline.assessment.alerts import change_reports, matters_over, reminder_key, reminders
from holdfast.baseline.assessment.assessor import Assessor, RunReport, Trigger
from holdfast.baseline.assessment.policies import policy_observations
from holdfast.baseline.decisions.book import DecisionBook
from holdfast.baseline.decisions.files import FOLDER as EVIDENCE_FILES
from holdfast.baseline.decisions.files import PURPOSE as EVIDENCE_FILES_PURPOSE
from holdfast.baseline.decisions.files import EvidenceFiles
from holdfast.baseline.evidence.store import open_evidence
from holdfast.baseline.probes.context import ProbeContext, Surface
from holdfast.baseline.probes.probe import Pace
from holdfast.baseline.probes.table import PROBES
from holdfast.baseline.service import ASSESSED, PARTS, Baseline, Owner
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.network import NetworkRules
from holdfast.policy.compliance.reading import PolicyStates
from holdfast.resources.model import Event
from holdfast.resources.port import EventFeed
from holdfast.runtime.drills import ORGANIZATION_ID, is_of_probes, probes_address
from holdfast.runtime.instance import ROOT_CA_FILE, Instance
from holdfast.runtime.personas import PRINCIPAL, Personas
from holdfast.runtime.scratch import ScratchInstances, endpoints_of, remove_left_drills
from holdfast.storage.blobs import LocalBlobs

PURPOSE: Final = "evidence"
"""The keys of the evidence's database and signatures."""
SCHEDULE_SECONDS: Final = 60.0
"""How often the schedule looks for probes that are due."""
READY_SECONDS: Final = 1.0
"""How often the first run looks whether every process is ready."""
WAIT_SECONDS: Final = 0.5
"""How long one look for changes blocks its thread; a stop waits no longer than this."""
BATCH: Final = 500
SETTLING_SECONDS: Final = 3.0
"""How long states are compared again after a change: policies are judged by another process."""
ORIGIN: Final = Origin("baseline")
"""Who raises the alerts of the baseline."""


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


def open_baseline(
    instance: Instance, access: AccessControl, application: str, policies: PolicyStates
) -> BaselineParts:
    """Put it together for the role that writes the control database. Blocking."""
    settings, ring = instance.settings, instance.ring
    personas = Personas(access.ports, access.tokens)
    remove_left_drills(settings.data)
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
            source=probes_address(application, instance.randomness),
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
    book = DecisionBook(instance.store, evidence)
    assessor = Assessor(
        ASSESSED, PROBES, evidence, instance.clock, context, book.at, partial(policy_observations, policies)
    )
    blobs = LocalBlobs(
        settings.data / EVIDENCE_FILES, ring.data_key(EVIDENCE_FILES_PURPOSE), instance.randomness
    )
    owner = Owner(settings.baseline.owner, application)
    baseline = Baseline(assessor, evidence, book, EvidenceFiles(blobs), instance.clock, owner)
    return BaselineParts(baseline, personas, scratch)


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

    Quick ones one run after the other: what changes meanwhile is read from the feed afterwards, all of it at
    once, so a hundred changes a second cost one run after the other, not a hundred. Drills run beside them.
    """

    services: Services
    baseline: Baseline
    alerts: AlertSink
    is_ready: Callable[[], Awaitable[bool]]
    """Whether every process of the instance serves."""
    _touched_drills: set[str] = field(default_factory=set)
    """Drills whose answer a change may have changed since they ran."""
    _reminded: set[str] = field(default_factory=set)

    async def run(self, stopping: asyncio.Event) -> None:
        """Run until `stopping` is set."""
        position = await asyncio.to_thread(self.services.events.last)
        while not stopping.is_set() and not await self.is_ready():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), READY_SECONDS)
        await self._step(self.baseline.assessor.of(Pace.QUICK), Trigger.START)
        await asyncio.gather(self._follow(position, stopping), self._drill(stopping))

    async def _follow(self, position: int, stopping: asyncio.Event) -> None:
        """Quick probes: after changes, and on their schedule."""
        events, clock, assessor = self.services.events, self.services.clock, self.baseline.assessor
        looked, unsettled_until = clock.monotonic(), 0.0
        while not stopping.is_set():
            position, kinds = await asyncio.to_thread(changed_kinds, events, position)
            if kinds:
                unsettled_until = clock.monotonic() + SETTLING_SECONDS
                self._touched_drills.update(assessor.touched_by(kinds, Pace.SLOW))
            touched = assessor.touched_by(kinds)
            if touched or clock.monotonic() < unsettled_until:
                await self._step(touched, Trigger.CHANGE)
            if clock.monotonic() >= looked + SCHEDULE_SECONDS:
                due = await asyncio.to_thread(assessor.due, Pace.QUICK)
                await self._step(due, Trigger.SCHEDULE)
                looked = clock.monotonic()

    async def _drill(self, stopping: asyncio.Event) -> None:
        """Slow probes: on their schedule, and soon after something that they touch changed."""
        while not stopping.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), SCHEDULE_SECONDS)
            touched = {*self._touched_drills}
            self._touched_drills -= touched
            wanted = {*await asyncio.to_thread(self.baseline.assessor.due, Pace.SLOW), *touched}
            if wanted and not stopping.is_set():
                await self._step(tuple(wanted), Trigger.SCHEDULE)

    async def _step(self, probes: tuple[str, ...], trigger: Trigger) -> None:
        """Run probes, or none: decisions, policies and time change states as well."""
        try:
            await asyncio.to_thread(self._run, probes, trigger)
        except (HoldfastError, SQLAlchemyError) as error:
            structlog.get_logger().warning("the baseline was not assessed", reason=str(error))

    def _run(self, probes: tuple[str, ...], trigger: Trigger) -> None:
        self.baseline.book.tell_evidence()
        report = self.baseline.run(probes, trigger)
        tell_changes(self.services, self.alerts, report)
        now = self.services.clock.now()
        attestations = self.baseline.book.at().attestations
        due = list(reminders(attestations, now, self._reminded))
        if due:
            self.alerts.raise_alerts([Sighting(each, ORIGIN) for each in due])
        self._reminded.update(reminder_key(each) for each in attestations if each.due_soon(now))


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


def tell_changes(services: Services, alerts: AlertSink, report: RunReport) -> None:
    """An event for each control of a part whose state is another one, and alerts for what got worse."""
    changes = [each for each in report.changes if each.service in PARTS and each.before is not None]
    for change in changes:
        services.changes.record(
            PRINCIPAL,
            "baseline.changed",
            resource=change.control,
            data=change.content(),
            detail=change.reason,
        )
    if over := matters_over(changes):
        alerts.resolve_alerts(over)
    if worse := list(change_reports(changes, services.clock.now())):
        alerts.raise_alerts([Sighting(each, ORIGIN) for each in worse])
