"""The security baseline: what is claimed, how it stands, what was seen, what to do."""

from collections.abc import Iterator

from starlette.responses import Response

from holdfast.api.baseline_decisions import decide, withdraw
from holdfast.api.frame import ApiRequest, Handler, Route
from holdfast.baseline.assessment.assess import Assessment, ControlState, FeatureState
from holdfast.baseline.assessment.recommendations import Status, recommendations
from holdfast.baseline.assessment.score import secure_score
from holdfast.baseline.assessment.states import State, percent
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.decisions.kinds import ATTESTATION, EXEMPTION
from holdfast.baseline.forms import control_form, feature_form
from holdfast.baseline.service import WHOLE, Baseline, find_control, find_feature
from holdfast.console.rendering import FORM, page, read_form, redirect
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change

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
        attested=[_control_row(assessment, each) for each in assessment.controls if not each.features],
        todo=[item for item in recommendations(assessment) if item.status is Status.OPEN],
        may_run=request.principal.allows(Permission.ASSESSMENT_RUN),
    )


def _control_row(assessment: Assessment, state: ControlState) -> JsonObject:
    return {**control_form(assessment, state), "colour": _COLOURS.get(state.state, "")}


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
        history=request.services.extension(Baseline).history(state.feature.key),
        exemption=state.exemption,
        may_run=request.principal.allows(Permission.ASSESSMENT_RUN),
        may_exempt=request.principal.allows(Permission.EXEMPTION_MANAGE),
    )


def _control(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    assessment = _assessment(request)
    state = find_control(assessment, request.path["control"])
    return page(
        request,
        "baseline_control.html",
        status=status,
        problem=problem,
        row=_control_row(assessment, state),
        features=[_row(feature, assessment.moment) for feature in state.features],
        policies=state.policies,
        attestation=state.attestation,
        exemption=state.exemption,
        past=[
            each
            for each in request.services.extension(Baseline).publication().history
            if each.control == state.control and each.service == WHOLE and not each.recommendation
        ],
        may_attest=request.principal.allows(Permission.ATTESTATION_MANAGE),
        may_exempt=request.principal.allows(Permission.EXEMPTION_MANAGE),
    )


def _attest(request: ApiRequest) -> Response:
    fields, control = read_form(request), request.path["control"].upper()
    body: JsonObject = {
        "control": control,
        "satisfied": fields.get("satisfied", "yes") == "yes",
        **{name: fields.get(name, "").strip() for name in ("owner", "statement", "evidence", "expires")},
    }
    try:
        decide(request, Change(Action.PUT, ATTESTATION, control, body))
    except HoldfastError as error:
        return _control(request, str(error), error.status)
    return redirect(f"/baseline/controls/{control}")


def _exempt(request: ApiRequest) -> Response:
    """Exempt a control, or only the feature that the form names."""
    fields, control = read_form(request), request.path["control"].upper()
    feature = fields.get("feature", "")
    body: JsonObject = {
        **({"feature": feature} if feature else {"control": control}),
        **{name: fields.get(name, "").strip() for name in ("category", "owner", "reason", "expires")},
    }
    try:
        decide(request, Change(Action.PUT, EXEMPTION, feature or control, body))
    except HoldfastError as error:
        return _control(request, str(error), error.status)
    return redirect(f"/baseline/features/{feature}" if feature else f"/baseline/controls/{control}")


_KINDS = {"attestation": ATTESTATION, "exemption": EXEMPTION}


def _withdraw(request: ApiRequest) -> Response:
    """Take the attestation or exemption back that counts for a control or feature."""
    fields, control = read_form(request), request.path["control"].upper()
    kind = _KINDS.get(fields.get("what", ""), ATTESTATION)
    try:
        withdraw(request, kind, fields.get("id", ""))
    except HoldfastError as error:
        return _control(request, str(error), error.status)
    return redirect(f"/baseline/controls/{control}")


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
_CONTROL = "/baseline/controls/{control}"


def _form(path: str, permission: Permission, handler: Handler, summary: str) -> Route:
    return Route("POST", path, permission, handler, summary, content_types=FORM, is_page=True)


ROUTES = [
    Route("GET", "/baseline", _READ, _overview, "Security baseline", is_page=True),
    Route("GET", "/baseline/features/{feature}", _READ, _feature, "A feature", is_page=True),
    Route("GET", _CONTROL, _READ, _control, "A control", is_page=True),
    _form("/baseline/runs", _RUNNING, _run, "Run probes"),
    _form(_CONTROL + "/attestation", Permission.ATTESTATION_MANAGE, _attest, "Attest a control"),
    _form(_CONTROL + "/exemption", Permission.EXEMPTION_MANAGE, _exempt, "Exempt a control or feature"),
    _form(_CONTROL + "/withdrawal", _READ, _withdraw, "Take a decision back"),
]
