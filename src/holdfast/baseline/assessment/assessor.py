"""Runs probes, keeps what they saw as evidence, and tells what changed."""

import contextlib
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from holdfast.baseline.assessment.assess import Assessment, assess
from holdfast.baseline.assessment.changes import (
    Change,
    RecommendationChange,
    changes_between,
    recommendations_changed,
)
from holdfast.baseline.assessment.policies import have_spoken, policy_news
from holdfast.baseline.assessment.recommendations import recommendations
from holdfast.baseline.decisions.model import Decisions
from holdfast.baseline.evidence.store import EvidenceStore
from holdfast.baseline.model.service import ServiceBaseline
from holdfast.baseline.probes.context import ProbeContext
from holdfast.baseline.probes.observation import Observation
from holdfast.baseline.probes.probe import Pace, Probe
from holdfast.baseline.probes.progress import ProgressBoard
from holdfast.baseline.probes.running import Missed, Run, run_probes
from holdfast.kernel.clock import Clock


class Trigger(StrEnum):
    """Why a run was made."""

    START = "start"
    SCHEDULE = "schedule"
    DEMAND = "demand"
    CHANGE = "change"


class RunReport(NamedTuple):
    """What a run came to."""

    trigger: Trigger
    observations: tuple[Observation, ...]
    missed: tuple[Missed, ...]
    changes: tuple[Change, ...]
    recommendations: tuple[RecommendationChange, ...] = ()
    """What became of recommendations."""


class Assessor:
    """Assesses the services of one instance. Thread-safe."""

    def __init__(
        self,
        services: Sequence[ServiceBaseline],
        probes: Iterable[Probe],
        evidence: EvidenceStore,
        clock: Clock,
        context: Callable[[], ProbeContext],
        decisions: Callable[[float | None], Decisions],
        policies: Callable[[float], Iterable[Observation]] = lambda _now: (),
    ) -> None:
        """`policies` says at a moment what the policies of the baseline say."""
        claimed = {probe for service in services for probe in _named(service)}
        self.probes: Mapping[str, Probe] = {probe.id: probe for probe in probes if probe.id in claimed}
        """Those that some claim names, by id."""
        self.progress = ProgressBoard()
        self._services = tuple(services)
        self._evidence = evidence
        self._clock = clock
        self._context = context
        self._decisions = decisions
        self._policies = policies
        self._comparing = threading.Lock()
        self._drilling = threading.Lock()
        self._last: dict[str, Assessment] = {}

    def assess(self, at: float | None = None) -> tuple[Assessment, ...]:
        """How every service stands now, or stood at the moment `at` (Unix seconds)."""
        moment = self._clock.now() if at is None else at
        observations, decisions = self._evidence.latest(moment), self._decisions(at)
        return tuple(assess(service, observations, decisions, moment) for service in self._services)

    def run(self, probes: Collection[str], trigger: Trigger) -> RunReport:
        """Run the named probes, keep the evidence, and compare with how things stood before.

        Without any probe it only compares: time and decisions change states, too. The first run compares
        with what the evidence said before it. Runs with drills wait for each other, quick ones for nobody.
        """
        known = [probe for name, probe in self.probes.items() if name in probes]
        drilling = any(probe.scratch for probe in known)
        with (
            self._drilling if drilling else contextlib.nullcontext(),
            self.progress.run(probe.id for probe in known) as finished,
        ):
            seen = run_probes(known, self._context(), finished) if known else Run((), ())
        with self._comparing:
            before = self._last or {item.service.key: item for item in self.assess()}
            now = self._clock.now()
            known_before = self._evidence.latest(now)
            said = policy_news(self._policies(now), known_before, now)
            self._evidence.add_observations((*seen.observations, *said))
            after = {item.service.key: item for item in self.assess()}
            changes = [
                change for key, is_now in after.items() for change in changes_between(before.get(key), is_now)
            ]
            if said and not have_spoken(known_before):  # how it was before anybody judged it, nobody knows
                changes = [change._replace(before=None) for change in changes]
            advice = [
                change
                for key, is_now in after.items()
                for change in recommendations_changed(recommendations(before[key]), recommendations(is_now))
            ]
            contents = [change.content() for change in changes]
            self._evidence.add_changes([*contents, *(change.content() for change in advice)])
            self._last = after
        return RunReport(trigger, seen.observations, seen.missed, tuple(changes), tuple(advice))

    def of(self, pace: Pace) -> tuple[str, ...]:
        """The probes of a pace: the quick ones run at start and on demand."""
        return tuple(name for name, probe in self.probes.items() if probe.pace is pace)

    def touched_by(self, kinds: Collection[str], pace: Pace = Pace.QUICK) -> tuple[str, ...]:
        """Probes whose answer a change of these kinds of resources can change."""
        return tuple(name for name in self.of(pace) if self.probes[name].touches.intersection(kinds))

    def due(self, pace: Pace) -> tuple[str, ...]:
        """Probes whose last answer is past half of its time, so that none runs out."""
        now = self._clock.now()
        oldest: dict[str, float] = {}
        for item in self._evidence.latest(now):
            oldest[item.probe] = min(oldest.get(item.probe, item.collected), item.collected)
        return tuple(
            name
            for name in self.of(pace)
            if now >= oldest.get(name, float("-inf")) + self.probes[name].valid_for / 2
        )


def _named(service: ServiceBaseline) -> set[str]:
    in_profile = {probe for line in service.profile for probe in line.probes}
    return in_profile | {probe for entry in service.entries for probe in entry.probes}
