"""Changes for the worse as alerts, and what is over; reminders of attestations that run out."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from holdfast.alerts.model import AlertType, Matter, Report, Severity
from holdfast.baseline.assessment.changes import Change
from holdfast.baseline.assessment.recommendations import severity_of
from holdfast.baseline.assessment.states import State
from holdfast.baseline.decisions.model import Attestation
from holdfast.kernel.clock import isoformat

MAXIMUM_DIFFERENCES: Final = 20
"""Observations that an alert names; the event has them all."""

STATE_CHANGED: Final = AlertType(
    id="baseline-control",
    title="A control of the security baseline is not in order any more",
    engine="baseline",
    severity=Severity.MEDIUM,
    category="Security baseline",
    meaning="A control was satisfied or exempt, and a probe, a policy or the end of a decision changed that.",
    steps=(
        "Read which observations changed: they name the subject, what was expected and what was seen.",
        "See in the audit log what was changed just before.",
        "Follow the steps of the recommendation, then assess again.",
    ),
)
"""The parties of its alerts are the service and the control."""

ATTESTATION_ENDS: Final = AlertType(
    id="baseline-attestation-ends",
    title="An attestation runs out soon",
    engine="baseline",
    severity=Severity.LOW,
    category="Security baseline",
    meaning="Somebody said how a control stands, and what was said will not count any more after its end.",
    steps=("Ask its owner whether it still holds.", "Give it again with fresh evidence and another end."),
)
"""The parties of its alerts are the control and the attestation."""

ALERT_TYPES: Final = (STATE_CHANGED, ATTESTATION_ENDS)


def change_reports(changes: Iterable[Change], now: float) -> Iterator[Report]:
    """A report for each change for the worse, observation by observation."""
    for change in changes:
        if change.got_worse:
            shown = [str(difference) for difference in change.differences[:MAXIMUM_DIFFERENCES]]
            more = len(change.differences) - len(shown)
            lines = [*shown, *([f"and {more} more"] if more else [])] or [change.reason]
            yield Report(
                type=STATE_CHANGED.id,
                time=now,
                source=change.service,
                destination=change.control,
                protocol="",
                observed=f"{change.control} is {change.after}: " + "; ".join(lines),
                expected=f"{change.control} {change.before}",
                severity=_severity(change),
            )


def _severity(change: Change) -> Severity:
    if change.after in (State.NOT_ASSESSED, State.ATTESTATION_DUE):
        return Severity.LOW
    return Severity(severity_of(change.control).value)


def matters_over(changes: Iterable[Change]) -> list[Matter]:
    """What the alerts about these changes were raised for and is over."""
    return [Matter(STATE_CHANGED.id, change.service, change.control) for change in changes if change.is_over]


def reminders(attestations: Iterable[Attestation], now: float, told: Collection[str]) -> Iterator[Report]:
    """A report for each attestation that runs out soon, unless it (`reminder_key`) was told already."""
    for each in attestations:
        if each.due_soon(now) and reminder_key(each) not in told:
            yield Report(
                type=ATTESTATION_ENDS.id,
                time=now,
                source=each.control,
                destination=each.id,
                protocol="",
                observed=f"The attestation of {each.control} by {each.owner} ends {isoformat(each.expires)}",
                expected="an attestation that holds",
            )


def reminder_key(attestation: Attestation) -> str:
    """Tells one end of one attestation from another."""
    return f"{attestation.id}/{attestation.expires}"
