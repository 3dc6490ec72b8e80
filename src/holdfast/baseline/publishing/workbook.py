"""A service baseline as a workbook: the published sheets, then state, evidence and history."""

from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.documents.workbook.layout import OUR_SHEETS
from holdfast.baseline.documents.workbook.writer import Sheet, write_workbook
from holdfast.baseline.publishing.publication import Publication, todo
from holdfast.kernel.clock import isoformat

_STATE_COLUMNS = ("Control", "Feature", "State", "Reason", "Responsible", "Recommendation", "Exempt until")
_EVIDENCE_COLUMNS = (
    "Control",
    "Feature",
    "Probe",
    "Version",
    "Subject",
    "Expected",
    "Observed",
    "Outcome",
    "Collected",
    "Valid until",
    "Scratch instance",
    "SHA-256",
)
_HISTORY_COLUMNS = ("Moment", "Control", "Before", "After", "Reason")


def publish_workbooks(publication: Publication) -> dict[str, bytes]:
    """A workbook for each service, by file name."""
    return {
        f"{assessment.service.key}-security-baseline.xlsx": write_workbook(
            assessment.service,
            [_state(assessment), _evidence(assessment), _history(publication, assessment)],
        )
        for assessment in publication.assessments
    }


def _state(assessment: Assessment) -> Sheet:
    steps = {item.id: item for item in todo(assessment)}
    rows: list[tuple[str | None, ...]] = []
    for control in assessment.controls:
        until = isoformat(control.exemption.expires) if control.exemption else ""
        rows.append((control.control, "", str(control.state), control.reason, "", "", until))
        for feature in control.features:
            item = steps.get(feature.feature.key)
            until = isoformat(feature.exemption.expires) if feature.exemption else ""
            rows.append(
                (
                    control.control,
                    feature.feature.name,
                    str(feature.state),
                    feature.reason,
                    str(item.responsible) if item else "",
                    " ".join(item.steps) if item else "",
                    until,
                )
            )
    return Sheet(OUR_SHEETS[0], _STATE_COLUMNS, (10, 50, 18, 60, 16, 60, 26), rows)


def _evidence(assessment: Assessment) -> Sheet:
    about = [
        (feature.feature.control, feature.feature.name, item)
        for feature in assessment.features
        for item in feature.observations
    ]
    about += [
        (control.control, policy.entry.title, item)
        for control in assessment.controls
        for policy in control.policies
        for item in policy.observations
    ]
    rows = [
        (
            control,
            name,
            item.probe,
            str(item.version),
            item.subject,
            item.expected,
            item.observed,
            str(item.outcome),
            isoformat(item.collected),
            isoformat(item.valid_until),
            "yes" if item.scratch else "no",
            item.digest,
        )
        for control, name, item in about
    ]
    return Sheet(OUR_SHEETS[1], _EVIDENCE_COLUMNS, (10, 40, 36, 8, 30, 40, 40, 10, 26, 26, 16, 66), rows)


def _history(publication: Publication, assessment: Assessment) -> Sheet:
    rows = [
        (isoformat(past.moment), past.control, past.before, past.after, past.reason)
        for past in publication.history
        if past.service == assessment.service.key
    ]
    return Sheet(OUR_SHEETS[2], _HISTORY_COLUMNS, (26, 10, 18, 18, 80), rows)
