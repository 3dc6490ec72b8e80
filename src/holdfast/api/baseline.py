"""`/api/baseline`: assessments, their evidence and documents."""

from starlette.responses import Response

from holdfast.api.central.common import text_field
from holdfast.api.frame import ApiRequest, Reply, Route
from holdfast.baseline.assessment.assess import Assessment
from holdfast.baseline.assessment.recommendations import recommendations
from holdfast.baseline.evidence.archive import write_archive
from holdfast.baseline.evidence.bundle import public_key_pem
from holdfast.baseline.forms import (
    assessment_form,
    control_form,
    feature_details,
    policy_form,
    run_form,
    score_form,
)
from holdfast.baseline.publishing.audit import audit_archive
from holdfast.baseline.publishing.publish import PublicationFormat, render
from holdfast.baseline.service import WHOLE, Baseline, find_control, find_feature
from holdfast.kernel.clock import isoformat, parse_isoformat
from holdfast.kernel.errors import InvalidError, NotFoundError
from holdfast.kernel.json import JsonValue
from holdfast.kernel.permissions import Permission


def baseline_of(request: ApiRequest) -> Baseline:
    """The baseline of the instance that serves."""
    return request.services.extension(Baseline)


def _moment(request: ApiRequest, name: str) -> float | None:
    """A moment of the query; a day stands for its end, or for now while it lasts."""
    text = request.query.get(name, "")
    try:
        if len(text) == len("2027-03-03"):
            return min(parse_isoformat(f"{text}T23:59:59.999Z"), request.services.clock.now())
        return parse_isoformat(text) if text else None
    except ValueError:
        problem = f"{name} is no moment; write it as 2027-03-03 or 2027-03-03T12:00:00Z."
        raise InvalidError(problem, name) from None


def _assessment(request: ApiRequest) -> Assessment:
    """That of the service that the query names, at the moment that it names."""
    service = request.query.get("service", WHOLE)
    return baseline_of(request).assessment(service, _moment(request, "at"))


def _show(request: ApiRequest) -> Reply:
    return Reply(200, assessment_form(_assessment(request)))


def _run(request: ApiRequest) -> Reply:
    baseline, wanted = baseline_of(request), request.object() if request.body is not None else {}
    if "probes" in wanted:
        report = baseline.run(_names(wanted["probes"]))
    elif feature := text_field(wanted, "feature"):
        report = baseline.run_feature(feature)
    else:
        report = baseline.run()
    return Reply(200, {"run": run_form(report), "assessment": assessment_form(_assessment(request))})


def _names(value: JsonValue) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise InvalidError("probes is a list of names, such as transit.plaintext-refused.", "probes")
    return [str(name) for name in value]


def _feature(request: ApiRequest) -> Reply:
    assessment = _assessment(request)
    state = find_feature(assessment, request.path["feature"])
    return Reply(200, feature_details(state, assessment.moment))


def _control(request: ApiRequest) -> Reply:
    assessment = _assessment(request)
    state = find_control(assessment, request.path["control"])
    details: list[JsonValue] = [feature_details(item, assessment.moment) for item in state.features]
    policies: list[JsonValue] = [policy_form(each) for each in state.policies]
    content = {**control_form(assessment, state), "time": isoformat(assessment.moment)}
    return Reply(200, {**content, "features": details, "policies": policies})


def _recommendations(request: ApiRequest) -> Reply:
    found = recommendations(_assessment(request))
    return Reply(200, {"value": [item.content() for item in found]})


def _recommendation(request: ApiRequest) -> Reply:
    assessment, id_ = _assessment(request), request.path["recommendation"]
    found = next((item for item in recommendations(assessment) if item.id == id_), None)
    if found is None:
        raise NotFoundError(f"There is no recommendation {id_} for {assessment.service.key}.")
    past = baseline_of(request).history(id_, assessment.service.key)
    history: list[JsonValue] = [
        {"time": isoformat(each.moment), "before": each.before, "after": each.after, "reason": each.reason}
        for each in past
    ]
    return Reply(200, {**found.content(), "history": history})


def _score(request: ApiRequest) -> Reply:
    return Reply(200, score_form(_assessment(request)))


# Evidence and documents


def _period(request: ApiRequest) -> tuple[float, float]:
    """Both ends; a first day stands for its beginning."""
    text = request.query.get("since", "")
    since, until = _moment(request, "since"), _moment(request, "until")
    if since is not None and len(text) == len("2027-03-03"):
        since = parse_isoformat(text)
    return since or 0.0, request.services.clock.now() if until is None else until


def _evidence(request: ApiRequest) -> Response:
    lines = b"".join(baseline_of(request).evidence.bundle(*_period(request)))
    return Response(lines, media_type="application/jsonl")


def _key(request: ApiRequest) -> Response:
    pem = public_key_pem(baseline_of(request).evidence.public_key)
    return Response(pem, media_type="application/x-pem-file")


def _audit(request: ApiRequest) -> Response:
    since, until = _period(request)
    baseline = baseline_of(request)
    publication = baseline.publication(until)
    if control := request.query.get("control", "").upper():
        find_control(publication.assessments[0], control)
        publication = publication.about(control)
    archive = audit_archive(publication, baseline.evidence, since, until, baseline.files.get)
    return _archive(f"audit-{control}" if control else "audit", archive)


def _publication(request: ApiRequest) -> Response:
    name = request.path["format"]
    if name not in list(PublicationFormat):
        known = ", ".join(PublicationFormat)
        raise NotFoundError(f"There is no format {name}; there are {known}.")
    baseline = baseline_of(request)
    publication = baseline.publication(_moment(request, "at"))
    files = render(publication, PublicationFormat(name), baseline.assessor.probes)
    return _archive(f"baseline-{name}", write_archive(files))


def _archive(name: str, content: bytes) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.zip"'}
    return Response(content, media_type="application/zip", headers=headers)


_READ, _EVIDENCE = Permission.ASSESSMENT_READ, Permission.EVIDENCE_READ

ROUTES = [
    Route("GET", "/api/baseline/assessment", _READ, _show, "How a service stands"),
    Route("POST", "/api/baseline/assessments", Permission.ASSESSMENT_RUN, _run, "Run probes now"),
    Route("GET", "/api/baseline/features/{feature}", _READ, _feature, "A feature with what was seen"),
    Route("GET", "/api/baseline/controls/{control}", _READ, _control, "A control with what was seen"),
    Route("GET", "/api/baseline/recommendations", _READ, _recommendations, "What to do"),
    Route(
        "GET",
        "/api/baseline/recommendations/{recommendation}",
        _READ,
        _recommendation,
        "A recommendation and what became of it",
    ),
    Route("GET", "/api/baseline/secureScore", _READ, _score, "The secure score, term by term"),
    Route("GET", "/api/baseline/evidence", _EVIDENCE, _evidence, "The signed evidence of a period"),
    Route("GET", "/api/baseline/evidence/key", _EVIDENCE, _key, "The key that verifies evidence"),
    Route("GET", "/api/baseline/audit", _EVIDENCE, _audit, "State and evidence of a period, for auditors"),
    Route("GET", "/api/baseline/publications/{format}", _EVIDENCE, _publication, "Documents, in a ZIP"),
]
