"""The controls by domain, filtered, now or at a moment; and the runs of the probes with their progress."""

from collections import Counter
from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import urlencode

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.baseline.assessment.assess import Assessment, ControlState
from holdfast.baseline.assessment.recommendations import recommendations
from holdfast.baseline.assessment.score import secure_score
from holdfast.baseline.assessment.states import State, percent
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.forms import profile_form
from holdfast.baseline.probes.progress import Progress
from holdfast.baseline.service import WHOLE
from holdfast.console.pages.baseline.common import (
    MOODS,
    READ,
    RUN,
    assessment_of,
    baseline_of,
    control_row,
    feature_row,
    moment_of,
)
from holdfast.console.rendering import FORM, fragment, page, read_form, redirect
from holdfast.kernel.json import JsonObject, JsonValue

STANDARDS: Final = {
    "cis-v8": "CIS Controls v8",
    "cis-v7.1": "CIS Controls v7.1",
    "nist-800-53-r4": "NIST SP 800-53 r4",
    "pci-dss-3.2.1": "PCI-DSS 3.2.1",
}
"""Standards that the benchmark maps its controls to."""
_FILTERS: Final = ("state", "standard", "id", "at")


class Domain(NamedTuple):
    """A domain of the benchmark with what the filters leave of it."""

    name: str
    rows: list[JsonObject]
    """Features, and controls without any."""


def _domains(request: ApiRequest, assessment: Assessment) -> list[Domain]:
    standard, found = benchmark(assessment.service.benchmark), dict[str, list[JsonObject]]()
    for state in assessment.controls:
        domain = standard.domain_of(state.control)
        mapped = _mapped(request, assessment, state)
        rows = [row for row in _rows(assessment, state) if _is_wanted(request, row)]
        if rows and mapped is not None:
            shown: JsonObject = {"title": standard.control_by_id[state.control].title, "mapped": mapped}
            found.setdefault(domain.name if domain else state.control, []).extend(
                {**shown, **row} for row in rows
            )
    return [Domain(name, rows) for name, rows in found.items()]


def _rows(assessment: Assessment, state: ControlState) -> Iterator[JsonObject]:
    """The features of a control; where it has none it stands itself."""
    for feature in state.features:
        yield feature_row(feature, assessment.moment)
    if not state.features:
        ends = state.attestation.expires if state.attestation else None
        yield {
            **control_row(assessment, state),
            "key": "",
            "claim": "attested" if state.attestation else "",
            "responsibility": state.attestation.owner if state.attestation else "Operator",
            "evidence": state.reason,
            "ends": ends,
        }


def _profile(assessment: Assessment) -> list[JsonObject]:
    return [
        {**profile_form(state, assessment.moment), "colour": MOODS.get(state.state, "")}
        for state in assessment.profile
    ]


def _is_wanted(request: ApiRequest, row: JsonObject) -> bool:
    return request.query.get("state", "") in ("", row["state"])


def _mapped(request: ApiRequest, assessment: Assessment, state: ControlState) -> str | None:
    """Where the control stands in the wanted standard; None where it has nothing to do with what is asked."""
    wanted, id_ = request.query.get("standard", ""), request.query.get("id", "").strip()
    if wanted not in STANDARDS:
        return ""
    control = benchmark(assessment.service.benchmark).control_by_id[state.control]
    targets = control.mappings[wanted]
    if not targets or (id_ and not any(target.casefold() == id_.casefold() for target in targets)):
        return None
    return ", ".join(targets)


def _cards(assessment: Assessment) -> Iterator[tuple[str, str]]:
    numbers = assessment.numbers
    score = secure_score(recommendations(assessment)).percent
    states = Counter(feature.state for feature in assessment.features)
    proven = sum(feature.proven for feature in assessment.features)
    yield "Features satisfied", f"{states[State.SATISFIED]} of {len(assessment.features)}"
    yield "Claims proven", f"{proven} of {len(assessment.features)}"
    yield "Compliance of what was assessed", percent(numbers.compliance)
    yield "Controls assessed of those that apply", percent(numbers.coverage)
    yield "Secure score", "–" if score is None else f"{score:.0f} of 100"


class Standing(NamedTuple):
    """What the page shows and renews."""

    cards: list[tuple[str, str]]
    profile: list[JsonObject]
    """The lines of the security profile; none where controls are filtered."""
    domains: list[Domain]
    standard: str
    """The title of the column with mappings, if one was asked for."""
    then: float | None
    """The moment that was asked for; None for now."""
    progress: Progress


def _standing(request: ApiRequest) -> Standing:
    assessment = assessment_of(request)
    return Standing(
        cards=list(_cards(assessment)),
        profile=[] if any(request.query.get(name) for name in _FILTERS[:3]) else _profile(assessment),
        domains=_domains(request, assessment),
        standard=STANDARDS.get(request.query.get("standard", ""), ""),
        then=moment_of(request),
        progress=baseline_of(request).assessor.progress.now(),
    )


def _page(request: ApiRequest) -> Response:
    query = {name: request.query.get(name, "") for name in _FILTERS}
    return page(
        request,
        "baseline/controls.html",
        standing=_standing(request),
        query=query,
        filtered=any(query.values()),
        address=f"/baseline/standing?{urlencode(query)}",
        states=[state.value for state in State],
        standards=STANDARDS,
        may_run=request.principal.allows(RUN),
    )


def _standing_now(request: ApiRequest) -> Response:
    return fragment("baseline/standing.html", standing=_standing(request))


def _history(request: ApiRequest) -> Reply:
    """Controls by state after each change that was written down, and now."""
    baseline, now = baseline_of(request), request.services.clock.now()
    present = baseline.assessment()
    states = {control.control: str(control.state) for control in present.controls}
    shown = (State.SATISFIED, State.NOT_SATISFIED, State.NOT_ASSESSED)
    points = {now: Counter(states.values())}
    past = [p for p in baseline.publication().history if p.service == WHOLE and not p.recommendation]
    for change in reversed(past):  # backwards: before the change it was what the change says
        points.setdefault(change.moment, Counter(states.values()))
        if change.control in states:  # lines of the profile are no controls
            states[change.control] = change.before
    moments = sorted(points)
    columns: list[JsonValue] = [list(moments)]
    columns += [[points[moment][state] for moment in moments] for state in shown]
    series: list[JsonValue] = [state.value for state in shown]
    return Reply(200, {"series": series, "columns": columns, "least": 0})


def _run(request: ApiRequest) -> Response:
    """Begin a run of what a feature needs, or of what is quick or due; the page shows how far it is."""
    feature = read_form(request).get("feature", "")
    baseline_of(request).begin(feature)
    return redirect(f"/baseline/features/{feature}" if feature else "/baseline")


ROUTES = [
    Route("GET", "/baseline", READ, _page, "Security baseline", is_page=True),
    Route("GET", "/baseline/standing", READ, _standing_now, "How the controls stand", is_page=True),
    Route("GET", "/baseline/history", READ, _history, "Controls by state over time"),
    Route("POST", "/baseline/runs", RUN, _run, "Run probes", content_types=FORM, is_page=True),
]
