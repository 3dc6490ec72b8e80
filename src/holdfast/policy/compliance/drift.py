"""Drift: what complied and does not any more, as alerts."""

from typing import Final

from holdfast.alerts.model import AlertType, Report, Severity
from holdfast.policy.compliance.model import Transition
from holdfast.policy.engine.active import Active

DRIFT: Final = AlertType(
    id="policy-drift",
    title="A resource no longer complies with a policy",
    engine="policy",
    severity=Severity.MEDIUM,
    category="Policy",
    meaning="A resource was changed, or time went by, so that it violates a policy that it complied with.",
    steps=(
        "Look at the resource's reasons: they name the values that are to blame.",
        "See in the audit log who changed it last.",
        "Bring it back, remediate it, or exempt it with a reason and an end.",
    ),
)
"""The alert type; the parties of its alerts are the resource and the policy."""


def drift_reports(transitions: list[Transition], active: Active) -> list[Report]:
    """The reports for what drifted."""
    titles = {policy.key: policy.title for policy in active.policies}
    return [
        Report(
            type=DRIFT.id,
            time=each.time,
            source=each.resource,
            destination=f"{each.assignment}/{each.reference}".rstrip("/"),
            protocol="",
            observed=f"{each.resource} is {each.after}",
            expected=titles.get((each.assignment, each.reference), each.definition),
        )
        for each in transitions
        if each.is_drift
    ]
