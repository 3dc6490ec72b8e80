"""Publications for the tests: everything that a document may have to show."""

from holdfast.baseline.assessment.assess import assess
from holdfast.baseline.evidence.chain import Link
from holdfast.baseline.probes.observation import Outcome
from holdfast.baseline.publishing.publication import Past, Publication
from holdfast.baseline.services import carried_service
from tests.baseline.assessment.cases import NOTHING, exemption
from tests.baseline.evidence.items import INSTANCE, NOW, observation

HEAD = Link(12, "ab" * 32)


def publication(owner: str = "Ada Lovelace", moment: float = NOW) -> Publication:
    """One control failed, one feature exempt, the rest seen on two subjects each."""
    whole = carried_service("holdfast")
    probes = {probe for line in whole.profile for probe in line.probes}
    probes |= {probe for entry in whole.entries for probe in entry.probes}
    seen = [observation(probe, subject=name) for probe in sorted(probes) for name in ("one", "two")]
    failed = observation(
        "access.wrong-role-refused", subject="two", outcome=Outcome.FAILED, observed="<b>201</b>"
    )
    assessments = tuple(
        assess(carried_service(key), [*seen, failed], exemption(), moment)
        for key in ("holdfast-platform", "holdfast-defender", "holdfast")
    )
    past = Past(NOW - 60, "holdfast", "PA-7", "satisfied", "not satisfied", "Somebody changed a role.")
    return Publication(assessments, owner, INSTANCE, moment, HEAD, (past,))


def unassessed() -> Publication:
    """Nothing is known yet."""
    assessment = assess(carried_service("holdfast"), (), NOTHING, NOW)
    return Publication((assessment,), "Ada", INSTANCE, NOW, HEAD)
