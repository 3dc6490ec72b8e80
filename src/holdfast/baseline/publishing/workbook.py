"""A service baseline as a workbook: the published sheets, then state, evidence and history."""

from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState
from holdfast.baseline.assessment.recommendations import Status
from holdfast.baseline.assessment.states import State
from holdfast.baseline.documents.completion import completed
from holdfast.baseline.documents.workbook.layout import FEATURE_SHEET, OUR_SHEETS
from holdfast.baseline.documents.workbook.writer import Linked, Sheet, Value, place, write_workbook
from holdfast.baseline.probes.observation import Observation
from holdfast.baseline.publishing.publication import Publication, todo
from holdfast.kernel.clock import isoformat

_STATE, _EVIDENCE, _HISTORY = OUR_SHEETS
_Row = tuple[Value, ...]
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


_Seen = list[tuple[str, str, Observation]]
"""Control, what it is about, and the observation: the rows of the evidence."""


def publish_workbooks(publication: Publication) -> dict[str, bytes]:
    """A workbook for each service, by file name."""
    return {
        f"{assessment.service.key}-security-baseline.xlsx": _workbook(publication, assessment)
        for assessment in publication.assessments
    }


def _workbook(publication: Publication, assessment: Assessment) -> bytes:
    seen = _seen(assessment)
    sheets = [_state(assessment, seen), _evidence(seen), _history(publication, assessment)]
    return write_workbook(assessment.service, sheets)


def _seen(assessment: Assessment) -> _Seen:
    seen = [("", state.line.attribute, item) for state in assessment.profile for item in state.observations]
    seen += [
        (feature.feature.control, feature.feature.name, item)
        for feature in assessment.features
        for item in feature.observations
    ]
    seen += [
        (control.control, policy.entry.title, item)
        for control in assessment.controls
        for policy in control.policies
        for item in policy.observations
    ]
    return seen


def _state(assessment: Assessment, seen: _Seen) -> Sheet:
    """How everything stands; from a state one gets to its evidence, from a feature to what is claimed."""
    steps = {item.id: item for item in todo(assessment) if item.status is not Status.FIXED}
    evidence = {name: number for number, (_, name, _) in reversed([*enumerate(seen, 2)])}
    claims = {entry.feature: number for number, entry in enumerate(completed(assessment.service).entries, 2)}

    def row(control: str, name: Value, about: str, state: State, reason: str, key: str, until: str) -> _Row:
        item = steps.get(key)
        shown = Linked(str(state), place(_EVIDENCE, evidence[about])) if about in evidence else str(state)
        does = (str(item.responsible), " ".join(item.steps)) if item else ("", "")
        return (control, name, shown, reason, *does, until)

    rows = []
    for line in assessment.profile:
        attribute = line.line.attribute
        rows.append(row("", attribute, attribute, line.state, line.reason, line.control, ""))
    for control in assessment.controls:
        rows.append(row(control.control, "", "", control.state, control.reason, "", _until(control)))
        for each in control.features:
            name = each.feature.name
            linked = Linked(name, place(FEATURE_SHEET, claims[each.claim.feature]))
            key = each.feature.key
            rows.append(row(control.control, linked, name, each.state, each.reason, key, _until(each)))
    return Sheet(_STATE, _STATE_COLUMNS, (10, 50, 18, 60, 16, 60, 26), rows, ("State",))


def _until(state: ControlState | FeatureState) -> str:
    return isoformat(state.exemption.expires) if state.exemption else ""


def _evidence(seen: _Seen) -> Sheet:
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
        for control, name, item in seen
    ]
    widths = (10, 40, 36, 8, 30, 40, 40, 10, 26, 26, 16, 66)
    return Sheet(_EVIDENCE, _EVIDENCE_COLUMNS, widths, rows, ("Outcome",))


def _history(publication: Publication, assessment: Assessment) -> Sheet:
    rows = [
        (isoformat(past.moment), past.control, past.before, past.after, past.reason)
        for past in publication.history
        if past.service == assessment.service.key
    ]
    return Sheet(_HISTORY, _HISTORY_COLUMNS, (26, 10, 18, 18, 80), rows, ("Before", "After"))
