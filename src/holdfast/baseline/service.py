"""The baseline of a running instance, as API, console and command line work with it."""

import threading
from collections.abc import Callable, Collection
from functools import partial
from typing import Final, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState
from holdfast.baseline.assessment.assessor import Assessor, RunReport, Trigger
from holdfast.baseline.data.catalog import LATER, benchmark, features
from holdfast.baseline.decisions.book import DecisionBook
from holdfast.baseline.decisions.files import EvidenceFiles
from holdfast.baseline.evidence.store import EvidenceStore
from holdfast.baseline.probes.probe import Pace
from holdfast.baseline.publishing.publication import Past, Publication
from holdfast.baseline.services import carried_service
from holdfast.kernel.clock import Clock
from holdfast.kernel.errors import HoldfastError, NotFoundError

WHOLE: Final = "holdfast"
"""The roll-up of all parts: what is shown when nobody asks for a part."""
PARTS: Final = ("holdfast-platform", "holdfast-defender")

ASSESSED = tuple(carried_service(key) for key in (WHOLE, *PARTS))


class Owner(NamedTuple):
    """Who is named on what the baseline publishes."""

    name: str
    instance: str
    """The instance's id."""


class Baseline:
    """Assesses one instance. Blocking and thread-safe."""

    def __init__(
        self,
        assessor: Assessor,
        evidence: EvidenceStore,
        book: DecisionBook,
        files: EvidenceFiles,
        clock: Clock,
        owner: Owner,
    ) -> None:
        self.assessor = assessor
        self.evidence = evidence
        self.book = book
        self.files = files
        self._clock = clock
        self._owner = owner

    def run(self, probes: Collection[str] | None = None, trigger: Trigger = Trigger.DEMAND) -> RunReport:
        """Run the named probes; without any the quick ones, and the slow ones that are due. NotFoundError."""
        wanted = self._usual() if probes is None else probes
        if unknown := set(wanted) - set(self.assessor.probes):
            raise NotFoundError(f"There is no probe {', '.join(sorted(unknown))}; docs/add-a-probe.md.")
        return self.assessor.run(wanted, trigger)

    def _usual(self) -> set[str]:
        return {*self.assessor.of(Pace.QUICK), *self.assessor.due(Pace.SLOW)}

    def run_feature(self, key: str) -> RunReport:
        """Run what proves a feature, in every service. NotFoundError."""
        states = [find_feature(assessment, key) for assessment in self.assessor.assess()]
        claimed = {probe for state in states for probe in state.claim.probes}
        return self.run(claimed.intersection(self.assessor.probes))

    def begin(self, feature: str = "") -> threading.Thread:
        """Run what a feature needs, or what is due, beside the caller; `assessor.progress` says how far.

        NotFoundError for an unknown feature.
        """
        if feature:
            find_feature(self.assessment(), feature)
        work = partial(self.run_feature, feature) if feature else self.run
        thread = threading.Thread(target=_told, args=(work,), name="baseline-run", daemon=True)
        thread.start()
        return thread

    def assessment(self, service: str = WHOLE, at: float | None = None) -> Assessment:
        """How a service stands now, or stood at the moment `at` (Unix seconds). NotFoundError."""
        for assessment in self.assessor.assess(at):
            if assessment.service.key == service:
                return assessment
        known = ", ".join((WHOLE, *PARTS))
        raise NotFoundError(f"{service} is not assessed here; these are: {known}.")

    def publication(self, at: float | None = None) -> Publication:
        """What documents are made from: every service, and the history until then."""
        moment = self._clock.now() if at is None else at
        past = (
            Past(
                when,
                str(content["service"]),
                str(content["control"]),
                str(content["before"] or "–"),
                str(content["after"]),
                str(content["reason"]),
                str(content.get("recommendation", "")),
            )
            for when, content in self.evidence.changes(0, moment)
        )
        return Publication(
            assessments=self.assessor.assess(at),
            owner=self._owner.name,
            instance=self._owner.instance,
            moment=moment,
            head=self.evidence.head(moment),
            history=tuple(past),
        )

    def history(self, recommendation: str, service: str = WHOLE) -> tuple[Past, ...]:
        """What became of a recommendation of a service, oldest first."""
        past = self.publication().history
        return tuple(
            each for each in past if each.recommendation == recommendation and each.service == service
        )


def _told(work: Callable[[], RunReport]) -> None:
    """A run whose failure nobody waits for."""
    try:
        work()
    except (HoldfastError, SQLAlchemyError) as error:
        structlog.get_logger().warning("the baseline was not assessed", reason=str(error))


def find_feature(assessment: Assessment, key: str) -> FeatureState:
    """The state of a feature by its key. NotFoundError."""
    for state in assessment.features:
        if state.feature.key == key:
            return state
    known = ", ".join(feature.key for feature in features())
    raise NotFoundError(f"There is no feature {key}; there are {known}.")


def find_control(assessment: Assessment, control: str) -> ControlState:
    """The state of a control by its id (`DP-3`). NotFoundError."""
    for state in assessment.controls:
        if state.control == control.upper():
            return state
    raise NotFoundError(f"{benchmark(LATER).published} has no control {control}.")
