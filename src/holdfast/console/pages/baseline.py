"""The security baseline: what is claimed, how it stands, what was seen, what to do."""

from collections.abc import Iterator

from starlette.responses import Response

from holdfast.api.frame import ApiRequest, Route
from holdfast.baseline.assessment.assess import Assessment, FeatureState
from holdfast.baseline.assessment.recommendations import Status, recommendations
from holdfast.baseline.assessment.score import secure_score
from holdfast.baseline.assessment.states import State, percent
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.forms import feature_form
from holdfast.baseline.service import Baseline, find_feature
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission

_COLOURS = {
    State.SATISFIED: "good",
    State.NOT_SATISFIED: "bad",
    State.ERROR: "bad",
    State.NOT_ASSESSED: "warn",
    State.ATTESTATION_DUE: "warn",
}


def _assessment(request: ApiRequest) -> Assessment:
    return request.services.extension(Baseline).assessment()


def _by_domain(assessment: Assessment) -> dict[str, list[JsonObject]]:
    """The features below the domain of their control, in the benchmark's order."""
    standard = benchmark(assessment.service.benchmark)
    domains: dict[str, list[JsonObject]] = {}
    for state in assessment.features:
        domain = standard.domain_of(state.feature.control)
        title = domain.name if domain else state.feature.control
        domains.setdefault(title, []).append(_row(state, assessment.moment))
    return domains


def _row(state: FeatureState, now: float) -> JsonObject:
    return {**feature_form(state, now), "colour": _COLOURS.get(state.state, "")}


def _cards(assessment: Assessment) -> Iterator[tuple[str, str]]:
    numbers = assessment.numbers
    score = secure_score(recommendations(assessment)).percent
    yield "Compliance of what was assessed", percent(numbers.compliance)
    yield "Controls assessed of those that apply", percent(numbers.coverage)
    yield "Secure score", "–" if score is None else f"{score:.0f} of 100"


def _overview(request: ApiRequest) -> Response:
    assessment = _assessment(request)
    return page(
        request,
        "baseline.html",
        cards=list(_cards(assessment)),
        domains=_by_domain(assessment),
        todo=[item for item in recommendations(assessment) if item.status is Status.OPEN],
        may_run=request.principal.allows(Permission.ASSESSMENT_RUN),
    )


def _feature(request: ApiRequest) -> Response:
    assessment = _assessment(request)
    state = find_feature(assessment, request.path["feature"])
    advice = next((r for r in recommendations(assessment) if r.id == state.feature.key), None)
    return page(
        request,
        "baseline_feature.html",
        row=_row(state, assessment.moment),
        feature=state.feature,
        claim=state.claim,
        observations=state.observations,
        advice=advice,
        may_run=request.principal.allows(Permission.ASSESSMENT_RUN),
    )


def _run(request: ApiRequest) -> Response:
    """Run what a feature needs, or everything that is quick or due, and show how it stands then."""
    feature = read_form(request).get("feature", "")
    baseline = request.services.extension(Baseline)
    if feature:
        baseline.run_feature(feature)
        return redirect(f"/baseline/features/{feature}")
    baseline.run()
    return redirect("/baseline")


_READ, _RUNNING = Permission.ASSESSMENT_READ, Permission.ASSESSMENT_RUN

ROUTES = [
    Route("GET", "/baseline", _READ, _overview, "Security baseline", is_page=True),
    Route("GET", "/baseline/features/{feature}", _READ, _feature, "A feature", is_page=True),
    Route("POST", "/baseline/runs", _RUNNING, _run, "Run probes", content_types=FORM, is_page=True),
]
