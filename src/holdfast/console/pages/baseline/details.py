"""A feature and a control: what is claimed, how it stands, what was seen; and what people decide about it."""

from starlette.responses import Response

from holdfast.api.baseline_decisions import MAXIMUM_BODY, decide, keep, withdraw
from holdfast.api.frame import ApiRequest, Handler, Route
from holdfast.baseline.assessment.recommendations import recommendations
from holdfast.baseline.data.catalog import benchmark
from holdfast.baseline.decisions.files import MAXIMUM_BYTES
from holdfast.baseline.decisions.kinds import ATTESTATION, EXEMPTION
from holdfast.baseline.service import WHOLE, find_control, find_feature
from holdfast.console.pages.baseline.common import (
    READ,
    RUN,
    assessment_of,
    baseline_of,
    control_row,
    feature_row,
    moment_of,
)
from holdfast.console.pages.baseline.controls import STANDARDS
from holdfast.console.rendering import FORM, FORM_WITH_FILES, page, read_file, read_form, redirect
from holdfast.kernel.errors import HoldfastError
from holdfast.kernel.json import JsonObject
from holdfast.kernel.permissions import Permission
from holdfast.resources.model import Action, Change


def _feature(request: ApiRequest) -> Response:
    assessment = assessment_of(request)
    state = find_feature(assessment, request.path["feature"])
    advice = next((r for r in recommendations(assessment) if r.id == state.feature.key), None)
    return page(
        request,
        "baseline/feature.html",
        row=feature_row(state, assessment.moment),
        feature=state.feature,
        claim=state.claim,
        observations=state.observations,
        then=moment_of(request),
        address=f"/baseline/features/{state.feature.key}",
        progress=baseline_of(request).assessor.progress.now(),
        advice=advice,
        history=baseline_of(request).history(state.feature.key),
        exemption=state.exemption,
        may_run=request.principal.allows(RUN),
        may_exempt=request.principal.allows(Permission.EXEMPTION_MANAGE),
    )


def _control(request: ApiRequest, problem: str = "", status: int = 200) -> Response:
    assessment = assessment_of(request)
    state = find_control(assessment, request.path["control"])
    return page(
        request,
        "baseline/control.html",
        status=status,
        problem=problem,
        row=control_row(assessment, state),
        features=[feature_row(feature, assessment.moment) for feature in state.features],
        policies=state.policies,
        then=moment_of(request),
        mappings={
            STANDARDS[standard]: targets
            for standard, targets in benchmark(assessment.service.benchmark)
            .control_by_id[state.control]
            .mappings.items()
        },
        may_export=request.principal.allows(Permission.EVIDENCE_READ),
        attestation=state.attestation,
        exemption=state.exemption,
        past=[
            each
            for each in baseline_of(request).publication().history
            if each.control == state.control and each.service == WHOLE and not each.recommendation
        ],
        maximum_file=MAXIMUM_BYTES,
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
    file = read_file(request, "file")
    try:
        if file:
            body["evidenceFile"] = keep(baseline_of(request), file.name, file.content)
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


_CONTROL = "/baseline/controls/{control}"


def _form(path: str, permission: Permission, handler: Handler, summary: str) -> Route:
    return Route("POST", path, permission, handler, summary, content_types=FORM, is_page=True)


ROUTES = [
    Route("GET", "/baseline/features/{feature}", READ, _feature, "A feature", is_page=True),
    Route("GET", _CONTROL, READ, _control, "A control", is_page=True),
    Route(
        "POST",
        _CONTROL + "/attestation",
        Permission.ATTESTATION_MANAGE,
        _attest,
        "Attest a control, with a link or a file",
        content_types=FORM_WITH_FILES,
        is_page=True,
        maximum_body=MAXIMUM_BODY,
    ),
    _form(_CONTROL + "/exemption", Permission.EXEMPTION_MANAGE, _exempt, "Exempt a control or feature"),
    _form(_CONTROL + "/withdrawal", READ, _withdraw, "Take a decision back"),
]
